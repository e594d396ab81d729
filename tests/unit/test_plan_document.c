/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/plan_fixture.h"
#include "tests/unit/unit.h"

static void the_default_is_one_step_until_accepted(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading, "{\"channel\":\"sms\"}");
    assert_int_equal(reading.plan.step_count, 1);
    assert_int_equal(reading.plan.steps[0].channel, CHANNEL_SMS);
    assert_int_equal(reading.plan.steps[0].endpoint_ranks, 2);
    assert_true(reading.plan.steps[0].providers == UINT64_MAX);
    assert_string_equal(reading.view, "{\"steps\":[{\"channel\":\"sms\",\"until\":\"accepted\","
                                      "\"within\":\"4h\",\"attempts\":5,\"backoff\":\"30s\","
                                      "\"backoff_max\":\"15m\",\"on_uncertain\":\"resend\"}]}");
    reading_release(&reading);
}

static void whoever_waits_for_an_acknowledgement_waits_15_minutes(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading, "{\"channel\":\"sms\",\"plan\":{\"until\":\"acknowledged\"}}");
    assert_int_equal(reading.plan.steps[0].until, PLAN_ACKNOWLEDGED);
    assert_int_equal(reading.plan.steps[0].within_ms, 15 * 60 * 1000);
    reading_release(&reading);
    assert_reads(&reading,
                 "{\"channel\":\"sms\",\"plan\":{\"within\":\"2s\",\"until\":\"acknowledged\"}}");
    assert_int_equal(reading.plan.steps[0].within_ms, 2000);
    reading_release(&reading);
}

static void delivered_needs_a_provider_with_receipts(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading, "{\"channel\":\"sms\",\"plan\":{\"until\":\"delivered\"}}");
    assert_int_equal(reading.plan.steps[0].until, PLAN_DELIVERED);
    assert_non_null(strstr(reading.view, "\"until\":\"delivered\""));
    reading_release(&reading);
    static const char *const without[] = {
        "{\"channel\":\"sms\",\"plan\":{\"provider\":\"gateway\",\"until\":\"delivered\"}}",
        "{\"channel\":\"email\",\"plan\":{\"until\":\"delivered\"}}",
    };
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(read_plan(&reading, without[i]), ERR_INVALID);
        assert_string_equal(reading.problem.pointer, "/plan/until");
        assert_non_null(strstr(reading.problem.problem.text, "receipts: true"));
        reading_release(&reading);
    }
}

static void a_pair_needs_receipts_for_what_it_sends_and_waits_for(void **state)
{
    (void)state;
    struct reading reading;
    static const char steps[] =
        "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"until\":\"delivered\"},"
        "{\"channel\":\"email\",\"with_previous\":true}]}}";
    assert_int_equal(read_plan(&reading, steps), ERR_INVALID);
    assert_string_equal(reading.problem.pointer, "/plan/steps/1/with_previous");
    reading_release(&reading);
    assert_int_equal(read_plan_without(&reading, steps, 1U << CHANNEL_EMAIL), ERR_OK);
    reading_release(&reading);
    assert_reads(&reading,
                 "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"until\":\"delivered\"},"
                 "{\"channel\":\"email\",\"with_previous\":true,\"until\":\"accepted\"}]}}");
    assert_int_equal(reading.plan.steps[1].until, PLAN_ACCEPTED);
    reading_release(&reading);
}

static void each_step_has_its_own(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading,
                 "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"provider\":"
                 "\"backup\",\"until\":\"acknowledged\",\"within\":\"5m\",\"attempts\":2},"
                 "{\"channel\":\"sms\",\"provider\":[\"gateway\",\"backup\"],\"backoff\":\"1h\"},"
                 "{\"channel\":\"email\",\"on_uncertain\":\"hold\"}]}}");
    const struct plan *plan = &reading.plan;
    assert_int_equal(plan->step_count, 3);
    assert_int_equal(plan->steps[0].providers, 4);
    assert_int_equal(plan->steps[0].attempts, 2);
    assert_int_equal(plan->steps[0].within_ms, 300000);
    assert_int_equal(plan->steps[1].providers, 5);
    assert_int_equal(plan->steps[1].until, PLAN_ACCEPTED);
    assert_int_equal(plan->steps[1].attempts, 5);
    assert_int_equal(plan->steps[1].backoff_max_ms, 3600000);
    assert_int_equal(plan->steps[2].channel, CHANNEL_EMAIL);
    assert_int_equal(plan->steps[2].endpoint_ranks, 1);
    assert_true(plan->steps[2].providers == UINT64_MAX);
    assert_int_equal(plan->steps[2].on_uncertain, PLAN_HOLD);
    reading_release(&reading);
}

static void a_plan_may_have_as_many_steps_as_a_ladder(void **state)
{
    (void)state;
    struct reading reading;
    struct buf json = {0};
    for (unsigned count = PLAN_STEPS_MAX; count <= PLAN_STEPS_MAX + 1; count++) {
        buf_clear(&json);
        buf_str(&json, "{\"plan\":{\"steps\":[");
        for (unsigned i = 0; i < count; i++) {
            buf_printf(&json, "%s{\"channel\":\"sms\"}", i == 0 ? "" : ",");
        }
        buf_str(&json, "]}}");
        enum err err = read_plan(&reading, buf_cstr(&json));
        assert_int_equal(err, count == PLAN_STEPS_MAX ? ERR_OK : ERR_LIMIT);
        reading_release(&reading);
    }
    assert_string_equal(reading.problem.pointer, "/plan/steps");
    assert_non_null(strstr(reading.problem.problem.text, "has 9 steps; at most 8"));
    buf_release(&json);
}

static void a_step_that_repeats_is_climbed_as_several(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading, "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"until\":\"acknowledged\","
                           "\"within\":\"5m\",\"repeat\":{\"every\":\"10m\",\"times\":2}},"
                           "{\"channel\":\"email\",\"repeat\":{\"times\":1,\"every\":\"30s\"}}]}}");
    const struct plan *plan = &reading.plan;
    assert_int_equal(plan->step_count, 5);
    for (unsigned s = 0; s < 3; s++) {
        assert_int_equal(plan->steps[s].channel, CHANNEL_SMS);
        assert_int_equal(plan->steps[s].within_ms, s < 2 ? 600000 : 300000);
        assert_int_equal(plan->steps[s].repeat, s);
        assert_int_equal(plan->steps[s].repeats, 2);
        assert_int_equal(plan_written(plan, s), 0);
        assert_int_equal(plan_next_written(plan, s), 3);
    }
    assert_int_equal(plan->steps[3].until, PLAN_ACKNOWLEDGED);
    assert_int_equal(plan->steps[4].within_ms, 30000);
    assert_int_equal(plan_written(plan, 4), 1);
    assert_int_equal(plan_next_written(plan, 3), 5);
    assert_non_null(
        strstr(reading.view, "\"within\":\"5m\",\"repeat\":{\"every\":\"10m\",\"times\":2}"));
    reading_release(&reading);
}

static void a_step_repeats_until_it_is_delivered_if_it_says_so(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading, "{\"channel\":\"sms\",\"plan\":{\"until\":\"delivered\",\"repeat\":"
                           "{\"every\":\"1m\",\"times\":2}}}");
    assert_int_equal(reading.plan.step_count, 3);
    assert_int_equal(reading.plan.steps[0].until, PLAN_DELIVERED);
    assert_int_equal(reading.plan.steps[2].until, PLAN_DELIVERED);
    assert_non_null(strstr(reading.view, "\"until\":\"delivered\""));
    reading_release(&reading);
}

static void who_waits_for_a_channel_that_is_down_may_climb(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading, "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"if_down\":\"climb\"},"
                           "{\"channel\":\"email\",\"if_down\":\"wait\"}]}}");
    assert_int_equal(reading.plan.steps[0].if_down, PLAN_DOWN_CLIMB);
    assert_int_equal(reading.plan.steps[1].if_down, PLAN_DOWN_WAIT);
    assert_non_null(strstr(reading.view, "\"if_down\":\"climb\"},{"));
    assert_null(strstr(reading.view, "wait"));
    reading_release(&reading);
    static const struct {
        const char *json;
        const char *pointer;
        const char *words;
    } cases[] = {
        {"{\"channel\":\"sms\",\"plan\":{\"if_down\":\"climb\"}}", "/plan/if_down",
         "no step after this one"},
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\"},{\"channel\":\"sms\",\"if_down\":"
         "\"climb\",\"until\":\"acknowledged\",\"repeat\":{\"every\":\"1m\",\"times\":2}}]}}",
         "/plan/steps/1/if_down", "no step after this one"},
        {"{\"channel\":\"sms\",\"plan\":{\"if_down\":\"jump\"}}", "/plan/if_down", "climb"},
        {"{\"plan\":{\"if_down\":\"climb\",\"steps\":[{\"channel\":\"sms\"}]}}", "/plan/if_down",
         "in each step"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_not_equal(read_plan(&reading, cases[i].json), ERR_OK);
        assert_string_equal(reading.problem.pointer, cases[i].pointer);
        assert_non_null(strstr(reading.problem.problem.text, cases[i].words));
        reading_release(&reading);
    }
}

static void a_step_may_start_together_with_the_one_before(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading,
                 PAIR("{\"channel\":\"email\",\"with_previous\":true},{\"channel\":\"sms\"}"));
    assert_true(plan_has_pair(&reading.plan));
    assert_true(plan_has_beside(&reading.plan, 0));
    assert_true(plan_is_beside(&reading.plan, 1));
    assert_false(plan_is_paired(&reading.plan, 2));
    assert_int_equal(reading.plan.steps[1].until, PLAN_ACKNOWLEDGED); /* as on the step before */
    assert_int_equal(reading.plan.steps[1].within_ms, 300000);
    assert_non_null(strstr(reading.view, "\"with_previous\":true"));
    reading_release(&reading);
    assert_reads(&reading,
                 PAIR("{\"channel\":\"email\",\"with_previous\":true,\"until\":\"accepted\","
                      "\"within\":\"9m\"}"));
    assert_int_equal(reading.plan.steps[1].until, PLAN_ACCEPTED);
    assert_int_equal(reading.plan.steps[1].within_ms, 540000);
    reading_release(&reading);
    assert_reads(&reading, PAIR("{\"channel\":\"email\",\"with_previous\":false}"));
    assert_false(plan_has_pair(&reading.plan));
    assert_null(strstr(reading.view, "with_previous"));
    reading_release(&reading);
}

static void each_of_a_pair_may_be_sent_again_or_given_up(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading, "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"if_down\":\"climb\","
                           "\"repeat\":{\"every\":\"1m\",\"times\":2},\"within\":\"7m\"},"
                           "{\"channel\":\"email\",\"with_previous\":true,\"if_down\":\"climb\","
                           "\"repeat\":{\"every\":\"3m\",\"times\":1}},{\"channel\":\"sms\"}]}}");
    const struct plan *plan = &reading.plan;
    assert_int_equal(plan->step_count, 6);
    assert_int_equal(plan_beside(plan, 0), 3);
    assert_int_equal(plan_next_of_pair(plan, 0), 5);
    assert_int_equal(plan->steps[3].until, PLAN_ACKNOWLEDGED);
    assert_int_equal(plan->steps[3].within_ms, 180000);
    assert_int_equal(plan->steps[4].within_ms, 180000); /* as of any step that is sent again */
    for (unsigned s = 0; s < 5; s++) {
        assert_int_equal(plan->steps[s].if_down, PLAN_DOWN_CLIMB);
    }
    reading_release(&reading);
    /* Sent again beside a step that is over once it is accepted: until it is acknowledged. */
    assert_reads(&reading, "{\"plan\":{\"steps\":[{\"channel\":\"sms\"},"
                           "{\"channel\":\"email\",\"with_previous\":true,"
                           "\"repeat\":{\"every\":\"3m\",\"times\":1}}]}}");
    assert_int_equal(reading.plan.steps[0].until, PLAN_ACCEPTED);
    assert_int_equal(reading.plan.steps[1].until, PLAN_ACKNOWLEDGED);
    reading_release(&reading);
}

/* What is shown can be said again: a client may take a plan from one campaign to the next. */
static void what_is_shown_can_be_said(void **state)
{
    (void)state;
    struct reading first;
    struct reading again;
    struct buf json = {0};
    assert_reads(&first, "{\"plan\":{\"steps\":[{\"channel\":\"email\",\"provider\":[\"relay\"]},"
                         "{\"channel\":\"sms\",\"provider\":[\"backup\",\"gateway\"],"
                         "\"until\":\"acknowledged\",\"backoff\":\"1.5s\"}]}}");
    buf_printf(&json, "{\"plan\":%s}", first.view);
    assert_reads(&again, buf_cstr(&json));
    assert_string_equal(again.view, first.view);
    assert_memory_equal(&again.plan, &first.plan, sizeof(first.plan));
    reading_release(&first);
    reading_release(&again);
    buf_release(&json);
}

static void a_name_stands_once(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(read_plan(&reading, "{\"channel\":\"sms\",\"plan\":{\"provider\":[\"gateway\","
                                         "\"backup\",\"gateway\"]}}"),
                     ERR_INVALID);
    assert_string_equal(reading.problem.pointer, "/plan/provider");
    assert_non_null(strstr(reading.problem.problem.text, "\"gateway\" stands here a second time"));
    reading_release(&reading);
}

static void there_is_an_end_to_how_many_names(void **state)
{
    (void)state;
    struct reading reading;
    char json[4096] = "{\"channel\":\"sms\",\"plan\":{\"provider\":[\"gateway\"";
    for (unsigned i = 1; i < WIRE_PROVIDERS_MAX + PROVIDER_GROUPS_MAX + 1; i++) {
        strcat(json, ",\"gateway\"");
    }
    strcat(json, "]}}");
    assert_int_equal(read_plan(&reading, json), ERR_LIMIT);
    assert_string_equal(reading.problem.pointer, "/plan/provider");
    assert_non_null(strstr(reading.problem.problem.text, "has 129 names"));
    reading_release(&reading);
}

static void a_group_stands_for_its_members_on_the_channel(void **state)
{
    (void)state;
    struct reading reading;
    assert_reads(&reading,
                 "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"provider\":\"spare\"},"
                 "{\"channel\":\"email\",\"provider\":\"spare\"},"
                 "{\"channel\":\"sms\",\"provider\":[\"gateway\",\"spare\"]},"
                 "{\"channel\":\"sms\",\"provider\":\"phones\",\"until\":\"delivered\"}]}}");
    assert_true(reading.plan.steps[0].providers == 4);
    assert_true(reading.plan.steps[1].providers == 2);
    assert_true(reading.plan.steps[2].providers == 5);
    assert_true(reading.plan.steps[3].providers == 5);
    assert_non_null(strstr(reading.view, "\"provider\":[\"gateway\",\"spare\"]"));
    reading_release(&reading);
    assert_int_equal(read_plan(&reading, "{\"channel\":\"sms\",\"plan\":{\"provider\":\"mails\"}}"),
                     ERR_INVALID);
    assert_string_equal(reading.problem.pointer, "/plan/provider");
    assert_non_null(strstr(reading.problem.problem.text,
                           "no provider of the group \"mails\" sends on channel sms"));
    reading_release(&reading);
    assert_int_equal(
        read_plan(&reading, "{\"channel\":\"sms\",\"plan\":{\"provider\":\"phonse\"}}"),
        ERR_INVALID);
    assert_non_null(strstr(reading.problem.problem.text, "did you mean \"phones\"?"));
    reading_release(&reading);
    assert_int_equal(
        read_plan(&reading, "{\"channel\":\"email\",\"plan\":{\"provider\":\"xyzzy\"}}"),
        ERR_INVALID);
    assert_non_null(strstr(reading.problem.problem.text, "known here: relay, spare, mails"));
    reading_release(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_one_step_until_accepted),
        cmocka_unit_test(whoever_waits_for_an_acknowledgement_waits_15_minutes),
        cmocka_unit_test(delivered_needs_a_provider_with_receipts),
        cmocka_unit_test(a_pair_needs_receipts_for_what_it_sends_and_waits_for),
        cmocka_unit_test(each_step_has_its_own),
        cmocka_unit_test(a_plan_may_have_as_many_steps_as_a_ladder),
        cmocka_unit_test(a_step_that_repeats_is_climbed_as_several),
        cmocka_unit_test(a_step_repeats_until_it_is_delivered_if_it_says_so),
        cmocka_unit_test(who_waits_for_a_channel_that_is_down_may_climb),
        cmocka_unit_test(a_step_may_start_together_with_the_one_before),
        cmocka_unit_test(each_of_a_pair_may_be_sent_again_or_given_up),
        cmocka_unit_test(what_is_shown_can_be_said),
        cmocka_unit_test(a_group_stands_for_its_members_on_the_channel),
        cmocka_unit_test(a_name_stands_once),
        cmocka_unit_test(there_is_an_end_to_how_many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
