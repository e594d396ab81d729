/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/locale.h"
#include "tests/unit/unit.h"

static const char *const names[] = {"en", "de", "", "pt-br"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static int chosen(const char *wanted)
{
    return locale_choose(names, NAMES, slice_str(wanted));
}

static void the_locale_comes_before_the_language_and_that_before_the_default(void **state)
{
    (void)state;
    assert_int_equal(chosen("pt-BR"), 3);
    assert_int_equal(chosen("PT_br"), 3);
    assert_int_equal(chosen("de-AT"), 1);
    assert_int_equal(chosen("de"), 1);
    assert_int_equal(chosen("pt"), 2);
    assert_int_equal(chosen("d"), 2);
    assert_int_equal(chosen(""), 2);
}

static void parts_are_left_out_from_the_end(void **state)
{
    (void)state;
    static const char *const scripts[] = {"zh", "zh-hant"};
    assert_int_equal(locale_find(scripts, 2, slice_str("zh-Hant-TW")), 1);
    assert_int_equal(locale_find(scripts, 2, slice_str("zh-Hans-CN")), 0);
    assert_int_equal(locale_find(scripts, 2, slice_str("zha")), -1);
    assert_int_equal(locale_find(scripts, 2, slice_str("-")), -1);
    assert_int_equal(locale_find(scripts, 2, slice_str("")), -1);
    assert_int_equal(locale_find(names, NAMES, slice_str("")), -1);
}

static void without_a_default_it_is_the_first(void **state)
{
    (void)state;
    assert_int_equal(locale_choose(names, 2, slice_str("fr")), 0);
    assert_int_equal(locale_choose(names, 0, slice_str("fr")), -1);
}

static void what_is_too_long_is_no_locale(void **state)
{
    (void)state;
    char out[LOCALE_NAME_MAX + 1];
    char text[LOCALE_NAME_MAX + 1];
    memset(text, 'D', sizeof(text));
    assert_true(locale_normalize(slice_of(text, LOCALE_NAME_MAX), out));
    assert_int_equal(strspn(out, "d"), LOCALE_NAME_MAX);
    assert_false(locale_normalize(slice_of(text, LOCALE_NAME_MAX + 1), out));
    assert_int_equal(locale_choose(names, NAMES, slice_of(text, sizeof(text))), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_locale_comes_before_the_language_and_that_before_the_default),
        cmocka_unit_test(parts_are_left_out_from_the_end),
        cmocka_unit_test(without_a_default_it_is_the_first),
        cmocka_unit_test(what_is_too_long_is_no_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
