/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/plan.h"
#include "tests/unit/unit.h"

static void defaults_are_those_that_the_header_names(void **test)
{
    (void)test;
    struct plan_step step;
    plan_step_defaults(&step, CHANNEL_SMS);
    assert_int_equal(step.channel, CHANNEL_SMS);
    assert_int_equal(step.attempts, 5);
    assert_int_equal(step.backoff_ms, 30000);
    assert_int_equal(step.backoff_max_ms, 15 * 60000);
    assert_int_equal(step.within_ms, 4 * 3600000);
    assert_int_equal(step.on_uncertain, PLAN_RESEND);
    assert_true(step.providers == UINT64_MAX);
    assert_int_equal(step.endpoint_ranks, 1);
}

static void the_wait_doubles_up_to_its_maximum(void **test)
{
    (void)test;
    struct plan_step step;
    plan_step_defaults(&step, CHANNEL_SMS);
    assert_int_equal(plan_backoff_ms(&step, 0, 0, 0), 30000);
    assert_int_equal(plan_backoff_ms(&step, 1, 0, 0), 60000);
    assert_int_equal(plan_backoff_ms(&step, 4, 0, 0), 480000);
    assert_int_equal(plan_backoff_ms(&step, 5, 0, 0), 900000);
    assert_int_equal(plan_backoff_ms(&step, 15, 0, 0), 900000);
    step.backoff_ms = UINT32_MAX;
    step.backoff_max_ms = UINT32_MAX;
    assert_true(plan_backoff_ms(&step, 15, 0, 0) == UINT32_MAX);
}

static void jitter_takes_off_at_most_half(void **test)
{
    (void)test;
    struct plan_step step;
    plan_step_defaults(&step, CHANNEL_SMS);
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint64_t dice = 0; dice < 40000; dice++) {
        uint64_t wait = plan_backoff_ms(&step, 0, 0, dice);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_int_equal(least, 15000);
    assert_int_equal(most, 30000);
}

static void a_provider_that_asks_for_more_time_gets_it(void **test)
{
    (void)test;
    struct plan_step step;
    plan_step_defaults(&step, CHANNEL_SMS);
    assert_int_equal(plan_backoff_ms(&step, 0, 120000, 7), 120000);
    assert_int_equal(plan_backoff_ms(&step, 0, 1, 0), 30000);
}

static void without_a_backoff_there_is_no_wait(void **test)
{
    (void)test;
    struct plan_step step = {.attempts = 3};
    assert_int_equal(plan_backoff_ms(&step, 3, 0, UINT64_MAX), 0);
    assert_int_equal(plan_backoff_ms(&step, 3, 50, UINT64_MAX), 50);
}

static void what_a_campaign_does_without_is_passed_over(void **test)
{
    (void)test;
    struct plan plan = {.step_count = 1};
    plan_step_defaults(&plan.steps[0], CHANNEL_EMAIL);
    plan_repeat_last(&plan, 1, 60000);
    plan_step_defaults(&plan.steps[plan.step_count++], CHANNEL_SMS);
    plan_step_defaults(&plan.steps[plan.step_count], CHANNEL_EMAIL);
    plan.step_count++;
    assert_int_equal(plan_first(&plan), 0);
    assert_int_equal(plan_next(&plan, 0), 1);
    assert_int_equal(plan_next_written(&plan, 0), 2);
    plan.without = 1u << CHANNEL_EMAIL;
    assert_true(plan_is_left_out(&plan, 1));
    assert_int_equal(plan_first(&plan), 2);
    assert_int_equal(plan_next(&plan, 2), 4);
    assert_int_equal(plan_next_written(&plan, 2), 4);
    plan.without = 1u << CHANNEL_SMS;
    assert_int_equal(plan_first(&plan), 0);
    assert_int_equal(plan_next(&plan, 1), 3);
    assert_int_equal(plan_next_written(&plan, 0), 3);
    plan.without |= 1u << CHANNEL_EMAIL;
    assert_int_equal(plan_first(&plan), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_that_the_header_names),
        cmocka_unit_test(the_wait_doubles_up_to_its_maximum),
        cmocka_unit_test(jitter_takes_off_at_most_half),
        cmocka_unit_test(a_provider_that_asks_for_more_time_gets_it),
        cmocka_unit_test(without_a_backoff_there_is_no_wait),
        cmocka_unit_test(what_a_campaign_does_without_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
