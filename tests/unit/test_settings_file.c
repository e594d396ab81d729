/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/settings_file.h"
#include "tests/unit/unit.h"

struct test_keys {
    char *public;
    char *secret;
};

struct test_room {
    char *name;
    uint32_t size;
};

struct test_settings {
    char *name;
    uint32_t *threads;
    bool loud;
    struct test_keys keys;
    char **words;
    unsigned words_count;
    struct test_room *rooms;
    unsigned rooms_count;
};

#define OPTIONAL_POINTER (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)

static const cyaml_schema_value_t word_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 8),
};
static const cyaml_schema_field_t key_fields[] = {
    CYAML_FIELD_STRING_PTR("public", OPTIONAL_POINTER, struct test_keys, public, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("secret", OPTIONAL_POINTER, struct test_keys, secret, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t room_fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL_POINTER, struct test_room, name, 1, 16),
    CYAML_FIELD_UINT("size", CYAML_FLAG_OPTIONAL, struct test_room, size),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t room_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct test_room, room_fields),
};
static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL_POINTER, struct test_settings, name, 1, 64),
    CYAML_FIELD_UINT_PTR("threads", OPTIONAL_POINTER, struct test_settings, threads),
    CYAML_FIELD_BOOL("loud", CYAML_FLAG_OPTIONAL, struct test_settings, loud),
    CYAML_FIELD_MAPPING("keys", CYAML_FLAG_OPTIONAL, struct test_settings, keys, key_fields),
    CYAML_FIELD_SEQUENCE("words", OPTIONAL_POINTER, struct test_settings, words, &word_schema, 0,
                         4),
    CYAML_FIELD_SEQUENCE("rooms", OPTIONAL_POINTER, struct test_settings, rooms, &room_schema, 0,
                         4),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct test_settings, fields),
};

struct fixture {
    char path[64];
    struct test_settings *settings;
    struct problem problem;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    strcpy(fixture->path, "/tmp/tocsin_settings_XXXXXX");
    int fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    (void)close(fd);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->path);
    settings_file_free(fixture->settings, &schema);
    free(fixture);
    return 0;
}

static enum err load(struct fixture *fixture, const char *yaml, const char *const *environment)
{
    static char *const nothing[] = {NULL};
    char *given[8] = {NULL};
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        given[i] = strdup(environment[i]);
    }
    const struct settings_source source = {
        .path = yaml == NULL ? NULL : fixture->path,
        .prefix = "TOCSIN_TEST",
        .environment = environment == NULL ? nothing : given,
    };
    if (yaml != NULL) {
        FILE *file = fopen(fixture->path, "we");
        assert_non_null(file);
        (void)fputs(yaml, file);
        assert_int_equal(fclose(file), 0);
    }
    settings_file_free(fixture->settings, &schema);
    fixture->problem.text[0] = '\0';
    enum err err =
        settings_file_load((void **)&fixture->settings, &schema, &source, &fixture->problem);
    for (size_t i = 0; given[i] != NULL; i++) {
        free(given[i]);
    }
    if (err != ERR_OK) {
        assert_null(fixture->settings);
    }
    return err;
}

static void assert_problem_says(const struct fixture *fixture, const char *part)
{
    if (strstr(fixture->problem.text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, fixture->problem.text);
    }
}

static void values_of_the_file_arrive(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture,
                          "name: w1\nthreads: 3\nloud: yes\nkeys:\n  public: abc\n"
                          "words: [a, b]\nrooms:\n  - name: hall\n    size: 7\n",
                          NULL),
                     ERR_OK);
    const struct test_settings *settings = fixture->settings;
    assert_string_equal(settings->name, "w1");
    assert_int_equal(*settings->threads, 3);
    assert_true(settings->loud);
    assert_string_equal(settings->keys.public, "abc");
    assert_null(settings->keys.secret);
    assert_int_equal(settings->words_count, 2);
    assert_string_equal(settings->words[1], "b");
    assert_string_equal(settings->rooms[0].name, "hall");
    assert_int_equal(settings->rooms[0].size, 7);
}

static void an_empty_file_and_no_file_leave_everything_absent(void **state)
{
    static const char *const texts[] = {"", "# nothing\n", "{}", NULL};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(load(fixture, texts[i], NULL), ERR_OK);
        assert_null(fixture->settings->name);
        assert_null(fixture->settings->threads);
    }
}

static void an_absent_file_is_named(void **state)
{
    struct fixture *fixture = *state;
    const struct settings_source source = {.path = "/nonexistent.yaml", .prefix = "TOCSIN_TEST"};
    void *settings = NULL;
    assert_int_equal(settings_file_load(&settings, &schema, &source, &fixture->problem),
                     ERR_NOT_FOUND);
    assert_problem_says(fixture, "/nonexistent.yaml");
}

static void an_unknown_key_is_refused_with_the_nearest_known_one(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "thread: 3\n", NULL), ERR_INVALID);
    assert_problem_says(fixture, "unknown key \"thread\"; did you mean \"threads\"?");
    assert_int_equal(load(fixture, "name: x\nkeys:\n  pubic: x\n", NULL), ERR_INVALID);
    assert_problem_says(fixture, "unknown key \"keys.pubic\"; did you mean \"public\"?");
    assert_int_equal(load(fixture, "rooms:\n  - nme: x\n", NULL), ERR_INVALID);
    assert_problem_says(fixture, "nme\"; did you mean \"name\"?");
}

static void an_unknown_key_without_a_near_one_lists_what_is_known(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "keys:\n  zzzzzzzz: x\n", NULL), ERR_INVALID);
    assert_problem_says(fixture, "known here: public, secret");
}

static void a_value_of_the_wrong_kind_is_refused_with_its_place(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "name: x\nthreads: many\n", NULL), ERR_INVALID);
    assert_problem_says(fixture, fixture->path);
    assert_problem_says(fixture, ":2: threads: ");
    assert_problem_says(fixture, "many");
    assert_int_equal(load(fixture, "words: [a, toolongaword]\n", NULL), ERR_INVALID);
    assert_problem_says(fixture, "words");
    assert_int_equal(load(fixture, "- a\n", NULL), ERR_INVALID);
    assert_int_equal(load(fixture, "\tname: a\n", NULL), ERR_INVALID);
    assert_int_equal(load(fixture, "threads: 1\nthreads: 2\n", NULL), ERR_INVALID);
}

static void what_stands_in_the_place_of_keys_or_a_list_is_told_in_plain_words(void **state)
{
    static const struct {
        const char *yaml;
        const char *says;
    } cases[] = {
        {"name: a\nkeys:\nthreads: 1\n", ":2: keys: keys and their values were expected here"},
        {"words:\n", ":1: words: a list was expected here"},
        {"name: [a]\n", ":1: name: a single value was expected here"},
        {"hello\n", "keys and their values were expected here"},
        {"name: a\nwords: [\xff]\n", ":2: settings are written in UTF-8"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(load(fixture, cases[i].yaml, NULL), ERR_INVALID);
        assert_problem_says(fixture, cases[i].says);
    }
}

static void the_environment_overrides_every_kind_of_value(void **state)
{
    static const char *const environment[] = {
        "TOCSIN_TEST_NAME=a \"b\": #c",
        "TOCSIN_TEST_THREADS=8",
        "TOCSIN_TEST_LOUD=true",
        "TOCSIN_TEST_KEYS_SECRET=env:KEY",
        "TOCSIN_TEST_WORDS=[x, y, z]",
        "TOCSIN_TEST_ROOMS=[{name: attic, size: 2}]",
        NULL,
    };
    struct fixture *fixture = *state;
    static const char *const texts[] = {
        NULL,
        "name: w1\nthreads: 3\nkeys:\n  public: abc\n  secret: def\nwords: [a]\n"
        "rooms:\n  - name: hall\n",
    };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(load(fixture, texts[i], environment), ERR_OK);
        const struct test_settings *settings = fixture->settings;
        assert_string_equal(settings->name, "a \"b\": #c");
        assert_int_equal(*settings->threads, 8);
        assert_true(settings->loud);
        assert_string_equal(settings->keys.secret, "env:KEY");
        assert_int_equal(settings->words_count, 3);
        assert_string_equal(settings->words[2], "z");
        assert_int_equal(settings->rooms_count, 1);
        assert_string_equal(settings->rooms[0].name, "attic");
    }
    assert_string_equal(fixture->settings->keys.public, "abc");
}

static void an_empty_variable_counts_as_none(void **state)
{
    static const char *const environment[] = {"TOCSIN_TEST_NAME=", NULL};
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "name: w1\n", environment), ERR_OK);
    assert_string_equal(fixture->settings->name, "w1");
}

static void a_bad_value_in_the_environment_is_refused_with_its_variable(void **state)
{
    static const char *const environment[] = {"TOCSIN_TEST_THREADS=many", NULL};
    static const char *const nested[] = {"TOCSIN_TEST_KEYS={publik: a}", NULL};
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "name: w1\n", environment), ERR_INVALID);
    assert_problem_says(fixture, "TOCSIN_TEST_THREADS");
    assert_int_equal(load(fixture, "name: w1\n", nested), ERR_INVALID);
    assert_problem_says(fixture, "did you mean \"public\"?");
}

static void a_variable_that_names_no_key_is_warned_of(void **state)
{
    static const char *const environment[] = {"TOCSIN_TEST_THREDS=2", "TOCSIN_TESTING=1",
                                              "TOCSIN_TEST_PORT_7400_TCP=tcp://10.0.0.1", NULL};
    struct fixture *fixture = *state;
    char line[1024] = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    log_init(LOG_WARN, ends[1]);
    assert_int_equal(load(fixture, "name: w1\n", environment), ERR_OK);
    log_init(LOG_WARN, 2);
    (void)close(ends[1]);
    size_t len = 0;
    ssize_t got = 0;
    while ((got = read(ends[0], line + len, sizeof(line) - 1 - len)) > 0) {
        len += (size_t)got;
    }
    (void)close(ends[0]);
    assert_non_null(strstr(line, "variable=TOCSIN_TEST_THREDS nearest=TOCSIN_TEST_THREADS"));
    assert_non_null(strstr(line, "variable=TOCSIN_TEST_PORT_7400_TCP"));
    assert_null(strstr(line, "TOCSIN_TESTING"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_of_the_file_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_and_no_file_leave_everything_absent, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_absent_file_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_key_is_refused_with_the_nearest_known_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unknown_key_without_a_near_one_lists_what_is_known,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_of_the_wrong_kind_is_refused_with_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            what_stands_in_the_place_of_keys_or_a_list_is_told_in_plain_words, setup, teardown),
        cmocka_unit_test_setup_teardown(the_environment_overrides_every_kind_of_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_empty_variable_counts_as_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_value_in_the_environment_is_refused_with_its_variable,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_variable_that_names_no_key_is_warned_of, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
