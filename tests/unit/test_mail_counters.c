/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "mailin/mail_counters.h"
#include "tests/unit/unit.h"

static char place[] = "/tmp/tocsin-counters-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct mail_counters counters = {0};
    struct mail_counters read;
    struct buf text = {0};
    counters.counts[MAIL_BOUNCED][MAIL_RESULT_TOLD] = 12;
    counters.counts[MAIL_OTHER][MAIL_RESULT_NOTHING] = UINT64_MAX / 2;
    mail_counters_write(&counters, &text);
    mail_counters_read(&read, buf_view(&text));
    assert_memory_equal(&read, &counters, sizeof(counters));
    buf_release(&text);
}

static void lines_of_others_are_passed_over(void **state)
{
    (void)state;
    struct mail_counters read;
    mail_counters_read(&read, slice_str("# HELP x\nother{kind=\"bounced\"} 3\n"
                                        "tocsin_mailin_mails_total{kind=\"x\",result=\"told\"} 3\n"
                                        "tocsin_mailin_mails_total{kind=\"reply\",result=\"told\"} "
                                        "-3\n"));
    struct mail_counters none = {0};
    assert_memory_equal(&read, &none, sizeof(none));
}

static void each_mail_counts_once_in_the_file(void **state)
{
    (void)state;
    struct problem problem;
    struct buf text = {0};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mail_counters_add(path_of("a"), MAIL_REPLY, MAIL_RESULT_TOLD, &problem),
                         ERR_OK);
    }
    assert_int_equal(mail_counters_add(path_of("a"), MAIL_BOUNCED, MAIL_RESULT_FORGED, &problem),
                     ERR_OK);
    assert_int_equal(file_read(&text, path_of("a"), 4096, &problem), ERR_OK);
    assert_string_equal(
        buf_cstr(&text),
        "# HELP tocsin_mailin_mails_total Mails that were read, by what they were and what became "
        "of them.\n"
        "# TYPE tocsin_mailin_mails_total counter\n"
        "tocsin_mailin_mails_total{kind=\"bounced\",result=\"forged\"} 1\n"
        "tocsin_mailin_mails_total{kind=\"reply\",result=\"told\"} 3\n");
    buf_release(&text);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct problem problem;
    assert_int_not_equal(
        mail_counters_add(path_of("none/a"), MAIL_REPLY, MAIL_RESULT_TOLD, &problem), ERR_OK);
    assert_non_null(strstr(problem.text, "none/a"));
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(place) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path_of("a"));
    (void)unlink(path_of("a.lock"));
    return rmdir(place);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(lines_of_others_are_passed_over),
        cmocka_unit_test(each_mail_counts_once_in_the_file),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
