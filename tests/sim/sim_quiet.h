/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_quiet: quiet hours of seconds. Each zone has its own, over and over; which zone a recipient
 * is in follows from the seed and his ordinal. Nobody is leased on a quiet channel within them, or
 * so shortly before that his batch may still lie with the worker, and no batch leaves for him. Some
 * providers have such hours, too.
 */
#ifndef TOCSIN_TESTS_SIM_QUIET_H
#define TOCSIN_TESTS_SIM_QUIET_H

#include <stdint.h>

#include "coordinator/engine/engine.h"
#include "coordinator/engine/event.h"

struct sim;

struct quiet_source sim_quiet_source(struct sim *sim);
/* Is he in his quiet hours, or so shortly before that he is leased nothing? */
bool sim_quiet_holds(const struct sim *sim, unsigned campaign, uint32_t ordinal, unsigned step,
                     uint64_t at_ms);
/* A lease that became durable. */
void sim_quiet_check_lease(struct sim *sim, unsigned campaign, uint32_t ordinal,
                           const struct event *event);
/* A batch leaves, by the coordinator's clock; if that was set back, by where it stands still. */
void sim_quiet_check_sent(const struct sim *sim, unsigned campaign, uint32_t ordinal,
                          unsigned step);
/* A worker starts an attempt: by its own clock neither he nor the provider has fallen asleep since
 * his batch left last. */
void sim_quiet_check_start(const struct sim *sim, unsigned worker, unsigned campaign,
                           uint32_t ordinal, unsigned step, uint8_t provider);
/* As the coordinator does before the engine runs. */
void sim_quiet_tell_providers(struct sim *sim);
/* A batch of the provider leaves. */
void sim_quiet_check_batch(struct sim *sim, uint8_t provider);

#endif
