/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flight: the attempts under way. Each has a number that the channel gives back with the result:
 * the index of its slot, and the slot's generation, so that a number which was used up is
 * recognised.
 */
#ifndef TOCSIN_WORKER_FLIGHT_H
#define TOCSIN_WORKER_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

struct batch;

#define FLIGHT_INDEX_BITS 20
#define FLIGHT_MAX        (1U << FLIGHT_INDEX_BITS)

struct flight_slot {
    struct batch *batch; /* NULL: free */
    uint16_t place;
    uint16_t generation; /* of the bits that the index leaves */
    uint32_t next_free;
    uint64_t started_ms;
};

/* Zeroed memory is empty. */
struct flight {
    struct flight_slot *slots;
    uint32_t cap;
    uint32_t count;      /* under way */
    uint32_t first_free; /* cap when there is none */
};

void flight_release(struct flight *flight);
static inline bool flight_has_room(const struct flight *flight)
{
    return flight->count < FLIGHT_MAX;
}
/* There is room. */
uint32_t flight_begin(struct flight *flight, struct batch *batch, unsigned place, uint64_t now_ms);
/* False: no such attempt is under way (any more). */
bool flight_end(struct flight *flight, uint32_t number, struct batch **batch, unsigned *place,
                uint64_t *started_ms);

#endif
