/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_plan: what a campaign's plan allows on a step, followed for each recipient through the
 * journal: how often, by which provider, at which endpoint, when, for how long, and whether an
 * uncertain attempt is repeated. It counts for itself what the engine's fold counts, too.
 */
#ifndef TOCSIN_TESTS_SIM_PLAN_H
#define TOCSIN_TESTS_SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"

struct sim;

struct sim_course {
    uint64_t lease; /* the last one */
    uint8_t leased_step;
    uint64_t leased_ms;
    uint64_t sent_ms;  /* when it left last, by the engine's clock */
    uint64_t ended_ms; /* when it became durable that it is over, by the simulation's clock */
    bool is_of_past;   /* of an earlier round than he is in */
    bool is_lost;      /* with its worker, as far as the coordinator knows */
    uint64_t lost_in;  /* the life of the coordinator that gave one of them up last; 0: none */
    bool was_lost;     /* any of them was: its batch may still lie with its worker */
    bool is_recalled; /* it is over for what was heard of him: its worker does not know by itself */
    uint64_t due_ms;
    /* On this step. */
    uint64_t waited_ms; /* for trouble */
    uint32_t waits;
    uint32_t endpoint;
};

/* An event is about to be applied to a recipient in this state. */
void sim_plan_on_event(const struct sim *sim, unsigned campaign, uint32_t ordinal,
                       const struct recipient_state *state, const struct event *event);

/* A provider sees a start. A worker that was given up knows by itself when. */
void sim_plan_check_start(const struct sim *sim, unsigned worker, unsigned campaign,
                          uint32_t ordinal, unsigned step);

#endif
