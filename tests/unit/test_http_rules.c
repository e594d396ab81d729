/* SPDX-License-Identifier: Apache-2.0 */
/* What answers mean: the default rules, a provider's own, and where the provider's id stands. */
#include "tests/unit/unit.h"
#include "worker/channel/http_rules.h"

static struct problem problem;

static struct http_rules *rules_of(const char *text, bool one_url)
{
    json_t *list = text == NULL ? NULL : json_loads(text, 0, NULL);
    assert_true(text == NULL || list != NULL);
    struct http_rules *rules;
    problem = (struct problem){0};
    enum err err = http_rules_new(&rules, list, one_url, "provider \"p\"", &problem);
    json_decref(list);
    assert_true((err == ERR_OK) == (rules != NULL));
    return rules;
}

static struct http_answer answer_of(uint16_t status, const char *body)
{
    return (struct http_answer){
        .status = status,
        .complete = true,
        .body = slice_str(body),
        .outcome = OUTCOME_UNCERTAIN,
        .reason = REASON_CONNECTION_LOST,
    };
}

static struct http_verdict judge(const struct http_rules *rules, struct http_answer answer)
{
    struct http_reading reading;
    http_reading_init(&reading, &answer);
    struct http_verdict verdict = http_rules_judge(rules, &reading);
    http_reading_release(&reading);
    return verdict;
}

static enum outcome judge_once(const char *text, struct http_answer answer)
{
    struct http_rules *rules = rules_of(text, true);
    assert_non_null(rules);
    struct http_verdict verdict = judge(rules, answer);
    http_rules_free(rules);
    return verdict.outcome;
}

static void assert_refused(const char *text, const char *because)
{
    assert_null(rules_of(text, true));
    assert_int_equal(problem.err, ERR_INVALID);
    assert_string_equal(problem.text, because);
}

static void every_status_has_a_default(void **state)
{
    (void)state;
    static const struct {
        uint16_t status;
        enum outcome outcome;
    } expected[] = {
        {200, OUTCOME_ACCEPTED},      {202, OUTCOME_ACCEPTED},      {204, OUTCOME_ACCEPTED},
        {299, OUTCOME_ACCEPTED},      {301, OUTCOME_MISCONFIGURED}, {304, OUTCOME_MISCONFIGURED},
        {400, OUTCOME_REJECTED},      {401, OUTCOME_MISCONFIGURED}, {402, OUTCOME_MISCONFIGURED},
        {403, OUTCOME_MISCONFIGURED}, {407, OUTCOME_MISCONFIGURED}, {408, OUTCOME_DEFERRED},
        {410, OUTCOME_REJECTED},      {413, OUTCOME_REJECTED},      {422, OUTCOME_REJECTED},
        {425, OUTCOME_THROTTLED},     {429, OUTCOME_THROTTLED},     {499, OUTCOME_REJECTED},
        {500, OUTCOME_DEFERRED},      {502, OUTCOME_UNCERTAIN},     {503, OUTCOME_DEFERRED},
        {504, OUTCOME_UNCERTAIN},     {599, OUTCOME_DEFERRED},
    };
    struct http_rules *rules = rules_of(NULL, true);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct http_verdict verdict = judge(rules, answer_of(expected[i].status, ""));
        assert_int_equal(verdict.outcome, expected[i].outcome);
        assert_int_equal(verdict.reason, expected[i].status);
    }
    http_rules_free(rules);
}

static void no_such_place_is_the_recipients_fault_only_if_the_url_is_its_own(void **state)
{
    (void)state;
    for (int one_url = 0; one_url < 2; one_url++) {
        struct http_rules *rules = rules_of(NULL, one_url == 1);
        assert_int_equal(judge(rules, answer_of(404, "")).outcome,
                         one_url == 1 ? OUTCOME_MISCONFIGURED : OUTCOME_REJECTED);
        assert_int_equal(judge(rules, answer_of(405, "")).outcome,
                         one_url == 1 ? OUTCOME_MISCONFIGURED : OUTCOME_REJECTED);
        http_rules_free(rules);
    }
}

static void unavailable_with_retry_after_is_a_throttle(void **state)
{
    (void)state;
    struct http_rules *rules = rules_of(NULL, true);
    struct http_answer answer = answer_of(503, "");
    answer.retry_after_ms = 7000;
    struct http_verdict verdict = judge(rules, answer);
    assert_int_equal(verdict.outcome, OUTCOME_THROTTLED);
    assert_int_equal(verdict.retry_after_ms, 7000);
    http_rules_free(rules);
}

static void without_a_status_the_failure_counts(void **state)
{
    (void)state;
    struct http_answer answer = answer_of(0, "");
    answer.complete = false;
    answer.outcome = OUTCOME_DEFERRED;
    answer.reason = REASON_CONNECT_FAILED;
    struct http_rules *rules = rules_of("[{\"outcome\": \"accepted\"}]", true);
    struct http_verdict verdict = judge(rules, answer);
    assert_int_equal(verdict.outcome, OUTCOME_DEFERRED);
    assert_int_equal(verdict.reason, REASON_CONNECT_FAILED);
    http_rules_free(rules);
}

static void the_first_rule_that_matches_wins(void **state)
{
    (void)state;
    const char *text = "[{\"status\": 202, \"body_contains\": \"3:\", \"outcome\": \"deferred\"},"
                       " {\"status\": \"2xx\", \"outcome\": \"rejected\"}]";
    assert_int_equal(judge_once(text, answer_of(202, "3: Queued")), OUTCOME_DEFERRED);
    assert_int_equal(judge_once(text, answer_of(202, "0: Accepted")), OUTCOME_REJECTED);
    assert_int_equal(judge_once(text, answer_of(500, "3: Queued")), OUTCOME_DEFERRED);
    assert_int_equal(judge_once(text, answer_of(400, "")), OUTCOME_REJECTED);
}

static void a_status_is_a_number_a_class_a_range_or_a_list(void **state)
{
    (void)state;
    const char *text = "[{\"status\": [418, \"430-432\", \"5xx\", \"451\"],"
                       "  \"outcome\": \"throttled\"}]";
    static const uint16_t in[] = {418, 430, 431, 432, 451, 500, 599};
    static const uint16_t out[] = {417, 419, 429 + 4, 450, 452, 499};
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
        assert_int_equal(judge_once(text, answer_of(in[i], "")), OUTCOME_THROTTLED);
    }
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
        assert_int_equal(judge_once(text, answer_of(out[i], "")), OUTCOME_REJECTED);
    }
}

static void all_conditions_of_a_rule_must_hold(void **state)
{
    (void)state;
    const char *text = "[{\"status\": 200, \"body_contains\": \"no\", \"body_regex\": \"x[0-9]+\","
                       "  \"json\": {\"pointer\": \"/a\"}, \"outcome\": \"deferred\"}]";
    assert_int_equal(judge_once(text, answer_of(200, "{\"a\": \"no x12\"}")), OUTCOME_DEFERRED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"b\": \"no x12\"}")), OUTCOME_ACCEPTED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"a\": \"no xx\"}")), OUTCOME_ACCEPTED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"a\": \"x12\"}")), OUTCOME_ACCEPTED);
    assert_int_equal(judge_once(text, answer_of(201, "{\"a\": \"no x12\"}")), OUTCOME_ACCEPTED);
}

static void a_json_value_is_compared_as_people_write_it(void **state)
{
    (void)state;
    const char *text = "[{\"json\": {\"pointer\": \"/ok\", \"equals\": \"false\"},"
                       "  \"outcome\": \"rejected\"},"
                       " {\"json\": {\"pointer\": \"/code\", \"equals\": [4, \"130429\"]},"
                       "  \"outcome\": \"throttled\"}]";
    assert_int_equal(judge_once(text, answer_of(200, "{\"ok\": false}")), OUTCOME_REJECTED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"ok\": \"false\"}")), OUTCOME_REJECTED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"ok\": true}")), OUTCOME_ACCEPTED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"code\": 130429}")), OUTCOME_THROTTLED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"code\": \"4\"}")), OUTCOME_THROTTLED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"code\": 5}")), OUTCOME_ACCEPTED);
    assert_int_equal(judge_once(text, answer_of(200, "no JSON")), OUTCOME_ACCEPTED);
}

static void a_pointer_alone_asks_whether_something_is_there(void **state)
{
    (void)state;
    const char *text = "[{\"json\": {\"pointer\": \"/errors/0\"}, \"outcome\": \"rejected\"}]";
    assert_int_equal(judge_once(text, answer_of(200, "{\"errors\": [{}]}")), OUTCOME_REJECTED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"errors\": []}")), OUTCOME_ACCEPTED);
    assert_int_equal(judge_once(text, answer_of(200, "{\"errors\": [null]}")), OUTCOME_ACCEPTED);
}

static void half_a_body_decides_nothing_that_it_does_not_show(void **state)
{
    (void)state;
    const char *text = "[{\"status\": 200, \"body_contains\": \"ok:false\","
                       "  \"outcome\": \"rejected\"}]";
    struct http_answer answer = answer_of(200, "ok:fal");
    answer.complete = false;
    assert_int_equal(judge_once(text, answer), OUTCOME_UNCERTAIN);
    answer.body = slice_str("ok:false, and");
    assert_int_equal(judge_once(text, answer), OUTCOME_REJECTED);
    answer.status = 500; /* the rule is not about this one */
    answer.body = slice_str("");
    assert_int_equal(judge_once(text, answer), OUTCOME_DEFERRED);
    assert_int_equal(judge_once(NULL, answer), OUTCOME_DEFERRED);
}

/* "ok" may be the beginning of "ok: no". */
static void half_a_body_has_no_end(void **state)
{
    (void)state;
    struct http_answer answer = answer_of(200, "0: ok");
    const char *text = "[{\"body_regex\": \"ok$\", \"outcome\": \"rejected\"}]";
    assert_int_equal(judge_once(text, answer), OUTCOME_REJECTED);
    answer.complete = false;
    assert_int_equal(judge_once(text, answer), OUTCOME_UNCERTAIN);
    text = "[{\"body_regex\": \"^0:\", \"outcome\": \"rejected\"}]";
    assert_int_equal(judge_once(text, answer), OUTCOME_REJECTED);
}

static void a_rule_gives_a_delay_where_the_provider_does_not(void **state)
{
    (void)state;
    struct http_rules *rules =
        rules_of("[{\"status\": 420, \"outcome\": \"throttled\", \"retry_after\": \"30s\"}]", true);
    struct http_answer answer = answer_of(420, "");
    assert_int_equal(judge(rules, answer).retry_after_ms, 30000);
    answer.retry_after_ms = 1000;
    assert_int_equal(judge(rules, answer).retry_after_ms, 1000);
    http_rules_free(rules);
}

static void mistakes_are_named_with_their_place(void **state)
{
    (void)state;
    assert_refused("[{}]", "provider \"p\", rules[0]: outcome is missing");
    assert_refused("[3]", "provider \"p\", rules[0] must be a map");
    assert_refused("[{\"outcome\": \"accepted\"}, {\"outcome\": \"returned\"}]",
                   "provider \"p\", rules[1]: outcome must be one of accepted, deferred, "
                   "throttled, rejected, uncertain, misconfigured, not \"returned\"");
    assert_refused("[{\"outcome\": \"accepted\", \"stauts\": 1}]",
                   "provider \"p\", rules[0]: unknown key \"stauts\"; did you mean \"status\"?");
    assert_refused("[{\"outcome\": \"accepted\", \"body_regex\": \"a*************\"}]",
                   "provider \"p\", rules[0]: body_regex: \"a*************\" is too costly: it "
                   "has more than 12 repetitions");
    assert_refused("[{\"outcome\": \"accepted\", \"body_regex\": \"a{1000}\"}]",
                   "provider \"p\", rules[0]: body_regex: \"a{1000}\" is too costly: a bound in "
                   "braces is above 99");
    assert_refused("[{\"outcome\": \"accepted\", \"body_regex\": \"(a)\\\\1\"}]",
                   "provider \"p\", rules[0]: body_regex: \"(a)\\1\" is too costly: it has a back "
                   "reference");
    assert_refused("[{\"outcome\": \"accepted\", \"body_regex\": \"(\"}]",
                   "provider \"p\", rules[0]: body_regex: \"(\" is no extended regular "
                   "expression: Unmatched ( or \\(");
    assert_refused("[{\"outcome\": \"accepted\", \"json\": {\"pointer\": \"ok\"}}]",
                   "provider \"p\", rules[0].json: a JSON pointer such as \"/message/id\" is "
                   "needed, not \"ok\"");
}

static void a_status_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"99",       "600",      "\"6xx\"", "\"2x\"", "\"300-200\"",
                                        "\"200-\"", "\"-200\"", "[]",      "{}",     "[200, \"\"]"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[100];
        (void)snprintf(text, sizeof(text), "[{\"outcome\": \"accepted\", \"status\": %s}]",
                       wrong[i]);
        assert_null(rules_of(text, true));
        assert_non_null(strstr(problem.text, "status must be a number from 100 to 599"));
    }
}

static struct http_ref *ref_of(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    struct http_ref *ref;
    problem = (struct problem){0};
    enum err err = http_ref_new(&ref, object, "provider \"p\", ref", &problem);
    json_decref(object);
    assert_true((err == ERR_OK) == (ref != NULL));
    return ref;
}

static void assert_ref(const char *text, struct http_answer answer, const char *expected)
{
    struct http_ref *ref = ref_of(text);
    assert_non_null(ref);
    struct http_reading reading;
    http_reading_init(&reading, &answer);
    assert_slice_is(http_ref_find(ref, &reading), expected);
    http_reading_release(&reading);
    http_ref_free(ref);
}

static void the_providers_id_is_found_where_the_settings_say(void **state)
{
    (void)state;
    struct http_answer json = answer_of(200, "{\"messages\": [{\"id\": \"wamid.1\"}], \"n\": 42}");
    assert_ref("{\"json\": \"/messages/0/id\"}", json, "wamid.1");
    assert_ref("{\"json\": \"/n\"}", json, "42");
    assert_ref("{\"json\": \"/none\"}", json, "");
    assert_ref("{\"json\": \"/messages\"}", json, "");
    struct http_answer text = answer_of(200, "OK id=abc-1 queued");
    assert_ref("{\"regex\": \"id=([^ ]+)\"}", text, "abc-1");
    assert_ref("{\"regex\": \"abc-[0-9]\"}", text, "abc-1");
    assert_ref("{\"regex\": \"nothing\"}", text, "");
    assert_ref("{\"json\": \"/id\"}", text, "");
    struct http_answer header = answer_of(200, "");
    assert_ref("{\"header\": \"X-Id\"}", header, "");
    header.header = "h-1";
    assert_ref("{\"header\": \"X-Id\"}", header, "h-1");
}

static void an_id_that_is_too_long_is_none(void **state)
{
    (void)state;
    char body[200];
    memset(body, 'x', sizeof(body));
    body[OUTCOME_REF_MAX] = '\0';
    assert_ref("{\"regex\": \"x+\"}", answer_of(200, body), body);
    body[OUTCOME_REF_MAX] = 'x';
    body[OUTCOME_REF_MAX + 1] = '\0';
    assert_ref("{\"regex\": \"x+\"}", answer_of(200, body), "");
}

static void an_id_has_one_place(void **state)
{
    (void)state;
    assert_null(ref_of("{}"));
    assert_string_equal(problem.text, "provider \"p\", ref needs one of json, header and regex");
    assert_null(ref_of("{\"json\": \"/a\", \"regex\": \"b\"}"));
    assert_null(ref_of("{\"json\": \"a\"}"));
    assert_null(ref_of("{\"jsn\": \"/a\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_default),
        cmocka_unit_test(no_such_place_is_the_recipients_fault_only_if_the_url_is_its_own),
        cmocka_unit_test(unavailable_with_retry_after_is_a_throttle),
        cmocka_unit_test(without_a_status_the_failure_counts),
        cmocka_unit_test(the_first_rule_that_matches_wins),
        cmocka_unit_test(a_status_is_a_number_a_class_a_range_or_a_list),
        cmocka_unit_test(all_conditions_of_a_rule_must_hold),
        cmocka_unit_test(a_json_value_is_compared_as_people_write_it),
        cmocka_unit_test(a_pointer_alone_asks_whether_something_is_there),
        cmocka_unit_test(half_a_body_decides_nothing_that_it_does_not_show),
        cmocka_unit_test(half_a_body_has_no_end),
        cmocka_unit_test(a_rule_gives_a_delay_where_the_provider_does_not),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(a_status_that_is_none_is_refused),
        cmocka_unit_test(the_providers_id_is_found_where_the_settings_say),
        cmocka_unit_test(an_id_that_is_too_long_is_none),
        cmocka_unit_test(an_id_has_one_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
