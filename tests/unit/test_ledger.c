/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/ledger/chain.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/ledger_keys.h"
#include "proto/page.h"
#include "stores.h"
#include "unit.h"

static struct ledger *open_ledger(struct stores *stores)
{
    struct ledger *ledger;
    struct problem problem = {0};
    enum err err = ledger_open(&ledger, stores_open(stores), &problem);
    if (err != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    return ledger;
}

static void write_record(struct ledger *ledger, struct record *take_record)
{
    struct problem problem = {0};
    assert_int_equal(ledger_write(ledger, take_record, &problem), ERR_OK);
    record_free(take_record);
}

static struct record *next_record(struct ledger *ledger)
{
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    struct record *record = record_new(0, 1, head.recno + 1);
    record->time_ms = 1000 + head.recno;
    return record;
}

static void put_campaign(struct record *record, uint64_t id, const char *value)
{
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, id);
    record_put(record, buf_view(&key), slice_str(value));
    buf_release(&key);
}

static void remove_campaign(struct record *record, uint64_t id)
{
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, id);
    record_remove(record, buf_view(&key));
    buf_release(&key);
}

/* Three records: campaigns 7 and 8 with blocks, changes and a snapshot. */
static void write_example(struct ledger *ledger)
{
    struct record *record = next_record(ledger);
    put_campaign(record, 7, "seven");
    put_campaign(record, 8, "eight");
    record_add_block(record, 7, RECORD_PAGE_CAMPAIGN, slice_str("started"));
    write_record(ledger, record);
    record = next_record(ledger);
    record_add_block(record, 7, 2, slice_str("two"));
    record_add_block(record, 7, 0, slice_str("zero"));
    record_add_block(record, 8, 1, slice_str("other"));
    record_add_snapshot(record, 7, 0, slice_str("state"));
    write_record(ledger, record);
    record = next_record(ledger);
    record_add_block(record, 7, 0, slice_str("zero again"));
    record_add_block(record, 7, UINT32_MAX, slice_str("last"));
    put_campaign(record, 7, "seven, changed");
    remove_campaign(record, 8);
    write_record(ledger, record);
}

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

static void note_damage(void *arg, const char *what)
{
    buf_printf(arg, "%s\n", what);
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

/* --- audiences --- */

static void seal_page(struct buf *sealed)
{
    struct page_builder builder;
    struct buf scratch = {0};
    struct slice value = slice_str("customer");
    page_builder_init(&builder, 1);
    assert_true(page_builder_add(&builder, &value));
    page_seal(&builder, PAGE_RAW, NULL, &scratch, sealed);
    page_builder_release(&builder);
    buf_release(&scratch);
}

static void announce_audience(struct ledger *ledger, uint64_t audience)
{
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_AUDIENCE, audience);
    struct record *record = next_record(ledger);
    record_put(record, buf_view(&key), slice_str("info"));
    write_record(ledger, record);
    buf_release(&key);
}

static struct ledger_audience *load_example(struct ledger *ledger, uint64_t audience)
{
    struct ledger_audience *load = ledger_audience_new(ledger, audience);
    struct buf sealed = {0};
    seal_page(&sealed);
    struct bitmap holes;
    bitmap_clear_all(&holes);
    bitmap_set(&holes, 1023);
    assert_int_equal(ledger_audience_holes(load, 1, &holes), ERR_OK);
    for (uint32_t page = 0; page < 3; page++) {
        assert_int_equal(ledger_audience_page(load, page, buf_view(&sealed)), ERR_OK);
    }
    /* 3,000 entries of hash 5, over three blocks, between others. */
    assert_int_equal(ledger_audience_lookup(load, 4, 9), ERR_OK);
    for (uint32_t ordinal = 0; ordinal < 3000; ordinal++) {
        assert_int_equal(ledger_audience_lookup(load, 5, ordinal), ERR_OK);
    }
    assert_int_equal(ledger_audience_lookup(load, UINT64_MAX, 7), ERR_OK);
    assert_int_equal(ledger_audience_refusal(load, 3, slice_str("third")), ERR_OK);
    assert_int_equal(ledger_audience_refusal(load, 12, slice_str("twelfth")), ERR_OK);
    buf_release(&sealed);
    return load;
}

static bool count_ordinal(void *arg, uint32_t ordinal)
{
    uint32_t *next = arg;
    assert_int_equal(ordinal, *next);
    (*next)++;
    return true;
}

static bool note_ordinal(void *arg, uint32_t ordinal)
{
    buf_printf(arg, "%u ", (unsigned)ordinal);
    return false;
}

static bool note_holes(void *arg, uint32_t page, const struct bitmap *holes)
{
    buf_printf(arg, "%u:%u@%u ", (unsigned)page, bitmap_count(holes), bitmap_next(holes, 0));
    return true;
}

static bool note_refusal(void *arg, uint64_t line, struct slice json)
{
    buf_printf(arg, "%u:%.*s ", (unsigned)line, (int)json.len, (const char *)json.data);
    return true;
}

static void assert_audience_is_there(struct ledger *ledger, uint64_t audience)
{
    struct buf text = {0};
    struct store_value value;
    assert_int_equal(ledger_page(ledger, audience, 2, &value), ERR_OK);
    assert_int_equal(page_count(value.bytes), 1);
    store_value_release(&value);
    assert_int_equal(ledger_page(ledger, audience, 3, &value), ERR_NOT_FOUND);
    assert_int_equal(ledger_each_holes(ledger, audience, note_holes, &text), ERR_OK);
    assert_buf_is(&text, "1:1@1023 ");
    struct bitmap holes;
    assert_int_equal(ledger_holes(ledger, audience, 1, &holes), ERR_OK);
    assert_int_equal(bitmap_count(&holes), 1);
    assert_true(bitmap_has(&holes, 1023));
    assert_int_equal(ledger_holes(ledger, audience, 2, &holes), ERR_OK);
    assert_int_equal(bitmap_count(&holes), 0);
    uint32_t next = 0;
    assert_int_equal(ledger_lookup(ledger, audience, 5, count_ordinal, &next), ERR_OK);
    assert_int_equal(next, 3000);
    assert_int_equal(ledger_lookup(ledger, audience, 4, note_ordinal, &text), ERR_OK);
    assert_buf_is(&text, "9 ");
    assert_int_equal(ledger_lookup(ledger, audience, UINT64_MAX, note_ordinal, &text), ERR_OK);
    assert_buf_is(&text, "7 ");
    assert_int_equal(ledger_lookup(ledger, audience, 6, note_ordinal, &text), ERR_OK);
    assert_int_equal(ledger_lookup(ledger, audience, 0, note_ordinal, &text), ERR_OK);
    assert_buf_is(&text, "");
    assert_int_equal(ledger_each_refusal(ledger, audience, 0, note_refusal, &text), ERR_OK);
    assert_buf_is(&text, "3:third 12:twelfth ");
    assert_int_equal(ledger_each_refusal(ledger, audience, 4, note_refusal, &text), ERR_OK);
    assert_buf_is(&text, "12:twelfth ");
    buf_release(&text);
}

static void assert_audience_is_gone(struct ledger *ledger, uint64_t audience)
{
    struct buf text = {0};
    struct store_value value;
    assert_int_equal(ledger_page(ledger, audience, 0, &value), ERR_NOT_FOUND);
    assert_int_equal(ledger_each_holes(ledger, audience, note_holes, &text), ERR_OK);
    assert_int_equal(ledger_lookup(ledger, audience, 5, note_ordinal, &text), ERR_OK);
    assert_int_equal(ledger_each_refusal(ledger, audience, 0, note_refusal, &text), ERR_OK);
    assert_buf_is(&text, "");
    buf_release(&text);
}

static void a_loaded_audience_is_there_with_all_its_parts(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    struct ledger_audience *load = load_example(ledger, 9);
    assert_audience_is_gone(ledger, 9);
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
    announce_audience(ledger, 9);
    assert_audience_is_there(ledger, 9);
    assert_audience_is_gone(ledger, 8);
    assert_audience_is_gone(ledger, 10);
    ledger_close(ledger);
    ledger = open_ledger(*state);
    assert_int_equal(ledger_sweep(ledger), ERR_OK);
    assert_audience_is_there(ledger, 9);
    ledger_close(ledger);
}

static void an_aborted_load_leaves_nothing(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    ledger_audience_abort(load_example(ledger, 9));
    ledger_audience_abort(ledger_audience_new(ledger, 10));
    assert_audience_is_gone(ledger, 9);
    ledger_close(ledger);
}

static void an_audience_without_anything_can_be_finished(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    assert_int_equal(ledger_audience_finish(ledger_audience_new(ledger, 9), &problem), ERR_OK);
    assert_audience_is_gone(ledger, 9);
    ledger_close(ledger);
}

static void a_sweep_removes_audiences_that_nobody_knows(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    static const uint64_t audiences[] = {0, 1, 9, 10, UINT64_MAX - 1};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ledger_audience_finish(load_example(ledger, audiences[i]), &problem),
                         ERR_OK);
    }
    announce_audience(ledger, 1);
    announce_audience(ledger, 10);
    ledger_close(ledger);
    ledger = open_ledger(*state);
    assert_int_equal(ledger_sweep(ledger), ERR_OK);
    assert_audience_is_gone(ledger, 0);
    assert_audience_is_there(ledger, 1);
    assert_audience_is_gone(ledger, 9);
    assert_audience_is_there(ledger, 10);
    assert_audience_is_gone(ledger, UINT64_MAX - 1);
    /* The id is free again. */
    assert_int_equal(ledger_audience_finish(load_example(ledger, 9), &problem), ERR_OK);
    announce_audience(ledger, 9);
    assert_audience_is_there(ledger, 9);
    ledger_close(ledger);
}

/* --- checking --- */

static void raw_put(struct ledger *ledger, enum store_family family, struct slice key,
                    struct slice value)
{
    struct store *store = ledger_store(ledger);
    struct problem problem = {0};
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, family, key, value);
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
}

static void raw_remove(struct ledger *ledger, enum store_family family, struct slice key)
{
    struct store *store = ledger_store(ledger);
    struct problem problem = {0};
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_remove(batch, family, key);
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
}

/* Flips the last bit of a stored value. */
static void raw_flip(struct ledger *ledger, enum store_family family, const struct key *key)
{
    struct store *store = ledger_store(ledger);
    struct store_value value;
    assert_int_equal(store->ops->get(store, family, key_view(key), &value), ERR_OK);
    uint8_t *bytes = mem_copy(value.bytes.data, value.bytes.len);
    bytes[value.bytes.len - 1] ^= 1;
    raw_put(ledger, family, key_view(key), slice_of(bytes, value.bytes.len));
    store_value_release(&value);
    mem_free(bytes);
}

/* Exactly one damage, and its sentence holds `part`. Opening either passes over it or names it too.
 */
static void assert_damage(struct stores *stores, struct ledger *ledger, const char *part)
{
    struct buf text = {0};
    struct ledger_check check;
    assert_int_equal(ledger_check(ledger, note_damage, &text, &check), ERR_CORRUPT);
    if (strstr(buf_cstr(&text), part) == NULL) {
        fail_msg("\"%s\" is not in: %s", part, buf_cstr(&text));
    }
    assert_int_equal(check.damages, 1);
    ledger_close(ledger);
    struct problem problem = {0};
    enum err err = ledger_open(&ledger, stores_open(stores), &problem);
    if (err == ERR_OK) {
        ledger_close(ledger);
    } else {
        assert_int_equal(err, ERR_CORRUPT);
        assert_non_null(strstr(problem.text, part));
    }
    buf_release(&text);
}

static void a_sound_ledger_is_checked_in_full(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    write_example(ledger);
    assert_int_equal(ledger_audience_finish(load_example(ledger, 9), &problem), ERR_OK);
    announce_audience(ledger, 9);
    struct buf text = {0};
    struct ledger_check check;
    enum err err = ledger_check(ledger, note_damage, &text, &check);
    assert_buf_is(&text, "");
    assert_int_equal(err, ERR_OK);
    assert_int_equal(check.records, 4);
    assert_int_equal(check.blocks, 6);
    assert_int_equal(check.pages, 3);
    assert_int_equal(check.damages, 0);
    buf_release(&text);
    ledger_close(ledger);
}

static void a_changed_block_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_block(0, 7, 2, 2);
    raw_flip(ledger, STORE_JOURNAL, &key);
    assert_damage(*state, ledger,
                  "record 2 of partition 0: the block of campaign 7, page 2 is not the one");
}

static void a_changed_block_of_the_campaign_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_block(0, 7, RECORD_PAGE_CAMPAIGN, 1);
    raw_flip(ledger, STORE_JOURNAL, &key);
    assert_damage(*state, ledger, "the campaign as a whole");
}

static void a_missing_block_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_block(0, 7, 0, 3);
    raw_remove(ledger, STORE_JOURNAL, key_view(&key));
    assert_damage(*state, ledger,
                  "record 3 of partition 0: the block of campaign 7, page 0 is missing");
}

static void an_added_block_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_block(0, 7, 5, 3);
    raw_put(ledger, STORE_JOURNAL, key_view(&key), slice_str("forged"));
    assert_damage(*state, ledger, "campaign 7, page 5, record 3 of partition 0 is in no record");
}

static void a_changed_header_breaks_the_chain(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_record(0, 1);
    raw_flip(ledger, STORE_RECORDS, &key); /* the last byte of a put's digest */
    struct buf text = {0};
    struct ledger_check check;
    assert_int_equal(ledger_check(ledger, note_damage, &text, &check), ERR_CORRUPT);
    assert_non_null(strstr(buf_cstr(&text), "record 1 of partition 0 does not match the root"));
    assert_non_null(strstr(buf_cstr(&text), "record 2 of partition 0 does not follow"));
    buf_release(&text);
    ledger_close(ledger);
}

static void a_missing_header_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_record(0, 2);
    raw_remove(ledger, STORE_RECORDS, key_view(&key));
    struct buf text = {0};
    struct ledger_check check;
    assert_int_equal(ledger_check(ledger, note_damage, &text, &check), ERR_CORRUPT);
    assert_non_null(strstr(buf_cstr(&text), "record 2 of partition 0 is missing"));
    buf_release(&text);
    ledger_close(ledger);
}

static void missing_newest_records_are_refused(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_record(0, 3);
    raw_remove(ledger, STORE_RECORDS, key_view(&key));
    ledger_close(ledger);
    struct problem problem = {0};
    assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_CORRUPT);
    assert_null(ledger);
    assert_non_null(strstr(problem.text, "records 3 to 3 of partition 0 are missing"));
}

static void records_behind_the_head_are_refused(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key head = key_head(0);
    struct store *store = ledger_store(ledger);
    struct store_value old;
    assert_int_equal(store->ops->get(store, STORE_META, key_view(&head), &old), ERR_OK);
    struct record *record = next_record(ledger);
    record_add_block(record, 7, 0, slice_str("newest"));
    write_record(ledger, record);
    raw_put(ledger, STORE_META, key_view(&head), old.bytes);
    store_value_release(&old);
    ledger_close(ledger);
    struct problem problem = {0};
    assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_CORRUPT);
    assert_non_null(strstr(problem.text, "record 4 of partition 0 lies behind the head"));
}

static void a_changed_catalogue_entry_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, 7);
    raw_put(ledger, STORE_CATALOGUE, buf_view(&key), slice_str("seven")); /* as it was before */
    buf_release(&key);
    assert_damage(*state, ledger, "is not the one that record 3 of partition 0 put");
}

static void a_missing_catalogue_entry_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, 7);
    raw_remove(ledger, STORE_CATALOGUE, buf_view(&key));
    buf_release(&key);
    assert_damage(*state, ledger, "that record 3 of partition 0 put is missing");
}

static void a_catalogue_entry_that_came_back_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, 8);
    raw_put(ledger, STORE_CATALOGUE, buf_view(&key), slice_str("eight"));
    buf_release(&key);
    assert_damage(*state, ledger, "although record 3 of partition 0 removed it");
}

static void a_forged_catalogue_entry_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, 12);
    raw_put(ledger, STORE_CATALOGUE, buf_view(&key), slice_str("forged"));
    buf_release(&key);
    assert_damage(*state, ledger, "was written by no record");
}

static void a_damaged_page_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    assert_int_equal(ledger_audience_finish(load_example(ledger, 9), &problem), ERR_OK);
    announce_audience(ledger, 9);
    struct key key = key_page(9, 1);
    raw_put(ledger, STORE_PAGES, key_view(&key), slice_str("no page"));
    assert_damage(*state, ledger, "page 1 of audience 9 is damaged");
}

static void a_missing_page_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    assert_int_equal(ledger_audience_finish(load_example(ledger, 9), &problem), ERR_OK);
    announce_audience(ledger, 9);
    struct key key = key_page(9, 1);
    raw_remove(ledger, STORE_PAGES, key_view(&key));
    assert_damage(*state, ledger, "audience 9 has no page 1");
}

static void a_damaged_lookup_block_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    assert_int_equal(ledger_audience_finish(load_example(ledger, 9), &problem), ERR_OK);
    announce_audience(ledger, 9);
    struct key key = key_lookup(9, UINT64_MAX, 7);
    raw_put(ledger, STORE_LOOKUP, key_view(&key), slice_str("x"));
    struct buf text = {0};
    assert_int_equal(ledger_lookup(ledger, 9, UINT64_MAX, note_ordinal, &text), ERR_CORRUPT);
    buf_release(&text);
    assert_damage(*state, ledger, "lookup index of audience 9");
}

static void a_snapshot_of_the_future_is_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct key key = key_campaign_page(0, 7, 0);
    struct buf value = {0};
    buf_u64(&value, 99);
    raw_put(ledger, STORE_SNAPSHOTS, key_view(&key), buf_view(&value));
    buf_release(&value);
    assert_damage(*state, ledger, "the snapshot of campaign 7, page 0 covers record 99");
}

static void old_damage_is_found_by_check_and_new_damage_at_opening(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    for (unsigned i = 0; i < 40; i++) {
        struct record *record = next_record(ledger);
        record_add_block(record, 1, i, slice_str("block"));
        write_record(ledger, record);
    }
    struct key old = key_block(0, 1, 3, 4);
    raw_flip(ledger, STORE_JOURNAL, &old);
    ledger_close(ledger);
    ledger = open_ledger(*state);
    struct key recent = key_block(0, 1, 24, 25); /* of the newest sixteen */
    raw_flip(ledger, STORE_JOURNAL, &recent);
    struct buf text = {0};
    struct ledger_check check;
    assert_int_equal(ledger_check(ledger, note_damage, &text, &check), ERR_CORRUPT);
    assert_int_equal(check.damages, 2);
    assert_int_equal(check.records, 40);
    ledger_close(ledger);
    struct problem problem = {0};
    assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_CORRUPT);
    assert_non_null(strstr(problem.text, "record 25"));
    buf_release(&text);
}

static void a_newer_format_is_refused(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct buf format = {0};
    buf_u32(&format, 3);
    raw_put(ledger, STORE_META, slice_str("format"), buf_view(&format));
    buf_release(&format);
    ledger_close(ledger);
    struct problem problem = {0};
    assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_NEWER_VERSION);
    assert_null(ledger);
    assert_int_equal(problem.err, ERR_NEWER_VERSION);
    assert_non_null(strstr(problem.text, "format 3"));
}

static void a_lost_format_or_key_is_refused(void **state)
{
    static const char *const names[] = {"token_key", "lookup_key", "format"};
    struct ledger *ledger = open_ledger(*state);
    write_example(ledger);
    struct problem problem = {0};
    for (unsigned i = 0; i < 3; i++) {
        struct store *store = ledger_store(ledger);
        struct store_value value;
        assert_int_equal(store->ops->get(store, STORE_META, slice_str(names[i]), &value), ERR_OK);
        struct buf saved = {0};
        buf_slice(&saved, value.bytes);
        store_value_release(&value);
        raw_remove(ledger, STORE_META, slice_str(names[i]));
        ledger_close(ledger);
        assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_CORRUPT);
        store = stores_open(*state);
        struct store_batch *batch = store->ops->batch_new(store);
        store->ops->batch_put(batch, STORE_META, slice_str(names[i]), buf_view(&saved));
        assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
        store->ops->batch_free(batch);
        store->ops->close(store);
        buf_release(&saved);
        ledger = open_ledger(*state);
    }
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

/* One block, one put, one remove. */
static void write_golden(struct ledger *ledger)
{
    struct record *record = record_new(0, 1, 1);
    record->time_ms = 5;
    record_add_block(record, 3, 2, slice_str("abc"));
    record_put(record, slice_str("k"), slice_str("v"));
    record_remove(record, slice_str("r"));
    write_record(ledger, record);
}

static void assert_hash_is(const uint8_t hash[HASH_DIGEST_BYTES], const char *expected)
{
    struct buf hex = {0};
    for (unsigned i = 0; i < HASH_DIGEST_BYTES; i++) {
        buf_printf(&hex, "%02x", hash[i]);
    }
    assert_buf_is(&hex, expected);
    buf_release(&hex);
}

static void the_header_of_version_2_stays_the_same(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_golden(ledger);
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    assert_hash_is(head.hash, "55354e6b39db4141f4282d84cfa56574df41f16f08dbc19b5c719336881de913");
    ledger_close(ledger);
}

/* In version 1 there was no length of the list of blocks, which has one byte here. */
static void header_of_version_1(struct ledger *ledger, struct buf *bytes)
{
    enum { LENGTH_AT = 5 + 2 * HASH_DIGEST_BYTES + 2 };
    struct key key = key_record(0, 1);
    struct store *store = ledger_store(ledger);
    struct store_value value;
    assert_int_equal(store->ops->get(store, STORE_RECORDS, key_view(&key), &value), ERR_OK);
    buf_u8(bytes, 1);
    buf_append(bytes, value.bytes.data + 1, LENGTH_AT - 1);
    buf_append(bytes, value.bytes.data + LENGTH_AT + 1, value.bytes.len - LENGTH_AT - 1);
    store_value_release(&value);
}

static void a_ledger_of_format_1_goes_on(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_golden(ledger);
    struct buf old = {0};
    struct buf head = {0};
    struct buf format = {0};
    uint8_t hash[HASH_DIGEST_BYTES];
    header_of_version_1(ledger, &old);
    chain_hash(hash, buf_view(&old));
    assert_hash_is(hash, "3ed177f8320b0ccbfdfc2c5b72fe7330ce912f76687a77aa385790fe76d5999c");
    buf_u8(&head, 1);
    buf_u64(&head, 1);
    buf_u64(&head, 1);
    buf_append(&head, hash, sizeof(hash));
    buf_u32(&format, 1);
    struct key record_key = key_record(0, 1);
    struct key head_key = key_head(0);
    raw_put(ledger, STORE_RECORDS, key_view(&record_key), buf_view(&old));
    raw_put(ledger, STORE_META, key_view(&head_key), buf_view(&head));
    raw_put(ledger, STORE_META, slice_str("format"), buf_view(&format));
    ledger_close(ledger);

    ledger = open_ledger(*state);
    struct record *record = record_new(0, 1, 2);
    record_add_block(record, 3, 2, slice_str("def"));
    write_record(ledger, record);
    ledger_close(ledger);
    ledger = open_ledger(*state);
    struct store *store = ledger_store(ledger);
    struct store_value value;
    assert_int_equal(store->ops->get(store, STORE_META, slice_str("format"), &value), ERR_OK);
    assert_int_equal(value.bytes.data[0], 2);
    store_value_release(&value);
    ledger_close(ledger);
    buf_release(&old);
    buf_release(&head);
    buf_release(&format);
}

/* What hashes a record may be shown in parts. */
static void a_header_in_parts_has_the_same_hash(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    write_golden(ledger);
    struct key key = key_record(0, 1);
    struct store *store = ledger_store(ledger);
    struct store_value value;
    struct chain_header header;
    struct chain_header summary;
    struct chain_parts parts;
    struct buf digests = {0};
    uint8_t hash[HASH_DIGEST_BYTES];
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    assert_int_equal(store->ops->get(store, STORE_RECORDS, key_view(&key), &value), ERR_OK);
    assert_int_equal(chain_open(&header, value.bytes), ERR_OK);
    assert_true(chain_split(&header, &parts, &digests));
    assert_int_equal(digests.len, 2 * HASH_DIGEST_BYTES);
    chain_join(hash, &parts, buf_view(&digests));
    assert_memory_equal(hash, head.hash, HASH_DIGEST_BYTES);
    assert_int_equal(chain_open_summary(&summary, parts.summary), ERR_OK);
    assert_int_equal(summary.recno, 1);
    assert_int_equal(summary.blocks, 1);
    struct chain_entry entry;
    struct chain_cursor cursor = chain_cursor_of_blocks(parts.blocks, summary.blocks);
    assert_true(chain_next(&cursor, &entry));
    assert_int_equal(entry.campaign, 3);
    assert_int_equal(entry.page, 2);
    assert_false(chain_next(&cursor, &entry));
    assert_true(chain_is_read(&cursor));
    digests.data[3] ^= 1;
    chain_join(hash, &parts, buf_view(&digests));
    assert_memory_not_equal(hash, head.hash, HASH_DIGEST_BYTES);
    store_value_release(&value);
    buf_release(&digests);
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
        STORES_TEST(a_loaded_audience_is_there_with_all_its_parts),
        STORES_TEST(an_aborted_load_leaves_nothing),
        STORES_TEST(an_audience_without_anything_can_be_finished),
        STORES_TEST(a_sweep_removes_audiences_that_nobody_knows),
        STORES_TEST(a_sound_ledger_is_checked_in_full),
        STORES_TEST(a_changed_block_is_named),
        STORES_TEST(a_changed_block_of_the_campaign_is_named),
        STORES_TEST(a_missing_block_is_named),
        STORES_TEST(an_added_block_is_named),
        STORES_TEST(a_changed_header_breaks_the_chain),
        STORES_TEST(a_missing_header_is_named),
        STORES_TEST(missing_newest_records_are_refused),
        STORES_TEST(records_behind_the_head_are_refused),
        STORES_TEST(a_changed_catalogue_entry_is_named),
        STORES_TEST(a_missing_catalogue_entry_is_named),
        STORES_TEST(a_catalogue_entry_that_came_back_is_named),
        STORES_TEST(a_forged_catalogue_entry_is_named),
        STORES_TEST(a_damaged_page_is_named),
        STORES_TEST(a_missing_page_is_named),
        STORES_TEST(a_damaged_lookup_block_is_named),
        STORES_TEST(a_snapshot_of_the_future_is_named),
        STORES_TEST(old_damage_is_found_by_check_and_new_damage_at_opening),
        STORES_TEST(a_newer_format_is_refused),
        STORES_TEST(a_lost_format_or_key_is_refused),
        STORES_TEST(sizes_are_told),
        STORES_TEST(the_header_of_version_2_stays_the_same),
        STORES_TEST(a_ledger_of_format_1_goes_on),
        STORES_TEST(a_header_in_parts_has_the_same_hash),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
