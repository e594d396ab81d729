/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_check: what must be true of the engine after each step, whatever happened.
 */
#ifndef TOCSIN_TESTS_SIM_CHECK_H
#define TOCSIN_TESTS_SIM_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct sim;

/* Counts add up; now and then, that they are those of the recipients, and that timers know of all
 * who wait; and, when everything is durable, that the journal alone leads to the same state. */
void sim_check(struct sim *sim, bool is_thorough);
/* The engine has run: what it leased since this lease, it leased to the most urgent first. */
void sim_check_priorities(struct sim *sim, uint64_t last_lease);

#endif
