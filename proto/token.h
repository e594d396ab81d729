/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: the delivery token. It names one attempt, is computed and not stored, and is the
 * provider's idempotency key or client reference. 24 bytes, little-endian, written as 32 characters
 * of base64url:
 *     u8 version = 1 · u40 campaign · u32 ordinal · u8 step and round · u8 attempt
 *     12 bytes of SipHash-2-4-128 over the 12 before
 * The step has the low four bits of its byte, the campaign's round the high four: 0 is the first,
 * and a retry begins the next one. The attempt is its number on one endpoint (low four bits) and
 * the endpoint's rank (high four bits). An attempt that is repeated because its outcome is
 * uncertain keeps its token.
 */
#ifndef TOCSIN_PROTO_TOKEN_H
#define TOCSIN_PROTO_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/slice.h"

#define TOKEN_CHARS  32
#define TOKEN_STEPS  16
#define TOKEN_ROUNDS 16

/* In the place of an ordinal: of a request to several recipients of a step and round at once. The
 * provider says beside it which endpoint it means. No recipient has such a token in a link, so
 * nobody but the provider can report for others. */
#define TOKEN_OF_REQUEST UINT32_MAX

struct token {
    uint64_t campaign; /* below 2^40 */
    uint32_t ordinal;
    uint8_t step; /* below TOKEN_STEPS */
    uint8_t attempt;
    uint8_t round; /* below TOKEN_ROUNDS; 0 is the first */
};

/* Writes TOKEN_CHARS characters, no zero. */
void token_write(const struct token *token, const uint8_t key[HASH_KEY_BYTES],
                 char text[TOKEN_CHARS]);
/* The campaign that a token claims to be of, which says whose key it must be read with. False for
 * what has not even the form of a token. */
bool token_claims(struct slice text, uint64_t *campaign);
/* False for anything that token_write did not write under this key; constant time in the MAC. */
bool token_read(struct slice text, const uint8_t key[HASH_KEY_BYTES], struct token *token);

#endif
