/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a text as a template of SES. That Handlebars reads it so is a matter of the
 * system tests. */
#include "tests/unit/unit.h"
#include "worker/channel/ses_template.h"

static int resolve(void *arg, struct slice name)
{
    (void)arg;
    return name.data[0];
}

static void assert_written(const char *text, const char *expected, unsigned expected_used)
{
    struct template *template = NULL;
    struct problem problem = {0};
    struct buf written = {0};
    assert_int_equal(
        template_new(&template, slice_str(text), TEMPLATE_RAW, resolve, NULL, &problem), ERR_OK);
    struct merge *merge = merge_new(NULL, template, NULL);
    unsigned used = ses_template_write(&written, &merge->text);
    assert_string_equal(buf_cstr(&written), expected);
    assert_int_equal(used, expected_used);
    buf_release(&written);
    merge_free(merge);
    template_free(template);
}

static void slots_are_numbered_in_their_order(void **state)
{
    (void)state;
    assert_written("a {{x}} {{y}} {{x}}", "a {{{v0}}} {{{v1}}} {{{v0}}}", 0);
    assert_written("p { color: red }", "p { color: red }", 0);
}

static void what_handlebars_would_read_becomes_a_value(void **state)
{
    (void)state;
    assert_written("\\{{x}}", "{{{o}}}{{{o}}}x}}", SES_USED_OPEN);
    assert_written("\\{{{{x}}", "{{{o}}}{{{o}}}{{{v0}}}", SES_USED_OPEN);
    assert_written("{{x}}}", "{{{v0}}}{{{c}}}", SES_USED_CLOSE);
    assert_written("c:\\", "c:{{{b}}}", SES_USED_BACKSLASH);
    assert_written("a\\ {{x}}", "a\\ {{{v0}}}", 0);
}

static void data_has_every_slot_and_what_is_used(void **state)
{
    (void)state;
    struct buf data = {0};
    const struct slice values[] = {slice_str("a\"b"), slice_str("")};
    ses_template_data(&data, values, 2, SES_USED_OPEN | SES_USED_BACKSLASH);
    assert_string_equal(buf_cstr(&data),
                        "{\"v0\":\"a\\\"b\",\"v1\":\"\",\"o\":\"{\",\"b\":\"\\\\\"}");
    buf_clear(&data);
    ses_template_data(&data, NULL, 0, 0);
    assert_string_equal(buf_cstr(&data), "{}");
    buf_clear(&data);
    ses_template_data(&data, NULL, 0, SES_USED_CLOSE);
    assert_string_equal(buf_cstr(&data), "{\"c\":\"}\"}");
    buf_release(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_numbered_in_their_order),
        cmocka_unit_test(what_handlebars_would_read_becomes_a_value),
        cmocka_unit_test(data_has_every_slot_and_what_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
