/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of a ledger: older, newer, lost, and golden bytes. */
#include <sodium.h>
#include <string.h>

#include "coordinator/ledger/chain.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/ledger_keys.h"
#include "ledger_fixture.h"
#include "stores.h"
#include "unit.h"

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
        STORES_TEST(a_newer_format_is_refused),
        STORES_TEST(a_lost_format_or_key_is_refused),
        STORES_TEST(the_header_of_version_2_stays_the_same),
        STORES_TEST(a_ledger_of_format_1_goes_on),
        STORES_TEST(a_header_in_parts_has_the_same_hash),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
