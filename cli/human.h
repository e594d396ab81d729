/* SPDX-License-Identifier: Apache-2.0 */
/*
 * human: numbers, times and foreign text as people read them on a terminal.
 *
 * All functions append to a buffer. Widths are in columns of a terminal, not in bytes: they need an
 * LC_CTYPE of UTF-8 (main sets C.UTF-8).
 */
#ifndef TOCSIN_CLI_HUMAN_H
#define TOCSIN_CLI_HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

void human_count(struct buf *buf, uint64_t count); /* "1,000,000" */
void human_bytes(struct buf *buf, uint64_t bytes); /* "812 bytes", "39.1 MB" (powers of 1000) */
void human_rate(struct buf *buf, double per_s);    /* "0", "3.4", "84,312"; without a unit */
void human_limit(struct buf *buf, double per_s);   /* exact: "0.001", "12.5", "1,000" */
void human_duration(struct buf *buf,
                    double seconds); /* "0.4 s", "12 s", "4 min 12 s", "2 h 5 min" */
void human_percent(struct buf *buf, uint64_t part,
                   uint64_t whole); /* "61.2 %"; never rounds up to 100 */
/* "1 row", "2 rows", "1,000 rows" */
void human_plural(struct buf *buf, uint64_t count, const char *singular, const char *plural);

/* Text that came from elsewhere: what could steer a terminal (control characters, ill-formed
 * UTF-8, marks that reverse the direction) is written as `?`, line breaks as blanks. */
void human_text(struct buf *buf, struct slice text);
/* How many columns well-formed text without control characters takes. */
size_t human_columns(struct slice text);
/* The longest beginning of `text` that takes at most `columns`. */
struct slice human_cut(struct slice text, size_t columns);

/* "2026-11-23T10:00:00.123Z" -> milliseconds since 1970; false for anything else. */
bool human_time_parse(const char *text, uint64_t *unix_ms);

#endif
