/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdlib.h>

#include "cli/plan_text.h"
#include "coordinator/engine/plan.h"
#include "proto/channel_kind.h"
#include "tests/unit/unit.h"

static void assert_steps(const char *text, const char *json)
{
    struct problem problem;
    json_t *steps;
    if (plan_text_read(&steps, text, &problem) != ERR_OK) {
        fail_msg("%s: %s", text, problem.text);
    }
    char *dump = json_dumps(steps, JSON_COMPACT);
    assert_string_equal(dump, json);
    free(dump);
    json_decref(steps);
}

static void steps_stand_between_angles_with_or_without_a_time(void **state)
{
    (void)state;
#define PUSH "{\"channel\":\"push\",\"until\":\"acknowledged\",\"within\":\"5m\"}"
    assert_steps("sms", "[{\"channel\":\"sms\"}]");
    assert_steps("push 5m", "[" PUSH "]");
    assert_steps("push 5m > voice", "[" PUSH ",{\"channel\":\"voice\"}]");
    assert_steps("push\t5m>voice", "[" PUSH ",{\"channel\":\"voice\"}]");
    assert_steps("  push   5m  >\nvoice  ", "[" PUSH ",{\"channel\":\"voice\"}]");
#undef PUSH
    assert_steps("sms 15m x3",
                 "[{\"channel\":\"sms\",\"until\":\"acknowledged\",\"within\":\"15m\","
                 "\"repeat\":{\"every\":\"15m\",\"times\":2}}]");
    assert_int_equal(PLAN_TEXT_TIMES_MAX, PLAN_RUNGS_MAX);
#define PAIR                                                                                       \
    "{\"channel\":\"push\",\"until\":\"acknowledged\",\"within\":\"5m\"},"                         \
    "{\"channel\":\"sms\",\"with_previous\":true}"
    assert_steps("push+sms 5m", "[" PAIR "]");
    assert_steps("push + sms 5m > voice", "[" PAIR ",{\"channel\":\"voice\"}]");
    assert_steps("push +sms\t5m", "[" PAIR "]");
    assert_steps("push+sms",
                 "[{\"channel\":\"push\"},{\"channel\":\"sms\",\"with_previous\":true}]");
    assert_steps("push+sms 5m x3",
                 "[{\"channel\":\"push\",\"until\":\"acknowledged\",\"within\":\"5m\","
                 "\"repeat\":{\"every\":\"5m\",\"times\":2}},"
                 "{\"channel\":\"sms\",\"with_previous\":true,"
                 "\"repeat\":{\"every\":\"5m\",\"times\":2}}]");
#undef PAIR
}

static void what_is_wrong_is_named_with_its_step(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", "step 1 is empty; steps are such as 'push 5m > sms 15m > voice'"},
        {"  ", "step 1 is empty"},
        {">", "step 1 is empty"},
        {"sms >", "step 2 is empty"},
        {"sms > > voice", "step 2 is empty"},
        {"sms > vioce", "step 2: there is no channel \"vioce\"; did you mean \"voice\"?"},
        {"sms > 5m", "step 2: there is no channel \"5m\"; a step begins with email, sms, voice"},
        {"SMS!!", "step 1: there is no channel \"SMS!!\""},
        {"push 5m > sms soon", "step 2: \"soon\" is no time such as 30s"},
        {"push sms", "step 1: \"sms\" is no time such as 30s, 5m or 2h; > begins the next step"},
        {"push -5m", "step 1: \"-5m\" is no time"},
        {"push 5m sms", "step 1: \"sms\" is no number of times such as x3"},
        {"push 5m x", "step 1: \"x\" is no number of times such as x3"},
        {"push 5m x-3", "step 1: \"x-3\" is no number of times such as x3"},
        {"push 5m x1", "step 1 cannot be sent \"x1\"; x2 to x16, every 5m"},
        {"push 5m x99999999999999999999999", "step 1 cannot be sent"},
        {"push x3", "step 1: \"x3\" is no time such as 30s"},
        {"push 5m x3 sms", "step 1: \"sms\" is one word too many; > begins the next step"},
        {"push+", "step 1 is empty"},
        {"+sms", "step 1 is empty"},
        {"push+smss 5m", "step 1: there is no channel \"smss\"; did you mean \"sms\"?"},
        {"push+sms+voice 5m", "step 1: two channels at once are the most"},
        {"voice > push + sms + email", "step 2: two channels at once are the most"},
        {"push 5m + sms 5m", "step 1: + stands between two channels, before their time"},
        {"push+sms x3", "step 1: \"x3\" is no time such as 30s"},
        {"sms+push>sms+push>sms+push>sms+push>sms", "has 9 steps; at most 8"},
        {"push 999ms", "step 1 cannot last 999ms; it may be from 1s to 30d"},
        {"push 0", "step 1 cannot last 0"},
        {"push 31d", "step 1 cannot last 31d"},
        {"push 1.000000000000000000000000000000005m", "is no time"},
        {"sms>sms>sms>sms>sms>sms>sms>sms>sms", "has 9 steps; at most 8"},
        {"ääääääääääääääääääääääääääääääää", "channel \"ääääääääääääääää…\""},
        {"\xff\xff", "step 1: there is no channel"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct problem problem;
        json_t *steps;
        assert_int_equal(plan_text_read(&steps, cases[i].text, &problem), ERR_INVALID);
        assert_null(steps);
        if (strstr(problem.text, cases[i].words) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", problem.text, cases[i].words);
        }
    }
}

static void a_plan_reads_as_it_is_written(void **state)
{
    (void)state;
    static const char *const texts[] = {"sms",
                                        "sms 15m",
                                        "push 5m > sms 15m > voice",
                                        "push + sms 5m > voice+email",
                                        "push + sms 5m x3",
                                        "sms>sms>sms>sms>sms>sms>sms>sms"};
    static const char *const written[] = {"sms",
                                          "sms 15m",
                                          "push 5m > sms 15m > voice",
                                          "push+sms 5m > voice+email",
                                          "push+sms 5m x3",
                                          "sms > sms > sms > sms > sms > sms > sms > sms"};
    struct buf text = {0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct problem problem;
        json_t *steps;
        assert_int_equal(plan_text_read(&steps, texts[i], &problem), ERR_OK);
        plan_text_write(&text, steps);
        assert_buf_is(&text, written[i]);
        json_decref(steps);
    }
    buf_release(&text);
}

/* As the API shows them, with all that is not given filled in. */
static void two_steps_at_once_have_one_time_if_it_is_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text;
    } cases[] = {
        {"[{\"channel\":\"push\",\"until\":\"acknowledged\",\"within\":\"5m\"},"
         "{\"channel\":\"sms\",\"with_previous\":true,\"until\":\"acknowledged\",\"within\":\"5m\"}"
         ","
         "{\"channel\":\"voice\",\"until\":\"accepted\",\"within\":\"4h\"}]",
         "push+sms 5m > voice"},
        {"[{\"channel\":\"push\",\"until\":\"acknowledged\",\"within\":\"5m\"},"
         "{\"channel\":\"sms\",\"with_previous\":true,\"until\":\"acknowledged\",\"within\":\"9m\"}"
         "]",
         "push 5m + sms 9m"},
        {"[{\"channel\":\"push\",\"until\":\"accepted\",\"within\":\"4h\"},"
         "{\"channel\":\"sms\",\"with_previous\":true,\"until\":\"delivered\",\"within\":\"9m\"}]",
         "push + sms 9m (until delivered)"},
        {"[{\"channel\":\"push\",\"until\":\"accepted\",\"within\":\"4h\"},"
         "{\"channel\":\"sms\",\"with_previous\":true,\"until\":\"accepted\",\"within\":\"1h\"}]",
         "push+sms"},
        {"[{\"channel\":\"push\",\"until\":\"acknowledged\",\"within\":\"5m\"},"
         "{\"channel\":\"sms\",\"with_previous\":true,\"until\":\"acknowledged\",\"within\":\"5m\","
         "\"repeat\":{\"every\":\"5m\",\"times\":1}}]",
         "push 5m + sms 5m x2"},
        {"[{\"channel\":\"push\",\"until\":\"accepted\"},"
         "{\"channel\":\"sms\",\"with_previous\":true,\"until\":\"accepted\",\"left_out\":true}]",
         "push + sms (left out)"},
    };
    struct buf text = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *steps = json_loads(cases[i].json, 0, NULL);
        assert_non_null(steps);
        plan_text_write(&text, steps);
        assert_buf_is(&text, cases[i].text);
        json_decref(steps);
    }
    buf_release(&text);
}

static void the_time_of_a_step_until_accepted_is_no_word_of_it(void **state)
{
    (void)state;
    struct buf text = {0};
    json_t *steps =
        json_pack("[{s:s, s:s, s:s, s:b}, {s:s, s:s}, {}]", "channel", "sms", "until", "accepted",
                  "within", "4h", "left_out", 1, "channel", "\033[2J", "until", "acknowledged");
    assert_non_null(steps);
    plan_text_write(&text, steps);
    assert_buf_is(&text, "sms (left out) > ?[2J ? > ?");
    plan_text_write(&text, NULL);
    assert_buf_is(&text, "");
    json_decref(steps);
    buf_release(&text);
}

static void its_channels_and_limits_are_those_there_are(void **state)
{
    (void)state;
    assert_int_equal(PLAN_TEXT_STEPS_MAX, PLAN_STEPS_MAX);
    const char *const *ours = plan_text_channels();
    for (unsigned i = 0; i <= CHANNEL_KINDS; i++) {
        const char *theirs = channel_kind_names()[i];
        assert_int_equal(ours[i] == NULL, theirs == NULL);
        assert_true(theirs == NULL || strcmp(ours[i], theirs) == 0);
    }
}

static void a_step_that_waits_for_receipts_says_so(void **state)
{
    (void)state;
    struct buf buf = {0};
    json_t *steps =
        json_pack("[{s:s, s:s, s:s}, {s:s, s:s}]", "channel", "sms", "until", "delivered", "within",
                  "15m", "channel", "email", "until", "accepted");
    plan_text_write(&buf, steps);
    assert_string_equal(buf_cstr(&buf), "sms 15m (until delivered) > email");
    buf_release(&buf);
    json_decref(steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_stand_between_angles_with_or_without_a_time),
        cmocka_unit_test(what_is_wrong_is_named_with_its_step),
        cmocka_unit_test(a_plan_reads_as_it_is_written),
        cmocka_unit_test(two_steps_at_once_have_one_time_if_it_is_the_same),
        cmocka_unit_test(the_time_of_a_step_until_accepted_is_no_word_of_it),
        cmocka_unit_test(its_channels_and_limits_are_those_there_are),
        cmocka_unit_test(a_step_that_waits_for_receipts_says_so),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
