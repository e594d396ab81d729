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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_read_back),
        cmocka_unit_test(a_set_is_said_in_words),
        cmocka_unit_test(every_route_is_somebodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
