/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/channel/channel_settings.h"

struct read {
    const char *name;
    bool fast;
    uint32_t count;
    uint32_t wait_ms;
    unsigned colour;
    json_t *map;
    json_t *list;
    json_t *any;
};

static const char *const colours[] = {"red", "green", NULL};

static const struct channel_key keys[] = {
    {.name = "name", .type = CHANNEL_KEY_TEXT, .offset = offsetof(struct read, name)},
    {.name = "fast", .type = CHANNEL_KEY_FLAG, .offset = offsetof(struct read, fast)},
    {.name = "count",
     .type = CHANNEL_KEY_COUNT,
     .offset = offsetof(struct read, count),
     .min = 1,
     .max = 9},
    {.name = "wait",
     .type = CHANNEL_KEY_DURATION,
     .offset = offsetof(struct read, wait_ms),
     .min = 10,
     .max = 60000},
    {.name = "colour",
     .type = CHANNEL_KEY_CHOICE,
     .offset = offsetof(struct read, colour),
     .choices = colours},
    {.name = "map", .type = CHANNEL_KEY_OBJECT, .offset = offsetof(struct read, map)},
    {.name = "list", .type = CHANNEL_KEY_LIST, .offset = offsetof(struct read, list)},
    {.name = "any", .type = CHANNEL_KEY_ANY, .offset = offsetof(struct read, any)},
};

static json_t *object;
static struct read read_into;
static struct problem problem;

static enum err read_text(const char *text)
{
    json_decref(object);
    object = json_loads(text, 0, NULL);
    assert_non_null(object);
    read_into = (struct read){.count = 7};
    problem = (struct problem){0};
    return channel_settings_read(object, "provider \"p\"", keys, sizeof(keys) / sizeof(keys[0]),
                                 &read_into, &problem);
}

static void assert_refused(const char *text, const char *because)
{
    assert_int_equal(read_text(text), ERR_INVALID);
    assert_string_equal(problem.text, because);
}

static void every_type_is_read(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"name\": \"n\", \"fast\": true, \"count\": 3, \"wait\": \"1.5s\","
                               " \"colour\": \"green\", \"map\": {}, \"list\": [], \"any\": 1}"),
                     ERR_OK);
    assert_string_equal(read_into.name, "n");
    assert_true(read_into.fast);
    assert_int_equal(read_into.count, 3);
    assert_int_equal(read_into.wait_ms, 1500);
    assert_int_equal(read_into.colour, 1);
    assert_true(json_is_object(read_into.map));
    assert_true(json_is_array(read_into.list));
    assert_int_equal(json_integer_value(read_into.any), 1);
}

static void what_is_absent_or_null_keeps_its_default(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"count\": null}"), ERR_OK);
    assert_int_equal(read_into.count, 7);
    assert_null(read_into.name);
}

static void scalars_are_taken_in_either_spelling(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("{\"name\": 12345, \"fast\": \"yes\", \"count\": \"4\", \"wait\": 2}"), ERR_OK);
    assert_string_equal(read_into.name, "12345");
    assert_true(read_into.fast);
    assert_int_equal(read_into.count, 4);
    assert_int_equal(read_into.wait_ms, 2000);
}

static void an_unknown_key_gets_the_nearest_known_one(void **state)
{
    (void)state;
    assert_refused("{\"colur\": \"red\"}",
                   "provider \"p\": unknown key \"colur\"; did you mean \"colour\"?");
    assert_refused("{\"zzzzzzzz\": 1}",
                   "provider \"p\": unknown key \"zzzzzzzz\"; the keys are name, fast, count, "
                   "wait, colour, map, list, any");
}

static void a_wrong_type_says_what_would_be_right(void **state)
{
    (void)state;
    assert_refused("{\"fast\": \"maybe\"}",
                   "provider \"p\": fast must be true or false, not \"maybe\"");
    assert_refused("{\"count\": 10}", "provider \"p\": count must be a number from 1 to 9, not "
                                      "\"10\"");
    assert_refused("{\"count\": []}", "provider \"p\": count must be a number from 1 to 9, not "
                                      "a list");
    assert_refused("{\"wait\": \"1ms\"}",
                   "provider \"p\": wait must be a duration such as 500ms, 5s or 2m, from 10 to "
                   "60000 ms, not \"1ms\"");
    assert_refused("{\"colour\": \"blue\"}",
                   "provider \"p\": colour must be one of red, green, not \"blue\"");
    assert_refused("{\"map\": []}", "provider \"p\": map must be a map, not a list");
    assert_refused("{\"list\": {}}", "provider \"p\": list must be a list, not a map");
    assert_refused("{\"name\": {}}", "provider \"p\": name must be text, not a map");
    assert_refused("{\"name\": \"\"}", "provider \"p\": name must be text, not \"\"");
}

static void a_missing_secret_is_named_with_its_place(void **state)
{
    (void)state;
    struct buf secret = {0};
    assert_int_equal(channel_settings_secret("env:TOCSIN_NO_SUCH_THING", "provider \"p\"",
                                             "password", &secret, &problem),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "provider \"p\": password: "));
    assert_int_equal(
        channel_settings_secret("hunter2", "provider \"p\"", "password", &secret, &problem),
        ERR_INVALID);
    assert_null(strstr(problem.text, "hunter2"));
    buf_release(&secret);
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(object);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(what_is_absent_or_null_keeps_its_default),
        cmocka_unit_test(scalars_are_taken_in_either_spelling),
        cmocka_unit_test(an_unknown_key_gets_the_nearest_known_one),
        cmocka_unit_test(a_wrong_type_says_what_would_be_right),
        cmocka_unit_test(a_missing_secret_is_named_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
