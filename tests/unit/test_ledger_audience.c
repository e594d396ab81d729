/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, breaking off and sweeping audiences. */
#include <sodium.h>

#include "coordinator/ledger/ledger.h"
#include "ledger_fixture.h"
#include "proto/page.h"
#include "stores.h"
#include "unit.h"

static bool count_ordinal(void *arg, uint32_t ordinal)
{
    uint32_t *next = arg;
    assert_int_equal(ordinal, *next);
    (*next)++;
    return true;
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
    assert_int_equal(ledger_roots(ledger, audience, 3, &text), ERR_OK);
    assert_int_equal(text.len, 3 * HASH_DIGEST_BYTES);
    assert_int_equal(text.data[2 * HASH_DIGEST_BYTES], 2);
    buf_clear(&text);
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
    assert_int_equal(ledger_roots(ledger, audience, 3, &text), ERR_NOT_FOUND);
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

static void roots_of_many_pages_lie_in_blocks(void **state)
{
    struct ledger *ledger = open_ledger(*state);
    struct problem problem = {0};
    static const uint32_t counts[] = {1023, 1024, 1025, 2500};
    for (unsigned i = 0; i < 4; i++) {
        struct ledger_audience *load = ledger_audience_new(ledger, 20 + i);
        struct buf roots = {0};
        for (uint32_t page = 0; page < counts[i]; page++) {
            const uint8_t root[HASH_DIGEST_BYTES] = {(uint8_t)page, (uint8_t)(page >> 8)};
            assert_int_equal(ledger_audience_root(load, root), ERR_OK);
        }
        assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
        assert_int_equal(ledger_roots(ledger, 20 + i, counts[i], &roots), ERR_OK);
        assert_int_equal(roots.len, counts[i] * HASH_DIGEST_BYTES);
        for (uint32_t page = 0; page < counts[i]; page++) {
            const uint8_t *root = roots.data + (size_t)page * HASH_DIGEST_BYTES;
            assert_int_equal(root[0] | root[1] << 8, page);
        }
        assert_int_not_equal(ledger_roots(ledger, 20 + i, counts[i] + 1, &roots), ERR_OK);
        buf_release(&roots);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_loaded_audience_is_there_with_all_its_parts),
        STORES_TEST(roots_of_many_pages_lie_in_blocks),
        STORES_TEST(an_aborted_load_leaves_nothing),
        STORES_TEST(an_audience_without_anything_can_be_finished),
        STORES_TEST(a_sweep_removes_audiences_that_nobody_knows),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
