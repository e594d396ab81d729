/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_sent: nothing may leave the coordinator that is not on the disk, no batch of a campaign that
 * is stopped, and nobody who has acknowledged.
 */
#ifndef TOCSIN_TESTS_SIM_SENT_H
#define TOCSIN_TESTS_SIM_SENT_H

#include "common/slice.h"

struct sim;

void sim_sent_check(struct sim *sim, unsigned worker, struct slice frame, struct slice payload);

/* A record is durable, and what waited for it was sent: whoever acknowledged in it, and may lie
 * with any worker since his lease was given up, was called back from all who are there. */
void sim_sent_check_lost(struct sim *sim);

#endif
