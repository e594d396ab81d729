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

/* The quiet hours that go on at `now_ms`, or the next. */
static struct quiet_span span_of(const struct sim *sim, unsigned c, uint16_t zone, uint64_t now_ms)
{
    struct dice dice = {sim->settings.seed * 41 + zone + (uint64_t)c * 1299709};
    uint64_t every_ms = dice_between(&dice, 6000, 40000);
    uint64_t last_ms = every_ms * dice_between(&dice, 1, 60) / 100 + 1;
    uint64_t first_ms = SIM_START_MS - every_ms + dice_below(&dice, (uint32_t)every_ms);
    uint64_t from_ms = first_ms;
    if (now_ms > first_ms) {
        from_ms = now_ms - (now_ms - first_ms) % every_ms;
    }
    from_ms += from_ms + last_ms <= now_ms ? every_ms : 0;
    return (struct quiet_span){from_ms, from_ms + last_ms};
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

static bool is_held(const struct sim *sim, unsigned c, uint32_t ordinal, unsigned step,
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
    if (is_held(sim, c, ordinal, event->step, event->at_ms)) {
        sim_fail(sim, "c%u/%u is leased in his quiet hours", c + 1, ordinal);
    }
    bool is_quiet_step = (def->quiet_channels >> def->plan.steps[event->step].channel & 1) != 0;
    sim->totals->quiet_leases += is_quiet_step;
}

void sim_quiet_check_sent(const struct sim *sim, unsigned c, uint32_t ordinal, unsigned step)
{
    uint64_t clock_ms = sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
    uint64_t engine_ms = sim->coordinator.engine->now_ms;
    if (is_held(sim, c, ordinal, step, clock_ms > engine_ms ? clock_ms : engine_ms)) {
        sim_fail(sim, "c%u/%u leaves in his quiet hours", c + 1, ordinal);
    }
}

void sim_quiet_check_start(const struct sim *sim, unsigned worker, unsigned c, uint32_t ordinal,
                           unsigned step)
{
    const struct campaign_def *def = &sim->settings.campaigns[c].def;
    const struct sim_course *course = &sim->journal.campaigns[c].recipients[ordinal].course;
    uint64_t at_ms = sim->now_ms + (uint64_t)sim->workers[worker].skew_ms;
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
