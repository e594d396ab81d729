/* SPDX-License-Identifier: Apache-2.0 */
#include "common/template.h"
#include "tests/unit/unit.h"

/* The variables of these tests; the last has no value. */
static const char *const names[] = {"name", "site", "first.name", "x-1_Y", "gone", NULL};
static const char *const values[] = {"Ada", "<a href=\"?a=b&c='d'\">",
                                     "\"Gr\xc3\xbc\xc3\x9f"
                                     "e\"\n",
                                     "", NULL};

static int resolve(void *arg, struct slice name)
{
    unsigned *calls = arg;
    if (calls != NULL) {
        (*calls)++;
    }
    for (int i = 0; names[i] != NULL; i++) {
        if (slice_is(name, names[i])) {
            return i;
        }
    }
    return -1;
}

static bool value_of(void *arg, int number, struct slice *value)
{
    (void)arg;
    *value = slice_str(values[number]);
    return values[number] != NULL;
}

static struct template *parse(const char *text, enum template_escape escape)
{
    struct template *template = NULL;
    struct problem problem = {0};
    enum err err = template_new(&template, slice_str(text), escape, resolve, NULL, &problem);
    if (err != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    return template;
}

static void assert_fills(const char *text, enum template_escape escape, const char *expected)
{
    struct template *template = parse(text, escape);
    struct buf buf = {0};
    assert_int_equal(template_fill(template, &buf, value_of, NULL), -1);
    assert_buf_is(&buf, expected);
    buf_release(&buf);
    template_free(template);
}

static void assert_refused(const char *text, enum err err, const char *expected)
{
    struct template *template = NULL;
    struct problem problem = {0};
    assert_int_equal(
        template_new(&template, slice_str(text), TEMPLATE_RAW, resolve, NULL, &problem), err);
    assert_int_equal(problem.err, err);
    assert_string_equal(problem.text, expected);
    assert_null(template);
}

static void placeholders_are_replaced_by_values(void **state)
{
    (void)state;
    assert_fills("", TEMPLATE_RAW, "");
    assert_fills("no placeholder", TEMPLATE_RAW, "no placeholder");
    assert_fills("{{name}}", TEMPLATE_RAW, "Ada");
    assert_fills("Dear {{name}}, hello.", TEMPLATE_RAW, "Dear Ada, hello.");
    assert_fills("{{name}}{{name}}{{ x-1_Y }}{{\tname }}", TEMPLATE_RAW, "AdaAdaAda");
}

static void single_braces_are_plain_text(void **state)
{
    (void)state;
    assert_fills("{ {name} }} {", TEMPLATE_RAW, "{ {name} }} {");
    assert_fills("{\"to\":\"{{name}}\"}", TEMPLATE_JSON, "{\"to\":\"Ada\"}");
}

static void a_backslash_makes_braces_literal(void **state)
{
    (void)state;
    assert_fills("\\{{name}}", TEMPLATE_RAW, "{{name}}");
    assert_fills("a\\{{b\\{{{{name}}\\{{", TEMPLATE_RAW, "a{{b{{Ada{{");
    assert_fills("back\\slash \\{ \\\\", TEMPLATE_RAW, "back\\slash \\{ \\\\");
}

static void each_escape_makes_a_value_safe_in_its_place(void **state)
{
    (void)state;
    assert_fills("{{site}}", TEMPLATE_RAW, "<a href=\"?a=b&c='d'\">");
    assert_fills("{{site}}", TEMPLATE_HTML, "&lt;a href=&quot;?a=b&amp;c=&#39;d&#39;&quot;&gt;");
    assert_fills("{{site}}", TEMPLATE_URL, "%3Ca%20href%3D%22%3Fa%3Db%26c%3D%27d%27%22%3E");
    assert_fills("{{first.name}}", TEMPLATE_JSON,
                 "\\\"Gr\xc3\xbc\xc3\x9f"
                 "e\\\"\\n");
}

static void a_placeholder_may_choose_its_own_escape(void **state)
{
    (void)state;
    assert_fills("{{site|raw}} {{ site | url }}", TEMPLATE_HTML,
                 "<a href=\"?a=b&c='d'\"> %3Ca%20href%3D%22%3Fa%3Db%26c%3D%27d%27%22%3E");
    assert_fills("{{name|html}}{{name|json}}", TEMPLATE_RAW, "AdaAda");
}

static bool value_with_braces(void *arg, int number, struct slice *value)
{
    (void)arg;
    (void)number;
    *value = slice_str("{{site}} \\{{");
    return true;
}

static void values_are_not_parsed_again(void **state)
{
    (void)state;
    struct template *template = parse("{{name}}", TEMPLATE_RAW);
    struct buf buf = {0};
    buf_str(&buf, "kept: ");
    assert_int_equal(template_fill(template, &buf, value_with_braces, NULL), -1);
    assert_buf_is(&buf, "kept: {{site}} \\{{");
    buf_release(&buf);
    template_free(template);
}

static void a_missing_value_stops_the_filling_and_is_named(void **state)
{
    (void)state;
    struct template *template = parse("Dear {{name}}, {{gone}} and more", TEMPLATE_RAW);
    struct buf buf = {0};
    assert_int_equal(template_fill(template, &buf, value_of, NULL), 4);
    assert_buf_is(&buf, "Dear Ada, ");
    buf_release(&buf);
    template_free(template);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    assert_refused("one\ntwo {{nam}}", ERR_NOT_FOUND,
                   "line 2, column 7: there is no variable \"nam\"");
    assert_refused("\xc3\xa9\xc3\xa9 {{nam}}", ERR_NOT_FOUND,
                   "line 1, column 6: there is no variable \"nam\"");
    assert_refused("{{name", ERR_INVALID,
                   "line 1, column 7: \"}}\" is missing after the name \"name\"");
    assert_refused("{{name}", ERR_INVALID,
                   "line 1, column 7: \"}}\" is missing after the name \"name\"");
    assert_refused("{{first name}}", ERR_INVALID,
                   "line 1, column 9: \"}}\" is missing after the name \"first\"");
    assert_refused("{{name|upper}}", ERR_INVALID,
                   "line 1, column 8: after \"|\" stands json, url, html or raw, not \"upper\"");
    assert_refused("{{name|}}", ERR_INVALID,
                   "line 1, column 8: after \"|\" json, url, html or raw must stand");
    assert_refused("ok \xff", ERR_INVALID, "line 1, column 4: the text is not UTF-8");
    static const char *const nameless[] = {"{{}}", "{{ }}",    "{{{name}}}",
                                           "{{",   "{{|raw}}", "{{\nname}}"};
    for (size_t i = 0; i < sizeof(nameless) / sizeof(nameless[0]); i++) {
        assert_refused(
            nameless[i], ERR_INVALID,
            "line 1, column 1: after \"{{\" a name must stand (letters, digits, \"_\", \"-\", "
            "\".\"); write \"\\{{\" for the braces themselves");
    }
}

static void a_long_name_is_quoted_in_part(void **state)
{
    (void)state;
    assert_refused("{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}",
                   ERR_NOT_FOUND,
                   "line 1, column 3: there is no variable "
                   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"...");
}

static void names_are_resolved_at_parsing_alone(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct template *template = NULL;
    assert_int_equal(template_new(&template, slice_str("{{name}} {{site}}"), TEMPLATE_RAW, resolve,
                                  &calls, NULL),
                     ERR_OK);
    assert_int_equal(calls, 2);
    struct buf buf = {0};
    assert_int_equal(template_fill(template, &buf, value_of, NULL), -1);
    assert_int_equal(calls, 2);
    buf_release(&buf);
    template_free(template);
}

static void the_text_may_go_after_parsing(void **state)
{
    (void)state;
    char text[] = "Dear {{name}}, bye";
    struct template *template = parse(text, TEMPLATE_RAW);
    memset(text, '#', sizeof(text) - 1);
    struct buf buf = {0};
    assert_int_equal(template_fill(template, &buf, value_of, NULL), -1);
    assert_buf_is(&buf, "Dear Ada, bye");
    buf_release(&buf);
    template_free(template);
}

static void see_number(void *arg, int number)
{
    unsigned *seen = arg;
    *seen |= 1U << number;
}

static void every_number_used_is_reported(void **state)
{
    (void)state;
    struct template *template = parse("a {{gone}} b {{site}} c {{site|url}} d", TEMPLATE_RAW);
    unsigned seen = 0;
    template_numbers(template, see_number, &seen);
    assert_int_equal(seen, 1U << 4 | 1U << 1);
    template_free(template);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_are_replaced_by_values),
        cmocka_unit_test(single_braces_are_plain_text),
        cmocka_unit_test(a_backslash_makes_braces_literal),
        cmocka_unit_test(each_escape_makes_a_value_safe_in_its_place),
        cmocka_unit_test(a_placeholder_may_choose_its_own_escape),
        cmocka_unit_test(values_are_not_parsed_again),
        cmocka_unit_test(a_missing_value_stops_the_filling_and_is_named),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(a_long_name_is_quoted_in_part),
        cmocka_unit_test(names_are_resolved_at_parsing_alone),
        cmocka_unit_test(the_text_may_go_after_parsing),
        cmocka_unit_test(every_number_used_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
