/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt: signed JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, as providers ask for
 * them: ES256 (APNs, VAPID) and RS256 (OAuth service accounts), both of RFC 7518. Only signing; the
 * claims are the caller's JSON. A key is immutable and any thread may sign with it.
 */
#ifndef TOCSIN_COMMON_JWT_H
#define TOCSIN_COMMON_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/p256.h"
#include "common/slice.h"

struct jwt_key;

enum jwt_algorithm {
    JWT_ES256, /* ECDSA on P-256 with SHA-256; the signature is r and s, 64 bytes */
    JWT_RS256  /* RSASSA-PKCS1-v1_5 with SHA-256; keys of 2,048 to 8,192 bits */
};

/* From a private key in PEM without a passphrase: PKCS #8 (`PRIVATE KEY`), or the older forms `EC
 * PRIVATE KEY` and `RSA PRIVATE KEY`. ERR_INVALID with what is wrong with it; the problem holds
 * nothing of the key. */
enum err jwt_key_from_pem(struct jwt_key **out, enum jwt_algorithm algorithm, struct slice pem,
                          struct problem *problem) WARN_UNUSED;
/* For ES256: from the 32 bytes of the private key as base64url, the form of VAPID keys. */
enum err jwt_key_from_secret(struct jwt_key **out, struct slice base64url,
                             struct problem *problem) WARN_UNUSED;
void jwt_key_free(struct jwt_key *key); /* NULL is fine */
/* The public half of an ES256 key. */
void jwt_key_point(const struct jwt_key *key, uint8_t point[P256_POINT_BYTES]);

/* Appends the token. key_id: the header's `kid`, letters, digits, `-` and `_`; NULL: none. False
 * only if libcrypto fails. */
bool jwt_write(const struct jwt_key *key, const char *key_id, struct slice claims,
               struct buf *token) WARN_UNUSED;

#endif
