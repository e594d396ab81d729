/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_reader_parts: what the files of row_reader share. Nobody else includes it.
 */
#ifndef TOCSIN_AUDIENCE_ROW_READER_PARTS_H
#define TOCSIN_AUDIENCE_ROW_READER_PARTS_H

#include "coordinator/audience/csv.h"
#include "coordinator/audience/heading.h"
#include "coordinator/audience/ndjson.h"
#include "coordinator/audience/row_reader.h"
#include "coordinator/audience/zone_names.h"

struct row_reader_csv {
    struct csv csv;
    struct csv_row fields;
};

struct row_reader_ndjson {
    struct ndjson ndjson;
    struct ndjson_row members;
    int source_of[NDJSON_MEMBERS_MAX]; /* what the i-th member of the row before was: most likely it
                                          is that again */
    size_t name_len[PAGE_COLUMNS_MAX]; /* of each source */
    /* Until the columns are known: a second parser that reads ahead. */
    struct ndjson sample;
    size_t sample_bytes;
    unsigned sample_rows;
    unsigned sample_broken;
};

struct row_reader {
    enum audience_format format;
    bool has_schema;
    bool has_failed;
    struct heading heading;
    struct cell cells[PAGE_COLUMNS_MAX]; /* in the order of the schema */
    struct row row;
    struct zone_names zones;
    struct refusal refusal;
    struct problem problem;
    union {
        struct row_reader_csv csv;
        struct row_reader_ndjson ndjson;
    } of;
};

enum row_status row_reader_csv_next(struct row_reader *reader);

enum row_status row_reader_ndjson_next(struct row_reader *reader);
void row_reader_ndjson_sample(struct row_reader *reader, struct slice bytes);

/* The cells are filled: checks them. */
enum row_status row_reader_check(struct row_reader *reader, uint64_t line, bool is_plain);
/* The problem is set. */
enum row_status row_reader_fail(struct row_reader *reader);
/* What a file that begins so really is, for "the file looks like ..."; NULL if nobody knows. */
const char *row_reader_foreign(struct slice front);

#endif
