/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hash.h"

#include <sodium.h>

#include "common/buf.h"

_Static_assert(HASH_KEY_BYTES == crypto_shorthash_siphash24_KEYBYTES, "SipHash key");
_Static_assert(HASH_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "SipHash key");
_Static_assert(HASH_STREAM_KEY_BYTES == crypto_stream_chacha20_KEYBYTES, "ChaCha20 key");
_Static_assert(HASH_DIGEST_BYTES == crypto_generichash_blake2b_BYTES, "BLAKE2b-256 digest");

struct hash128 hash_keyed128(const uint8_t key[HASH_KEY_BYTES], struct slice slice)
{
    uint8_t out[crypto_shorthash_siphashx24_BYTES];
    crypto_shorthash_siphashx24(out, slice.data, slice.len, key);
    struct reader reader = reader_of(slice_of(out, sizeof(out)));
    struct hash128 hash;
    hash.low = reader_u64(&reader);
    hash.high = reader_u64(&reader);
    return hash;
}

uint64_t hash_keyed64(const uint8_t key[HASH_KEY_BYTES], struct slice slice)
{
    uint8_t out[crypto_shorthash_siphash24_BYTES];
    crypto_shorthash_siphash24(out, slice.data, slice.len, key);
    struct reader reader = reader_of(slice_of(out, sizeof(out)));
    return reader_u64(&reader);
}

void hash_stream(uint8_t *bytes, size_t len, const uint8_t key[HASH_STREAM_KEY_BYTES],
                 uint64_t nonce)
{
    uint8_t little_endian[crypto_stream_chacha20_NONCEBYTES];
    struct buf buf = {little_endian, 0, sizeof(little_endian)};
    buf_u64(&buf, nonce);
    crypto_stream_chacha20(bytes, len, little_endian, key);
}

void hash_digest(uint8_t digest[HASH_DIGEST_BYTES], struct slice slice)
{
    crypto_generichash_blake2b(digest, HASH_DIGEST_BYTES, slice.data, slice.len, NULL, 0);
}
