/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: keyed and plain hashes, thin over libsodium. sodium_init() has been called by main.
 */
#ifndef TOCSIN_COMMON_HASH_H
#define TOCSIN_COMMON_HASH_H

#include <stdint.h>

#include "common/slice.h"

#define HASH_KEY_BYTES        16
#define HASH_DIGEST_BYTES     32
#define HASH_STREAM_KEY_BYTES 32

/* SipHash-2-4 with 128 bits of output (J.-P. Aumasson, D. J. Bernstein, "SipHash", 2012). */
struct hash128 {
    uint64_t low;
    uint64_t high;
};
struct hash128 hash_keyed128(const uint8_t key[HASH_KEY_BYTES], struct slice slice);
/* SipHash-2-4, 64 bits of output. */
uint64_t hash_keyed64(const uint8_t key[HASH_KEY_BYTES], struct slice slice);
/* Bytes of the ChaCha20 stream (D. J. Bernstein, 2008: a nonce of 64 bits, little-endian) from its
 * beginning on. */
void hash_stream(uint8_t *bytes, size_t len, const uint8_t key[HASH_STREAM_KEY_BYTES],
                 uint64_t nonce);
/* BLAKE2b-256 (RFC 7693). */
void hash_digest(uint8_t digest[HASH_DIGEST_BYTES], struct slice slice);

#endif
