/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_check: whether the cells of one row make a recipient, and in which form they are stored.
 * Pure.
 *
 * The key has 1 to ROW_KEY_MAX bytes and no control characters. A row without any endpoint is fine:
 * the recipient is unreachable, and that will show. An endpoint, locale or time zone that is there
 * must be right (endpoint.h). Blanks around the key, endpoints, locale and time zone are taken off;
 * variables are left as they are. All values are UTF-8 without control characters but tab and line
 * breaks, and have PAGE_VALUE_MAX bytes in all.
 */
#ifndef TOCSIN_AUDIENCE_ROW_CHECK_H
#define TOCSIN_AUDIENCE_ROW_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "coordinator/audience/cell.h"
#include "proto/page.h"

#define ROW_KEY_MAX 128

_Static_assert(PAGE_FIELDS <= 8, "struct row has one bit a field");

/* A recipient to be. The values are as the page stores them, and point where the cells did. */
struct row {
    struct slice values[PAGE_COLUMNS_MAX]; /* one a column of the schema */
    uint8_t fields;                        /* bit 1 << field for each that has a value */
};

/* Why not. */
struct row_flaw {
    int column;        /* of the schema, or -1 for the row as a whole */
    const char *what;  /* a sentence; follows the value if that is to be quoted */
    bool quotes_value; /* cells[column] is as it was in the file, but for blanks around it */
};

/* cells: one a column of the schema, in memory that may be changed. is_plain: the caller knows that
 * there is nothing but ASCII without control characters (but tab, CR and LF). */
bool row_check(const struct page_schema *schema, struct cell *cells, bool is_plain, struct row *row,
               struct row_flaw *flaw);

#endif
