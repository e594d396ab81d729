/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oidc: people who sign in with their organisation's own tokens: JSON Web Tokens of one issuer
 * (OpenID Connect Core 1.0, RFC 9068), checked with its public keys (jwt_check.h). Nothing is asked
 * of the issuer about a token.
 *
 * The keys come from a file, or from a URL: at the start, every OIDC_REFRESH_MS, and when a token
 * names a key that is not known, but then not before refetch_after_ms have gone by. What cannot be
 * fetched or read leaves the keys as they were. Loop's thread only.
 */
#ifndef TOCSIN_IDENTITY_OIDC_H
#define TOCSIN_IDENTITY_OIDC_H

#include <uv.h>

#include "common/err.h"
#include "common/slice.h"
#include "coordinator/identity/oidc_claims.h"

#define OIDC_REFRESH_MS 600000

struct oidc;

/* The rules are borrowed. With a file: as file_read, or ERR_INVALID when it holds no keys. */
enum err oidc_open(struct oidc **out, uv_loop_t *loop, const struct oidc_rules *rules,
                   struct problem *problem) WARN_UNUSED;
/* Frees when the loop has run once more. NULL is fine. */
void oidc_close(struct oidc *oidc);
/* Reads the file anew, or fetches the keys. */
void oidc_reload(struct oidc *oidc);

/* Is it for us to look at? Tokens of our own never look like one. */
bool oidc_is_token(struct slice token);
/* now_ms: unix time. ERR_UNAUTHORIZED, ERR_INVALID, ERR_UNSUPPORTED: it is not taken, and why;
 * ERR_NOT_FOUND: it is good, but gives no role; ERR_BUSY: the keys are being fetched, so that
 * nobody knows yet. The problem holds nothing of the token. */
enum err oidc_check(struct oidc *oidc, struct slice token, uint64_t now_ms,
                    struct oidc_identity *identity, struct problem *problem) WARN_UNUSED;

struct oidc_tally {
    uint64_t keys;           /* that are known now */
    uint64_t fetches;        /* of key sets, that were taken */
    uint64_t fetch_failures; /* of them, or of reading the file */
    uint64_t signatures;     /* that were checked */
    uint64_t remembered;     /* tokens known from before */
};
void oidc_tally(const struct oidc *oidc, struct oidc_tally *tally);

#endif
