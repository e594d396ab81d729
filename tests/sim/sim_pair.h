/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_pair: what holds of the two tracks of a plan with a step with_previous. What an event of one
 * track may be is judged as on any other step (sim_plan, sim_ladder); here it is looked at both,
 * whenever a record has become durable: who stands on a pair stands on both of its steps, nobody
 * goes on from it while one of them may still come to something, and an acknowledgement ends both.
 */
#ifndef TOCSIN_TESTS_SIM_PAIR_H
#define TOCSIN_TESTS_SIM_PAIR_H

#include <stdint.h>

#include "coordinator/engine/delivery_state.h"

struct sim;

/* Where he stands beside the ladder; DELIVERY_NONE: nowhere. */
struct recipient_state sim_pair_side(const struct sim *sim, unsigned campaign, uint32_t ordinal);
void sim_pair_check(struct sim *sim, unsigned campaign);
/* Everything has ended: both messages of a pair were tried. */
void sim_pair_check_end(struct sim *sim, unsigned campaign, uint32_t ordinal);

#endif
