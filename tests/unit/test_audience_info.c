/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "coordinator/audience/audience.h"
#include "tests/unit/unit.h"

static struct audience_info make_info(void)
{
    struct audience_info info = {
        .id = 300,
        .name = "customers \xc3\xa4",
        .created_ms = 1795000000000,
        .rows = 2100,
        .accepted = 2000,
        .duplicates = 60,
        .refused = 40,
        .refused_kept = 39,
        .pages = 3,
        .slots = 2060,
        .page_bytes = 50000,
    };
    info.with_field[PAGE_FIELD_KEY] = 2000;
    info.with_field[PAGE_FIELD_VARIABLE] = 7;
    info.schema.count = 2;
    info.schema.columns[0] = (struct page_column){.field = PAGE_FIELD_KEY, .name = "id"};
    info.schema.columns[1] = (struct page_column){.field = PAGE_FIELD_VARIABLE, .name = "x"};
    return info;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct audience_info info = make_info();
    struct audience_info back;
    struct buf bytes = {0};
    audience_info_encode(&info, &bytes);
    assert_int_equal(audience_info_decode(buf_view(&bytes), &back), ERR_OK);
    struct buf again = {0};
    audience_info_encode(&back, &again);
    assert_true(slice_equal(buf_view(&again), buf_view(&bytes)));
    assert_int_equal(back.id, info.id);
    assert_string_equal(back.name, info.name);
    assert_int_equal(back.created_ms, info.created_ms);
    assert_int_equal(back.refused_kept, info.refused_kept);
    assert_int_equal(back.with_field[PAGE_FIELD_VARIABLE], info.with_field[PAGE_FIELD_VARIABLE]);
    assert_string_equal(back.schema.columns[1].name, "x");
    buf_release(&bytes);
    buf_release(&again);
}

static void version_1_stays_readable(void **state)
{
    (void)state;
    static const uint8_t bytes[] = "\x01\x03\x02"
                                   "ab"
                                   "\x05\x04\x02\x01\x01\x01\x01\x03\x10\x08\x02\x00\x00\x00\x00"
                                   "\x00\x00\x00\x07\x01\x01\x00\x00\x02"
                                   "id";
    struct audience_info info;
    assert_int_equal(audience_info_decode(slice_of(bytes, sizeof(bytes) - 1), &info), ERR_OK);
    assert_int_equal(info.id, 3);
    assert_string_equal(info.name, "ab");
    assert_int_equal(info.rows, 4);
    assert_int_equal(info.accepted, 2);
    assert_int_equal(info.duplicates, 1);
    assert_int_equal(info.refused, 1);
    assert_int_equal(info.page_bytes, 16);
    assert_int_equal(info.with_field[PAGE_FIELD_KEY], 2);
}

#define WITH_ROOT                                                                                  \
    "\x03\x02"                                                                                     \
    "ab"                                                                                           \
    "\x05\x04\x02\x01\x01\x01\x01\x03\x10\x08\x02\x00\x00\x00\x00"                                 \
    "\x00\x00\x00\x07\x01\x01\x00\x00\x02"                                                         \
    "id"                                                                                           \
    "\x20"                                                                                         \
    "0123456789abcdef0123456789abcdef"

static void version_2_is_read(void **state)
{
    (void)state;
    static const uint8_t bytes[] = "\x02" WITH_ROOT;
    struct audience_info info;
    assert_int_equal(audience_info_decode(slice_of(bytes, sizeof(bytes) - 1), &info), ERR_OK);
    assert_true(info.has_root && !info.has_secret);
    assert_memory_equal(info.root, "0123456789abcdef0123456789abcdef", HASH_DIGEST_BYTES);
}

static void its_root_and_its_secret_are_kept(void **state)
{
    (void)state;
    static const uint8_t bytes[] = "\x03" WITH_ROOT "\x20"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    struct audience_info info;
    struct buf again = {0};
    assert_int_equal(audience_info_decode(slice_of(bytes, sizeof(bytes) - 1), &info), ERR_OK);
    assert_true(info.has_root && info.has_secret);
    assert_memory_equal(info.root, "0123456789abcdef0123456789abcdef", HASH_DIGEST_BYTES);
    assert_memory_equal(info.secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", ROWS_SECRET_BYTES);
    audience_info_encode(&info, &again);
    assert_true(slice_equal(buf_view(&again), slice_of(bytes, sizeof(bytes) - 1)));
    info.has_root = false; /* a secret of nothing */
    buf_clear(&again);
    audience_info_encode(&info, &again);
    assert_int_equal(audience_info_decode(buf_view(&again), &info), ERR_CORRUPT);
    buf_release(&again);
}

static void damage_is_noticed(void **state)
{
    (void)state;
    struct audience_info info = make_info();
    struct audience_info back;
    struct buf bytes = {0};
    audience_info_encode(&info, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(audience_info_decode(slice_of(bytes.data, len), &back), ERR_CORRUPT);
    }
    buf_u8(&bytes, 0);
    assert_int_equal(audience_info_decode(buf_view(&bytes), &back), ERR_CORRUPT);
    bytes.data[0] = 4;
    assert_int_equal(audience_info_decode(buf_view(&bytes), &back), ERR_NEWER_VERSION);
    buf_clear(&bytes);
    info.accepted++;
    audience_info_encode(&info, &bytes);
    assert_int_equal(audience_info_decode(buf_view(&bytes), &back), ERR_CORRUPT);
    buf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(version_1_stays_readable),
        cmocka_unit_test(version_2_is_read),
        cmocka_unit_test(its_root_and_its_secret_are_kept),
        cmocka_unit_test(damage_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
