/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/identity/oidc_cache.h"

#include <sodium.h>
#include <string.h>

#include "common/hash.h"
#include "common/mem.h"

#define CORNER    4
#define CORNERS   (OIDC_CACHE_PLACES / CORNER)
#define KEY_BYTES 32

struct place {
    uint8_t digest[HASH_DIGEST_BYTES];
    struct oidc_identity identity; /* of `until_ms` 0: nobody */
};

struct oidc_cache {
    uint8_t key[KEY_BYTES]; /* of the hash: nobody can choose a corner, or tell tokens by times */
    struct place places[CORNERS][CORNER];
};

struct oidc_cache *oidc_cache_new(void)
{
    struct oidc_cache *cache = mem_zalloc(1, sizeof(*cache));
    randombytes_buf(cache->key, sizeof(cache->key));
    return cache;
}

void oidc_cache_free(struct oidc_cache *cache)
{
    mem_free(cache);
}

static unsigned corner_of(const struct oidc_cache *cache, struct slice token,
                          uint8_t digest[HASH_DIGEST_BYTES])
{
    crypto_generichash_blake2b(digest, HASH_DIGEST_BYTES, token.data, token.len, cache->key,
                               sizeof(cache->key));
    return (digest[0] | (unsigned)digest[1] << 8) % CORNERS;
}

bool oidc_cache_find(const struct oidc_cache *cache, struct slice token, uint64_t now_ms,
                     struct oidc_identity *identity)
{
    uint8_t digest[HASH_DIGEST_BYTES];
    const struct place *corner = cache->places[corner_of(cache, token, digest)];
    for (unsigned i = 0; i < CORNER; i++) {
        if (corner[i].identity.until_ms > now_ms &&
            sodium_memcmp(corner[i].digest, digest, sizeof(digest)) == 0) {
            *identity = corner[i].identity;
            return true;
        }
    }
    return false;
}

void oidc_cache_put(struct oidc_cache *cache, struct slice token,
                    const struct oidc_identity *identity)
{
    uint8_t digest[HASH_DIGEST_BYTES];
    struct place *corner = cache->places[corner_of(cache, token, digest)];
    struct place *first = &corner[0];
    for (unsigned i = 1; i < CORNER; i++) {
        if (corner[i].identity.until_ms < first->identity.until_ms) {
            first = &corner[i];
        }
    }
    memcpy(first->digest, digest, sizeof(digest));
    first->identity = *identity;
}

void oidc_cache_clear(struct oidc_cache *cache)
{
    memset(cache->places, 0, sizeof(cache->places));
}
