/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two generations: numbers go into the young one; at a turn the old one is emptied and becomes the
 * young one. Nothing is ever taken out one by one, so that probing needs no gravestones.
 */
#include "worker/recent.h"

#include <string.h>

#include "common/mem.h"

#define RECENT_FIRST_CAP 256

/* Fibonacci hashing spreads numbers that follow each other. */
static uint32_t recent_slot(const struct recent_generation *generation, uint64_t number)
{
    return (uint32_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (generation->cap - 1);
}

static uint64_t *recent_place(const struct recent_generation *generation, uint64_t number)
{
    uint32_t at = recent_slot(generation, number);
    while (generation->places[at] != 0 && generation->places[at] != number) {
        at = (at + 1) & (generation->cap - 1);
    }
    return &generation->places[at];
}

static void recent_grow(struct recent_generation *generation)
{
    struct recent_generation larger = {
        .cap = generation->cap == 0 ? RECENT_FIRST_CAP : generation->cap * 2,
        .count = generation->count,
    };
    larger.places = mem_zalloc(larger.cap, sizeof(*larger.places));
    for (uint32_t i = 0; i < generation->cap; i++) {
        if (generation->places[i] != 0) {
            *recent_place(&larger, generation->places[i]) = generation->places[i];
        }
    }
    mem_free(generation->places);
    *generation = larger;
}

void recent_release(struct recent *recent)
{
    for (unsigned i = 0; i < RECENT_GENERATIONS; i++) {
        mem_free(recent->generations[i].places);
    }
    *recent = (struct recent){0};
}

void recent_add(struct recent *recent, uint64_t number)
{
    struct recent_generation *young = &recent->generations[recent->young];
    if (young->count >= young->cap / 2) {
        recent_grow(young);
    }
    uint64_t *place = recent_place(young, number);
    young->count += *place == 0;
    *place = number;
}

bool recent_has(const struct recent *recent, uint64_t number)
{
    for (unsigned i = 0; i < RECENT_GENERATIONS; i++) {
        const struct recent_generation *generation = &recent->generations[i];
        if (generation->count > 0 && *recent_place(generation, number) == number) {
            return true;
        }
    }
    return false;
}

void recent_turn(struct recent *recent, uint32_t keep_ms, uint64_t now_ms)
{
    if (now_ms < recent->turned_ms + keep_ms) {
        return;
    }
    recent->turned_ms = now_ms;
    recent->young = (recent->young + 1) % RECENT_GENERATIONS;
    struct recent_generation *young = &recent->generations[recent->young];
    if (young->count > 0) {
        memset(young->places, 0, young->cap * sizeof(*young->places));
        young->count = 0;
    }
}
