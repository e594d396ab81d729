/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_maker: JSON Web Tokens and key sets for tests, right and wrong ones: whatever header and
 * claims are given, signed with a key of OpenSSL's, whatever the header says.
 */
#ifndef TOCSIN_TESTS_UNIT_JWT_MAKER_H
#define TOCSIN_TESTS_UNIT_JWT_MAKER_H

#include <openssl/evp.h>

#include "common/buf.h"

/* Appends header.claims.signature. */
void jwt_make(struct buf *token, const char *header, const char *claims, EVP_PKEY *pkey);
/* Appends the public key as a JWK; `more` are members with a comma at the end ("\"kid\":\"a\",").
 */
void jwk_make(struct buf *json, const char *more, EVP_PKEY *pkey);

#endif
