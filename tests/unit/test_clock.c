/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "common/clock.h"
#include "tests/unit/unit.h"

static void the_wall_clock_agrees_with_the_system(void **state)
{
    (void)state;
    uint64_t before_s = (uint64_t)time(NULL);
    uint64_t now_ms = clock_unix_ms();
    assert_true(now_ms / 1000 >= before_s - 1 && now_ms / 1000 <= before_s + 5);
}

static void the_monotonic_clock_moves_on_and_never_back(void **state)
{
    (void)state;
    uint64_t first = clock_monotonic_us();
    uint64_t last = first;
    while (last == first) {
        uint64_t now = clock_monotonic_us();
        assert_true(now >= last);
        last = now;
    }
    assert_true(clock_monotonic_ms() >= first / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_agrees_with_the_system),
        cmocka_unit_test(the_monotonic_clock_moves_on_and_never_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
