/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "cli/doctor.h"
#include "common/text.h"
#include "tests/unit/unit.h"

#define FILE_NAME "/etc/tocsin/api.pem"
#define GOOD      "\"result\":\"ok\",\"from\":\"2026-01-01T00:00:00.000Z\","
#define NAMES     "\"names\":[\"api.bank.test\",\"10.0.0.5\"]"
#define NOW       "2026-06-01T12:00:00Z"

static void judge(const char *json, enum doctor_result expected, const char *sentence)
{
    struct buf text = {0};
    uint64_t now_ms;
    json_t *tls = json_loads(json, 0, NULL);
    assert_non_null(tls);
    assert_true(text_time_parse(slice_str(NOW), &now_ms));
    assert_int_equal(doctor_judge_certificate(tls, FILE_NAME, now_ms, &text), expected);
    assert_string_equal(buf_cstr(&text), sentence);
    buf_release(&text);
    json_decref(tls);
}

static void a_certificate_is_good_from_thirty_days_on(void **state)
{
    (void)state;
    judge("{" GOOD "\"until\":\"2026-07-01T12:00:00.000Z\"," NAMES "}", DOCTOR_OK,
          "listen.tls: /etc/tocsin/api.pem and its key can be used, for 30 days more, until "
          "2026-07-01; it is for api.bank.test, 10.0.0.5");
    judge("{" GOOD "\"until\":\"2026-07-01T11:59:59.999Z\"," NAMES "}", DOCTOR_WARN,
          "listen.tls: /etc/tocsin/api.pem ends on 2026-07-01, in 29 days; put a new one and its "
          "key in their places and send the coordinator SIGHUP; it is for api.bank.test, 10.0.0.5");
}

static void the_last_week_is_told_more_urgently(void **state)
{
    (void)state;
    judge("{" GOOD "\"until\":\"2026-06-08T12:00:00.000Z\"," NAMES "}", DOCTOR_WARN,
          "listen.tls: /etc/tocsin/api.pem ends on 2026-06-08, in 7 days; put a new one and its "
          "key in their places and send the coordinator SIGHUP; it is for api.bank.test, 10.0.0.5");
    judge("{" GOOD "\"until\":\"2026-06-02T13:30:00.000Z\"," NAMES "}", DOCTOR_WARN,
          "listen.tls: /etc/tocsin/api.pem ends on 2026-06-02, in 25 hours, and clients refuse "
          "it from then on: now put a new one and its key in their places and send the coordinator "
          "SIGHUP; it "
          "is for api.bank.test, 10.0.0.5");
}

static void one_that_is_over_or_not_yet_good_is_to_be_mended(void **state)
{
    (void)state;
    judge("{" GOOD "\"until\":\"2026-06-01T12:00:00.000Z\"," NAMES "}", DOCTOR_FAIL,
          "listen.tls: /etc/tocsin/api.pem ended on 2026-06-01, clients refuse it; put a new one "
          "and its key in their places and send the coordinator SIGHUP; it is for api.bank.test, "
          "10.0.0.5");
    judge(
        "{\"result\":\"ok\",\"from\":\"2026-06-01T12:00:00.001Z\",\"until\":"
        "\"2027-06-01T00:00:00.000Z\"," NAMES "}",
        DOCTOR_FAIL,
        "listen.tls: /etc/tocsin/api.pem is good only from 2026-06-01 on, clients refuse it until "
        "then; or the clock of this machine is wrong; it is for api.bank.test, 10.0.0.5");
}

static void whoever_signed_it_may_end_before_it_does(void **state)
{
    (void)state;
    judge("{" GOOD "\"until\":\"2027-06-01T00:00:00.000Z\",\"signers_until\":"
          "\"2026-06-11T12:00:00.000Z\"," NAMES "}",
          DOCTOR_WARN,
          "listen.tls: one that signed it and stands in /etc/tocsin/api.pem ends on 2026-06-11, in "
          "10 days; put a new one and its key in their places and send the coordinator SIGHUP; it "
          "is for api.bank.test, 10.0.0.5");
}

static void names_are_told_and_missed(void **state)
{
    (void)state;
    judge("{" GOOD "\"until\":\"2027-06-01T12:00:00.000Z\",\"names\":[]}", DOCTOR_WARN,
          "listen.tls: /etc/tocsin/api.pem and its key can be used, for 365 days more, until "
          "2027-06-01; it names no host (subjectAltName), and most clients accept it for none");
    judge("{" GOOD "\"until\":\"2027-06-01T12:00:00.000Z\",\"not_for\":\"alerts.bank.test\","
          "\"names\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"]}",
          DOCTOR_WARN,
          "listen.tls: /etc/tocsin/api.pem and its key can be used, for 365 days more, until "
          "2027-06-01; it is for a, b, c, d, e and 2 more and not for alerts.bank.test, where "
          "public_url leads: right only if something else answers there with a certificate of its "
          "own");
}

static void what_cannot_be_used_is_told_as_the_coordinator_says_it(void **state)
{
    (void)state;
    judge("{\"result\":\"wrong\",\"problem\":\"listen.tls.key: the key is not that of the "
          "certificate\"}",
          DOCTOR_FAIL, "listen.tls.key: the key is not that of the certificate");
    judge("{\"result\":\"missing\",\"problem\":\"listen.tls.key: the environment has no variable "
          "X\"}",
          DOCTOR_WARN,
          "listen.tls.key: the environment has no variable X; the coordinator does not start "
          "without it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_good_from_thirty_days_on),
        cmocka_unit_test(the_last_week_is_told_more_urgently),
        cmocka_unit_test(one_that_is_over_or_not_yet_good_is_to_be_mended),
        cmocka_unit_test(whoever_signed_it_may_end_before_it_does),
        cmocka_unit_test(names_are_told_and_missed),
        cmocka_unit_test(what_cannot_be_used_is_told_as_the_coordinator_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
