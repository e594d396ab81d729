/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bitmap: 1,024 bits, one for each place in a page. A value of 128 bytes; header only. On the wire
 * and on disk: 16 little-endian 64-bit words, bit i of word w is place 64 w + i.
 */
#ifndef TOCSIN_COMMON_BITMAP_H
#define TOCSIN_COMMON_BITMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BITMAP_BITS  1024
#define BITMAP_WORDS 16
#define BITMAP_BYTES 128

struct bitmap {
    uint64_t words[BITMAP_WORDS];
};

static inline void bitmap_clear_all(struct bitmap *map)
{
    memset(map, 0, sizeof(*map));
}

static inline void bitmap_set(struct bitmap *map, unsigned bit)
{
    map->words[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

static inline void bitmap_clear(struct bitmap *map, unsigned bit)
{
    map->words[bit >> 6] &= ~(UINT64_C(1) << (bit & 63));
}

static inline bool bitmap_has(const struct bitmap *map, unsigned bit)
{
    return (map->words[bit >> 6] >> (bit & 63)) & 1;
}

/* Sets the first `count` bits and clears the rest. */
static inline void bitmap_fill(struct bitmap *map, unsigned count)
{
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        unsigned from = w * 64;
        map->words[w] = count >= from + 64 ? ~UINT64_C(0)
                        : count <= from    ? 0
                                           : (UINT64_C(1) << (count - from)) - 1;
    }
}

static inline unsigned bitmap_count(const struct bitmap *map)
{
    unsigned count = 0;
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        count += (unsigned)__builtin_popcountll(map->words[w]);
    }
    return count;
}

/* The first set bit at `from` or later, or BITMAP_BITS. */
static inline unsigned bitmap_next(const struct bitmap *map, unsigned from)
{
    for (unsigned w = from >> 6; w < BITMAP_WORDS; w++) {
        uint64_t word = map->words[w];
        if (w == from >> 6) {
            word &= ~UINT64_C(0) << (from & 63);
        }
        if (word != 0) {
            return w * 64 + (unsigned)__builtin_ctzll(word);
        }
    }
    return BITMAP_BITS;
}

#endif
