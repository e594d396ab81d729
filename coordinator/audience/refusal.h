/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal: why a row of an upload is no recipient, in words for whoever made the file. A value.
 */
#ifndef TOCSIN_AUDIENCE_REFUSAL_H
#define TOCSIN_AUDIENCE_REFUSAL_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

#define REFUSALS_MAX       100000 /* listed for one audience; all are counted */
#define REFUSAL_COLUMN_MAX 128
#define REFUSAL_REASON_MAX 400
#define REFUSAL_QUOTE_MAX  64 /* bytes of a value that a reason quotes */

struct refusal {
    uint64_t line; /* where the row begins in the file, from 1 */
    char column[REFUSAL_COLUMN_MAX +
                1]; /* as the file calls it; empty if it is about the whole row */
    char reason[REFUSAL_REASON_MAX + 1];
};

/* Text of a file made fit to be shown: at most max bytes of well-formed UTF-8 without control
 * characters, `?` for each byte that is none, `…` (beyond max) where it was cut off. */
void refusal_quote(struct buf *buf, struct slice text, size_t max);
/* The column is made fit to be shown and cut off at its limit; so is the reason, which must be
 * UTF-8. */
void refusal_set(struct refusal *refusal, uint64_t line, struct slice column, const char *format,
                 ...) PRINTF_LIKE(4, 5);
/* {"line":17,"column":"phone","reason":"..."} */
void refusal_json(const struct refusal *refusal, struct buf *buf);

#endif
