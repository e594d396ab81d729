/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merkle: one digest over a list of digests, of which any one can be shown to be in it, at its
 * place, without the others. The tree of RFC 6962, section 2.1, with BLAKE2b-256 in place of
 * SHA-256 and digests as its leaves:
 *     leaf   H(0x00 · digest)
 *     node   H(0x01 · left · right), split at the largest power of two below the count
 * The root of an empty list is H of nothing.
 */
#ifndef TOCSIN_COMMON_MERKLE_H
#define TOCSIN_COMMON_MERKLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/hash.h"

/* A tree that grows, in the memory of its depth. Zeroed memory is an empty one. A value. */
struct merkle {
    uint64_t count;
    uint8_t nodes[64][HASH_DIGEST_BYTES]; /* by bit of the count: the root of so many leaves */
};

void merkle_add(struct merkle *tree, const uint8_t digest[HASH_DIGEST_BYTES]);
void merkle_root(const struct merkle *tree, uint8_t root[HASH_DIGEST_BYTES]);

/* Appends the path of leaf `at` (below count) to `path`: the digests beside it, from below. */
void merkle_path(const uint8_t *digests, uint64_t count, uint64_t at, struct buf *path);
/* Is `digest` the leaf `at` of `count` under this root? */
bool merkle_is_in(const uint8_t digest[HASH_DIGEST_BYTES], uint64_t at, uint64_t count,
                  struct slice path, const uint8_t root[HASH_DIGEST_BYTES]);

#endif
