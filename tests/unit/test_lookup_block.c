/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "coordinator/ledger/lookup_block.h"
#include "unit.h"

static void entries_come_back_in_order(void **state)
{
    (void)state;
    static const struct {
        uint64_t hash;
        uint32_t ordinal;
    } entries[] = {
        {0, 0}, {0, UINT32_MAX}, {1, 0}, {1000, 5}, {1000, 6}, {UINT64_MAX, 0}, {UINT64_MAX, 9},
    };
    size_t count = sizeof(entries) / sizeof(entries[0]);
    struct lookup_block block = {0};
    for (size_t i = 0; i < count; i++) {
        lookup_block_add(&block, entries[i].hash, entries[i].ordinal);
    }
    assert_int_equal(block.last_hash, UINT64_MAX);
    assert_int_equal(block.last_ordinal, 9);
    struct buf bytes = {0};
    lookup_block_seal(&block, &bytes);
    struct lookup_block_view view;
    assert_true(lookup_block_open(&view, buf_view(&bytes)));
    for (size_t i = 0; i < count; i++) {
        assert_true(lookup_block_next(&view));
        assert_true(view.hash == entries[i].hash);
        assert_int_equal(view.ordinal, entries[i].ordinal);
    }
    assert_false(lookup_block_next(&view));
    assert_false(view.bad);
    buf_release(&bytes);
    lookup_block_release(&block);
}

static void a_block_takes_1024_entries_of_about_ten_bytes(void **state)
{
    (void)state;
    struct lookup_block block = {0};
    uint64_t gap = UINT64_MAX / 10000000; /* ten million recipients */
    for (unsigned i = 0; i < LOOKUP_BLOCK_ENTRIES; i++) {
        assert_false(lookup_block_is_full(&block));
        lookup_block_add(&block, gap * (i + 5), 9000000 + i);
    }
    assert_true(lookup_block_is_full(&block));
    struct buf bytes = {0};
    lookup_block_seal(&block, &bytes);
    assert_in_range(bytes.len, LOOKUP_BLOCK_ENTRIES * 9, LOOKUP_BLOCK_ENTRIES * 11);
    lookup_block_clear(&block);
    lookup_block_add(&block, 1, 1); /* smaller than before: a new block */
    assert_int_equal(block.count, 1);
    buf_release(&bytes);
    lookup_block_release(&block);
}

static bool reads_whole(struct slice bytes)
{
    struct lookup_block_view view;
    lookup_block_open(&view, bytes);
    while (lookup_block_next(&view)) {
    }
    return !view.bad;
}

static void cut_off_blocks_are_refused(void **state)
{
    (void)state;
    struct lookup_block block = {0};
    lookup_block_add(&block, 500, 1);
    lookup_block_add(&block, 70000, 300);
    struct buf bytes = {0};
    lookup_block_seal(&block, &bytes);
    assert_true(reads_whole(buf_view(&bytes)));
    for (size_t len = 0; len < bytes.len; len++) {
        assert_false(reads_whole(slice_of(bytes.data, len)));
    }
    buf_u8(&bytes, 0);
    assert_false(reads_whole(buf_view(&bytes)));
    buf_release(&bytes);
    lookup_block_release(&block);
}

static void impossible_blocks_are_refused(void **state)
{
    (void)state;
    static const uint8_t version_2[] = {2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t empty[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t first_delta[] = {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    static const uint8_t same_twice[] = {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 4};
    static const uint8_t wraps[] = {1,    2,    0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0,    0,    1,    0};
    static const uint8_t big_ordinal[] = {1, 1, 0, 0,    0,    0,    0,    0,
                                          0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x10};
    static const uint8_t right[] = {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 5};
    assert_false(reads_whole(slice_of(version_2, sizeof(version_2))));
    assert_false(reads_whole(slice_of(empty, sizeof(empty))));
    assert_false(reads_whole(slice_of(first_delta, sizeof(first_delta))));
    assert_false(reads_whole(slice_of(same_twice, sizeof(same_twice))));
    assert_false(reads_whole(slice_of(wraps, sizeof(wraps))));
    assert_false(reads_whole(slice_of(big_ordinal, sizeof(big_ordinal))));
    assert_true(reads_whole(slice_of(right, sizeof(right))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_back_in_order),
        cmocka_unit_test(a_block_takes_1024_entries_of_about_ten_bytes),
        cmocka_unit_test(cut_off_blocks_are_refused),
        cmocka_unit_test(impossible_blocks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
