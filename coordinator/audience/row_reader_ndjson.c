/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page can be sealed only when all columns are known. So a second parser runs ahead over
 * the first rows and adds every name it meets to the heading; the first one, which was given the
 * same bytes and has not begun yet, then reads them for good.
 *
 * Rows of one file mostly have the same members in the same order. What the i-th member was in the
 * row before is therefore tried first, which is one comparison of the name.
 */
#include <inttypes.h>

#include "coordinator/audience/row_reader_parts.h"

/* The sample */

static bool add_names(struct row_reader *reader, const struct ndjson_row *row)
{
    for (unsigned i = 0; i < row->count; i++) {
        const struct ndjson_member *member = &row->members[i];
        if (heading_find(&reader->heading, member->name, member->rank) >= 0) {
            continue;
        }
        /* A name that cannot be one costs the rows that have it. Two that would be one column
         * concern the file. */
        struct problem problem;
        enum err err = heading_add(&reader->heading, member->name, member->rank, &problem);
        if (err == ERR_EXISTS) {
            reader->problem = problem;
            return false;
        }
    }
    return true;
}

static bool sample_is_complete(const struct row_reader_ndjson *of, enum ndjson_status status)
{
    return of->sample_rows == ROW_SAMPLE || of->sample_bytes == ROW_SAMPLE_BYTES ||
           status == NDJSON_DONE;
}

static enum row_status fail_sample(struct row_reader *reader)
{
    const struct row_reader_ndjson *of = &reader->of.ndjson;
    const struct window *window = &of->ndjson.window;
    const char *foreign = row_reader_foreign(slice_of(window->data, window->end));
    if (foreign != NULL) {
        problem_set(&reader->problem, ERR_INVALID, "the file is no NDJSON: it looks like %s",
                    foreign);
    } else if (of->sample_rows == 0) {
        problem_set(
            &reader->problem, ERR_INVALID,
            "the file is empty; one JSON object a line is expected, with at least an \"id\"");
    } else {
        problem_set(&reader->problem, ERR_INVALID,
                    "none of the first %u rows is an NDJSON row; the last of them: byte %zu: %s",
                    of->sample_rows, of->members.flaw_at, ndjson_flaw_sentence(of->members.flaw));
    }
    return row_reader_fail(reader);
}

static enum row_status seal_sample(struct row_reader *reader)
{
    struct row_reader_ndjson *of = &reader->of.ndjson;
    if (of->sample_rows == of->sample_broken) {
        return fail_sample(reader);
    }
    if (heading_seal(&reader->heading, "the file", &reader->problem) != ERR_OK) {
        return row_reader_fail(reader);
    }
    for (unsigned i = 0; i < reader->heading.count; i++) {
        of->name_len[i] = strlen(reader->heading.sources[i].name);
    }
    ndjson_release(&of->sample);
    reader->has_schema = true;
    return ROW_READY;
}

/* Reads ahead; ROW_READY when the columns are known. */
static enum row_status sample_next(struct row_reader *reader)
{
    struct row_reader_ndjson *of = &reader->of.ndjson;
    enum ndjson_status status = NDJSON_MORE;
    while (of->sample_rows < ROW_SAMPLE) {
        status = ndjson_next(&of->sample, &of->members);
        if (status == NDJSON_MORE || status == NDJSON_DONE) {
            break;
        }
        of->sample_rows++;
        of->sample_broken += status == NDJSON_BROKEN;
        if (status == NDJSON_ROW && !add_names(reader, &of->members)) {
            return row_reader_fail(reader);
        }
    }
    return sample_is_complete(of, status) ? seal_sample(reader) : ROW_MORE;
}

void row_reader_ndjson_sample(struct row_reader *reader, struct slice bytes)
{
    struct row_reader_ndjson *of = &reader->of.ndjson;
    size_t room = ROW_SAMPLE_BYTES - of->sample_bytes;
    size_t len = bytes.len < room ? bytes.len : room;
    ndjson_push(&of->sample, slice_of(bytes.data, len));
    of->sample_bytes += len;
}

/* Rows */

static inline bool is_source(const struct row_reader *reader, int number,
                             const struct ndjson_member *member)
{
    const struct heading_source *source = &reader->heading.sources[number];
    return number >= 0 && source->rank == member->rank &&
           reader->of.ndjson.name_len[number] == member->name.len &&
           memcmp(source->name, member->name.data, member->name.len) == 0;
}

static enum row_status refuse(struct row_reader *reader, const struct ndjson_member *member,
                              const char *reason)
{
    refusal_set(&reader->refusal, reader->of.ndjson.members.line, member->name, "%s", reason);
    return ROW_REFUSED;
}

static enum row_status refuse_unknown(struct row_reader *reader, const struct ndjson_member *member)
{
    struct problem problem;
    if (heading_check(&reader->heading, member->name, member->rank, &problem) != ERR_OK) {
        return refuse(reader, member, problem.text);
    }
    return refuse(reader, member,
                  member->rank > 0
                      ? "more values than any of the first 1,024 rows has; those fix the "
                        "columns"
                      : "not a name that the first 1,024 rows have; those fix the columns, "
                        "64 at most");
}

static bool takes_arrays(const struct row_reader *reader, int number)
{
    unsigned place = reader->heading.sources[number].place;
    switch (reader->heading.schema.columns[place].field) {
    case PAGE_FIELD_EMAIL:
    case PAGE_FIELD_PHONE:
    case PAGE_FIELD_PUSH:
    case PAGE_FIELD_WEBHOOK:
        return true;
    case PAGE_FIELD_KEY:
    case PAGE_FIELD_LOCALE:
    case PAGE_FIELD_TIMEZONE:
    case PAGE_FIELD_VARIABLE:
    case PAGE_FIELDS:
        break;
    }
    return false;
}

static enum row_status read_row(struct row_reader *reader)
{
    struct row_reader_ndjson *of = &reader->of.ndjson;
    const struct ndjson_row *row = &of->members;
    uint64_t seen = 0;
    memset(reader->cells, 0, reader->heading.count * sizeof(reader->cells[0]));
    for (unsigned i = 0; i < row->count; i++) {
        const struct ndjson_member *member = &row->members[i];
        int number = of->source_of[i];
        if (!is_source(reader, number, member)) {
            number = heading_find(&reader->heading, member->name, member->rank);
            of->source_of[i] = number < 0 ? 0 : number;
        }
        if (number < 0 && member->value.len == 0) {
            continue; /* absent: nothing is lost */
        }
        if (number < 0) {
            return refuse_unknown(reader, member);
        }
        if ((seen >> number & 1) != 0) {
            return refuse(reader, member, "the name comes twice in one row");
        }
        if (member->is_array && !takes_arrays(reader, number)) {
            return refuse(reader, member,
                          "has several values; only email, phone, push_token and webhook may");
        }
        seen |= UINT64_C(1) << number;
        reader->cells[reader->heading.sources[number].place] = member->value;
    }
    return row_reader_check(reader, row->line, row->is_plain);
}

enum row_status row_reader_ndjson_next(struct row_reader *reader)
{
    struct row_reader_ndjson *of = &reader->of.ndjson;
    if (!reader->has_schema) {
        enum row_status status = sample_next(reader);
        if (status != ROW_READY) {
            return status;
        }
    }
    switch (ndjson_next(&of->ndjson, &of->members)) {
    case NDJSON_MORE:
        return ROW_MORE;
    case NDJSON_ROW:
        return read_row(reader);
    case NDJSON_BROKEN:
        refusal_set(&reader->refusal, of->members.line, slice_str(""), "byte %zu: %s",
                    of->members.flaw_at, ndjson_flaw_sentence(of->members.flaw));
        return ROW_REFUSED;
    case NDJSON_DONE:
        break;
    }
    return ROW_DONE;
}
