/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/credit.h"

#define MIN 1024
#define MAX 65536

/* Completes `per_s` for `ms`, in steps of 25 ms; returns the limit at the end. */
static uint32_t work(struct credit *credit, uint64_t *now_ms, uint32_t per_s, uint64_t ms,
                     uint32_t in_flight)
{
    for (uint64_t end_ms = *now_ms + ms; *now_ms < end_ms; *now_ms += 25) {
        credit_on_completed(credit, per_s / 40, *now_ms);
    }
    return credit_limit(credit, 500, in_flight, *now_ms);
}

static void without_work_it_asks_for_something_sensible(void **state)
{
    (void)state;
    struct credit credit;
    credit_init(&credit, MIN, MAX, 0);
    assert_int_equal(credit_limit(&credit, 0, 0, 1000000), CREDIT_FIRST);
    assert_int_equal(credit_limit(&credit, 0, 0, 2000000), CREDIT_FIRST);
}

static void it_asks_for_what_a_second_completes(void **state)
{
    (void)state;
    struct credit credit;
    uint64_t now_ms = 1000000;
    credit_init(&credit, MIN, MAX, now_ms);
    uint32_t limit = work(&credit, &now_ms, 20000, 5000, 0);
    assert_in_range(limit, 17500, 22500);
    limit = work(&credit, &now_ms, 4000, 3000, 0);
    assert_in_range(limit, 3500, 4500);
}

static void it_grows_within_a_tenth_of_a_second(void **state)
{
    (void)state;
    struct credit credit;
    uint64_t now_ms = 1000000;
    credit_init(&credit, MIN, MAX, now_ms);
    (void)work(&credit, &now_ms, 1000, 2000, 0);
    assert_int_equal(work(&credit, &now_ms, 400000, 100, 0), MAX);
}

static void it_stays_between_its_bounds(void **state)
{
    (void)state;
    struct credit credit;
    uint64_t now_ms = 1000000;
    credit_init(&credit, MIN, MAX, now_ms);
    assert_int_equal(work(&credit, &now_ms, 4000000, 2000, 0), MAX);
    assert_int_equal(work(&credit, &now_ms, 40, 2000, 0), MIN);
    assert_int_equal(credit_limit(&credit, 500, UINT32_MAX, now_ms), MAX);
}

static void what_is_under_way_counts_twice(void **state)
{
    (void)state;
    struct credit credit;
    uint64_t now_ms = 1000000;
    credit_init(&credit, MIN, MAX, now_ms);
    uint32_t limit = work(&credit, &now_ms, 2000, 2000, 3000);
    assert_in_range(limit, 7700, 8300);
}

static void work_that_stands_still_shrinks_it(void **state)
{
    (void)state;
    struct credit credit;
    uint64_t now_ms = 1000000;
    credit_init(&credit, MIN, MAX, now_ms);
    (void)work(&credit, &now_ms, 40000, 2000, 0);
    assert_int_equal(credit_limit(&credit, 500, 0, now_ms + 1100), MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_work_it_asks_for_something_sensible),
        cmocka_unit_test(it_asks_for_what_a_second_completes),
        cmocka_unit_test(it_grows_within_a_tenth_of_a_second),
        cmocka_unit_test(it_stays_between_its_bounds),
        cmocka_unit_test(what_is_under_way_counts_twice),
        cmocka_unit_test(work_that_stands_still_shrinks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
