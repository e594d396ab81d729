/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "coordinator/content/delivery_keys.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

static struct ledger *open_ledger(void)
{
    struct ledger *ledger = NULL;
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&ledger, store_mem_new(), &problem), ERR_OK);
    return ledger;
}

static void write_entry(struct ledger *ledger, uint64_t recno, uint64_t number, struct slice bytes)
{
    struct problem problem;
    struct buf key = {0};
    struct record *record = record_new(0, 1, recno);
    ledger_catalogue_key_u64(&key, CATALOGUE_DELIVERY_KEY, number);
    record_put(record, buf_view(&key), bytes);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
    buf_release(&key);
}

static void a_new_ledger_has_the_key_that_it_was_made_with(void **state)
{
    (void)state;
    struct ledger *ledger = open_ledger();
    struct delivery_keys keys;
    struct problem problem;
    assert_int_equal(delivery_keys_load(&keys, ledger, &problem), ERR_OK);
    assert_int_equal(keys.count, 1);
    assert_memory_equal(delivery_keys_at(&keys, 1)->bytes, ledger_token_key(ledger),
                        HASH_KEY_BYTES);
    assert_int_equal(delivery_keys_at(&keys, 1)->since_ms, 0);
    assert_null(delivery_keys_at(&keys, 0));
    assert_null(delivery_keys_at(&keys, 2));
    delivery_keys_release(&keys);
    ledger_close(ledger);
}

static void every_key_comes_back_as_it_was_made(void **state)
{
    (void)state;
    struct ledger *ledger = open_ledger();
    struct delivery_keys keys;
    struct delivery_keys again;
    struct problem problem;
    assert_int_equal(delivery_keys_load(&keys, ledger, &problem), ERR_OK);
    struct record *record = record_new(0, 1, 1);
    for (uint32_t i = 2; i <= DELIVERY_KEYS_MAX; i++) {
        assert_int_equal(delivery_keys_rotate(&keys, NOW_MS + i, record), ERR_OK);
        assert_int_equal(keys.count, i);
        assert_memory_not_equal(delivery_keys_at(&keys, i)->bytes,
                                delivery_keys_at(&keys, i - 1)->bytes, HASH_KEY_BYTES);
    }
    assert_int_equal(delivery_keys_rotate(&keys, NOW_MS, record), ERR_LIMIT);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
    assert_int_equal(delivery_keys_load(&again, ledger, &problem), ERR_OK);
    assert_int_equal(again.count, DELIVERY_KEYS_MAX);
    for (uint32_t i = 1; i <= again.count; i++) {
        assert_memory_equal(delivery_keys_at(&again, i)->bytes, delivery_keys_at(&keys, i)->bytes,
                            HASH_KEY_BYTES);
        assert_true(delivery_keys_at(&again, i)->since_ms == (i == 1 ? 0 : NOW_MS + i));
    }
    delivery_keys_release(&keys);
    delivery_keys_release(&again);
    ledger_close(ledger);
}

static void expect_refused(uint64_t number, const char *bytes, size_t len, enum err expected,
                           const char *says)
{
    struct ledger *ledger = open_ledger();
    struct delivery_keys keys;
    struct problem problem;
    write_entry(ledger, 1, number, slice_of(bytes, len));
    assert_int_equal(delivery_keys_load(&keys, ledger, &problem), expected);
    assert_non_null(strstr(problem.text, says));
    assert_null(keys.keys);
    ledger_close(ledger);
}

/* Version 1, sixteen bytes, since. */
#define GOLDEN                                                                                     \
    "\1"                                                                                           \
    "sixteen bytes ok"                                                                             \
    "\0\x10\x20\x30\x40\0\0\0"
#define GOLDEN_BYTES (sizeof(GOLDEN) - 1)

static void what_is_damaged_is_named(void **state)
{
    (void)state;
    expect_refused(3, GOLDEN, GOLDEN_BYTES, ERR_CORRUPT, "behind number 1");
    expect_refused(1, GOLDEN, GOLDEN_BYTES, ERR_CORRUPT, "behind number 1");
    expect_refused(2, GOLDEN, GOLDEN_BYTES - 1, ERR_CORRUPT, "behind number");
    expect_refused(2, GOLDEN "x", GOLDEN_BYTES + 1, ERR_CORRUPT, "behind number");
    expect_refused(2, "\0", 1, ERR_CORRUPT, "behind number");
    expect_refused(2, "\2", 1, ERR_NEWER_VERSION, "behind number");
}

static void version_1_is_read_for_ever(void **state)
{
    (void)state;
    struct ledger *ledger = open_ledger();
    struct delivery_keys keys;
    struct problem problem;
    write_entry(ledger, 1, 2, slice_of(GOLDEN, GOLDEN_BYTES));
    assert_int_equal(delivery_keys_load(&keys, ledger, &problem), ERR_OK);
    assert_memory_equal(delivery_keys_at(&keys, 2)->bytes, "sixteen bytes ok", HASH_KEY_BYTES);
    assert_true(delivery_keys_at(&keys, 2)->since_ms == UINT64_C(0x4030201000));
    delivery_keys_release(&keys);
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_ledger_has_the_key_that_it_was_made_with),
        cmocka_unit_test(every_key_comes_back_as_it_was_made),
        cmocka_unit_test(what_is_damaged_is_named),
        cmocka_unit_test(version_1_is_read_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
