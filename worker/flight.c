/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/flight.h"

#include <assert.h>

#include "common/mem.h"

#define FLIGHT_FIRST_CAP       64
#define FLIGHT_GENERATION_MASK ((1U << (32 - FLIGHT_INDEX_BITS)) - 1)

void flight_release(struct flight *flight)
{
    mem_free(flight->slots);
    *flight = (struct flight){0};
}

static void flight_grow(struct flight *flight)
{
    uint32_t cap = flight->cap == 0 ? FLIGHT_FIRST_CAP : flight->cap * 2;
    flight->slots = mem_resize(flight->slots, cap, sizeof(*flight->slots));
    for (uint32_t i = flight->cap; i < cap; i++) {
        flight->slots[i] = (struct flight_slot){.next_free = i + 1};
    }
    flight->cap = cap;
}

uint32_t flight_begin(struct flight *flight, struct batch *batch, unsigned place, uint64_t now_ms)
{
    assert(flight_has_room(flight));
    if (flight->first_free == flight->cap) {
        flight_grow(flight);
    }
    uint32_t index = flight->first_free;
    struct flight_slot *slot = &flight->slots[index];
    flight->first_free = slot->next_free;
    flight->count++;
    slot->batch = batch;
    slot->place = (uint16_t)place;
    slot->started_ms = now_ms;
    return (uint32_t)slot->generation << FLIGHT_INDEX_BITS | index;
}

bool flight_end(struct flight *flight, uint32_t number, struct batch **batch, unsigned *place,
                uint64_t *started_ms)
{
    uint32_t index = number & (FLIGHT_MAX - 1);
    if (index >= flight->cap) {
        return false;
    }
    struct flight_slot *slot = &flight->slots[index];
    if (slot->batch == NULL || slot->generation != number >> FLIGHT_INDEX_BITS) {
        return false;
    }
    *batch = slot->batch;
    *place = slot->place;
    *started_ms = slot->started_ms;
    slot->batch = NULL;
    slot->generation = (uint16_t)((slot->generation + 1U) & FLIGHT_GENERATION_MASK);
    slot->next_free = flight->first_free;
    flight->first_free = index;
    flight->count--;
    return true;
}
