/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails as several servers and mail programs write them, the fuzzer's corpus, and what each means.
 */
#include <dirent.h>
#include <stdio.h>

#include "common/file.h"
#include "mailin/mail_finding.h"
#include "tests/unit/unit.h"

#define TOKEN "AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq1"

static const struct mail_finding_rules rules = {"bounces", "reply"};

struct known {
    const char *name;
    enum mail_kind kind;
    bool has_token;
    uint16_t reason;
    const char *status;
    const char *text;
};

static const struct known mails[] = {
    {"postfix_unknown", MAIL_BOUNCED, true, 550, "5.1.1", ""},
    {"postfix_unknown_crlf", MAIL_BOUNCED, true, 550, "5.1.1", ""},
    {"postfix_full", MAIL_FAILED, true, 552, "5.2.2", ""},
    {"postfix_expired", MAIL_FAILED, true, 451, "4.4.1", ""},
    {"postfix_policy", MAIL_FAILED, true, 554, "5.7.1", ""},
    {"postfix_delayed", MAIL_DELAYED, true, 0, "4.4.1", ""},
    {"postfix_relayed", MAIL_RELAYED, true, 0, "2.0.0", ""},
    {"two_recipients", MAIL_DELIVERED, true, 0, "2.1.5", ""},
    {"late_and_gone", MAIL_BOUNCED, true, 550, "5.1.1", ""},
    {"token_in_returned_header", MAIL_BOUNCED, true, 550, "5.1.1", ""},
    {"of_somebody_else", MAIL_OTHER, false, 550, "5.1.1", ""},
    {"exim_unknown", MAIL_BOUNCED, true, 550, "5.1.1", ""},
    {"exim_no_code", MAIL_FAILED, true, 554, "5.0.0", ""},
    {"large_provider_unknown", MAIL_BOUNCED, true, 550, "5.1.1", ""},
    {"exchange_unknown", MAIL_BOUNCED, true, 550, "5.1.10", ""},
    {"sendmail_host_unknown_base64", MAIL_BOUNCED, true, 550, "5.1.2", ""},
    {"qmail_unknown", MAIL_BOUNCED, true, 550, "5.1.1", ""},
    {"bounce_of_unknown_form", MAIL_UNREADABLE, true, 0, "", ""},
    {"complaint", MAIL_COMPLAINED, true, 0, "", ""},
    {"complaint_by_link", MAIL_COMPLAINED, true, 0, "", ""},
    {"complaint_taken_back", MAIL_OTHER, true, 0, "", ""},
    {"feedback_without_a_type", MAIL_OTHER, true, 0, "", ""},
    {"complaint_of_somebody_else", MAIL_OTHER, false, 0, "", ""},
    {"out_of_office_exchange", MAIL_AUTOMATIC, true, 0, "", ""},
    {"vacation", MAIL_AUTOMATIC, true, 0, "", ""},
    {"read_receipt", MAIL_AUTOMATIC, true, 0, "", ""},
    {"reply_ack", MAIL_REPLY, true, 0, "", "ACK 7KQ2"},
    {"reply_iphone", MAIL_REPLY, true, 0, "", "Ack 7kq2"},
    {"reply_latin1", MAIL_REPLY, true, 0, "",
     "Können Sie mich bitte zurückrufen?\nIch wohne in der Größenstraße."},
    {"reply_japanese", MAIL_REPLY, true, 0, "", "了解しました。"},
    {"reply_outlook", MAIL_REPLY, true, 0, "", "Please call me back."},
    {"reply_between_lines", MAIL_REPLY, true, 0, "", "Yes, since ten.\nNo: thanks."},
    {"reply_without_token", MAIL_REPLY, false, 0, "", "I am fine."},
    {"reply_base64", MAIL_REPLY, true, 0, "", "Привет!"},
    {"reply_to_plain_address", MAIL_REPLY, false, 0, "", "ACK 7KQ2"},
    {"reply_html_only", MAIL_REPLY, true, 0, "", "Danke & bis später 👋\n1 < 2"},
    {"reply_alternative", MAIL_REPLY, true, 0, "", "Thank you, got it."},
    {"reply_empty", MAIL_UNREADABLE, true, 0, "", ""},
    {"nothing_for_us", MAIL_OTHER, false, 0, "", ""},
    {"deeply_nested", MAIL_OTHER, false, 0, "", ""},
};

static struct arena arena;

static struct slice read_mail(const char *name)
{
    char path[512];
    struct buf bytes = {0};
    struct problem problem;
    (void)snprintf(path, sizeof(path), "%s/%s", MAILS, name);
    assert_int_equal(file_read(&bytes, path, MAIL_MAX_BYTES, &problem), ERR_OK);
    struct slice copy = slice_of(arena_copy(&arena, bytes.data, bytes.len), bytes.len);
    buf_release(&bytes);
    return copy;
}

static void every_mail_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
        struct mail_finding finding;
        char status[MAIL_STATUS_CHARS];
        mail_find(&finding, read_mail(mails[i].name), slice_of(NULL, 0), &rules, &arena);
        mail_status_write(status, &finding.status);
        print_message("%s: %s\n", mails[i].name, mail_kind_word(finding.kind));
        assert_int_equal(finding.kind, mails[i].kind);
        assert_string_equal(finding.token, mails[i].has_token ? TOKEN : "");
        assert_int_equal(finding.reason, mails[i].reason);
        assert_string_equal(status, mails[i].status);
        assert_slice_is(finding.text, mails[i].text);
    }
}

static void every_mail_of_the_corpus_is_in_the_table(void **state)
{
    (void)state;
    DIR *dir = opendir(MAILS);
    assert_non_null(dir);
    size_t count = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(dir);
    assert_int_equal(count, sizeof(mails) / sizeof(mails[0]));
}

static void the_sender_of_a_reply_is_his_address_alone(void **state)
{
    (void)state;
    struct mail_finding finding;
    mail_find(&finding, read_mail("reply_html_only"), slice_of(NULL, 0), &rules, &arena);
    assert_slice_is(finding.from, "bob@customer.example");
    mail_find(&finding, read_mail("reply_alternative"), slice_of(NULL, 0), &rules, &arena);
    assert_slice_is(finding.from, "bob@customer.example");
}

static void the_envelope_s_word_ends_the_question(void **state)
{
    (void)state;
    struct mail_finding finding;
    mail_find(&finding, read_mail("reply_ack"), slice_str("reply@n.example"), &rules, &arena);
    assert_int_equal(finding.kind, MAIL_REPLY);
    assert_string_equal(finding.token, "");
    assert_slice_is(finding.to, "reply@n.example");
    mail_find(&finding, read_mail("reply_to_plain_address"), slice_str("sales@n.example"), &rules,
              &arena);
    assert_int_equal(finding.kind, MAIL_OTHER);
    mail_find(&finding, read_mail("nothing_for_us"), slice_str("REPLY+" TOKEN "@n.example"), &rules,
              &arena);
    assert_int_equal(finding.kind, MAIL_REPLY);
    assert_string_equal(finding.token, TOKEN);
}

static void other_words_may_be_asked_for(void **state)
{
    (void)state;
    static const struct mail_finding_rules others = {"returns", "answer"};
    struct mail_finding finding;
    mail_find(&finding, slice_str("From: b@c.example\nTo: answer@n.example\n\nhello\n"),
              slice_of(NULL, 0), &others, &arena);
    assert_int_equal(finding.kind, MAIL_REPLY);
    mail_find(&finding, slice_str("From: b@c.example\nTo: reply@n.example\n\nhello\n"),
              slice_of(NULL, 0), &others, &arena);
    assert_int_equal(finding.kind, MAIL_OTHER);
}

static void a_person_may_begin_as_qmail_does(void **state)
{
    (void)state;
    struct mail_finding finding;
    mail_find(&finding,
              slice_str("Return-Path: <b@c.example>\nFrom: b@c.example\nTo: reply@n.example\n\n"
                        "Hi. This is the owner.\n\n<b@c.example>\n"),
              slice_of(NULL, 0), &rules, &arena);
    assert_int_equal(finding.kind, MAIL_REPLY);
}

static void a_bare_no_of_auto_submitted_is_a_person(void **state)
{
    (void)state;
    struct mail_finding finding;
    mail_find(&finding,
              slice_str("From: b@c.example\nTo: reply@n.example\nAuto-Submitted: no\n\nhello\n"),
              slice_of(NULL, 0), &rules, &arena);
    assert_int_equal(finding.kind, MAIL_REPLY);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024);
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
        cmocka_unit_test(every_mail_is_understood),
        cmocka_unit_test(every_mail_of_the_corpus_is_in_the_table),
        cmocka_unit_test(the_sender_of_a_reply_is_his_address_alone),
        cmocka_unit_test(the_envelope_s_word_ends_the_question),
        cmocka_unit_test(other_words_may_be_asked_for),
        cmocka_unit_test(a_person_may_begin_as_qmail_does),
        cmocka_unit_test(a_bare_no_of_auto_submitted_is_a_person),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
