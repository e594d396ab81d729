/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role: what somebody is who signs in, and the sets of roles that the route table is written in.
 * docs/accounts.md says what each is for.
 */
#ifndef TOCSIN_API_ROLE_H
#define TOCSIN_API_ROLE_H

#include <stdbool.h>

#include "common/buf.h"

enum role {
    ROLE_RELAY,    /* a program that hands on what providers and recipients say; reads nothing */
    ROLE_VIEWER,   /* reads */
    ROLE_AUTHOR,   /* writes what is to be sent */
    ROLE_APPROVER, /* lets go what others wrote */
    ROLE_OPERATOR, /* runs campaigns and providers */
    ROLE_ADMIN,    /* gives others their roles */
    ROLES
};

#define ROLE_BIT(role) (1U << (role))

/* A set has a bit for each role. Of none is a route that nobody may use: so a row that was
 * forgotten is closed. */
enum role_set {
    ROLE_SET_ADMINS = ROLE_BIT(ROLE_ADMIN),
    ROLE_SET_OPERATORS = ROLE_SET_ADMINS | ROLE_BIT(ROLE_OPERATOR),
    ROLE_SET_RELAYS = ROLE_SET_OPERATORS | ROLE_BIT(ROLE_RELAY),
    ROLE_SET_APPROVERS = ROLE_SET_OPERATORS | ROLE_BIT(ROLE_APPROVER),
    ROLE_SET_AUTHORS = ROLE_SET_OPERATORS | ROLE_BIT(ROLE_AUTHOR),
    ROLE_SET_VIEWERS = ROLE_SET_AUTHORS | ROLE_SET_APPROVERS | ROLE_BIT(ROLE_VIEWER),
    ROLE_SET_ALL = ROLE_SET_VIEWERS | ROLE_SET_RELAYS,
    ROLE_SET_ANYBODY = ROLE_SET_ALL | ROLE_BIT(ROLES) /* also without signing in */
};

static inline bool role_is_in(enum role role, enum role_set set)
{
    return (set & ROLE_BIT(role)) != 0;
}

static inline bool role_set_is_open(enum role_set set)
{
    return (set & ROLE_BIT(ROLES)) != 0;
}

const char *role_name(enum role role); /* "viewer" */
/* False: there is no role of that name. */
bool role_parse(const char *name, enum role *role);
/* Appends "operator or admin". */
void role_set_write(struct buf *text, enum role_set set);

#endif
