/* SPDX-License-Identifier: Apache-2.0 */
/* How the coordinator finds again what it knew: the ledger is read, and the rooms that live in
 * memory are made from it. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "coordinator/coordinator_state.h"

#define MODULE "coordinator"
/* A batch holds about a second of what its provider takes; most have left long before that. */
#define QUIET_MARGIN_MS 5000

enum err coordinator_open_ledger(const struct coordinator_settings *settings, bool create,
                                 struct ledger **out, struct problem *problem)
{
    struct store_rocks_settings store_settings = {.dir = settings->data_dir,
                                                  .create = create,
                                                  .read_only = !create,
                                                  .reserve_bytes = settings->disk_reserve_bytes};
    struct store *store = NULL;
    enum err err = store_rocks_open(&store, &store_settings, problem);
    return err == ERR_OK ? ledger_open(out, store, problem) : err;
}

/* Times in the journal are those of this clock: it goes on where they end, or what is due would
 * wait until a machine whose clock was set back, or lost, gets there again. */
static enum err open_clock(struct coordinator *coordinator, struct problem *problem)
{
    uint64_t unix_ms = clock_unix_ms();
    uint64_t newest_ms;
    enum err err = ledger_newest_time(coordinator->ledger, COORDINATOR_PARTITION, &newest_ms);
    if (err != ERR_OK) {
        return problem_set(problem, err, "the newest record of the journal cannot be read: %s",
                           err_sentence(err));
    }
    if (newest_ms > unix_ms + WALL_CLOCK_EXACT_MS) {
        LOG_W(MODULE, "clock_behind",
              "ms=%" PRIu64 " why=\"this machine's clock is behind the journal's newest record; "
              "time goes on from there, a little slower, until both agree\"",
              newest_ms - unix_ms);
        unix_ms = newest_ms;
    }
    wall_clock_init(&coordinator->clock, clock_monotonic_ms(), unix_ms);
    return ERR_OK;
}

static void open_engine(struct coordinator *coordinator)
{
    const struct coordinator_settings *settings = coordinator->settings;
    ledger_head(coordinator->ledger, COORDINATOR_PARTITION, &coordinator->head);
    struct engine_settings engine_settings = {.epoch = coordinator->head.epoch + 1,
                                              .heartbeat_ms = settings->heartbeat_ms,
                                              .lease_ms = settings->lease_ms,
                                              .snapshot_blocks = settings->snapshot_blocks,
                                              .quiet_margin_ms = QUIET_MARGIN_MS,
                                              .down_grace_ms = settings->down_grace_ms};
    randombytes_buf(&engine_settings.seed, sizeof(engine_settings.seed));
    coordinator->engine = engine_new(&engine_settings);
    engine_set_end_key(coordinator->engine, recovery_end_key);
    struct quiet_source quiet = zone_clock_source(coordinator->zone_clock);
    engine_set_quiet_source(coordinator->engine, &quiet);
    for (unsigned i = 0; i < settings->provider_count; i++) {
        engine_add_provider(coordinator->engine, &coordinator->provider_defs[i]);
    }
}

static enum err add_controls(struct coordinator *coordinator, struct problem *problem)
{
    enum err err = ERR_OK;
    coordinator->provider_controls.engine = coordinator->engine;
    coordinator->provider_controls.clock = coordinator->zone_clock;
    for (unsigned i = 0; err == ERR_OK && i < coordinator->settings->provider_count; i++) {
        const struct coordinator_provider *provider = &coordinator->settings->providers[i];
        struct provider_terms terms = {.def = &coordinator->provider_defs[i],
                                       .quiet_hours = provider->quiet_hours};
        memcpy(terms.quota_zone, provider->quota_zone, sizeof(terms.quota_zone));
        err = provider_controls_add(&coordinator->provider_controls, &terms, coordinator->ledger,
                                    problem);
    }
    return err;
}

/* As the settings have them, under the numbers that the ledger has for them. */
static enum err number_providers(struct coordinator *coordinator, struct problem *problem)
{
    const struct coordinator_settings *settings = coordinator->settings;
    const char *names[WIRE_PROVIDERS_MAX];
    uint8_t ids[WIRE_PROVIDERS_MAX];
    enum err err = provider_numbers_load(&coordinator->numbers, coordinator->ledger, problem);
    if (err != ERR_OK) {
        return err;
    }
    for (unsigned i = 0; i < settings->provider_count; i++) {
        names[i] = settings->providers[i].def.name;
    }
    coordinator->has_new_numbers =
        provider_numbers_give(&coordinator->numbers, names, settings->provider_count, ids);
    for (unsigned i = 0; i < settings->provider_count; i++) {
        const struct coordinator_provider *provider = &settings->providers[i];
        coordinator->provider_defs[i] = provider->def;
        coordinator->provider_defs[i].id = ids[i];
        coordinator->providers[i] = (struct wire_provider){.id = ids[i],
                                                           .name = provider->def.name,
                                                           .channel = provider->def.channel,
                                                           .adapter = provider->adapter,
                                                           .settings = provider->settings};
    }
    return ERR_OK;
}

static enum err recover(struct coordinator *coordinator, struct problem *problem)
{
    struct campaign_surroundings surroundings = {.audiences = coordinator->audiences,
                                                 .providers = coordinator->provider_defs,
                                                 .provider_count =
                                                     coordinator->settings->provider_count,
                                                 .groups = coordinator->settings->groups,
                                                 .group_count = coordinator->settings->group_count,
                                                 .respect = &coordinator->settings->respect,
                                                 .delivery_keys = &coordinator->delivery_keys};
    enum err err = ledger_sweep(coordinator->ledger);
    if (err != ERR_OK) {
        return problem_set(problem, err, "clearing up after a broken-off import failed: %s",
                           err_sentence(err));
    }
    err = audience_registry_load(coordinator->audiences, coordinator->ledger, problem);
    if (err == ERR_OK) {
        err = suppression_list_load(coordinator->suppressions, problem);
    }
    if (err == ERR_OK) {
        err = reply_store_load(coordinator->replies, problem);
    }
    if (err == ERR_OK) {
        err = plan_registry_load(coordinator->plans, coordinator->ledger, problem);
    }
    if (err == ERR_OK) {
        err = token_registry_load(coordinator->tokens, coordinator->ledger, problem);
    }
    if (err == ERR_OK) {
        err = delivery_keys_load(&coordinator->delivery_keys, coordinator->ledger, problem);
    }
    if (err == ERR_OK) {
        err = campaign_registry_load(coordinator->campaigns, coordinator->ledger, &surroundings,
                                     problem);
    }
    const struct campaign_document *document = campaign_registry_next(coordinator->campaigns, 0);
    for (; err == ERR_OK && document != NULL;) {
        const struct campaign_def *def = campaign_document_def(document);
        err = engine_add_campaign(coordinator->engine, def);
        if (err == ERR_OK) {
            err = recovery_campaign(coordinator->ledger, coordinator->engine, def,
                                    &coordinator->recovery, problem);
        }
        document = campaign_registry_next(coordinator->campaigns, def->id);
    }
    return err;
}

enum err coordinator_recover(struct coordinator *coordinator, struct problem *problem)
{
    enum err err =
        coordinator_open_ledger(coordinator->settings, true, &coordinator->ledger, problem);
    if (err == ERR_OK) {
        err = open_clock(coordinator, problem);
    }
    if (err != ERR_OK) {
        return err;
    }
    coordinator->audiences = audience_registry_new();
    coordinator->campaigns = campaign_registry_new();
    coordinator->suppressions = suppression_list_new(coordinator->ledger);
    coordinator->replies = reply_store_new(coordinator->ledger);
    coordinator->plans = plan_registry_new();
    coordinator->tokens = token_registry_new();
    coordinator->failures =
        hard_failures_new(coordinator->ledger, coordinator->audiences, coordinator->suppressions,
                          coordinator->settings->hard_failures_kept_ms);
    err = number_providers(coordinator, problem);
    if (err != ERR_OK) {
        return err;
    }
    coordinator->zone_clock =
        zone_clock_new(coordinator->ledger, coordinator->audiences, coordinator->campaigns);
    open_engine(coordinator);
    err = add_controls(coordinator, problem);
    if (err == ERR_OK) {
        err = recover(coordinator, problem);
    }
    if (err != ERR_OK) {
        return err;
    }
    engine_recovered(coordinator->engine, coordinator_now_ms(coordinator));
    return provider_lost_load(&coordinator->provider_lost, coordinator->engine, coordinator->ledger,
                              problem);
}
