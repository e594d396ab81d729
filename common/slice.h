/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice: a view of bytes that somebody else owns. A value; header only.
 */
#ifndef TOCSIN_COMMON_SLICE_H
#define TOCSIN_COMMON_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;
};

static inline struct slice slice_of(const void *data, size_t len)
{
    return (struct slice){(const uint8_t *)data, len};
}

static inline struct slice slice_str(const char *str)
{
    return (struct slice){(const uint8_t *)str, str == NULL ? 0 : strlen(str)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *str)
{
    return slice_equal(a, slice_str(str));
}

/* Cuts the part before the first `end`, and the end itself, off the front; all if there is none. */
static inline struct slice slice_take_until(struct slice *rest, uint8_t end)
{
    const uint8_t *at = rest->len == 0 ? NULL : (const uint8_t *)memchr(rest->data, end, rest->len);
    size_t len = at == NULL ? rest->len : (size_t)(at - rest->data);
    size_t used = at == NULL ? len : len + 1;
    struct slice part = slice_of(rest->data, len);
    *rest = slice_of(rest->data + used, rest->len - used);
    return part;
}

#endif
