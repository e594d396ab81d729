/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/yaml_json.h"
#include "tests/unit/unit.h"

static void assert_reads(const char *yaml, const char *json)
{
    struct yaml_place place;
    struct problem problem;
    json_t *value = NULL;
    if (yaml_json_read(&value, slice_str(yaml), &place, &problem) != ERR_OK) {
        fail_msg("line %u, column %u: %s", place.line, place.column, problem.text);
    }
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, json);
    free(text);
    json_decref(value);
}

static void assert_refused_bytes(struct slice yaml, enum err err, unsigned line, unsigned column,
                                 const char *words)
{
    struct yaml_place place;
    struct problem problem;
    json_t *value = NULL;
    assert_int_equal(yaml_json_read(&value, yaml, &place, &problem), err);
    assert_null(value);
    if (strstr(problem.text, words) == NULL || place.line != line || place.column != column) {
        fail_msg("not \"%s\" at %u:%u but \"%s\" at %u:%u", words, line, column, problem.text,
                 place.line, place.column);
    }
}

static void assert_refused(const char *yaml, unsigned line, unsigned column, const char *words)
{
    assert_refused_bytes(slice_str(yaml), ERR_INVALID, line, column, words);
}

static void a_plan_reads_as_its_json(void **state)
{
    (void)state;
    assert_reads("# At night\n"
                 "steps:\n"
                 "  - channel: push\n"
                 "    within: 5m\n"
                 "    until: acknowledged\n"
                 "  - {channel: sms, provider: [gateway, 'backup'], attempts: 3}\n",
                 "{\"steps\":[{\"channel\":\"push\",\"within\":\"5m\",\"until\":\"acknowledged\"},"
                 "{\"channel\":\"sms\",\"provider\":[\"gateway\",\"backup\"],\"attempts\":3}]}");
    assert_reads("---\n{}\n...\n", "{}");
    assert_reads("{\"a\": [1, 2.5, \"\\u00e9\"]}", "{\"a\":[1,2.5,\"\xc3\xa9\"]}");
}

static void only_what_json_has_is_more_than_a_text(void **state)
{
    (void)state;
    assert_reads("[1, -2, 0, 1e3, true, false, null, ~, '', \"1\", 'true']",
                 "[1,-2,0,1000.0,true,false,null,null,\"\",\"1\",\"true\"]");
    assert_reads("[no, yes, on, 0x10, 010, +1, .5, 1_000, 12:30, 2026-11-29, .inf, True, -]",
                 "[\"no\",\"yes\",\"on\",\"0x10\",\"010\",\"+1\",\".5\",\"1_000\",\"12:30\","
                 "\"2026-11-29\",\".inf\",\"True\",\"-\"]");
    assert_reads("a:\nb: -5m\nc: |\n  one\n  two\nd: >-\n  three\n  four\n",
                 "{\"a\":null,\"b\":\"-5m\",\"c\":\"one\\ntwo\\n\",\"d\":\"three four\"}");
    assert_reads("{1: a, true: b, ~: c}", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\"}");
}

static void what_json_cannot_say_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_refused("steps: &all\n  - *all\n", 1, 8, "anchors (&)"); /* a loop */
    assert_refused("a: &x 1\n", 1, 4, "anchors (&)");
    assert_refused("a: &x {b: 1}\n", 1, 4, "anchors (&)");
    assert_refused("&x a: 1\n", 1, 1, "anchors (&)");
    assert_refused("a:\n  - b\n  - *x\n", 3, 5, "aliases (*)");
    assert_refused("*x : 1\n", 1, 1, "aliases (*)");
    assert_refused("a: !!str 5\n", 1, 4, "tags (!)");
    assert_refused("a: !mine [1]\n", 1, 4, "tags (!)");
    assert_refused("a: ! {b: 1}\n", 1, 4, "tags (!)");
    assert_refused("!x a: 1\n", 1, 1, "tags (!)");
    assert_refused("a: 1\nb: 2\n'a': 3\n", 3, 1, "\"a\" stands here a second time");
    assert_refused("a: {b: null, b: 2}\n", 1, 14, "\"b\" stands here a second time");
    assert_refused("? [a]\n: 1\n", 1, 3, "a key must be a word");
    assert_refused("{{a: 1}: 2}", 1, 2, "a key must be a word");
    assert_refused("--- {a: 1}\n--- {b: 2}\n", 2, 1, "a second document");
    assert_refused("a: 12345678901234567890\n", 1, 4, "too large");
    assert_refused("a: 1e999\n", 1, 4, "too large");
    assert_refused("a: \"x\\0y\"\n", 1, 4, "zero byte");
    assert_refused("\"x\\0y\": 1\n", 1, 1, "zero byte");
}

static void what_is_no_yaml_is_refused(void **state)
{
    (void)state;
    assert_refused("", 1, 1, "empty");
    assert_refused("# nothing\n", 2, 1, "empty");
    assert_refused("a: [1, 2\n", 2, 1, "no YAML");
    assert_refused("a: 1\n  b: 2\n", 2, 4, "no YAML");
    assert_refused("a: 1\n\tb: 2\n", 2, 1, "no YAML");
    assert_refused("a: \xc3\xa9\nb: \"\x01\"\n", 2, 5, "control characters");
    assert_refused("a: \"\\ud800\"\n", 1, 7, "no YAML");
    assert_refused("a: 1\nb: \xc3\xa9 \xc3\x28\n", 2, 6, "not UTF-8");
    assert_refused_bytes(slice_of("\xff\xfe{\0}\0", 6), ERR_INVALID, 1, 1, "not UTF-8");
    assert_refused_bytes(slice_of("a\0b", 3), ERR_INVALID, 1, 2, "no YAML");
}

static void there_is_an_end_to_length_and_depth(void **state)
{
    (void)state;
    struct buf text = {0};
    for (unsigned i = 0; i < YAML_JSON_DEPTH_MAX; i++) {
        buf_u8(&text, '[');
    }
    size_t half = text.len;
    for (unsigned i = 0; i < YAML_JSON_DEPTH_MAX; i++) {
        buf_u8(&text, ']');
    }
    assert_reads(buf_cstr(&text), buf_cstr(&text));
    text.len = half;
    buf_u8(&text, '[');
    assert_refused_bytes(buf_view(&text), ERR_LIMIT, 1, YAML_JSON_DEPTH_MAX + 1, "too deeply");
    buf_clear(&text);
    memset(buf_reserve(&text, YAML_JSON_BYTES_MAX + 1), '#', YAML_JSON_BYTES_MAX + 1);
    text.len = YAML_JSON_BYTES_MAX + 1;
    assert_refused_bytes(buf_view(&text), ERR_LIMIT, 1, 1, "at most 262144");
    text.len = YAML_JSON_BYTES_MAX;
    assert_refused_bytes(buf_view(&text), ERR_INVALID, 2, 1, "empty");
    memset(text.data, '[', text.len); /* not slow either */
    assert_refused_bytes(buf_view(&text), ERR_LIMIT, 1, YAML_JSON_DEPTH_MAX + 1, "too deeply");
    buf_release(&text);
}

static void files_say_it_in_their_names(void **state)
{
    (void)state;
    assert_true(yaml_json_is_file("a/night.yaml") && yaml_json_is_file("x.yml"));
    assert_false(yaml_json_is_file("yaml") || yaml_json_is_file("x.json"));
    assert_true(yaml_json_is_document("x.json") && yaml_json_is_document("x.yml"));
    assert_false(yaml_json_is_document("json") || yaml_json_is_document("x.jsonl"));
    assert_false(yaml_json_is_file("x.yaml.gz") || yaml_json_is_file(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_reads_as_its_json),
        cmocka_unit_test(only_what_json_has_is_more_than_a_text),
        cmocka_unit_test(what_json_cannot_say_is_refused_where_it_stands),
        cmocka_unit_test(what_is_no_yaml_is_refused),
        cmocka_unit_test(there_is_an_end_to_length_and_depth),
        cmocka_unit_test(files_say_it_in_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
