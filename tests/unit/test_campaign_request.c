/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign_request.h"
#include "cli/command_table.h"
#include "tests/unit/unit.h"

/* The request that the options of `tocsin send …` make, as text with sorted members. */
static enum err request_of(struct buf *text, struct problem *problem, int argc,
                           const char *const *words)
{
    char *argv[32] = {NULL};
    struct arguments arguments;
    json_t *request = NULL;
    for (int i = 0; i < argc; i++) {
        argv[i] = (char *)(uintptr_t)words[i];
    }
    assert_int_equal(command_parse(&arguments, command_table, argc, argv, problem), ERR_OK);
    struct plan_choice plan;
    enum err err = plan_choice_read(&plan, arguments_value(&arguments, "plan"), problem);
    if (err == ERR_OK && plan.kind == PLAN_CHOICE_NAME) {
        plan.steps = json_pack("[{s:s}]", "channel", "sms"); /* as the coordinator would say */
    }
    if (err == ERR_OK) {
        err = campaign_request_new(&request, &arguments, "Outage", &plan, problem);
    }
    plan_choice_release(&plan);
    buf_clear(text);
    if (err == ERR_OK) {
        char *dump = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
        buf_str(text, dump);
        free(dump);
    } else {
        assert_null(request);
    }
    json_decref(request);
    return err;
}

#define REQUEST_OF(text, problem, ...)                                                             \
    request_of(                                                                                    \
        text, problem,                                                                             \
        (int)(sizeof((const char *[]){"tocsin", "send", "f", __VA_ARGS__}) / sizeof(char *)),      \
        (const char *[]){"tocsin", "send", "f", __VA_ARGS__})

static void a_text_message_needs_channel_and_text(void **state)
{
    (void)state;
    struct buf text = {0};
    struct problem problem;
    assert_int_equal(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "Hi {{name}}"),
                     ERR_OK);
    assert_buf_is(&text, "{\"channel\":\"sms\",\"content\":{\"sms\":{\"text\":\"Hi {{name}}\"}},"
                         "\"name\":\"Outage\"}");
    buf_release(&text);
}

static void all_options_find_their_place(void **state)
{
    (void)state;
    struct buf text = {0};
    struct problem problem;
    assert_int_equal(REQUEST_OF(&text, &problem, "--channel", "email", "--text", "T", "--subject",
                                "S", "--provider", "relay", "--priority", "high", "--weight", "3",
                                "--rate", "12.5", "--attempts", "2", "--backoff", "10s", "--within",
                                "1h", "--on-uncertain", "hold"),
                     ERR_OK);
    assert_buf_is(
        &text, "{\"channel\":\"email\",\"content\":{\"email\":{\"subject\":\"S\",\"text\":\"T\"}},"
               "\"name\":\"Outage\",\"plan\":{\"attempts\":2,\"backoff\":\"10s\","
               "\"on_uncertain\":\"hold\",\"provider\":\"relay\",\"within\":\"1h\"},"
               "\"priority\":\"high\",\"rate\":12.5,\"weight\":3}");
    buf_release(&text);
}

static void stop_rules_are_numbers_and_shares(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"",     "0",   "5%%",   "100%", "5%/",
                                        "5%/x", "1,2", "5%200", "-1"};
    struct buf text = {0};
    struct problem problem;
    assert_int_equal(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T",
                                "--stop-if-failed", "100,5%/200", "--stop-if-complained", "2%"),
                     ERR_OK);
    assert_buf_is(&text, "{\"channel\":\"sms\",\"content\":{\"sms\":{\"text\":\"T\"}},"
                         "\"name\":\"Outage\",\"stop_rules\":{\"complained\":{\"percent\":2},"
                         "\"failed\":{\"count\":100,\"of_at_least\":200,\"percent\":5}}}");
    for (unsigned i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
        assert_int_equal(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T",
                                    "--stop-if-complained", WRONG[i]),
                         ERR_INVALID);
        assert_non_null(strstr(problem.text, "--stop-if-complained cannot be"));
    }
    buf_release(&text);
}

static void a_plan_has_its_steps_and_each_channel_what_it_takes(void **state)
{
    (void)state;
    struct buf text = {0};
    struct problem problem;
    assert_int_equal(REQUEST_OF(&text, &problem, "--plan", "push 5m > sms>email 1.5h >sms",
                                "--text", "T", "--subject", "S", "--attempts", "2"),
                     ERR_OK);
    assert_buf_is(
        &text,
        "{\"content\":{\"email\":{\"subject\":\"S\",\"text\":\"T\"},\"push\":{\"subject\":\"S\","
        "\"text\":\"T\"},\"sms\":{\"text\":\"T\"}},\"name\":\"Outage\",\"plan\":{\"steps\":["
        "{\"attempts\":2,\"channel\":\"push\",\"until\":\"acknowledged\",\"within\":\"5m\"},"
        "{\"attempts\":2,\"channel\":\"sms\"},"
        "{\"attempts\":2,\"channel\":\"email\",\"until\":\"acknowledged\",\"within\":\"1.5h\"},"
        "{\"attempts\":2,\"channel\":\"sms\"}]}}");
    buf_release(&text);
}

static void what_spares_people_is_said_in_short(void **state)
{
    (void)state;
    struct buf text = {0};
    struct problem problem;
    assert_int_equal(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T", "--quiet-hours",
                                "22:00-07:00/Europe/Oslo", "--frequency-cap", "3/7d"),
                     ERR_OK);
    assert_buf_is(&text, "{\"channel\":\"sms\",\"content\":{\"sms\":{\"text\":\"T\"}},"
                         "\"frequency_cap\":{\"messages\":3,\"per\":\"7d\"},\"name\":\"Outage\","
                         "\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\","
                         "\"zone\":\"Europe/Oslo\"}}");
    assert_int_equal(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T", "--quiet-hours",
                                "none", "--frequency-cap", "none"),
                     ERR_OK);
    assert_buf_is(&text, "{\"channel\":\"sms\",\"content\":{\"sms\":{\"text\":\"T\"}},"
                         "\"frequency_cap\":\"none\",\"name\":\"Outage\","
                         "\"quiet_hours\":\"none\"}");
    static const char *const wrong[][2] = {{"--quiet-hours", "22:00"},
                                           {"--quiet-hours", "-07:00"},
                                           {"--quiet-hours", "22:00-"},
                                           {"--quiet-hours", "22:00-07:00/"},
                                           {"--quiet-hours", "Europe/Oslo-x"},
                                           {"--frequency-cap", "3"},
                                           {"--frequency-cap", "0/7d"},
                                           {"--frequency-cap", "3/week"},
                                           {"--quiet-hours", "25:00-07:00"},
                                           {"--quiet-hours", "22:00-22:00"},
                                           {"--quiet-hours", "22:60-07:00"},
                                           {"--quiet-hours", "00:00-24:00"},
                                           {"--quiet-hours", "2:00-07:00"},
                                           {"--frequency-cap", "101/7d"},
                                           {"--frequency-cap", "3/367d"},
                                           {"--within", "1000d"},
                                           {"--within", "10ms"},
                                           {"--backoff", "2d"},
                                           {"--backoff", "1ms"},
                                           {"--backoff-max", "29s"},
                                           {"--backoff-max", "25h"},
                                           {"--not-after", "tomorrow"},
                                           {"--not-after", "401d"},
                                           {"--at", "6h"},
                                           {"--rate", "0"},
                                           {"--rate", "0.0001"}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T", wrong[i][0],
                                    wrong[i][1]),
                         ERR_INVALID);
        assert_non_null(strstr(problem.text, wrong[i][1]));
        assert_non_null(strstr(problem.text, "; it is "));
    }
    buf_release(&text);
}

static void what_is_left_out_needs_no_message(void **state)
{
    (void)state;
    struct buf text = {0};
    struct problem problem;
    assert_int_equal(REQUEST_OF(&text, &problem, "--plan", "sms > email > push", "--text", "T",
                                "--without", "email,push"),
                     ERR_OK);
    assert_buf_is(&text, "{\"content\":{\"sms\":{\"text\":\"T\"}},\"name\":\"Outage\","
                         "\"plan\":{\"steps\":[{\"channel\":\"sms\"},{\"channel\":\"email\"},"
                         "{\"channel\":\"push\"}]},\"without\":[\"email\",\"push\"]}");
    static const char *const wrong[] = {"mail", "", "email,", ",email", "email push"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(REQUEST_OF(&text, &problem, "--plan", "sms > email", "--text", "T",
                                    "--without", wrong[i]),
                         ERR_INVALID);
        assert_non_null(strstr(problem.text, "such as email"));
    }
    assert_int_equal(
        REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T", "--without", "sms"),
        ERR_INVALID);
    assert_non_null(strstr(problem.text, "leaves nothing of the plan"));
    buf_release(&text);
}

static void html_goes_to_email_alone(void **state)
{
    (void)state;
    static const char path[] = "test_campaign_request.html";
    struct buf text = {0};
    struct problem problem;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("<p>T", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(REQUEST_OF(&text, &problem, "--plan", "sms > email", "--text", "T",
                                "--subject", "S", "--html-file", path),
                     ERR_OK);
    assert_non_null(strstr(buf_cstr(&text), "\"email\":{\"html\":\"<p>T\",\"subject\":\"S\","));
    assert_non_null(strstr(buf_cstr(&text), "\"sms\":{\"text\":\"T\"}"));
    assert_int_equal(
        REQUEST_OF(&text, &problem, "--plan", "email > sms", "--subject", "S", "--html-file", path),
        ERR_INVALID);
    assert_non_null(strstr(problem.text, "the message is missing for sms"));
    assert_int_equal(
        REQUEST_OF(&text, &problem, "--plan", "push > sms", "--text", "T", "--html-file", path),
        ERR_INVALID);
    assert_non_null(strstr(problem.text, "--html-file is for the channel email"));
    assert_int_equal(remove(path), 0);
    buf_release(&text);
}

static void assert_mistake(enum err err, const struct problem *problem, const char *part)
{
    assert_int_equal(err, ERR_INVALID);
    if (strstr(problem->text, part) == NULL) {
        print_error("\"%s\" does not say \"%s\"\n", problem->text, part);
    }
    assert_non_null(strstr(problem->text, part));
}

static void mistakes_are_found_before_anything_is_uploaded(void **state)
{
    (void)state;
    struct buf text = {0};
    struct problem problem;
    assert_mistake(REQUEST_OF(&text, &problem, "--text", "T"), &problem, "--channel is missing");
    assert_mistake(REQUEST_OF(&text, &problem, "--channel", "sms"), &problem,
                   "the message is missing");
    assert_mistake(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T", "--subject", "S"),
                   &problem, "--subject is for the channels email and push");
    assert_mistake(REQUEST_OF(&text, &problem, "--channel", "email", "--text", "T"), &problem,
                   "--subject is missing");
    assert_mistake(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "Dear {{name"),
                   &problem, "--text: line 1, column");
    assert_mistake(
        REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T", "--attempts", "16"),
        &problem, "a number from 1 to 15");
    assert_mistake(
        REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "T", "--within", "soon"),
        &problem, "--within cannot be \"soon\"");
    assert_mistake(REQUEST_OF(&text, &problem, "--channel", "sms", "--plan", "sms", "--text", "T"),
                   &problem, "--plan and --channel are both given");
    assert_mistake(
        REQUEST_OF(&text, &problem, "--plan", "sms 5m > email", "--text", "T", "--within", "1h"),
        &problem, "--within is for --channel");
    assert_mistake(
        REQUEST_OF(&text, &problem, "--plan", "sms > email", "--text", "T", "--provider", "g"),
        &problem, "--provider is for --channel");
    assert_mistake(REQUEST_OF(&text, &problem, "--plan", "sms > email", "--text", "T"), &problem,
                   "--subject is missing");
    assert_mistake(REQUEST_OF(&text, &problem, "--plan", "sms > smss", "--text", "T"), &problem,
                   "step 2");
    assert_mistake(
        REQUEST_OF(&text, &problem, "--plan", "sms > voice", "--text", "T", "--attempts", "0"),
        &problem, "a number from 1 to 15");
    assert_mistake(REQUEST_OF(&text, &problem, "--channel", "sms", "--text", "\xff"), &problem,
                   "--text");
    buf_release(&text);
}

static void a_named_plan_is_named_and_says_the_rest_itself(void **state)
{
    (void)state;
    struct buf text = {0};
    struct problem problem;
    assert_int_equal(REQUEST_OF(&text, &problem, "--plan", "night", "--text", "Hi"), ERR_OK);
    assert_buf_is(&text, "{\"content\":{\"sms\":{\"text\":\"Hi\"}},\"name\":\"Outage\","
                         "\"plan\":\"night\"}");
    assert_int_equal(
        REQUEST_OF(&text, &problem, "--plan", "night", "--text", "Hi", "--attempts", "2"),
        ERR_INVALID);
    assert_non_null(strstr(problem.text, "\"attempts\" of the plan night stands in its steps"));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_message_needs_channel_and_text),
        cmocka_unit_test(all_options_find_their_place),
        cmocka_unit_test(stop_rules_are_numbers_and_shares),
        cmocka_unit_test(a_plan_has_its_steps_and_each_channel_what_it_takes),
        cmocka_unit_test(what_spares_people_is_said_in_short),
        cmocka_unit_test(what_is_left_out_needs_no_message),
        cmocka_unit_test(html_goes_to_email_alone),
        cmocka_unit_test(mistakes_are_found_before_anything_is_uploaded),
        cmocka_unit_test(a_named_plan_is_named_and_says_the_rest_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
