/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/rate_meter.h"
#include "tests/unit/unit.h"

#define START_MS UINT64_C(1700000000000)

static void assert_about(double value, double expected, double tolerance)
{
    if (value < expected - tolerance || value > expected + tolerance) {
        fail_msg("%f is not about %f", value, expected);
    }
}

static void a_new_meter_shows_nothing(void **test)
{
    (void)test;
    struct rate_meter meter = {0};
    assert_about(rate_meter_per_s(&meter, START_MS), 0, 0);
}

static void a_steady_rate_is_shown(void **test)
{
    (void)test;
    struct rate_meter meter = {0};
    for (unsigned ms = 0; ms < 10000; ms += 10) {
        rate_meter_add(&meter, 5, START_MS + ms);
    }
    assert_about(rate_meter_per_s(&meter, START_MS + 9999), 500, 25);
}

static void the_first_second_is_not_diluted(void **test)
{
    (void)test;
    struct rate_meter meter = {0};
    for (unsigned ms = 0; ms < 1000; ms += 10) {
        rate_meter_add(&meter, 5, START_MS + ms);
    }
    assert_about(rate_meter_per_s(&meter, START_MS + 999), 500, 25);
}

static void what_is_long_ago_is_forgotten(void **test)
{
    (void)test;
    struct rate_meter meter = {0};
    rate_meter_add(&meter, 1000000, START_MS);
    assert_true(rate_meter_per_s(&meter, START_MS + 100) > 0);
    assert_about(rate_meter_per_s(&meter, START_MS + 4001), 0, 0);
    assert_about(rate_meter_per_s(&meter, START_MS + 3600000), 0, 0);
    rate_meter_add(&meter, 500, START_MS + 3600000);
    assert_true(rate_meter_per_s(&meter, START_MS + 3600999) >= 400);
}

static void a_change_of_rate_is_seen_within_four_seconds(void **test)
{
    (void)test;
    struct rate_meter meter = {0};
    for (unsigned ms = 0; ms < 20000; ms += 10) {
        rate_meter_add(&meter, ms < 15000 ? 10 : 1, START_MS + ms);
    }
    assert_about(rate_meter_per_s(&meter, START_MS + 19999), 100, 5);
}

static void a_clock_that_goes_back_stands_still(void **test)
{
    (void)test;
    struct rate_meter meter = {0};
    rate_meter_add(&meter, 100, START_MS + 2000);
    rate_meter_add(&meter, 100, START_MS);
    assert_true(rate_meter_per_s(&meter, START_MS + 2499) >= 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_meter_shows_nothing),
        cmocka_unit_test(a_steady_rate_is_shown),
        cmocka_unit_test(the_first_second_is_not_diluted),
        cmocka_unit_test(what_is_long_ago_is_forgotten),
        cmocka_unit_test(a_change_of_rate_is_seen_within_four_seconds),
        cmocka_unit_test(a_clock_that_goes_back_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
