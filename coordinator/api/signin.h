/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signin: who a request is from, by its `Authorization: Bearer TOKEN` (RFC 6750): the admin's token
 * of the data directory (auth.h), one that was made by /v1/tokens (content/token_registry.h), or
 * one of the issuer that the settings name (identity/oidc.h). What fails is counted, and slowed by
 * address (identity/signin_guard.h).
 */
#ifndef TOCSIN_API_SIGNIN_H
#define TOCSIN_API_SIGNIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/err.h"
#include "coordinator/api/principal.h"
#include "coordinator/content/token_registry.h"
#include "coordinator/identity/oidc.h"

enum signin_result {
    SIGNIN_GOOD,
    SIGNIN_NONE,    /* no token was sent */
    SIGNIN_UNKNOWN, /* it is nobody's */
    SIGNIN_EXPIRED,
    SIGNIN_REVOKED,
    SIGNIN_REFUSED, /* it is not one that the issuer made for us, or not any more */
    SIGNIN_NO_ROLE, /* the issuer's token is good, but gives no role */
    SIGNIN_LATER,   /* the issuer's keys are being fetched: nobody knows yet */
    SIGNIN_RESULTS
};
const char *signin_result_name(enum signin_result result); /* "unknown", as metrics and logs say */

struct signin;

struct signin_context {
    uv_loop_t *loop;
    const char *data_dir;
    struct token_registry *tokens;
    const struct oidc_rules *oidc; /* NULL, or of no issuer: no such tokens are taken */
};

/* Reads the admin's token, or makes it, and the issuer's keys. What the context points to is
 * borrowed. As auth_open and oidc_open. */
enum err signin_open(struct signin **out, const struct signin_context *context,
                     struct problem *problem) WARN_UNUSED;
/* Frees when the loop has run once more. NULL is fine. */
void signin_close(struct signin *signin);
/* Reads admin.token anew, and makes it if it was removed; reads or fetches the issuer's keys. What
 * cannot be read stays as it was. */
void signin_reload(struct signin *signin);
/* header: the value of `Authorization`, or NULL. The problem says why for the last three. */
enum signin_result signin_identify(struct signin *signin, const char *header, uint64_t now_ms,
                                   struct principal *principal, struct problem *problem);
/* Is whoever signed in before still good? For answers that go on for long. */
bool signin_is_good(const struct signin *signin, const struct principal *principal,
                    uint64_t now_ms);
/* Counts and logs a failure. 0, or in how many ms the client should come again. */
uint32_t signin_fail(struct signin *signin, enum signin_result result,
                     const struct sockaddr *address, uint64_t now_ms);

struct signin_tally {
    uint64_t failures[SIGNIN_RESULTS];
    uint64_t slowed; /* of these */
    bool has_oidc;
    struct oidc_tally oidc;
};
void signin_tally(const struct signin *signin, struct signin_tally *tally);

#endif
