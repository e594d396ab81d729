/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_ending: did everybody end as his plan and what happened to him allow? A part of the
 * invariants (sim.h).
 */
#ifndef TOCSIN_TESTS_SIM_SIM_ENDING_H
#define TOCSIN_TESTS_SIM_SIM_ENDING_H

#include <stdint.h>

struct sim;

/* The campaign has ended: so has everybody's ladder. */
void sim_ending_check_campaign(struct sim *sim, unsigned campaign);
/* Everything has ended: each ended as the plan says. */
void sim_ending_check(struct sim *sim, unsigned campaign, uint32_t ordinal);

#endif
