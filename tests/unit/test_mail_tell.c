/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailin/mail_tell.h"
#include "tests/unit/answer_server.h"
#include "tests/unit/unit.h"

#define TOKEN "AQcAAAAAEQAAAAAQ0jTuW4n-Zk_3bYq1"
#define ID    "mail-0123"

static char request[REQUEST_BYTES];
static struct problem problem;
static bool is_away;

/* What becomes of a mail that is answered with this status. */
static enum mail_result tell(const struct mail_finding *finding, const char *status)
{
    char answer[256];
    (void)snprintf(answer, sizeof(answer),
                   "HTTP/1.1 %s\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n"
                   "Connection: close\r\n\r\n{}",
                   status);
    const char *const answers[] = {answer, NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client_settings settings = {.api = server->api, .token = "sesame", .token_from = "f"};
    struct mail_teller teller = {.provider = "relay", .once = true};
    assert_int_equal(client_new(finding->kind == MAIL_REPLY ? &teller.api : &teller.receipts,
                                &settings, &problem),
                     ERR_OK);
    enum mail_result result = mail_tell(&teller, finding, ID, &is_away, &problem);
    answer_server_wait(server);
    memcpy(request, server->requests[0], sizeof(request));
    client_free(teller.api);
    client_free(teller.receipts);
    free(server);
    return result;
}

static struct mail_finding bounce(void)
{
    struct mail_finding finding = {.kind = MAIL_BOUNCED, .reason = 550};
    memcpy(finding.token, TOKEN, sizeof(TOKEN));
    return finding;
}

static struct mail_finding reply(void)
{
    return (struct mail_finding){
        .kind = MAIL_REPLY,
        .from = slice_str("bob@customer.example"),
        .to = slice_str("reply+" TOKEN "@n.example"),
        .token = TOKEN,
        .text = slice_str("Jeg er \"trygg\"\nÅse"),
    };
}

static void a_bounce_goes_to_its_providers_receipts(void **state)
{
    (void)state;
    struct mail_finding finding = bounce();
    assert_int_equal(tell(&finding, "204 No Content"), MAIL_RESULT_TOLD);
    assert_non_null(strstr(request, "POST /r/relay/" TOKEN " HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "Idempotency-Key: " ID "\r\n"));
    assert_non_null(strstr(request, "\r\n\r\n{\"status\":\"bounced\",\"reason\":550}"));
}

static void every_answer_to_a_receipt_has_its_result(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        enum mail_result result;
        bool is_away;
    } answers[] = {
        {"403 Forbidden", MAIL_RESULT_FORGED, false},
        {"410 Gone", MAIL_RESULT_REFUSED, false},
        {"400 Bad Request", MAIL_RESULT_REFUSED, false},
        {"404 Not Found", MAIL_RESULT_LATER, false},
        {"409 Conflict", MAIL_RESULT_LATER, false},
        {"429 Too Many Requests", MAIL_RESULT_LATER, false},
        {"503 Service Unavailable", MAIL_RESULT_LATER, true},
        {"507 Insufficient Storage", MAIL_RESULT_LATER, true},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct mail_finding finding = bounce();
        assert_int_equal(tell(&finding, answers[i].status), answers[i].result);
        assert_int_equal(is_away, answers[i].is_away);
        assert_true(problem.text[0] != '\0');
    }
}

static void a_reply_is_told_with_all_that_is_known(void **state)
{
    (void)state;
    struct mail_finding finding = reply();
    assert_int_equal(tell(&finding, "200 OK"), MAIL_RESULT_TOLD);
    assert_non_null(strstr(request, "POST /v1/replies HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "Authorization: Bearer sesame\r\n"));
    json_t *body = json_loads(strstr(request, "\r\n\r\n") + 4, 0, NULL);
    json_t *wanted =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "channel", "email", "provider", "relay",
                  "id", ID, "from", "bob@customer.example", "to", "reply+" TOKEN "@n.example",
                  "token", TOKEN, "text", "Jeg er \"trygg\"\nÅse");
    assert_true(json_equal(body, wanted));
    json_decref(body);
    json_decref(wanted);
}

static void every_answer_to_a_reply_has_its_result(void **state)
{
    (void)state;
    struct mail_finding finding = reply();
    assert_int_equal(tell(&finding, "422 Unprocessable Content"), MAIL_RESULT_REFUSED);
    assert_int_equal(tell(&finding, "401 Unauthorized"), MAIL_RESULT_LATER);
    assert_false(is_away);
    assert_int_equal(tell(&finding, "503 Service Unavailable"), MAIL_RESULT_LATER);
    assert_true(is_away);
}

/* The id of the reply in the last request. */
static const char *told_id(void)
{
    static char id[64];
    const char *at = strstr(request, "\"id\":\"");
    assert_non_null(at);
    (void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 6, "\""), at + 6);
    return id;
}

static void one_answer_has_one_id_however_it_came(void **state)
{
    (void)state;
    char first[64];
    struct mail_finding finding = reply();
    finding.message_id = slice_str("<1@customer.example>");
    assert_int_equal(tell(&finding, "200 OK"), MAIL_RESULT_TOLD);
    (void)snprintf(first, sizeof(first), "%s", told_id());
    assert_string_not_equal(first, ID);
    finding.to = slice_str("reply@n.example");
    assert_int_equal(tell(&finding, "200 OK"), MAIL_RESULT_TOLD);
    assert_string_equal(told_id(), first);
    finding.text = slice_str("something else");
    assert_int_equal(tell(&finding, "200 OK"), MAIL_RESULT_TOLD);
    assert_string_not_equal(told_id(), first);
}

static void a_sender_that_is_no_text_is_taken_and_not_told(void **state)
{
    (void)state;
    struct mail_teller teller = {.provider = "relay"};
    struct mail_finding finding = reply();
    finding.from = slice_str("b\xffob@customer.example");
    assert_int_equal(mail_tell(&teller, &finding, ID, NULL, &problem), MAIL_RESULT_REFUSED);
}

static void what_says_nothing_is_not_told(void **state)
{
    (void)state;
    static const enum mail_kind kinds[] = {MAIL_RELAYED, MAIL_DELAYED, MAIL_AUTOMATIC,
                                           MAIL_UNREADABLE, MAIL_OTHER};
    struct mail_teller teller = {.provider = "relay"}; /* no client: nobody is asked */
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct mail_finding finding = bounce();
        finding.kind = kinds[i];
        assert_int_equal(mail_tell(&teller, &finding, ID, &is_away, &problem), MAIL_RESULT_NOTHING);
        assert_false(is_away);
    }
}

static void who_cannot_be_reached_is_away(void **state)
{
    (void)state;
    struct client_settings settings = {.api = "http://127.0.0.1:1"};
    struct mail_teller teller = {.provider = "relay"};
    struct mail_finding finding = bounce();
    assert_int_equal(client_new(&teller.receipts, &settings, &problem), ERR_OK);
    assert_int_equal(mail_tell(&teller, &finding, ID, &is_away, &problem), MAIL_RESULT_LATER);
    assert_true(is_away);
    client_free(teller.receipts);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bounce_goes_to_its_providers_receipts),
        cmocka_unit_test(every_answer_to_a_receipt_has_its_result),
        cmocka_unit_test(a_reply_is_told_with_all_that_is_known),
        cmocka_unit_test(every_answer_to_a_reply_has_its_result),
        cmocka_unit_test(one_answer_has_one_id_however_it_came),
        cmocka_unit_test(a_sender_that_is_no_text_is_taken_and_not_told),
        cmocka_unit_test(what_says_nothing_is_not_told),
        cmocka_unit_test(who_cannot_be_reached_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
