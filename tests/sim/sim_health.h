/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_health: what must hold of the shares of providers, whatever happens to them: those of a
 * channel add up, none is nothing, each moves ten points at a time and not too soon after the last
 * time, and nobody is owed more than he could have had.
 */
#ifndef TOCSIN_TESTS_SIM_HEALTH_H
#define TOCSIN_TESTS_SIM_HEALTH_H

#include <stdint.h>

#include "proto/wire.h"

struct sim;

/* As they were when they were looked at last, in the same life of the coordinator. */
struct sim_health {
    uint64_t began_ms; /* the coordinator's life: two of them may have one epoch */
    double lowered[WIRE_PROVIDERS_MAX];
    uint64_t moved_ms[WIRE_PROVIDERS_MAX]; /* by the engine's clock */
};

struct sim_health_totals {
    uint64_t backs; /* of these, who went back as nothing else could be sent to him */
    uint64_t downs; /* who climbed because no provider of his step could be used */
    uint64_t lowered;
    uint64_t raised;
};

/* After each step. */
void sim_health_check(struct sim *sim);
void sim_health_print(const struct sim_health_totals *totals);

#endif
