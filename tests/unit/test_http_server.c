/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server and its clients in one thread: sockets of the clients do not block, and the loop is
 * turned until what is expected has come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "coordinator/http/http_server.h"
#include "tests/unit/http_peer.h"
#include "tests/unit/http_rig.h"
#include "tests/unit/unit.h"

static void a_request_is_answered_and_the_connection_kept(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "GET /a%2Fb?x=1&y=%20 HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "GET /a%2Fb x=1&y=%20 0");
    assert_true(http_peer_has(&client, "HTTP/1.1 200 OK\r\n"));
    assert_true(http_peer_has(&client, "Content-Type: text/plain\r\n"));
    http_peer_say(&client, "POST /c HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello");
    http_peer_expect(&client, "POST /c  5");
    http_peer_say(&client, "POST /nothing HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
    http_peer_expect(&client, "HTTP/1.1 204 No Content\r\n");
    assert_int_equal(fixture->finished, 3);
    assert_int_equal(http_server_connections(fixture->server), 1);
    assert_int_equal(http_server_requests(fixture->server), 0);
    http_peer_release(&client);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    struct buf requests = {0};
    for (unsigned i = 0; i < 50; i++) {
        buf_printf(&requests, "POST /n%02u HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc", i);
    }
    http_peer_send(&client, requests.data, requests.len);
    http_peer_expect_times(&client, "HTTP/1.1 200 OK", 50);
    const char *at = buf_cstr(&client.got);
    for (unsigned i = 0; i < 50; i++) {
        char expected[32];
        (void)snprintf(expected, sizeof(expected), "POST /n%02u  3", i);
        at = strstr(at, expected);
        assert_non_null(at);
    }
    buf_release(&requests);
    http_peer_release(&client);
}

static void answers_may_come_later_and_in_any_order(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct http_peer clients[16];
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 16; i++) {
        clients[i] = connect_to(fixture);
        http_peer_say(&clients[i],
                      "POST /later HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nok");
        while (fixture->waiting_count <= i) {
            turn(fixture);
        }
    }
    assert_int_equal(http_server_requests(fixture->server), 16);
    for (unsigned i = 16; i-- > 0;) {
        char text[32];
        (void)snprintf(text, sizeof(text), "answer %u.", i);
        http_reply(fixture->waiting[i], 200, "text/plain", slice_str(text));
    }
    for (unsigned i = 0; i < 16; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "answer %u.", i);
        http_peer_expect(&clients[i], text);
        http_peer_say(&clients[i], "GET /again HTTP/1.1\r\nHost: t\r\n\r\n");
        http_peer_expect(&clients[i], "GET /again");
        http_peer_release(&clients[i]);
    }
}

static void an_answer_to_a_client_that_is_gone_does_no_harm(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    while (fixture->waiting_count == 0) {
        turn(fixture);
    }
    const struct linger at_once = {1, 0};
    (void)setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    http_peer_release(&client);
    turn(fixture);
    http_reply(fixture->waiting[0], 200, "text/plain", slice_str("too late"));
    while (http_server_connections(fixture->server) > 0) {
        turn(fixture);
    }
    assert_int_equal(fixture->finished, 1);
}

static void a_client_that_breaks_off_its_body_is_told_of(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client,
                  "POST /stream HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\nhello");
    while (fixture->streamed == 0) {
        turn(fixture);
    }
    http_peer_release(&client);
    while (fixture->finished == 0) {
        turn(fixture);
    }
    assert_int_equal(fixture->unanswered, 1);
}

static void a_head_that_is_too_large_is_answered_431(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    struct buf head = {0};
    buf_str(&head, "GET / HTTP/1.1\r\nHost: t\r\nX-Large: ");
    memset(buf_reserve(&head, 20000), 'a', 20000);
    head.len += 20000;
    buf_str(&head, "\r\n\r\n");
    http_peer_send(&client, head.data, head.len);
    http_peer_expect(&client, "HTTP/1.1 431 ");
    http_peer_expect_close(&client);
    http_peer_release(&client);
    client = connect_to(fixture);
    buf_clear(&head);
    buf_str(&head, "GET /");
    memset(buf_reserve(&head, 20000), 'a', 20000);
    head.len += 20000;
    buf_str(&head, " HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_send(&client, head.data, head.len);
    http_peer_expect(&client, "HTTP/1.1 414 ");
    http_peer_release(&client);
    buf_release(&head);
    assert_int_equal(fixture->heads, 0);
}

/* Whatever a head takes, and whatever follows, there is an answer. */
static void a_large_head_with_a_body_is_answered_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    unsigned taken = 0;
    for (unsigned i = 0; i < 2 * 75; i++) {
        struct http_peer client = connect_to(fixture);
        struct buf text = {0};
        buf_str(&text, "POST /a HTTP/1.1\r\nHost: t\r\nX-Large: ");
        size_t len = 4700 + (size_t)(i / 2) * 50; /* up to 8,400 bytes */
        memset(buf_reserve(&text, len), 'a', len);
        text.len += len;
        buf_str(&text, i % 2 == 0 ? "\r\nContent-Length: 3000\r\n\r\n"
                                  : "\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n");
        memset(buf_reserve(&text, 3000), 'b', 3000);
        text.len += 3000;
        buf_str(&text, i % 2 == 0 ? "" : "\r\n0\r\n\r\n");
        http_peer_send(&client, text.data, text.len);
        http_peer_expect(&client, "HTTP/1.1 ");
        bool is_taken = http_peer_has(&client, "HTTP/1.1 200 ");
        assert_true(is_taken || http_peer_has(&client, "HTTP/1.1 431 "));
        assert_true(is_taken || len > 5500);
        taken += is_taken;
        buf_release(&text);
        http_peer_release(&client);
    }
    assert_true(taken > 20 && taken < 100);
}

static void many_headers_are_too_large_as_well(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    for (unsigned count = 10; count < 200; count += 10) {
        struct http_peer client = connect_to(fixture);
        struct buf text = {0};
        buf_str(&text, "POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 3000\r\n");
        for (unsigned i = 0; i < count; i++) {
            buf_printf(&text, "X-%u: v\r\n", i);
        }
        buf_str(&text, "\r\n");
        memset(buf_reserve(&text, 3000), 'b', 3000);
        text.len += 3000;
        http_peer_send(&client, text.data, text.len);
        http_peer_expect(&client, count <= 60 ? "HTTP/1.1 200 " : "HTTP/1.1 431 ");
        buf_release(&text);
        http_peer_release(&client);
    }
}

/* However many there are, and also where little room is left beside them. */
static void any_number_of_headers_or_parameters_is_answered(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    for (unsigned count = 1; count < 300; count++) {
        for (unsigned kind = 0; kind < 2; kind++) {
            struct http_peer client = connect_to(fixture);
            struct buf text = {0};
            buf_str(&text, kind == 0 ? "GET /a HTTP/1.1\r\nHost: t" : "GET /a?x");
            for (unsigned i = 1; i < count; i++) {
                buf_str(&text, kind == 0 ? "\r\nX: y" : "&x");
            }
            buf_str(&text, kind == 0 ? "\r\n\r\n" : " HTTP/1.1\r\nHost: t\r\n\r\n");
            http_peer_send(&client, text.data, text.len);
            http_peer_expect(&client, count <= 60 ? "HTTP/1.1 200 " : "HTTP/1.1 ");
            assert_true(count < 80 || http_peer_has(&client, "HTTP/1.1 431 "));
            http_peer_expect(&client, count < 100 ? "\r\n\r\n" : "Connection: close\r\n");
            buf_release(&text);
            http_peer_release(&client);
        }
    }
}

static void a_body_that_is_too_large_is_answered_413(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    settings.body_max = 100000;
    open_server(fixture, &settings);
    /* Said beforehand: the connection goes on, since little has to be thrown away. */
    struct http_peer client = connect_to(fixture);
    uint8_t *body = calloc(1, 200000);
    http_peer_say(&client, "POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 200000\r\n\r\n");
    http_peer_send(&client, body, 200000);
    http_peer_expect(&client, "HTTP/1.1 413 ");
    http_peer_say(&client, "GET /on HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "GET /on");
    http_peer_release(&client);
    /* Seen while it comes in pieces. */
    client = connect_to(fixture);
    http_peer_say(&client, "POST /a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (unsigned i = 0; i < 20; i++) {
        http_peer_say(&client, "2710\r\n");
        http_peer_send(&client, body, 10000);
        http_peer_say(&client, "\r\n");
    }
    http_peer_say(&client, "0\r\n\r\n");
    http_peer_expect(&client, "HTTP/1.1 413 ");
    http_peer_release(&client);
    /* Asked for first: nothing is sent. */
    client = connect_to(fixture);
    http_peer_say(
        &client,
        "POST /a HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 99000000\r\n\r\n");
    http_peer_expect(&client, "HTTP/1.1 413 ");
    assert_false(http_peer_has(&client, "100 Continue"));
    http_peer_release(&client);
    free(body);
}

static void a_huge_body_behind_a_refusal_is_cut_off_but_the_refusal_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    uint8_t *body = calloc(1, 100000);
    http_peer_say(&client,
                  "POST /stream/refused HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000000\r\n\r\n");
    for (unsigned i = 0; i < 100 && !http_peer_has(&client, "\r\n\r\nrow 2"); i++) {
        http_peer_send(&client, body, 100000);
        http_peer_read(&client);
    }
    http_peer_expect(&client, "HTTP/1.1 422 ");
    http_peer_expect(&client, "\r\n\r\nrow 2");
    http_peer_expect_close(&client);
    http_peer_release(&client);
    free(body);
}

static void a_refused_head_lets_a_small_body_pass(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "POST /refused HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello"
                           "GET /next HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "WWW-Authenticate: Bearer\r\n");
    http_peer_expect(&client, "GET /next");
    http_peer_release(&client);
}

static void a_slow_body_is_answered_408(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    settings.request_ms = 300;
    settings.stream_idle_ms = 300;
    open_server(fixture, &settings);
    const char *const paths[] = {"/a", "/stream"};
    for (unsigned i = 0; i < 2; i++) {
        struct http_peer client = connect_to(fixture);
        char head[128];
        (void)snprintf(head, sizeof(head),
                       "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhe", paths[i]);
        http_peer_say(&client, head);
        http_peer_expect(&client, "HTTP/1.1 408 ");
        http_peer_expect_close(&client);
        http_peer_release(&client);
        while (fixture->finished <= i) {
            turn(fixture);
        }
        assert_int_equal(fixture->last_status, 408);
    }
}

static void say_to_tail(struct fixture *fixture, const char *text)
{
    fixture->tail = text;
    http_pull_resume(fixture->tailing);
}

static void an_answer_may_wait_for_what_it_has_to_say(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "GET /tail HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "200 OK");
    say_to_tail(fixture, "first");
    http_peer_expect(&client, "first");
    http_pull_resume(fixture->tailing); /* for nothing */
    for (unsigned i = 0; i < 10; i++) {
        turn(fixture);
    }
    say_to_tail(fixture, "second");
    http_pull_resume(fixture->tailing); /* twice */
    http_peer_expect(&client, "second");
    fixture->tail_ends = true;
    http_pull_resume(fixture->tailing);
    http_peer_expect(&client, "0\r\n\r\n");
    http_peer_say(&client, "GET /after HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "GET /after");
    assert_null(fixture->tailing);
    http_peer_release(&client);
}

static void who_left_a_waiting_answer_is_noticed_at_the_next_word(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "GET /tail HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "200 OK");
    http_peer_release(&client);
    uint64_t end_ms = clock_monotonic_ms() + HTTP_PEER_PATIENCE_MS;
    while (fixture->tailing != NULL) {
        say_to_tail(fixture, "word");
        turn(fixture);
        assert_true(clock_monotonic_ms() < end_ms);
    }
    assert_int_equal(fixture->finished, 1);
}

/* The body of `len` bytes, chunked or not; a consumer that takes 100,000 bytes at a time. */
static void stream_slowly(struct fixture *fixture, bool is_chunked)
{
    enum { LEN = 30000000 };
    struct http_peer client = connect_to(fixture);
    struct buf body = {0};
    char head[128];
    fixture->streamed = 0;
    fixture->pauses = 0;
    fixture->room = 100000;
    (void)snprintf(head, sizeof(head), "POST /stream HTTP/1.1\r\nHost: t\r\n%s\r\n\r\n",
                   is_chunked ? "Transfer-Encoding: chunked" : "Content-Length: 30000000");
    for (unsigned i = 0; i < LEN / 1000; i++) {
        buf_str(&body, is_chunked ? "3e8\r\n" : "");
        memset(buf_reserve(&body, 1000), 'x', 1000);
        body.len += 1000;
        buf_str(&body, is_chunked ? "\r\n" : "");
    }
    buf_str(&body, is_chunked ? "0\r\n\r\n" : "");
    http_peer_say(&client, head);
    size_t sent = 0;
    uint64_t end_ms = clock_monotonic_ms() + UINT64_C(3) * HTTP_PEER_PATIENCE_MS;
    while (!http_peer_has(&client, "HTTP/1.1 201 ")) {
        sent += http_peer_push(&client, body.data + sent, body.len - sent, 4);
        if (fixture->paused != NULL) {
            uint64_t before = fixture->streamed;
            sent += http_peer_push(&client, body.data + sent, body.len - sent, 40);
            assert_int_equal(fixture->streamed, before); /* nothing comes in a pause */
            struct http_request *paused = fixture->paused;
            fixture->paused = NULL;
            fixture->room = fixture->streamed + 1000000;
            http_resume(paused);
        }
        turn(fixture);
        http_peer_read(&client);
        assert_true(clock_monotonic_ms() < end_ms);
    }
    assert_int_equal(sent, body.len);
    assert_int_equal(fixture->streamed, LEN);
    assert_true(fixture->pauses > 10);
    assert_int_equal(fixture->pieces_in_pause, 0);
    http_peer_say(&client, "GET /after HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "GET /after");
    buf_release(&body);
    http_peer_release(&client);
}

static void a_slow_consumer_holds_the_client_back(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    stream_slowly(fixture, false);
    stream_slowly(fixture, true);
}

static void a_paused_stream_can_be_answered(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    fixture->room = 1;
    http_peer_say(&client,
                  "POST /stream HTTP/1.1\r\nHost: t\r\nContent-Length: 20\r\n\r\n0123456789");
    while (fixture->paused == NULL) {
        turn(fixture);
    }
    http_reply(fixture->paused, 422, "text/plain", slice_str("no"));
    http_peer_say(&client, "0123456789");
    http_peer_expect(&client, "HTTP/1.1 422 ");
    http_peer_release(&client);
}

static void a_long_answer_is_pulled_as_the_client_reads(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "GET /rows HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "00019999\r\n");
    http_peer_expect(&client, "\r\n0\r\n\r\n");
    assert_true(http_peer_has(&client, "Transfer-Encoding: chunked"));
    while (!fixture->pull_is_done) {
        turn(fixture);
    }
    http_peer_release(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_answered_and_the_connection_kept),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(answers_may_come_later_and_in_any_order),
        TEST(an_answer_to_a_client_that_is_gone_does_no_harm),
        TEST(a_client_that_breaks_off_its_body_is_told_of),
        TEST(a_head_that_is_too_large_is_answered_431),
        TEST(a_large_head_with_a_body_is_answered_all_the_same),
        TEST(many_headers_are_too_large_as_well),
        TEST(a_body_that_is_too_large_is_answered_413),
        TEST(a_huge_body_behind_a_refusal_is_cut_off_but_the_refusal_arrives),
        TEST(any_number_of_headers_or_parameters_is_answered),
        TEST(a_refused_head_lets_a_small_body_pass),
        TEST(a_slow_body_is_answered_408),
        TEST(a_slow_consumer_holds_the_client_back),
        TEST(a_paused_stream_can_be_answered),
        TEST(an_answer_may_wait_for_what_it_has_to_say),
        TEST(who_left_a_waiting_answer_is_noticed_at_the_next_word),
        TEST(a_long_answer_is_pulled_as_the_client_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
