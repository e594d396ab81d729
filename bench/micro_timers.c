/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What timers cost: the real engine, in which `recipients` people of one campaign have been sent to
 * and wait to acknowledge, each until another moment, spread at random so that `per_s` of them come
 * due in every second. Nobody acknowledges, all climb. Time is simulated: the engine is called when
 * it asks to be, turns are closed as often as the coordinator does, and what is measured is the
 * processor time of that over `seconds` of it.
 *
 *     bench_micro_timers recipients per_s seconds
 *
 * Prints one JSON object: "core_share" of one core, "climbed", "early" (must be 0), "late_ms" (the
 * mean time from a moment to the run in which it was seen), "rss_bytes" with all of them waiting,
 * and what of that came with the campaign.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"
#include "coordinator/engine/engine.h"

#define START_MS  UINT64_C(1700000000000)
#define WITHIN_MS (30 * 86400000u)
#define TURN_MS   2
#define INSTANCE  7

struct bench {
    struct engine *engine;
    uint64_t now_ms;
    uint64_t turn_ms;
    uint64_t recno;
    uint64_t seq;
    uint64_t *leases; /* by page */
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t rss_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return (uint64_t)pages * 4096;
}

static void put_end_key(struct buf *key, uint64_t campaign)
{
    buf_u64(key, campaign);
}

static void close_turn(struct bench *bench)
{
    struct record *record = record_new(0, 1, ++bench->recno);
    engine_close_turn(bench->engine, record);
    record_free(record);
    bench->turn_ms = bench->now_ms;
}

static void take_effects(struct bench *bench)
{
    struct engine_effect effect;
    while (engine_next_effect(bench->engine, &effect)) {
        struct wire_batch batch;
        uint64_t audience;
        if (effect.kind == ENGINE_BATCH &&
            engine_lease_batch(bench->engine, effect.lease, bench->now_ms, &batch, &audience)) {
            bench->leases[batch.page] = effect.lease;
        }
    }
}

static void open_campaign(struct bench *bench, uint32_t recipients)
{
    const struct engine_settings settings = {
        .epoch = 1, .seed = 1, .heartbeat_ms = 1000, .lease_ms = UINT32_MAX / 64};
    struct campaign_def def = {.id = 1,
                               .name = "timers",
                               .audience = 1,
                               .created_ms = START_MS,
                               .slots = recipients,
                               .recipients = recipients,
                               .priority = PRIORITY_NORMAL,
                               .weight = 1};
    def.plan.step_count = 2;
    def.plan.steps[0] = (struct plan_step){.channel = CHANNEL_SMS,
                                           .providers = UINT64_MAX,
                                           .until = PLAN_ACKNOWLEDGED,
                                           .within_ms = WITHIN_MS,
                                           .attempts = 1,
                                           .endpoint_ranks = 1,
                                           .backoff_ms = 1000,
                                           .backoff_max_ms = 1000};
    def.plan.steps[1] = def.plan.steps[0];
    def.plan.steps[1].channel = CHANNEL_VOICE;
    bench->engine = engine_new(&settings);
    engine_set_end_key(bench->engine, put_end_key);
    engine_add_provider(bench->engine,
                        &(struct provider_def){.id = 0, .name = "sms", .channel = CHANNEL_SMS});
    if (engine_add_campaign(bench->engine, &def) != ERR_OK ||
        engine_launch(bench->engine, 1, bench->now_ms, NULL) != ERR_OK) {
        exit(1);
    }
}

/* Everybody is leased, page by page. */
static void lease_all(struct bench *bench, uint32_t pages)
{
    uint32_t credit[CHANNEL_KINDS] = {[CHANNEL_SMS] = pages * PAGE_RECIPIENTS + PAGE_RECIPIENTS};
    engine_worker_hello(bench->engine, 1, "w1", INSTANCE, bench->now_ms);
    engine_worker_credit(bench->engine, 1, credit, bench->now_ms);
    while (engine_run(bench->engine, bench->now_ms) == 0) {
        take_effects(bench);
        close_turn(bench);
    }
    take_effects(bench);
    close_turn(bench);
}

static void accept(struct bench *bench, uint32_t page, uint16_t place)
{
    const struct outcome_run run = {
        .offset = place, .span = 1, .outcome = OUTCOME_ACCEPTED, .reason = 200};
    const struct wire_outcome_group group = {
        .lease = bench->leases[page], .campaign = 1, .page = page, .run_count = 1, .runs = &run};
    const struct wire_outcomes outcomes = {
        .epoch = 1, .instance = INSTANCE, .seq = ++bench->seq, .group_count = 1, .groups = &group};
    engine_outcomes(bench->engine, 1, &outcomes, bench->now_ms);
}

/* In the order of a permutation (an affine map of odd and prime multiplier), `per_s` a second. */
static void accept_all(struct bench *bench, uint32_t recipients, uint32_t per_s)
{
    uint64_t step = 2654435761u;
    for (uint64_t i = 0; i < recipients; i++) {
        uint64_t ordinal = i * step % recipients;
        bench->now_ms = START_MS + i * 1000 / per_s;
        accept(bench, (uint32_t)(ordinal / PAGE_RECIPIENTS), (uint16_t)(ordinal % PAGE_RECIPIENTS));
        if (i % 4096 == 0) {
            take_effects(bench);
            close_turn(bench);
        }
    }
    take_effects(bench);
    close_turn(bench);
}

/* Is anybody on the second step before his time? */
static uint64_t count_early(struct bench *bench, uint32_t recipients, uint32_t per_s)
{
    uint64_t early = 0;
    uint64_t step = 2654435761u;
    for (uint64_t i = 0; i < recipients; i++) {
        struct recipient_state state;
        uint64_t due_ms = START_MS + i * 1000 / per_s + WITHIN_MS;
        if (engine_recipient(bench->engine, 1, (uint32_t)(i * step % recipients), &state) ==
            ERR_OK) {
            early += state.step == 1 && due_ms > bench->now_ms;
        }
    }
    return early;
}

int main(int argc, char **argv)
{
    uint32_t recipients = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000000;
    uint32_t per_s = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10000;
    uint32_t seconds = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 60;
    uint32_t pages = (recipients + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    struct bench bench = {.now_ms = START_MS};
    bench.leases = mem_zalloc(pages, sizeof(*bench.leases));
    uint64_t idle_bytes = rss_bytes();
    open_campaign(&bench, recipients);
    lease_all(&bench, pages);
    accept_all(&bench, recipients, per_s);
    uint64_t waiting_bytes = rss_bytes();
    struct campaign_view view;
    engine_campaign(bench.engine, 1, &view);
    uint32_t open = view.open;
    uint64_t began_ms = START_MS + WITHIN_MS + 1000; /* the first second warms up */
    bench.now_ms = START_MS + WITHIN_MS - 1000;
    engine_worker_heartbeat(bench.engine, 1, bench.now_ms);
    uint64_t runs = 0;
    uint64_t events_before = 0;
    double cpu_before = 0;
    struct engine_stats stats;
    while (bench.now_ms < began_ms + seconds * UINT64_C(1000)) {
        if (cpu_before == 0 && bench.now_ms >= began_ms) {
            engine_stats(bench.engine, &stats);
            events_before = stats.events;
            cpu_before = cpu_s();
        }
        uint32_t wait_ms = engine_run(bench.engine, bench.now_ms);
        runs++;
        if (engine_has_events(bench.engine) && bench.now_ms >= bench.turn_ms + TURN_MS) {
            close_turn(&bench);
        }
        bench.now_ms += wait_ms == 0 ? 1 : wait_ms;
    }
    double cpu = cpu_s() - cpu_before;
    engine_stats(bench.engine, &stats);
    uint64_t climbed = stats.events - events_before;
    printf("{\"open\":%u,\"climbed\":%llu,\"runs\":%llu,\"core_share\":%.4f,\"us_each\":%.2f,"
           "\"rss_bytes\":%llu,\"bytes_per_recipient\":%.2f,\"early\":%llu}\n",
           open, (unsigned long long)climbed, (unsigned long long)runs, cpu / seconds,
           cpu * 1e6 / (double)(climbed == 0 ? 1 : climbed), (unsigned long long)waiting_bytes,
           (double)(waiting_bytes - idle_bytes) / recipients,
           (unsigned long long)count_early(&bench, recipients, per_s));
    engine_free(bench.engine);
    mem_free(bench.leases);
    return 0;
}
