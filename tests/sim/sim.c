/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STEPS_MAX      3000000
#define THOROUGH_STEPS 150 /* a thorough check in so many steps, on average */
/* So long after the last fault all is done. */
#define QUIET_MAX_MS (UINT64_C(1800) * 1000)
/* A worker doubles the time between two sendings of what is not confirmed. */
#define LINGER_HEARTBEATS 400

/* For assertions of the code under test: which seed is being played. */
static const struct sim *playing;

static void print_where(const struct sim *sim)
{
    fprintf(stderr,
            "\nseed %" PRIu64 " failed at step %" PRIu64 ", %" PRIu64
            " ms. To see it again:\n  sim --first %" PRIu64 " --seeds 1 --verbose\n",
            sim->settings.seed, sim->step, sim->now_ms - SIM_START_MS, sim->settings.seed);
    sim_settings_print(&sim->settings);
}

void sim_fail(const struct sim *sim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "\nBROKEN: ");
    vfprintf(stderr, format, args);
    va_end(args);
    print_where(sim);
    fflush(stderr);
    _exit(EXIT_FAILURE);
}

static void on_abort(int number)
{
    (void)number;
    if (playing != NULL) {
        print_where(playing);
    }
    _exit(EXIT_FAILURE);
}

void sim_trace(const struct sim *sim, const char *format, ...)
{
    if (!sim->is_verbose) {
        return;
    }
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%7" PRIu64 " %6" PRIu64 "  ", sim->now_ms - SIM_START_MS, sim->step);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* ---- Faults ---- */

static uint32_t fault_mean_ms(const struct sim *sim, enum sim_fault fault)
{
    switch (fault) {
    case SIM_COORDINATOR_CRASHES:
        return sim->settings.coordinator_crash_ms;
    case SIM_COORDINATOR_FREEZES:
        return sim->settings.coordinator_freeze_ms;
    case SIM_CLOCK_JUMPS:
        return sim->settings.clock_jump_ms;
    case SIM_WORKER_CRASHES:
        return sim->settings.worker_crash_ms;
    case SIM_WORKER_FREEZES:
        return sim->settings.worker_freeze_ms;
    case SIM_WORKER_DRAINS:
        return sim->settings.worker_drain_ms;
    case SIM_LINK_BREAKS:
        return sim->settings.link_break_ms;
    case SIM_WORKER_CLOCKS:
        return sim->settings.worker_clock_ms;
    case SIM_FAULTS:
        break;
    }
    return 0;
}

static void plan_fault(struct sim *sim, enum sim_fault fault)
{
    uint32_t mean_ms = fault_mean_ms(sim, fault);
    sim->fault_at_ms[fault] =
        mean_ms == 0 ? SIM_NEVER_MS : sim->now_ms + 1 + dice_below(&sim->dice, mean_ms * 2);
}

static void happen(struct sim *sim, enum sim_fault fault)
{
    unsigned worker = dice_below(&sim->dice, sim->settings.worker_count);
    uint32_t down_ms = dice_below(&sim->dice, sim->settings.down_max_ms);
    uint32_t frozen_ms = dice_below(&sim->dice, sim->settings.lease_ms * 2);
    switch (fault) {
    case SIM_COORDINATOR_CRASHES:
        sim_coordinator_crash(sim, down_ms);
        break;
    case SIM_COORDINATOR_FREEZES:
        sim_trace(sim, "the coordinator freezes for %u ms", frozen_ms);
        sim->coordinator.frozen_until_ms = sim->now_ms + frozen_ms;
        break;
    case SIM_CLOCK_JUMPS:
        sim_coordinator_set_clock(sim);
        break;
    case SIM_WORKER_CRASHES:
        sim_worker_crash(sim, worker, down_ms);
        break;
    case SIM_WORKER_FREEZES:
        sim_trace(sim, "w%u freezes for %u ms", worker, frozen_ms);
        sim->workers[worker].frozen_until_ms = sim->now_ms + frozen_ms;
        break;
    case SIM_WORKER_DRAINS:
        sim_worker_drain(sim, worker);
        break;
    case SIM_LINK_BREAKS:
        sim_trace(sim, "the link of w%u breaks for %u ms", worker, down_ms);
        sim_net_break(sim, worker, down_ms);
        break;
    case SIM_WORKER_CLOCKS:
        sim_worker_set_clock(sim, worker);
        break;
    case SIM_FAULTS:
        break;
    }
    sim->totals->faults[fault]++;
    plan_fault(sim, fault);
}

/* From now on nothing goes wrong any more, and everything must come to its end. */
static void become_quiet(struct sim *sim)
{
    sim_trace(sim, "the faults are over");
    sim->is_quiet = true;
    for (unsigned fault = 0; fault < SIM_FAULTS; fault++) {
        sim->fault_at_ms[fault] = SIM_NEVER_MS;
    }
    store_mem_fail_writes(sim->coordinator.store, 0, ERR_OK);
    if (sim->coordinator.missing != 0) {
        sim_coordinator_crash(sim, 0);
    }
    for (unsigned worker = 0; worker < sim->settings.worker_count; worker++) {
        if (sim->workers[worker].fails_to_open) {
            sim_worker_crash(sim, worker, 100);
        }
        if (sim->settings.mends_clocks) {
            sim_worker_mend_clock(sim, worker);
        }
    }
}

/* ---- Steps ---- */

enum sim_actor {
    ACTOR_CLIENT,
    ACTOR_PEOPLE,
    ACTOR_RECEIPTS,
    ACTOR_COORDINATOR,
    ACTOR_NET,
    ACTOR_FAULT,
    ACTOR_WORKER
};

static uint64_t actor_next_ms(const struct sim *sim, unsigned actor)
{
    uint64_t next_ms = SIM_NEVER_MS;
    switch (actor) {
    case ACTOR_CLIENT:
        return sim->client.next_ms;
    case ACTOR_PEOPLE:
        return sim->people.next_ms;
    case ACTOR_RECEIPTS:
        return sim_receipts_next_ms(&sim->receipts);
    case ACTOR_COORDINATOR:
        return sim_coordinator_next_ms(&sim->coordinator);
    case ACTOR_NET:
        return sim_queue_next_ms(&sim->net.queue);
    case ACTOR_FAULT:
        for (unsigned fault = 0; fault < SIM_FAULTS; fault++) {
            next_ms = sim->fault_at_ms[fault] < next_ms ? sim->fault_at_ms[fault] : next_ms;
        }
        return next_ms;
    default:
        return sim_worker_next_ms(&sim->workers[actor - ACTOR_WORKER]);
    }
}

static void actor_act(struct sim *sim, unsigned actor)
{
    switch (actor) {
    case ACTOR_CLIENT:
        sim_client_act(sim);
        return;
    case ACTOR_PEOPLE:
        sim_people_act(sim);
        return;
    case ACTOR_RECEIPTS:
        sim_receipts_act(sim);
        return;
    case ACTOR_COORDINATOR:
        sim_coordinator_act(sim);
        return;
    case ACTOR_NET:
        sim_net_deliver(sim);
        return;
    case ACTOR_FAULT:
        for (unsigned fault = 0; fault < SIM_FAULTS; fault++) {
            if (sim->fault_at_ms[fault] <= sim->now_ms) {
                happen(sim, (enum sim_fault)fault);
                return;
            }
        }
        return;
    default:
        sim_worker_act(sim, actor - ACTOR_WORKER);
        return;
    }
}

/* Whoever is due first; of several, one by chance. */
static unsigned choose_actor(struct sim *sim, uint64_t *at_ms)
{
    unsigned actors = ACTOR_WORKER + sim->settings.worker_count;
    unsigned chosen = 0;
    unsigned ties = 0;
    *at_ms = SIM_NEVER_MS;
    for (unsigned actor = 0; actor < actors; actor++) {
        uint64_t next_ms = actor_next_ms(sim, actor);
        next_ms = next_ms < sim->now_ms ? sim->now_ms : next_ms;
        if (next_ms < *at_ms) {
            *at_ms = next_ms;
            chosen = actor;
            ties = 1;
        } else if (next_ms == *at_ms && dice_below(&sim->dice, ++ties) == 0) {
            chosen = actor;
        }
    }
    return chosen;
}

static void step(struct sim *sim)
{
    uint64_t at_ms = 0;
    unsigned actor = choose_actor(sim, &at_ms);
    sim->step++;
    sim->now_ms = at_ms;
    if (!sim->is_quiet && at_ms >= SIM_START_MS + sim->settings.faults_end_ms) {
        become_quiet(sim);
        return;
    }
    actor_act(sim, actor);
    sim_check(sim, dice_below(&sim->dice, THOROUGH_STEPS) == 0);
}

static bool all_have_ended(const struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        if (!sim->journal.campaigns[c].is_ended) {
            return false;
        }
    }
    return true;
}

static bool is_idle(const struct sim *sim)
{
    bool is_idle = sim_coordinator_is_idle(&sim->coordinator) && sim->receipts.said == NULL &&
                   sim_receipts_next_ms(&sim->receipts) == SIM_NEVER_MS;
    for (unsigned w = 0; w < sim->settings.worker_count; w++) {
        is_idle = is_idle && sim_worker_is_idle(&sim->workers[w]);
    }
    return is_idle;
}

static void play_until_end(struct sim *sim)
{
    uint64_t last_ms = SIM_START_MS + sim->settings.faults_end_ms + QUIET_MAX_MS;
    while (!sim->is_quiet || !all_have_ended(sim)) {
        step(sim);
        if (sim->step > STEPS_MAX || sim->now_ms > last_ms) {
            sim_fail(sim, "it does not come to an end");
        }
    }
    uint64_t took_ms = sim->now_ms - SIM_START_MS - sim->settings.faults_end_ms;
    if (took_ms > sim->totals->slowest_ms) {
        sim->totals->slowest_ms = took_ms;
        sim->totals->slowest_seed = sim->settings.seed;
    }
    uint64_t linger_ms = sim->now_ms + LINGER_HEARTBEATS * (uint64_t)sim->settings.heartbeat_ms;
    while (!is_idle(sim)) {
        step(sim);
        if (sim->now_ms > linger_ms) {
            sim_fail(sim, "all is over, but something is still in hand");
        }
    }
}

static void report_damage(void *arg, const char *what)
{
    sim_fail(arg, "the ledger is damaged: %s", what);
}

static void check_ledger(struct sim *sim)
{
    struct ledger_check check = {0};
    if (ledger_check(sim->coordinator.ledger, report_damage, sim, &check) != ERR_OK) {
        sim_fail(sim, "the ledger cannot be read");
    }
    if (check.records != sim->journal.recno) {
        sim_fail(sim, "the ledger has %" PRIu64 " records instead of %" PRIu64, check.records,
                 sim->journal.recno);
    }
}

void sim_play(uint64_t seed, bool is_verbose, struct sim_totals *totals)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    sim_settings_draw(&sim->settings, seed);
    sim->dice.state = seed;
    sim->retry_dice.state = seed * 15487469 + 12;
    sim->is_verbose = is_verbose;
    sim->now_ms = SIM_START_MS;
    sim->totals = totals;
    playing = sim;
    (void)signal(SIGABRT, on_abort);
    if (is_verbose) {
        sim_settings_print(&sim->settings);
    }
    sim_coordinator_init(sim);
    sim_journal_init(sim);
    sim_client_init(sim);
    sim_people_init(sim);
    for (unsigned worker = 0; worker < sim->settings.worker_count; worker++) {
        sim_worker_init(sim, worker);
    }
    for (unsigned fault = 0; fault < SIM_FAULTS; fault++) {
        plan_fault(sim, (enum sim_fault)fault);
    }
    play_until_end(sim);
    sim_check(sim, true);
    sim_journal_check_end(sim);
    check_ledger(sim);
    totals->steps += sim->step;
    for (unsigned worker = 0; worker < sim->settings.worker_count; worker++) {
        sim_worker_release(&sim->workers[worker]);
    }
    sim_coordinator_release(&sim->coordinator);
    sim_net_release(&sim->net);
    sim_journal_release(&sim->journal);
    sim_people_release(&sim->people);
    sim_receipts_release(sim);
    sim_suppress_release(sim);
    playing = NULL;
    free(sim);
}
