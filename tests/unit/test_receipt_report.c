/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/receipt_report.h"
#include "tests/unit/unit.h"

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json; charset=utf-8"

struct fixture {
    struct arena arena;
    struct receipt_report report;
    struct problem problem;
};

static int setup(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    arena_init(&fixture->arena, 1024);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_release(&fixture->arena);
    test_free(fixture);
    return 0;
}

static enum err read(struct fixture *fixture, const char *query, const char *type, const char *body)
{
    fixture->problem = (struct problem){0};
    return receipt_report_read(&fixture->report, slice_str(query), type, slice_str(body),
                               &fixture->arena, &fixture->problem);
}

static void a_status_is_found_wherever_it_stands(void **state)
{
    static const struct {
        const char *query;
        const char *type;
        const char *body;
        enum receipt_kind status;
    } good[] = {
        {"status=accepted", NULL, "", RECEIPT_ACCEPTED},
        {"id=7&status=delivered", NULL, "", RECEIPT_DELIVERED},
        {"status=%64elivered", FORM, "", RECEIPT_DELIVERED},
        {"", FORM, "status=failed", RECEIPT_FAILED},
        {"", NULL, "status=bounced&to=%zz", RECEIPT_BOUNCED},
        {"", JSON, "{\"status\":\"complained\"}", RECEIPT_COMPLAINED},
        {"", NULL, "{\"status\":\"delivered\",\"parts\":[1,2]}", RECEIPT_DELIVERED},
        {"status=failed", "APPLICATION/JSON", "{\"reason\":\"x\",\"at\":null}", RECEIPT_FAILED},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(read(fixture, good[i].query, good[i].type, good[i].body), ERR_OK);
        assert_int_equal(fixture->report.status, good[i].status);
    }
    assert_string_equal(receipt_kind_name(RECEIPT_COMPLAINED), "complained");
}

static void a_code_comes_along_and_other_reasons_do_no_harm(void **state)
{
    static const struct {
        const char *query;
        const char *body;
        unsigned reason;
    } good[] = {
        {"status=failed&reason=404", "", 404},
        {"status=failed", "{\"reason\":\"550\"}", 550},
        {"status=failed", "{\"reason\":599}", 599},
        {"status=failed&reason=1610", "", 1610},
        {"status=failed", "{\"reason\":1657}", 1657},
        {"status=failed&reason=1620", "", 0}, /* nobody knows it */
        {"status=failed&reason=1401", "", 0}, /* not a receipt's */
        {"status=failed&reason=67146", "", 0},
        {"status=failed&reason=99", "", 0},
        {"status=failed&reason=600", "", 0},
        {"status=failed&reason=number+unknown%21", "", 0},
        {"status=failed", "{\"reason\":-100,\"at\":\"2026-11-23T10:00:00Z\"}", 0},
        {"status=failed", "{\"reason\":30008}", 0},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(read(fixture, good[i].query, NULL, good[i].body), ERR_OK);
        assert_int_equal(fixture->report.reason, good[i].reason);
    }
}

static void what_is_no_receipt_is_refused_with_what_would_be_right(void **state)
{
    static const struct {
        const char *query;
        const char *type;
        const char *body;
        enum err err;
        const char *words;
    } bad[] = {
        {"", NULL, "", ERR_INVALID, "the status is missing"},
        {"Status=delivered", NULL, "", ERR_INVALID, "the status is missing"},
        {"status=", NULL, "", ERR_INVALID, "known here: accepted, delivered"},
        {"status=DELIVRD", NULL, "", ERR_INVALID, "\"DELIVRD\" is no status"},
        {"status=delivered%00", NULL, "", ERR_INVALID, "not well encoded"},
        {"status=%ff", NULL, "", ERR_INVALID, "not well encoded"},
        {"status=delivered&status=delivered", NULL, "", ERR_INVALID, "given twice"},
        {"status=delivered", FORM, "status=failed", ERR_INVALID, "given twice"},
        {"status=failed&reason=404&reason=404", NULL, "", ERR_INVALID, "given twice"},
        {"", JSON, "{\"status\":\"delivered\"", ERR_INVALID, "line 1"},
        {"", JSON, "[]", ERR_INVALID, "must be an object"},
        {"", JSON, "{\"status\":true}", ERR_INVALID, "must be a string"},
        {"", JSON, "{\"status\":\"delivered\",\"status\":\"failed\"}", ERR_INVALID, "duplicate"},
        {"", JSON, "{\"status\":\"sent\"}", ERR_INVALID, "\"sent\" is no status"},
        {"", "text/xml", "<a/>", ERR_UNSUPPORTED, "text/xml"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enum err err = read(fixture, bad[i].query, bad[i].type, bad[i].body);
        if (err != bad[i].err || strstr(fixture->problem.text, bad[i].words) == NULL) {
            fail_msg("%s %s: %s, \"%s\"", bad[i].query, bad[i].body, err_name(err),
                     fixture->problem.text);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_status_is_found_wherever_it_stands),
        TEST(a_code_comes_along_and_other_reasons_do_no_harm),
        TEST(what_is_no_receipt_is_refused_with_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
