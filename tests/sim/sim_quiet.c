/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_quiet.h"

#include <inttypes.h>

#include "coordinator/engine/engine_state.h"
#include "tests/sim/sim.h"

/* Some pages have one zone, others many. */
static uint16_t zone_of(const struct sim *sim, unsigned c, uint32_t ordinal)
{
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    struct dice of_page = {sim->settings.seed * 31 + page + (uint64_t)c * 7919};
    struct dice of_place = {sim->settings.seed * 37 + ordinal + (uint64_t)c * 104729};
    bool is_uniform = dice_chance(&of_page, 300);
    return (uint16_t)dice_below(is_uniform ? &of_page : &of_place,
                                sim->settings.campaigns[c].zones);
}

/* Of those that come again and again, the ones that go on at `now_ms`, or the next. */
static struct quiet_span draw_span(struct dice dice, unsigned percent_max, uint64_t now_ms)
{
    uint64_t every_ms = dice_between(&dice, 6000, 40000);
    uint64_t last_ms = every_ms * dice_between(&dice, 1, percent_max) / 100 + 1;
    uint64_t first_ms = SIM_START_MS - every_ms + dice_below(&dice, (uint32_t)every_ms);
    uint64_t from_ms = first_ms;
    if (now_ms > first_ms) {
        from_ms = now_ms - (now_ms - first_ms) % every_ms;
    }
    from_ms += from_ms + last_ms <= now_ms ? every_ms : 0;
    return (struct quiet_span){from_ms, from_ms + last_ms};
}

static struct quiet_span span_of(const struct sim *sim, unsigned c, uint16_t zone, uint64_t now_ms)
{
    struct dice dice = {sim->settings.seed * 41 + zone + (uint64_t)c * 1299709};
    return draw_span(dice, 60, now_ms);
}

static struct quiet_span span_of_provider(const struct sim *sim, unsigned index, uint64_t now_ms)
{
    struct dice dice = {sim->settings.seed * 43 + index * UINT64_C(15485863)};
    return draw_span(dice, 40, now_ms);
}

static bool read_zones(void *arg, const struct campaign_def *def, uint32_t page, uint16_t *zones,
                       unsigned count)
{
    struct sim *sim = arg;
    for (unsigned i = 0; i < count; i++) {
        zones[i] = zone_of(sim, (unsigned)def->id - 1, page * PAGE_RECIPIENTS + i);
    }
    return true;
}

static struct quiet_span read_span(void *arg, const struct campaign_def *def, uint16_t zone,
                                   uint64_t now_ms)
{
    return span_of(arg, (unsigned)def->id - 1, zone, now_ms);
}

struct quiet_source sim_quiet_source(struct sim *sim)
{
    return (struct quiet_source){sim, read_zones, read_span};
}

/* The clock that the engine goes by. */
static uint64_t engine_clock_ms(const struct sim *sim)
{
    uint64_t clock_ms = sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
    uint64_t engine_ms = sim->coordinator.engine->now_ms;
    return clock_ms > engine_ms ? clock_ms : engine_ms;
}

void sim_quiet_tell_providers(struct sim *sim)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct sim_provider_settings *provider = &sim->settings.providers[i];
        if (provider->has_quiet_hours && (sim->coordinator.missing >> provider->def.id & 1) == 0) {
            struct quiet_span span = span_of_provider(sim, i, engine_clock_ms(sim));
            engine_provider_quiet(sim->coordinator.engine, provider->def.id, &span);
        }
    }
}

/* Its place, if it has quiet hours; else the count. */
static unsigned quiet_provider(const struct sim *sim, uint8_t id)
{
    unsigned i = 0;
    while (i < sim->settings.provider_count && sim->settings.providers[i].def.id != id) {
        i++;
    }
    bool has_hours = i < sim->settings.provider_count && sim->settings.providers[i].has_quiet_hours;
    return has_hours ? i : sim->settings.provider_count;
}

static void check_provider(struct sim *sim, uint8_t id, uint64_t at_ms, const char *what)
{
    unsigned index = quiet_provider(sim, id);
    if (index == sim->settings.provider_count) {
        return;
    }
    struct quiet_span span = span_of_provider(sim, index, at_ms);
    if (span.from_ms <= at_ms + sim->settings.quiet_margin_ms) {
        sim_fail(sim, "a batch of provider %u %s in its quiet hours", id, what);
    }
    sim->totals->quiet_provider_leases++;
}

bool sim_quiet_holds(const struct sim *sim, unsigned c, uint32_t ordinal, unsigned step,
                     uint64_t at_ms)
{
    const struct campaign_def *def = &sim->settings.campaigns[c].def;
    if ((def->quiet_channels >> def->plan.steps[step].channel & 1) == 0 ||
        def->priority == PRIORITY_CRITICAL) {
        return false;
    }
    struct quiet_span span = span_of(sim, c, zone_of(sim, c, ordinal), at_ms);
    return span.from_ms <= at_ms + sim->settings.quiet_margin_ms && at_ms < span.until_ms;
}

void sim_quiet_check_lease(struct sim *sim, unsigned c, uint32_t ordinal, const struct event *event)
{
    const struct campaign_def *def = &sim->settings.campaigns[c].def;
    if (event->kind != DELIVERY_EVENT_LEASED) {
        return;
    }
    check_provider(sim, event->provider, event->at_ms, "is leased");
    if (sim_quiet_holds(sim, c, ordinal, event->step, event->at_ms)) {
        sim_fail(sim, "c%u/%u is leased in his quiet hours", c + 1, ordinal);
    }
    bool is_quiet_step = (def->quiet_channels >> def->plan.steps[event->step].channel & 1) != 0;
    sim->totals->quiet_leases += is_quiet_step;
}

void sim_quiet_check_batch(struct sim *sim, uint8_t provider)
{
    if ((sim->coordinator.missing >> provider & 1) == 0) {
        check_provider(sim, provider, engine_clock_ms(sim), "leaves");
    }
}

void sim_quiet_check_sent(const struct sim *sim, unsigned c, uint32_t ordinal, unsigned step)
{
    if (sim_quiet_holds(sim, c, ordinal, step, engine_clock_ms(sim))) {
        sim_fail(sim, "c%u/%u leaves in his quiet hours", c + 1, ordinal);
    }
}

/* A batch that left in a life that was not told of the provider has no time. */
static void check_provider_start(const struct sim *sim, unsigned worker, uint8_t id,
                                 const struct sim_course *course)
{
    unsigned index = quiet_provider(sim, id);
    uint64_t at_ms = sim_worker_clock_ms(&sim->workers[worker]);
    if (index == sim->settings.provider_count || sim->settings.provider_missing_chance != 0) {
        return;
    }
    struct quiet_span span = span_of_provider(sim, index, course->sent_ms);
    if (at_ms >= span.from_ms) {
        sim_fail(sim, "w%u starts at provider %u %" PRIu64 " ms after its quiet hours began",
                 worker, id, at_ms - span.from_ms);
    }
}

void sim_quiet_check_start(const struct sim *sim, unsigned worker, unsigned c, uint32_t ordinal,
                           unsigned step, uint8_t provider)
{
    const struct campaign_def *def = &sim->settings.campaigns[c].def;
    const struct sim_course *course = &sim->journal.campaigns[c].recipients[ordinal].course;
    uint64_t at_ms = sim_worker_clock_ms(&sim->workers[worker]);
    check_provider_start(sim, worker, provider, course);
    if ((def->quiet_channels >> def->plan.steps[step].channel & 1) == 0 ||
        def->priority == PRIORITY_CRITICAL) {
        return;
    }
    /* A batch that left before has an earlier time. */
    struct quiet_span span = span_of(sim, c, zone_of(sim, c, ordinal), course->sent_ms);
    if (at_ms >= span.from_ms && course->leased_step == step) {
        sim_fail(sim, "w%u starts c%u/%u %" PRIu64 " ms after he fell asleep", worker, c + 1,
                 ordinal, at_ms - span.from_ms);
    }
}
