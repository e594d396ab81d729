/* SPDX-License-Identifier: Apache-2.0 */
#include "common/wall_clock.h"
#include "tests/unit/unit.h"

#define START_MS UINT64_C(1700000000000)

/* Runs for `seconds` with the machine's clock `ahead_ms` ahead; the clock must never go back.
 * Returns how far behind the machine it is at the end. */
static int64_t run(struct wall_clock *clock, unsigned seconds, int64_t ahead_ms)
{
    uint64_t last_ms = 0;
    uint64_t unix_ms = 0;
    for (uint64_t mono_ms = 0; mono_ms <= seconds * UINT64_C(1000); mono_ms += 7) {
        unix_ms = (uint64_t)((int64_t)(START_MS + mono_ms) + ahead_ms);
        if (mono_ms % 1001 == 0 && mono_ms > 0) {
            wall_clock_follow(clock, mono_ms, unix_ms);
        }
        uint64_t now_ms = wall_clock_now(clock, mono_ms);
        assert_true(now_ms >= last_ms);
        last_ms = now_ms;
    }
    return (int64_t)(unix_ms - last_ms);
}

static void it_follows_the_machine_without_ever_going_back(void **state)
{
    (void)state;
    static const int64_t aheads_ms[] = {0, 15, 500, -500, 2000, -2000};
    for (unsigned i = 0; i < sizeof(aheads_ms) / sizeof(aheads_ms[0]); i++) {
        struct wall_clock clock;
        wall_clock_init(&clock, 0, START_MS);
        int64_t behind_ms = run(&clock, 60, aheads_ms[i]);
        assert_true(behind_ms >= -100 && behind_ms <= 100);
    }
}

static void a_clock_that_was_set_far_ahead_is_believed_at_once(void **state)
{
    (void)state;
    struct wall_clock clock;
    wall_clock_init(&clock, 0, START_MS);
    wall_clock_follow(&clock, 1000, START_MS + 1000 + 3600000);
    assert_int_equal(wall_clock_now(&clock, 1000), START_MS + 1000 + 3600000);
}

static void a_clock_that_was_set_far_back_is_waited_for(void **state)
{
    (void)state;
    struct wall_clock clock;
    wall_clock_init(&clock, 0, START_MS);
    (void)run(&clock, 10, -3600000);
    assert_true(wall_clock_now(&clock, 10000) >= START_MS + 9000);
}

static void an_hour_back_stops_nothing_and_an_hour_ahead_is_told(void **state)
{
    (void)state;
    struct wall_clock clock;
    const uint64_t hour_ms = 3600000;
    wall_clock_init(&clock, 0, START_MS);
    assert_int_equal(wall_clock_follow(&clock, 1000, START_MS + 1000 - hour_ms), 0);
    for (uint64_t mono_ms = 2000; mono_ms <= 61000; mono_ms += 1000) {
        assert_int_equal(wall_clock_follow(&clock, mono_ms, START_MS + mono_ms - hour_ms), 0);
    }
    assert_true(wall_clock_now(&clock, 61000) >= START_MS + 1000 + 60000 * 15 / 16 - 60);
    assert_true(wall_clock_now(&clock, 61000) <= START_MS + 61000);
    uint64_t before_ms = wall_clock_now(&clock, 62000);
    uint64_t jumped_ms = wall_clock_follow(&clock, 62000, START_MS + 62000 + hour_ms);
    assert_true(jumped_ms == START_MS + 62000 + hour_ms - before_ms);
    assert_true(wall_clock_now(&clock, 62000) == START_MS + 62000 + hour_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_back_stops_nothing_and_an_hour_ahead_is_told),
        cmocka_unit_test(it_follows_the_machine_without_ever_going_back),
        cmocka_unit_test(a_clock_that_was_set_far_ahead_is_believed_at_once),
        cmocka_unit_test(a_clock_that_was_set_far_back_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
