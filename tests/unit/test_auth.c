/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/api/auth.h"
#include "tests/unit/unit.h"

struct fixture {
    char dir[64];
    char file[96];
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_true(sodium_init() >= 0);
    strcpy(fixture->dir, "/tmp/tocsin_auth_XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    (void)snprintf(fixture->file, sizeof(fixture->file), "%s/%s", fixture->dir, AUTH_FILE);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->file);
    assert_int_equal(rmdir(fixture->dir), 0); /* nothing else was left there */
    free(fixture);
    return 0;
}

static void read_token(const struct fixture *fixture, char token_text[128])
{
    char token[80] = "";
    FILE *file = fopen(fixture->file, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%79s", token), 1);
    (void)fclose(file);
    assert_int_equal(strlen(token), AUTH_TOKEN_CHARS);
    (void)snprintf(token_text, 128, "%s", token);
}

static void the_token_is_made_once_and_is_its_owners_alone(void **state)
{
    struct fixture *fixture = *state;
    struct auth *auth;
    struct principal principal;
    struct problem problem;
    struct stat stat_of;
    char token_text[128];
    assert_int_equal(auth_open(&auth, fixture->dir, &problem), ERR_OK);
    assert_int_equal(stat(fixture->file, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    read_token(fixture, token_text);
    assert_true(auth_identify(auth, slice_str(token_text), &principal));
    assert_int_equal(principal.role, ROLE_ADMIN);
    assert_string_equal(principal.name, "admin");
    auth_close(auth);
    assert_int_equal(auth_open(&auth, fixture->dir, &problem), ERR_OK);
    assert_true(auth_identify(auth, slice_str(token_text), &principal));
    auth_close(auth);
}

static void anything_else_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct auth *auth;
    struct principal principal;
    struct problem problem;
    char token_text[128];
    assert_int_equal(auth_open(&auth, fixture->dir, &problem), ERR_OK);
    read_token(fixture, token_text);
    assert_false(auth_identify(auth, slice_str(""), &principal));
    for (size_t i = 0; token_text[i] != '\0'; i++) {
        char kept = token_text[i];
        token_text[i] = kept == 'x' ? 'y' : 'x';
        assert_false(auth_identify(auth, slice_str(token_text), &principal));
        token_text[i] = kept;
    }
    token_text[strlen(token_text) - 1] = '\0';
    assert_false(auth_identify(auth, slice_str(token_text), &principal));
    auth_close(auth);
}

static void a_file_that_holds_no_token_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct auth *auth;
    struct problem problem;
    FILE *file = fopen(fixture->file, "we");
    assert_non_null(file);
    (void)fputs("secret\n", file);
    (void)fclose(file);
    assert_int_equal(auth_open(&auth, fixture->dir, &problem), ERR_INVALID);
    assert_null(auth);
    assert_non_null(strstr(problem.text, fixture->file));
    assert_non_null(strstr(problem.text, "remove it"));
}

static void a_directory_that_is_not_there_is_said_so(void **state)
{
    (void)state;
    struct auth *auth;
    struct problem problem;
    assert_int_not_equal(auth_open(&auth, "/nonexistent/tocsin", &problem), ERR_OK);
    assert_non_null(strstr(problem.text, "/nonexistent/tocsin"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_token_is_made_once_and_is_its_owners_alone),
        TEST(anything_else_is_refused),
        TEST(a_file_that_holds_no_token_is_named),
        TEST(a_directory_that_is_not_there_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
