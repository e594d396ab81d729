/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/window.h"

#include "common/mem.h"

/* Room for what is pending and as much again: a byte is moved a bounded number of times, however
 * small the pieces are that come in. */
static void window_make_room(struct window *window, size_t more)
{
    size_t pending = window_pending(window);
    size_t cap = 2 * (pending + more) + WINDOW_SLACK;
    if (cap <= window->cap) {
        memmove(window->data, window->data + window->start, pending);
    } else {
        uint8_t *data = mem_zalloc(cap, 1);
        if (pending > 0) {
            memcpy(data, window->data + window->start, pending);
        }
        mem_free(window->data);
        window->data = data;
        window->cap = cap;
    }
    window->start = 0;
    window->end = pending;
}

void window_release(struct window *window)
{
    mem_free(window->data);
    *window = (struct window){0};
}

void window_push(struct window *window, struct slice bytes)
{
    if (bytes.len == 0) {
        return;
    }
    if (window->start == window->end) {
        window->start = window->end = 0;
    }
    if (window->cap < window->end + bytes.len + WINDOW_SLACK) {
        window_make_room(window, bytes.len);
    }
    memcpy(window->data + window->end, bytes.data, bytes.len);
    window->end += bytes.len;
}
