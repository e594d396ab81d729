/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: rows of text in aligned columns. Rows can be written out in portions: the head comes once,
 * and a column never gets narrower again.
 */
#ifndef TOCSIN_CLI_TABLE_H
#define TOCSIN_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/slice.h"

#define TABLE_COLUMNS_MAX 12

struct table {
    unsigned columns;
    const char *titles[TABLE_COLUMNS_MAX];
    bool is_right[TABLE_COLUMNS_MAX]; /* numbers */
    size_t widths[TABLE_COLUMNS_MAX];
    size_t cells;       /* since the last table_put */
    struct buf text;    /* of the cells, one after the other */
    struct buf lengths; /* a u32 each */
    bool has_head;      /* written already */
};

void table_init(struct table *table);
void table_release(struct table *table);
void table_column(struct table *table, const char *title, bool is_right);
/* The next cell, row by row. Well-formed text without control characters. */
void table_cell(struct table *table, struct slice text);
/* Appends the rows that have come since the last time, and forgets them. */
void table_put(struct table *table, struct buf *buf);

#endif
