/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_cap: frequency caps. Some campaigns have one: then somebody finds out, after a while and page
 * by page, who had enough, and may look once more later. Nobody is leased before the screening is
 * done, and whoever is suppressed for the cap was sent nothing.
 */
#ifndef TOCSIN_TESTS_SIM_CAP_H
#define TOCSIN_TESTS_SIM_CAP_H

#include <stdint.h>

#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"

struct sim;

/* Whoever screens the campaign looks at it. */
void sim_cap_act(struct sim *sim, unsigned campaign);
/* A recipient's event that became durable and is about to be applied to his state. */
void sim_cap_on_event(struct sim *sim, unsigned campaign, uint32_t ordinal,
                      const struct recipient_state *state, const struct event *event);

#endif
