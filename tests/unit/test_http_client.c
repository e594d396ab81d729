/* SPDX-License-Identifier: Apache-2.0 */
/* What a failed transfer means, which URLs can be called, and the life of a client. The exchange
 * with real peers is a matter of the system tests. */
#include "net/http_client.h"
#include "net/transfer.h"
#include "tests/unit/unit.h"

static void assert_failure(CURLcode result, bool sent, enum outcome outcome, enum reason reason)
{
    struct transfer_failure failure = transfer_failure_of(result, sent);
    assert_int_equal(failure.outcome, outcome);
    assert_int_equal(failure.reason, reason);
}

static void what_never_left_may_be_tried_again(void **state)
{
    (void)state;
    assert_failure(CURLE_COULDNT_RESOLVE_HOST, false, OUTCOME_DEFERRED, REASON_RESOLVE_FAILED);
    assert_failure(CURLE_COULDNT_CONNECT, false, OUTCOME_DEFERRED, REASON_CONNECT_FAILED);
    assert_failure(CURLE_OPERATION_TIMEDOUT, false, OUTCOME_DEFERRED, REASON_TIMED_OUT_BEFORE);
    assert_failure(CURLE_SEND_ERROR, false, OUTCOME_DEFERRED, REASON_CONNECT_FAILED);
    assert_failure(CURLE_ABORTED_BY_CALLBACK, false, OUTCOME_DEFERRED, REASON_CONNECT_FAILED);
}

static void what_left_without_an_answer_is_uncertain(void **state)
{
    (void)state;
    assert_failure(CURLE_OPERATION_TIMEDOUT, true, OUTCOME_UNCERTAIN, REASON_TIMED_OUT_AFTER);
    static const CURLcode lost[] = {CURLE_GOT_NOTHING,        CURLE_SEND_ERROR, CURLE_RECV_ERROR,
                                    CURLE_PARTIAL_FILE,       CURLE_HTTP2,      CURLE_HTTP2_STREAM,
                                    CURLE_ABORTED_BY_CALLBACK};
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        assert_failure(lost[i], true, OUTCOME_UNCERTAIN, REASON_CONNECTION_LOST);
    }
    assert_failure(CURLE_WEIRD_SERVER_REPLY, true, OUTCOME_UNCERTAIN, REASON_ANSWER_MALFORMED);
    assert_failure(CURLE_UNSUPPORTED_PROTOCOL, true, OUTCOME_UNCERTAIN, REASON_ANSWER_MALFORMED);
}

static void what_is_wrong_for_all_is_a_matter_of_configuration(void **state)
{
    (void)state;
    assert_failure(CURLE_PEER_FAILED_VERIFICATION, false, OUTCOME_MISCONFIGURED, REASON_TLS_FAILED);
    assert_failure(CURLE_SSL_CONNECT_ERROR, false, OUTCOME_MISCONFIGURED, REASON_TLS_FAILED);
    assert_failure(CURLE_USE_SSL_FAILED, false, OUTCOME_MISCONFIGURED, REASON_TLS_FAILED);
    assert_failure(CURLE_LOGIN_DENIED, false, OUTCOME_MISCONFIGURED, REASON_AUTHENTICATION_FAILED);
}

static void a_url_has_a_scheme_that_we_speak_and_a_host(void **state)
{
    (void)state;
    assert_true(http_client_url_is_valid("http://127.0.0.1:80/x?y=z"));
    assert_true(http_client_url_is_valid("https://[::1]/"));
    assert_false(http_client_url_is_valid("smtp://h/"));
    assert_false(http_client_url_is_valid("h/x"));
    assert_false(http_client_url_is_valid(""));
    assert_false(http_client_url_is_valid("http://h/\r\nHost: x"));
}

struct answers {
    uv_loop_t *loop; /* NULL: it need not stop */
    unsigned count;
    struct http_answer last;
};

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct answers *answers = arg;
    answers->count++;
    answers->last = *answer;
    if (answers->loop != NULL) { /* else it waits for the next timer of this turn */
        uv_stop(answers->loop);
    }
}

/* What becomes of one request to the URL, with a server of nobody behind it. */
static struct http_answer answer_from(const char *url, const struct address_guard *guard,
                                      bool https_only)
{
    uv_loop_t loop;
    struct answers answers = {.loop = &loop};
    struct transfer_tally tally = {0};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_client *client = http_client_new(&(struct http_client_settings){
        .tally = &tally,
        .loop = &loop,
        .on_answer = on_answer,
        .arg = &answers,
        .connections = 1,
        .connect_timeout_ms = 5000,
        .timeout_ms = 5000,
        .method = "POST",
        .has_body = true,
        .guard = guard,
        .https_only = https_only,
    });
    struct http_request *request = http_client_take(client);
    buf_str(http_request_url(request), url);
    http_request_send(request, 7);
    while (answers.count == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    http_client_close(client);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(answers.count, 1);
    assert_int_equal(answers.last.status, 0);
    assert_int_equal(tally.connections, 0); /* those that could not be made are gone, too */
    assert_int_equal(tally.connected > 0, answers.last.outcome == OUTCOME_DEFERRED);
    assert_int_equal(tally.sent_bytes, 0);
    assert_int_equal(tally.received_bytes, 0);
    return answers.last;
}

static void a_guarded_client_opens_no_connection_to_what_is_not_public(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://127.0.0.1:1/",  "http://127.1:1/",
                                       "http://0x7f000001:1/", "http://2130706433:1",
                                       "http://[::1]:1/",      "http://[::ffff:127.0.0.1]:1/",
                                       "http://0.0.0.0:1/",    "http://localhost:1"};
    const struct address_guard guard = {0};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct http_answer answer = answer_from(urls[i], &guard, false);
        assert_int_equal(answer.outcome, OUTCOME_REJECTED);
        assert_int_equal(answer.reason, REASON_ADDRESS_REFUSED);
    }
}

static void a_guard_that_lets_it_in_is_not_in_the_way(void **state)
{
    (void)state;
    struct address_network network;
    assert_true(address_network_read(slice_str("127.0.0.0/8"), &network));
    const struct address_guard guard = {.allowed = &network, .allowed_count = 1};
    struct http_answer answer = answer_from("http://127.0.0.1:1/", &guard, false);
    assert_int_equal(answer.outcome, OUTCOME_DEFERRED);
    assert_int_equal(answer.reason, REASON_CONNECT_FAILED);
}

static void a_client_of_https_alone_sends_nothing_in_the_clear(void **state)
{
    (void)state;
    struct http_answer answer = answer_from("http://127.0.0.1:1/", NULL, true);
    assert_int_equal(answer.outcome, OUTCOME_REJECTED);
    assert_int_equal(answer.reason, REASON_NO_ENDPOINT);
    answer = answer_from("https://127.0.0.1:1/", NULL, true);
    assert_int_equal(answer.outcome, OUTCOME_DEFERRED);
}

static void closing_answers_what_is_under_way(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct answers answers = {0};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_client *client = http_client_new(&(struct http_client_settings){
        .loop = &loop,
        .on_answer = on_answer,
        .arg = &answers,
        .connections = 2,
        .connect_timeout_ms = 60000,
        .timeout_ms = 60000,
        .method = "POST",
        .has_body = true,
        .url = "http://127.0.0.1:1/",
    });
    http_request_send(http_client_take(client), 1);
    http_request_send(http_client_take(client), 2);
    http_client_close(client);
    assert_int_equal(answers.count, 2);
    assert_int_equal(answers.last.status, 0);
    assert_int_equal(answers.last.outcome, OUTCOME_DEFERRED);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_never_left_may_be_tried_again),
        cmocka_unit_test(what_left_without_an_answer_is_uncertain),
        cmocka_unit_test(what_is_wrong_for_all_is_a_matter_of_configuration),
        cmocka_unit_test(a_url_has_a_scheme_that_we_speak_and_a_host),
        cmocka_unit_test(a_guarded_client_opens_no_connection_to_what_is_not_public),
        cmocka_unit_test(a_guard_that_lets_it_in_is_not_in_the_way),
        cmocka_unit_test(a_client_of_https_alone_sends_nothing_in_the_clear),
        cmocka_unit_test(closing_answers_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
