/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/unit/unit.h"

struct sink {
    int read_fd;
    int write_fd;
    char line[8192];
    size_t len;
};

static int sink_open(void **state)
{
    static struct sink sink;
    int fds[2];
    if (pipe(fds) != 0) {
        return -1;
    }
    sink = (struct sink){.read_fd = fds[0], .write_fd = fds[1]};
    *state = &sink;
    log_init(LOG_INFO, sink.write_fd);
    return 0;
}

static int sink_close(void **state)
{
    struct sink *sink = *state;
    log_init(LOG_INFO, STDERR_FILENO);
    close(sink->read_fd);
    return close(sink->write_fd);
}

/* All that was logged, behind the 24 characters of the time and a blank. A mark keeps read from
 * waiting. */
static const char *sink_text(struct sink *sink)
{
    assert_int_equal(write(sink->write_fd, "\x04", 1), 1);
    while (sink->len == 0 || sink->line[sink->len - 1] != '\x04') {
        ssize_t got = read(sink->read_fd, sink->line + sink->len, sizeof(sink->line) - sink->len);
        assert_true(got > 0);
        sink->len += (size_t)got;
    }
    sink->line[--sink->len] = '\0';
    return sink->len < 25 ? sink->line : sink->line + 25;
}

static void an_event_is_one_line_with_its_fields(void **state)
{
    struct sink *sink = *state;
    LOG_I("ledger", "opened", "dir=%s pages=%d", "/var/lib/tocsin", 977);
    assert_string_equal(sink_text(sink), "info ledger opened dir=/var/lib/tocsin pages=977\n");
    assert_int_equal(sink->line[10], 'T');
    assert_int_equal(sink->line[23], 'Z');
    assert_int_equal(sink->line[24], ' ');
}

static void an_event_without_fields_ends_with_its_word(void **state)
{
    LOG_E("link", "closed", "");
    assert_string_equal(sink_text(*state), "error link closed\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    struct sink *sink = *state;
    LOG_D("link", "closed", "");
    assert_string_equal(sink_text(sink), "");
    log_init(LOG_ERROR, sink->write_fd);
    LOG_W("link", "closed", "");
    LOG_I("link", "closed", "");
    assert_string_equal(sink_text(sink), "");
}

static void control_characters_cannot_forge_a_line(void **state)
{
    LOG_W("api", "refused", "name=%s", "a\nb\r\tc\x7f");
    assert_string_equal(sink_text(*state), "warn api refused name=a?b??c?\n");
}

static void a_line_too_long_is_cut_off_and_says_so(void **state)
{
    struct sink *sink = *state;
    LOG_I("api", "refused", "name=%5000d", 1);
    const char *text = sink_text(sink);
    assert_string_equal(text + strlen(text) - 4, "...\n");
    assert_int_equal(sink->len, 2048 - 1);
}

static void logging_leaves_errno_alone(void **state)
{
    (void)state;
    log_init(LOG_INFO, -1);
    errno = ENOSPC;
    LOG_I("ledger", "full", "");
    assert_int_equal(errno, ENOSPC);
}

static void level_names_are_read_exactly(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_false(log_level_parse("Debug", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_DEBUG);
}

int main(void)
{
#define WITH_SINK(test) cmocka_unit_test_setup_teardown(test, sink_open, sink_close)
    const struct CMUnitTest tests[] = {
        WITH_SINK(an_event_is_one_line_with_its_fields),
        WITH_SINK(an_event_without_fields_ends_with_its_word),
        WITH_SINK(lines_above_the_level_are_dropped),
        WITH_SINK(control_characters_cannot_forge_a_line),
        WITH_SINK(a_line_too_long_is_cut_off_and_says_so),
        WITH_SINK(logging_leaves_errno_alone),
        cmocka_unit_test(level_names_are_read_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
