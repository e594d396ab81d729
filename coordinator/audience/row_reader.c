/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/row_reader.h"

#include <stdio.h>

#include "common/mem.h"
#include "coordinator/audience/endpoint.h"
#include "coordinator/audience/row_reader_parts.h"

/* What the column is called in the file. */
static void set_column_name(const struct row_reader *reader, unsigned column, struct buf *name)
{
    const struct heading *heading = &reader->heading;
    for (unsigned i = 0; i < heading->count; i++) {
        const struct heading_source *source = &heading->sources[i];
        if (source->place == column) {
            buf_str(name, source->name);
            if (source->rank > 0) {
                buf_printf(name, ".%u", source->rank + 1);
            }
        }
    }
}

static void refuse(struct row_reader *reader, uint64_t line, const struct row_flaw *flaw)
{
    struct buf column = {0};
    struct buf value = {0};
    if (flaw->column >= 0) {
        set_column_name(reader, (unsigned)flaw->column, &column);
    }
    if (flaw->quotes_value) {
        buf_str(&value, "\"");
        refusal_quote(&value, cell_view(reader->cells[flaw->column]), REFUSAL_QUOTE_MAX);
        buf_str(&value, "\" ");
    }
    refusal_set(&reader->refusal, line, buf_view(&column), "%s%s", buf_cstr(&value), flaw->what);
    buf_release(&column);
    buf_release(&value);
}

/* row_check has looked at the shape of the name alone. */
static bool check_zone(struct row_reader *reader, struct row_flaw *flaw)
{
    if ((reader->row.fields & 1u << PAGE_FIELD_TIMEZONE) == 0) {
        return true;
    }
    int column = page_schema_endpoint(&reader->heading.schema, PAGE_FIELD_TIMEZONE, 0);
    if (zone_names_has(&reader->zones, reader->row.values[column])) {
        return true;
    }
    *flaw = (struct row_flaw){column, endpoint_flaw_sentence(ENDPOINT_FLAW_TIMEZONE), true};
    return false;
}

enum row_status row_reader_check(struct row_reader *reader, uint64_t line, bool is_plain)
{
    struct row_flaw flaw;
    if (row_check(&reader->heading.schema, reader->cells, is_plain, &reader->row, &flaw) &&
        check_zone(reader, &flaw)) {
        return ROW_READY;
    }
    refuse(reader, line, &flaw);
    return ROW_REFUSED;
}

enum row_status row_reader_fail(struct row_reader *reader)
{
    reader->has_failed = true;
    return ROW_FAILED;
}

const char *row_reader_foreign(struct slice front)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *name;
    } known[] = {
        {"\x1f\x8b", 2, "gzip; send it with Content-Encoding: gzip"},
        {"\x28\xb5\x2f\xfd", 4, "zstd; send it with Content-Encoding: zstd"},
        {"PK\x03\x04", 4, "a ZIP archive or an Excel workbook; save it as CSV (UTF-8)"},
        {"\xd0\xcf\x11\xe0", 4, "an old Excel workbook; save it as CSV (UTF-8)"},
        {"\xff\xfe", 2, "UTF-16; save it as UTF-8"},
        {"\xfe\xff", 2, "UTF-16; save it as UTF-8"},
        {"{", 1, "JSON; send it as application/x-ndjson, with one object a line"},
        {"[", 1, "a JSON array; send it as application/x-ndjson, with one object a line"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (front.len >= known[i].len && memcmp(front.data, known[i].magic, known[i].len) == 0) {
            return known[i].name;
        }
    }
    return NULL;
}

struct row_reader *row_reader_new(enum audience_format format,
                                  const struct audience_mapping *mappings, unsigned mapping_count)
{
    struct row_reader *reader = mem_zalloc(1, sizeof(*reader));
    reader->format = format;
    heading_init(&reader->heading, mappings, mapping_count);
    switch (format) {
    case AUDIENCE_CSV:
        csv_init(&reader->of.csv.csv, CSV_DETECT);
        break;
    case AUDIENCE_NDJSON:
        ndjson_init(&reader->of.ndjson.ndjson);
        ndjson_init(&reader->of.ndjson.sample);
        break;
    }
    return reader;
}

void row_reader_free(struct row_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    switch (reader->format) {
    case AUDIENCE_CSV:
        csv_release(&reader->of.csv.csv);
        break;
    case AUDIENCE_NDJSON:
        ndjson_release(&reader->of.ndjson.ndjson);
        ndjson_release(&reader->of.ndjson.sample);
        break;
    }
    zone_names_release(&reader->zones);
    mem_free(reader);
}

void row_reader_push(struct row_reader *reader, struct slice bytes)
{
    if (reader->has_failed) {
        return;
    }
    switch (reader->format) {
    case AUDIENCE_CSV:
        csv_push(&reader->of.csv.csv, bytes);
        break;
    case AUDIENCE_NDJSON:
        ndjson_push(&reader->of.ndjson.ndjson, bytes);
        if (!reader->has_schema) {
            row_reader_ndjson_sample(reader, bytes);
        }
        break;
    }
}

void row_reader_end(struct row_reader *reader)
{
    switch (reader->format) {
    case AUDIENCE_CSV:
        csv_end(&reader->of.csv.csv);
        break;
    case AUDIENCE_NDJSON:
        ndjson_end(&reader->of.ndjson.ndjson);
        ndjson_end(&reader->of.ndjson.sample);
        break;
    }
}

enum row_status row_reader_next(struct row_reader *reader)
{
    if (reader->has_failed) {
        return ROW_FAILED;
    }
    switch (reader->format) {
    case AUDIENCE_CSV:
        return row_reader_csv_next(reader);
    case AUDIENCE_NDJSON:
        return row_reader_ndjson_next(reader);
    }
    return ROW_FAILED;
}

const struct row *row_reader_row(const struct row_reader *reader)
{
    return &reader->row;
}

const struct refusal *row_reader_refusal(const struct row_reader *reader)
{
    return &reader->refusal;
}

const struct problem *row_reader_problem(const struct row_reader *reader)
{
    return &reader->problem;
}

const struct page_schema *row_reader_schema(const struct row_reader *reader)
{
    return &reader->heading.schema;
}
