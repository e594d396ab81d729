/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_text: values as they stand in a line of text, written into memory that has room for the
 * longest form. All writers return where the next byte goes.
 */
#ifndef TOCSIN_REPORT_ROW_TEXT_H
#define TOCSIN_REPORT_ROW_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "common/text.h"

/* The contents of a JSON string (RFC 8259). `to` has room for row_json_max. */
static inline size_t row_json_max(size_t bytes)
{
    return 6 * bytes + 16;
}
uint8_t *row_json(uint8_t *to, struct slice text);

/* A field of CSV (RFC 4180), in quotes if it must be, and with an apostrophe before it if a
 * spreadsheet could take it for a formula (delivery_rows.h). `to` has room for row_csv_max. */
static inline size_t row_csv_max(size_t bytes)
{
    return 2 * bytes + 8;
}
uint8_t *row_csv(uint8_t *to, struct slice text);

/* Decimal, at most 20 bytes. */
uint8_t *row_number(uint8_t *to, uint64_t number);
void row_put_number(struct buf *buf, uint64_t number);

/* RFC 3339 as text_time, TEXT_TIME_BYTES of them; remembers the day. Zeroed memory is valid. */
struct row_times {
    uint64_t day;     /* after 1970, plus one */
    uint8_t date[11]; /* "2026-11-29T" */
};
uint8_t *row_time(struct row_times *times, uint8_t *to, uint64_t unix_ms);

#endif
