/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk_set: the public keys of an issuer of tokens, as a JSON Web Key Set (RFC 7517) has them: RSA
 * for RS256 and P-256 for ES256 (RFC 7518). Keys of other kinds, for other uses, or with parts
 * missing or out of bounds are passed over, as section 5 of RFC 7517 asks. Once read it is never
 * changed.
 */
#ifndef TOCSIN_IDENTITY_JWK_SET_H
#define TOCSIN_IDENTITY_JWK_SET_H

#include <stdbool.h>

#include "common/err.h"
#include "common/slice.h"

#define JWK_SET_KEYS_MAX  64
#define JWK_SET_BYTES_MAX 65536
#define JWK_ID_MAX        255

/* No others are taken, whatever a token's header says (RFC 8725 section 3.1). */
enum jwk_algorithm { JWK_RS256, JWK_ES256 };

struct jwk_set;
struct jwk;

/* ERR_INVALID: no key set, or no key in it that can be used; ERR_LIMIT: more than JWK_SET_BYTES_MAX
 * bytes or JWK_SET_KEYS_MAX keys. */
enum err jwk_set_read(struct jwk_set **out, struct slice json, struct problem *problem) WARN_UNUSED;
void jwk_set_free(struct jwk_set *set); /* NULL is fine */
unsigned jwk_set_count(const struct jwk_set *set);
/* The key of that id and algorithm; for id NULL the only one of the algorithm. NULL: there is none
 * (or, without an id, there are several). */
const struct jwk *jwk_set_find(const struct jwk_set *set, const char *id,
                               enum jwk_algorithm algorithm);
/* signature: as RFC 7518 sections 3.3 and 3.4 have it. */
bool jwk_verify(const struct jwk *key, struct slice bytes, struct slice signature);

#endif
