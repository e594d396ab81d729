/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/coordinator.h"

#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/wall_clock.h"
#include "coordinator/api/api.h"
#include "coordinator/audience/audience_registry.h"
#include "coordinator/content/campaign_registry.h"
#include "coordinator/content/delivery_keys.h"
#include "coordinator/content/hard_failures.h"
#include "coordinator/content/provider_numbers.h"
#include "coordinator/content/suppression_list.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/recovery.h"
#include "coordinator/ledger/turn.h"
#include "coordinator/link/link.h"
#include "coordinator/report/provider_controls.h"
#include "coordinator/report/provider_log.h"
#include "coordinator/report/provider_lost.h"
#include "coordinator/report/screening.h"
#include "coordinator/report/zone_clock.h"

#define MODULE            "coordinator"
#define PARTITION         0 /* one machine has one */
#define BUS_HIGH_WATER    1000
#define LINGER_MS         500
#define OTHER_DESCRIPTORS 2048
#define FOLLOW_MS         1000 /* how often the machine's clock is looked at */
#define EPOCH_ENTRY       "epoch"
/* A batch holds about a second of what its provider takes; most have left long before that. */
#define QUIET_MARGIN_MS 5000
#define ANSWERS_MS                                                                                 \
    2000 /* how long answers may still wait for the disk when we are told to stop                  \
          */

struct coordinator {
    const struct coordinator_settings *settings;
    uv_loop_t loop;
    uv_prepare_t before_sleep;
    uv_timer_t wake_up;
    uv_signal_t on_term;
    uv_signal_t on_int;
    bool is_stopping;
    uint64_t stop_by_ms; /* by the monotonic clock */
    struct wall_clock clock;
    uint64_t followed_ms; /* by the monotonic clock */
    struct ledger *ledger;
    struct ledger_head head; /* where the journal ended when we started */
    struct engine *engine;
    struct audience_registry *audiences;
    struct campaign_registry *campaigns;
    struct zone_clock *zone_clock;
    struct screening *screening;
    struct suppression_list *suppressions;
    struct plan_registry *plans;
    struct hard_failures *failures;
    struct turn *turn;
    struct changelog *changelog;
    struct link *link;
    struct bus *bus;
    struct api *api;
    struct provider_numbers numbers; /* a provider keeps its number over changes of the settings */
    bool has_new_numbers;
    struct provider_controls provider_controls;
    struct provider_lost provider_lost;
    struct provider_log provider_log;
    struct delivery_keys delivery_keys;
    struct provider_def provider_defs[WIRE_PROVIDERS_MAX];
    struct wire_provider providers[WIRE_PROVIDERS_MAX];
    struct buf bus_secret;
    struct recovery recovery;
};

/* ---- The loop ---- */

static uint64_t now_of(const struct coordinator *coordinator)
{
    return wall_clock_now(&coordinator->clock, clock_monotonic_ms());
}

/* A machine's clock that is set ahead makes nobody silent: who was heard of a moment ago was heard
 * of a moment ago. */
static void follow_clock(struct coordinator *coordinator)
{
    uint64_t mono_ms = clock_monotonic_ms();
    if (mono_ms - coordinator->followed_ms < FOLLOW_MS) {
        return;
    }
    coordinator->followed_ms = mono_ms;
    uint64_t jumped_ms = wall_clock_follow(&coordinator->clock, mono_ms, clock_unix_ms());
    if (jumped_ms > 0) {
        LOG_W(MODULE, "clock_set_ahead", "ms=%" PRIu64, jumped_ms);
        engine_skip(coordinator->engine, jumped_ms);
    }
}

static bool engine_is_pending(void *arg)
{
    const struct coordinator *coordinator = arg;
    return engine_has_events(coordinator->engine);
}

static void engine_close(void *arg, struct record *record)
{
    struct coordinator *coordinator = arg;
    engine_close_turn(coordinator->engine, record);
    provider_lost_note(&coordinator->provider_lost, coordinator->engine, record);
}

static void on_wake_up(uv_timer_t *timer)
{
    (void)timer; /* it is the sleep that matters: before_sleep runs again */
}

static void on_before_sleep(uv_prepare_t *prepare)
{
    struct coordinator *coordinator = prepare->data;
    follow_clock(coordinator);
    uint64_t now_ms = now_of(coordinator);
    provider_controls_tell(&coordinator->provider_controls, now_ms);
    uint32_t wait_ms = engine_run(coordinator->engine, now_ms);
    provider_controls_note(&coordinator->provider_controls, turn_record(coordinator->turn));
    link_take_effects(coordinator->link);
    provider_log_look(&coordinator->provider_log, coordinator->engine, clock_monotonic_ms());
    uint32_t screening_ms = screening_run(coordinator->screening, now_ms);
    wait_ms = screening_ms < wait_ms ? screening_ms : wait_ms;
    if (hard_failures_run(coordinator->failures, now_ms, turn_record(coordinator->turn))) {
        wait_ms = 0;
    }
    int flush_ms = turn_flush(coordinator->turn, now_ms);
    if (flush_ms >= 0 && (uint32_t)flush_ms < wait_ms) {
        wait_ms = (uint32_t)flush_ms;
    }
    if (coordinator->is_stopping &&
        (api_requests(coordinator->api) == 0 || clock_monotonic_ms() >= coordinator->stop_by_ms)) {
        uv_stop(&coordinator->loop);
    }
    uv_timer_start(&coordinator->wake_up, on_wake_up, wait_ms, 0);
}

static void on_changed(void *arg)
{
    struct coordinator *coordinator = arg;
    link_take_effects(coordinator->link);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct coordinator *coordinator = signal->data;
    LOG_I(MODULE, "stopping", "signal=%d", number);
    if (!coordinator->is_stopping) {
        coordinator->is_stopping = true;
        coordinator->stop_by_ms = clock_monotonic_ms() + ANSWERS_MS;
        api_quiesce(coordinator->api);
    }
}

static void start_loop_handles(struct coordinator *coordinator)
{
    uv_prepare_init(&coordinator->loop, &coordinator->before_sleep);
    uv_timer_init(&coordinator->loop, &coordinator->wake_up);
    uv_signal_init(&coordinator->loop, &coordinator->on_term);
    uv_signal_init(&coordinator->loop, &coordinator->on_int);
    coordinator->before_sleep.data = coordinator;
    coordinator->on_term.data = coordinator;
    coordinator->on_int.data = coordinator;
    uv_prepare_start(&coordinator->before_sleep, on_before_sleep);
    uv_signal_start(&coordinator->on_term, on_signal, SIGTERM);
    uv_signal_start(&coordinator->on_int, on_signal, SIGINT);
}

/* ---- The link's port ---- */

static bool port_send(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct coordinator *coordinator = arg;
    return bus_send(coordinator->bus, peer, frame, payload);
}

static uint64_t port_now_ms(void *arg)
{
    return now_of(arg);
}

static enum err port_content(void *arg, uint64_t campaign, struct arena *arena,
                             struct wire_content *content)
{
    const struct coordinator *coordinator = arg;
    const struct campaign_document *document =
        campaign_registry_find(coordinator->campaigns, campaign);
    if (document == NULL) {
        return ERR_NOT_FOUND;
    }
    const struct audience_info *audience =
        audience_registry_find(coordinator->audiences, campaign_document_def(document)->audience);
    if (audience == NULL) {
        return ERR_NOT_FOUND;
    }
    campaign_document_wire(document, &audience->schema, 0, arena, content);
    content->public_url = coordinator->settings->public_url;
    memcpy(content->token_key,
           delivery_keys_at(&coordinator->delivery_keys, campaign_document_delivery_key(document))
               ->bytes,
           HASH_KEY_BYTES);
    return ERR_OK;
}

static enum err port_page(void *arg, uint64_t audience, uint32_t page, struct store_value *value)
{
    struct coordinator *coordinator = arg;
    return ledger_page(coordinator->ledger, audience, page, value);
}

static void port_refused(void *arg, const struct engine_effect *effect)
{
    const struct coordinator *coordinator = arg;
    struct campaign_view view;
    if (engine_campaign(coordinator->engine, effect->campaign, &view)) {
        hard_failures_add(coordinator->failures,
                          &(struct hard_failure){
                              .campaign = effect->campaign,
                              .audience = view.def->audience,
                              .ordinal = effect->page * PAGE_RECIPIENTS + effect->place,
                              .channel = (uint8_t)view.def->plan.steps[effect->step].channel,
                              .rank = effect->rank,
                              .reason = effect->reason,
                          });
    }
}

static void on_frames(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct coordinator *coordinator = arg;
    link_on_frames(coordinator->link, peer, frame, payload);
}

/* ---- Opening ---- */

static enum err open_ledger(const struct coordinator_settings *settings, bool create,
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
    enum err err = ledger_newest_time(coordinator->ledger, PARTITION, &newest_ms);
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
    ledger_head(coordinator->ledger, PARTITION, &coordinator->head);
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
        err = plan_registry_load(coordinator->plans, coordinator->ledger, problem);
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

/* The first record of a life carries its epoch, so that the next life's is larger even if nothing
 * else happens. */
static void note_epoch(struct coordinator *coordinator)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(EPOCH_ENTRY));
    buf_u64(&value, coordinator->head.epoch + 1);
    record_put(turn_record(coordinator->turn), buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static void open_turn(struct coordinator *coordinator)
{
    coordinator->turn =
        turn_new(PARTITION, coordinator->head.epoch + 1, coordinator->head.recno + 1);
    coordinator->changelog = changelog_local_new(coordinator->ledger, &coordinator->loop,
                                                 turn_on_durable, coordinator->turn);
    turn_set_changelog(coordinator->turn, coordinator->changelog);
    turn_set_source(coordinator->turn,
                    &(struct turn_source){engine_is_pending, engine_close, coordinator});
    note_epoch(coordinator);
    if (coordinator->has_new_numbers) {
        provider_numbers_put(&coordinator->numbers, turn_record(coordinator->turn));
    }
}

static enum err open_bus(struct coordinator *coordinator, struct problem *problem)
{
    const struct coordinator_settings *settings = coordinator->settings;
    struct bus_settings bus_settings = {
        .endpoint = settings->listen_workers,
        .bind = true,
        .frame_max_bytes = WIRE_FRAME_MAX,
        .high_water = BUS_HIGH_WATER,
        .public_key = settings->keys_public,
        .allowed_keys = settings->keys_workers,
    };
    if (settings->keys_secret != NULL) {
        enum err err = secret_resolve(settings->keys_secret, &coordinator->bus_secret, problem);
        if (err != ERR_OK) {
            return err;
        }
        bus_settings.secret_key = buf_cstr(&coordinator->bus_secret);
    } else {
        LOG_W(MODULE, "link_unencrypted",
              "endpoint=%s why=\"no keys are set: only this host can be served\"",
              settings->listen_workers);
    }
    return bus_open(&coordinator->bus, &coordinator->loop, &bus_settings, on_frames, coordinator,
                    problem);
}

static enum err open_link(struct coordinator *coordinator, struct problem *problem)
{
    struct link_settings link_settings = {.epoch = coordinator->head.epoch + 1,
                                          .heartbeat_ms = coordinator->settings->heartbeat_ms,
                                          .lease_ms = coordinator->settings->lease_ms,
                                          .provider_count = coordinator->settings->provider_count,
                                          .providers = coordinator->providers};
    struct link_port port = {coordinator,  port_send, port_now_ms,
                             port_content, port_page, port_refused};
    coordinator->link = link_new(&link_settings, &port, coordinator->engine, coordinator->turn);
    return open_bus(coordinator, problem);
}

static enum err open_api(struct coordinator *coordinator, struct problem *problem)
{
    const struct coordinator_settings *settings = coordinator->settings;
    struct api_context context = {
        .loop = &coordinator->loop,
        .ledger = coordinator->ledger,
        .engine = coordinator->engine,
        .turn = coordinator->turn,
        .changelog = coordinator->changelog,
        .audiences = coordinator->audiences,
        .campaigns = coordinator->campaigns,
        .suppressions = coordinator->suppressions,
        .plans = coordinator->plans,
        .providers = coordinator->providers,
        .provider_count = settings->provider_count,
        .groups = settings->groups,
        .group_count = settings->group_count,
        .provider_numbers = &coordinator->numbers,
        .hard_failures = coordinator->failures,
        .provider_controls = &coordinator->provider_controls,
        .delivery_keys = &coordinator->delivery_keys,
        .listen = settings->listen_api,
        .data_dir = settings->data_dir,
        .version = TOCSIN_VERSION,
        .epoch = coordinator->head.epoch + 1,
        .connections_max = settings->connections_max,
        .connections_per_address = settings->connections_per_address,
        .listen_public = settings->has_public ? &settings->listen_public : NULL,
        .public_connections_max = settings->public_connections_max,
        .archive_after_ms = settings->archive_after_ms,
        .uploads_max = settings->uploads_max,
        .page_codec = settings->page_codec,
        .import_threads = settings->import_threads,
        .respect = &settings->respect,
        .public_url = settings->public_url,
        .arg = coordinator,
        .now_ms = port_now_ms,
        .changed = on_changed,
    };
    return api_open(&coordinator->api, &context, problem);
}

static enum err open_rooms(struct coordinator *coordinator, struct problem *problem)
{
    uint64_t began_ms = clock_monotonic_ms();
    enum err err = open_ledger(coordinator->settings, true, &coordinator->ledger, problem);
    if (err == ERR_OK) {
        err = open_clock(coordinator, problem);
    }
    if (err != ERR_OK) {
        return err;
    }
    coordinator->audiences = audience_registry_new();
    coordinator->campaigns = campaign_registry_new();
    coordinator->suppressions = suppression_list_new(coordinator->ledger);
    coordinator->plans = plan_registry_new();
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
    engine_recovered(coordinator->engine, now_of(coordinator));
    err = provider_lost_load(&coordinator->provider_lost, coordinator->engine, coordinator->ledger,
                             problem);
    if (err != ERR_OK) {
        return err;
    }
    open_turn(coordinator);
    coordinator->screening = screening_new(&coordinator->loop, coordinator->ledger,
                                           coordinator->engine, coordinator->turn);
    LOG_I(MODULE, "recovered",
          "epoch=%" PRIu64 " record=%" PRIu64 " open_campaigns=%" PRIu64 " snapshots=%" PRIu64
          " blocks=%" PRIu64 " ms=%" PRIu64,
          coordinator->head.epoch + 1, coordinator->head.recno, coordinator->recovery.campaigns,
          coordinator->recovery.snapshots, coordinator->recovery.blocks,
          clock_monotonic_ms() - began_ms);
    err = open_link(coordinator, problem);
    return err == ERR_OK ? open_api(coordinator, problem) : err;
}

/* Every connection is a descriptor, and the store has its files. */
static void raise_descriptors(const struct coordinator_settings *settings)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)settings->connections_max + OTHER_DESCRIPTORS +
                    (settings->has_public ? settings->public_connections_max : 0);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        LOG_W(MODULE, "few_descriptors",
              "allowed=%llu wanted=%llu why=\"limits.connections and limits.public_connections may "
              "not be reached: raise the limit (LimitNOFILE, ulimit -n)\"",
              (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
    }
}

enum err coordinator_open(struct coordinator **out, const struct coordinator_settings *settings,
                          struct problem *problem)
{
    struct coordinator *coordinator = mem_zalloc(1, sizeof(*coordinator));
    coordinator->settings = settings;
    uv_loop_init(&coordinator->loop);
    start_loop_handles(coordinator);
    enum err err = open_rooms(coordinator, problem);
    if (err != ERR_OK) {
        coordinator_close(coordinator);
        return err;
    }
    raise_descriptors(settings);
    LOG_I(MODULE, "ready", "workers=%s providers=%u", bus_endpoint(coordinator->bus),
          settings->provider_count);
    *out = coordinator;
    return ERR_OK;
}

void coordinator_run(struct coordinator *coordinator)
{
    uv_run(&coordinator->loop, UV_RUN_DEFAULT);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* The order is that of the data: nobody comes in any more, what was decided is handed over and
 * written, then the rest goes. */
static void close_rooms(struct coordinator *coordinator)
{
    if (coordinator->api != NULL) {
        api_close(coordinator->api);
    }
    if (coordinator->changelog != NULL) {
        turn_close(coordinator->turn, now_of(coordinator));
        coordinator->changelog->ops->close(coordinator->changelog);
    }
    if (coordinator->bus != NULL) {
        bus_close(coordinator->bus, LINGER_MS);
    }
    link_free(coordinator->link);
    turn_free(coordinator->turn);
    screening_close(coordinator->screening); /* nobody calls it back any more */
    engine_free(coordinator->engine);
    zone_clock_free(coordinator->zone_clock);
    hard_failures_free(coordinator->failures);
    provider_controls_release(&coordinator->provider_controls);
    delivery_keys_release(&coordinator->delivery_keys);
    suppression_list_free(coordinator->suppressions);
    plan_registry_free(coordinator->plans);
    campaign_registry_free(coordinator->campaigns);
    audience_registry_free(coordinator->audiences);
    ledger_close(coordinator->ledger);
}

void coordinator_close(struct coordinator *coordinator)
{
    uv_close((uv_handle_t *)&coordinator->before_sleep, NULL);
    close_rooms(coordinator);
    uv_walk(&coordinator->loop, close_handle, NULL);
    uv_run(&coordinator->loop, UV_RUN_DEFAULT);
    uv_loop_close(&coordinator->loop);
    secret_release(&coordinator->bus_secret);
    mem_free(coordinator);
}

/* ---- Check ---- */

static void report_damage(void *arg, const char *what)
{
    (void)arg;
    printf("damaged: %s\n", what);
}

long coordinator_check(const struct coordinator_settings *settings, struct problem *problem)
{
    struct ledger *ledger = NULL;
    struct ledger_check check = {0};
    if (open_ledger(settings, false, &ledger, problem) != ERR_OK) {
        return -1;
    }
    enum err err = ledger_check(ledger, report_damage, NULL, &check);
    ledger_close(ledger);
    printf("%" PRIu64 " records, %" PRIu64 " blocks, %" PRIu64 " pages read; %" PRIu64 " damages\n",
           check.records, check.blocks, check.pages, check.damages);
    if (err != ERR_OK && check.damages == 0) {
        problem_set(problem, err, "the ledger in %s could not be read to its end: %s",
                    settings->data_dir, err_sentence(err));
        return -1;
    }
    return (long)check.damages;
}
