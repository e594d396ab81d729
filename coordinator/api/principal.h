/* SPDX-License-Identifier: Apache-2.0 */
/*
 * principal: who asks. Found out before anything else is done for a request.
 */
#ifndef TOCSIN_API_PRINCIPAL_H
#define TOCSIN_API_PRINCIPAL_H

#include "coordinator/api/role.h"

#define PRINCIPAL_NAME_MAX 100 /* bytes */

enum principal_kind {
    PRINCIPAL_NONE, /* who did not sign in */
    PRINCIPAL_ADMIN /* whoever can read admin.token */
};

struct principal {
    enum principal_kind kind;
    enum role role;
    char name[PRINCIPAL_NAME_MAX + 1]; /* empty: none */
};

#endif
