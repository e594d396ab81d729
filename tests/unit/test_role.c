/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "coordinator/api/routes.h"
#include "tests/unit/unit.h"

static void a_name_is_read_back(void **state)
{
    (void)state;
    enum role found;
    for (enum role role = ROLE_RELAY; role < ROLES; role++) {
        assert_true(role_parse(role_name(role), &found));
        assert_int_equal(found, role);
    }
    assert_false(role_parse("", &found));
    assert_false(role_parse("Admin", &found));
    assert_false(role_parse("admins", &found));
}

static void expect_text(enum role_set set, const char *expected)
{
    struct buf text = {0};
    role_set_write(&text, set);
    assert_string_equal(buf_cstr(&text), expected);
    buf_release(&text);
}

static void a_set_is_said_in_words(void **state)
{
    (void)state;
    expect_text(ROLE_SET_ADMINS, "admin");
    expect_text(ROLE_SET_OPERATORS, "operator or admin");
    expect_text(ROLE_SET_APPROVERS, "approver, operator or admin");
    expect_text(ROLE_SET_AUTHORS, "author, operator or admin");
    expect_text(ROLE_SET_RELAYS, "relay, operator or admin");
    expect_text(ROLE_SET_VIEWERS, "viewer, author, approver, operator or admin");
}

static void every_route_is_somebodys(void **state)
{
    (void)state;
    for (const struct route *route = routes_of_api; route->method != NULL; route++) {
        bool is_ours = strncmp(route->pattern, "/v1/", 4) == 0;
        assert_true(role_is_in(ROLE_ADMIN, route->roles));
        assert_int_equal(role_set_is_open(route->roles), !is_ours);
        if ((route->flags & ROUTE_CHANGES) != 0) {
            assert_false(role_is_in(ROLE_VIEWER, route->roles));
        }
        /* A relay has a program's token on a machine at the edge: it must be able to read nothing.
         */
        if (is_ours && strcmp(route->pattern, "/v1/me") != 0 && strcmp(route->method, "GET") == 0) {
            assert_false(role_is_in(ROLE_RELAY, route->roles));
        }
    }
    for (const struct route *route = routes_of_public; route->method != NULL; route++) {
        assert_int_equal(route->roles, ROLE_SET_ANYBODY);
    }
}

/* The ways on which somebody could give himself or others what he may not have, and those that send
 * or stop messages: written out once more, as a slip in the table would open them. */
static void the_dangerous_routes_are_for_few(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *pattern;
        enum role_set roles;
    } rows[] = {
        {"POST", "/v1/tokens", ROLE_SET_ADMINS},
        {"GET", "/v1/tokens", ROLE_SET_ADMINS},
        {"GET", "/v1/tokens/{id}", ROLE_SET_ADMINS},
        {"DELETE", "/v1/tokens/{id}", ROLE_SET_ADMINS},
        {"POST", "/v1/keys/delivery/rotate", ROLE_SET_ADMINS},
        {"POST", "/v1/evidence/key/rotate", ROLE_SET_ADMINS},
        {"POST", "/v1/campaigns/{id}/launch", ROLE_SET_APPROVERS},
        {"POST", "/v1/campaigns/{id}/retry", ROLE_SET_OPERATORS},
        {"POST", "/v1/campaigns/{id}/resume", ROLE_SET_OPERATORS},
        {"POST", "/v1/campaigns/{id}/pause", ROLE_SET_OPERATORS},
        {"POST", "/v1/campaigns/{id}/cancel", ROLE_SET_OPERATORS},
        {"PATCH", "/v1/campaigns/{id}", ROLE_SET_OPERATORS},
        {"PATCH", "/v1/providers/{name}", ROLE_SET_OPERATORS},
        {"DELETE", "/v1/suppressions/{channel}/{value}", ROLE_SET_OPERATORS},
        {"POST", "/v1/suppressions/import", ROLE_SET_OPERATORS},
        {"POST", "/v1/campaigns", ROLE_SET_AUTHORS},
        {"POST", "/v1/audiences", ROLE_SET_AUTHORS},
        {"PUT", "/v1/plans/{name}", ROLE_SET_AUTHORS},
        {"POST", "/v1/receipts", ROLE_SET_RELAYS},
        {"POST", "/v1/replies", ROLE_SET_RELAYS},
        {"POST", "/v1/acknowledgements", ROLE_SET_RELAYS},
        {"GET", "/v1/campaigns/{id}/recipients/{key}", ROLE_SET_VIEWERS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct route *route = routes_of_api;
        while (route->method != NULL && (strcmp(route->method, rows[i].method) != 0 ||
                                         strcmp(route->pattern, rows[i].pattern) != 0)) {
            route++;
        }
        if (route->method == NULL || route->roles != rows[i].roles) {
            fail_msg("%s %s", rows[i].method, rows[i].pattern);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_read_back),
        cmocka_unit_test(a_set_is_said_in_words),
        cmocka_unit_test(every_route_is_somebodys),
        cmocka_unit_test(the_dangerous_routes_are_for_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
