/* SPDX-License-Identifier: Apache-2.0 */
/* What is changed, missing or added in a ledger is named. */
#include <sodium.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/ledger_keys.h"
#include "ledger_fixture.h"
#include "stores.h"
#include "unit.h"

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

static void damaged_roots_are_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    assert_int_equal(ledger_audience_finish(load_example(ledger, 9), &problem), ERR_OK);
    announce_audience(ledger, 9);
    struct key key = key_roots(9, 0);
    raw_put(ledger, STORE_PAGES, key_view(&key), slice_str("two of three"));
    assert_damage(*state, ledger, "the roots of audience 9, block 0 are damaged");
}

static void roots_of_no_pages_are_named(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    assert_int_equal(ledger_audience_finish(load_example(ledger, 9), &problem), ERR_OK);
    announce_audience(ledger, 9);
    struct key key = key_roots(9, 1);
    raw_put(ledger, STORE_PAGES, key_view(&key), slice_str("of pages that there are not"));
    assert_damage(*state, ledger, "the roots of audience 9, block 1 are damaged");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        STORES_TEST(damaged_roots_are_named),
        STORES_TEST(roots_of_no_pages_are_named),
        STORES_TEST(a_missing_page_is_named),
        STORES_TEST(a_damaged_lookup_block_is_named),
        STORES_TEST(a_snapshot_of_the_future_is_named),
        STORES_TEST(old_damage_is_found_by_check_and_new_damage_at_opening),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
