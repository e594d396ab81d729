/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: rows of comma-separated values by RFC 4180, from bytes that come in pieces of any size.
 * Pure: no file, no thread, and the same rows come out however the bytes are cut.
 *
 *   - Rows end with LF or CRLF; the last one may end with the file. A byte order mark in front is
 * passed over.
 *   - Fields may stand in double quotes; then they may hold delimiters, line breaks and doubled
 * quotes.
 *   - The delimiter is a comma. When told to detect, a first line without a comma makes it `;` or a
 * tab.
 *   - Empty lines are no rows.
 *
 * Not accepted: a quote inside an unquoted field, text behind a closing quote, a quote that is
 * never closed, a row above CSV_ROW_MAX. Such a row is broken. Only the physical line where it
 * began is given up, the next row begins on the line after it: a forgotten quote costs one row, it
 * does not swallow the rows behind it.
 *
 * UTF-8 is not checked here; is_plain tells when there is nothing to check.
 */
#ifndef TOCSIN_AUDIENCE_CSV_H
#define TOCSIN_AUDIENCE_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/audience/cell.h"
#include "coordinator/audience/window.h"

#define CSV_FIELDS_MAX 64     /* more are counted but not given */
#define CSV_ROW_MAX    131072 /* bytes of a row with its quotes and its line end: 128 KiB */
#define CSV_DETECT     '\0'   /* for csv_init: find the delimiter in the first line */

#define CSV_FLAW_MAP(X)                                                                            \
    X(NONE, "")                                                                                    \
    X(STRAY_QUOTE, "a quote inside an unquoted field; put the whole field in quotes and double "   \
                   "the quote")                                                                    \
    X(AFTER_QUOTE,                                                                                 \
      "text behind a closing quote; a quote that belongs to the text must be doubled")             \
    X(OPEN_QUOTE, "a quote is opened and never closed")                                            \
    X(TOO_LONG, "the row is longer than 128 KiB; is a quote left open, or a line break missing?")

enum csv_flaw {
#define CSV_FLAW_MEMBER(name, sentence) CSV_FLAW_##name,
    CSV_FLAW_MAP(CSV_FLAW_MEMBER)
#undef CSV_FLAW_MEMBER
};

const char *csv_flaw_sentence(enum csv_flaw flaw);

enum csv_status {
    CSV_MORE,   /* push more bytes or say csv_end */
    CSV_ROW,    /* *row is filled, valid until the next call */
    CSV_BROKEN, /* a row that is none: line, flaw, and count: the field (from 1) where that was
                   noticed, or 0 */
    CSV_DONE    /* after csv_end: there are no more rows */
};

struct csv_row {
    uint64_t line; /* where it begins, from 1, counting line feeds */
    unsigned count;
    enum csv_flaw flaw;
    bool has_quotes;
    bool is_plain; /* surely ASCII, and no control characters but tab, CR and LF */
    struct cell fields[CSV_FIELDS_MAX];
};

struct csv {
    struct window window;
    uint64_t line; /* of window.start */
    size_t retry; /* bytes that must be pending before the row at window.start is looked at again */
    size_t block; /* offset of the 64 bytes that marks belongs to */
    uint64_t marks; /* the delimiters, quotes and line feeds there that are not yet passed */
    uint8_t delimiter;
    bool has_begun;
    bool has_ended;
    bool is_skipping; /* up to the next line feed */
    bool has_special; /* block holds bytes that is_plain excludes */
};

/* delimiter: a visible ASCII character or tab, or CSV_DETECT. */
void csv_init(struct csv *csv, char delimiter);
void csv_release(struct csv *csv);
void csv_push(struct csv *csv, struct slice bytes);
void csv_end(struct csv *csv);
enum csv_status csv_next(struct csv *csv, struct csv_row *row);

#endif
