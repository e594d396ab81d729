/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_limits: what was leased of a provider, against its rate and its wish to be left alone.
 */
#ifndef TOCSIN_TESTS_SIM_LIMITS_H
#define TOCSIN_TESTS_SIM_LIMITS_H

#include <stdint.h>

#include "coordinator/engine/event.h"

struct sim;

/* Of one record: leases, and that a provider throttles. */
struct sim_provider_events {
    struct event *events;
    unsigned count;
};

void sim_limits_gather(struct sim_provider_events *gathered, const struct event_list *list);
/* In the order of time; frees them. */
void sim_limits_judge(struct sim *sim, struct sim_provider_events *gathered, uint64_t epoch);

#endif
