/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_coordinator: a coordinator's process: the real rooms, wired as coordinator.c wires them, over
 * a disk that survives it.
 */
#ifndef TOCSIN_TESTS_SIM_COORDINATOR_H
#define TOCSIN_TESTS_SIM_COORDINATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/engine.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/turn.h"
#include "coordinator/link/link.h"
#include "coordinator/report/provider_days.h"
#include "coordinator/report/provider_lost.h"

struct sim;

/* A changelog before the changelog: it keeps what it passes on, to know what became durable. */
struct sim_log {
    struct changelog changelog;
    struct sim *sim;
    struct changelog *mem;
    struct buf *records; /* encoded, oldest first */
    size_t count;
};

struct sim_coordinator {
    struct store *store; /* the disk */
    uint8_t token_key[HASH_KEY_BYTES];
    bool is_up;
    uint64_t missing; /* providers that this life is not told of, by id */
    int64_t skew_ms;
    uint64_t set_back_ms; /* the machine's clock, since this life began */
    bool is_dying;        /* what it sends now is lost with it */
    uint64_t up_at_ms;
    uint64_t began_ms; /* this life */
    uint64_t frozen_until_ms;
    uint64_t turn_at_ms;
    uint64_t commit_at_ms;
    struct ledger *ledger;
    struct engine *engine;
    struct turn *turn;
    struct link *link;
    struct sim_log log;
    struct provider_days days; /* sim_days.c */
    struct provider_lost lost;
    uint64_t epoch;
    unsigned turns;
};

/* Makes the disk, with its audiences, and plans the first start. */
void sim_coordinator_init(struct sim *sim);
void sim_coordinator_release(struct sim_coordinator *coordinator);
uint64_t sim_coordinator_next_ms(const struct sim_coordinator *coordinator);
void sim_coordinator_act(struct sim *sim);
void sim_coordinator_take(struct sim *sim, unsigned worker, struct slice frame,
                          struct slice payload);
/* After a call of the engine from outside. */
void sim_coordinator_changed(struct sim *sim);
/* Its clock jumps. */
void sim_coordinator_set_clock(struct sim *sim);
void sim_coordinator_crash(struct sim *sim, uint32_t down_ms);
/* An engine from what is on the disk. */
struct engine *sim_coordinator_replay(struct sim *sim, struct ledger *ledger, uint64_t epoch);
/* Nothing on its way to the disk. */
bool sim_coordinator_is_durable(const struct sim_coordinator *coordinator);
/* Nothing leased, nothing on its way to the disk. */
bool sim_coordinator_is_idle(const struct sim_coordinator *coordinator);

#endif
