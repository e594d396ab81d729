/* SPDX-License-Identifier: Apache-2.0 */
/* What the answers of Apple and Firebase mean where the system tests cannot say it: halves of
 * answers, reasons of later days, tables in full. */
#include <stdio.h>

#include "tests/unit/unit.h"
#include "worker/channel/apns_answer.h"
#include "worker/channel/fcm_answer.h"

static struct http_answer answer_of(uint16_t status, const char *body)
{
    return (struct http_answer){.status = status,
                                .complete = true,
                                .body = slice_str(body),
                                .outcome = OUTCOME_UNCERTAIN,
                                .reason = REASON_CONNECTION_LOST};
}

static struct attempt_result apple(const struct http_answer *answer)
{
    struct attempt_result result;
    apns_answer_judge(answer, &result);
    return result;
}

static struct attempt_result google(const struct http_answer *answer)
{
    struct attempt_result result;
    struct http_rules *rules = NULL;
    struct http_reading reading;
    assert_int_equal(http_rules_new(&rules, NULL, true, "test", NULL), ERR_OK);
    http_reading_init(&reading, answer);
    fcm_answer_judge(rules, &reading, &result);
    http_reading_release(&reading);
    http_rules_free(rules);
    result.ref = slice_of(NULL, 0);
    return result;
}

static void assert_apple(uint16_t status, const char *body, enum outcome outcome, uint16_t reason)
{
    struct http_answer answer = answer_of(status, body);
    struct attempt_result result = apple(&answer);
    if (result.outcome != outcome || result.reason != reason) {
        fail_msg("%u %s: %s %u", status, body, outcome_name(result.outcome), result.reason);
    }
}

static void a_token_is_dead_only_if_apple_says_so_of_it(void **state)
{
    (void)state;
    static const char *const dead[] = {"Unregistered", "ExpiredToken"};
    for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
        char body[64];
        (void)snprintf(body, sizeof(body), "{\"reason\":\"%s\"}", dead[i]);
        assert_apple(400, body, OUTCOME_REJECTED, REASON_ENDPOINT_DEAD);
    }
    assert_apple(400, "{\"reason\":\"DeviceTokenNotForTopic\"}", OUTCOME_REJECTED, 400);
    assert_apple(400, "{\"reason\":\"BadDeviceToken\"}", OUTCOME_REJECTED, 400);
    assert_apple(400, "{\"reason\":\"BadTopic\"}", OUTCOME_MISCONFIGURED, 400);
    assert_apple(404, "{\"reason\":\"BadPath\"}", OUTCOME_MISCONFIGURED, 404);
    assert_apple(404, "<html>", OUTCOME_MISCONFIGURED, 404);
}

static void reasons_of_later_days_go_by_their_status(void **state)
{
    (void)state;
    assert_apple(400, "{\"reason\":\"SomethingNew\"}", OUTCOME_REJECTED, 400);
    assert_apple(403, "{\"reason\":\"SomethingNew\"}", OUTCOME_MISCONFIGURED, 403);
    assert_apple(410, "{\"reason\":\"SomethingNew\"}", OUTCOME_REJECTED, 410);
    assert_apple(429, "{\"reason\":\"SomethingNew\"}", OUTCOME_THROTTLED, 429);
    assert_apple(500, "", OUTCOME_DEFERRED, 500);
    assert_apple(502, "", OUTCOME_UNCERTAIN, 502);
    assert_apple(302, "", OUTCOME_MISCONFIGURED, 302);
    assert_apple(302, "{\"reason\":\"Unregistered\"}", OUTCOME_MISCONFIGURED, 302);
}

static void half_an_answer_rejects_nobody(void **state)
{
    (void)state;
    struct http_answer answer = answer_of(400, "{\"reason\":\"BadDev");
    answer.complete = false;
    assert_int_equal(apple(&answer).outcome, OUTCOME_UNCERTAIN);
    assert_int_equal(google(&answer).outcome, OUTCOME_UNCERTAIN);
    assert_int_equal(google(&answer).reason, REASON_CONNECTION_LOST);
    answer.status = 200;
    assert_int_equal(apple(&answer).outcome, OUTCOME_ACCEPTED);
    assert_int_equal(google(&answer).outcome, OUTCOME_ACCEPTED);
}

static void a_valid_token_is_seen_by_answers_about_the_device(void **state)
{
    (void)state;
    static const struct {
        uint16_t status;
        const char *body;
        bool shows;
    } rows[] = {
        {200, "", true},
        {410, "{\"reason\":\"Unregistered\"}", true},
        {429, "{\"reason\":\"TooManyRequests\"}", true},
        {403, "{\"reason\":\"ExpiredProviderToken\"}", false},
        {400, "{\"reason\":\"BadTopic\"}", false},
        {503, "{\"reason\":\"Shutdown\"}", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_answer answer = answer_of(rows[i].status, rows[i].body);
        struct attempt_result result = apple(&answer);
        assert_int_equal(apns_answer_shows_valid_token(&answer, &result), rows[i].shows);
    }
}

#define FCM_ERROR(code)                                                                            \
    "{\"error\":{\"details\":[{\"@type\":\"type.googleapis.com/"                                   \
    "google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" code "\"}"
#define FIELD(name)                                                                                \
    ",{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":"   \
    "\"" name "\"}]}"

static void assert_google(uint16_t status, const char *body, enum outcome outcome, uint16_t reason)
{
    struct http_answer answer = answer_of(status, body);
    struct attempt_result result = google(&answer);
    if (result.outcome != outcome || result.reason != reason) {
        fail_msg("%u %s: %s %u", status, body, outcome_name(result.outcome), result.reason);
    }
}

static void an_invalid_argument_is_the_token_or_our_message(void **state)
{
    (void)state;
    assert_google(400, FCM_ERROR("INVALID_ARGUMENT") "]}}", OUTCOME_REJECTED, 400);
    assert_google(400,
                  FCM_ERROR("INVALID_ARGUMENT") "],\"message\":\"The registration token is not a "
                                                "valid FCM registration token\"}}",
                  OUTCOME_REJECTED, REASON_ENDPOINT_DEAD);
    assert_google(400,
                  FCM_ERROR("INVALID_ARGUMENT") "],\"message\":\"Android message is too big\"}}",
                  OUTCOME_REJECTED, 400);
    assert_google(400, FCM_ERROR("INVALID_ARGUMENT") FIELD("message.token") "]}}", OUTCOME_REJECTED,
                  REASON_ENDPOINT_DEAD);
    assert_google(400, FCM_ERROR("INVALID_ARGUMENT") FIELD("message.data[0].value") "]}}",
                  OUTCOME_REJECTED, 400);
    assert_google(400, "{\"error\":{\"status\":\"INVALID_ARGUMENT\"}}", OUTCOME_REJECTED, 400);
}

static void errors_without_a_code_of_firebase_go_by_their_status(void **state)
{
    (void)state;
    assert_google(404, "<html>", OUTCOME_MISCONFIGURED, 404);
    assert_google(404, "{\"error\":{\"status\":\"NOT_FOUND\"}}", OUTCOME_MISCONFIGURED, 404);
    assert_google(404, FCM_ERROR("UNREGISTERED") "]}}", OUTCOME_REJECTED, REASON_ENDPOINT_DEAD);
    assert_google(403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}", OUTCOME_MISCONFIGURED,
                  403);
    assert_google(500, FCM_ERROR("SOMETHING_NEW") "]}}", OUTCOME_DEFERRED, 500);
    assert_google(502, "", OUTCOME_UNCERTAIN, 502);
    assert_google(200, "no JSON", OUTCOME_ACCEPTED, 200);
}

static void a_quota_without_a_time_waits_a_minute(void **state)
{
    (void)state;
    struct http_answer answer = answer_of(429, FCM_ERROR("QUOTA_EXCEEDED") "]}}");
    assert_int_equal(google(&answer).retry_after_ms, 60000);
    answer.retry_after_ms = 5000;
    assert_int_equal(google(&answer).retry_after_ms, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_dead_only_if_apple_says_so_of_it),
        cmocka_unit_test(reasons_of_later_days_go_by_their_status),
        cmocka_unit_test(half_an_answer_rejects_nobody),
        cmocka_unit_test(a_valid_token_is_seen_by_answers_about_the_device),
        cmocka_unit_test(an_invalid_argument_is_the_token_or_our_message),
        cmocka_unit_test(errors_without_a_code_of_firebase_go_by_their_status),
        cmocka_unit_test(a_quota_without_a_time_waits_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
