/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recent: a set of numbers that remembers each for some time and then forgets it: leases that are
 * finished, so that a batch which comes once more is not sent once more.
 */
#ifndef TOCSIN_WORKER_RECENT_H
#define TOCSIN_WORKER_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#define RECENT_GENERATIONS 2

/* Open addressing; 0 is an empty place. */
struct recent_generation {
    uint64_t *places;
    uint32_t cap; /* a power of two, or 0 */
    uint32_t count;
};

/* Zeroed memory is an empty set. */
struct recent {
    struct recent_generation generations[RECENT_GENERATIONS];
    unsigned young; /* where recent_add puts */
    uint64_t turned_ms;
};

void recent_release(struct recent *recent);
/* number: not 0. */
void recent_add(struct recent *recent, uint64_t number);
bool recent_has(const struct recent *recent, uint64_t number);
/* Forgets what was added before the last turn but one; does nothing within keep_ms of the last. A
 * number is thus kept for at least keep_ms. */
void recent_turn(struct recent *recent, uint32_t keep_ms, uint64_t now_ms);

#endif
