/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: a whole cluster in one process: the real engine, turn, ledger, link and worker cores, under
 * a network, clocks, disks and providers that are made of dice.
 *
 * One thing happens at a time, at `now_ms`; what happens next is what is due first. After each step
 * the promises are checked. The same seed plays the same.
 *
 *   sim_coordinator  engine, turn, changelog, ledger, link     sim_net        messages on their way
 *   sim_worker       delivery                                  sim_provider   what was really sent
 *   sim_client       the operator's commands                   sim_people     who acknowledges
 *   sim_receipts     what providers say later                  sim_retry      further rounds
 *
 * What is durable is kept beside it (sim_journal), and judged: by what became of each attempt
 * (sim_attempt), by what the plan allows on a step (sim_plan) and from step to step (sim_ladder),
 * by how everybody ended (sim_ending), by what campaigns do by themselves (sim_control), by the
 * providers' limits (sim_limits) and quotas (sim_days), by people's quiet hours (sim_quiet),
 * frequency caps (sim_cap) and suppressions (sim_suppress), and before anything leaves (sim_sent).
 */
#ifndef TOCSIN_TESTS_SIM_SIM_H
#define TOCSIN_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "tests/dice.h"
#include "tests/sim/sim_attempt.h"
#include "tests/sim/sim_cap.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_control.h"
#include "tests/sim/sim_coordinator.h"
#include "tests/sim/sim_days.h"
#include "tests/sim/sim_ending.h"
#include "tests/sim/sim_health.h"
#include "tests/sim/sim_journal.h"
#include "tests/sim/sim_ladder.h"
#include "tests/sim/sim_limits.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_people.h"
#include "tests/sim/sim_provider.h"
#include "tests/sim/sim_quiet.h"
#include "tests/sim/sim_receipts.h"
#include "tests/sim/sim_retry.h"
#include "tests/sim/sim_settings.h"
#include "tests/sim/sim_suppress.h"
#include "tests/sim/sim_worker.h"

#define SIM_START_MS UINT64_C(1700000000000)
#define SIM_NEVER_MS UINT64_MAX

enum sim_fault {
    SIM_COORDINATOR_CRASHES,
    SIM_COORDINATOR_FREEZES,
    SIM_CLOCK_JUMPS,
    SIM_WORKER_CRASHES,
    SIM_WORKER_FREEZES,
    SIM_WORKER_DRAINS,
    SIM_LINK_BREAKS,
    SIM_WORKER_CLOCKS,
    SIM_FAULTS
};

/* What was played, for the summary: a simulation in which nothing happens proves nothing. */
struct sim_totals {
    uint64_t steps;
    uint64_t starts;
    uint64_t duplicates; /* accepted more than once by a provider, each marked in the journal */
    uint64_t marks;      /* recipients' events `repeated` and `held` */
    uint64_t records;
    uint64_t replays; /* digests compared */
    uint64_t faults[SIM_FAULTS];
    uint64_t lost;
    uint64_t slowest_ms; /* from the last fault to the end */
    uint64_t slowest_seed;
    uint64_t most_under_way; /* starts that were the last that a provider's concurrency allows */
    double overshoot_s;      /* how far starts ran ahead of a provider's rate */
    uint64_t overshoot_seed;
    uint64_t finished;
    uint64_t cancelled;
    uint64_t by_state[DELIVERY_STATES]; /* of recipients at the end */
    uint64_t acknowledged_as[DELIVERY_STATES];
    uint64_t acknowledged_in[CAMPAIGN_STATES]; /* whether it was heard or not */
    uint64_t pairs;                            /* recipients times pairs that they came to */
    uint64_t acknowledged_late;                /* after the end, heard */
    uint64_t starts_after;                     /* of leases made before he acknowledged */
    uint64_t recalls;                          /* that a worker heard of */
    uint64_t recalled;                         /* reported not to have been started for that */
    uint64_t by_step[SIM_STEPS_MAX];
    struct sim_control_totals control;
    struct sim_receipt_totals receipts;
    uint64_t limit_changes;
    uint64_t own_rate_leases; /* of campaigns with a rate of their own */
    uint64_t lost_recalls;    /* of whom a lease was given up, as he acknowledged */
    uint64_t overtakes;       /* runs in which leases of several priorities were made */
    struct sim_retry_totals retry;
    struct sim_day_totals days;
    uint64_t quiet_leases; /* made between quiet hours */
    uint64_t quiet_provider_leases;
    uint64_t capped;          /* suppressed for a frequency cap */
    uint64_t suppressions[3]; /* asked for: of all, of a channel, of an endpoint */
    uint64_t suppressed_as[DELIVERY_STATES];
    uint64_t bars;              /* durable */
    uint64_t suppressed_unsent; /* before anything was sent */
    uint64_t starts_barred;     /* of leases made before the bar */
    struct sim_health_totals health;
    uint64_t holds;     /* seen by a thorough check: due, and asleep; */
    uint64_t due_now;   /* a campaign of which somebody could be sent to, */
    uint64_t due_later; /* and one that sends, and of which nobody could */
};

struct sim {
    struct sim_settings settings;
    struct dice dice;
    bool is_verbose;
    uint64_t now_ms;
    uint64_t step;
    bool is_quiet; /* the faults are over */
    uint64_t fault_at_ms[SIM_FAULTS];
    struct sim_net net;
    struct sim_coordinator coordinator;
    struct sim_health health;
    struct sim_worker workers[SIM_WORKERS_MAX];
    struct sim_provider providers[SIM_PROVIDERS_MAX];
    struct sim_journal journal;
    struct sim_client client;
    struct sim_people people;
    struct sim_receipts receipts;
    struct sim_limits limits[SIM_PROVIDERS_MAX];
    struct sim_wish *wishes; /* suppressions that are not answered */
    struct sim_control control[SIM_CAMPAIGNS_MAX];
    struct sim_retry retries[SIM_CAMPAIGNS_MAX];
    struct dice retry_dice; /* its own: what is not retried plays as if there were no retries */
    struct sim_totals *totals;
};

/* Plays a seed to its end. A broken promise ends the process, with how to see it again. */
void sim_play(uint64_t seed, bool is_verbose, struct sim_totals *totals);

/* Only shown when verbose. */
void sim_trace(const struct sim *sim, const char *format, ...) PRINTF_LIKE(2, 3);
_Noreturn void sim_fail(const struct sim *sim, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
