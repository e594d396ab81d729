/* SPDX-License-Identifier: Apache-2.0 */
/* One mail after the other over a connection that exists on paper only. */
#include "tests/unit/unit.h"
#include "worker/channel/smtp_dialogue.h"

#define MESSAGE "Subject: x\r\n\r\n.hidden\r\nend\r\n"
#define STUFFED "Subject: x\r\n\r\n..hidden\r\nend\r\n.\r\n"
#define COMMANDS                                                                                   \
    "MAIL FROM:<from@x.y>\r\n"                                                                     \
    "RCPT TO:<to@x.y>\r\n"                                                                         \
    "DATA\r\n"

static struct smtp_dialogue dialogue;

static void mail(const char *from, const char *to)
{
    const struct smtp_envelope envelope = {slice_str(from), slice_str(to), false};
    assert_int_equal(smtp_dialogue_mail(&dialogue, &envelope), SMTP_EVENT_NONE);
}

static void begin(bool pipelining)
{
    struct smtp_features features = {.pipelining = pipelining};
    smtp_dialogue_reset(&dialogue, &features);
    buf_clear(&dialogue.message);
    buf_str(&dialogue.message, MESSAGE);
    mail("from@x.y", "to@x.y");
}

static void assert_sends(const char *expected)
{
    struct slice unsent = smtp_dialogue_unsent(&dialogue);
    assert_slice_is(unsent, expected);
    smtp_dialogue_sent(&dialogue, unsent.len);
}

static enum smtp_event say(const char *reply)
{
    return smtp_dialogue_receive(&dialogue, slice_str(reply));
}

static void assert_verdict(enum outcome outcome, unsigned reason)
{
    assert_int_equal(dialogue.verdict.outcome, outcome);
    assert_int_equal(dialogue.verdict.reason, reason);
}

static void pipelined_commands_leave_together(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    assert_int_equal(say("250 ok\r\n250 ok\r\n"), SMTP_EVENT_NONE);
    assert_sends("");
    assert_int_equal(say("354 go\r\n"), SMTP_EVENT_NONE);
    assert_sends(STUFFED);
    assert_int_equal(say("250 2.0.0 Ok: queued as 57AE2AA2069\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_ACCEPTED, 250);
    assert_string_equal(dialogue.verdict.ref, "57AE2AA2069");
}

static void without_pipelining_each_waits_for_its_reply(void **state)
{
    (void)state;
    begin(false);
    assert_sends("MAIL FROM:<from@x.y>\r\n");
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_NONE);
    assert_sends("RCPT TO:<to@x.y>\r\n");
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_NONE);
    assert_sends("DATA\r\n");
    assert_int_equal(say("354 go\r\n"), SMTP_EVENT_NONE);
    assert_sends(STUFFED);
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_ACCEPTED, 250);
    assert_string_equal(dialogue.verdict.ref, "");
}

static void a_size_is_told_where_it_is_asked_for(void **state)
{
    (void)state;
    struct smtp_features features = {.size = true};
    smtp_dialogue_reset(&dialogue, &features);
    buf_clear(&dialogue.message);
    buf_str(&dialogue.message, MESSAGE);
    mail("f@x", "t@x");
    assert_sends("MAIL FROM:<f@x> SIZE=28\r\n");
}

static void replies_may_come_in_any_pieces(void **state)
{
    (void)state;
    static const char replies[] = "250-one\r\n250 two\r\n250 ok\r\n354 go\r\n";
    begin(true);
    assert_sends(COMMANDS);
    for (size_t i = 0; i < sizeof(replies) - 1; i++) {
        assert_int_equal(smtp_dialogue_receive(&dialogue, slice_of(replies + i, 1)),
                         SMTP_EVENT_NONE);
    }
    assert_sends(STUFFED);
}

static void a_second_mail_goes_over_the_same_connection(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    (void)say("250 ok\r\n250 ok\r\n354 go\r\n");
    assert_sends(STUFFED);
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_DONE);
    mail("from@x.y", "to@x.y");
    assert_sends(COMMANDS);
    assert_int_equal(say("250 ok\r\n550 no\r\n503 no\r\n"), SMTP_EVENT_NONE);
    assert_sends("RSET\r\n");
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_REJECTED, 550);
    mail("from@x.y", "to@x.y");
    assert_sends(COMMANDS);
}

static void a_refused_recipient_keeps_the_connection(void **state)
{
    (void)state;
    begin(false);
    assert_sends("MAIL FROM:<from@x.y>\r\n");
    (void)say("250 ok\r\n");
    assert_sends("RCPT TO:<to@x.y>\r\n");
    assert_int_equal(say("450 4.2.0 greylisted\r\n"), SMTP_EVENT_NONE);
    assert_sends("RSET\r\n");
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_DEFERRED, 450);
}

static void a_server_that_wants_data_for_nobody_gets_none(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    assert_int_equal(say("250 ok\r\n550 5.1.1 unknown\r\n354 go\r\n"), SMTP_EVENT_NONE);
    assert_sends(".\r\n");
    assert_int_equal(say("554 no valid recipients\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_REJECTED, 550);
}

static void a_refused_sender_is_a_matter_of_configuration(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    assert_int_equal(say("550 5.7.1 sender\r\n503 no\r\n503 no\r\n"), SMTP_EVENT_NONE);
    assert_sends("RSET\r\n");
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_MISCONFIGURED, 550);
    begin(false);
    assert_sends("MAIL FROM:<from@x.y>\r\n");
    assert_int_equal(say("553 no\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_MISCONFIGURED, 553);
}

static void data_can_be_refused_before_and_after(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    assert_int_equal(say("250 ok\r\n250 ok\r\n451 no\r\n"), SMTP_EVENT_NONE);
    assert_sends("RSET\r\n");
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_DEFERRED, 451);
    begin(true);
    assert_sends(COMMANDS);
    (void)say("250 ok\r\n250 ok\r\n354 go\r\n");
    assert_sends(STUFFED);
    assert_int_equal(say("554 5.6.0 content\r\n"), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_REJECTED, 554);
}

static void a_connection_lost_before_the_end_of_the_data_is_deferred(void **state)
{
    (void)state;
    static const char *const heard[] = {"", "250 ok\r\n", "250 ok\r\n250 ok\r\n"};
    for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
        begin(true);
        assert_sends(COMMANDS);
        (void)say(heard[i]);
        smtp_dialogue_lost(&dialogue, false);
        assert_verdict(OUTCOME_DEFERRED, REASON_CONNECT_FAILED);
    }
    begin(true);
    assert_sends(COMMANDS);
    smtp_dialogue_lost(&dialogue, true);
    assert_verdict(OUTCOME_DEFERRED, REASON_TIMED_OUT_BEFORE);
}

static void half_a_message_is_no_message(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    (void)say("250 ok\r\n250 ok\r\n354 go\r\n");
    smtp_dialogue_sent(&dialogue, smtp_dialogue_unsent(&dialogue).len - 1);
    smtp_dialogue_lost(&dialogue, false);
    assert_verdict(OUTCOME_DEFERRED, REASON_CONNECT_FAILED);
}

static void a_reply_lost_after_the_end_of_the_data_is_uncertain(void **state)
{
    (void)state;
    for (int timed_out = 0; timed_out < 2; timed_out++) {
        begin(true);
        assert_sends(COMMANDS);
        (void)say("250 ok\r\n250 ok\r\n354 go\r\n");
        assert_sends(STUFFED);
        smtp_dialogue_lost(&dialogue, timed_out == 1);
        assert_verdict(OUTCOME_UNCERTAIN,
                       timed_out == 1 ? REASON_TIMED_OUT_AFTER : REASON_CONNECTION_LOST);
    }
}

static void a_refusal_stays_one_when_the_connection_is_lost_after_it(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    (void)say("250 ok\r\n550 no\r\n");
    smtp_dialogue_lost(&dialogue, false);
    assert_verdict(OUTCOME_REJECTED, 550);
}

static void a_server_that_closes_is_a_throttle(void **state)
{
    (void)state;
    begin(true);
    assert_sends(COMMANDS);
    assert_int_equal(say("421 4.3.2 closing\r\n"), SMTP_EVENT_BROKEN);
    smtp_dialogue_lost(&dialogue, false);
    assert_verdict(OUTCOME_THROTTLED, 421);
    begin(true);
    assert_sends(COMMANDS);
    (void)say("250 ok\r\n250 ok\r\n354 go\r\n");
    assert_sends(STUFFED);
    assert_int_equal(say("421 closing\r\n"), SMTP_EVENT_BROKEN);
    smtp_dialogue_lost(&dialogue, false);
    assert_verdict(OUTCOME_THROTTLED, 421);
}

static void what_is_said_unasked_ends_the_connection(void **state)
{
    (void)state;
    struct smtp_features features = {0};
    smtp_dialogue_reset(&dialogue, &features);
    assert_int_equal(say("421 idle too long\r\n"), SMTP_EVENT_BROKEN);
    begin(true);
    assert_int_equal(say("HTTP/1.1 400 Bad Request\r\n"), SMTP_EVENT_BROKEN);
    begin(true);
    assert_int_equal(say("25\r\n"), SMTP_EVENT_BROKEN);
    begin(true);
    assert_int_equal(say("999 no\r\n"), SMTP_EVENT_BROKEN);
}

static void an_endless_reply_ends_the_connection(void **state)
{
    (void)state;
    char line[1001];
    memset(line, 'x', sizeof(line));
    memcpy(line, "250-", 4);
    line[999] = '\n';
    line[1000] = '\0';
    begin(true);
    enum smtp_event event = SMTP_EVENT_NONE;
    for (int i = 0; i < 20 && event == SMTP_EVENT_NONE; i++) {
        event = say(line);
    }
    assert_int_equal(event, SMTP_EVENT_BROKEN);
}

static enum outcome outcome_of(const char *text, enum smtp_stage stage)
{
    struct smtp_reply reply;
    size_t used;
    assert_int_equal(smtp_reply_parse(slice_str(text), &reply, &used), SMTP_PARSE_REPLY);
    assert_int_equal(used, strlen(text));
    return smtp_reply_outcome(&reply, stage);
}

static void a_refusal_means_what_it_is_about(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        enum smtp_stage stage;
        enum outcome outcome;
    } expected[] = {
        {"421 4.7.0 busy\r\n", SMTP_STAGE_CONNECT, OUTCOME_THROTTLED},
        {"454 Throttling failure\r\n", SMTP_STAGE_MAIL, OUTCOME_THROTTLED},
        {"452 4.5.3 too many\r\n", SMTP_STAGE_RCPT, OUTCOME_DEFERRED},
        {"554 no service\r\n", SMTP_STAGE_CONNECT, OUTCOME_MISCONFIGURED},
        {"535 5.7.8 wrong\r\n", SMTP_STAGE_CONNECT, OUTCOME_MISCONFIGURED},
        {"530 5.7.0 Must issue a STARTTLS command first\r\n", SMTP_STAGE_MAIL,
         OUTCOME_MISCONFIGURED},
        {"552 5.3.4 too large\r\n", SMTP_STAGE_MAIL, OUTCOME_REJECTED},
        {"550-5.3.4 too\r\n550 5.3.4 large\r\n", SMTP_STAGE_MAIL, OUTCOME_REJECTED},
        {"553 5.1.8 sender\r\n", SMTP_STAGE_MAIL, OUTCOME_MISCONFIGURED},
        {"550 5.1.1 unknown\r\n", SMTP_STAGE_RCPT, OUTCOME_REJECTED},
        {"550 5.7.1 blocked\r\n", SMTP_STAGE_RCPT, OUTCOME_REJECTED},
        {"554 5.7.1 <a@b>: Relay access denied\r\n", SMTP_STAGE_RCPT, OUTCOME_MISCONFIGURED},
        {"454 4.7.1 <a@b>: Relay access denied\r\n", SMTP_STAGE_RCPT, OUTCOME_MISCONFIGURED},
        {"550 relay not permitted\r\n", SMTP_STAGE_RCPT, OUTCOME_MISCONFIGURED},
        {"550 5.7.1 a@b... Relaying denied.\r\n", SMTP_STAGE_RCPT, OUTCOME_MISCONFIGURED},
        {"550 5.7.54 Unable to relay recipient\r\n", SMTP_STAGE_RCPT, OUTCOME_MISCONFIGURED},
        {"550 5.1.1 <bob@relay.example>: unknown\r\n", SMTP_STAGE_RCPT, OUTCOME_REJECTED},
        {"550 5.1.1 relay@b.example unknown\r\n", SMTP_STAGE_RCPT, OUTCOME_REJECTED},
        {"550 5.1.1 <o'relay-er@b.example>\r\n", SMTP_STAGE_RCPT, OUTCOME_REJECTED},
        {"550 5.1.8 <n@x.test>: Sender address rejected: Domain not found\r\n", SMTP_STAGE_RCPT,
         OUTCOME_MISCONFIGURED},
        {"553 5.1.7 <n>: bad sender\r\n", SMTP_STAGE_RCPT, OUTCOME_MISCONFIGURED},
        {"553 5.7.1 <n@x.test>: Sender address rejected: not owned by user n\r\n", SMTP_STAGE_RCPT,
         OUTCOME_MISCONFIGURED},
        {"554 5.7.1 <unknown[10.0.0.9]>: Client host rejected: Access denied\r\n", SMTP_STAGE_RCPT,
         OUTCOME_MISCONFIGURED},
        {"504 5.5.2 <w1>: Helo command rejected: need fully-qualified hostname\r\n",
         SMTP_STAGE_RCPT, OUTCOME_MISCONFIGURED},
        {"554 5.7.1 <a@b.test>: Recipient address rejected: Access denied\r\n", SMTP_STAGE_RCPT,
         OUTCOME_REJECTED},
        {"550 5.7.26 DMARC\r\n", SMTP_STAGE_END, OUTCOME_MISCONFIGURED},
        {"550 5.7.28 spam\r\n", SMTP_STAGE_END, OUTCOME_REJECTED},
        {"550 5.17.0 odd\r\n", SMTP_STAGE_RCPT, OUTCOME_REJECTED},
        {"550\r\n", SMTP_STAGE_RCPT, OUTCOME_REJECTED},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(outcome_of(expected[i].reply, expected[i].stage), expected[i].outcome);
    }
}

static void assert_queue_id(const char *text, const char *expected)
{
    struct smtp_reply reply;
    size_t used;
    assert_int_equal(smtp_reply_parse(slice_str(text), &reply, &used), SMTP_PARSE_REPLY);
    assert_slice_is(smtp_reply_queue_id(&reply), expected);
}

static void the_id_of_a_mail_is_found_in_the_usual_replies(void **state)
{
    (void)state;
    assert_queue_id("250 2.0.0 Ok: queued as 57AE2AA2069\r\n", "57AE2AA2069");
    assert_queue_id("250 OK id=1rAbCd-0001\r\n", "1rAbCd-0001");
    assert_queue_id("250 Ok 0102018e-4f\r\n", "0102018e-4f");
    assert_queue_id("250 2.0.0 41NA0001 Message accepted for delivery\r\n", "");
    assert_queue_id("250 2.0.0 Ok\r\n", "");
    assert_queue_id("250\r\n", "");
}

static int set_up(void **state)
{
    (void)state;
    smtp_dialogue_init(&dialogue);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    smtp_dialogue_release(&dialogue);
    return 0;
}

static void an_address_beyond_ascii_asks_for_smtputf8(void **state)
{
    (void)state;
    const struct smtp_envelope envelope = {slice_str("from@x.y"), slice_str("j\xc3\xb8rn@x.y"),
                                           true};
    struct smtp_features features = {.size = true, .utf8 = true};
    smtp_dialogue_reset(&dialogue, &features);
    buf_clear(&dialogue.message);
    buf_str(&dialogue.message, "x\r\n");
    assert_int_equal(smtp_dialogue_mail(&dialogue, &envelope), SMTP_EVENT_NONE);
    assert_sends("MAIL FROM:<from@x.y> SIZE=3 SMTPUTF8\r\n");
    assert_int_equal(say("250 ok\r\n"), SMTP_EVENT_NONE);
    assert_sends("RCPT TO:<j\xc3\xb8rn@x.y>\r\n");
}

static void a_server_without_smtputf8_is_not_asked(void **state)
{
    (void)state;
    const struct smtp_envelope envelope = {slice_str("from@x.y"), slice_str("j\xc3\xb8rn@x.y"),
                                           true};
    struct smtp_features features = {.pipelining = true, .size = true};
    smtp_dialogue_reset(&dialogue, &features);
    assert_int_equal(smtp_dialogue_mail(&dialogue, &envelope), SMTP_EVENT_DONE);
    assert_verdict(OUTCOME_REJECTED, REASON_ADDRESS_NOT_ASCII);
    assert_sends("");
    begin(true); /* the connection is as good as before */
    assert_sends(COMMANDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_beyond_ascii_asks_for_smtputf8),
        cmocka_unit_test(a_server_without_smtputf8_is_not_asked),
        cmocka_unit_test(pipelined_commands_leave_together),
        cmocka_unit_test(without_pipelining_each_waits_for_its_reply),
        cmocka_unit_test(a_size_is_told_where_it_is_asked_for),
        cmocka_unit_test(replies_may_come_in_any_pieces),
        cmocka_unit_test(a_second_mail_goes_over_the_same_connection),
        cmocka_unit_test(a_refused_recipient_keeps_the_connection),
        cmocka_unit_test(a_server_that_wants_data_for_nobody_gets_none),
        cmocka_unit_test(a_refused_sender_is_a_matter_of_configuration),
        cmocka_unit_test(data_can_be_refused_before_and_after),
        cmocka_unit_test(a_connection_lost_before_the_end_of_the_data_is_deferred),
        cmocka_unit_test(half_a_message_is_no_message),
        cmocka_unit_test(a_reply_lost_after_the_end_of_the_data_is_uncertain),
        cmocka_unit_test(a_refusal_stays_one_when_the_connection_is_lost_after_it),
        cmocka_unit_test(a_server_that_closes_is_a_throttle),
        cmocka_unit_test(what_is_said_unasked_ends_the_connection),
        cmocka_unit_test(an_endless_reply_ends_the_connection),
        cmocka_unit_test(a_refusal_means_what_it_is_about),
        cmocka_unit_test(the_id_of_a_mail_is_found_in_the_usual_replies),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
