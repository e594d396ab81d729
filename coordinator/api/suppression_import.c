/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of entries, CSV or NDJSON, goes into the list as it arrives: row by row into the open
 * record, without a thread of its own. When the committer does not keep up the client is held back.
 * A file is no unit: what came before a refused row stays, and importing it again changes nothing.
 * After the last row the campaigns that run are matched against the list; the answer comes when
 * that is durable. They are matched as well when the file was refused on the way, or the client
 * went: what is on the list holds.
 */
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/audit.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/api/suppression_text.h"
#include "coordinator/audience/body_decoder.h"
#include "coordinator/audience/row_reader.h"

#define RECORD_ENTRIES_MAX 65536 /* in the open record, before the client is held back */
#define REFUSALS_SHOWN     100

/* The reader wants a key in each row: the reason takes its place. */
static const struct audience_mapping MAPPINGS[] = {{"id", "reason"}};

enum column {
    COLUMN_CHANNEL,
    COLUMN_ENDPOINT,
    COLUMN_CONTACT,
    COLUMN_SOURCE,
    COLUMN_AT,
    COLUMN_UNTIL,
    COLUMNS
};
static const char *const COLUMN_NAMES[COLUMNS] = {"channel", "endpoint", "contact",
                                                  "source",  "at",       "until"};

struct import {
    struct api *api;
    struct exchange *exchange; /* NULL: the client is gone */
    struct body_decoder *decoder;
    struct row_reader *reader;
    bool skips;
    bool knows_columns;
    bool is_waiting; /* for the record to be durable, or for the campaigns to be matched */
    bool is_noted;   /* in the audit log: that it has begun */
    bool is_matched; /* with all that was added */
    bool is_answered;
    int columns[COLUMNS]; /* of the schema; -1: not there */
    uint64_t rows;
    uint64_t added;
    uint64_t refused;
    json_t *refusals;
    struct suppression entry;
};

static void import_free(struct import *import)
{
    body_decoder_free(import->decoder);
    row_reader_free(import->reader);
    json_decref(import->refusals);
    mem_free(import);
}

static void refuse(struct import *import, const struct problem_reply *reply)
{
    import->is_answered = true;
    if (import->exchange != NULL) {
        exchange_problem(import->exchange, reply);
    }
}

static void refuse_problem(struct import *import, const struct problem *problem)
{
    refuse(import, &(struct problem_reply){.status = problem_reply_status(problem->err),
                                           .detail = problem->text});
}

static bool learn_columns(struct import *import)
{
    const struct page_schema *schema = row_reader_schema(import->reader);
    if (import->knows_columns) {
        return true;
    }
    for (unsigned c = 0; c < COLUMNS; c++) {
        import->columns[c] = page_schema_find(schema, slice_str(COLUMN_NAMES[c]));
    }
    for (unsigned i = 1; i < schema->count; i++) {
        bool is_known = false;
        for (unsigned c = 0; c < COLUMNS; c++) {
            is_known |= import->columns[c] == (int)i;
        }
        if (!is_known) {
            struct problem problem;
            problem_set(&problem, ERR_INVALID,
                        "there is no column \"%s\" in a suppression list: the columns are reason, "
                        "channel, endpoint, contact and source",
                        schema->columns[i].name);
            refuse_problem(import, &problem);
            return false;
        }
    }
    import->knows_columns = true;
    return true;
}

static struct slice value_of(const struct import *import, const struct row *row, enum column column)
{
    return import->columns[column] < 0 ? slice_of(NULL, 0) : row->values[import->columns[column]];
}

/* A row that is no entry; false if that ends it. */
static bool refuse_row(struct import *import, uint64_t row, const char *why)
{
    import->refused++;
    if (!import->skips) {
        struct problem problem;
        problem_set(&problem, ERR_INVALID, "row %llu: %s; the %llu entries before it are stored",
                    (unsigned long long)row, why, (unsigned long long)import->added);
        refuse_problem(import, &problem);
        return false;
    }
    if (json_array_size(import->refusals) < REFUSALS_SHOWN) {
        json_array_append_new(import->refusals, json_pack("{s:I, s:o}", "row", (json_int_t)row,
                                                          "reason", exchange_text(why)));
    }
    return true;
}

static bool take_row(struct import *import)
{
    struct api *api = import->api;
    const struct row *row = row_reader_row(import->reader);
    struct problem problem = {0};
    const char *member;
    if (!learn_columns(import)) {
        return false;
    }
    struct slice source = value_of(import, row, COLUMN_SOURCE);
    const struct suppression_words words = {value_of(import, row, COLUMN_CHANNEL),
                                            value_of(import, row, COLUMN_ENDPOINT),
                                            value_of(import, row, COLUMN_CONTACT), row->values[0],
                                            source.len > 0 ? source : slice_str("import")};
    if (suppression_from_words(&import->entry, &words, &member, &problem) != ERR_OK) {
        return refuse_row(import, import->rows, problem.text);
    }
    import->entry.at_ms = api_now_ms(api);
    if (!import->is_noted) { /* whoever breaks off has changed something as well */
        import->is_noted = true;
        exchange_note(import->exchange, "begun");
        audit_change(import->exchange, 0, NULL);
    }
    import->added += suppression_list_add(api->context.suppressions, &import->entry,
                                          import->entry.at_ms, turn_record(api->context.turn));
    return true;
}

/* All rows that are there. False: it was answered. */
static bool take_rows(struct import *import)
{
    for (;;) {
        switch (row_reader_next(import->reader)) {
        case ROW_MORE:
        case ROW_DONE:
            return true;
        case ROW_READY:
            import->rows++;
            if (!take_row(import)) {
                return false;
            }
            break;
        case ROW_REFUSED:
            import->rows++;
            if (!refuse_row(import, import->rows, row_reader_refusal(import->reader)->reason)) {
                return false;
            }
            break;
        case ROW_FAILED:
            refuse_problem(import, row_reader_problem(import->reader));
            return false;
        }
    }
}

static bool take_bytes(struct import *import, struct slice bytes)
{
    struct problem problem = {0};
    body_decoder_push(import->decoder, bytes);
    for (;;) {
        struct slice piece;
        if (body_decoder_next(import->decoder, &piece, &problem) != ERR_OK) {
            refuse_problem(import, &problem);
            return false;
        }
        if (piece.len == 0) {
            return true;
        }
        row_reader_push(import->reader, piece);
        if (!take_rows(import)) {
            return false;
        }
    }
}

static void on_matched(void *arg, enum err err);

/* There is nobody to be told any more. */
static void end(struct import *import)
{
    if (import->added > 0 && !import->is_matched) {
        import->is_waiting = true;
        suppressing_match_all(import->api, on_matched, import);
    } else {
        import_free(import);
    }
}

static void on_room(void *arg)
{
    struct import *import = arg;
    import->is_waiting = false;
    if (import->exchange == NULL) {
        end(import);
    } else {
        http_resume(import->exchange->http);
    }
}

static bool on_piece(void *arg, struct http_request *request, struct slice piece)
{
    struct import *import = arg;
    struct turn *turn = import->api->context.turn;
    (void)request;
    if (import->is_answered) {
        return true; /* the rest is thrown away */
    }
    if (import->exchange->key != NULL) {
        fingerprint_add(&import->exchange->fingerprint, piece);
    }
    (void)take_bytes(import, piece);
    if (turn_record(turn)->entry_count < RECORD_ENTRIES_MAX || import->is_answered) {
        return true;
    }
    import->is_waiting = true;
    turn_when_durable(turn, true, on_room, import);
    return !import->is_waiting;
}

static void answer(struct import *import, enum err err)
{
    if (err != ERR_OK) {
        refuse(import, &(struct problem_reply){
                           .status = 503,
                           .detail = "the entries are stored, but an audience of a campaign that "
                                     "runs could not be read: import the file again"});
        return;
    }
    json_t *json = json_pack("{s:I, s:I, s:I, s:O}", "rows", (json_int_t)import->rows, "added",
                             (json_int_t)import->added, "refused", (json_int_t)import->refused,
                             "refusals", import->refusals);
    LOG_I("suppression", "imported", "rows=%llu added=%llu refused=%llu",
          (unsigned long long)import->rows, (unsigned long long)import->added,
          (unsigned long long)import->refused);
    import->is_answered = true;
    exchange_note(import->exchange, "%llu rows, %llu added", (unsigned long long)import->rows,
                  (unsigned long long)import->added);
    exchange_commit(import->exchange, 200, NULL, json, NULL, NULL);
}

static void on_matched(void *arg, enum err err)
{
    struct import *import = arg;
    import->is_waiting = false;
    import->is_matched = true;
    if (import->exchange == NULL) {
        end(import);
    } else {
        answer(import, err);
    }
}

static void on_complete(struct exchange *exchange)
{
    struct import *import = exchange->resource;
    struct problem problem = {0};
    if (import->is_answered) {
        return;
    }
    if (body_decoder_end(import->decoder, &problem) != ERR_OK) {
        refuse_problem(import, &problem);
        return;
    }
    row_reader_end(import->reader);
    if (take_rows(import)) {
        import->is_waiting = true;
        suppressing_match_all(import->api, on_matched, import);
    }
}

static void on_finished(struct exchange *exchange)
{
    struct import *import = exchange->resource;
    import->exchange = NULL;
    if (!import->is_waiting) {
        end(import);
    }
}

static bool has_type(const char *header, const char *type)
{
    return header != NULL && strncasecmp(header, type, strlen(type)) == 0;
}

/* False: the request was answered. */
static bool read_kind(struct exchange *exchange, enum audience_format *format,
                      enum audience_encoding *encoding)
{
    const char *type = http_header(exchange->http, "Content-Type");
    const char *coding = http_header(exchange->http, "Content-Encoding");
    bool is_ndjson = has_type(type, "application/x-ndjson");
    *format = is_ndjson ? AUDIENCE_NDJSON : AUDIENCE_CSV;
    *encoding = AUDIENCE_IDENTITY;
    if (coding != NULL) {
        *encoding = strcasecmp(coding, "zstd") == 0 ? AUDIENCE_ZSTD : AUDIENCE_GZIP;
    }
    bool is_known = coding == NULL || strcasecmp(coding, "zstd") == 0 ||
                    strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "identity") == 0;
    if (coding != NULL && strcasecmp(coding, "identity") == 0) {
        *encoding = AUDIENCE_IDENTITY;
    }
    if ((!is_ndjson && !has_type(type, "text/csv")) || !is_known) {
        exchange_problem(exchange, &(struct problem_reply){
                                       .status = 415,
                                       .detail = "the Content-Type must be text/csv or "
                                                 "application/x-ndjson, the Content-Encoding gzip "
                                                 "or zstd if there is one"});
        return false;
    }
    return true;
}

void suppressions_import(struct exchange *exchange)
{
    const char *on_error = query_string_get(&exchange->query, "on_error");
    enum audience_format format;
    enum audience_encoding encoding;
    if (on_error != NULL && strcmp(on_error, "stop") != 0 && strcmp(on_error, "skip") != 0) {
        exchange_refuse_parameter(exchange, "on_error",
                                  "on_error must be stop or skip, not "
                                  "\"%.64s\"",
                                  on_error);
        return;
    }
    if (!read_kind(exchange, &format, &encoding)) {
        return;
    }
    struct import *import = mem_zalloc(1, sizeof(*import));
    import->api = exchange->api;
    import->exchange = exchange;
    import->decoder = body_decoder_new(encoding);
    import->reader = row_reader_new(format, MAPPINGS, 1);
    import->skips = on_error != NULL && strcmp(on_error, "skip") == 0;
    import->refusals = json_array();
    exchange->resource = import;
    exchange->on_complete = on_complete;
    exchange->on_finished = on_finished;
    http_stream_body(exchange->http, on_piece, import);
}
