/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "common/err.h"
#include "tests/unit/unit.h"

static void every_error_has_a_name_a_sentence_and_a_class(void **state)
{
    (void)state;
#define CHECK(name, class, sentence)                                                               \
    assert_string_equal(err_name(ERR_##name), #name);                                              \
    assert_string_equal(err_sentence(ERR_##name), sentence);                                       \
    assert_int_equal(err_class(ERR_##name), ERR_CLASS_##class);
    ERR_MAP(CHECK)
#undef CHECK
}

static void errno_values_find_the_nearest_error(void **state)
{
    (void)state;
    assert_int_equal(err_from_errno(0), ERR_OK);
    assert_int_equal(err_from_errno(ENOSPC), ERR_NO_SPACE);
    assert_int_equal(err_from_errno(EDQUOT), ERR_NO_SPACE);
    assert_int_equal(err_from_errno(ENOENT), ERR_NOT_FOUND);
    assert_int_equal(err_from_errno(EWOULDBLOCK), ERR_BUSY);
    assert_int_equal(err_from_errno(ECONNRESET), ERR_CLOSED);
    assert_int_equal(err_from_errno(EIO), ERR_IO);
    assert_int_equal(err_from_errno(-1), ERR_IO);
}

static void a_problem_carries_its_error_and_text(void **state)
{
    (void)state;
    struct problem problem = {0};
    assert_int_equal(problem_set(&problem, ERR_LIMIT, "%d rows are too many", 7), ERR_LIMIT);
    assert_int_equal(problem.err, ERR_LIMIT);
    assert_string_equal(problem.text, "7 rows are too many");
}

static void a_problem_nobody_asked_for_is_only_the_error(void **state)
{
    (void)state;
    assert_int_equal(problem_set(NULL, ERR_BUSY, "nobody reads %s", "this"), ERR_BUSY);
}

static void a_long_text_is_cut_off_at_the_end(void **state)
{
    (void)state;
    struct problem problem = {0};
    assert_int_equal(problem_set(&problem, ERR_INVALID, "%0600d", 1), ERR_INVALID);
    assert_int_equal(strlen(problem.text), sizeof(problem.text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_a_sentence_and_a_class),
        cmocka_unit_test(errno_values_find_the_nearest_error),
        cmocka_unit_test(a_problem_carries_its_error_and_text),
        cmocka_unit_test(a_problem_nobody_asked_for_is_only_the_error),
        cmocka_unit_test(a_long_text_is_cut_off_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
