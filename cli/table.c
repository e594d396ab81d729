/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <assert.h>
#include <string.h>

#include "cli/human.h"

#define GAP 2

void table_init(struct table *table)
{
    *table = (struct table){0};
}

void table_release(struct table *table)
{
    buf_release(&table->text);
    buf_release(&table->lengths);
}

void table_column(struct table *table, const char *title, bool is_right)
{
    assert(table->columns < TABLE_COLUMNS_MAX);
    table->titles[table->columns] = title;
    table->is_right[table->columns] = is_right;
    table->widths[table->columns] = human_columns(slice_str(title));
    table->columns++;
}

void table_cell(struct table *table, struct slice text)
{
    size_t column = table->cells % table->columns;
    size_t width = human_columns(text);
    if (width > table->widths[column]) {
        table->widths[column] = width;
    }
    buf_slice(&table->text, text);
    buf_u32(&table->lengths, (uint32_t)text.len);
    table->cells++;
}

static void put_blanks(struct buf *buf, size_t count)
{
    memset(buf_reserve(buf, count), ' ', count);
    buf->len += count;
}

static void put_cell(const struct table *table, struct buf *buf, unsigned column, struct slice text)
{
    size_t blanks = table->widths[column] - human_columns(text);
    bool is_last = column + 1 == table->columns;
    if (table->is_right[column]) {
        put_blanks(buf, blanks);
    }
    buf_slice(buf, text);
    if (is_last) {
        while (buf->data[buf->len - 1] == ' ') {
            buf->len--;
        }
        buf_u8(buf, '\n');
    } else {
        put_blanks(buf, GAP + (table->is_right[column] ? 0 : blanks));
    }
}

void table_put(struct table *table, struct buf *buf)
{
    assert(table->cells % table->columns == 0);
    for (unsigned i = 0; i < table->columns && !table->has_head; i++) {
        put_cell(table, buf, i, slice_str(table->titles[i]));
    }
    table->has_head = true;
    struct reader lengths = reader_of(buf_view(&table->lengths));
    struct reader text = reader_of(buf_view(&table->text));
    for (size_t i = 0; i < table->cells; i++) {
        struct slice cell = reader_bytes(&text, reader_u32(&lengths));
        put_cell(table, buf, (unsigned)(i % table->columns), cell);
    }
    table->cells = 0;
    buf_clear(&table->text);
    buf_clear(&table->lengths);
}
