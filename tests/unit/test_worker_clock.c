/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/worker_clock.h"

#define START_MS UINT64_C(1700000000000)

/* Runs for `seconds` with the machine's clock `ahead_ms` ahead; the clock must never go back.
 * Returns how far behind the machine it is at the end. */
static int64_t run(struct worker_clock *clock, unsigned seconds, int64_t ahead_ms)
{
    uint64_t last_ms = 0;
    uint64_t unix_ms = 0;
    for (uint64_t mono_ms = 0; mono_ms <= seconds * UINT64_C(1000); mono_ms += 7) {
        unix_ms = (uint64_t)((int64_t)(START_MS + mono_ms) + ahead_ms);
        if (mono_ms % 1001 == 0 && mono_ms > 0) {
            worker_clock_follow(clock, mono_ms, unix_ms);
        }
        uint64_t now_ms = worker_clock_now(clock, mono_ms);
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
        struct worker_clock clock;
        worker_clock_init(&clock, 0, START_MS);
        int64_t behind_ms = run(&clock, 60, aheads_ms[i]);
        assert_true(behind_ms >= -100 && behind_ms <= 100);
    }
}

static void a_clock_that_was_set_far_ahead_is_believed_at_once(void **state)
{
    (void)state;
    struct worker_clock clock;
    worker_clock_init(&clock, 0, START_MS);
    worker_clock_follow(&clock, 1000, START_MS + 1000 + 3600000);
    assert_int_equal(worker_clock_now(&clock, 1000), START_MS + 1000 + 3600000);
}

static void a_clock_that_was_set_far_back_is_waited_for(void **state)
{
    (void)state;
    struct worker_clock clock;
    worker_clock_init(&clock, 0, START_MS);
    (void)run(&clock, 10, -3600000);
    assert_true(worker_clock_now(&clock, 10000) >= START_MS + 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_the_machine_without_ever_going_back),
        cmocka_unit_test(a_clock_that_was_set_far_ahead_is_believed_at_once),
        cmocka_unit_test(a_clock_that_was_set_far_back_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
