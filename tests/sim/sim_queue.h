/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_queue: things that happen later, the earliest first; of one time, in the order in which they
 * came. A binary heap of pointers. The queue owns what is in it until it is taken.
 */
#ifndef TOCSIN_TESTS_SIM_QUEUE_H
#define TOCSIN_TESTS_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_later {
    uint64_t at_ms;
    uint64_t order;
    void *thing; /* from mem_alloc */
};

struct sim_queue {
    struct sim_later *heap;
    size_t count;
    size_t cap;
    uint64_t last_order;
};

void sim_queue_release(struct sim_queue *queue);
void sim_queue_put(struct sim_queue *queue, uint64_t at_ms, void *take_thing);
/* UINT64_MAX if it is empty. */
uint64_t sim_queue_next_ms(const struct sim_queue *queue);
/* The first, which stays in the queue; there is one. */
const void *sim_queue_first(const struct sim_queue *queue);
/* The first happens at a later time instead, and keeps its place among those of that time. */
void sim_queue_delay_first(struct sim_queue *queue, uint64_t at_ms);
/* The first, which is the caller's from now on; there is one. */
void *sim_queue_take(struct sim_queue *queue);

#endif
