/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: which handler a method and a path belong to, by a table.
 *
 * A pattern is a path with parts in braces, "/v1/campaigns/{id}/launch": such a part matches one
 * non-empty segment, which is handed over decoded. HEAD goes where GET does.
 */
#ifndef TOCSIN_API_ROUTE_H
#define TOCSIN_API_ROUTE_H

#include "common/arena.h"
#include "common/slice.h"
#include "coordinator/api/role.h"

#define ROUTE_PARTS_MAX 2

struct exchange;
typedef void (*route_fn)(struct exchange *exchange);

enum route_flag {
    ROUTE_CHANGES = 1, /* takes Idempotency-Key; refused while the ledger stalls */
    ROUTE_STREAM =
        2, /* the handler is called when the head is there, and asks for the body itself */
    /* Changes something, but twice is as good as once: takes no Idempotency-Key, and waits for a
     * slow disk instead of being refused. */
    ROUTE_REPEATABLE = 4,
    ROUTE_OWN_QUERY = 8, /* the handler reads the query: it is not for our names alone */
    ROUTE_LARGE = 16,    /* the body may be larger than others, if there is such a provider */
    ROUTE_MACHINE = 32   /* what programs tell in great numbers: not in the audit log */
};

struct route {
    const char *method; /* NULL ends a table */
    const char *pattern;
    route_fn handle;
    enum role_set roles; /* who may */
    unsigned flags;
    const char *const *parameters; /* of the query, NULL-terminated; NULL: none */
};

struct route_match {
    const struct route *route;          /* NULL: none */
    const char *parts[ROUTE_PARTS_MAX]; /* in the arena */
    const char *allow; /* without a route: the methods that the path has, for `Allow`; NULL if there
                          is no such path */
};

void route_find(const struct route *table, const char *method, struct slice path,
                struct arena *arena, struct route_match *match);

#endif
