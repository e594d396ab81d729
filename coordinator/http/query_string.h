/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_string: the parameters behind the `?`, and percent-encoding.
 */
#ifndef TOCSIN_HTTP_QUERY_STRING_H
#define TOCSIN_HTTP_QUERY_STRING_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/slice.h"

#define QUERY_STRING_MAX 16

struct query_string {
    unsigned count;
    struct {
        const char *name;
        const char *value;
    } parameters[QUERY_STRING_MAX]; /* in the arena */
};

/* `+` is a blank, as forms write it. ERR_INVALID with the parameter's name in *parameter (may be
 * NULL): encoded wrongly, no UTF-8, a zero byte, twice, not among `known` (NULL-terminated; then
 * the nearest is named); ERR_LIMIT: too many. */
enum err query_string_parse(struct query_string *query, struct slice text, const char *const *known,
                            struct arena *arena, const char **parameter,
                            struct problem *problem) WARN_UNUSED;
/* NULL if it is not there. */
const char *query_string_get(const struct query_string *query, const char *name);

/* NULL if `text` is encoded wrongly, no UTF-8, or has a zero byte in it. */
const char *percent_decode(struct slice text, bool plus_is_blank, struct arena *arena);

#endif
