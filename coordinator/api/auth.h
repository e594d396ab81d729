/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: the token that opens the API before there is any other, and when all others are lost. It is
 * made at the first start, 32 random bytes as base64url, and kept in `admin.token` in the data
 * directory, readable by its owner only. Whoever can read that file is an administrator.
 */
#ifndef TOCSIN_API_AUTH_H
#define TOCSIN_API_AUTH_H

#include <stdbool.h>

#include "common/err.h"
#include "common/slice.h"
#include "coordinator/api/principal.h"

#define AUTH_FILE        "admin.token"
#define AUTH_TOKEN_CHARS 43

struct auth;

/* Reads the token, or makes and keeps one. ERR_INVALID: what is kept is no token; else as the file
 * system says. */
enum err auth_open(struct auth **out, const char *data_dir, struct problem *problem) WARN_UNUSED;
void auth_close(struct auth *auth); /* NULL is fine */
/* False: it is not this token. Takes the same time wherever it differs. */
bool auth_identify(const struct auth *auth, struct slice token, struct principal *principal);
/* Have both the same token? */
bool auth_equal(const struct auth *a, const struct auth *b);

#endif
