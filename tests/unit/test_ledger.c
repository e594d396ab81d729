/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "coordinator/ledger/ledger.h"
#include "ledger_fixture.h"
#include "stores.h"
#include "unit.h"

/* "page/recno:bytes " of every call. */
static bool note_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    buf_printf(arg, "%d/%u:%.*s ", (int)page, (unsigned)recno, (int)bytes.len,
               (const char *)bytes.data);
    return true;
}

static bool note_one_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    note_block(arg, page, recno, bytes);
    return false;
}

static bool note_entry(void *arg, struct slice id, struct slice value)
{
    struct reader reader = reader_of(id);
    buf_printf(arg, "%u=%.*s ", (unsigned)reader_be64(&reader), (int)value.len,
               (const char *)value.data);
    return true;
}

static void a_new_ledger_makes_keys_of_its_own_and_keeps_them(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    uint8_t token[HASH_KEY_BYTES];
    uint8_t lookup[HASH_KEY_BYTES];
    memcpy(token, ledger_token_key(ledger), HASH_KEY_BYTES);
    memcpy(lookup, ledger_lookup_key(ledger), HASH_KEY_BYTES);
    assert_memory_not_equal(token, lookup, HASH_KEY_BYTES);
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    assert_int_equal(head.recno, 0);
    ledger_close(ledger);
    ledger = open_ledger(*state);
    assert_memory_equal(token, ledger_token_key(ledger), HASH_KEY_BYTES);
    assert_memory_equal(lookup, ledger_lookup_key(ledger), HASH_KEY_BYTES);
    ledger_close(ledger);
    ledger_close(NULL);
}

static void blocks_come_back_by_page_and_record(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct buf text = {0};
    assert_int_equal(ledger_each_block(ledger, 7, note_block, &text), ERR_OK);
    assert_buf_is(&text, "0/2:zero 0/3:zero again 2/2:two -2/1:started -1/3:last ");
    assert_int_equal(ledger_each_block(ledger, 8, note_block, &text), ERR_OK);
    assert_buf_is(&text, "1/2:other ");
    assert_int_equal(ledger_each_block(ledger, 9, note_block, &text), ERR_OK);
    assert_buf_is(&text, "");
    assert_int_equal(ledger_each_block(ledger, 7, note_one_block, &text), ERR_OK);
    assert_buf_is(&text, "0/2:zero ");
    assert_int_equal(ledger_each_block_of_page(ledger, 7, 0, note_block, &text), ERR_OK);
    assert_buf_is(&text, "0/2:zero 0/3:zero again ");
    assert_int_equal(ledger_each_block_of_page(ledger, 7, UINT32_MAX, note_block, &text), ERR_OK);
    assert_buf_is(&text, "-1/3:last ");
    buf_release(&text);
    ledger_close(ledger);
}

static void snapshots_say_which_record_they_cover(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct buf text = {0};
    assert_int_equal(ledger_each_snapshot(ledger, 7, note_block, &text), ERR_OK);
    assert_buf_is(&text, "0/2:state ");
    buf_release(&text);
    uint64_t recno = 0;
    struct store_value value;
    assert_int_equal(ledger_snapshot(ledger, 7, 0, &recno, &value), ERR_OK);
    assert_int_equal(recno, 2);
    assert_slice_is(value.bytes, "state");
    store_value_release(&value);
    assert_int_equal(ledger_snapshot(ledger, 7, 1, &recno, &value), ERR_NOT_FOUND);
    ledger_close(ledger);
}

static void the_catalogue_holds_what_was_put_last(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct buf text = {0};
    assert_int_equal(ledger_each_entry(ledger, CATALOGUE_CAMPAIGN, note_entry, &text), ERR_OK);
    assert_buf_is(&text, "7=seven, changed ");
    assert_int_equal(ledger_each_entry(ledger, CATALOGUE_AUDIENCE, note_entry, &text), ERR_OK);
    assert_buf_is(&text, "");
    buf_be64(&text, 7);
    struct store_value value;
    assert_int_equal(ledger_catalogue_get(ledger, CATALOGUE_CAMPAIGN, buf_view(&text), &value),
                     ERR_OK);
    assert_slice_is(value.bytes, "seven, changed");
    store_value_release(&value);
    assert_int_equal(ledger_catalogue_get(ledger, CATALOGUE_COUNTERS, buf_view(&text), &value),
                     ERR_NOT_FOUND);
    buf_release(&text);
    ledger_close(ledger);
}

struct chain_note {
    struct ledger_head last;
    unsigned count;
};

static bool note_record(void *arg, uint64_t recno, uint64_t epoch, uint64_t time_ms,
                        const uint8_t hash[HASH_DIGEST_BYTES])
{
    struct chain_note *note = arg;
    note->count++;
    note->last.recno = recno;
    note->last.epoch = epoch;
    memcpy(note->last.hash, hash, HASH_DIGEST_BYTES);
    assert_int_equal(time_ms, 1000 + recno - 1);
    return true;
}

static void the_chain_ends_in_the_head_also_after_reopening(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    ledger_close(ledger);
    ledger = open_ledger(*state);
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    assert_int_equal(head.recno, 3);
    struct chain_note note = {0};
    assert_int_equal(ledger_each_record(ledger, 0, 1, note_record, &note), ERR_OK);
    assert_int_equal(note.count, 3);
    assert_int_equal(note.last.recno, 3);
    assert_memory_equal(note.last.hash, head.hash, HASH_DIGEST_BYTES);
    note.count = 0;
    assert_int_equal(ledger_each_record(ledger, 0, 3, note_record, &note), ERR_OK);
    assert_int_equal(note.count, 1);
    ledger_head(ledger, 5, &head);
    assert_int_equal(head.recno, 0);
    uint64_t newest_ms = 1;
    assert_int_equal(ledger_newest_time(ledger, 0, &newest_ms), ERR_OK);
    assert_int_equal(newest_ms, 1002);
    assert_int_equal(ledger_newest_time(ledger, 5, &newest_ms), ERR_OK);
    assert_int_equal(newest_ms, 0);
    ledger_close(ledger);
}

static void a_group_makes_the_same_chain_as_single_records(void **state)
{
    struct ledger *single = open_ledger(*state);
    struct stores other;
    stores_init(&other, STORE_IN_MEMORY);
    struct ledger *grouped = open_ledger(&other);
    struct record *records[3];
    struct problem problem = {0};
    for (unsigned i = 0; i < 3; i++) {
        records[i] = next_record(single);
        record_add_block(records[i], i, i, slice_str("block"));
        put_campaign(records[i], i, "c");
        assert_int_equal(ledger_write(single, records[i], &problem), ERR_OK);
    }
    const struct record *const group[3] = {records[0], records[1], records[2]};
    assert_int_equal(ledger_write_group(grouped, group, 3, &problem), ERR_OK);
    struct ledger_head heads[2];
    ledger_head(single, 0, &heads[0]);
    ledger_head(grouped, 0, &heads[1]);
    assert_int_equal(heads[1].recno, 3);
    assert_memory_equal(heads[0].hash, heads[1].hash, HASH_DIGEST_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        record_free(records[i]);
    }
    ledger_close(single);
    ledger_close(grouped);
    stores_release(&other);
}

static void partitions_have_chains_of_their_own(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct record *record = record_new(4, 2, 1);
    record_add_block(record, 7, 9, slice_str("of partition 4"));
    record_add_snapshot(record, 7, 9, slice_str("s4"));
    write_record(ledger, record);
    ledger_close(ledger);
    ledger = open_ledger(*state);
    struct ledger_head head;
    ledger_head(ledger, 4, &head);
    assert_int_equal(head.recno, 1);
    assert_int_equal(head.epoch, 2);
    struct buf text = {0};
    assert_int_equal(ledger_each_block(ledger, 7, note_one_block, &text), ERR_OK);
    assert_buf_is(&text, "0/2:zero ");
    assert_int_equal(ledger_each_block_of_page(ledger, 7, 9, note_block, &text), ERR_OK);
    assert_buf_is(&text, "9/1:of partition 4 ");
    assert_int_equal(ledger_each_snapshot(ledger, 7, note_block, &text), ERR_OK);
    assert_buf_is(&text, "0/2:state 9/1:s4 ");
    uint64_t recno;
    struct store_value value;
    assert_int_equal(ledger_snapshot(ledger, 7, 9, &recno, &value), ERR_OK);
    store_value_release(&value);
    struct ledger_check check;
    assert_int_equal(ledger_check(ledger, note_damage, &text, &check), ERR_OK);
    assert_int_equal(check.records, 4);
    buf_release(&text);
    ledger_close(ledger);
}

static void a_failed_write_changes_nothing_and_can_be_tried_again(void **state)
{
    struct stores *stores = *state;
    struct ledger *ledger = open_ledger(stores);
    write_example(ledger);
    struct ledger_head before;
    struct ledger_head after;
    ledger_head(ledger, 0, &before);
    struct record *record = next_record(ledger);
    record_add_block(record, 7, 0, slice_str("third"));
    struct problem problem = {0};
    store_mem_fail_writes(stores->mem, 1, ERR_IO);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_IO);
    ledger_head(ledger, 0, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    write_record(ledger, record);
    ledger_head(ledger, 0, &after);
    assert_int_equal(after.recno, before.recno + 1);
    ledger_close(ledger);
}

static void sizes_are_told(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct ledger_size size;
    ledger_size(ledger, &size);
    assert_true(size.journal > 0);
    assert_true(size.room > 0);
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_new_ledger_makes_keys_of_its_own_and_keeps_them),
        STORES_TEST(blocks_come_back_by_page_and_record),
        STORES_TEST(snapshots_say_which_record_they_cover),
        STORES_TEST(the_catalogue_holds_what_was_put_last),
        STORES_TEST(the_chain_ends_in_the_head_also_after_reopening),
        STORES_TEST(a_group_makes_the_same_chain_as_single_records),
        STORES_TEST(partitions_have_chains_of_their_own),
        STORES_TEST_MEMORY(a_failed_write_changes_nothing_and_can_be_tried_again),
        STORES_TEST(sizes_are_told),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
