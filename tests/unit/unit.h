/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit: what every unit test includes: cmocka, with the headers that must stand before it, and a
 * few comparisons in our own types.
 */
#ifndef TOCSIN_TESTS_UNIT_UNIT_H
#define TOCSIN_TESTS_UNIT_UNIT_H

/* cmocka.h stands on the others and comes last. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "common/buf.h"
#include "common/slice.h"

#define assert_slice_is(view, expected)                                                            \
    do {                                                                                           \
        struct slice unit_view = (view);                                                           \
        assert_int_equal(unit_view.len, strlen(expected));                                         \
        if (unit_view.len > 0) {                                                                   \
            assert_memory_equal(unit_view.data, expected, unit_view.len);                          \
        }                                                                                          \
    } while (0)

/* The contents of a buffer; it is emptied, ready for the next. */
#define assert_buf_is(buf, expected)                                                               \
    do {                                                                                           \
        assert_string_equal(buf_cstr(buf), expected);                                              \
        assert_int_equal((buf)->len, strlen(expected));                                            \
        buf_clear(buf);                                                                            \
    } while (0)

#endif
