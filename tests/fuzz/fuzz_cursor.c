/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors as clients send them: whatever is taken for one must be what is written for its place.
 */
#include <assert.h>

#include "coordinator/api/cursor.h"

#define KEY_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(struct slice text, enum cursor_list list)
{
    uint8_t key[KEY_MAX];
    size_t len;
    if (cursor_read_key(text, list, 0, key, sizeof(key), &len)) {
        struct buf again = {0};
        cursor_write_key(&again, list, 0, slice_of(key, len));
        assert(len <= sizeof(key) && slice_equal(text, buf_view(&again)));
        buf_release(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    uint64_t position;
    for (enum cursor_list list = CURSOR_AUDIENCES; list <= CURSOR_REPLIES; list++) {
        if (cursor_read(text, list, 0, &position)) {
            char again[CURSOR_CHARS + 1];
            cursor_write(again, list, 0, position);
            assert(slice_is(text, again));
        }
        check_key(text, list);
    }
    return 0;
}
