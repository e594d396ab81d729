/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dice: numbers that look random and are the same for the same seed (splitmix64, S. Vigna), for
 * tests that must be replayed. Header only.
 */
#ifndef TOCSIN_TESTS_DICE_H
#define TOCSIN_TESTS_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice)
{
    uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0..sides-1; 0 if there are no sides. */
static inline uint32_t dice_below(struct dice *dice, uint32_t sides)
{
    return sides == 0 ? 0 : (uint32_t)(dice_roll(dice) % sides);
}

/* least..most, both included. */
static inline uint32_t dice_between(struct dice *dice, uint32_t least, uint32_t most)
{
    return least + dice_below(dice, most - least + 1);
}

static inline bool dice_chance(struct dice *dice, uint32_t per_mille)
{
    return dice_below(dice, 1000) < per_mille;
}

#endif
