/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/throttle.h"

/* Starts all that is allowed, at most `left`; returns how many. */
static uint32_t start(struct throttle *throttle, uint32_t interval_us, uint32_t left,
                      uint64_t now_ms)
{
    uint32_t count = throttle_allows(throttle, interval_us, now_ms);
    count = count < left ? count : left;
    throttle_on_started(throttle, count, interval_us, now_ms);
    return count;
}

static void without_a_spread_everything_may_start(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    assert_int_equal(throttle_interval_us(0, 1024), 0);
    assert_int_equal(throttle_allows(&throttle, 0, 5000), UINT32_MAX);
    throttle_on_started(&throttle, 1024, 0, 5000);
    assert_int_equal(throttle_allows(&throttle, 0, 5000), UINT32_MAX);
    assert_int_equal(throttle_wait_ms(&throttle, 1, 0, 5000), 0);
}

static void a_spread_is_divided_by_the_recipients(void **state)
{
    (void)state;
    assert_int_equal(throttle_interval_us(1000, 1000), 1000);
    assert_int_equal(throttle_interval_us(1000, 3), 333333);
    assert_int_equal(throttle_interval_us(1, 1024), 0);
    assert_int_equal(throttle_interval_us(1000, 0), 0);
    assert_int_equal(throttle_interval_us(UINT32_MAX, 1), UINT32_MAX);
}

static void starts_are_even(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    uint64_t now_ms = 10000;
    uint32_t started = 0;
    throttle_begin(&throttle, now_ms);
    for (unsigned ms = 0; ms < 1000; ms++) {
        started += start(&throttle, 2500, 400 - started, now_ms + ms);
        assert_int_equal(started, ms * 1000 / 2500 + 1);
    }
    assert_int_equal(started, 400);
}

static void one_batch_follows_the_other_without_a_gap_or_a_burst(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    throttle_begin(&throttle, 10000);
    uint32_t started = 0;
    for (unsigned ms = 0; ms < 2000; ms++) {
        uint32_t left = started < 100 ? 100 - started : 200 - started;
        started += start(&throttle, 10000, left, 10000 + ms);
        assert_int_equal(started, ms / 10 + 1);
    }
}

static void the_wait_ends_when_the_next_may_start(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    throttle_begin(&throttle, 10000);
    assert_int_equal(start(&throttle, 7300, 10, 10000), 1);
    uint32_t wait_ms = throttle_wait_ms(&throttle, 1, 7300, 10000);
    assert_int_equal(wait_ms, 8);
    assert_int_equal(throttle_allows(&throttle, 7300, 10000 + wait_ms - 1), 0);
    assert_int_equal(throttle_allows(&throttle, 7300, 10000 + wait_ms), 1);
}

static void only_a_little_of_what_was_missed_is_caught_up_with(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    throttle_begin(&throttle, 10000);
    assert_int_equal(start(&throttle, 1000, 1, 10000), 1);
    assert_int_equal(throttle_allows(&throttle, 1000, 10010), 10);
    assert_int_equal(throttle_allows(&throttle, 1000, 19000), THROTTLE_SLACK_MS + 1);
    assert_int_equal(throttle_allows(&throttle, 1000000, 19000), 1);
}

static void after_a_time_without_work_nothing_was_missed(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    throttle_begin(&throttle, 10000);
    assert_int_equal(start(&throttle, 1000, 1, 10000), 1);
    throttle_begin(&throttle, 19000);
    assert_int_equal(throttle_allows(&throttle, 1000, 19000), 1);
    /* But beginning anew does not shorten what is still to be waited for. */
    assert_int_equal(start(&throttle, 500000, 1, 19000), 1);
    throttle_begin(&throttle, 19001);
    assert_int_equal(throttle_allows(&throttle, 500000, 19001), 0);
}

static void a_provider_that_asks_for_it_is_left_alone(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    throttle_hold(&throttle, 2500, 10000);
    assert_int_equal(throttle_allows(&throttle, 0, 12499), 0);
    assert_int_equal(throttle_wait_ms(&throttle, 1, 0, 12000), 500);
    assert_int_equal(throttle_allows(&throttle, 0, 12500), UINT32_MAX);
}

static void a_hold_without_a_time_is_a_second_and_the_longest_has_a_limit(void **state)
{
    (void)state;
    struct throttle throttle = {0};
    throttle_hold(&throttle, 0, 10000);
    assert_int_equal(throttle_wait_ms(&throttle, 1, 0, 10000), THROTTLE_HOLD_MS);
    throttle_hold(&throttle, 600000, 10000);
    assert_int_equal(throttle_wait_ms(&throttle, 1, 0, 10000), THROTTLE_HOLD_MAX_MS);
    throttle_hold(&throttle, 1, 10000); /* a shorter one does not shorten it */
    assert_int_equal(throttle_wait_ms(&throttle, 1, 0, 10000), THROTTLE_HOLD_MAX_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_spread_everything_may_start),
        cmocka_unit_test(a_spread_is_divided_by_the_recipients),
        cmocka_unit_test(starts_are_even),
        cmocka_unit_test(one_batch_follows_the_other_without_a_gap_or_a_burst),
        cmocka_unit_test(the_wait_ends_when_the_next_may_start),
        cmocka_unit_test(only_a_little_of_what_was_missed_is_caught_up_with),
        cmocka_unit_test(after_a_time_without_work_nothing_was_missed),
        cmocka_unit_test(a_provider_that_asks_for_it_is_left_alone),
        cmocka_unit_test(a_hold_without_a_time_is_a_second_and_the_longest_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
