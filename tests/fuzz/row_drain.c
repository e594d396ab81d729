/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/row_drain.h"

#include <assert.h>

#include "common/text.h"

static void see_row(const struct row *row, const struct page_schema *schema)
{
    size_t bytes = 0;
    uint8_t fields = 0;
    assert(schema->columns[0].field == PAGE_FIELD_KEY);
    assert(row->values[0].len > 0 && row->values[0].len <= ROW_KEY_MAX);
    for (unsigned c = 0; c < schema->count; c++) {
        bytes += row->values[c].len;
        if (row->values[c].len > 0) {
            fields |= (uint8_t)(1U << schema->columns[c].field);
            assert(text_is_utf8(row->values[c], NULL));
            assert(memchr(row->values[c].data, 0, row->values[c].len) == NULL);
        }
    }
    assert(bytes <= PAGE_VALUE_MAX && fields == row->fields);
}

static void see_refusal(const struct refusal *refusal)
{
    struct buf json = {0};
    assert(refusal->line > 0 && refusal->reason[0] != '\0');
    refusal_json(refusal, &json);
    assert(text_is_utf8(buf_view(&json), NULL));
    buf_release(&json);
}

static enum row_status drain(struct row_reader *reader)
{
    for (;;) {
        enum row_status status = row_reader_next(reader);
        switch (status) {
        case ROW_READY:
            see_row(row_reader_row(reader), row_reader_schema(reader));
            break;
        case ROW_REFUSED:
            see_refusal(row_reader_refusal(reader));
            break;
        case ROW_FAILED:
            assert(row_reader_problem(reader)->err != ERR_OK);
            assert(row_reader_problem(reader)->text[0] != '\0');
            return status;
        case ROW_MORE:
        case ROW_DONE:
            return status;
        }
    }
}

void row_drain(enum audience_format format, struct slice text, size_t step)
{
    static const struct audience_mapping mapping = {.target = "phone", .source = "Mobile"};
    bool is_mapped = text.len > 0 && text.data[0] == 'M';
    struct row_reader *reader = row_reader_new(format, &mapping, is_mapped);
    enum row_status status = ROW_MORE;
    for (size_t at = 0; at < text.len && status == ROW_MORE; at += step) {
        size_t len = text.len - at < step ? text.len - at : step;
        row_reader_push(reader, slice_of(text.data + at, len));
        status = drain(reader);
    }
    assert(status != ROW_DONE);
    if (status == ROW_MORE) {
        row_reader_end(reader);
        status = drain(reader);
        assert(status == ROW_DONE || status == ROW_FAILED);
    }
    if (status == ROW_DONE) {
        struct buf schema = {0};
        struct page_schema back;
        page_schema_encode(row_reader_schema(reader), &schema);
        enum err err = page_schema_decode(buf_view(&schema), &back);
        assert(err == ERR_OK);
        buf_release(&schema);
    }
    row_reader_free(reader);
}
