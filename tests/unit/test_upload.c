/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command_table.h"
#include "cli/upload.h"
#include "tests/unit/unit.h"

static void compression_is_told_from_the_first_bytes(void **state)
{
    (void)state;
    assert_int_equal(upload_encoding_of(slice_of("\x1f\x8b\x08\x00", 4)), UPLOAD_GZIP);
    assert_int_equal(upload_encoding_of(slice_of("\x28\xb5\x2f\xfd", 4)), UPLOAD_ZSTD);
    assert_int_equal(upload_encoding_of(slice_str("id,p")), UPLOAD_PLAIN);
    assert_int_equal(upload_encoding_of(slice_of("\x28\xb5", 2)), UPLOAD_PLAIN);
    assert_int_equal(upload_encoding_of(slice_str("")), UPLOAD_PLAIN);
}

static void the_format_comes_from_option_name_or_first_byte(void **state)
{
    (void)state;
    struct slice csv = slice_str("id,p");
    struct slice json = slice_str("{\"id");
    assert_string_equal(upload_type_of(NULL, "a.csv", json), "text/csv");
    assert_string_equal(upload_type_of(NULL, "a.ndjson", csv), "application/x-ndjson");
    assert_string_equal(upload_type_of(NULL, "a.jsonl.gz", csv), "application/x-ndjson");
    assert_string_equal(upload_type_of(NULL, "a.csv.zst", csv), "text/csv");
    assert_string_equal(upload_type_of(NULL, "-", json), "application/x-ndjson");
    assert_string_equal(upload_type_of(NULL, "-", csv), "text/csv");
    assert_string_equal(upload_type_of("ndjson", "a.csv", csv), "application/x-ndjson");
    assert_string_equal(upload_type_of("csv", "a.ndjson", json), "text/csv");
}

static void an_audience_is_called_as_its_file(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *name;
    } cases[] = {
        {"/tmp/customers.csv.zst", "customers"},
        {"list.ndjson", "list"},
        {"a.b.csv.gz", "a.b"},
        {".csv", ".csv"},
        {"-", "standard input"},
        {"two\nlines\x1b.csv", "two lines?"},
        {"\xff\xfe\xc3\x98.csv", "??\xc3\x98"},
    };
    struct buf name = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        upload_name_of(&name, cases[i].file);
        assert_buf_is(&name, cases[i].name);
    }
    char longer[201];
    memset(longer, 'x', sizeof(longer) - 1);
    memcpy(longer + 127, "\xc3\x98", 2);
    longer[200] = '\0';
    upload_name_of(&name, longer);
    assert_int_equal(name.len, 127);
    buf_release(&name);
}

/* The path that the options of `tocsin audience import FILE …` give. */
static enum err path_of(struct buf *path, struct problem *problem, int argc,
                        const char *const *words)
{
    char *argv[16] = {NULL};
    struct arguments arguments;
    for (int i = 0; i < argc; i++) {
        argv[i] = (char *)(uintptr_t)words[i];
    }
    assert_int_equal(command_parse(&arguments, command_table, argc, argv, problem), ERR_OK);
    return upload_path(path, &arguments, slice_str("Oslo, east"), problem);
}

#define PATH_OF(path, problem, ...)                                                                \
    path_of(path, problem,                                                                         \
            (int)(sizeof((const char *[]){"tocsin", "audience", "import", "f", __VA_ARGS__}) /     \
                  sizeof(char *)),                                                                 \
            (const char *[]){"tocsin", "audience", "import", "f", __VA_ARGS__})

static void options_become_the_requests_query(void **state)
{
    (void)state;
    struct buf path = {0};
    struct problem problem;
    assert_int_equal(PATH_OF(&path, &problem, "--quiet"), ERR_OK);
    assert_buf_is(&path, "/v1/audiences?name=Oslo%2C%20east");
    assert_int_equal(PATH_OF(&path, &problem, "--map", "id=no", "--map", "phone=Mobile nr,email=E"),
                     ERR_OK);
    assert_buf_is(
        &path, "/v1/audiences?name=Oslo%2C%20east&map=id%3Dno%2Cphone%3DMobile%20nr%2Cemail%3DE");
    assert_int_equal(PATH_OF(&path, &problem, "--on-error", "max=12"), ERR_OK);
    assert_buf_is(&path, "/v1/audiences?name=Oslo%2C%20east&on_error=max&max=12");
    assert_int_equal(PATH_OF(&path, &problem, "--on-error", "skip"), ERR_OK);
    assert_buf_is(&path, "/v1/audiences?name=Oslo%2C%20east&on_error=skip");
    buf_release(&path);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct buf path = {0};
    struct problem problem;
    assert_int_equal(PATH_OF(&path, &problem, "--map", "phone"), ERR_INVALID);
    assert_string_equal(problem.text,
                        "--map cannot be \"phone\"; it is FIELD=COLUMN, such as phone=Mobile");
    assert_int_equal(PATH_OF(&path, &problem, "--on-error", "max"), ERR_INVALID);
    assert_int_equal(PATH_OF(&path, &problem, "--on-error", "max=-1"), ERR_INVALID);
    assert_int_equal(PATH_OF(&path, &problem, "--on-error", "ignore"), ERR_INVALID);
    assert_string_equal(
        problem.text, "--on-error cannot be \"ignore\"; it is stop, skip, or max=N with a number");
    buf_release(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compression_is_told_from_the_first_bytes),
        cmocka_unit_test(the_format_comes_from_option_name_or_first_byte),
        cmocka_unit_test(an_audience_is_called_as_its_file),
        cmocka_unit_test(options_become_the_requests_query),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
