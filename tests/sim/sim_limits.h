/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_limits: what was leased of a provider, against its rate and its wish to be left alone, and of
 * a campaign with a rate of its own. Rates and bursts are changed while campaigns run; a
 * coordinator that begins anew is told again.
 */
#ifndef TOCSIN_TESTS_SIM_LIMITS_H
#define TOCSIN_TESTS_SIM_LIMITS_H

#include <stdint.h>

#include "coordinator/engine/event.h"

struct sim;
struct sim_settings;

#define SIM_CHANGES_MAX 16 /* of a provider's limit */

struct sim_limit {
    uint64_t since_ms; /* by the engine's clock */
    double rate_per_s;
    double burst;
};

/* Of one provider. */
struct sim_limits {
    struct sim_limit changes[SIM_CHANGES_MAX];
    unsigned count;
};

/* Which providers' limits are changed; of their own dice. */
void sim_limits_draw(struct sim_settings *settings);
/* The operator looks. Once the faults are over, every provider has its first limit again. */
void sim_limits_act(struct sim *sim);
/* The coordinator has begun anew. */
void sim_limits_tell(struct sim *sim);
/* The highest rate and burst that the provider with this index has had. */
struct sim_limit sim_limits_highest(const struct sim *sim, unsigned index);

/* Of one record: leases, and that a provider throttles. */
struct sim_provider_events {
    struct event *events;
    unsigned count;
};

void sim_limits_gather(struct sim_provider_events *gathered, const struct event_list *list);
/* In the order of time; frees them. */
void sim_limits_judge(struct sim *sim, struct sim_provider_events *gathered, uint64_t epoch);

/* A worker starts an attempt: no more are under way, over all of them, than the provider takes. */
void sim_limits_check_start(struct sim *sim, uint8_t provider);

#endif
