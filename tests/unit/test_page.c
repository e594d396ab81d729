/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <zstd.h>

#include "proto/page.h"
#include "tests/unit/unit.h"

static const enum page_codec codecs[] = {PAGE_RAW, PAGE_LZ4, PAGE_ZSTD};
enum { CODECS = 3, HEADER = 12, TEXT_MAX = 400 };

/* The value of a column in a row of the test pages: column 1 is empty everywhere, column 2 here and
 * there, column 3 longer than a byte can say. */
static struct slice value_at(unsigned row, unsigned column, char text[TEXT_MAX])
{
    int len = 0;
    switch (column) {
    case 0:
        len = snprintf(text, TEXT_MAX, "C%06u", row);
        break;
    case 1:
        break;
    case 2:
        len = row % 3 == 0 ? 0 : snprintf(text, TEXT_MAX, "+4917%08u", row * 7919);
        break;
    default:
        len = snprintf(text, TEXT_MAX, "%0*u", (int)(row % 5 * 80 + 1), row);
        break;
    }
    return slice_of(text, (size_t)len);
}

static void fill(struct page_builder *builder, unsigned rows, unsigned columns)
{
    char text[PAGE_COLUMNS_MAX][TEXT_MAX];
    struct slice values[PAGE_COLUMNS_MAX];
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned c = 0; c < columns; c++) {
            values[c] = value_at(row, c, text[c]);
        }
        assert_true(page_builder_add(builder, values));
    }
}

static void seal(struct buf *page, unsigned rows, unsigned columns, enum page_codec codec)
{
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, columns);
    fill(&builder, rows, columns);
    page_seal(&builder, codec, NULL, &scratch, page);
    page_builder_release(&builder);
    buf_release(&scratch);
}

static void expect_row(const struct page_view *view, unsigned row, unsigned columns)
{
    char text[TEXT_MAX];
    assert_int_equal(view->row, row);
    for (unsigned c = 0; c < columns; c++) {
        struct slice expected = value_at(row, c, text);
        struct slice got = page_value(view, c);
        assert_int_equal(got.len, expected.len);
        if (got.len > 0) {
            assert_memory_equal(got.data, expected.data, got.len);
        }
    }
}

static void expect_err(struct buf *page, enum err expected)
{
    struct page_view view = {0};
    enum err err = page_open(&view, buf_view(page), NULL);
    assert_int_equal(err, expected);
    assert_int_equal(view.count, 0);
    assert_int_equal(page_value(&view, 0).len, 0);
    page_view_release(&view);
}

static void what_was_sealed_is_read_back(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 7, 8, 9, 255, 1023, 1024};
    struct page_view view = {0};
    for (unsigned i = 0; i < CODECS * 8; i++) {
        struct buf page = {0};
        seal(&page, sizes[i / CODECS], 4, codecs[i % CODECS]);
        assert_int_equal(page_count(buf_view(&page)), sizes[i / CODECS]);
        assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_OK);
        assert_int_equal(view.count, sizes[i / CODECS]);
        assert_int_equal(view.columns, 4);
        for (unsigned row = 0; row < view.count; row++) {
            page_seek(&view, row);
            expect_row(&view, row, 4);
        }
        buf_release(&page);
    }
    page_view_release(&view);
}

static void a_page_may_have_the_most_columns(void **state)
{
    (void)state;
    struct buf page = {0};
    struct page_view view = {0};
    seal(&page, 3, PAGE_COLUMNS_MAX, PAGE_RAW);
    assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_OK);
    page_seek(&view, 2);
    expect_row(&view, 2, PAGE_COLUMNS_MAX);
    page_view_release(&view);
    buf_release(&page);
}

static void the_cursor_goes_anywhere(void **state)
{
    (void)state;
    struct buf page = {0};
    struct page_view view = {0};
    seal(&page, PAGE_RECIPIENTS, 4, PAGE_LZ4);
    assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_OK);
    static const unsigned rows[] = {0, 0, 1, 9, 8, 1000, 1023, 5, 6, 7, 500, 1023, 0};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        page_seek(&view, rows[i]);
        expect_row(&view, rows[i], 4);
    }
    page_view_release(&view);
    buf_release(&page);
}

static void past_the_end_all_is_empty(void **state)
{
    (void)state;
    struct buf page = {0};
    struct page_view view = {0};
    seal(&page, 10, 4, PAGE_RAW);
    assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_OK);
    assert_int_equal(page_value(&view, 4).len, 0);
    assert_int_equal(page_value(&view, PAGE_COLUMNS_MAX).len, 0);
    page_seek(&view, 5000);
    assert_int_equal(view.row, 10);
    assert_int_equal(page_value(&view, 0).len, 0);
    page_seek(&view, 9);
    expect_row(&view, 9, 4);
    page_view_release(&view);
    buf_release(&page);
}

static void a_full_builder_takes_no_more(void **state)
{
    (void)state;
    struct page_builder builder;
    page_builder_init(&builder, 1);
    fill(&builder, PAGE_RECIPIENTS, 1);
    struct slice value = slice_str("one more");
    assert_false(page_builder_add(&builder, &value));
    page_builder_clear(&builder);
    assert_true(page_builder_add(&builder, &value));
    assert_int_equal(builder.count, 1);
    page_builder_release(&builder);
}

static void the_same_rows_seal_to_the_same_bytes_with_any_context(void **state)
{
    (void)state;
    struct buf pages[2] = {{0}};
    struct buf scratch = {0};
    struct page_builder builder;
    struct page_view view = {0};
    ZSTD_CCtx *compress = ZSTD_createCCtx();
    ZSTD_DCtx *decompress = ZSTD_createDCtx();
    page_builder_init(&builder, 4);
    for (unsigned i = 0; i < 2; i++) {
        fill(&builder, 1000, 4);
        page_seal(&builder, PAGE_ZSTD, i == 0 ? NULL : compress, &scratch, &pages[i]);
        page_builder_clear(&builder);
        assert_int_equal(page_open(&view, buf_view(&pages[i]), i == 0 ? NULL : decompress), ERR_OK);
    }
    assert_true(slice_equal(buf_view(&pages[0]), buf_view(&pages[1])));
    ZSTD_freeCCtx(compress);
    ZSTD_freeDCtx(decompress);
    page_view_release(&view);
    page_builder_release(&builder);
    buf_release(&scratch);
    buf_release(&pages[0]);
    buf_release(&pages[1]);
}

static void seal_appends(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_str(&page, "before");
    seal(&page, 100, 3, PAGE_LZ4);
    struct page_view view = {0};
    assert_memory_equal(page.data, "before", 6);
    assert_int_equal(page_open(&view, slice_of(page.data + 6, page.len - 6), NULL), ERR_OK);
    assert_int_equal(view.count, 100);
    page_view_release(&view);
    buf_release(&page);
}

static void a_body_that_does_not_shrink_is_stored_raw(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CODECS; i++) {
        struct buf page = {0};
        seal(&page, 1, 1, codecs[i]);
        assert_int_equal(page.data[1], PAGE_RAW);
        assert_int_equal(page.len, HEADER + 5 + 1 + 7);
        buf_release(&page);
        seal(&page, 1024, 4, codecs[i]);
        assert_int_equal(page.data[1], codecs[i]);
        buf_release(&page);
    }
}

static void a_value_may_have_the_most_bytes(void **state)
{
    (void)state;
    static const uint8_t large[PAGE_VALUE_MAX] = {'x'};
    struct page_builder builder;
    struct buf scratch = {0};
    struct buf page = {0};
    struct page_view view = {0};
    page_builder_init(&builder, 2);
    struct slice values[2] = {slice_of(large, sizeof(large)), slice_of(NULL, 0)};
    for (unsigned i = 0; i < PAGE_RECIPIENTS; i++) {
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_LZ4, NULL, &scratch, &page);
    assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_OK);
    page_seek(&view, PAGE_RECIPIENTS - 1);
    assert_true(slice_equal(page_value(&view, 0), values[0]));
    page_builder_release(&builder);
    page_view_release(&view);
    buf_release(&scratch);
    buf_release(&page);
}

/* Golden pages of version 1: two recipients, {"a1", "x", ""} and {"b2", "", ""}, twelve times each
 * where it has to shrink. They must open for ever. */
/* clang-format off */
static const uint8_t golden_raw[] = {
    1, 0, 2, 0, 3, 0, 0, 0, 24, 0, 0, 0,     /* header */
    1, 4, 0, 0, 0, 2, 2, 'a', '1', 'b', '2', /* column 0 */
    1, 1, 0, 0, 0, 1, 0, 'x',                /* column 1 */
    0, 0, 0, 0, 0,                           /* column 2 */
};
/* clang-format on */
static const uint8_t golden_lz4[] = {0x01, 0x01, 0x18, 0x00, 0x03, 0x00, 0x00, 0x00, 0x7b, 0x00,
                                     0x00, 0x00, 0x6f, 0x01, 0x30, 0x00, 0x00, 0x00, 0x02, 0x01,
                                     0x00, 0x04, 0x4f, 0x61, 0x31, 0x62, 0x32, 0x04, 0x00, 0x19,
                                     0x6f, 0x01, 0x0c, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x04,
                                     0x17, 0x78, 0x01, 0x00, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00};
static const uint8_t golden_zstd[] = {
    0x01, 0x02, 0x18, 0x00, 0x03, 0x00, 0x00, 0x00, 0x7b, 0x00, 0x00, 0x00, 0x28, 0xb5, 0x2f,
    0xfd, 0x20, 0x7b, 0x25, 0x01, 0x00, 0xc0, 0x01, 0x30, 0x00, 0x00, 0x00, 0x02, 0x61, 0x31,
    0x62, 0x32, 0x01, 0x0c, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x78, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x04, 0x00, 0x38, 0x43, 0x80, 0x8f, 0xb7, 0x33, 0x49, 0x0d, 0x8a};

static void expect_golden_row(const struct page_view *view, const char *key, const char *x)
{
    assert_slice_is(page_value(view, 0), key);
    assert_slice_is(page_value(view, 1), x);
    assert_slice_is(page_value(view, 2), "");
}

static void expect_golden_rows(struct slice bytes, unsigned times)
{
    struct page_view view = {0};
    assert_int_equal(page_open(&view, bytes, NULL), ERR_OK);
    assert_int_equal(view.count, 2 * times);
    assert_int_equal(view.columns, 3);
    for (unsigned row = 0; row < view.count; row += 2) {
        page_seek(&view, row);
        expect_golden_row(&view, "a1", "x");
        page_seek(&view, row + 1);
        expect_golden_row(&view, "b2", "");
    }
    page_view_release(&view);
}

static void version_1_is_read_for_ever(void **state)
{
    (void)state;
    expect_golden_rows(slice_of(golden_raw, sizeof(golden_raw)), 1);
    expect_golden_rows(slice_of(golden_lz4, sizeof(golden_lz4)), 12);
    expect_golden_rows(slice_of(golden_zstd, sizeof(golden_zstd)), 12);
}

static void version_1_is_written_as_it_is(void **state)
{
    (void)state;
    struct page_builder builder;
    struct buf scratch = {0};
    struct buf page = {0};
    page_builder_init(&builder, 3);
    const struct slice rows[][3] = {{slice_str("a1"), slice_str("x"), slice_str("")},
                                    {slice_str("b2"), slice_str(""), slice_str("")}};
    assert_true(page_builder_add(&builder, rows[0]));
    assert_true(page_builder_add(&builder, rows[1]));
    page_seal(&builder, PAGE_RAW, NULL, &scratch, &page);
    assert_int_equal(page.len, sizeof(golden_raw));
    assert_memory_equal(page.data, golden_raw, sizeof(golden_raw));
    page_builder_release(&builder);
    buf_release(&scratch);
    buf_release(&page);
}

static void another_version_or_codec_is_unsupported(void **state)
{
    (void)state;
    struct buf page = {0};
    seal(&page, 10, 3, PAGE_RAW);
    page.data[0] = 2;
    expect_err(&page, ERR_UNSUPPORTED);
    assert_int_equal(page_count(buf_view(&page)), 0);
    page.data[0] = 1;
    page.data[1] = 3;
    expect_err(&page, ERR_UNSUPPORTED);
    buf_release(&page);
}

static void a_page_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CODECS; i++) {
        struct buf page = {0};
        seal(&page, 40, 4, codecs[i]);
        for (size_t len = 0; len < page.len; len++) {
            /* A copy of its own, so that AddressSanitizer sees a read past the end. */
            struct buf cut = {0};
            buf_append(&cut, page.data, len);
            expect_err(&cut, ERR_CORRUPT);
            buf_release(&cut);
        }
        buf_u8(&page, 0);
        expect_err(&page, ERR_CORRUPT);
        buf_release(&page);
    }
}

/* Any answer is good, as long as what is opened can be walked. */
static void a_flipped_bit_does_no_harm(void **state)
{
    (void)state;
    struct page_view view = {0};
    for (unsigned i = 0; i < CODECS; i++) {
        struct buf page = {0};
        seal(&page, 20, 4, codecs[i]);
        for (size_t bit = 0; bit < page.len * 8; bit++) {
            page.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (page_open(&view, buf_view(&page), NULL) == ERR_OK) {
                size_t total = 0;
                for (unsigned row = 0; row < view.count; row++) {
                    page_seek(&view, row);
                    for (unsigned c = 0; c < view.columns; c++) {
                        total += page_value(&view, c).len;
                    }
                }
                assert_in_range(total, 0, PAGE_RAW_MAX);
            }
            page.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        buf_release(&page);
    }
    page_view_release(&view);
}

static void put_header(struct buf *page, unsigned codec, unsigned count, unsigned columns,
                       size_t raw_bytes)
{
    buf_clear(page);
    buf_u8(page, 1);
    buf_u8(page, (uint8_t)codec);
    buf_u16(page, (uint16_t)count);
    buf_u16(page, (uint16_t)columns);
    buf_u16(page, 0);
    buf_u32(page, (uint32_t)raw_bytes);
}

static void expect_body_err(unsigned count, unsigned columns, const char *body, size_t len,
                            enum err expected)
{
    struct buf page = {0};
    struct page_view view = {0};
    put_header(&page, PAGE_RAW, count, columns, len);
    buf_append(&page, body, len);
    assert_int_equal(page_open(&view, buf_view(&page), NULL), expected);
    page_view_release(&view);
    buf_release(&page);
}

static void impossible_counts_are_corrupt(void **state)
{
    (void)state;
    static const char body[65 * 5] = {0};
    expect_body_err(1, 1, body, 5, ERR_OK);
    expect_body_err(1024, 64, body, (size_t)64 * 5, ERR_OK);
    expect_body_err(0, 1, body, 5, ERR_CORRUPT);
    expect_body_err(1025, 1, body, 5, ERR_CORRUPT);
    expect_body_err(1, 0, body, 0, ERR_CORRUPT);
    expect_body_err(1, 65, body, (size_t)65 * 5, ERR_CORRUPT);
    expect_body_err(1, 2, body, 5, ERR_CORRUPT);
    expect_body_err(1, 1, body, 10, ERR_CORRUPT);
}

static void lengths_that_do_not_add_up_are_corrupt(void **state)
{
    (void)state;
    expect_body_err(2, 1,
                    "\x01\x03\x00\x00\x00\x01\x02"
                    "abc",
                    10, ERR_OK);
    expect_body_err(2, 1,
                    "\x01\x03\x00\x00\x00\x01\x01"
                    "abc",
                    10, ERR_CORRUPT);
    expect_body_err(2, 1,
                    "\x01\x03\x00\x00\x00\x01\x03"
                    "abc",
                    10, ERR_CORRUPT);
    expect_body_err(2, 1,
                    "\x02\x03\x00\x00\x00\x01\x00\x02\x00"
                    "abc",
                    12, ERR_OK);
    expect_body_err(2, 1,
                    "\x02\x03\x00\x00\x00\x01\x00\x02\x01"
                    "abc",
                    12, ERR_CORRUPT);
    expect_body_err(2, 1,
                    "\x00\x03\x00\x00\x00"
                    "abc",
                    8, ERR_CORRUPT);
    expect_body_err(2, 1, "\x03\x00\x00\x00\x00", 5, ERR_CORRUPT);
    expect_body_err(1, 1,
                    "\x01\xff\xff\xff\xff\x01"
                    "a",
                    7, ERR_CORRUPT);
}

static void reserved_bytes_must_be_zero(void **state)
{
    (void)state;
    struct buf page = {0};
    seal(&page, 10, 3, PAGE_RAW);
    page.data[6] = 1;
    expect_err(&page, ERR_CORRUPT);
    buf_release(&page);
}

/* A raw page of one recipient and two values of these lengths. */
static void expect_row_err(unsigned first, unsigned second, enum err expected)
{
    static const uint8_t blob[PAGE_VALUE_MAX + 1];
    struct buf body = {0};
    buf_u8(&body, 2);
    buf_u32(&body, first);
    buf_u16(&body, (uint16_t)first);
    buf_append(&body, blob, first);
    buf_u8(&body, 2);
    buf_u32(&body, second);
    buf_u16(&body, (uint16_t)second);
    buf_append(&body, blob, second);
    expect_body_err(1, 2, (const char *)body.data, body.len, expected);
    buf_release(&body);
}

static void a_recipient_with_too_many_bytes_is_corrupt(void **state)
{
    (void)state;
    expect_row_err(PAGE_VALUE_MAX, 0, ERR_OK);
    expect_row_err(PAGE_VALUE_MAX - 7, 7, ERR_OK);
    expect_row_err(PAGE_VALUE_MAX, 1, ERR_CORRUPT);
    expect_row_err(0, PAGE_VALUE_MAX + 1, ERR_CORRUPT);
}

static void a_page_that_claims_too_much_is_refused_before_it_is_unpacked(void **state)
{
    (void)state;
    struct buf page = {0};
    static const size_t claims[] = {PAGE_RAW_MAX + 1, UINT32_MAX, PAGE_RAW_MAX};
    for (unsigned i = 0; i < CODECS * 3; i++) {
        put_header(&page, codecs[i % CODECS], 1, 1, claims[i / CODECS]);
        buf_str(&page, "twenty bytes of junk");
        struct page_view view = {0};
        assert_int_equal(page_open(&view, buf_view(&page), NULL), ERR_CORRUPT);
        assert_int_equal(view.body.cap, 0);
        page_view_release(&view);
    }
    buf_release(&page);
}

static void a_view_is_good_again_after_a_damaged_page(void **state)
{
    (void)state;
    struct buf good = {0};
    struct buf bad = {0};
    struct page_view view = {0};
    seal(&good, 100, 4, PAGE_ZSTD);
    seal(&bad, 100, 4, PAGE_ZSTD);
    bad.len -= 3;
    assert_int_equal(page_open(&view, buf_view(&good), NULL), ERR_OK);
    page_seek(&view, 50);
    assert_int_equal(page_open(&view, buf_view(&bad), NULL), ERR_CORRUPT);
    assert_int_equal(view.count, 0);
    assert_int_equal(page_open(&view, buf_view(&good), NULL), ERR_OK);
    expect_row(&view, 0, 4);
    page_view_release(&view);
    buf_release(&good);
    buf_release(&bad);
}

static void count_wants_a_whole_header(void **state)
{
    (void)state;
    assert_int_equal(page_count(slice_of(golden_raw, sizeof(golden_raw))), 2);
    assert_int_equal(page_count(slice_of(golden_raw, HEADER - 1)), 0);
    assert_int_equal(page_count(slice_of(NULL, 0)), 0);
    uint8_t many[HEADER] = {1, 0, 1, 4};
    assert_int_equal(page_count(slice_of(many, HEADER)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_is_read_back),
        cmocka_unit_test(a_page_may_have_the_most_columns),
        cmocka_unit_test(the_cursor_goes_anywhere),
        cmocka_unit_test(past_the_end_all_is_empty),
        cmocka_unit_test(a_full_builder_takes_no_more),
        cmocka_unit_test(the_same_rows_seal_to_the_same_bytes_with_any_context),
        cmocka_unit_test(seal_appends),
        cmocka_unit_test(a_body_that_does_not_shrink_is_stored_raw),
        cmocka_unit_test(a_value_may_have_the_most_bytes),
        cmocka_unit_test(version_1_is_read_for_ever),
        cmocka_unit_test(version_1_is_written_as_it_is),
        cmocka_unit_test(another_version_or_codec_is_unsupported),
        cmocka_unit_test(a_page_cut_anywhere_is_corrupt),
        cmocka_unit_test(a_flipped_bit_does_no_harm),
        cmocka_unit_test(impossible_counts_are_corrupt),
        cmocka_unit_test(lengths_that_do_not_add_up_are_corrupt),
        cmocka_unit_test(reserved_bytes_must_be_zero),
        cmocka_unit_test(a_recipient_with_too_many_bytes_is_corrupt),
        cmocka_unit_test(a_page_that_claims_too_much_is_refused_before_it_is_unpacked),
        cmocka_unit_test(a_view_is_good_again_after_a_damaged_page),
        cmocka_unit_test(count_wants_a_whole_header),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
