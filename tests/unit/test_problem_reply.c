/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "coordinator/api/problem_reply.h"
#include "tests/unit/unit.h"

static void a_problem_says_what_where_and_which_status(void **state)
{
    (void)state;
    struct buf json = {0};
    problem_reply_write(&(struct problem_reply){.status = 422,
                                                .detail = "a \"quoted\" word",
                                                .pointer = "/plan/attempts",
                                                .line = 17,
                                                .column_name = "phone"},
                        &json);
    assert_buf_is(&json,
                  "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                  "\"detail\":\"a \\\"quoted\\\" word\",\"pointer\":\"/plan/attempts\","
                  "\"line\":17,\"column\":\"phone\"}");
    buf_release(&json);
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    struct buf json = {0};
    problem_reply_write(&(struct problem_reply){.status = 404}, &json);
    assert_buf_is(&json, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}");
    problem_reply_write(
        &(struct problem_reply){.status = 400, .parameter = "limit", .line = 1, .column = 9},
        &json);
    assert_buf_is(&json, "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                         "\"parameter\":\"limit\",\"line\":1,\"column\":9}");
    buf_release(&json);
}

static void a_text_that_was_cut_off_in_a_character_stays_json(void **state)
{
    (void)state;
    struct buf json = {0};
    problem_reply_write(&(struct problem_reply){.status = 400, .detail = "caf\xc3"}, &json);
    json_t *parsed = json_loadb((const char *)json.data, json.len, 0, NULL);
    assert_non_null(parsed);
    assert_string_equal(json_string_value(json_object_get(parsed, "detail")), "caf");
    json_decref(parsed);
    buf_release(&json);
}

static void every_error_has_a_status(void **state)
{
    (void)state;
    assert_int_equal(problem_reply_status(ERR_OK), 200);
    static const enum err errors[] = {
#define MEMBER_OF(name, class, sentence) ERR_##name,
        ERR_MAP(MEMBER_OF)
#undef MEMBER_OF
    };
    for (size_t i = 1; i < sizeof(errors) / sizeof(errors[0]); i++) {
        unsigned status = problem_reply_status(errors[i]);
        assert_true(status >= 400 && status < 600);
        assert_int_equal(status >= 500, err_class(errors[i]) != ERR_CLASS_REJECT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_says_what_where_and_which_status),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(a_text_that_was_cut_off_in_a_character_stays_json),
        cmocka_unit_test(every_error_has_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
