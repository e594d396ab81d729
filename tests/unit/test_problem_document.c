/* SPDX-License-Identifier: Apache-2.0 */
#include "net/problem_document.h"
#include "tests/unit/unit.h"

static void assert_reads(long status, const char *body, enum err err, const char *text)
{
    struct problem problem;
    assert_int_equal(problem_document_read(status, slice_str(body), &problem), err);
    assert_int_equal(problem.err, err);
    assert_string_equal(problem.text, text);
}

static void a_document_says_what_and_where(void **state)
{
    (void)state;
    assert_reads(
        422,
        "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
        "\"detail\":\"\\\"12\\\" is no telephone number; +47… was expected\","
        "\"line\":17,\"column\":\"phone\"}",
        ERR_INVALID,
        "\"12\" is no telephone number; +47… was expected; line 17, column phone (HTTP 422)");
    assert_reads(400, "{\"detail\":\"nobody knows it\",\"parameter\":\"state\"}", ERR_INVALID,
                 "nobody knows it; parameter state (HTTP 400)");
    assert_reads(
        422,
        "{\"detail\":\"unknown name\",\"pointer\":\"/content/sms/text\",\"line\":1,\"column\":6}",
        ERR_INVALID, "unknown name; at /content/sms/text, line 1, column 6 (HTTP 422)");
}

static void a_place_that_the_detail_names_is_not_said_twice(void **state)
{
    (void)state;
    assert_reads(422,
                 "{\"detail\":\"line 17, column \\\"phone\\\": too "
                 "short\",\"line\":17,\"column\":\"phone\"}",
                 ERR_INVALID, "line 17, column \"phone\": too short (HTTP 422)");
    assert_reads(400, "{\"detail\":\"limits must be small\",\"parameter\":\"limit\"}", ERR_INVALID,
                 "limits must be small; parameter limit (HTTP 400)");
}

static void a_full_stop_does_not_stand_in_the_middle(void **state)
{
    (void)state;
    assert_reads(409, "{\"detail\":\"c7 is finished.\"}", ERR_CONFLICT,
                 "c7 is finished (HTTP 409)");
}

static void the_title_stands_in_for_a_missing_detail(void **state)
{
    (void)state;
    assert_reads(507, "{\"title\":\"Insufficient Storage\"}", ERR_NO_SPACE,
                 "Insufficient Storage (HTTP 507)");
}

static void an_answer_that_is_no_document_is_said_to_be_one(void **state)
{
    (void)state;
    const char *text = "the answer was HTTP 502, without a reason; is a Tocsin coordinator there?";
    assert_reads(502, "<html>Bad Gateway</html>", ERR_IO, text);
    assert_reads(502, "", ERR_IO, text);
    assert_reads(502, "[1]", ERR_IO, text);
    assert_reads(502, "{\"detail\":7}", ERR_IO, text);
}

static void every_status_has_its_meaning(void **state)
{
    (void)state;
    assert_int_equal(problem_document_err(200), ERR_OK);
    assert_int_equal(problem_document_err(201), ERR_OK);
    assert_int_equal(problem_document_err(301), ERR_IO);
    assert_int_equal(problem_document_err(401), ERR_UNAUTHORIZED);
    assert_int_equal(problem_document_err(403), ERR_UNAUTHORIZED);
    assert_int_equal(problem_document_err(404), ERR_NOT_FOUND);
    assert_int_equal(problem_document_err(503), ERR_BUSY);
    assert_int_equal(problem_document_err(500), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_says_what_and_where),
        cmocka_unit_test(a_place_that_the_detail_names_is_not_said_twice),
        cmocka_unit_test(a_full_stop_does_not_stand_in_the_middle),
        cmocka_unit_test(the_title_stands_in_for_a_missing_detail),
        cmocka_unit_test(an_answer_that_is_no_document_is_said_to_be_one),
        cmocka_unit_test(every_status_has_its_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
