/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "tests/unit/unit.h"

#define TEST_VARIABLE "TOCSIN_TEST_SECRET"

struct fixture {
    char path[64];
    char reference[80];
    struct buf secret;
    struct problem problem;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    strcpy(fixture->path, "/tmp/tocsin_secret_XXXXXX");
    int fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    (void)close(fd);
    snprintf(fixture->reference, sizeof(fixture->reference), "file:%s", fixture->path);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->path);
    (void)unsetenv(TEST_VARIABLE);
    secret_release(&fixture->secret);
    free(fixture);
    return 0;
}

static void write_file(const struct fixture *fixture, const char *text, size_t len)
{
    FILE *file = fopen(fixture->path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void a_variable_of_the_environment_is_resolved(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(setenv(TEST_VARIABLE, "s3cret", 1), 0);
    buf_str(&fixture->secret, "Bearer ");
    assert_int_equal(secret_resolve("env:" TEST_VARIABLE, &fixture->secret, &fixture->problem),
                     ERR_OK);
    assert_string_equal(buf_cstr(&fixture->secret), "Bearer s3cret");
}

static void an_absent_or_empty_variable_is_not_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(secret_resolve("env:" TEST_VARIABLE, &fixture->secret, &fixture->problem),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(fixture->problem.text, TEST_VARIABLE));
    assert_int_equal(setenv(TEST_VARIABLE, "", 1), 0);
    assert_int_equal(secret_resolve("env:" TEST_VARIABLE, &fixture->secret, &fixture->problem),
                     ERR_NOT_FOUND);
    assert_int_equal(fixture->secret.len, 0);
}

static void a_file_is_read_without_its_last_line_break(void **state)
{
    static const char *const texts[] = {"a b\nc", "a b\nc\n", "a b\nc\r\n"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_file(fixture, texts[i], strlen(texts[i]));
        buf_clear(&fixture->secret);
        assert_int_equal(secret_resolve(fixture->reference, &fixture->secret, &fixture->problem),
                         ERR_OK);
        assert_string_equal(buf_cstr(&fixture->secret), "a b\nc");
    }
}

static void an_empty_or_absent_file_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "\n", 1);
    assert_int_equal(secret_resolve(fixture->reference, &fixture->secret, &fixture->problem),
                     ERR_NOT_FOUND);
    assert_int_equal(fixture->secret.len, 0);
    assert_int_equal(
        secret_resolve("file:/nonexistent/secret", &fixture->secret, &fixture->problem),
        ERR_NOT_FOUND);
    assert_non_null(strstr(fixture->problem.text, "/nonexistent/secret"));
}

static void a_file_beyond_the_limit_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char *large = calloc(1, SECRET_MAX_BYTES + 1);
    memset(large, 'x', SECRET_MAX_BYTES + 1);
    write_file(fixture, large, SECRET_MAX_BYTES + 1);
    assert_int_equal(secret_resolve(fixture->reference, &fixture->secret, &fixture->problem),
                     ERR_LIMIT);
    assert_int_equal(fixture->secret.len, 0);
    write_file(fixture, large, SECRET_MAX_BYTES);
    assert_int_equal(secret_resolve(fixture->reference, &fixture->secret, &fixture->problem),
                     ERR_OK);
    assert_int_equal(fixture->secret.len, SECRET_MAX_BYTES);
    free(large);
}

static void a_literal_secret_is_refused_and_not_repeated_in_the_problem(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(secret_resolve("hunter2", &fixture->secret, &fixture->problem), ERR_INVALID);
    assert_null(strstr(fixture->problem.text, "hunter2"));
    assert_non_null(strstr(fixture->problem.text, "env:NAME"));
    assert_false(secret_is_reference("hunter2"));
    assert_false(secret_is_reference("env:"));
    assert_true(secret_is_reference("env:A"));
    assert_true(secret_is_reference("file:/a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_variable_of_the_environment_is_resolved, setup, teardown),
        cmocka_unit_test_setup_teardown(an_absent_or_empty_variable_is_not_found_and_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_is_read_without_its_last_line_break, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_empty_or_absent_file_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_beyond_the_limit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_literal_secret_is_refused_and_not_repeated_in_the_problem,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
