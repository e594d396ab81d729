/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_check: is a JSON Web Token (RFC 7519, in the compact form of RFC 7515) one that an issuer
 * signed for us, and for whom? By the best practice of RFC 8725: the algorithms are ours to choose
 * (RS256 and ES256), an extension that `crit` names is refused as none is known, keys come from the
 * issuer's set alone (`jwk`, `jku`, `x5u` and `x5c` of a header are passed over), names twice in an
 * object are refused, and issuer, audience, subject and times are all checked.
 *
 * Pure: the time is passed in.
 */
#ifndef TOCSIN_IDENTITY_JWT_CHECK_H
#define TOCSIN_IDENTITY_JWT_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/slice.h"
#include "coordinator/identity/jwk_set.h"

#define JWT_BYTES_MAX   16384
#define JWT_SUBJECT_MAX 200 /* bytes */

struct jwt_terms {
    const char *issuer;
    const char *const *audiences; /* NULL-terminated; one of them must be the token's */
    uint64_t leeway_s;            /* by which clocks may differ */
};

/* A token whose signature has not been looked at: nothing of it is to be believed but `id`. */
struct jwt_head {
    enum jwk_algorithm algorithm;
    char id[JWK_ID_MAX + 1]; /* of the key; "" if the token names none */
    bool has_id;
};

/* Has it the form of such a token (two dots), so that it is worth a look? */
bool jwt_looks_like_one(struct slice token);
/* ERR_INVALID: it is no such token; ERR_UNSUPPORTED: its algorithm, type or an extension is not
 * taken. The problem holds nothing of the token but the names of these. */
enum err jwt_read_head(struct slice token, struct jwt_head *head,
                       struct problem *problem) WARN_UNUSED;
struct jwt_body {
    json_t *claims;   /* the caller's to json_decref; NULL: it is not good */
    uint64_t until_s; /* when it stops being good (with the leeway), unix time */
};
/* Checks all the rest. ERR_UNAUTHORIZED: the signature, a claim or a time does not fit;
 * ERR_INVALID. */
enum err jwt_check(struct slice token, const struct jwk *key, const struct jwt_terms *terms,
                   uint64_t now_s, struct jwt_body *body, struct problem *problem) WARN_UNUSED;

#endif
