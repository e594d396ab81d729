/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_plan: what a campaign's plan allows, followed for each recipient through the journal: how
 * often, at which endpoint, when, for how long, and whether an uncertain attempt is repeated. It
 * counts for itself what the engine's fold counts, too.
 */
#ifndef TOCSIN_TESTS_SIM_PLAN_H
#define TOCSIN_TESTS_SIM_PLAN_H

#include <stdint.h>

#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"

struct sim;

struct sim_recipient {
    uint64_t lease; /* the last one */
    uint64_t leased_ms;
    uint64_t ended_ms; /* when it became durable that it is over, by the simulation's clock */
    uint64_t due_ms;
    uint64_t waited_ms; /* for trouble */
    uint32_t waits;
    uint32_t endpoint;
};

/* An event is about to be applied to a recipient in this state. */
void sim_plan_check(const struct sim *sim, unsigned campaign, uint32_t ordinal,
                    const struct recipient_state *state, const struct event *event);

/* A provider sees a start. A worker that was given up knows by itself when. */
void sim_plan_check_start(const struct sim *sim, unsigned campaign, uint32_t ordinal);

#endif
