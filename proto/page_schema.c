/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "common/text.h"
#include "proto/page.h"

enum { SCHEMA_VERSION = 1 };

_Static_assert(PAGE_NAME_MAX <= UINT8_MAX && PAGE_COLUMNS_MAX <= UINT8_MAX, "one byte each");

static bool is_endpoint(enum page_field field)
{
    return field == PAGE_FIELD_EMAIL || field == PAGE_FIELD_PHONE || field == PAGE_FIELD_PUSH ||
           field == PAGE_FIELD_WEBHOOK;
}

void page_schema_encode(const struct page_schema *schema, struct buf *buf)
{
    assert(schema->count >= 1 && schema->count <= PAGE_COLUMNS_MAX);
    buf_u8(buf, SCHEMA_VERSION);
    buf_u8(buf, (uint8_t)schema->count);
    for (unsigned i = 0; i < schema->count; i++) {
        const struct page_column *column = &schema->columns[i];
        struct slice name = slice_str(column->name);
        buf_u8(buf, (uint8_t)column->field);
        buf_u8(buf, (uint8_t)column->rank);
        buf_u8(buf, (uint8_t)name.len);
        buf_slice(buf, name);
    }
}

/* May this column stand behind the ones that the schema has? */
static bool is_column_allowed(const struct page_schema *schema, const struct page_column *column)
{
    if ((column->field == PAGE_FIELD_KEY) != (schema->count == 0)) {
        return false;
    }
    if (is_endpoint(column->field) ? page_schema_endpoint(schema, column->field, column->rank) >= 0
                                   : column->rank != 0) {
        return false;
    }
    return page_schema_find(schema, slice_str(column->name)) < 0;
}

static bool read_column(struct reader *reader, struct page_column *column)
{
    unsigned field = reader_u8(reader);
    unsigned rank = reader_u8(reader);
    struct slice name = reader_bytes(reader, reader_u8(reader));
    if (reader->bad || field >= PAGE_FIELDS || rank >= PAGE_COLUMNS_MAX || name.len == 0 ||
        name.len > PAGE_NAME_MAX || memchr(name.data, 0, name.len) != NULL ||
        !text_is_utf8(name, NULL)) {
        return false;
    }
    column->field = (enum page_field)field;
    column->rank = rank;
    memcpy(column->name, name.data, name.len);
    return true;
}

enum err page_schema_decode(struct slice bytes, struct page_schema *schema)
{
    memset(schema, 0, sizeof(*schema));
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    unsigned count = reader_u8(&reader);
    if (reader.bad) {
        return ERR_CORRUPT;
    }
    if (version != SCHEMA_VERSION) {
        return ERR_UNSUPPORTED;
    }
    if (count == 0 || count > PAGE_COLUMNS_MAX) {
        return ERR_CORRUPT;
    }
    while (schema->count < count) {
        struct page_column *column = &schema->columns[schema->count];
        if (!read_column(&reader, column) || !is_column_allowed(schema, column)) {
            return ERR_CORRUPT;
        }
        schema->count++;
    }
    return reader_left(&reader) == 0 ? ERR_OK : ERR_CORRUPT;
}

int page_schema_find(const struct page_schema *schema, struct slice name)
{
    for (unsigned i = 0; i < schema->count; i++) {
        if (slice_is(name, schema->columns[i].name)) {
            return (int)i;
        }
    }
    return -1;
}

int page_schema_endpoint(const struct page_schema *schema, enum page_field field, unsigned rank)
{
    for (unsigned i = 0; i < schema->count; i++) {
        if (schema->columns[i].field == field && schema->columns[i].rank == rank) {
            return (int)i;
        }
    }
    return -1;
}
