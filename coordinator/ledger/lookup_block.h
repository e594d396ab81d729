/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookup_block: some 1,024 entries (hash of a recipient's key, ordinal), ascending, as one value.
 *
 * Layout (version 1):
 *     u8 version = 1 · varint count (1..1024) · u64 hash of the first entry (little-endian)
 *     each entry: varint hash - hash of the entry before (0 for the first) · varint ordinal
 *
 * About 10 bytes an entry at ten million recipients. Entries are strictly ascending by (hash,
 * ordinal); equal hashes may go on in the next block.
 *
 * To change the format: (1) raise LOOKUP_BLOCK_VERSION, (2) keep reading the versions before, (3)
 * add a block of the old version to the corpus of fuzz_lookup_block.
 */
#ifndef TOCSIN_LEDGER_LOOKUP_BLOCK_H
#define TOCSIN_LEDGER_LOOKUP_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

#define LOOKUP_BLOCK_VERSION 1
#define LOOKUP_BLOCK_ENTRIES 1024

/* A block while it is built. Zeroed memory is an empty one. */
struct lookup_block {
    unsigned count;
    uint64_t first_hash;
    uint64_t last_hash;
    uint32_t last_ordinal;
    struct buf entries;
};

void lookup_block_release(struct lookup_block *block);
void lookup_block_clear(struct lookup_block *block);
static inline bool lookup_block_is_full(const struct lookup_block *block)
{
    return block->count == LOOKUP_BLOCK_ENTRIES;
}
/* Behind the entry before (asserted), into a block that is not full. */
void lookup_block_add(struct lookup_block *block, uint64_t hash, uint32_t ordinal);
/* Appends the stored value of a block that is not empty. */
void lookup_block_seal(const struct lookup_block *block, struct buf *buf);

/* A block while it is read. */
struct lookup_block_view {
    struct reader reader;
    unsigned left;
    bool bad; /* the bytes are no block, or end early */
    uint64_t hash;
    uint32_t ordinal;
    bool is_first;
};

/* False and `bad` if the head is not one of a block. */
bool lookup_block_open(struct lookup_block_view *view, struct slice bytes);
/* Reads the next entry into hash and ordinal; false at the end or when `bad`. */
bool lookup_block_next(struct lookup_block_view *view);

#endif
