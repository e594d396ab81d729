/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_reader: recipients from the bytes of a file, CSV or NDJSON. Pure: the same rows come out
 * however the bytes are cut.
 *
 * The columns are those of the header of a CSV file. Of an NDJSON file they are all that its first
 * ROW_SAMPLE rows have (of its first ROW_SAMPLE_BYTES), in the order of their appearance; a later
 * row with another name is refused. Until they are known an NDJSON file is kept, and nothing comes
 * out.
 */
#ifndef TOCSIN_AUDIENCE_ROW_READER_H
#define TOCSIN_AUDIENCE_ROW_READER_H

#include "common/err.h"
#include "common/slice.h"
#include "coordinator/audience/audience.h"
#include "coordinator/audience/refusal.h"
#include "coordinator/audience/row_check.h"

#define ROW_SAMPLE       1024
#define ROW_SAMPLE_BYTES 4194304 /* 4 MiB */

struct row_reader;

enum row_status {
    ROW_MORE,    /* push more bytes or say row_reader_end */
    ROW_READY,   /* row_reader_row is a recipient */
    ROW_REFUSED, /* row_reader_refusal says why a row is none */
    ROW_FAILED,  /* row_reader_problem says why the file is none; for good */
    ROW_DONE     /* there are no more rows */
};

/* The mappings are borrowed. */
struct row_reader *row_reader_new(enum audience_format format,
                                  const struct audience_mapping *mappings, unsigned mapping_count);
void row_reader_free(struct row_reader *reader); /* NULL is fine */
void row_reader_push(struct row_reader *reader, struct slice bytes);
void row_reader_end(struct row_reader *reader);
enum row_status row_reader_next(struct row_reader *reader);

/* Each is valid until the next row_reader_next. */
const struct row *row_reader_row(const struct row_reader *reader);
const struct refusal *row_reader_refusal(const struct row_reader *reader);
const struct problem *row_reader_problem(const struct row_reader *reader);
/* Known as soon as anything but ROW_MORE and ROW_FAILED came, and from then on for good. */
const struct page_schema *row_reader_schema(const struct row_reader *reader);

#endif
