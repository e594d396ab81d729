/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailin/mail_options.h"
#include "tests/unit/unit.h"

#define WORDS_MAX 32

static struct mail_options options;
static struct problem problem;

/* The words of one line, as a shell would give them. */
static enum err read(const char *line)
{
    static char copy[512];
    char *words[WORDS_MAX];
    int count = 0;
    char *rest;
    (void)snprintf(copy, sizeof(copy), "tocsin-mailin %s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    problem = (struct problem){0};
    return mail_options_read(&options, count, words, &problem);
}

static void assert_refused(const char *line, const char *why)
{
    assert_int_equal(read(line), ERR_INVALID);
    if (strstr(problem.text, why) == NULL) {
        fail_msg("%s: %s", line, problem.text);
    }
}

static void a_provider_is_enough(void **state)
{
    (void)state;
    assert_int_equal(read("--provider relay"), ERR_OK);
    assert_string_equal(options.provider, "relay");
    assert_string_equal(options.api, "http://127.0.0.1:7480");
    assert_string_equal(options.bounces, "bounces");
    assert_string_equal(options.replies, "reply");
    assert_null(options.token_file);
    assert_null(options.maildir);
    assert_null(options.recipient);
    assert_int_equal(options.every_ms, 10000);
}

static void every_option_is_taken(void **state)
{
    (void)state;
    assert_int_equal(read("--provider r --recipient a@b --maildir /m --api http://c:1 --token-file "
                          "/t --bounces b --replies x --counters /c --public "
                          "http://p:2"),
                     ERR_OK);
    assert_string_equal(options.recipient, "a@b");
    assert_string_equal(options.maildir, "/m");
    assert_string_equal(options.api, "http://c:1");
    assert_string_equal(options.token_file, "/t");
    assert_string_equal(options.bounces, "b");
    assert_string_equal(options.replies, "x");
    assert_string_equal(options.counters, "/c");
    assert_string_equal(options.public, "http://p:2");
    assert_int_equal(read("--provider r --every 500ms --log-level debug"), ERR_OK);
    assert_int_equal(options.every_ms, 500);
    assert_int_equal(options.log_level, LOG_DEBUG);
}

static void the_environment_speaks_where_the_line_does_not(void **state)
{
    (void)state;
    (void)setenv("ORIGINAL_RECIPIENT", "bounces+x@n.example", 1);
    (void)setenv("TOCSIN_API", "http://c:2", 1);
    (void)setenv("TOCSIN_TOKEN_FILE", "", 1);
    assert_int_equal(read("--provider r"), ERR_OK);
    assert_string_equal(options.recipient, "bounces+x@n.example");
    assert_string_equal(options.api, "http://c:2");
    assert_null(options.token_file);
    assert_int_equal(read("--provider r --recipient y@z"), ERR_OK);
    assert_string_equal(options.recipient, "y@z");
    (void)unsetenv("ORIGINAL_RECIPIENT");
    (void)unsetenv("TOCSIN_API");
    (void)unsetenv("TOCSIN_TOKEN_FILE");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    assert_refused("", "--provider is missing");
    assert_refused("--provider", "--provider wants something behind it");
    assert_refused("--provider a/b", "is no name of a provider");
    assert_refused("--provder r", "did you mean --provider?");
    assert_refused("mail", "mail is no option");
    assert_refused("--provider r --every 2h", "--every 2h is no duration up to 1h");
    assert_refused("--provider r --every 0", "--every 0");
    assert_refused("--provider r --log-level loud", "none of error, warn, info and debug");
    assert_refused("--provider r --bounces a+b", "--bounces and --replies are words");
}

static void help_and_version_need_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(read("--help"), ERR_OK);
    assert_true(options.wants_help);
    assert_int_equal(read("--version"), ERR_OK);
    assert_true(options.wants_version);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_is_enough),
        cmocka_unit_test(every_option_is_taken),
        cmocka_unit_test(the_environment_speaks_where_the_line_does_not),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(help_and_version_need_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
