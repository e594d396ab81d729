/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "worker/channel/json_pointer.h"

/* The document of RFC 6901, section 5, and an array below an object. */
static const char document_text[] = "{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2,"
                                    " \"e^f\": 3, \"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6,"
                                    " \" \": 7, \"m~n\": 8, \"in\": {\"list\": [{\"id\": 9}]}}";
static json_t *document;

static void assert_finds(const char *pointer, int number)
{
    json_t *value = json_pointer_get(document, pointer);
    assert_true(json_is_integer(value));
    assert_int_equal(json_integer_value(value), number);
}

static void the_examples_of_the_standard_are_found(void **state)
{
    (void)state;
    assert_ptr_equal(json_pointer_get(document, ""), document);
    assert_string_equal(json_string_value(json_pointer_get(document, "/foo/0")), "bar");
    assert_finds("/", 0);
    assert_finds("/a~1b", 1);
    assert_finds("/c%d", 2);
    assert_finds("/e^f", 3);
    assert_finds("/g|h", 4);
    assert_finds("/i\\j", 5);
    assert_finds("/k\"l", 6);
    assert_finds("/ ", 7);
    assert_finds("/m~0n", 8);
    assert_finds("/in/list/0/id", 9);
}

static void what_is_not_there_is_null(void **state)
{
    (void)state;
    static const char *const absent[] = {"/no",     "/foo/2", "/foo/-",
                                         "/foo/01", "/foo/x", "/foo/0/x",
                                         "/in/",    "/foo/",  "/foo/99999999999999999999"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_null(json_pointer_get(document, absent[i]));
    }
}

static void a_name_that_is_too_long_matches_nothing(void **state)
{
    (void)state;
    char pointer[1000];
    memset(pointer, 'x', sizeof(pointer));
    pointer[0] = '/';
    pointer[sizeof(pointer) - 1] = '\0';
    assert_null(json_pointer_get(document, pointer));
}

static void what_is_no_pointer_is_told(void **state)
{
    (void)state;
    assert_true(json_pointer_is_valid(""));
    assert_true(json_pointer_is_valid("/a~0b~1c"));
    assert_false(json_pointer_is_valid("a"));
    assert_false(json_pointer_is_valid("$.a"));
    assert_false(json_pointer_is_valid("/a~2"));
    assert_false(json_pointer_is_valid("/a~"));
}

static int set_up(void **state)
{
    (void)state;
    document = json_loads(document_text, 0, NULL);
    return document == NULL ? 1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_are_found),
        cmocka_unit_test(what_is_not_there_is_null),
        cmocka_unit_test(a_name_that_is_too_long_matches_nothing),
        cmocka_unit_test(what_is_no_pointer_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
