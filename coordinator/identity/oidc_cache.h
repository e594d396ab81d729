/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oidc_cache: tokens that were found good, by their hashes, so that a signature is checked once and
 * not with every request of a page that asks often. Memory is fixed: OIDC_CACHE_PLACES of them; a
 * new one takes the place of the one in its corner that ends first.
 */
#ifndef TOCSIN_IDENTITY_OIDC_CACHE_H
#define TOCSIN_IDENTITY_OIDC_CACHE_H

#include "common/slice.h"
#include "coordinator/identity/oidc_claims.h"

#define OIDC_CACHE_PLACES 1024

struct oidc_cache;

struct oidc_cache *oidc_cache_new(void);
void oidc_cache_free(struct oidc_cache *cache); /* NULL is fine */
/* False: it is not there, or has ended. */
bool oidc_cache_find(const struct oidc_cache *cache, struct slice token, uint64_t now_ms,
                     struct oidc_identity *identity);
void oidc_cache_put(struct oidc_cache *cache, struct slice token,
                    const struct oidc_identity *identity);
void oidc_cache_clear(struct oidc_cache *cache);

#endif
