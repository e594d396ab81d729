/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/role.h"

#include <assert.h>
#include <string.h>

static const char *const names[ROLES] = {
    [ROLE_RELAY] = "relay",       [ROLE_VIEWER] = "viewer",     [ROLE_AUTHOR] = "author",
    [ROLE_APPROVER] = "approver", [ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin",
};

const char *role_name(enum role role)
{
    assert(role < ROLES);
    return names[role];
}

bool role_parse(const char *name, enum role *role)
{
    for (enum role at = ROLE_RELAY; at < ROLES; at++) {
        if (strcmp(name, names[at]) == 0) {
            *role = at;
            return true;
        }
    }
    return false;
}

void role_set_write(struct buf *text, enum role_set set)
{
    unsigned left = 0;
    for (enum role role = ROLE_RELAY; role < ROLES; role++) {
        left += role_is_in(role, set);
    }
    for (enum role role = ROLE_RELAY; role < ROLES; role++) {
        if (role_is_in(role, set)) {
            left--;
            buf_printf(text, "%s%s", names[role], left == 0 ? "" : left == 1 ? " or " : ", ");
        }
    }
}
