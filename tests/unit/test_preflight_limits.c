/* SPDX-License-Identifier: Apache-2.0 */
/* Daily quotas, quiet hours and pauses of providers in the times of a preflight. */
#include "coordinator/report/preflight_times.h"
#include "tests/unit/unit.h"

#define SECOND_MS UINT64_C(1000)
#define HOUR_MS   (3600 * SECOND_MS)
#define DAY_MS    (24 * HOUR_MS)
#define PEOPLE    1000

/* Two steps of sms, the second a minute after the first, over providers 0 and 1. */
struct fixture {
    struct plan plan;
    struct preflight_counts counts;
    struct preflight_rate rates[WIRE_PROVIDERS_MAX];
    struct preflight_case preflight;
    struct quiet_span quiet[2]; /* each day again */
    uint64_t day_end_ms;        /* of the first day */
};

static struct quiet_span quiet_of(void *arg, unsigned provider, uint64_t at_ms)
{
    const struct fixture *fixture = arg;
    struct quiet_span span = fixture->quiet[provider];
    while (span.until_ms <= at_ms) {
        span.from_ms += DAY_MS;
        span.until_ms += DAY_MS;
    }
    return span;
}

static uint64_t day_end_of(void *arg, unsigned provider, uint64_t at_ms)
{
    const struct fixture *fixture = arg;
    uint64_t end_ms = fixture->day_end_ms;
    (void)provider;
    while (end_ms <= at_ms) {
        end_ms += DAY_MS;
    }
    return end_ms;
}

static int setup(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    fixture->plan.step_count = 2;
    fixture->counts.step_count = 2;
    for (unsigned s = 0; s < 2; s++) {
        plan_step_defaults(&fixture->plan.steps[s], CHANNEL_SMS);
        fixture->plan.steps[s].within_ms = 60 * SECOND_MS;
        fixture->plan.steps[s].providers = 3;
        fixture->counts.steps[s] = (struct preflight_step){
            .people = PEOPLE, .sendable = PEOPLE, .first = s == 0 ? PEOPLE : 0};
        fixture->rates[s] =
            (struct preflight_rate){.channel = CHANNEL_SMS, .can_send = s == 0, .per_s = 10};
    }
    fixture->day_end_ms = HOUR_MS;
    fixture->preflight = (struct preflight_case){.plan = &fixture->plan,
                                                 .counts = &fixture->counts,
                                                 .rates = fixture->rates,
                                                 .calendar = {fixture, quiet_of, day_end_of}};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    test_free(*state);
    return 0;
}

static void set_quota(struct fixture *fixture, unsigned provider, double quota, double left)
{
    fixture->rates[provider].day_quota = quota;
    fixture->rates[provider].day_left = left;
}

static void set_quiet(struct fixture *fixture, unsigned provider, uint64_t from_ms,
                      uint64_t until_ms)
{
    fixture->rates[provider].has_hours = true;
    fixture->quiet[provider] = (struct quiet_span){from_ms, until_ms};
}

static void expect_late(const struct fixture *fixture, uint64_t span_ms, uint64_t people)
{
    assert_int_equal(preflight_late(&fixture->preflight, span_ms), people);
    assert_int_equal(preflight_late_at(&fixture->preflight, 0, span_ms), people);
}

static void what_the_day_has_left_is_sent_and_the_rest_on_the_next_ones(void **state)
{
    struct fixture *fixture = *state;
    set_quota(fixture, 0, 300, 100);
    expect_late(fixture, 5 * SECOND_MS, 950);
    expect_late(fixture, 60 * SECOND_MS, 900);
    expect_late(fixture, HOUR_MS, 900);
    expect_late(fixture, HOUR_MS + 10 * SECOND_MS, 800);
    expect_late(fixture, DAY_MS, 600);
    expect_late(fixture, 2 * DAY_MS + HOUR_MS, 300);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0),
                     2 * DAY_MS + HOUR_MS + 30 * SECOND_MS);
}

static void a_provider_without_a_rate_sends_its_days_quota_at_once(void **state)
{
    struct fixture *fixture = *state;
    fixture->rates[0].per_s = 0;
    set_quota(fixture, 0, 450, 0);
    expect_late(fixture, HOUR_MS, 1000);
    expect_late(fixture, HOUR_MS + 1, 550);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0), 2 * DAY_MS + HOUR_MS);
}

static void a_quota_of_which_nothing_is_ever_left_takes_more_than_a_year(void **state)
{
    struct fixture *fixture = *state;
    set_quota(fixture, 0, 2, 0);
    assert_true(preflight_step_takes_ms(&fixture->preflight, 0) == UINT64_MAX);
    set_quota(fixture, 0, 3, 0);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0),
                     HOUR_MS + 333 * DAY_MS + SECOND_MS / 10);
}

static void another_provider_takes_over_when_a_quota_is_used_up(void **state)
{
    struct fixture *fixture = *state;
    set_quota(fixture, 0, 300, 100);
    fixture->rates[1].can_send = true;
    expect_late(fixture, 5 * SECOND_MS, 900);
    expect_late(fixture, 10 * SECOND_MS, 800);
    expect_late(fixture, 50 * SECOND_MS, 400);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0), 90 * SECOND_MS);
}

static void a_silent_provider_waits_until_it_may_send_again(void **state)
{
    struct fixture *fixture = *state;
    set_quiet(fixture, 0, 30 * SECOND_MS, HOUR_MS);
    expect_late(fixture, 30 * SECOND_MS, 700);
    expect_late(fixture, HOUR_MS, 700);
    expect_late(fixture, HOUR_MS + 60 * SECOND_MS, 100);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0), HOUR_MS + 70 * SECOND_MS);
}

static void another_provider_takes_over_while_one_is_silent(void **state)
{
    struct fixture *fixture = *state;
    set_quiet(fixture, 0, 0, 40 * SECOND_MS);
    fixture->rates[1].can_send = true;
    expect_late(fixture, 40 * SECOND_MS, 600);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0), 70 * SECOND_MS);
}

static void when_all_are_silent_the_first_to_wake_goes_on(void **state)
{
    struct fixture *fixture = *state;
    fixture->rates[1].can_send = true;
    set_quiet(fixture, 0, 10 * SECOND_MS, 2 * HOUR_MS);
    set_quiet(fixture, 1, 20 * SECOND_MS, HOUR_MS);
    expect_late(fixture, HOUR_MS, 700);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0), HOUR_MS + 70 * SECOND_MS);
}

static void a_pause_that_was_asked_for_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    fixture->rates[0].resumes_ms = 20 * SECOND_MS;
    expect_late(fixture, 20 * SECOND_MS, 1000);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0), 120 * SECOND_MS);
}

static void earlier_steps_use_up_the_quota_of_later_ones(void **state)
{
    struct fixture *fixture = *state;
    set_quota(fixture, 0, 1000, 1000);
    /* 600 in the minute of the first step; then the second goes first. */
    assert_int_equal(preflight_late_at(&fixture->preflight, 1, HOUR_MS), 600);
    assert_int_equal(preflight_late_at(&fixture->preflight, 1, HOUR_MS + 30 * SECOND_MS), 300);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 1), HOUR_MS);
    /* Without a quota it has the whole rate, whoever else is left. */
    set_quota(fixture, 0, 0, 0);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 1), 100 * SECOND_MS);
}

static void providers_without_a_rate_share_as_their_channel_does(void **state)
{
    struct fixture *fixture = *state;
    fixture->plan.steps[1].providers = 1;
    for (unsigned i = 0; i < 2; i++) {
        fixture->rates[i].can_send = true;
        fixture->rates[i].per_s = 0;
    }
    fixture->rates[0].share = 75;
    fixture->rates[1].share = 25;
    set_quota(fixture, 0, 1000, 1000);
    assert_int_equal(preflight_late_at(&fixture->preflight, 1, HOUR_MS), 750);
    set_quota(fixture, 0, 1000, 500); /* what it lacks the other one sends */
    assert_int_equal(preflight_late_at(&fixture->preflight, 0, HOUR_MS), 0);
    assert_int_equal(preflight_late_at(&fixture->preflight, 1, HOUR_MS), 1000);
}

static void the_own_rate_of_a_campaign_spares_the_quota(void **state)
{
    struct fixture *fixture = *state;
    set_quota(fixture, 0, 5000, 300);
    fixture->preflight.rate_per_s = 2;
    expect_late(fixture, 100 * SECOND_MS, 800);
    expect_late(fixture, HOUR_MS, 700);
    assert_int_equal(preflight_step_takes_ms(&fixture->preflight, 0), HOUR_MS + 350 * SECOND_MS);
}

static void whoever_delays_people_is_named_with_how_many(void **state)
{
    struct fixture *fixture = *state;
    struct preflight_stop stop;
    assert_false(preflight_stop_by_quota(&fixture->preflight, 0, &stop));
    assert_false(preflight_stop_by_hours(&fixture->preflight, 0, &stop));
    set_quota(fixture, 0, 300, 100);
    set_quiet(fixture, 0, 5 * SECOND_MS, 60 * SECOND_MS);
    assert_true(preflight_stop_by_quota(&fixture->preflight, 0, &stop));
    assert_int_equal(stop.until_ms, HOUR_MS);
    assert_int_equal(stop.people, 900);
    assert_true(preflight_stop_by_hours(&fixture->preflight, 0, &stop));
    assert_int_equal(stop.from_ms, 5 * SECOND_MS);
    assert_int_equal(stop.until_ms, 60 * SECOND_MS);
    assert_int_equal(stop.people, 50); /* the quota would hold back the others all the same */
    set_quota(fixture, 0, 3000, 1000);
    assert_false(preflight_stop_by_quota(&fixture->preflight, 0, &stop));
    fixture->rates[1] = (struct preflight_rate){.channel = CHANNEL_SMS, .can_send = true};
    assert_false(preflight_stop_by_hours(&fixture->preflight, 0, &stop));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(what_the_day_has_left_is_sent_and_the_rest_on_the_next_ones),
        WITH(a_provider_without_a_rate_sends_its_days_quota_at_once),
        WITH(a_quota_of_which_nothing_is_ever_left_takes_more_than_a_year),
        WITH(another_provider_takes_over_when_a_quota_is_used_up),
        WITH(a_silent_provider_waits_until_it_may_send_again),
        WITH(another_provider_takes_over_while_one_is_silent),
        WITH(when_all_are_silent_the_first_to_wake_goes_on),
        WITH(a_pause_that_was_asked_for_is_waited_for),
        WITH(earlier_steps_use_up_the_quota_of_later_ones),
        WITH(providers_without_a_rate_share_as_their_channel_does),
        WITH(the_own_rate_of_a_campaign_spares_the_quota),
        WITH(whoever_delays_people_is_named_with_how_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
