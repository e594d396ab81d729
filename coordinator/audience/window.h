/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: the stretch of a stream that a parser still needs, in one writable piece. Bytes are
 * pushed behind and dropped in front; at least WINDOW_SLACK bytes behind `end` may be read (their
 * value means nothing), so that a parser can look at blocks without asking where the stream ends.
 */
#ifndef TOCSIN_AUDIENCE_WINDOW_H
#define TOCSIN_AUDIENCE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

#define WINDOW_SLACK 64

/* Zeroed memory is an empty window. */
struct window {
    uint8_t *data;
    size_t start; /* offset of the first byte that is still needed */
    size_t end;   /* offset behind the last byte pushed */
    size_t cap;
};

void window_release(struct window *window);
/* Moves what is pending to the front if there is no room behind: offsets and pointers change. */
void window_push(struct window *window, struct slice bytes);

static inline size_t window_pending(const struct window *window)
{
    return window->end - window->start;
}

/* Offset of the first `byte` in [from, to), or `to`. */
static inline size_t window_find(const struct window *window, uint8_t byte, size_t from, size_t to)
{
    const uint8_t *found = from < to ? memchr(window->data + from, byte, to - from) : NULL;
    return found == NULL ? to : (size_t)(found - window->data);
}

#endif
