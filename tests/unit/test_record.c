/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "coordinator/engine/record.h"
#include "unit.h"

static struct record *example(void)
{
    struct record *record = record_new(3, 7, 42);
    record->time_ms = 1700000000123;
    record_add_block(record, 1, 0, slice_str("block"));
    record_put(record, slice_str("key"), slice_str("value"));
    record_add_snapshot(record, 1, 0, slice_str("snapshot"));
    record_remove(record, slice_str("gone"));
    record_add_block(record, UINT64_MAX, UINT32_MAX, slice_of(NULL, 0));
    record_put(record, slice_str(""), slice_str(""));
    return record;
}

static void a_record_holds_its_entries_in_order(void **state)
{
    (void)state;
    struct record *record = example();
    assert_int_equal(record->entry_count, 6);
    assert_int_equal(record->entries[0].kind, RECORD_BLOCK);
    assert_int_equal(record->entries[0].campaign, 1);
    assert_slice_is(record_value(record, &record->entries[0]), "block");
    assert_slice_is(record_key(record, &record->entries[1]), "key");
    assert_slice_is(record_value(record, &record->entries[1]), "value");
    assert_int_equal(record->entries[2].kind, RECORD_SNAPSHOT);
    assert_slice_is(record_key(record, &record->entries[3]), "gone");
    assert_slice_is(record_value(record, &record->entries[3]), "");
    assert_int_equal(record->entries[4].page, UINT32_MAX);
    record_free(record);
}

static void a_new_record_is_empty(void **state)
{
    (void)state;
    struct record *record = record_new(0, 1, 1);
    assert_true(record_is_empty(record));
    record_remove(record, slice_str("k"));
    assert_false(record_is_empty(record));
    record_free(record);
    record_free(NULL);
}

static void entries_survive_growth(void **state)
{
    (void)state;
    struct record *record = record_new(0, 1, 1);
    uint8_t value[64];
    for (unsigned i = 0; i < 1000; i++) {
        memset(value, (int)(i & 0xff), sizeof(value));
        record_add_block(record, i, i, slice_of(value, i % 64));
    }
    for (unsigned i = 0; i < 1000; i++) {
        struct slice read = record_value(record, &record->entries[i]);
        assert_int_equal(read.len, i % 64);
        assert_int_equal(record->entries[i].page, i);
        assert_true(read.len == 0 || read.data[read.len - 1] == (i & 0xff));
    }
    record_free(record);
}

static void a_record_comes_back_from_its_bytes_without_snapshots(void **state)
{
    (void)state;
    struct record *record = example();
    struct buf bytes = {0};
    record_encode(record, &bytes);
    struct record *read;
    assert_int_equal(record_decode(buf_view(&bytes), &read), ERR_OK);
    assert_int_equal(read->partition, 3);
    assert_int_equal(read->epoch, 7);
    assert_int_equal(read->recno, 42);
    assert_int_equal(read->time_ms, 1700000000123);
    assert_int_equal(read->entry_count, 5);
    struct buf again = {0};
    record_encode(read, &again);
    assert_true(slice_equal(buf_view(&bytes), buf_view(&again)));
    assert_slice_is(record_key(read, &read->entries[2]), "gone");
    assert_int_equal(read->entries[3].campaign, UINT64_MAX);
    buf_release(&bytes);
    buf_release(&again);
    record_free(record);
    record_free(read);
}

static void the_bytes_of_version_1_stay_readable(void **state)
{
    (void)state;
    static const uint8_t golden[] = {
        1,                      /* version */
        3, 7, 42,  5, 3,        /* partition, epoch, recno, time, entries */
        0, 1, 2,   2, 'b', 'c', /* block of campaign 1, page 2 */
        1, 1, 'k', 1, 'v',      /* put */
        2, 1, 'r',              /* remove */
    };
    struct record *record;
    assert_int_equal(record_decode(slice_of(golden, sizeof(golden)), &record), ERR_OK);
    assert_int_equal(record->entry_count, 3);
    assert_int_equal(record->entries[0].page, 2);
    assert_slice_is(record_value(record, &record->entries[0]), "bc");
    struct buf bytes = {0};
    record_encode(record, &bytes);
    assert_int_equal(bytes.len, sizeof(golden));
    assert_memory_equal(bytes.data, golden, sizeof(golden));
    buf_release(&bytes);
    record_free(record);
}

static void cut_off_bytes_are_refused(void **state)
{
    (void)state;
    struct record *record = example();
    struct buf bytes = {0};
    record_encode(record, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct record *read;
        assert_int_equal(record_decode(slice_of(bytes.data, len), &read), ERR_CORRUPT);
        assert_null(read);
    }
    buf_u8(&bytes, 0);
    struct record *read;
    assert_int_equal(record_decode(buf_view(&bytes), &read), ERR_CORRUPT);
    buf_release(&bytes);
    record_free(record);
}

static enum err decode(const uint8_t *bytes, size_t len)
{
    struct record *record;
    enum err err = record_decode(slice_of(bytes, len), &record);
    record_free(record);
    return err;
}

static void impossible_bytes_are_refused(void **state)
{
    (void)state;
    static const uint8_t version_2[] = {2, 0, 0, 0, 0, 0};
    static const uint8_t big_partition[] = {1, 0x80, 0x80, 4, 0, 0, 0, 0};
    static const uint8_t many[] = {1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0};
    static const uint8_t snapshot[] = {1, 0, 0, 0, 0, 1, 3, 0, 0, 0};
    static const uint8_t big_page[] = {1, 0, 0, 0, 0, 1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 0};
    static const uint8_t big_page_ok[] = {1, 0, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0};
    assert_int_equal(decode(version_2, sizeof(version_2)), ERR_UNSUPPORTED);
    assert_int_equal(decode(big_partition, sizeof(big_partition)), ERR_CORRUPT);
    assert_int_equal(decode(many, sizeof(many)), ERR_CORRUPT);
    assert_int_equal(decode(snapshot, sizeof(snapshot)), ERR_CORRUPT);
    assert_int_equal(decode(big_page, sizeof(big_page)), ERR_CORRUPT);
    assert_int_equal(decode(big_page_ok, sizeof(big_page_ok)), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_holds_its_entries_in_order),
        cmocka_unit_test(a_new_record_is_empty),
        cmocka_unit_test(entries_survive_growth),
        cmocka_unit_test(a_record_comes_back_from_its_bytes_without_snapshots),
        cmocka_unit_test(the_bytes_of_version_1_stay_readable),
        cmocka_unit_test(cut_off_bytes_are_refused),
        cmocka_unit_test(impossible_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
