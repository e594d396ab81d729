/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/plan.h"
#include "coordinator/engine/quota.h"
#include "tests/dice.h"
#include "tests/unit/unit.h"

#define NOW_MS     UINT64_C(1700000000000)
#define BREAKER_MS 30000
#define CHARGES    4000

/* What was charged, and when. */
struct charges {
    unsigned count;
    uint64_t at_ms[CHARGES];
    uint32_t amount[CHARGES];
};

static uint32_t take(struct quota *quota, uint32_t want, uint64_t now_ms, struct charges *charges)
{
    uint32_t count = quota_available(quota, want, now_ms);
    assert_true(count <= want);
    if (count > 0) {
        quota_charge(quota, count, now_ms);
        assert_true(charges->count < CHARGES);
        charges->at_ms[charges->count] = now_ms;
        charges->amount[charges->count++] = count;
    }
    return count;
}

/* No window, wherever it begins and ends, holds more than burst + rate * time. */
static void assert_never_exceeded(const struct charges *charges, double rate_per_s, double burst)
{
    for (unsigned from = 0; from < charges->count; from++) {
        double sum = 0;
        for (unsigned to = from; to < charges->count; to++) {
            sum += charges->amount[to];
            double seconds = (double)(charges->at_ms[to] - charges->at_ms[from]) / 1000.0;
            if (sum > burst + rate_per_s * seconds + 0.001) {
                fail_msg("%f in %f s", sum, seconds);
            }
        }
    }
}

static void no_window_holds_more_than_the_burst_and_the_rate(void **test)
{
    (void)test;
    static const double RATES[][2] = {{1, 0},    {3, 0},      {10, 1}, {50, 5},
                                      {1000, 0}, {777, 2000}, {0.5, 0}};
    for (unsigned r = 0; r < sizeof(RATES) / sizeof(RATES[0]); r++) {
        struct dice dice = {r};
        struct quota quota;
        struct charges charges = {0};
        uint64_t now_ms = NOW_MS;
        quota_init(&quota, RATES[r][0], RATES[r][1], BREAKER_MS, now_ms);
        double burst = quota.burst;
        for (unsigned i = 0; i < 1500; i++) {
            now_ms += dice_chance(&dice, 20) ? dice_below(&dice, 5000) : dice_below(&dice, 40);
            take(&quota, dice_between(&dice, 1, 1024), now_ms, &charges);
        }
        assert_true(charges.count > 0);
        assert_never_exceeded(&charges, RATES[r][0], burst);
    }
}

static void whoever_asks_often_gets_the_whole_rate(void **test)
{
    (void)test;
    struct quota quota;
    struct charges charges = {0};
    uint64_t total = 0;
    quota_init(&quota, 100, 0, BREAKER_MS, NOW_MS);
    for (uint64_t now_ms = NOW_MS; now_ms < NOW_MS + 60000; now_ms += 20) {
        total += take(&quota, 1024, now_ms, &charges);
    }
    assert_true(total >= 5900 && total <= 6010);
}

static void the_time_to_ask_again_is_when_there_is_something(void **test)
{
    (void)test;
    struct dice dice = {3};
    for (unsigned i = 0; i < 200; i++) {
        struct quota quota;
        double rate = 0.5 + dice_below(&dice, 2000);
        uint64_t now_ms = NOW_MS;
        quota_init(&quota, rate, 0, BREAKER_MS, now_ms);
        while (quota_available(&quota, 1024, now_ms) > 0) {
            quota_charge(&quota, quota_available(&quota, 1024, now_ms), now_ms);
        }
        uint64_t next_ms = quota_next_ms(&quota, now_ms);
        assert_true(next_ms > now_ms && next_ms < now_ms + 2100);
        assert_true(quota_available(&quota, 1024, next_ms) > 0);
    }
}

static void without_a_limit_everything_is_available(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(quota_available(&quota, 1024, NOW_MS), 1024);
        quota_charge(&quota, 1024, NOW_MS);
    }
    assert_int_equal(quota_spread_ms(&quota, 1024), 0);
}

static void a_batch_is_spread_over_the_time_that_its_tokens_take(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 200, 1000, BREAKER_MS, NOW_MS);
    assert_int_equal(quota_spread_ms(&quota, 100), 500);
    quota_on_throttled(&quota, 0, NOW_MS);
    assert_int_equal(quota_spread_ms(&quota, 100), 1000);
}

/* A restart does not know what was sent a moment ago. */
static void after_a_restart_the_bucket_is_empty(void **test)
{
    (void)test;
    struct quota quota;
    struct charges charges = {0};
    quota_init(&quota, 100, 50, BREAKER_MS, 0);
    take(&quota, 1024, NOW_MS, &charges);
    quota_init(&quota, 100, 50, BREAKER_MS, 0);
    quota_start_empty(&quota, NOW_MS);
    for (uint64_t now_ms = NOW_MS; now_ms < NOW_MS + 3000; now_ms += 7) {
        take(&quota, 1024, now_ms, &charges);
    }
    assert_true(charges.count > 10);
    assert_never_exceeded(&charges, 100, 50);
}

/* ---- Throttling ---- */

static void many_throttling_answers_of_one_moment_halve_once(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 1000, 0, BREAKER_MS, NOW_MS);
    for (unsigned i = 0; i < 50; i++) {
        quota_on_throttled(&quota, 0, NOW_MS + i);
    }
    assert_true(quota_rate_now(&quota) == 500);
    quota_on_throttled(&quota, 0, NOW_MS + 1500);
    assert_true(quota_rate_now(&quota) == 250);
}

static void nothing_is_sent_before_the_time_that_was_asked_for(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 1000, 0, BREAKER_MS, NOW_MS);
    quota_on_throttled(&quota, 7000, NOW_MS);
    assert_int_equal(quota_next_ms(&quota, NOW_MS), NOW_MS + 7000);
    assert_int_equal(quota_available(&quota, 100, NOW_MS + 6999), 0);
    assert_true(quota_available(&quota, 100, NOW_MS + 7000) > 0);
}

static void a_shorter_time_does_not_cut_a_longer_one_short(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 1000, 0, BREAKER_MS, NOW_MS);
    quota_on_throttled(&quota, 7000, NOW_MS);
    quota_on_throttled(&quota, 1000, NOW_MS + 10);
    assert_int_equal(quota_available(&quota, 100, NOW_MS + 5000), 0);
}

static void an_absurd_time_is_bounded_to_an_hour(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 1000, 0, BREAKER_MS, NOW_MS);
    quota_on_throttled(&quota, UINT32_MAX, NOW_MS);
    assert_true(quota_available(&quota, 100, NOW_MS + 3600000) > 0);
}

static void success_raises_the_rate_again_step_by_step(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 1000, 0, BREAKER_MS, NOW_MS);
    quota_on_throttled(&quota, 0, NOW_MS);
    double last = quota_rate_now(&quota);
    for (uint64_t now_ms = NOW_MS + 1000; now_ms < NOW_MS + 9000; now_ms += 1000) {
        (void)quota_available(&quota, 1, now_ms);
        assert_true(quota_rate_now(&quota) >= last);
        last = quota_rate_now(&quota);
    }
    assert_true(last > 500 && last < 1000);
    (void)quota_available(&quota, 1, NOW_MS + 20000);
    assert_true(quota_rate_now(&quota) == 1000);
}

static void an_unlimited_provider_that_throttles_is_measured(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    for (uint64_t now_ms = NOW_MS; now_ms < NOW_MS + 4000; now_ms += 100) {
        quota_charge(&quota, 100, now_ms);
    }
    quota_on_throttled(&quota, 0, NOW_MS + 4000);
    assert_true(quota_rate_now(&quota) > 400 && quota_rate_now(&quota) < 600);
    /* It stays limited while the ceiling holds, and is free again after it. */
    assert_true(quota_available(&quota, 1024, NOW_MS + 5001) < 1024);
    for (uint64_t now_ms = NOW_MS + 5000; now_ms < NOW_MS + 90000; now_ms += 50) {
        (void)quota_available(&quota, 1024, now_ms);
    }
    assert_int_equal(quota_available(&quota, 1024, NOW_MS + 90000), 1024);
    assert_true(quota_rate_now(&quota) == 0);
}

/* A gateway without a configured limit that takes 400 a second: whatever it was sent at first, the
 * rate is found and held, and most of what it would take is sent. */
static void an_unknown_limit_is_found_and_used(void **test)
{
    (void)test;
    struct quota quota;
    unsigned taken = 0;
    double room = 40;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    for (uint64_t now_ms = NOW_MS; now_ms < NOW_MS + 120000; now_ms += 10) {
        room = room + 4 < 40 ? room + 4 : 40;
        uint32_t count = quota_available(&quota, 1024, now_ms);
        quota_charge(&quota, count, now_ms);
        uint32_t fits = count < room ? count : (uint32_t)room;
        room -= fits;
        taken += now_ms >= NOW_MS + 30000 ? fits : 0;
        if (count > fits) {
            quota_on_throttled(&quota, 1000, now_ms);
        }
    }
    assert_in_range(taken, 90 * 400 * 6 / 10, 90 * 400);
}

static void the_rate_never_falls_to_nothing(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 4, 0, BREAKER_MS, NOW_MS);
    for (uint64_t i = 0; i < 20; i++) {
        quota_on_throttled(&quota, 0, NOW_MS + i * 1000);
    }
    assert_true(quota_rate_now(&quota) >= 1);
    assert_true(quota_available(&quota, 1, NOW_MS + 22000) == 1);
}

/* ---- Breaker ---- */

static void wrong_credentials_open_the_breaker_at_once(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    quota_on_misconfigured(&quota, 401, NOW_MS);
    assert_int_equal(quota.breaker, BREAKER_OPEN);
    assert_int_equal(quota.breaker_reason, 401);
    assert_int_equal(quota_available(&quota, 100, NOW_MS + BREAKER_MS - 1), 0);
    assert_int_equal(quota_next_ms(&quota, NOW_MS), NOW_MS + BREAKER_MS);
}

static void troubles_in_a_row_open_it_and_one_success_begins_anew(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    for (unsigned i = 0; i < QUOTA_TROUBLES_MAX - 1; i++) {
        quota_on_trouble(&quota, 1101, NOW_MS);
    }
    quota_on_success(&quota);
    for (unsigned i = 0; i < QUOTA_TROUBLES_MAX - 1; i++) {
        quota_on_trouble(&quota, 1101, NOW_MS);
    }
    assert_int_equal(quota.breaker, BREAKER_CLOSED);
    quota_on_trouble(&quota, 1101, NOW_MS);
    assert_int_equal(quota.breaker, BREAKER_OPEN);
    assert_int_equal(quota.breaker_reason, 1101);
}

static void one_small_batch_probes_an_open_breaker(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    quota_on_misconfigured(&quota, 401, NOW_MS);
    uint64_t now_ms = NOW_MS + BREAKER_MS;
    assert_int_equal(quota_available(&quota, 1024, now_ms), 8);
    quota_charge(&quota, 8, now_ms);
    assert_int_equal(quota_available(&quota, 1024, now_ms), 0);
    assert_true(quota_next_ms(&quota, now_ms) == UINT64_MAX);
    quota_on_success(&quota);
    assert_int_equal(quota.breaker, BREAKER_CLOSED);
    assert_int_equal(quota_available(&quota, 1024, now_ms), 1024);
}

static void a_probe_that_came_back_untried_may_go_again(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    quota_on_misconfigured(&quota, 401, NOW_MS);
    uint64_t now_ms = NOW_MS + BREAKER_MS;
    quota_charge(&quota, quota_available(&quota, 1024, now_ms), now_ms);
    quota_on_untried(&quota);
    assert_int_equal(quota_available(&quota, 1024, now_ms), 8);
    quota_charge(&quota, 8, now_ms);
    quota_on_throttled(&quota, 0, now_ms);
    assert_true(quota_available(&quota, 1024, now_ms + 1000) > 0);
}

static void failed_probes_wait_longer_up_to_the_configured_time(void **test)
{
    (void)test;
    struct quota quota;
    uint64_t now_ms = NOW_MS;
    static const uint32_t WAITS_MS[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    quota_init(&quota, 0, 0, BREAKER_MS, now_ms);
    for (unsigned i = 0; i < QUOTA_TROUBLES_MAX; i++) {
        quota_on_trouble(&quota, 1101, now_ms);
    }
    for (unsigned i = 0; i < sizeof(WAITS_MS) / sizeof(WAITS_MS[0]); i++) {
        assert_int_equal(quota.breaker_until_ms - now_ms, WAITS_MS[i]);
        now_ms = quota.breaker_until_ms;
        quota_charge(&quota, quota_available(&quota, 1024, now_ms), now_ms);
        quota_on_trouble(&quota, 1101, now_ms);
    }
    now_ms = quota.breaker_until_ms;
    quota_charge(&quota, quota_available(&quota, 1024, now_ms), now_ms);
    quota_on_success(&quota);
    for (unsigned i = 0; i < QUOTA_TROUBLES_MAX; i++) {
        quota_on_trouble(&quota, 1101, now_ms);
    }
    assert_int_equal(quota.breaker_until_ms - now_ms, 1000);
}

static void late_troubles_do_not_prolong_an_open_breaker(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 0, 0, BREAKER_MS, NOW_MS);
    quota_on_misconfigured(&quota, 401, NOW_MS);
    for (unsigned i = 0; i < 100; i++) {
        quota_on_misconfigured(&quota, 401, NOW_MS + 5000);
        quota_on_trouble(&quota, 1101, NOW_MS + 5000);
    }
    assert_int_equal(quota.breaker_until_ms, NOW_MS + BREAKER_MS);
    assert_int_equal(quota.breaker_reason, 401);
}

static void a_probe_is_charged_to_the_bucket_like_any_batch(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 10, 4, BREAKER_MS, NOW_MS);
    quota_on_misconfigured(&quota, 401, NOW_MS);
    uint64_t now_ms = NOW_MS + BREAKER_MS;
    assert_int_equal(quota_available(&quota, 1024, now_ms), 4);
    quota_charge(&quota, 4, now_ms);
    quota_on_success(&quota);
    assert_int_equal(quota_available(&quota, 1024, now_ms), 0);
}

static void another_limit_holds_from_then_on(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 100, 50, BREAKER_MS, NOW_MS);
    quota_set_limit(&quota, 10, 20, NOW_MS);
    assert_int_equal(quota_available(&quota, 1024, NOW_MS), 20); /* of the 50 that had gathered */
    quota_charge(&quota, 20, NOW_MS);
    assert_int_equal(quota_available(&quota, 1024, NOW_MS + 1000), 10);
    quota_set_limit(&quota, 1000, 300, NOW_MS + 1000);
    assert_int_equal(quota_available(&quota, 200, NOW_MS + 1000),
                     0); /* a bigger bucket is no gift */
    assert_int_equal(quota_available(&quota, 1024, NOW_MS + 1100), 110);
    quota_set_limit(&quota, 0, 0, NOW_MS + 1100);
    assert_int_equal(quota_available(&quota, 1024, NOW_MS + 1100), 1024);
    quota_charge(&quota, 1024, NOW_MS + 1100);
    quota_set_limit(&quota, 500, 0, NOW_MS + 1100);
    assert_true(quota_available(&quota, 1024, NOW_MS + 1100) <= 50);
}

static void what_throttling_has_lowered_stays_lowered(void **test)
{
    (void)test;
    struct quota quota;
    quota_init(&quota, 100, 0, BREAKER_MS, NOW_MS);
    quota_on_throttled(&quota, 0, NOW_MS);
    assert_true(quota_rate_now(&quota) == 50);
    quota_set_limit(&quota, 1000, 0, NOW_MS);
    assert_true(quota_rate_now(&quota) == 50);
    assert_int_equal(quota_available(&quota, 1, NOW_MS), 0);
    quota_set_limit(&quota, 20, 0, NOW_MS);
    assert_true(quota_rate_now(&quota) == 20);
    quota_set_limit(&quota, 0, 0, NOW_MS);
    assert_true(quota_rate_now(&quota) == 50);
    assert_true(quota.burst == 2.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_holds_more_than_the_burst_and_the_rate),
        cmocka_unit_test(whoever_asks_often_gets_the_whole_rate),
        cmocka_unit_test(the_time_to_ask_again_is_when_there_is_something),
        cmocka_unit_test(without_a_limit_everything_is_available),
        cmocka_unit_test(a_batch_is_spread_over_the_time_that_its_tokens_take),
        cmocka_unit_test(after_a_restart_the_bucket_is_empty),
        cmocka_unit_test(many_throttling_answers_of_one_moment_halve_once),
        cmocka_unit_test(nothing_is_sent_before_the_time_that_was_asked_for),
        cmocka_unit_test(a_shorter_time_does_not_cut_a_longer_one_short),
        cmocka_unit_test(an_absurd_time_is_bounded_to_an_hour),
        cmocka_unit_test(success_raises_the_rate_again_step_by_step),
        cmocka_unit_test(an_unlimited_provider_that_throttles_is_measured),
        cmocka_unit_test(an_unknown_limit_is_found_and_used),
        cmocka_unit_test(the_rate_never_falls_to_nothing),
        cmocka_unit_test(wrong_credentials_open_the_breaker_at_once),
        cmocka_unit_test(troubles_in_a_row_open_it_and_one_success_begins_anew),
        cmocka_unit_test(one_small_batch_probes_an_open_breaker),
        cmocka_unit_test(a_probe_that_came_back_untried_may_go_again),
        cmocka_unit_test(failed_probes_wait_longer_up_to_the_configured_time),
        cmocka_unit_test(late_troubles_do_not_prolong_an_open_breaker),
        cmocka_unit_test(another_limit_holds_from_then_on),
        cmocka_unit_test(what_throttling_has_lowered_stays_lowered),
        cmocka_unit_test(a_probe_is_charged_to_the_bucket_like_any_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
