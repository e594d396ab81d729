/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "cli/human.h"
#include "cli/report_text.h"
#include "tests/unit/unit.h"

#define HEAD                                                                                       \
    "\"campaign\":{\"id\":\"c7\",\"name\":\"Boil\\u001b[31m your water, everybody in the whole "   \
    "of "                                                                                          \
    "the northern districts and on the islands as well\",\"state\":\"running\",\"audience\":"      \
    "\"a1\",\"audience_name\":\"households\"},\"as_of\":\"2026-11-29T18:05:00.000Z\","             \
    "\"final\":false,"

static char *text_of(const char *json, bool has_unicode)
{
    static char text[8192];
    struct buf buf = {0};
    json_t *document = json_loads(json, 0, NULL);
    assert_non_null(document);
    report_text(&buf, document, has_unicode);
    assert_true(buf.len < sizeof(text));
    memcpy(text, buf_cstr(&buf), buf.len + 1);
    buf_release(&buf);
    json_decref(document);
    return text;
}

static void nothing_is_wider_than_the_terminal_and_nothing_steers_it(void **state)
{
    (void)state;
    char *text = text_of("{" HEAD "\"people\":{\"recipients\":1000000,\"reached\":{\"people\":"
                         "999999,\"share\":0.999999},\"delivered\":{\"people\":0,\"share\":0},"
                         "\"acknowledged\":{\"people\":1,\"share\":0.000001},\"not_reached\":"
                         "{\"people\":0,\"share\":0}},\"acknowledged_by\":[{\"means\":\"link\","
                         "\"people\":1,\"share\":1},{\"means\":\"reply\",\"people\":0,"
                         "\"share\":0}],\"groups\":{\"column\":\"region\","
                         "\"values\":[{\"value\":\"an island with a name that is far too long\","
                         "\"people\":5,\"reached\":{\"people\":5,\"share\":1}},{\"value\":null,"
                         "\"people\":3}],\"others\":null}}",
                         false);
    assert_non_null(strstr(text, "the figures will change"));
    assert_non_null(strstr(text, "999,999"));
    assert_non_null(strstr(text, "99.9 %"));
    assert_non_null(strstr(text, "##############################"));
    assert_non_null(strstr(text, "#............................."));
    assert_non_null(strstr(text, "How they acknowledged; shares are of who did\n  link "));
    assert_null(strstr(text, "  reply "));
    assert_non_null(strstr(text, "(no value)"));
    assert_null(strchr(text, '\033'));
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(human_columns(slice_str(line)) <= 80);
    }
}

static void the_unreached_can_be_exported_as_it_says(void **state)
{
    (void)state;
    char *text = text_of("{" HEAD "\"states\":[{\"state\":\"accepted\",\"people\":5},{\"state\":"
                         "\"failed\",\"people\":2},{\"state\":\"expired\",\"people\":0},{\"state\":"
                         "\"cancelled\",\"people\":1}],\"not_reached\":{\"people\":3,\"first\":[{"
                         "\"key\":\"a\",\"state\":\"failed\",\"text\":\"\"}]}}",
                         false);
    assert_non_null(strstr(text, "Not reached: 3; all of them:\n"
                                 "  tocsin export c7 --state failed,cancelled\n"));
    text = text_of(
        "{" HEAD "\"states\":[{\"state\":\"failed\",\"people\":2},{\"state\":\"suppressed\","
        "\"people\":2},{\"state\":\"unreachable\",\"people\":2},{\"state\":\"expired\","
        "\"people\":2},{\"state\":\"cancelled\",\"people\":1},{\"state\":\"uncertain\","
        "\"people\":1}],\"not_reached\":{\"people\":3,\"first\":[{\"key\":\"a\",\"state\":"
        "\"failed\",\"text\":\"\"}]}}",
        false);
    assert_non_null(strstr(text, "  tocsin export c7 \\\n    --state failed,suppressed,unreachable,"
                                 "expired,cancelled,uncertain\n"));
}

static void a_comparison_says_what_keeps_the_two_apart(void **state)
{
    (void)state;
    char *text =
        text_of("{\"report\":{" HEAD "\"x\":1},\"other\":{" HEAD "\"x\":1},"
                "\"comparison\":{\"a\":\"c7\",\"b\":\"c5\",\"remarks\":[\"The plans "
                "differ.\"],\"rows\":[{\"label\":\"reached\",\"unit\":\"people\",\"a\":10,"
                "\"b\":4,\"difference\":-6,\"share_a\":1,\"share_b\":0.4,\"points\":-60},"
                "{\"label\":\"first word\",\"unit\":\"s\",\"a\":null,\"b\":90.5,"
                "\"difference\":null,\"share_a\":null,\"share_b\":null,\"points\":null}]}}",
                true);
    assert_non_null(strstr(text, "! The plans differ.\n"));
    assert_non_null(strstr(text, "reached     10  100.0 %   4  40.0 %          -6  -60.00\n"));
    assert_non_null(strstr(text, "1 min 31 s           -\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_wider_than_the_terminal_and_nothing_steers_it),
        cmocka_unit_test(the_unreached_can_be_exported_as_it_says),
        cmocka_unit_test(a_comparison_says_what_keeps_the_two_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
