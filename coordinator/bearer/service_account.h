/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_account: a Google service account's JSON file, and what is asked and answered with it:
 * an access token for a signed assertion (RFC 7523, "Using OAuth 2.0 for server to server
 * applications"). Pure but for the signature.
 */
#ifndef TOCSIN_BEARER_SERVICE_ACCOUNT_H
#define TOCSIN_BEARER_SERVICE_ACCOUNT_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/jwt.h"
#include "common/slice.h"

#define SERVICE_ACCOUNT_TEXT_MAX 512

struct service_account {
    char email[SERVICE_ACCOUNT_TEXT_MAX + 1];
    char token_uri[SERVICE_ACCOUNT_TEXT_MAX + 1]; /* https */
    char key_id[SERVICE_ACCOUNT_TEXT_MAX + 1];    /* "": none */
    struct jwt_key *key;
};

/* ERR_INVALID with what is wrong; the problem holds nothing of the key. */
enum err service_account_read(struct service_account *account, struct slice json,
                              struct problem *problem) WARN_UNUSED;
void service_account_release(struct service_account *account);

/* Appends the body of the request (application/x-www-form-urlencoded) for the right to send by
 * Firebase. False only if libcrypto fails. */
bool service_account_ask(const struct service_account *account, uint64_t now_s,
                         struct buf *body) WARN_UNUSED;

/* The answer: 200 with {"access_token", "expires_in", "token_type"}; else an error with "error" and
 * "error_description". ERR_INVALID with what it says. */
struct access_token {
    struct buf text; /* visible ASCII; a secret */
    uint64_t life_s; /* 1 to a day */
};
enum err access_token_read(struct access_token *token, unsigned status, struct slice json,
                           struct problem *problem) WARN_UNUSED;
void access_token_release(struct access_token *token);

#endif
