/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "tests/unit/unit.h"
#include "worker/worker_settings.h"

struct fixture {
    char path[64];
    char public_key[BUS_KEY_CHARS + 1];
    char secret_key[BUS_KEY_CHARS + 1];
    struct worker_settings *settings;
    struct problem problem;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    strcpy(fixture->path, "/tmp/tocsin_worker_XXXXXX");
    int fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    (void)close(fd);
    bus_keypair(fixture->public_key, fixture->secret_key);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    worker_settings_free(fixture->settings);
    (void)unlink(fixture->path);
    free(fixture);
    return 0;
}

static enum err load(struct fixture *fixture, const char *yaml,
                     const struct worker_arguments *arguments, char *const *environment)
{
    struct worker_arguments all = {0};
    if (arguments != NULL) {
        all = *arguments;
    }
    if (yaml != NULL) {
        FILE *file = fopen(fixture->path, "we");
        assert_non_null(file);
        (void)fputs(yaml, file);
        assert_int_equal(fclose(file), 0);
        all.config = fixture->path;
    }
    worker_settings_free(fixture->settings);
    fixture->problem.text[0] = '\0';
    return worker_settings_load(&fixture->settings, &all, environment, &fixture->problem);
}

static void assert_problem_says(const struct fixture *fixture, const char *part)
{
    if (strstr(fixture->problem.text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, fixture->problem.text);
    }
}

static void without_anything_there_are_defaults(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, NULL, NULL, NULL), ERR_OK);
    assert_true(strlen(fixture->settings->name) > 0);
    assert_string_equal(fixture->settings->coordinator, "tcp://127.0.0.1:7400");
    assert_int_equal(fixture->settings->threads, 1);
    assert_int_equal(fixture->settings->log_level, LOG_INFO);
    assert_null(fixture->settings->secret_key);
    assert_false(fixture->settings->has_metrics);
}

static void metrics_are_served_where_the_settings_say(void **state)
{
    struct fixture *fixture = *state;
    const struct worker_arguments arguments = {.metrics = "[::1]:9465"};
    char address[LISTEN_ADDRESS_CHARS];
    assert_int_equal(load(fixture, "metrics: 127.0.0.1:0\n", NULL, NULL), ERR_OK);
    assert_true(fixture->settings->has_metrics);
    assert_int_equal(load(fixture, "metrics: 127.0.0.1:0\n", &arguments, NULL), ERR_OK);
    listen_address_write(&fixture->settings->metrics, address);
    assert_string_equal(address, "[::1]:9465");
    assert_int_equal(load(fixture, "metrics: here\n", NULL, NULL), ERR_INVALID);
    assert_problem_says(fixture, "metrics: \"here\" is no address to listen on");
}

static void metrics_are_for_loopback_unless_the_settings_say_otherwise(void **state)
{
    struct fixture *fixture = *state;
    const struct worker_arguments remote = {.metrics = "192.0.2.7:9465"};
    const struct worker_arguments allowed = {.metrics = "192.0.2.7:9465",
                                             .metrics_allow_remote = true};
    char variable[] = "TOCSIN_WORKER_METRICS_ALLOW_REMOTE=true";
    char *const environment[] = {variable, NULL};
    assert_int_equal(load(fixture, "metrics: 0.0.0.0:9465\n", NULL, NULL), ERR_INVALID);
    assert_problem_says(fixture, "metrics: 0.0.0.0:9465 can be reached from other machines");
    assert_problem_says(fixture, "metrics_allow_remote: true (--metrics-allow-remote)");
    assert_int_equal(load(fixture, "metrics: \"[::]:9465\"\n", NULL, NULL), ERR_INVALID);
    assert_int_equal(load(fixture, NULL, &remote, NULL), ERR_INVALID);
    assert_int_equal(
        load(fixture, "metrics: 0.0.0.0:9465\nmetrics_allow_remote: false\n", NULL, NULL),
        ERR_INVALID);
    assert_int_equal(
        load(fixture, "metrics: 0.0.0.0:9465\nmetrics_allow_remote: true\n", NULL, NULL), ERR_OK);
    assert_int_equal(load(fixture, NULL, &allowed, NULL), ERR_OK);
    assert_int_equal(load(fixture, NULL, &remote, environment), ERR_OK);
    assert_true(fixture->settings->has_metrics);
}

static void arguments_go_before_the_environment_and_that_before_the_file(void **state)
{
    struct fixture *fixture = *state;
    char threads[] = "TOCSIN_WORKER_THREADS=3";
    char level[] = "TOCSIN_WORKER_LOG_LEVEL=debug";
    char *environment[] = {threads, level, NULL};
    const struct worker_arguments arguments = {.log_level = "error"};
    assert_int_equal(load(fixture,
                          "name: from-file\nthreads: 2\nlog_level: warn\n"
                          "coordinator: ipc:///run/tocsin.sock\n",
                          &arguments, environment),
                     ERR_OK);
    assert_string_equal(fixture->settings->name, "from-file");
    assert_string_equal(fixture->settings->coordinator, "ipc:///run/tocsin.sock");
    assert_int_equal(fixture->settings->threads, 3);
    assert_int_equal(fixture->settings->log_level, LOG_ERROR);
}

static void an_unknown_key_is_refused_with_the_nearest(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "cordinator: x\n", NULL, NULL), ERR_INVALID);
    assert_problem_says(fixture, "did you mean \"coordinator\"?");
    assert_int_equal(load(fixture, "log_level: wran\n", NULL, NULL), ERR_INVALID);
    assert_problem_says(fixture, "did you mean warn");
}

static void values_out_of_bounds_are_refused(void **state)
{
    static const char *const wrong[] = {
        "threads: 0",
        "threads: 257",
        "threads: -1",
        "name: ''",
        "name: a/b",
        "name: \"a b\"",
        "name: 1234567890123456789012345678901234567890123456789012345678901234"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(load(fixture, wrong[i], NULL, NULL), ERR_INVALID);
        assert_true(strlen(fixture->problem.text) > 0);
        assert_null(fixture->settings);
    }
}

static void the_secret_key_comes_by_reference(void **state)
{
    struct fixture *fixture = *state;
    char yaml[300];
    assert_int_equal(setenv("TOCSIN_TEST_WORKER_KEY", fixture->secret_key, 1), 0);
    snprintf(yaml, sizeof(yaml),
             "keys:\n  secret: env:TOCSIN_TEST_WORKER_KEY\n  coordinator: '%s'\n",
             fixture->public_key);
    assert_int_equal(load(fixture, yaml, NULL, NULL), ERR_OK);
    assert_string_equal(fixture->settings->secret_key, fixture->secret_key);
    assert_string_equal(fixture->settings->coordinator_key, fixture->public_key);
    assert_null(fixture->settings->public_key);
    assert_int_equal(unsetenv("TOCSIN_TEST_WORKER_KEY"), 0);
    assert_int_equal(load(fixture, yaml, NULL, NULL), ERR_NOT_FOUND);
    assert_problem_says(fixture, "TOCSIN_TEST_WORKER_KEY");
}

static void half_a_set_of_keys_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char yaml[300];
    snprintf(yaml, sizeof(yaml), "keys:\n  coordinator: '%s'\n", fixture->public_key);
    assert_int_equal(load(fixture, yaml, NULL, NULL), ERR_INVALID);
    assert_problem_says(fixture, "keys.secret");
}

static void a_key_that_is_none_is_refused_and_not_shown(void **state)
{
    struct fixture *fixture = *state;
    char yaml[300];
    assert_int_equal(setenv("TOCSIN_TEST_WORKER_KEY", "not-a-key", 1), 0);
    snprintf(yaml, sizeof(yaml),
             "keys:\n  secret: env:TOCSIN_TEST_WORKER_KEY\n  coordinator: '%s'\n",
             fixture->public_key);
    assert_int_equal(load(fixture, yaml, NULL, NULL), ERR_INVALID);
    assert_problem_says(fixture, "keys.secret");
    assert_null(strstr(fixture->problem.text, "not-a-key"));
    assert_int_equal(unsetenv("TOCSIN_TEST_WORKER_KEY"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_anything_there_are_defaults),
        TEST(metrics_are_served_where_the_settings_say),
        TEST(metrics_are_for_loopback_unless_the_settings_say_otherwise),
        TEST(arguments_go_before_the_environment_and_that_before_the_file),
        TEST(an_unknown_key_is_refused_with_the_nearest),
        TEST(values_out_of_bounds_are_refused),
        TEST(the_secret_key_comes_by_reference),
        TEST(half_a_set_of_keys_is_refused),
        TEST(a_key_that_is_none_is_refused_and_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
