/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: the one token that opens the API. It is made at the first start, 32 random bytes as
 * base64url, and kept in `admin.token` in the data directory, readable by its owner only. Whoever
 * can read that file is the administrator.
 */
#ifndef TOCSIN_API_AUTH_H
#define TOCSIN_API_AUTH_H

#include <stdbool.h>

#include "common/err.h"
#include "coordinator/api/principal.h"

#define AUTH_FILE        "admin.token"
#define AUTH_TOKEN_CHARS 43

struct auth;

/* Reads the token, or makes and keeps one. ERR_INVALID: what is kept is no token; else as the file
 * system says. */
enum err auth_open(struct auth **out, const char *data_dir, struct problem *problem) WARN_UNUSED;
void auth_close(struct auth *auth); /* NULL is fine */
/* header: the value of `Authorization`, or NULL. False: it is nobody's. Takes the same time
 * wherever a token differs. */
bool auth_identify(const struct auth *auth, const char *header, struct principal *principal);

#endif
