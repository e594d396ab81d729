/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "common/text.h"
#include "coordinator/audience/row_reader_parts.h"

static enum row_status fail_header(struct row_reader *reader, const char *what)
{
    const struct csv *csv = &reader->of.csv.csv;
    struct slice front = slice_of(csv->window.data, csv->window.end);
    const char *foreign = row_reader_foreign(front);
    if (foreign != NULL) {
        problem_set(&reader->problem, ERR_INVALID, "the file is no CSV: it looks like %s", foreign);
    } else {
        problem_set(&reader->problem, ERR_INVALID, "line %" PRIu64 ", the header: %s",
                    reader->of.csv.fields.line, what);
    }
    return row_reader_fail(reader);
}

/* A name as the header writes it, checked as any text is. */
static bool is_text(struct slice name)
{
    bool has_low = false;
    for (size_t i = 0; i < name.len; i++) {
        has_low |= name.data[i] < ' ' && name.data[i] != '\t';
    }
    return !has_low && text_is_utf8(name, NULL);
}

static enum row_status seal_header(struct row_reader *reader)
{
    struct problem problem;
    if (heading_seal(&reader->heading, "the header", &problem) == ERR_OK) {
        reader->has_schema = true;
        return ROW_READY;
    }
    if (row_reader_foreign(cell_view(reader->of.csv.fields.fields[0])) != NULL) {
        return fail_header(reader, problem.text);
    }
    reader->problem = problem;
    return row_reader_fail(reader);
}

static enum row_status read_header(struct row_reader *reader)
{
    const struct csv_row *names = &reader->of.csv.fields;
    if (names->count > PAGE_COLUMNS_MAX) {
        return fail_header(reader, "there are more than 64 columns");
    }
    for (unsigned i = 0; i < names->count; i++) {
        struct problem problem;
        struct slice name = cell_view(names->fields[i]);
        if (!is_text(name)) {
            return fail_header(reader, "a column's name is not UTF-8 text of one line (is the file "
                                       "UTF-8, with LF or CRLF line ends?)");
        }
        if (heading_add(&reader->heading, name, 0, &problem) != ERR_OK) {
            return fail_header(reader, problem.text);
        }
    }
    return seal_header(reader);
}

/* Reads the header; ROW_READY when it is there. */
static enum row_status header_next(struct row_reader *reader)
{
    struct csv_row *names = &reader->of.csv.fields;
    switch (csv_next(&reader->of.csv.csv, names)) {
    case CSV_MORE:
        return ROW_MORE;
    case CSV_ROW:
        return read_header(reader);
    case CSV_BROKEN:
        return fail_header(reader, csv_flaw_sentence(names->flaw));
    case CSV_DONE:
        break;
    }
    problem_set(&reader->problem, ERR_INVALID,
                "the file is empty; a header row is expected, with at least the column \"id\"");
    return row_reader_fail(reader);
}

static enum row_status refuse_broken(struct row_reader *reader)
{
    const struct csv_row *fields = &reader->of.csv.fields;
    const struct heading *heading = &reader->heading;
    bool is_known = fields->count >= 1 && fields->count <= heading->count;
    const char *column = is_known ? heading->sources[fields->count - 1].name : "";
    refusal_set(&reader->refusal, fields->line, slice_str(column), "%s",
                csv_flaw_sentence(fields->flaw));
    return ROW_REFUSED;
}

static enum row_status read_row(struct row_reader *reader)
{
    const struct csv_row *fields = &reader->of.csv.fields;
    const struct heading *heading = &reader->heading;
    if (fields->count != heading->count) {
        refusal_set(&reader->refusal, fields->line, slice_str(""),
                    "the row has %u fields, the header has %u", fields->count, heading->count);
        return ROW_REFUSED;
    }
    for (unsigned i = 0; i < fields->count; i++) {
        reader->cells[heading->sources[i].place] = fields->fields[i];
    }
    return row_reader_check(reader, fields->line, fields->is_plain);
}

enum row_status row_reader_csv_next(struct row_reader *reader)
{
    struct row_reader_csv *of = &reader->of.csv;
    if (!reader->has_schema) {
        enum row_status status = header_next(reader);
        if (status != ROW_READY) {
            return status;
        }
    }
    switch (csv_next(&of->csv, &of->fields)) {
    case CSV_MORE:
        return ROW_MORE;
    case CSV_ROW:
        return read_row(reader);
    case CSV_BROKEN:
        return refuse_broken(reader);
    case CSV_DONE:
        break;
    }
    return ROW_DONE;
}
