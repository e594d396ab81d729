/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_worker: a worker's process: the real core with a shell of dice.
 */
#ifndef TOCSIN_TESTS_SIM_WORKER_H
#define TOCSIN_TESTS_SIM_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/bitmap.h"
#include "common/wall_clock.h"
#include "tests/sim/sim_provider.h"
#include "tests/sim/sim_queue.h"
#include "tests/sim/sim_settings.h"
#include "worker/delivery.h"

struct sim;

/* One group of one message of outcomes, until it is confirmed. */
struct sim_report {
    uint64_t seq;
    uint64_t lease;
    unsigned campaign;
    uint32_t page;
    struct bitmap places;
    struct bitmap accepted; /* of these */
    struct sim_report *next;
};

/* What a worker heard of a recipient in this life. */
enum sim_recall {
    SIM_RECALL_NOW = 65535, /* bit s: that he was called back on step s, and no batch of it since */
    SIM_RECALL_EVER = 65536, /* that he was called back */
};

struct sim_worker {
    unsigned index;
    struct sim *sim;
    char name[8];
    struct delivery *delivery; /* NULL while it is down */
    uint64_t instance;
    uint64_t heard_ms;    /* when it last heard of the coordinator, by the simulation's clock */
    uint64_t epoch;       /* the newest it was welcomed to */
    uint64_t welcomed_ms; /* when that was, by the simulation's clock */
    uint64_t joined_ms;   /* its last welcome, also to an epoch that it knew */
    int64_t skew_ms;      /* by which its machine's clock is off */
    struct wall_clock clock;
    uint64_t followed_ms;
    bool fails_to_open;
    bool is_draining;
    bool is_stopped[SIM_CAMPAIGNS_MAX];   /* heard that it is paused or cancelled, and of no batch
                                             since */
    uint32_t *recalls[SIM_CAMPAIGNS_MAX]; /* of each recipient: enum sim_recall, NULL: of none */
    uint32_t in_flight[WIRE_PROVIDERS_MAX];
    uint32_t gathered[WIRE_PROVIDERS_MAX];      /* started and not yet sent */
    uint64_t held_until_ms[WIRE_PROVIDERS_MAX]; /* the provider asked it to wait */
    uint64_t up_at_ms;
    uint64_t frozen_until_ms;
    uint64_t run_at_ms;
    struct sim_queue answers;
    uint64_t last_seq;
    struct sim_report *reports;
    struct arena arena;
    struct buf frame;
};

void sim_worker_init(struct sim *sim, unsigned index);
void sim_worker_release(struct sim_worker *worker);
/* When something is due in it. */
uint64_t sim_worker_next_ms(const struct sim_worker *worker);
/* Does what is due. */
void sim_worker_act(struct sim *sim, unsigned index);
void sim_worker_take(struct sim *sim, unsigned index, struct slice frame, struct slice payload);
void sim_worker_answer(struct sim *sim, unsigned index, const struct sim_answer *answer);
void sim_worker_crash(struct sim *sim, unsigned index, uint32_t down_ms);
void sim_worker_drain(struct sim *sim, unsigned index);
/* Its machine's clock is set, by up to an hour. */
void sim_worker_set_clock(struct sim *sim, unsigned index);
/* Somebody has seen to the clocks: where one was off the worker begins anew. */
void sim_worker_mend_clock(struct sim *sim, unsigned index);
/* The time as it knows it. */
uint64_t sim_worker_clock_ms(const struct sim_worker *worker);
/* The coordinator says that this message of outcomes is durable: it must be. */
void sim_worker_check_durable(struct sim *sim, unsigned index, uint64_t instance, uint64_t seq);
/* Nothing in hand, nothing to be confirmed. */
bool sim_worker_is_idle(const struct sim_worker *worker);

#endif
