/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's target as a client sends it. What is taken for parameters, or for a part of the path,
 * must be the same when it is written again and read again; a percent sign more or less changes
 * nothing else.
 */
#include <assert.h>
#include <string.h>

#include "common/text.h"
#include "coordinator/api/route.h"
#include "coordinator/http/http_request.h"
#include "coordinator/http/query_string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const known[] = {"limit", "cursor", "state", "name", "map", NULL};
static const struct route routes[] = {
    {"GET", "/v1/campaigns", NULL, ROLE_SET_VIEWERS, 0, known},
    {"POST", "/v1/campaigns/{id}/launch", NULL, ROLE_SET_VIEWERS, 0, NULL},
    {"GET", "/v1/campaigns/{id}/recipients/{key}", NULL, ROLE_SET_VIEWERS, 0, NULL},
    {NULL, NULL, NULL, 0, 0, NULL},
};

static void check_parameters(const struct query_string *query, struct arena *arena)
{
    struct buf text = {0};
    struct query_string again;
    struct problem problem;
    const char *parameter;
    for (unsigned i = 0; i < query->count; i++) {
        buf_str(&text, i == 0 ? "" : "&");
        text_url_encode(&text, slice_str(query->parameters[i].name));
        buf_u8(&text, '=');
        text_url_encode(&text, slice_str(query->parameters[i].value));
    }
    enum err err = query_string_parse(&again, buf_view(&text), known, arena, &parameter, &problem);
    assert(err == ERR_OK && again.count == query->count);
    for (unsigned i = 0; i < query->count; i++) {
        const char *name = query->parameters[i].name;
        assert(strcmp(query_string_get(&again, name), query->parameters[i].value) == 0);
    }
    buf_release(&text);
}

static void check_part(const char *part, struct arena *arena)
{
    struct buf text = {0};
    assert(part[0] != '\0' && text_is_utf8(slice_str(part), NULL));
    text_url_encode(&text, slice_str(part));
    assert(strcmp(percent_decode(buf_view(&text), false, arena), part) == 0);
    buf_release(&text);
}

static void check_path(struct slice path, struct arena *arena)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE"};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct route_match match;
        route_find(routes, methods[i], path, arena, &match);
        assert(match.route == NULL || match.allow == NULL);
        if (match.route != NULL && match.route != &routes[0]) {
            check_part(match.parts[0], arena);
        }
        if (match.route == &routes[2]) {
            check_part(match.parts[1], arena);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_connection connection = {0};
    struct http_request request = {.connection = &connection};
    struct arena arena;
    struct query_string query;
    struct problem problem = {0};
    const char *parameter;
    arena_init(&arena, 1024);
    buf_slice(&connection.uri, slice_of(data, size));
    buf_u8(&connection.uri, '\0');
    check_path(http_path(&request), &arena);
    if (query_string_parse(&query, http_query(&request), known, &arena, &parameter, &problem) ==
        ERR_OK) {
        check_parameters(&query, &arena);
    } else {
        assert(problem.text[0] != '\0');
    }
    arena_release(&arena);
    buf_release(&connection.uri);
    return 0;
}
