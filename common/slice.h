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

#endif
