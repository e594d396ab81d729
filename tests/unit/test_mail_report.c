/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "mailin/mail_report.h"
#include "tests/unit/unit.h"

static struct arena arena;

static struct mail_report read(const char *text)
{
    struct mail_report report;
    mail_report_read_status(&report, slice_str(text), &arena);
    return report;
}

static enum mail_delivery delivery(const char *fields)
{
    struct buf text = {0};
    buf_printf(&text, "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b\n%s", fields);
    struct mail_report report = read(buf_cstr(&text));
    buf_release(&text);
    return report.delivery;
}

static void codes_about_the_address_are_hard_and_no_others(void **state)
{
    (void)state;
    static const char *const hard[] = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"};
    static const char *const soft[] = {"5.1.0",  "5.1.4", "5.1.7", "5.1.8", "5.1.11", "5.2.1",
                                       "5.2.2",  "5.3.4", "5.7.1", "5.0.0", "4.1.1",  "4.4.7",
                                       "5.11.1", "5.1",   "x",     "6.1.1"};
    char fields[80];
    for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
        (void)snprintf(fields, sizeof(fields), "Action: failed\nStatus: %s\n", hard[i]);
        assert_int_equal(delivery(fields), MAIL_DELIVERY_HARD);
    }
    for (size_t i = 0; i < sizeof(soft) / sizeof(soft[0]); i++) {
        (void)snprintf(fields, sizeof(fields), "Action: failed\nStatus: %s\n", soft[i]);
        assert_int_equal(delivery(fields), MAIL_DELIVERY_SOFT);
    }
}

static void what_is_late_is_not_final(void **state)
{
    (void)state;
    assert_int_equal(delivery("Action: delayed\nStatus: 4.4.1\n"), MAIL_DELIVERY_DELAYED);
    assert_int_equal(delivery("Action: delayed\nStatus: 5.1.1\n"), MAIL_DELIVERY_DELAYED);
    assert_int_equal(delivery("Status: 4.4.1\n"), MAIL_DELIVERY_DELAYED);
    assert_int_equal(delivery("Status: 5.1.1\n"), MAIL_DELIVERY_HARD);
    assert_int_equal(delivery("Action: whatever\n"), MAIL_DELIVERY_UNKNOWN);
}

static void a_status_that_says_nothing_gives_way_to_the_diagnostic(void **state)
{
    (void)state;
    struct mail_report report = read("Action: failed\nStatus: 5.0.0\n"
                                     "Diagnostic-Code: smtp; 550-5.1.1 no such\n 550 5.1.1 user\n");
    assert_int_equal(report.delivery, MAIL_DELIVERY_HARD);
    assert_int_equal(report.smtp_code, 550);
    report = read("Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.1.1 no such\n");
    assert_int_equal(report.delivery, MAIL_DELIVERY_SOFT);
    report = read("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 #5.1.1 none\n");
    assert_int_equal(report.delivery, MAIL_DELIVERY_HARD);
    report = read("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: X-Unix; 5501\n");
    assert_int_equal(report.smtp_code, 0);
}

static void of_several_recipients_one_that_got_it_outweighs(void **state)
{
    (void)state;
    struct mail_report report =
        read("Reporting-MTA: x\n\n\nFinal-Recipient: rfc822; a@b\n"
             "Action: failed\nStatus: 5.2.2\n\n"
             "Final-Recipient: rfc822; c@d\nAction: failed\nStatus: 5.1.1\n");
    assert_int_equal(report.recipients, 2);
    assert_int_equal(report.delivery, MAIL_DELIVERY_HARD);
    report = read("Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
                  "Final-Recipient: rfc822; c@d\r\nAction: expanded\r\nStatus: 2.0.0\r\n");
    assert_int_equal(report.delivery, MAIL_DELIVERY_RELAYED);
    report = read("Final-Recipient: rfc822; a@b\nAction: delivered\nStatus: 2.1.5\n\n"
                  "Final-Recipient: rfc822; c@d\nAction: relayed\nStatus: 2.0.0\n");
    assert_int_equal(report.delivery, MAIL_DELIVERY_DONE);
}

static void qmails_own_reports_are_read(void **state)
{
    (void)state;
    struct mail_report report;
    assert_true(mail_report_read_plain(
        &report,
        slice_str("Hi. This is the qmail-send program at a.example.\nI give up.\n\n"
                  "<full@a.example>:\nover quota (#5.2.2)\n\n"
                  "<gone@a.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\n"
                  "--- Below this line is a copy of the message.\n\n<x>: (#5.1.2)\n")));
    assert_int_equal(report.recipients, 2);
    assert_int_equal(report.delivery, MAIL_DELIVERY_HARD);
    assert_true(mail_report_read_plain(
        &report, slice_str("Hi. This is the qmail-send program\n\n<a@b>:\nI don't like you\n")));
    assert_int_equal(report.delivery, MAIL_DELIVERY_SOFT);
    assert_true(mail_report_read_plain(&report, slice_str("Hi. This is the end")));
    assert_int_equal(report.delivery, MAIL_DELIVERY_UNKNOWN);
    assert_false(mail_report_read_plain(&report, slice_str("Hi, this is Bob (#5.1.1)")));
}

static void a_report_without_recipients_says_nothing(void **state)
{
    (void)state;
    struct mail_report report = read("Reporting-MTA: dns; x\nArrival-Date: y\n");
    assert_int_equal(report.recipients, 0);
    assert_int_equal(report.delivery, MAIL_DELIVERY_UNKNOWN);
    assert_int_equal(read("").delivery, MAIL_DELIVERY_UNKNOWN);
}

static void no_more_recipients_are_read_than_the_limit(void **state)
{
    (void)state;
    struct buf text = {0};
    for (unsigned i = 0; i < 10 * MAIL_REPORT_RECIPIENTS_MAX; i++) {
        buf_str(&text, "Action: failed\nStatus: 5.1.1\n\n");
    }
    assert_int_equal(read(buf_cstr(&text)).recipients, MAIL_REPORT_RECIPIENTS_MAX);
    buf_release(&text);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_about_the_address_are_hard_and_no_others),
        cmocka_unit_test(what_is_late_is_not_final),
        cmocka_unit_test(a_status_that_says_nothing_gives_way_to_the_diagnostic),
        cmocka_unit_test(of_several_recipients_one_that_got_it_outweighs),
        cmocka_unit_test(qmails_own_reports_are_read),
        cmocka_unit_test(a_report_without_recipients_says_nothing),
        cmocka_unit_test(no_more_recipients_are_read_than_the_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
