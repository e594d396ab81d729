/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_days.h"

#include <inttypes.h>

#include "coordinator/engine/engine_state.h"
#include "tests/sim/sim.h"

#define QUOTA_CHANCE 250
/* All must pass the providers in the end, often on several steps. */
#define SLOTS_PART 60

static uint32_t pick(struct dice *dice, const uint32_t *values, uint32_t count)
{
    return values[dice_below(dice, count)];
}

void sim_days_draw(struct sim_settings *settings)
{
    static const uint32_t QUOTAS[] = {1, 2, 5, 20, 100, 1000};
    static const uint32_t DAYS_MS[] = {300, 1000, 3000, 10000};
    struct dice dice = {settings->seed * 49979687 + 7};
    uint32_t slots = 0;
    for (unsigned c = 0; c < settings->campaign_count; c++) {
        slots += settings->campaigns[c].def.slots;
    }
    for (unsigned i = 0; i < settings->provider_count; i++) {
        struct sim_provider_settings *provider = &settings->providers[i];
        provider->day_ms = pick(&dice, DAYS_MS, sizeof(DAYS_MS) / sizeof(DAYS_MS[0]));
        uint32_t quota = pick(&dice, QUOTAS, sizeof(QUOTAS) / sizeof(QUOTAS[0]));
        uint32_t least = (uint32_t)((uint64_t)slots * provider->day_ms / 1000 / SLOTS_PART);
        provider->def.day_quota = !dice_chance(&dice, QUOTA_CHANCE) ? 0
                                  : quota < least                   ? least
                                                                    : quota;
    }
}

static uint64_t clock_ms(const struct sim *sim)
{
    uint64_t clock_ms = sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
    uint64_t engine_ms = sim->coordinator.engine->now_ms;
    return clock_ms > engine_ms ? clock_ms : engine_ms;
}

static uint64_t day_of(const struct sim_provider_settings *provider, uint64_t at_ms)
{
    return at_ms < SIM_START_MS ? 0 : (at_ms - SIM_START_MS) / provider->day_ms;
}

void sim_days_open(struct sim *sim, struct ledger *ledger)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct provider_def *def = &sim->settings.providers[i].def;
        struct problem problem = {0};
        if (def->day_quota == 0 || (sim->coordinator.missing >> def->id & 1) != 0) {
            continue;
        }
        if (provider_days_add(&sim->coordinator.days, def, "UTC", ledger, &problem) != ERR_OK) {
            sim_fail(sim, "the day of provider %u cannot be read: %s", def->id, problem.text);
        }
    }
}

/* provider_days_tell, but for the length of a day. */
void sim_days_tell(struct sim *sim)
{
    uint64_t now_ms = clock_ms(sim);
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct sim_provider_settings *provider = &sim->settings.providers[i];
        struct provider_day *day = &sim->coordinator.days.by_number[provider->def.id];
        if (day->zone == NULL || now_ms < day->until_ms) {
            continue;
        }
        uint64_t today = day_of(provider, now_ms);
        if (today > day->day) {
            day->day = today;
            day->used = 0;
        }
        day->until_ms = SIM_START_MS + (today + 1) * provider->day_ms;
        engine_provider_day(sim->coordinator.engine, provider->def.id, day->used, day->until_ms);
    }
}

void sim_days_note(struct sim *sim)
{
    provider_days_note(&sim->coordinator.days, sim->coordinator.engine,
                       turn_record(sim->coordinator.turn));
}

void sim_days_charge(struct sim *sim, const struct event *event)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct sim_provider_settings *provider = &sim->settings.providers[i];
        struct sim_day *day = &sim->journal.days[i];
        if (provider->def.id != event->provider || provider->def.day_quota == 0) {
            continue;
        }
        uint64_t today = day_of(provider, event->at_ms);
        if (today > day->day) {
            day->day = today;
            day->used = 0;
        }
        sim->totals->days.days += day->used == 0;
        day->used += event->span;
        sim->totals->days.used_up += day->used == provider->def.day_quota;
        if (day->used > provider->def.day_quota) {
            sim_fail(sim, "provider %u was leased %u on one day, and its quota is %u",
                     event->provider, (unsigned)day->used, provider->def.day_quota);
        }
    }
}

static void take_count(struct sim *sim, unsigned index, struct slice value)
{
    struct sim_day *day = &sim->journal.days[index];
    struct reader reader = reader_of(value);
    (void)reader_u8(&reader);
    uint64_t number = reader_u64(&reader);
    day->noted = reader_u64(&reader);
    if (reader.bad || number != day->day) {
        sim_fail(sim, "the ledger counts provider %u on day %" PRIu64 ", and it is day %" PRIu64,
                 sim->settings.providers[index].def.id, number, day->day);
    }
}

void sim_days_judge(struct sim *sim, const struct record *record)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct provider_def *def = &sim->settings.providers[i].def;
        const struct sim_day *day = &sim->journal.days[i];
        struct buf name = {0};
        struct buf key = {0};
        buf_printf(&name, "provider_day/%s", def->name);
        ledger_catalogue_key(&key, CATALOGUE_COUNTERS, buf_view(&name));
        const struct record_entry *last = NULL; /* a record may last over days */
        for (size_t e = 0; e < record->entry_count; e++) {
            bool is_count = record->entries[e].kind == RECORD_PUT &&
                            slice_equal(record_key(record, &record->entries[e]), buf_view(&key));
            last = is_count ? &record->entries[e] : last;
        }
        if (last != NULL) {
            take_count(sim, i, record_value(record, last));
        }
        if (def->day_quota > 0 && day->noted != day->used) {
            sim_fail(sim, "the ledger has %u of provider %u on its day, and %u were leased",
                     (unsigned)day->noted, def->id, (unsigned)day->used);
        }
        buf_release(&name);
        buf_release(&key);
    }
}
