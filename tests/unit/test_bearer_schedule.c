/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/bearer/bearer_schedule.h"
#include "tests/unit/unit.h"

#define NOW UINT64_C(1700000000000)

static void it_is_due_at_once_and_then_once(void **state)
{
    (void)state;
    struct bearer_schedule schedule = {0};
    assert_int_equal(bearer_schedule_wait_ms(&schedule, NOW), 0);
    assert_true(bearer_schedule_begin(&schedule, NOW));
    assert_false(bearer_schedule_begin(&schedule, NOW + 1000000));
    assert_true(bearer_schedule_wait_ms(&schedule, NOW) == UINT64_MAX);
}

static void it_is_renewed_when_three_quarters_are_over(void **state)
{
    (void)state;
    struct bearer_schedule schedule = {0};
    assert_true(bearer_schedule_begin(&schedule, NOW));
    bearer_schedule_made(&schedule, 3600000, NOW + 500);
    assert_int_equal(bearer_schedule_wait_ms(&schedule, NOW + 500), 2700000);
    assert_false(bearer_schedule_begin(&schedule, NOW + 500 + 2699999));
    assert_true(bearer_schedule_begin(&schedule, NOW + 500 + 2700000));
}

static void a_short_life_does_not_make_it_ask_without_end(void **state)
{
    (void)state;
    struct bearer_schedule schedule = {0};
    assert_true(bearer_schedule_begin(&schedule, NOW));
    bearer_schedule_made(&schedule, 1000, NOW);
    assert_int_equal(bearer_schedule_wait_ms(&schedule, NOW), 60000);
}

static void failures_wait_longer_each_time_up_to_a_minute(void **state)
{
    (void)state;
    static const uint64_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    struct bearer_schedule schedule = {0};
    uint64_t now = NOW;
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        assert_true(bearer_schedule_begin(&schedule, now));
        bearer_schedule_failed(&schedule, now);
        assert_int_equal(bearer_schedule_wait_ms(&schedule, now), waits[i]);
        now += waits[i];
    }
    assert_true(bearer_schedule_begin(&schedule, now));
    bearer_schedule_made(&schedule, 3600000, now);
    now += 2700000;
    assert_true(bearer_schedule_begin(&schedule, now));
    bearer_schedule_failed(&schedule, now);
    assert_int_equal(bearer_schedule_wait_ms(&schedule, now), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_due_at_once_and_then_once),
        cmocka_unit_test(it_is_renewed_when_three_quarters_are_over),
        cmocka_unit_test(a_short_life_does_not_make_it_ask_without_end),
        cmocka_unit_test(failures_wait_longer_each_time_up_to_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
