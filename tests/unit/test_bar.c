/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/bar.h"
#include "proto/outcome.h"
#include "tests/dice.h"
#include "tests/unit/unit.h"

static void add(struct bars **bars, unsigned place, unsigned channel, unsigned rank,
                uint16_t reason)
{
    bars_add(bars, &(struct bar){(uint16_t)place, (uint8_t)channel, (uint8_t)rank, reason});
}

static void a_page_without_bars_bars_nobody(void **test)
{
    (void)test;
    assert_null(bars_find(NULL, 0, 0, 0));
    assert_null(bars_find_whole(NULL, 3));
    assert_int_equal(bars_from(NULL, 9), 0);
}

static void what_is_barred_is_found_and_nothing_else(void **test)
{
    (void)test;
    struct bars *bars = NULL;
    add(&bars, 700, 1, 0, REASON_OPTED_OUT);
    add(&bars, 3, 2, BAR_ALL, REASON_LEGAL);
    add(&bars, 3, 1, 4, REASON_BOUNCED);
    add(&bars, 5, BAR_ALL, BAR_ALL, REASON_MANUAL);
    add(&bars, 3, 1, 4, REASON_MANUAL); /* known already */
    assert_int_equal(bars->count, 4);
    assert_int_equal(bars_find(bars, 700, 1, 0)->reason, REASON_OPTED_OUT);
    assert_null(bars_find(bars, 700, 1, 1));
    assert_null(bars_find(bars, 700, 0, 0));
    assert_null(bars_find(bars, 4, 1, 0));
    assert_int_equal(bars_find(bars, 3, 1, 4)->reason, REASON_BOUNCED);
    assert_int_equal(bars_find(bars, 3, 2, 9)->reason, REASON_LEGAL);
    assert_null(bars_find(bars, 3, 1, 3));
    assert_null(bars_find_whole(bars, 3));
    assert_int_equal(bars_find(bars, 5, 3, 15)->reason, REASON_MANUAL);
    assert_non_null(bars_find_whole(bars, 5));
    bars_free(bars);
}

static void that_all_is_barred_is_said_first(void **test)
{
    (void)test;
    struct bars *bars = NULL;
    add(&bars, 8, 1, 0, REASON_BOUNCED);
    add(&bars, 8, BAR_ALL, BAR_ALL, REASON_OPTED_OUT);
    assert_int_equal(bars_find(bars, 8, 1, 0)->reason, REASON_OPTED_OUT);
    bars_free(bars);
}

static void an_event_carries_them(void **test)
{
    (void)test;
    struct bars *bars = NULL;
    const struct bar bar = {12, BAR_ALL, 3, REASON_LEGAL};
    const struct event event = {
        .offset = 12, .span = 3, .reason = bar.reason, .worker = bar_to_event(&bar)};
    struct bar back = bar_of_event(&event);
    assert_memory_equal(&back, &bar, sizeof(bar));
    bars_add_event(&bars, &event);
    assert_int_equal(bars->count, 3);
    assert_non_null(bars_find(bars, 14, 0, 3));
    assert_null(bars_find(bars, 15, 0, 3));
    bars_free(bars);
}

static void random_bars_are_written_and_read_back(void **test)
{
    (void)test;
    struct dice dice = {.state = 7};
    for (unsigned round = 0; round < 50; round++) {
        struct bars *bars = NULL;
        struct bars *back = NULL;
        struct buf bytes = {0};
        unsigned count = (unsigned)dice_below(&dice, 200);
        for (unsigned i = 0; i < count; i++) {
            add(&bars, (unsigned)dice_below(&dice, 1024), (unsigned)dice_below(&dice, 6),
                (unsigned)dice_below(&dice, 16), REASON_MANUAL);
        }
        bars_encode(bars, &bytes);
        struct reader reader = reader_of(buf_view(&bytes));
        assert_true(bars_decode(&back, 1024, &reader));
        assert_int_equal(reader_left(&reader), 0);
        assert_int_equal(back == NULL ? 0 : back->count, bars == NULL ? 0 : bars->count);
        if (bars != NULL) {
            assert_memory_equal(back->list, bars->list, bars->count * sizeof(bars->list[0]));
        }
        buf_release(&bytes);
        bars_free(bars);
        bars_free(back);
    }
}

static void bytes_that_are_no_bars_are_refused(void **test)
{
    (void)test;
    static const uint8_t CUT[] = {2, 0, 0, 1, 1, 0, 0};
    static const uint8_t BEYOND[] = {1, 0, 4, 1, 1, 0, 0};
    static const uint8_t UNSORTED[] = {2, 5, 0, 1, 1, 0, 0, 4, 0, 1, 1, 0, 0};
    const struct slice cases[] = {slice_of(CUT, sizeof(CUT)), slice_of(BEYOND, sizeof(BEYOND)),
                                  slice_of(UNSORTED, sizeof(UNSORTED))};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bars *bars = NULL;
        struct reader reader = reader_of(cases[i]);
        assert_false(bars_decode(&bars, 1024, &reader));
        bars_free(bars);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_without_bars_bars_nobody),
        cmocka_unit_test(what_is_barred_is_found_and_nothing_else),
        cmocka_unit_test(that_all_is_barred_is_said_first),
        cmocka_unit_test(an_event_carries_them),
        cmocka_unit_test(random_bars_are_written_and_read_back),
        cmocka_unit_test(bytes_that_are_no_bars_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
