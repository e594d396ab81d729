/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/event_lines.h"
#include "tests/unit/unit.h"

struct heard {
    struct buf all;
    unsigned count;
    unsigned max;
};

static bool hear(void *arg, struct slice data)
{
    struct heard *heard = arg;
    buf_slice(&heard->all, data);
    buf_str(&heard->all, "|");
    return ++heard->count < heard->max;
}

static void expect_heard(const char *stream, const char *data, const char *id)
{
    for (size_t piece = 1; piece <= strlen(stream); piece++) {
        struct event_lines lines = {0};
        struct heard heard = {.max = 100};
        for (size_t at = 0; at < strlen(stream); at += piece) {
            size_t len = strlen(stream) - at < piece ? strlen(stream) - at : piece;
            assert_true(event_lines_take(&lines, slice_of(stream + at, len), hear, &heard));
        }
        assert_string_equal(buf_cstr(&heard.all), data);
        assert_string_equal(buf_cstr(&lines.id), id);
        buf_release(&heard.all);
        event_lines_release(&lines);
    }
}

/* As in the standard's examples. */
static void events_are_read_however_they_are_cut(void **state)
{
    (void)state;
    expect_heard("data: one\n\ndata: two\n\n", "one|two|", "");
    expect_heard("retry: 3000\nid: e7\nevent: x\ndata: {\"a\": 1}\n\n: comment\n\n", "{\"a\": 1}|",
                 "e7");
    expect_heard("data: YHOO\ndata: +2\ndata: 10\n\n", "YHOO\n+2\n10|", "");
    expect_heard("data\n\ndata\ndata\n\ndata:", "|\n|", "");
    expect_heard("data:test\r\n\r\ndata: test\r\rdata:  test\n\n", "test|test| test|", "");
    expect_heard("id: e1\n\nid\ndata: x\n\n", "x|", "");
    expect_heard("data: not whole", "", "");
}

static void another_answer_begins_anew_and_keeps_the_id(void **state)
{
    struct event_lines lines = {0};
    struct heard heard = {.max = 100};
    (void)state;
    assert_true(event_lines_take(&lines, slice_str("id: e3\ndata: ha"), hear, &heard));
    event_lines_begin(&lines);
    assert_true(event_lines_take(&lines, slice_str("data: whole\n\n"), hear, &heard));
    assert_string_equal(buf_cstr(&heard.all), "whole|");
    assert_string_equal(buf_cstr(&lines.id), "e3");
    buf_release(&heard.all);
    event_lines_release(&lines);
}

static void what_is_too_long_is_an_error(void **state)
{
    struct event_lines lines = {0};
    struct heard heard = {.max = 1};
    struct buf flood = {0};
    (void)state;
    for (unsigned i = 0; i < 1024; i++) {
        buf_slice(&flood, slice_str("0123456789abcdef"));
    }
    bool goes_on = true;
    for (unsigned i = 0; i < 100 && goes_on; i++) {
        goes_on = event_lines_take(&lines, buf_view(&flood), hear, &heard);
    }
    assert_false(goes_on);
    event_lines_begin(&lines);
    assert_false(event_lines_take(&lines, slice_str("data: x\n\ndata: y\n\n"), hear, &heard));
    assert_string_equal(buf_cstr(&heard.all), "x|"); /* no more is wanted */
    buf_release(&heard.all);
    buf_release(&flood);
    event_lines_release(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read_however_they_are_cut),
        cmocka_unit_test(another_answer_begins_anew_and_keeps_the_id),
        cmocka_unit_test(what_is_too_long_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
