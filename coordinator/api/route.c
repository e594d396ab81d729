/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/route.h"

#include <assert.h>
#include <string.h>

#include "coordinator/http/query_string.h"

/* The segment at the front of a path that begins with `/`; *rest begins with the next `/`, or is
 * empty. */
static struct slice segment(struct slice path, struct slice *rest)
{
    const uint8_t *from = path.data + 1;
    const uint8_t *end = memchr(from, '/', path.len - 1);
    size_t len = end == NULL ? path.len - 1 : (size_t)(end - from);
    *rest = slice_of(from + len, path.len - 1 - len);
    return slice_of(from, len);
}

static bool matches(const char *pattern, struct slice path, struct arena *arena,
                    const char *parts[ROUTE_PARTS_MAX])
{
    struct slice wanted = slice_str(pattern);
    unsigned count = 0;
    while (wanted.len > 0 && path.len > 0 && path.data[0] == '/') {
        struct slice part = segment(wanted, &wanted);
        struct slice given = segment(path, &path);
        if (part.len > 0 && part.data[0] == '{') {
            assert(count < ROUTE_PARTS_MAX);
            parts[count] = percent_decode(given, false, arena);
            if (given.len == 0 || parts[count] == NULL) {
                return false;
            }
            count++;
        } else if (!slice_equal(part, given)) {
            return false;
        }
    }
    return wanted.len == 0 && path.len == 0;
}

static bool takes(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

void route_find(const struct route *table, const char *method, struct slice path,
                struct arena *arena, struct route_match *match)
{
    *match = (struct route_match){0};
    for (; table->method != NULL; table++) {
        if (!matches(table->pattern, path, arena, match->parts)) {
            continue;
        }
        if (takes(table, method)) {
            match->route = table;
            match->allow = NULL;
            return;
        }
        match->allow = match->allow == NULL
                           ? table->method
                           : arena_printf(arena, "%s, %s", match->allow, table->method);
    }
}
