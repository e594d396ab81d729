/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

static void nothing_is_still_a_place(void **state)
{
    (void)state;
    void *none = mem_alloc(0);
    void *zero = mem_zalloc(0, 8);
    void *resized = mem_resize(NULL, 0, 8);
    assert_non_null(none);
    assert_non_null(zero);
    assert_non_null(resized);
    mem_free(none);
    mem_free(zero);
    mem_free(mem_resize(resized, 0, 0));
    mem_free(NULL);
}

static void zeroed_memory_is_zero_and_survives_a_resize(void **state)
{
    (void)state;
    uint32_t *numbers = mem_zalloc(4, sizeof(*numbers));
    assert_int_equal(numbers[3], 0);
    numbers[3] = 7;
    numbers = mem_resize(numbers, 4000, sizeof(*numbers));
    assert_int_equal(numbers[3], 7);
    mem_free(numbers);
}

static void copies_are_whole_and_end_in_zero(void **state)
{
    (void)state;
    char *word = mem_copy_str("tocsin");
    char *part = mem_copy_strn("tocsin", 3);
    char *empty = mem_copy_strn(NULL, 0);
    uint8_t *bytes = mem_copy("\0\1\2", 3);
    assert_string_equal(word, "tocsin");
    assert_string_equal(part, "toc");
    assert_string_equal(empty, "");
    assert_memory_equal(bytes, "\0\1\2", 3);
    assert_null(mem_copy_str(NULL));
    mem_free(word);
    mem_free(part);
    mem_free(empty);
    mem_free(bytes);
}

static void ask_for_too_much(void)
{
    volatile size_t half = SIZE_MAX / 2;
    close(STDERR_FILENO); /* sanitizers and mem itself would write there */
    mem_free(mem_resize(NULL, half, 4));
}

static void a_product_that_overflows_ends_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        ask_for_too_much();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_still_a_place),
        cmocka_unit_test(zeroed_memory_is_zero_and_survives_a_resize),
        cmocka_unit_test(copies_are_whole_and_end_in_zero),
        cmocka_unit_test(a_product_that_overflows_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
