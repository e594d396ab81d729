/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_check: what must be true of the engine after each step, whatever happened.
 */
#ifndef TOCSIN_TESTS_SIM_CHECK_H
#define TOCSIN_TESTS_SIM_CHECK_H

#include <stdbool.h>

struct sim;

/* Counts add up; now and then, that they are those of the recipients, and that timers know of all
 * who wait; and, when everything is durable, that the journal alone leads to the same state. */
void sim_check(struct sim *sim, bool is_thorough);

#endif
