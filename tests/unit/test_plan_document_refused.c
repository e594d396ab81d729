/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that are refused, and how that is said. */
#include <stdio.h>
#include <string.h>

#include "coordinator/content/plan_check.h"
#include "tests/unit/plan_fixture.h"
#include "tests/unit/unit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repetition_that_cannot_be_is_refused),
        cmocka_unit_test(a_pair_that_cannot_be_is_refused),
        cmocka_unit_test(complaints_name_the_step_and_the_remedy),
        cmocka_unit_test(what_could_never_come_is_refused_with_what_could),
        cmocka_unit_test(a_step_that_only_tries_the_same_again_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
