/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/plan_choice.h"
#include "tests/unit/unit.h"

static void what_is_said_means_one_thing(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        enum plan_choice_kind kind;
    } cases[] = {
        {"sms", PLAN_CHOICE_STEPS},      {"push 5m > sms", PLAN_CHOICE_STEPS},
        {"push>sms", PLAN_CHOICE_STEPS}, {"push+sms", PLAN_CHOICE_STEPS},
        {"sms 5m", PLAN_CHOICE_STEPS},   {"night", PLAN_CHOICE_NAME},
        {"smss", PLAN_CHOICE_NAME},      {"night-2.0", PLAN_CHOICE_NAME},
        {"json", PLAN_CHOICE_NAME},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan_choice choice;
        struct problem problem;
        assert_int_equal(plan_choice_read(&choice, cases[i].said, &problem), ERR_OK);
        assert_int_equal(choice.kind, cases[i].kind);
        assert_true((choice.steps != NULL) == (choice.kind == PLAN_CHOICE_STEPS));
        json_t *plan = choice.kind == PLAN_CHOICE_NAME ? plan_choice_json(&choice) : NULL;
        assert_true(plan == NULL || strcmp(json_string_value(plan), cases[i].said) == 0);
        json_decref(plan);
        plan_choice_release(&choice);
    }
    static const char *const files[] = {"./night", "/no/such", "no-such.json"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct plan_choice choice;
        struct problem problem;
        assert_int_equal(plan_choice_read(&choice, files[i], &problem), ERR_NOT_FOUND);
        assert_int_equal(choice.kind, PLAN_CHOICE_FILE);
        assert_non_null(strstr(problem.text, files[i]));
    }
    struct plan_choice none;
    assert_int_equal(plan_choice_read(&none, NULL, &(struct problem){0}), ERR_OK);
    assert_int_equal(none.kind, PLAN_CHOICE_NONE);
}

static enum err read_file(struct plan_choice *choice, const char *name, const char *text,
                          struct problem *problem)
{
    static char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/tocsin_plan_%ld_%s", (long)getpid(), name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    enum err err = plan_choice_read(choice, path, problem);
    (void)unlink(path);
    return err;
}

static void a_file_has_the_steps(void **state)
{
    (void)state;
    struct plan_choice choice;
    struct problem problem;
    assert_int_equal(read_file(&choice, "a.json",
                               "{\"name\":\"x\",\"modified_at\":\"…\",\"steps\":[{\"channel\":"
                               "\"sms\",\"attempts\":2}]}",
                               &problem),
                     ERR_OK);
    json_t *plan = plan_choice_json(&choice);
    char *text = json_dumps(plan, JSON_COMPACT);
    assert_string_equal(text, "{\"steps\":[{\"channel\":\"sms\",\"attempts\":2}]}");
    free(text);
    json_decref(plan);
    plan_choice_release(&choice);
}

/* What `-` reads. */
static enum err read_input(struct plan_choice *choice, const char *text, struct problem *problem)
{
    char path[] = "/tmp/tocsin_input_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
    enum err err = plan_choice_read(choice, "-", problem);
    if (kept >= 0) {
        assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
        assert_int_equal(close(kept), 0);
    }
    assert_int_equal(close(file), 0);
    (void)unlink(path);
    return err;
}

static void standard_input_may_be_either(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{\"steps\":[{\"channel\":\"sms\"}]}",
        "steps:\n  - channel: sms\n",
        " \n# a comment\nsteps: [{channel: sms}]\n",
    };
    struct plan_choice choice;
    struct problem problem;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(read_input(&choice, good[i], &problem), ERR_OK);
        assert_int_equal(json_array_size(choice.steps), 1);
        plan_choice_release(&choice);
    }
    static const struct {
        const char *text;
        const char *words;
    } wrong[] = {
        {"", "standard input: it is empty"},
        {"hello", "standard input is no JSON"},
        {" {\"steps\": \"a", "standard input is no JSON"},
        {"steps:\n  - channel: *x\n", "standard input: "},
        {"{\"name\":\"\\u0000\"}", "the character \\u0000 is not taken; line 1"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(read_input(&choice, wrong[i].text, &problem), ERR_INVALID);
        if (strstr(problem.text, wrong[i].words) == NULL) {
            fail_msg("%s: %s", wrong[i].text, problem.text);
        }
        plan_choice_release(&choice);
    }
}

static void what_is_wrong_in_a_file_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", "no JSON"},
        {"{\"steps\":", "no JSON"},
        {"[1]", "is no plan"},
        {"7", "is no JSON"},
        {"{}", "has no steps"},
        {"{\"steps\":[]}", "has no steps"},
        {"{\"steps\":{}}", "has no steps"},
        {"{\"step\":[]}", "did you mean \"steps\"?"},
        {"{\"channel\":\"sms\",\"steps\":[{\"channel\":\"sms\"}]}", "no \"channel\", only"},
        {"{\"steps\":[{\"channel\":\"sms\"},{}]}", "step 2 is missing"},
        {"{\"steps\":[7]}", "step 1 is missing"},
        {"{\"steps\":[{\"channel\":\"smss\"}]}", "step 1 is unknown: smss"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan_choice choice;
        struct problem problem;
        assert_int_equal(read_file(&choice, "b.json", cases[i].text, &problem), ERR_INVALID);
        assert_null(choice.steps);
        if (strstr(problem.text, cases[i].words) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", problem.text, cases[i].words);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_means_one_thing),
        cmocka_unit_test(a_file_has_the_steps),
        cmocka_unit_test(standard_input_may_be_either),
        cmocka_unit_test(what_is_wrong_in_a_file_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
