/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/route.h"
#include "coordinator/http/query_string.h"
#include "tests/unit/unit.h"

static void handle_list(struct exchange *exchange)
{
    (void)exchange;
}

static void handle_one(struct exchange *exchange)
{
    (void)exchange;
}

static void handle_part(struct exchange *exchange)
{
    (void)exchange;
}

static const struct route table[] = {
    {"GET", "/v1/things", handle_list, ROLE_SET_VIEWERS, 0, NULL},
    {"POST", "/v1/things", handle_list, ROLE_SET_VIEWERS, ROUTE_CHANGES, NULL},
    {"GET", "/v1/things/{id}", handle_one, ROLE_SET_VIEWERS, 0, NULL},
    {"GET", "/v1/things/{id}/parts/{key}", handle_part, ROLE_SET_VIEWERS, 0, NULL},
    {"POST", "/v1/things/{id}/launch", handle_one, ROLE_SET_VIEWERS, ROUTE_CHANGES, NULL},
    {NULL, NULL, NULL, 0, 0, NULL},
};

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, 1024);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    return 0;
}

static struct route_match find(void **state, const char *method, const char *path)
{
    struct route_match match;
    route_find(table, method, slice_str(path), *state, &match);
    return match;
}

static void a_path_finds_its_handler(void **state)
{
    assert_ptr_equal(find(state, "GET", "/v1/things").route, &table[0]);
    assert_ptr_equal(find(state, "POST", "/v1/things").route, &table[1]);
    assert_ptr_equal(find(state, "POST", "/v1/things/7/launch").route, &table[4]);
}

static void parts_are_handed_over_decoded(void **state)
{
    struct route_match match = find(state, "GET", "/v1/things/a12");
    assert_ptr_equal(match.route, &table[2]);
    assert_string_equal(match.parts[0], "a12");
    match = find(state, "GET", "/v1/things/a12/parts/x%2Fy%20%C3%A9+z");
    assert_ptr_equal(match.route, &table[3]);
    assert_string_equal(match.parts[0], "a12");
    assert_string_equal(match.parts[1], "x/y \xc3\xa9+z");
}

static void head_goes_where_get_does(void **state)
{
    assert_ptr_equal(find(state, "HEAD", "/v1/things/a12").route, &table[2]);
    assert_null(find(state, "HEAD", "/v1/things/a12/launch").route);
}

static void another_method_is_told_what_the_path_takes(void **state)
{
    struct route_match match = find(state, "DELETE", "/v1/things");
    assert_null(match.route);
    assert_string_equal(match.allow, "GET, POST");
    match = find(state, "GET", "/v1/things/a12/launch");
    assert_null(match.route);
    assert_string_equal(match.allow, "POST");
}

static void other_paths_are_not_found(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "v1/things",
        "/v1",
        "/v1/thing",
        "/v1/thingsx",
        "/v1/things/",
        "/v1/things//parts/x",
        "/v1/things/a12/parts/",
        "/v1/things/a12/parts/x/y",
        "/v1/things/a12/",
        "/v1/things/%",
        "/v1/things/%4",
        "/v1/things/%zz",
        "/v1/things/%00",
        "/v1/things/%ff",
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct route_match match = find(state, "GET", paths[i]);
        assert_null(match.route);
        assert_null(match.allow);
    }
}

static const char *const known[] = {"limit", "cursor", "name", NULL};

static enum err parse(void **state, struct query_string *query, const char *text,
                      const char **parameter, struct problem *problem)
{
    return query_string_parse(query, slice_str(text), known, *state, parameter, problem);
}

static void parameters_are_decoded(void **state)
{
    struct query_string query;
    const char *parameter;
    struct problem problem;
    assert_int_equal(
        parse(state, &query, "limit=5&name=a%20b+c%3Dd=e&&cursor=", &parameter, &problem), ERR_OK);
    assert_string_equal(query_string_get(&query, "limit"), "5");
    assert_string_equal(query_string_get(&query, "name"), "a b c=d=e");
    assert_string_equal(query_string_get(&query, "cursor"), "");
    assert_null(query_string_get(&query, "other"));
    assert_int_equal(parse(state, &query, "", &parameter, &problem), ERR_OK);
    assert_int_equal(query.count, 0);
}

static void bad_parameters_are_refused_by_name(void **state)
{
    struct query_string query;
    const char *parameter;
    struct problem problem;
    assert_int_equal(parse(state, &query, "limt=5", &parameter, &problem), ERR_INVALID);
    assert_string_equal(parameter, "limt");
    assert_non_null(strstr(problem.text, "did you mean \"limit\"?"));
    assert_int_equal(parse(state, &query, "zzzzzzzz=5", &parameter, &problem), ERR_INVALID);
    assert_non_null(strstr(problem.text, "known here: limit, cursor, name"));
    assert_int_equal(parse(state, &query, "limit=5&limit=6", &parameter, &problem), ERR_INVALID);
    assert_string_equal(parameter, "limit");
    assert_int_equal(parse(state, &query, "limit=%", &parameter, &problem), ERR_INVALID);
    assert_string_equal(parameter, "limit");
    assert_int_equal(parse(state, &query, "li%ffmit=1", &parameter, &problem), ERR_INVALID);
    assert_null(parameter);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_finds_its_handler),           TEST(parts_are_handed_over_decoded),
        TEST(head_goes_where_get_does),           TEST(another_method_is_told_what_the_path_takes),
        TEST(other_paths_are_not_found),          TEST(parameters_are_decoded),
        TEST(bad_parameters_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
