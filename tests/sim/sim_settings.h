/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_settings: what one seed plays: the cluster, its campaigns and everything that may go wrong.
 * Chances are per mille; a time of 0 means never.
 */
#ifndef TOCSIN_TESTS_SIM_SETTINGS_H
#define TOCSIN_TESTS_SIM_SETTINGS_H

#include "coordinator/engine/engine.h"
#include "proto/page.h"
#include "tests/dice.h"

#define SIM_WORKERS_MAX   4
#define SIM_CAMPAIGNS_MAX 3
#define SIM_PROVIDERS_MAX 4
#define SIM_WRITTEN_MAX   4 /* steps of a plan as it is written */
#define SIM_STEPS_MAX     PLAN_RUNGS_MAX
#define SIM_RANKS_MAX     3

struct sim_provider_settings {
    struct provider_def def;
    uint32_t concurrency;
    uint32_t bulk;        /* recipients that a request takes; 0: one */
    uint32_t gathers_max; /* recipients gathered together at most; 0: no matter */
    bool answers_at_once; /* from within start */
    uint32_t latency_max_ms;
    /* Of a start in a bad phase; what is left is accepted. */
    uint32_t deferred_chance;
    uint32_t throttled_chance;
    uint32_t rejected_chance;
    uint32_t uncertain_chance;
    uint32_t misconfigured_chance;
    uint32_t unconnected_chance;
    uint32_t retry_after_max_ms;
    uint32_t phase_max_ms; /* good and bad phases alternate */
    uint32_t receipt_chance;
    uint32_t receipt_delay_max_ms;
    uint32_t bounced_chance; /* of what was taken */
    bool has_quiet_hours;
    uint32_t day_ms; /* how long a day of its quota is */
};

struct sim_campaign_settings {
    struct campaign_def def;
    unsigned ranks[PAGE_FIELDS]; /* endpoints of a kind that a recipient has at most */
    uint32_t hole_chance;
    uint32_t no_endpoint_chance;
    uint32_t no_variable_chance;
    uint64_t create_at_ms;
    uint64_t launch_at_ms;
    uint32_t command_every_ms; /* pauses, resumes */
    uint64_t cancel_at_ms;     /* 0: never */
    unsigned retries_most;     /* rounds that are asked for after the first */
    uint32_t suppress_chance;  /* each time that somebody looks */
    uint32_t suppress_most;    /* at once */
    unsigned zones;            /* of its recipients, each with quiet hours of its own */
};

struct sim_settings {
    uint64_t seed;
    uint32_t heartbeat_ms;
    uint32_t lease_ms;
    uint32_t snapshot_blocks;
    unsigned provider_count;
    struct sim_provider_settings providers[SIM_PROVIDERS_MAX];
    unsigned campaign_count;
    struct sim_campaign_settings campaigns[SIM_CAMPAIGNS_MAX];

    uint32_t quiet_margin_ms;
    uint32_t down_grace_ms;
    uint32_t round_pages;          /* that a further round takes in at once */
    uint32_t limit_change_chance;  /* each time that the operator looks */
    uint32_t acknowledge_every_ms; /* mean time between acknowledgements */
    uint32_t acknowledge_most;     /* at once */

    unsigned worker_count;
    uint32_t credit_min;
    uint32_t credit_max;
    uint32_t outbox_max_bytes;
    uint32_t skew_max_ms; /* a worker's clock is off by at most so much */
    bool mends_clocks;    /* when the faults are over: who is ahead by a night sends nobody */
    uint32_t open_failed_chance; /* a worker's life in which a provider cannot be opened */

    /* The network. Within a connection messages keep their order and none is lost, unless it is
     * hostile: then each is on its own. */
    bool is_hostile;
    uint32_t delay_max_ms;
    uint32_t loss_chance;
    uint32_t duplicate_chance;
    uint32_t full_chance; /* send says that the queue is full */

    uint32_t commit_max_ms; /* how long a write of the changelog takes */
    uint32_t commit_stall_chance;
    uint32_t commit_fail_chance;

    /* Mean times between faults. */
    uint32_t coordinator_crash_ms;
    uint32_t coordinator_freeze_ms;
    uint32_t worker_crash_ms;
    uint32_t worker_freeze_ms;
    uint32_t worker_drain_ms;
    uint32_t link_break_ms;
    uint32_t worker_clock_ms; /* the clock of a worker's machine is set, by up to an hour */
    uint32_t clock_jump_ms;   /* the coordinator's clock is set */
    uint32_t clock_jump_max_ms;
    bool clock_jumps_back;
    bool sets_wall_clock;             /* by up to an hour; see sim_control.h */
    uint32_t provider_missing_chance; /* a life of the coordinator in which one is not configured */
    uint32_t down_max_ms;             /* how long what crashed or broke stays so */
    uint64_t faults_end_ms;
};

/* What a channel's endpoints are. */
enum page_field sim_settings_field(enum channel_kind channel);
void sim_settings_draw(struct sim_settings *settings, uint64_t seed);
/* One line, for a failed seed. */
void sim_settings_print(const struct sim_settings *settings);

#endif
