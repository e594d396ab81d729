/* SPDX-License-Identifier: Apache-2.0 */
/*
 * principal: who asks. Found out before anything else is done for a request.
 */
#ifndef TOCSIN_API_PRINCIPAL_H
#define TOCSIN_API_PRINCIPAL_H

#include <stdint.h>

#include "coordinator/api/role.h"

#define PRINCIPAL_NAME_MAX 100 /* bytes */

enum principal_kind {
    PRINCIPAL_NONE,  /* who did not sign in */
    PRINCIPAL_ADMIN, /* whoever can read admin.token */
    PRINCIPAL_TOKEN, /* whoever has a token that was made by /v1/tokens */
    PRINCIPAL_OIDC   /* whoever an issuer of the settings (oidc) vouches for */
};

struct principal {
    enum principal_kind kind;
    enum role role;
    char name[PRINCIPAL_NAME_MAX + 1]; /* empty: none */
    uint64_t token;                    /* its number; 0: none */
    uint32_t admin_life;               /* of which admin.token, counted from 0 */
    uint64_t until_ms;                 /* unix time; 0: no end is known */
};

const char *principal_kind_name(enum principal_kind kind); /* "token" */

#endif
