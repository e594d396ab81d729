/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_limits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"
#include "tests/sim/sim.h"

#define THROTTLED_MS 1000
#define SLOW_S       40  /* for all of a campaign once, at its own rate */
#define OWN_BURST_S  0.1 /* of a campaign's own rate */

/* ---- Changes ---- */

void sim_limits_draw(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 86028121 + 3};
    settings->limit_change_chance = dice_chance(&dice, 400) ? dice_between(&dice, 10, 150) : 0;
    for (unsigned c = 0; c < settings->campaign_count; c++) {
        struct campaign_def *def = &settings->campaigns[c].def;
        double least_per_s = (double)def->slots / SLOW_S;
        double rate_per_s = dice_chance(&dice, 500) ? 25 : dice_between(&dice, 50, 1000);
        rate_per_s = rate_per_s < least_per_s ? least_per_s : rate_per_s;
        def->rate_per_s = dice_chance(&dice, 200) ? rate_per_s : 0;
        settings->clock_jumps_back &= def->rate_per_s <= 0;
    }
}

static struct sim_limit limit_now(const struct sim *sim, unsigned index)
{
    const struct provider_def *def = &sim->settings.providers[index].def;
    const struct sim_limits *limits = &sim->limits[index];
    return limits->count > 0 ? limits->changes[limits->count - 1]
                             : (struct sim_limit){0, def->rate_per_s, def->burst};
}

static bool is_there(const struct sim *sim, unsigned index)
{
    return (sim->coordinator.missing >> sim->settings.providers[index].def.id & 1) == 0;
}

static void change(struct sim *sim, unsigned index, double rate_per_s, double burst)
{
    struct sim_limits *limits = &sim->limits[index];
    struct engine *engine = sim->coordinator.engine;
    uint8_t id = sim->settings.providers[index].def.id;
    uint64_t now_ms = sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
    /* What was leased in the same millisecond could have been leased before. */
    if (limits->count + !sim->is_quiet >= SIM_CHANGES_MAX || engine->now_ms >= now_ms) {
        return;
    }
    engine_provider_limit(engine, id, rate_per_s, burst, now_ms);
    limits->changes[limits->count++] = (struct sim_limit){now_ms, rate_per_s, burst};
    sim->totals->limit_changes++;
    sim_trace(sim, "p%u may have %.1f a second, and %.1f at once", index, rate_per_s, burst);
}

void sim_limits_act(struct sim *sim)
{
    unsigned index = dice_below(&sim->dice, sim->settings.provider_count);
    const struct provider_def *def = &sim->settings.providers[index].def;
    double rate_per_s = def->rate_per_s;
    if (rate_per_s <= 0 || !is_there(sim, index)) {
        return;
    }
    if (sim->is_quiet && sim->limits[index].count > 0 &&
        limit_now(sim, index).rate_per_s != rate_per_s) {
        change(sim, index, rate_per_s, def->burst);
    }
    if (sim->is_quiet || !dice_chance(&sim->dice, sim->settings.limit_change_chance)) {
        return;
    }
    rate_per_s *= dice_between(&sim->dice, 1, 40) / 10.0;
    change(sim, index, rate_per_s, 1 + rate_per_s * dice_below(&sim->dice, 100) / 100.0);
}

void sim_limits_tell(struct sim *sim)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        struct sim_limit limit = limit_now(sim, i);
        if (sim->limits[i].count > 0 && is_there(sim, i)) {
            engine_provider_limit(sim->coordinator.engine, sim->settings.providers[i].def.id,
                                  limit.rate_per_s, limit.burst,
                                  sim->now_ms + (uint64_t)sim->coordinator.skew_ms);
        }
    }
}

struct sim_limit sim_limits_highest(const struct sim *sim, unsigned index)
{
    const struct provider_def *def = &sim->settings.providers[index].def;
    struct sim_limit highest = {0, def->rate_per_s, def->burst};
    for (unsigned i = 0; i < sim->limits[index].count; i++) {
        const struct sim_limit *limit = &sim->limits[index].changes[i];
        highest.rate_per_s =
            limit->rate_per_s > highest.rate_per_s ? limit->rate_per_s : highest.rate_per_s;
        highest.burst = limit->burst > highest.burst ? limit->burst : highest.burst;
    }
    return highest;
}

/* ---- What was leased ---- */

static double burst_of(double rate_per_s, double burst)
{
    double size = burst > 0 ? burst : 1 + rate_per_s * 0.03;
    return size < 1 ? 1 : size;
}

static void leak(struct sim_bucket *bucket, uint64_t at_ms)
{
    if (at_ms > bucket->at_ms) {
        bucket->level -= bucket->rate_per_s * (double)(at_ms - bucket->at_ms) / 1000.0;
        bucket->level = bucket->level < 0 ? 0 : bucket->level;
        bucket->at_ms = at_ms;
    }
}

/* The limits that held until then, one after the other. What had gathered is kept, as far as there
 * is room. */
static void advance(const struct sim *sim, unsigned index, struct sim_bucket *bucket,
                    uint64_t at_ms)
{
    const struct sim_limits *limits = &sim->limits[index];
    const struct provider_def *def = &sim->settings.providers[index].def;
    if (bucket->rate_per_s <= 0) {
        bucket->rate_per_s = def->rate_per_s;
        bucket->burst = burst_of(def->rate_per_s, def->burst);
    }
    while (bucket->changes < limits->count && limits->changes[bucket->changes].since_ms <= at_ms) {
        const struct sim_limit *limit = &limits->changes[bucket->changes++];
        leak(bucket, limit->since_ms);
        double tokens = bucket->burst - bucket->level;
        bucket->rate_per_s = limit->rate_per_s;
        bucket->burst = burst_of(limit->rate_per_s, limit->burst);
        bucket->level = tokens < bucket->burst ? bucket->burst - tokens : 0;
    }
    leak(bucket, at_ms);
}

/* The worst window is the one that a bucket filled to the brim leaves: the level may never be above
 * the burst. */
static void charge(struct sim *sim, const struct event *event)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct provider_def *def = &sim->settings.providers[i].def;
        if (def->id != event->provider || def->rate_per_s <= 0) {
            continue;
        }
        struct sim_bucket *bucket = &sim->journal.buckets[def->id];
        advance(sim, i, bucket, event->at_ms);
        bucket->level += event->span;
        if (bucket->level > bucket->burst + 0.01) {
            sim_fail(sim, "provider %u was leased %f beyond what its rate leaves", def->id,
                     bucket->level - bucket->burst);
        }
    }
}

/* It begins empty, and a new life with an empty one. */
static void charge_campaign(struct sim *sim, const struct sim_lease *lease,
                            const struct event *event)
{
    const struct campaign_def *def = &sim->settings.campaigns[lease->campaign].def;
    struct sim_bucket *bucket = &sim->journal.campaigns[lease->campaign].bucket;
    if (def->rate_per_s <= 0) {
        return;
    }
    bucket->rate_per_s = def->rate_per_s;
    bucket->burst = def->rate_per_s * OWN_BURST_S > 1 ? def->rate_per_s * OWN_BURST_S : 1;
    leak(bucket, event->at_ms);
    bucket->level += event->span;
    sim->totals->own_rate_leases++;
    if (bucket->level > bucket->burst + 0.01) {
        sim_fail(sim, "c%u was leased %f beyond what its own rate leaves", lease->campaign + 1,
                 bucket->level - bucket->burst);
    }
}

/* It asked for a second at least. */
static void check_pause(const struct sim *sim, const struct event *event)
{
    uint64_t throttled_ms = sim->journal.buckets[event->provider].throttled_ms;
    if (event->at_ms > throttled_ms && event->at_ms < throttled_ms + THROTTLED_MS) {
        sim_fail(sim, "provider %u was leased %" PRIu64 " ms after it had asked to slow down",
                 event->provider, event->at_ms - throttled_ms);
    }
}

/* A new life knows nothing of what providers asked for. */
static void note_epoch(struct sim_journal *journal, uint64_t epoch)
{
    for (unsigned i = 0; epoch != journal->epoch && i < WIRE_PROVIDERS_MAX; i++) {
        journal->buckets[i].throttled_ms = 0;
    }
    journal->epoch = epoch;
}

static int by_time(const void *a, const void *b)
{
    const struct event *x = a;
    const struct event *y = b;
    return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

static bool is_throttled(const struct event *event)
{
    return event->kind == DELIVERY_EVENT_RELEASED && event->reason == SIM_REASON_THROTTLED;
}

/* Whoever is frozen has got his answers, and does not know it. */
void sim_limits_check_start(struct sim *sim, uint8_t provider)
{
    uint32_t limit = sim_provider_def(sim, provider)->concurrency;
    uint32_t count = 0;
    for (unsigned w = 0; w < sim->settings.worker_count; w++) {
        const struct sim_worker *worker = &sim->workers[w];
        count += worker->delivery != NULL && worker->frozen_until_ms <= sim->now_ms
                     ? worker->in_flight[provider]
                     : 0;
    }
    if (limit > 0 && count > limit) {
        sim_fail(sim, "provider %u has %u under way, and takes %u", provider, count, limit);
    }
    sim->totals->most_under_way += limit > 0 && count == limit;
}

void sim_limits_gather(struct sim_provider_events *gathered, const struct event_list *list)
{
    gathered->events =
        mem_resize(gathered->events, gathered->count + list->count + 1, sizeof(*gathered->events));
    for (unsigned i = 0; i < list->count; i++) {
        if (list->events[i].kind == DELIVERY_EVENT_LEASED || is_throttled(&list->events[i])) {
            gathered->events[gathered->count++] = list->events[i];
        }
    }
}

void sim_limits_judge(struct sim *sim, struct sim_provider_events *gathered, uint64_t epoch)
{
    note_epoch(&sim->journal, epoch);
    if (gathered->count > 0) {
        qsort(gathered->events, gathered->count, sizeof(*gathered->events), by_time);
    }
    for (unsigned i = 0; i < gathered->count; i++) {
        const struct event *event = &gathered->events[i];
        if (is_throttled(event)) {
            sim->journal.buckets[event->provider].throttled_ms = event->at_ms;
        } else {
            check_pause(sim, event);
            charge(sim, event);
            charge_campaign(sim, sim_journal_lease(&sim->journal, event->lease), event);
            sim_days_charge(sim, event);
        }
    }
    mem_free(gathered->events);
}
