/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths, queries and cursors as clients send them: whatever is taken for a cursor must be what is
 * written for its place.
 */
#include <assert.h>

#include "coordinator/api/cursor.h"
#include "coordinator/api/query_string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const known[] = {"limit", "cursor", "state", "name", NULL};
    struct slice text = slice_of(data, size);
    uint64_t position;
    for (enum cursor_list list = CURSOR_AUDIENCES; list <= CURSOR_WORKERS; list++) {
        if (cursor_read(text, list, 0, &position)) {
            char again[CURSOR_CHARS + 1];
            cursor_write(again, list, 0, position);
            assert(slice_is(text, again));
        }
    }
    struct arena arena;
    struct query_string query;
    struct problem problem = {0};
    const char *parameter;
    arena_init(&arena, 1024);
    enum err err = query_string_parse(&query, text, known, &arena, &parameter, &problem);
    assert(err == ERR_OK || problem.text[0] != '\0');
    const char *cursor = err == ERR_OK ? query_string_get(&query, "cursor") : NULL;
    if (cursor != NULL) {
        (void)cursor_read(slice_str(cursor), CURSOR_RECIPIENTS, 7, &position);
    }
    arena_release(&arena);
    return 0;
}
