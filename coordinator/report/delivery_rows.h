/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_rows: deliveries as lines of text, one for each recipient, in the order of the ordinals:
 * newline-delimited JSON or CSV (RFC 4180). docs/exports.md describes the fields.
 *
 * In CSV a value that a spreadsheet could take for a formula gets an apostrophe before it: one that
 * begins with `=`, `@`, a tab or a carriage return, and one that begins with `+` or `-` and is not
 * all digits behind it. So a telephone number stays what it is. JSON has every value as it is.
 *
 * A writer belongs to one thread.
 */
#ifndef TOCSIN_REPORT_DELIVERY_ROWS_H
#define TOCSIN_REPORT_DELIVERY_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "common/buf.h"
#include "coordinator/content/provider_numbers.h"
#include "coordinator/report/delivery_page.h"
#include "proto/page.h"

enum delivery_format { DELIVERY_NDJSON, DELIVERY_CSV };

/* Who is wanted; zeroed memory wants nobody. */
struct delivery_filter {
    unsigned states;   /* bit s: those in state s */
    unsigned channels; /* bit c: those on a step of channel c */
    bool has_provider;
    uint8_t provider; /* last handed to a worker for it */
};
#define DELIVERY_ALL_STATES   ((1u << DELIVERY_STATES) - 2) /* all but NONE */
#define DELIVERY_ALL_CHANNELS ((1u << CHANNEL_KINDS) - 1)

struct delivery_rows;

/* All is copied. */
struct delivery_rows *delivery_rows_new(enum delivery_format format, const struct plan *plan,
                                        const struct page_schema *schema,
                                        const struct provider_numbers *providers);
void delivery_rows_free(struct delivery_rows *rows); /* NULL is fine */

/* The first line: of CSV the names of the fields; of JSON nothing. */
void delivery_rows_head(const struct delivery_rows *rows, struct buf *buf);
/* The places from `from` on that are wanted; how many. */
unsigned delivery_rows_pick(const struct delivery_rows *rows, const struct delivery_page *page,
                            const struct delivery_filter *filter, unsigned from,
                            struct bitmap *picked);
/* Lines of the picked places from `from` on, until buf has `enough` bytes or the page is done.
 * `sealed` is the opened page `number`. Returns the place to go on from, BITMAP_BITS when it is
 * done; *count grows by the lines. */
unsigned delivery_rows_write(struct delivery_rows *rows, const struct delivery_page *page,
                             struct page_view *sealed, uint32_t number, const struct bitmap *picked,
                             unsigned from, size_t enough, struct buf *buf, uint64_t *count);

/* The last line, which says that nothing is missing. */
struct delivery_end {
    uint64_t rows;        /* in this answer */
    const char *campaign; /* "c7" */
    enum campaign_state state;
    uint32_t recipients; /* of the campaign */
};
void delivery_rows_end(const struct delivery_rows *rows, const struct delivery_end *end,
                       struct buf *buf);

#endif
