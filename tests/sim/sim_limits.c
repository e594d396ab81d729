/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_limits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/sim/sim.h"

#define THROTTLED_MS 1000

/* The worst window is the one that a bucket filled to the brim leaves: the level may never be above
 * the burst. */
static void charge(struct sim *sim, const struct event *event)
{
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct provider_def *def = &sim->settings.providers[i].def;
        if (def->id != event->provider || def->rate_per_s <= 0) {
            continue;
        }
        double burst = def->burst > 0 ? def->burst : 1 + def->rate_per_s * 0.03;
        struct sim_bucket *bucket = &sim->journal.buckets[def->id];
        uint64_t passed_ms = event->at_ms > bucket->at_ms ? event->at_ms - bucket->at_ms : 0;
        bucket->level -= def->rate_per_s * (double)passed_ms / 1000.0;
        bucket->level = (bucket->level < 0 ? 0 : bucket->level) + event->span;
        bucket->at_ms = event->at_ms > bucket->at_ms ? event->at_ms : bucket->at_ms;
        if (bucket->level > (burst < 1 ? 1 : burst) + 0.01) {
            sim_fail(sim, "provider %u was leased %f beyond what its rate leaves", def->id,
                     bucket->level - burst);
        }
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
        }
    }
    mem_free(gathered->events);
}
