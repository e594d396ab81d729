/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors as clients send them: whatever is taken for one must be what is written for its place.
 */
#include <assert.h>

#include "coordinator/api/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    uint64_t position;
    for (enum cursor_list list = CURSOR_AUDIENCES; list <= CURSOR_WORKERS; list++) {
        if (cursor_read(text, list, 0, &position)) {
            char again[CURSOR_CHARS + 1];
            cursor_write(again, list, 0, position);
            assert(slice_is(text, again));
        }
    }
    return 0;
}
