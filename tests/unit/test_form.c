/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/inbound/form.h"
#include "tests/unit/unit.h"

static int setup(void **state)
{
    struct arena *arena = test_calloc(1, sizeof(*arena));
    arena_init(arena, 1024);
    *state = arena;
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    test_free(*state);
    return 0;
}

static void pairs_are_decoded_in_their_order(void **state)
{
    struct form form = {.count = 0};
    assert_true(form_add(&form, slice_str("a=1+2&b=%C3%A6%&&c&a=%zz%4"), *state));
    assert_int_equal(form.count, 4);
    assert_slice_is(form.pairs[0].name, "a");
    assert_slice_is(form.pairs[0].value, "1 2");
    assert_slice_is(form_get(&form, "b"), "\xC3\xA6%");
    assert_true(form_has(&form, "c"));
    assert_slice_is(form_get(&form, "c"), "");
    assert_slice_is(form.pairs[3].value, "%zz%4");
    assert_false(form_has(&form, "d"));
    assert_true(form_add(&form, slice_str("d=%00x"), *state));
    assert_int_equal(form_get(&form, "d").len, 2);
}

static void there_are_no_more_than_so_many(void **state)
{
    struct form form = {.count = 0};
    for (unsigned i = 0; i < FORM_PAIRS_MAX; i++) {
        assert_true(form_add(&form, slice_str("a=1"), *state));
    }
    assert_true(form_add(&form, slice_str("&&"), *state));
    assert_false(form_add(&form, slice_str("a=1"), *state));
}

static void types_are_known_with_their_parameters(void **state)
{
    (void)state;
    assert_true(form_is_type("Application/JSON; charset=utf-8", "application/json"));
    assert_true(form_is_type("application/json", "application/json"));
    assert_false(form_is_type("application/jsonp", "application/json"));
    assert_false(form_is_type(NULL, "application/json"));
}

static void text_is_well_formed_whatever_came(void **state)
{
    assert_slice_is(form_text(slice_str("a\xFFz"), 100, *state), "a\xEF\xBF\xBDz");
    assert_slice_is(form_text(slice_of("a\0b", 3), 100, *state), "a\xEF\xBF\xBD"
                                                                 "b");
    assert_slice_is(form_text(slice_str("\xC3\xA6\xC3\xA6"), 3, *state), "\xC3\xA6");
    assert_slice_is(form_text(slice_str("\xC3\xA6\xC3"), 100, *state), "\xC3\xA6\xEF\xBF\xBD");
    assert_slice_is(form_text(slice_str(""), 100, *state), "");
    assert_slice_is(form_text(slice_str("abc"), 2, *state), "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pairs_are_decoded_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(there_are_no_more_than_so_many, setup, teardown),
        cmocka_unit_test(types_are_known_with_their_parameters),
        cmocka_unit_test_setup_teardown(text_is_well_formed_whatever_came, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
