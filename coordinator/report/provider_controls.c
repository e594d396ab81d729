/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/provider_controls.h"

#include <string.h>

#include "common/log.h"

/* Those of the limit that are set, or else the settings'. */
static void tell_rate(struct provider_controls *controls, uint8_t id, uint64_t now_ms)
{
    const struct provider_limit *limit = &controls->limits[id];
    const struct provider_def *def = controls->terms[id].def;
    bool is_set = limit->since_ms != 0;
    engine_provider_limit(controls->engine, id, is_set ? limit->rate_per_s : def->rate_per_s,
                          is_set ? limit->burst : def->burst, now_ms);
}

static void tell_counts(struct provider_controls *controls, uint8_t id, uint64_t now_ms)
{
    const struct provider_limit *limit = &controls->limits[id];
    const struct provider_def *def = controls->terms[id].def;
    engine_provider_concurrency(
        controls->engine, id,
        limit->concurrency_since_ms != 0 ? limit->concurrency : def->concurrency, now_ms);
    engine_provider_quota(controls->engine, id,
                          limit->quota_since_ms != 0 ? limit->day_quota : def->day_quota);
}

const struct quiet_hours *provider_controls_hours(const struct provider_controls *controls,
                                                  uint8_t id)
{
    const struct provider_limit *limit = &controls->limits[id];
    return limit->quiet_since_ms != 0 ? &limit->quiet_hours : &controls->terms[id].quiet_hours;
}

static const char *zone_of(const struct provider_terms *terms, const struct provider_limit *limit)
{
    bool has_own = limit->quota_since_ms != 0 && limit->quota_zone[0] != '\0';
    return has_own ? limit->quota_zone : terms->quota_zone;
}

enum err provider_controls_add(struct provider_controls *controls,
                               const struct provider_terms *terms, struct ledger *ledger,
                               struct problem *problem)
{
    uint8_t id = terms->def->id;
    struct provider_limit *limit = &controls->limits[id];
    controls->terms[id] = *terms;
    enum err err = provider_limit_load(limit, ledger, terms->def->name, problem);
    if (err != ERR_OK) {
        return err;
    }
    const char *zone = zone_of(terms, limit);
    err = provider_days_add(&controls->days, terms->def, zone, ledger, problem);
    if ((err == ERR_NOT_FOUND || err == ERR_INVALID) && zone != terms->quota_zone) {
        /* The database had it once. */
        LOG_W("report", "provider_zone_unknown", "provider=%s zone=%s instead=%s", terms->def->name,
              zone, terms->quota_zone);
        err = provider_days_add(&controls->days, terms->def, terms->quota_zone, ledger, problem);
    }
    if (err == ERR_OK) {
        if (limit->since_ms != 0) {
            tell_rate(controls, id, 0);
        }
        tell_counts(controls, id, 0);
        controls->hours.by_number[id] = *provider_controls_hours(controls, id);
    }
    return err;
}

void provider_controls_release(struct provider_controls *controls)
{
    provider_days_release(&controls->days);
}

enum err provider_controls_set(struct provider_controls *controls, uint8_t id,
                               const struct provider_limit *limit, uint64_t now_ms,
                               struct record *record, struct problem *problem)
{
    const struct provider_terms *terms = &controls->terms[id];
    const struct provider_limit before = controls->limits[id];
    const char *zone = zone_of(terms, limit);
    provider_controls_tell(controls, now_ms);
    if (strcmp(zone, zone_of(terms, &before)) != 0) {
        enum err err = provider_days_move(&controls->days, controls->engine, id, zone, now_ms,
                                          record, problem);
        if (err != ERR_OK) {
            return err;
        }
    }
    controls->limits[id] = *limit;
    if (limit->since_ms != 0 || before.since_ms != 0) {
        tell_rate(controls, id, now_ms);
    }
    tell_counts(controls, id, now_ms);
    if (limit->quiet_since_ms != 0 || before.quiet_since_ms != 0) {
        provider_hours_set(&controls->hours, controls->clock, controls->engine, id,
                           provider_controls_hours(controls, id), now_ms);
    }
    provider_limit_put(limit, terms->def->name, record);
    return ERR_OK;
}

void provider_controls_tell(struct provider_controls *controls, uint64_t now_ms)
{
    provider_hours_tell(&controls->hours, controls->clock, controls->engine, now_ms);
    provider_days_tell(&controls->days, controls->engine, now_ms);
}

void provider_controls_note(struct provider_controls *controls, struct record *record)
{
    provider_days_note(&controls->days, controls->engine, record);
}
