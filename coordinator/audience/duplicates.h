/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duplicates: finds the keys that come more than once among any number of recipients, and brings
 * the others into the order of the lookup index. Memory is flat.
 *
 * A key is known by 96 bits of its keyed hash, never compared: at a billion recipients the odds
 * that any two different keys are taken for one are 1 to 10^11.
 *
 * Not thread-safe; duplicates_resolve starts threads of its own and has joined them when it
 * returns.
 */
#ifndef TOCSIN_AUDIENCE_DUPLICATES_H
#define TOCSIN_AUDIENCE_DUPLICATES_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/hash.h"

struct duplicates;

/* Up to memory_bytes are held in memory (16 bytes a recipient), the rest in a temporary file: see
 * chunk_store.h for dir. */
struct duplicates *duplicates_new(const char *dir, size_t memory_bytes);
void duplicates_free(struct duplicates *duplicates); /* NULL is fine */

/* The next recipients, by the hashes of their keys: ordinals first, first + 1, ...; never below one
 * added before. marks: a byte for each that comes back with a duplicate. ERR_NO_SPACE, ERR_IO. */
enum err duplicates_add(struct duplicates *duplicates, const struct hash128 *hashes,
                        const uint8_t *marks, unsigned count, uint32_t first,
                        struct problem *problem) WARN_UNUSED;

/* One entry: what is known of its key is hash.low and 32 bits of hash.high; of equal hash.low
 * ordinals never descend. */
enum err duplicates_add_one(struct duplicates *duplicates, struct hash128 hash, uint8_t mark,
                            uint32_t ordinal, struct problem *problem) WARN_UNUSED;

struct duplicates_sink {
    /* Each key once, with its lowest ordinal, ascending by (hash.low, ordinal). Called in the
     * thread of duplicates_resolve. Anything but ERR_OK ends it. */
    enum err (*unique)(void *arg, uint64_t hash, uint32_t ordinal);
    /* A recipient whose key came before. In no order, from any thread, one at a time. */
    void (*duplicate)(void *arg, uint32_t ordinal, uint8_t mark);
    void *arg;
};

/* threads: that sort, besides the caller. Once. ERR_NO_SPACE, ERR_IO, or what `unique` returned
 * (then without a text). */
enum err duplicates_resolve(struct duplicates *duplicates, unsigned threads,
                            const struct duplicates_sink *sink,
                            struct problem *problem) WARN_UNUSED;

#endif
