/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_fixture.h"

#include "proto/page.h"
#include "unit.h"

struct ledger *open_ledger(struct stores *stores)
{
    struct ledger *ledger;
    struct problem problem = {0};
    enum err err = ledger_open(&ledger, stores_open(stores), &problem);
    if (err != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    return ledger;
}

void write_record(struct ledger *ledger, struct record *take_record)
{
    struct problem problem = {0};
    assert_int_equal(ledger_write(ledger, take_record, &problem), ERR_OK);
    record_free(take_record);
}

struct record *next_record(struct ledger *ledger)
{
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    struct record *record = record_new(0, 1, head.recno + 1);
    record->time_ms = 1000 + head.recno;
    return record;
}

void put_campaign(struct record *record, uint64_t id, const char *value)
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

void write_example(struct ledger *ledger)
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

void note_damage(void *arg, const char *what)
{
    buf_printf(arg, "%s\n", what);
}

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

void announce_audience(struct ledger *ledger, uint64_t audience)
{
    struct buf key = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_AUDIENCE, audience);
    struct record *record = next_record(ledger);
    record_put(record, buf_view(&key), slice_str("info"));
    write_record(ledger, record);
    buf_release(&key);
}

struct ledger_audience *load_example(struct ledger *ledger, uint64_t audience)
{
    struct ledger_audience *load = ledger_audience_new(ledger, audience);
    struct buf sealed = {0};
    seal_page(&sealed);
    struct bitmap holes;
    bitmap_clear_all(&holes);
    bitmap_set(&holes, 1023);
    assert_int_equal(ledger_audience_holes(load, 1, &holes), ERR_OK);
    for (uint32_t page = 0; page < 3; page++) {
        const uint8_t root[HASH_DIGEST_BYTES] = {(uint8_t)page};
        assert_int_equal(ledger_audience_page(load, page, buf_view(&sealed)), ERR_OK);
        assert_int_equal(ledger_audience_root(load, root), ERR_OK);
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

bool note_ordinal(void *arg, uint32_t ordinal)
{
    buf_printf(arg, "%u ", (unsigned)ordinal);
    return false;
}

void raw_put(struct ledger *ledger, enum store_family family, struct slice key, struct slice value)
{
    struct store *store = ledger_store(ledger);
    struct problem problem = {0};
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, family, key, value);
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
}

void raw_remove(struct ledger *ledger, enum store_family family, struct slice key)
{
    struct store *store = ledger_store(ledger);
    struct problem problem = {0};
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_remove(batch, family, key);
    assert_int_equal(store->ops->write(store, batch, &problem), ERR_OK);
    store->ops->batch_free(batch);
}
