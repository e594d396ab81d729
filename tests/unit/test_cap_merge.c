/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/cap_merge.h"
#include "proto/page.h"
#include "tests/dice.h"
#include "tests/unit/unit.h"

static struct ledger *make_ledger(void)
{
    struct ledger *ledger = NULL;
    struct problem problem = {0};
    assert_int_equal(ledger_open(&ledger, store_mem_new(), &problem), ERR_OK);
    return ledger;
}

/* An index: the recipient at each ordinal has the hash `hash_of(ordinal)`, ascending with it or
 * not. */
static void add_index(struct ledger *ledger, uint64_t audience, const uint64_t *sorted_hashes,
                      const uint32_t *ordinals, uint32_t count)
{
    struct problem problem = {0};
    struct ledger_audience *load = ledger_audience_new(ledger, audience);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(ledger_audience_lookup(load, sorted_hashes[i], ordinals[i]), ERR_OK);
    }
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
}

static void whoever_had_so_many_messages_is_found_in_any_order(void **state)
{
    (void)state;
    struct ledger *ledger = make_ledger();
    /* The same four contacts 10, 20, 30, 40 and one more each. */
    add_index(ledger, 1, (uint64_t[]){10, 15, 20, 30, 40}, (uint32_t[]){4, 1, 0, 3, 2}, 5);
    add_index(ledger, 2, (uint64_t[]){5, 10, 20, 30, 40}, (uint32_t[]){0, 1, 2, 3, 4}, 5);
    struct cap_tally tallies[2];
    cap_tally_init(&tallies[0], 1, 5);
    cap_tally_init(&tallies[1], 2, 5);
    struct bitmap one = {{0}};
    bitmap_set(&one, 4); /* of audience 1: contact 10 */
    cap_tally_add(&tallies[0], 0, &one);
    struct bitmap two = {{0}};
    bitmap_set(&two, 1); /* of audience 2: contacts 10 and 30 */
    bitmap_set(&two, 3);
    cap_tally_add(&tallies[1], 0, &two);
    atomic_bool is_stopped = false;
    struct bitmap capped = {{0}};
    assert_int_equal(
        cap_merge(ledger, 1, 5, tallies, 2, 2, &is_stopped, &(struct cap_found){&capped, NULL}),
        ERR_OK);
    assert_int_equal(bitmap_count(&capped), 1);
    assert_true(bitmap_has(&capped, 4));
    assert_int_equal(
        cap_merge(ledger, 1, 5, tallies, 2, 1, &is_stopped, &(struct cap_found){&capped, NULL}),
        ERR_OK);
    assert_int_equal(bitmap_count(&capped), 2);
    assert_true(bitmap_has(&capped, 3));
    atomic_store(&is_stopped, true);
    assert_int_equal(
        cap_merge(ledger, 1, 5, tallies, 2, 1, &is_stopped, &(struct cap_found){&capped, NULL}),
        ERR_CLOSED);
    cap_tally_release(&tallies[0]);
    cap_tally_release(&tallies[1]);
    ledger_close(ledger);
}

/* Against a count of one's own, over several blocks of the index. */
static void a_merge_of_thousands_is_what_looking_up_each_would_give(void **state)
{
    (void)state;
    enum { CONTACTS = 9000, AUDIENCES = 3, SLOTS = 5000 };
    static uint8_t messages[CONTACTS];
    static uint64_t hashes[AUDIENCES + 1][SLOTS];
    static uint32_t ordinals[SLOTS];
    struct ledger *ledger = make_ledger();
    struct cap_tally tallies[AUDIENCES];
    struct dice dice = {7};
    memset(messages, 0, sizeof(messages));
    for (unsigned a = 0; a <= AUDIENCES; a++) {
        uint32_t count = 0;
        for (uint32_t c = 0; c < CONTACTS && count < SLOTS; c++) {
            if (dice_chance(&dice, 500)) {
                ordinals[count] = count;
                hashes[a][count++] = (uint64_t)c * 1000003;
            }
        }
        for (uint32_t i = count; i > 1; i--) { /* ordinals have nothing to do with hashes */
            uint32_t other = dice_below(&dice, i);
            uint32_t kept = ordinals[i - 1];
            ordinals[i - 1] = ordinals[other];
            ordinals[other] = kept;
        }
        add_index(ledger, a + 1, hashes[a], ordinals, count);
        if (a == AUDIENCES) {
            struct bitmap capped[(SLOTS + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS];
            atomic_bool is_stopped = false;
            memset(capped, 0, sizeof(capped));
            assert_int_equal(cap_merge(ledger, a + 1, count, tallies, AUDIENCES, 2, &is_stopped,
                                       &(struct cap_found){capped, NULL}),
                             ERR_OK);
            for (uint32_t i = 0; i < count; i++) {
                bool is_capped = bitmap_has(&capped[ordinals[i] / PAGE_RECIPIENTS],
                                            ordinals[i] % PAGE_RECIPIENTS);
                assert_int_equal(is_capped, messages[hashes[a][i] / 1000003] >= 2);
            }
            break;
        }
        cap_tally_init(&tallies[a], a + 1, count);
        for (uint32_t i = 0; i < count; i++) {
            if (dice_chance(&dice, 600)) {
                struct bitmap one = {{0}};
                bitmap_set(&one, ordinals[i] % PAGE_RECIPIENTS);
                cap_tally_add(&tallies[a], ordinals[i] / PAGE_RECIPIENTS, &one);
                messages[hashes[a][i] / 1000003]++;
            }
        }
    }
    for (unsigned a = 0; a < AUDIENCES; a++) {
        cap_tally_release(&tallies[a]);
    }
    ledger_close(ledger);
}

static void a_tally_stays_at_its_greatest(void **state)
{
    (void)state;
    struct cap_tally tally;
    struct bitmap first = {{0}};
    bitmap_set(&first, 0);
    bitmap_set(&first, 900); /* no place of the audience */
    cap_tally_init(&tally, 1, 3);
    for (unsigned i = 0; i < 300; i++) {
        cap_tally_add(&tally, 0, &first);
    }
    assert_int_equal(tally.counts[0], 255);
    assert_int_equal(tally.counts[1], 0);
    cap_tally_release(&tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_had_so_many_messages_is_found_in_any_order),
        cmocka_unit_test(a_merge_of_thousands_is_what_looking_up_each_would_give),
        cmocka_unit_test(a_tally_stays_at_its_greatest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
