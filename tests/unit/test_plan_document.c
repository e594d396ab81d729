/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/content/plan_check.h"
#include "coordinator/content/plan_document.h"
#include "tests/unit/unit.h"

static const struct provider_def providers[] = {
    {.id = 0, .name = "gateway", .channel = CHANNEL_SMS},
    {.id = 1, .name = "relay", .channel = CHANNEL_EMAIL},
    {.id = 2, .name = "backup", .channel = CHANNEL_SMS, .has_receipts = true},
};

static const struct page_schema schema = {
    .count = 5,
    .columns = {{PAGE_FIELD_KEY, 0, "id"},
                {PAGE_FIELD_PHONE, 0, "phone"},
                {PAGE_FIELD_PHONE, 1, "phone.2"},
                {PAGE_FIELD_EMAIL, 0, "email"},
                {PAGE_FIELD_WEBHOOK, 0, "webhook"}},
};

/* backup and relay; gateway and backup; relay alone. */
static const struct provider_group groups[] = {{"spare", 6}, {"phones", 5}, {"mails", 2}};

struct reading {
    struct plan plan;
    struct document_problem problem;
    char *view; /* as text */
};

static void reading_release(struct reading *reading)
{
    free(reading->view);
}

/* "channel" and "plan" of the object that `json` is, of a campaign that does `without` channels. */
static enum err read_plan_without(struct reading *reading, const char *json, unsigned without)
{
    json_t *object;
    json_t *view = NULL;
    struct document_reader reader;
    *reading = (struct reading){.plan = {.without = (uint8_t)without}};
    assert_int_equal(document_parse(slice_str(json), &object, &reading->problem), ERR_OK);
    document_reader_init(&reader, &reading->problem, NULL);
    const struct plan_source source = {
        .channel = json_object_get(object, "channel"),
        .plan = json_object_get(object, "plan"),
        .schema = &schema,
        .providers = providers,
        .provider_count = 3,
        .groups = groups,
        .group_count = 3,
    };
    enum err err = plan_document_read(&reader, &source, &reading->plan, &view);
    reading->view = json_dumps(view, JSON_COMPACT);
    json_decref(view);
    json_decref(object);
    return err;
}

static enum err read_plan(struct reading *reading, const char *json)
{
    return read_plan_without(reading, json, 0);
}

static void assert_reads(struct reading *reading, const char *json)
{
    if (read_plan(reading, json) != ERR_OK) {
        fail_msg("%s: %s", reading->problem.pointer, reading->problem.problem.text);
    }
}

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

static void a_repetition_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *plan;
        const char *pointer;
        const char *words;
    } cases[] = {
        {"{\"until\":\"accepted\",\"repeat\":{\"every\":\"1m\",\"times\":1}}", "/plan/repeat",
         "make it \"acknowledged\" or \"delivered\""},
        {"{\"repeat\":{\"every\":\"1m\",\"times\":16}}", "/plan/repeat/times", "from 1 to 15"},
        {"{\"repeat\":{\"every\":\"1m\",\"times\":0}}", "/plan/repeat/times", "from 1 to 15"},
        {"{\"repeat\":{\"every\":\"-1m\",\"times\":1}}", "/plan/repeat/every", "a duration"},
        {"{\"repeat\":{\"every\":\"31d\",\"times\":1}}", "/plan/repeat/every", "from 1s to 30d"},
        {"{\"repeat\":{\"times\":1}}", "/plan/repeat/every", "is required"},
        {"{\"repeat\":{\"evry\":\"1m\",\"times\":1}}", "/plan/repeat/evry",
         "did you mean \"every\""},
        {"{\"repeat\":3}", "/plan/repeat", "must be an object"},
        {"{\"steps\":[{\"channel\":\"sms\",\"repeat\":{\"every\":\"1m\",\"times\":10}},"
         "{\"channel\":\"sms\",\"repeat\":{\"every\":\"1m\",\"times\":5}}]}",
         "/plan/steps/1/repeat/times", "at most 4 repetitions are left here"},
        {"{\"steps\":[{\"channel\":\"sms\",\"repeat\":{\"every\":\"1m\",\"times\":15}},"
         "{\"channel\":\"email\"}]}",
         "/plan/steps/1", "one message too many"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;
        struct buf json = {0};
        bool has_steps = strstr(cases[i].plan, "steps") != NULL;
        buf_printf(&json, "{%s\"plan\":%s}", has_steps ? "" : "\"channel\":\"sms\",",
                   cases[i].plan);
        assert_int_not_equal(read_plan(&reading, buf_cstr(&json)), ERR_OK);
        assert_string_equal(reading.problem.pointer, cases[i].pointer);
        if (strstr(reading.problem.problem.text, cases[i].words) == NULL) {
            fail_msg("%s: %s", cases[i].plan, reading.problem.problem.text);
        }
        reading_release(&reading);
        buf_release(&json);
    }
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

#define PAIR(second)                                                                               \
    "{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"until\":\"acknowledged\",\"within\":\"5m\"}"     \
    "," second "]}}"

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

static void a_pair_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *pointer;
        const char *words;
    } cases[] = {
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"with_previous\":true}]}}",
         "/plan/steps/0/with_previous", "no step before the first one"},
        {"{\"channel\":\"sms\",\"plan\":{\"with_previous\":true}}", "/plan/with_previous",
         "no step before the first one"},
        {PAIR("{\"channel\":\"email\",\"with_previous\":1}"), "/plan/steps/1/with_previous",
         "must be true or false"},
        {PAIR("{\"channel\":\"email\",\"with_previous\":true},"
              "{\"channel\":\"sms\",\"with_previous\":true}"),
         "/plan/steps/2/with_previous", "two steps at once are the most"},
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"until\":\"delivered\"},"
         "{\"channel\":\"email\",\"with_previous\":true}]}}",
         "/plan/steps/1/with_previous", "sends receipts"},
        {PAIR("{\"channel\":\"email\",\"with_previous\":true,\"if_down\":\"climb\"}"),
         "/plan/steps/1/if_down", "no step after these two"},
        {"{\"plan\":{\"steps\":[{\"channel\":\"email\"},{\"channel\":\"sms\",\"if_down\":\"climb\","
         "\"repeat\":{\"every\":\"1m\",\"times\":2}},"
         "{\"channel\":\"email\",\"with_previous\":true}]}}",
         "/plan/steps/1/if_down", "no step after these two"},
        {PAIR("{\"channel\":\"email\",\"with_previous\":true,\"until\":\"accepted\","
              "\"repeat\":{\"every\":\"1m\",\"times\":1}}"),
         "/plan/steps/1/repeat", "make it \"acknowledged\""},
        {"{\"plan\":{\"with_previous\":true,\"steps\":[{\"channel\":\"sms\"}]}}",
         "/plan/with_previous", "in each step"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;
        assert_int_not_equal(read_plan(&reading, cases[i].json), ERR_OK);
        assert_string_equal(reading.problem.pointer, cases[i].pointer);
        if (strstr(reading.problem.problem.text, cases[i].words) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", reading.problem.problem.text, cases[i].words);
        }
        reading_release(&reading);
    }
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

#define STEPS(steps) "{\"plan\":{\"steps\":" steps "}}"
#define SECOND(step) STEPS("[{\"channel\":\"email\"}," step "]")

static void complaints_name_the_step_and_the_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *pointer;
        const char *words;
    } cases[] = {
        {"{}", "/channel", "\"channel\" is required, or a plan with \"steps\""},
        {"{\"plan\":{}}", "/channel", "\"steps\""},
        {"{\"plan\":{\"steps\":null}}", "/channel", "\"steps\""},
        {"{\"plan\":{\"stesp\":[]}}", "/plan/stesp", "did you mean \"steps\"?"},
        {"{\"plan\":[{\"channel\":\"sms\"}]}", "/plan", "must be an object, not an array"},
        {"{\"channel\":\"sms\",\"plan\":{\"steps\":[{\"channel\":\"sms\"}]}}", "/channel",
         "leave this one out"},
        {"{\"plan\":{\"attempts\":3,\"steps\":[{\"channel\":\"sms\"}]}}", "/plan/attempts",
         "in each step"},
        {"{\"plan\":{\"channel\":\"sms\",\"steps\":[{\"channel\":\"sms\"}]}}", "/plan/channel",
         "in each step"},
        {"{\"channel\":\"sms\",\"plan\":{\"until\":\"read\"}}", "/plan/until",
         "known here: accepted, delivered, acknowledged"},
        {STEPS("[]"), "/plan/steps", "a list of 1 to 8 steps"},
        {STEPS("{}"), "/plan/steps", "a list of 1 to 8 steps"},
        {STEPS("\"sms\""), "/plan/steps", "a list of 1 to 8 steps"},
        {STEPS("[\"sms\"]"), "/plan/steps/0", "must be an object, not a string"},
        {SECOND("null"), "/plan/steps/1", "must be an object, not null"},
        {SECOND("{}"), "/plan/steps/1/channel", "is required"},
        {SECOND("{\"attempts\":1}"), "/plan/steps/1/channel", "is required"},
        {SECOND("{\"channel\":\"smss\"}"), "/plan/steps/1/channel", "did you mean \"sms\"?"},
        {SECOND("{\"channel\":\"push\"}"), "/plan/steps/1/channel", "the column \"push_token\""},
        {SECOND("{\"channel\":\"webhook\"}"), "/plan/steps/1/channel",
         "no provider is set up for channel \"webhook\""},
        {SECOND("{\"channel\":\"sms\",\"wihtin\":\"1m\"}"), "/plan/steps/1/wihtin",
         "did you mean \"within\"?"},
        {SECOND("{\"channel\":\"sms\",\"steps\":[]}"), "/plan/steps/1/steps", "unknown member"},
        {SECOND("{\"channel\":\"sms\",\"provider\":\"relay\"}"), "/plan/steps/1/provider",
         "sends on channel email, not on sms"},
        {SECOND("{\"channel\":\"sms\",\"provider\":\"bakcup\"}"), "/plan/steps/1/provider",
         "did you mean \"backup\"?"},
        {SECOND("{\"channel\":\"sms\",\"provider\":[\"gateway\",7]}"), "/plan/steps/1/provider",
         "must be a string"},
        {SECOND("{\"channel\":\"sms\",\"until\":\"acknowleged\"}"), "/plan/steps/1/until",
         "did you mean \"acknowledged\"?"},
        {SECOND("{\"channel\":\"sms\",\"within\":\"0s\"}"), "/plan/steps/1/within",
         "from 1s to 30d"},
        {SECOND("{\"channel\":\"sms\",\"within\":\"-5m\"}"), "/plan/steps/1/within", "\"15m\""},
        {SECOND("{\"channel\":\"sms\",\"within\":300}"), "/plan/steps/1/within", "\"15m\""},
        {SECOND("{\"channel\":\"sms\",\"within\":\"99999d\"}"), "/plan/steps/1/within",
         "from 1s to 30d"},
        {SECOND("{\"channel\":\"sms\",\"attempts\":0}"), "/plan/steps/1/attempts", "from 1 to 15"},
        {SECOND("{\"channel\":\"sms\",\"on_uncertain\":\"drop\"}"), "/plan/steps/1/on_uncertain",
         "known here: resend, hold"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;
        assert_int_not_equal(read_plan(&reading, cases[i].json), ERR_OK);
        assert_string_equal(reading.problem.pointer, cases[i].pointer);
        if (strstr(reading.problem.problem.text, cases[i].words) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", reading.problem.problem.text, cases[i].words);
        }
        reading_release(&reading);
    }
}

static void a_step_that_only_tries_the_same_again_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        bool is_echo; /* the second */
    } cases[] = {
        {"{\"channel\":\"sms\"},{\"channel\":\"sms\"}", true},
        {"{\"channel\":\"sms\"},{\"channel\":\"sms\",\"provider\":\"backup\"}", true},
        {"{\"channel\":\"sms\",\"provider\":\"gateway\"},{\"channel\":\"sms\"}", false},
        {"{\"channel\":\"sms\",\"provider\":\"gateway\"},{\"channel\":\"sms\",\"provider\":"
         "\"phones\"}",
         false},
        {"{\"channel\":\"sms\",\"provider\":\"phones\"},{\"channel\":\"sms\",\"provider\":"
         "\"gateway\"}",
         true},
        {"{\"channel\":\"sms\",\"until\":\"acknowledged\"},{\"channel\":\"sms\"}", false},
        {"{\"channel\":\"sms\"},{\"channel\":\"email\"}", false},
        {"{\"channel\":\"sms\"},{\"channel\":\"sms\",\"with_previous\":true}", false},
        {"{\"channel\":\"sms\",\"repeat\":{\"every\":\"1m\",\"times\":1}},{\"channel\":\"sms\"}",
         false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;
        char json[400];
        (void)snprintf(json, sizeof(json), "{\"plan\":{\"steps\":[%s]}}", cases[i].steps);
        assert_reads(&reading, json);
        assert_false(plan_check_is_echo(&reading.plan, 0));
        assert_int_equal(plan_check_is_echo(&reading.plan, 1), cases[i].is_echo);
        reading_release(&reading);
    }
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

static void what_could_never_come_is_refused_with_what_could(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *pointer; /* NULL: it is taken */
        const char *words;
    } cases[] = {
        {"{\"channel\":\"sms\",\"plan\":{\"within\":\"1h\",\"backoff\":\"4h\"}}", "/plan/backoff",
         "the second of 5 attempts would never be made: it begins 2h after the first at the "
         "earliest, and the step lasts 1h"},
        {"{\"plan\":{\"steps\":[{\"channel\":\"email\"},{\"channel\":\"sms\",\"within\":\"59s\","
         "\"backoff\":\"2m\"}]}}",
         "/plan/steps/1/backoff", "or say \"attempts\": 1"},
        {"{\"channel\":\"sms\",\"plan\":{\"repeat\":{\"every\":\"1m\",\"times\":2},\"within\":"
         "\"2m\",\"backoff\":\"5m\"}}",
         "/plan/backoff", "lasts 2m"},
        {"{\"channel\":\"sms\",\"plan\":{\"repeat\":{\"every\":\"1m\",\"times\":2},\"within\":"
         "\"3m\",\"backoff\":\"5m\"}}",
         NULL, NULL}, /* the last time it may */
        {"{\"channel\":\"sms\",\"plan\":{\"within\":\"1h\",\"backoff\":\"2h\"}}", NULL, NULL},
        {"{\"channel\":\"sms\",\"plan\":{\"within\":\"1h\",\"backoff\":\"4h\",\"attempts\":1}}",
         NULL, NULL},
        {"{\"channel\":\"sms\",\"plan\":{\"within\":\"2s\"}}", NULL, NULL}, /* usual backoff */
        {"{\"channel\":\"sms\",\"plan\":{\"within\":\"2s\",\"backoff\":\"30s\"}}", NULL, NULL},
        /* Reached by whoever cannot be sent to on the first: attempts or time used, a bounce. */
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\"},{\"channel\":\"sms\"}]}}", NULL, NULL},
        {"{\"channel\":\"sms\",\"plan\":{\"within\":\"30d\",\"repeat\":{\"every\":\"30d\","
         "\"times\":6}}}",
         "/plan/repeat",
         "lasts up to 210d, and a whole plan at most 180d, of which the steps before "
         "leave 180d"},
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"repeat\":{\"every\":\"25d\",\"times\":6}},"
         "{\"channel\":\"sms\",\"within\":\"6d\"}]}}",
         "/plan/steps/1/within",
         "lasts up to 6d, and a whole plan at most 180d, of which the steps "
         "before leave 5d"},
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"repeat\":{\"every\":\"25d\",\"times\":6}},"
         "{\"channel\":\"sms\",\"within\":\"5d\"}]}}",
         NULL, NULL},
        /* Two that start together last as long as the longer. */
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"repeat\":{\"every\":\"25d\",\"times\":4}},"
         "{\"channel\":\"sms\",\"within\":\"30d\"},{\"channel\":\"email\",\"within\":\"30d\","
         "\"with_previous\":true},{\"channel\":\"sms\",\"within\":\"25d\"}]}}",
         NULL, NULL},
        {"{\"plan\":{\"steps\":[{\"channel\":\"sms\",\"repeat\":{\"every\":\"25d\",\"times\":5}},"
         "{\"channel\":\"sms\",\"within\":\"20d\"},{\"channel\":\"email\",\"within\":\"30d\","
         "\"with_previous\":true},{\"channel\":\"sms\",\"within\":\"1d\"}]}}",
         "/plan/steps/3/within", "the steps before leave 0ms"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;
        enum err err = read_plan(&reading, cases[i].json);
        if ((err == ERR_OK) != (cases[i].pointer == NULL)) {
            fail_msg("%s: \"%s\"", cases[i].json, reading.problem.problem.text);
        }
        if (cases[i].pointer != NULL) {
            assert_string_equal(reading.problem.pointer, cases[i].pointer);
            if (strstr(reading.problem.problem.text, cases[i].words) == NULL) {
                fail_msg("\"%s\" lacks \"%s\"", reading.problem.problem.text, cases[i].words);
            }
        }
        reading_release(&reading);
    }
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
        cmocka_unit_test(a_repetition_that_cannot_be_is_refused),
        cmocka_unit_test(who_waits_for_a_channel_that_is_down_may_climb),
        cmocka_unit_test(a_step_may_start_together_with_the_one_before),
        cmocka_unit_test(each_of_a_pair_may_be_sent_again_or_given_up),
        cmocka_unit_test(a_pair_that_cannot_be_is_refused),
        cmocka_unit_test(what_is_shown_can_be_said),
        cmocka_unit_test(complaints_name_the_step_and_the_remedy),
        cmocka_unit_test(what_could_never_come_is_refused_with_what_could),
        cmocka_unit_test(a_group_stands_for_its_members_on_the_channel),
        cmocka_unit_test(a_name_stands_once),
        cmocka_unit_test(there_is_an_end_to_how_many_names),
        cmocka_unit_test(a_step_that_only_tries_the_same_again_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
