/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell: one value of a row as it stands in a parser's window, which owns it. Whoever checks the row
 * may normalise the text in place and shorten it, never lengthen it. A length of 0 is an absent
 * value. Header only.
 */
#ifndef TOCSIN_AUDIENCE_CELL_H
#define TOCSIN_AUDIENCE_CELL_H

#include "common/slice.h"

struct cell {
    uint8_t *text; /* may be NULL when len is 0 */
    size_t len;
};

static inline struct slice cell_view(struct cell cell)
{
    return slice_of(cell.text, cell.len);
}

#endif
