/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An input whose first byte is even is a page: if it opens, it is walked, and sealed and opened
 * again it must say the same. One whose first byte is odd is a schema, which must encode to what it
 * was.
 */
#include <assert.h>
#include <stdlib.h>

#include "proto/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy_rows(struct page_view *view, struct page_builder *builder)
{
    struct slice values[PAGE_COLUMNS_MAX];
    for (unsigned row = 0; row < view->count; row++) {
        page_seek(view, row);
        size_t total = 0;
        for (unsigned c = 0; c < view->columns; c++) {
            values[c] = page_value(view, c);
            total += values[c].len;
        }
        assert(total <= PAGE_VALUE_MAX);
        bool fits = page_builder_add(builder, values);
        assert(fits);
    }
}

static void expect_same(struct page_view *a, struct page_view *b)
{
    assert(a->count == b->count && a->columns == b->columns);
    for (unsigned row = a->count; row-- > 0;) {
        page_seek(a, row);
        page_seek(b, row);
        for (unsigned c = 0; c < a->columns; c++) {
            assert(slice_equal(page_value(a, c), page_value(b, c)));
        }
        row -= row % 97 < row ? row % 97 : 0; /* going back is slow: some rows are enough */
    }
}

static void try_page(struct slice bytes)
{
    struct page_view view = {0};
    if (page_open(&view, bytes, NULL) == ERR_OK) {
        assert(view.count == page_count(bytes));
        struct page_builder builder;
        struct buf scratch = {0};
        struct buf sealed = {0};
        struct page_view again = {0};
        page_builder_init(&builder, view.columns);
        copy_rows(&view, &builder);
        page_seal(&builder, PAGE_LZ4, NULL, &scratch, &sealed);
        enum err err = page_open(&again, buf_view(&sealed), NULL);
        assert(err == ERR_OK);
        expect_same(&view, &again);
        page_builder_release(&builder);
        page_view_release(&again);
        buf_release(&scratch);
        buf_release(&sealed);
    } else {
        assert(view.count == 0);
    }
    page_view_release(&view);
}

static void try_schema(struct slice bytes)
{
    struct page_schema schema;
    if (page_schema_decode(bytes, &schema) == ERR_OK) {
        struct buf again = {0};
        page_schema_encode(&schema, &again);
        assert(slice_equal(buf_view(&again), bytes));
        buf_release(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct slice rest = slice_of(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        try_page(rest);
    } else {
        try_schema(rest);
    }
    return 0;
}
