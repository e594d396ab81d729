/* SPDX-License-Identifier: Apache-2.0 */
#include "common/buf.h"
#include "tests/unit/unit.h"

static void integers_are_laid_down_in_the_named_order(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_u8(&buf, 0x01);
    buf_u16(&buf, 0x0203);
    buf_u32(&buf, 0x04050607);
    buf_u64(&buf, UINT64_C(0x08090a0b0c0d0e0f));
    buf_be16(&buf, 0x1011);
    buf_be32(&buf, 0x12131415);
    buf_be64(&buf, UINT64_C(0x161718191a1b1c1d));
    static const uint8_t expected[] = {
        0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08,
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d,
    };
    assert_int_equal(buf.len, sizeof(expected));
    assert_memory_equal(buf.data, expected, sizeof(expected));
    buf_release(&buf);
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_u8(&buf, 200);
    buf_u16(&buf, 60000);
    buf_u32(&buf, 4000000000);
    buf_u64(&buf, UINT64_MAX - 1);
    buf_be16(&buf, 60001);
    buf_be32(&buf, 4000000001);
    buf_be64(&buf, UINT64_MAX - 2);
    buf_blob(&buf, slice_str("a blob"));
    buf_str(&buf, "rest");
    struct reader reader = reader_of(buf_view(&buf));
    assert_int_equal(reader_u8(&reader), 200);
    assert_int_equal(reader_u16(&reader), 60000);
    assert_int_equal(reader_u32(&reader), 4000000000);
    assert_true(reader_u64(&reader) == UINT64_MAX - 1);
    assert_int_equal(reader_be16(&reader), 60001);
    assert_int_equal(reader_be32(&reader), 4000000001);
    assert_true(reader_be64(&reader) == UINT64_MAX - 2);
    assert_slice_is(reader_blob(&reader), "a blob");
    assert_int_equal(reader_left(&reader), 4);
    assert_slice_is(reader_bytes(&reader, 4), "rest");
    assert_false(reader.bad);
    buf_release(&buf);
}

static void varints_of_every_length_come_back(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t value = UINT64_C(1) << bit;
        buf_clear(&buf);
        buf_varint(&buf, value - 1);
        buf_varint(&buf, value);
        struct reader reader = reader_of(buf_view(&buf));
        assert_true(reader_varint(&reader) == value - 1);
        assert_true(reader_varint(&reader) == value);
        assert_int_equal(reader_left(&reader), 0);
        assert_false(reader.bad);
    }
    buf_clear(&buf);
    buf_varint(&buf, UINT64_MAX);
    assert_int_equal(buf.len, 10);
    struct reader reader = reader_of(buf_view(&buf));
    assert_true(reader_varint(&reader) == UINT64_MAX);
    buf_release(&buf);
}

static void varints_beyond_64_bits_are_bad(void **state)
{
    (void)state;
    static const uint8_t too_big[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    static const uint8_t too_long[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                       0x80, 0x80, 0x80, 0x80, 0x00};
    struct reader reader = reader_of(slice_of(too_big, sizeof(too_big)));
    assert_int_equal(reader_varint(&reader), 0);
    assert_true(reader.bad);
    reader = reader_of(slice_of(too_long, sizeof(too_long)));
    assert_int_equal(reader_varint(&reader), 0);
    assert_true(reader.bad);
}

static void a_varint_that_is_cut_off_is_bad_and_zero(void **state)
{
    (void)state;
    static const uint8_t cut[] = {0xff, 0xff};
    struct reader reader = reader_of(slice_of(cut, sizeof(cut)));
    assert_int_equal(reader_varint(&reader), 0);
    assert_true(reader.bad);
}

static void after_the_end_all_reads_give_nothing(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct reader reader = reader_of(slice_of(bytes, sizeof(bytes)));
    assert_int_equal(reader_u32(&reader), 0);
    assert_true(reader.bad);
    /* The three bytes that were there are not given to anyone either. */
    assert_int_equal(reader_u8(&reader), 0);
    assert_int_equal(reader_be64(&reader), 0);
    assert_int_equal(reader_varint(&reader), 0);
    assert_int_equal(reader_bytes(&reader, 0).len, 0);
    assert_int_equal(reader_blob(&reader).len, 0);
    assert_int_equal(reader_left(&reader), 0);
}

static void a_blob_longer_than_what_is_left_is_bad(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_varint(&buf, UINT64_MAX);
    buf_str(&buf, "short");
    struct reader reader = reader_of(buf_view(&buf));
    assert_int_equal(reader_blob(&reader).len, 0);
    assert_true(reader.bad);
    buf_release(&buf);
}

static void a_reader_of_nothing_is_at_its_end(void **state)
{
    (void)state;
    struct reader reader = reader_of(slice_of(NULL, 0));
    assert_int_equal(reader_left(&reader), 0);
    assert_false(reader.bad);
    assert_int_equal(reader_u8(&reader), 0);
    assert_true(reader.bad);
}

static void printf_grows_the_buffer_when_it_must(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_printf(&buf, "%s-%d", "short", 1);
    assert_buf_is(&buf, "short-1");
    for (int len = 0; len < 300; len++) {
        buf_clear(&buf);
        buf_printf(&buf, "%*s|", len, "");
        assert_int_equal(buf.len, len + 1);
        assert_int_equal(buf.data[len], '|');
    }
    buf_release(&buf);
}

static void a_long_buffer_keeps_its_contents_while_it_grows(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (uint32_t i = 0; i < 10000; i++) {
        buf_u32(&buf, i);
    }
    struct reader reader = reader_of(buf_view(&buf));
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(reader_u32(&reader), i);
    }
    buf_release(&buf);
}

static void an_empty_buffer_is_an_empty_string(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_append(&buf, NULL, 0);
    buf_slice(&buf, slice_of(NULL, 0));
    assert_string_equal(buf_cstr(&buf), "");
    assert_int_equal(buf.len, 0);
    assert_non_null(buf_reserve(&buf, 0));
    buf_release(&buf);
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_laid_down_in_the_named_order),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(varints_of_every_length_come_back),
        cmocka_unit_test(varints_beyond_64_bits_are_bad),
        cmocka_unit_test(a_varint_that_is_cut_off_is_bad_and_zero),
        cmocka_unit_test(after_the_end_all_reads_give_nothing),
        cmocka_unit_test(a_blob_longer_than_what_is_left_is_bad),
        cmocka_unit_test(a_reader_of_nothing_is_at_its_end),
        cmocka_unit_test(printf_grows_the_buffer_when_it_must),
        cmocka_unit_test(a_long_buffer_keeps_its_contents_while_it_grows),
        cmocka_unit_test(an_empty_buffer_is_an_empty_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
