/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/command_table.h"
#include "cli/provider_request.h"
#include "tests/unit/unit.h"

/* The request of `tocsin provider set g …`, as text with sorted members; "" if it is refused. */
static void request_of(struct buf *text, struct problem *problem, const char *const *words)
{
    char *argv[16] = {(char *)(uintptr_t) "tocsin", (char *)(uintptr_t) "provider",
                      (char *)(uintptr_t) "set", (char *)(uintptr_t) "g"};
    int argc = 4;
    struct arguments arguments;
    json_t *request = NULL;
    for (; words[argc - 4] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc - 4];
    }
    assert_int_equal(command_parse(&arguments, command_table, argc, argv, problem), ERR_OK);
    buf_clear(text);
    if (provider_request_new(&request, &arguments, problem) == ERR_OK) {
        char *dump = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
        buf_str(text, dump);
        free(dump);
    } else {
        assert_null(request);
    }
    json_decref(request);
}

static void every_option_finds_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *words[8];
        const char *request;
    } cases[] = {
        {{"--rate", "500", "--burst", "20"}, "{\"burst\":20.0,\"rate\":500.0}"},
        {{"--rate", "settings"}, "{\"rate\":null}"},
        {{"--concurrency", "40"}, "{\"concurrency\":40}"},
        {{"--concurrency", "none", "--quota", "settings"},
         "{\"concurrency\":\"none\",\"quota\":null}"},
        {{"--quota", "10000"}, "{\"quota\":10000}"},
        {{"--quota", "10000/Europe/Oslo"}, "{\"quota\":10000,\"quota_zone\":\"Europe/Oslo\"}"},
        {{"--quiet-hours", "22:00-07:00/Europe/Oslo"},
         "{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Oslo\"}}"},
        {{"--quiet-hours", "none"}, "{\"quiet_hours\":\"none\"}"},
        {{"--quiet-hours", "settings"}, "{\"quiet_hours\":null}"},
    };
    struct buf text = {0};
    struct problem problem;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request_of(&text, &problem, cases[i].words);
        assert_buf_is(&text, cases[i].request);
    }
    buf_release(&text);
}

static void what_has_no_such_shape_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[8];
        const char *says;
    } cases[] = {
        {{NULL}, "say what to change"},
        {{"--burst", "20"}, "--burst goes with --rate"},
        {{"--rate", "fast"}, "--rate takes a number"},
        {{"--concurrency", "4.5"}, "--concurrency cannot be \"4.5\"; it is a whole number"},
        {{"--concurrency", ""}, "--concurrency cannot be \"\""},
        {{"--quota", "many/UTC"}, "--quota cannot be \"many\""},
        {{"--quota", "-5"}, "--quota cannot be \"-5\""},
        {{"--quiet-hours", "22:00"}, "--quiet-hours cannot be \"22:00\""},
    };
    struct buf text = {0};
    struct problem problem;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request_of(&text, &problem, cases[i].words);
        assert_int_equal(text.len, 0);
        if (strstr(problem.text, cases[i].says) == NULL) {
            fail_msg("%s", problem.text);
        }
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_finds_its_place),
        cmocka_unit_test(what_has_no_such_shape_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
