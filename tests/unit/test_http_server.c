/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server and its clients in one thread: sockets of the clients do not block, and the loop is
 * turned until what is expected has come.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "coordinator/api/http_server.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 10000
#define STREAM_ROWS 20000

struct fixture {
    uv_loop_t loop;
    struct http_server *server;
    struct http_request *waiting[64]; /* of /later, in the order of their coming */
    unsigned waiting_count;
    unsigned heads;
    unsigned finished;
    unsigned unanswered;
    unsigned last_status;
    uint64_t streamed; /* bytes of /stream */
    uint64_t room;     /* a stream takes so many bytes, then asks for a pause; 0: any number */
    unsigned pauses;
    unsigned pieces_in_pause;
    struct http_request *paused;
    uint64_t pulled;
    bool pull_is_done;
};

struct client {
    int fd;
    struct buf got;
    bool is_closed;
};

/* ---- the application ---- */

static bool on_piece(void *arg, struct http_request *request, struct slice piece)
{
    struct fixture *fixture = arg;
    fixture->pieces_in_pause += fixture->paused != NULL;
    fixture->streamed += piece.len;
    if (slice_is(http_path(request), "/stream/refused") && fixture->streamed > 1000) {
        http_reply(request, 422, "text/plain", slice_str("row 2"));
        return true;
    }
    if (fixture->room > 0 && fixture->streamed >= fixture->room) {
        fixture->paused = request;
        fixture->pauses++;
        return false;
    }
    return true;
}

static void on_head(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    struct slice path = http_path(request);
    fixture->heads++;
    if (slice_is(path, "/refused")) {
        http_reply_header(request, "WWW-Authenticate", "Bearer");
        http_reply(request, 401, "text/plain", slice_str("who are you?"));
    } else if (path.len >= 7 && memcmp(path.data, "/stream", 7) == 0) {
        http_stream_body(request, on_piece, fixture);
    }
}

static long pull_rows(void *arg, uint8_t *into, size_t room)
{
    struct fixture *fixture = arg;
    size_t written = 0;
    while (fixture->pulled < STREAM_ROWS && written + 10 <= room) {
        char row[11];
        (void)snprintf(row, sizeof(row), "%08u\r\n", (unsigned)fixture->pulled++ % 100000000u);
        memcpy(into + written, row, 10);
        written += 10;
    }
    return (long)written;
}

static void pull_done(void *arg)
{
    struct fixture *fixture = arg;
    fixture->pull_is_done = true;
}

static void on_request(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    struct slice path = http_path(request);
    if (slice_is(path, "/later")) {
        fixture->waiting[fixture->waiting_count++] = request;
    } else if (slice_is(path, "/rows")) {
        http_reply_stream(request, 200, "text/csv", pull_rows, pull_done, fixture);
    } else if (slice_is(path, "/nothing")) {
        http_reply(request, 204, NULL, slice_of(NULL, 0));
    } else if (path.len >= 7 && memcmp(path.data, "/stream", 7) == 0) {
        http_reply(request, 201, "text/plain", slice_str("taken"));
    } else {
        struct buf text = {0};
        buf_printf(&text, "%s %.*s %.*s %zu", http_method(request), (int)path.len,
                   (const char *)path.data, (int)http_query(request).len,
                   (const char *)http_query(request).data, http_body(request).len);
        http_reply(request, 200, "text/plain", buf_view(&text));
        buf_release(&text);
    }
}

static void on_finished(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    fixture->finished++;
    fixture->unanswered += http_status(request) == 0;
    fixture->last_status = http_status(request);
}

static void refuse(void *arg, struct http_request *request, unsigned status, const char *why)
{
    (void)arg;
    http_reply(request, status, "text/plain", slice_str(why));
}

/* ---- harness ---- */

static struct http_settings test_settings(void)
{
    struct http_settings settings;
    struct problem problem;
    http_settings_defaults(&settings);
    assert_int_equal(listen_address_parse(&settings.listen, "127.0.0.1:0", &problem), ERR_OK);
    return settings;
}

static void open_server(struct fixture *fixture, const struct http_settings *settings)
{
    const struct http_handler handler = {fixture, on_head, on_request, on_finished, refuse};
    struct problem problem;
    assert_int_equal(
        http_server_open(&fixture->server, &fixture->loop, settings, &handler, &problem), ERR_OK);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    *state = fixture;
    return 0;
}

static void close_server(struct fixture *fixture)
{
    http_server_close(fixture->server);
    fixture->server = NULL;
    assert_int_equal(fixture->finished, fixture->heads);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->server != NULL) {
        close_server(fixture);
    }
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    free(fixture);
    return 0;
}

static void turn(struct fixture *fixture)
{
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static struct client client_open(struct fixture *fixture)
{
    const struct listen_address *address = http_server_address(fixture->server);
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(client.fd >= 0);
    assert_int_equal(connect(client.fd, &address->any, address->len), 0);
    return client;
}

static void client_release(struct client *client)
{
    (void)close(client->fd);
    buf_release(&client->got);
}

static void client_read(struct client *client)
{
    ssize_t got;
    do {
        got = recv(client->fd, buf_reserve(&client->got, 65536), 65536, MSG_DONTWAIT);
        client->got.len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    client->is_closed |= got == 0 || errno == ECONNRESET;
}

static bool has(struct client *client, const char *text)
{
    return strstr(buf_cstr(&client->got), text) != NULL;
}

static unsigned count(struct client *client, const char *text)
{
    unsigned found = 0;
    for (const char *at = buf_cstr(&client->got); (at = strstr(at, text)) != NULL; at++) {
        found++;
    }
    return found;
}

/* Turns the loop until the client has got `text`, `times` times. */
static void expect_times(struct fixture *fixture, struct client *client, const char *text,
                         unsigned times)
{
    uint64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (count(client, text) < times) {
        turn(fixture);
        client_read(client);
        if (clock_monotonic_ms() > end_ms || (client->is_closed && count(client, text) < times)) {
            fail_msg("no \"%s\" but: %s", text, buf_cstr(&client->got));
        }
    }
}

static void expect(struct fixture *fixture, struct client *client, const char *text)
{
    expect_times(fixture, client, text, 1);
}

static void expect_close(struct fixture *fixture, struct client *client)
{
    uint64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!client->is_closed) {
        turn(fixture);
        client_read(client);
        assert_true(clock_monotonic_ms() < end_ms);
    }
}

static void client_send(struct fixture *fixture, struct client *client, const void *bytes,
                        size_t len)
{
    const char *at = bytes;
    uint64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (len > 0) {
        ssize_t sent = send(client->fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            at += sent;
            len -= (size_t)sent;
        }
        turn(fixture);
        assert_true(clock_monotonic_ms() < end_ms);
    }
}

static void say(struct fixture *fixture, struct client *client, const char *text)
{
    client_send(fixture, client, text, strlen(text));
}

/* ---- tests ---- */

static void a_request_is_answered_and_the_connection_kept(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client client = client_open(fixture);
    say(fixture, &client, "GET /a%2Fb?x=1&y=%20 HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(fixture, &client, "GET /a%2Fb x=1&y=%20 0");
    assert_true(has(&client, "HTTP/1.1 200 OK\r\n"));
    assert_true(has(&client, "Content-Type: text/plain\r\n"));
    say(fixture, &client, "POST /c HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello");
    expect(fixture, &client, "POST /c  5");
    say(fixture, &client, "POST /nothing HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
    expect(fixture, &client, "HTTP/1.1 204 No Content\r\n");
    assert_int_equal(fixture->finished, 3);
    assert_int_equal(http_server_connections(fixture->server), 1);
    assert_int_equal(http_server_requests(fixture->server), 0);
    client_release(&client);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client client = client_open(fixture);
    struct buf requests = {0};
    for (unsigned i = 0; i < 50; i++) {
        buf_printf(&requests, "POST /n%02u HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc", i);
    }
    client_send(fixture, &client, requests.data, requests.len);
    expect_times(fixture, &client, "HTTP/1.1 200 OK", 50);
    const char *at = buf_cstr(&client.got);
    for (unsigned i = 0; i < 50; i++) {
        char expected[32];
        (void)snprintf(expected, sizeof(expected), "POST /n%02u  3", i);
        at = strstr(at, expected);
        assert_non_null(at);
    }
    buf_release(&requests);
    client_release(&client);
}

static void answers_may_come_later_and_in_any_order(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct client clients[16];
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 16; i++) {
        clients[i] = client_open(fixture);
        say(fixture, &clients[i], "POST /later HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nok");
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
        expect(fixture, &clients[i], text);
        say(fixture, &clients[i], "GET /again HTTP/1.1\r\nHost: t\r\n\r\n");
        expect(fixture, &clients[i], "GET /again");
        client_release(&clients[i]);
    }
}

static void an_answer_to_a_client_that_is_gone_does_no_harm(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client client = client_open(fixture);
    say(fixture, &client, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    while (fixture->waiting_count == 0) {
        turn(fixture);
    }
    const struct linger at_once = {1, 0};
    (void)setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    client_release(&client);
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
    struct client client = client_open(fixture);
    say(fixture, &client,
        "POST /stream HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\nhello");
    while (fixture->streamed == 0) {
        turn(fixture);
    }
    client_release(&client);
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
    struct client client = client_open(fixture);
    struct buf head = {0};
    buf_str(&head, "GET / HTTP/1.1\r\nHost: t\r\nX-Large: ");
    memset(buf_reserve(&head, 20000), 'a', 20000);
    head.len += 20000;
    buf_str(&head, "\r\n\r\n");
    client_send(fixture, &client, head.data, head.len);
    expect(fixture, &client, "HTTP/1.1 431 ");
    expect_close(fixture, &client);
    client_release(&client);
    client = client_open(fixture);
    buf_clear(&head);
    buf_str(&head, "GET /");
    memset(buf_reserve(&head, 20000), 'a', 20000);
    head.len += 20000;
    buf_str(&head, " HTTP/1.1\r\nHost: t\r\n\r\n");
    client_send(fixture, &client, head.data, head.len);
    expect(fixture, &client, "HTTP/1.1 414 ");
    client_release(&client);
    buf_release(&head);
    assert_int_equal(fixture->heads, 0);
}

static void a_body_that_is_too_large_is_answered_413(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    settings.body_max = 100000;
    open_server(fixture, &settings);
    /* Said beforehand: the connection goes on, since little has to be thrown away. */
    struct client client = client_open(fixture);
    uint8_t *body = calloc(1, 200000);
    say(fixture, &client, "POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 200000\r\n\r\n");
    client_send(fixture, &client, body, 200000);
    expect(fixture, &client, "HTTP/1.1 413 ");
    say(fixture, &client, "GET /on HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(fixture, &client, "GET /on");
    client_release(&client);
    /* Seen while it comes in pieces. */
    client = client_open(fixture);
    say(fixture, &client, "POST /a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (unsigned i = 0; i < 20; i++) {
        say(fixture, &client, "2710\r\n");
        client_send(fixture, &client, body, 10000);
        say(fixture, &client, "\r\n");
    }
    say(fixture, &client, "0\r\n\r\n");
    expect(fixture, &client, "HTTP/1.1 413 ");
    client_release(&client);
    /* Asked for first: nothing is sent. */
    client = client_open(fixture);
    say(fixture, &client,
        "POST /a HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 99000000\r\n\r\n");
    expect(fixture, &client, "HTTP/1.1 413 ");
    assert_false(has(&client, "100 Continue"));
    client_release(&client);
    free(body);
}

static void a_huge_body_behind_a_refusal_is_cut_off_but_the_refusal_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client client = client_open(fixture);
    uint8_t *body = calloc(1, 100000);
    say(fixture, &client,
        "POST /stream/refused HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000000\r\n\r\n");
    for (unsigned i = 0; i < 100 && !has(&client, "\r\n\r\nrow 2"); i++) {
        client_send(fixture, &client, body, 100000);
        client_read(&client);
    }
    expect(fixture, &client, "HTTP/1.1 422 ");
    expect(fixture, &client, "\r\n\r\nrow 2");
    expect_close(fixture, &client);
    client_release(&client);
    free(body);
}

static void a_refused_head_lets_a_small_body_pass(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client client = client_open(fixture);
    say(fixture, &client,
        "POST /refused HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello"
        "GET /next HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(fixture, &client, "WWW-Authenticate: Bearer\r\n");
    expect(fixture, &client, "GET /next");
    client_release(&client);
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
        struct client client = client_open(fixture);
        char head[128];
        (void)snprintf(head, sizeof(head),
                       "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhe", paths[i]);
        say(fixture, &client, head);
        expect(fixture, &client, "HTTP/1.1 408 ");
        expect_close(fixture, &client);
        client_release(&client);
        while (fixture->finished <= i) {
            turn(fixture);
        }
        assert_int_equal(fixture->last_status, 408);
    }
}

static void a_slow_head_is_answered_408_and_an_idle_client_closed(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    settings.head_ms = 300;
    open_server(fixture, &settings);
    struct client slow = client_open(fixture);
    struct client idle = client_open(fixture);
    struct client used = client_open(fixture);
    say(fixture, &used, "GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
    say(fixture, &slow, "GET /a HTTP/1.1\r\nHo");
    expect_close(fixture, &slow);
    expect_close(fixture, &idle);
    expect_close(fixture, &used);
    assert_true(has(&slow, "HTTP/1.1 408 "));
    assert_int_equal(idle.got.len, 0);
    assert_true(has(&used, "GET /a"));
    assert_false(has(&used, "408"));
    client_release(&slow);
    client_release(&idle);
    client_release(&used);
}

static void idle_connections_do_not_stand_in_the_way(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct client idle[300];
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 300; i++) {
        idle[i] = client_open(fixture);
        turn(fixture);
    }
    while (http_server_connections(fixture->server) < 300) {
        turn(fixture);
    }
    struct client client = client_open(fixture);
    say(fixture, &client, "GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(fixture, &client, "GET /a");
    /* All at once: more events than libmicrohttpd looks at in one call. */
    for (unsigned i = 0; i < 300; i++) {
        assert_true(send(idle[i].fd, "GET /b HTTP/1.1\r\nHost: t\r\n\r\n", 29, 0) == 29);
    }
    for (unsigned i = 0; i < 300; i++) {
        expect(fixture, &idle[i], "GET /b");
        client_release(&idle[i]);
    }
    client_release(&client);
}

static void one_address_has_so_many_connections_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct client clients[5];
    settings.connections_per_address = 4;
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 5; i++) {
        clients[i] = client_open(fixture);
        turn(fixture);
    }
    expect_close(fixture, &clients[4]);
    assert_int_equal(http_server_connections(fixture->server), 4);
    for (unsigned i = 0; i < 5; i++) {
        client_release(&clients[i]);
    }
}

/* Sends as much as goes, turning the loop now and then. */
static size_t push(struct fixture *fixture, struct client *client, const uint8_t *bytes, size_t len,
                   unsigned turns)
{
    size_t sent_all = 0;
    for (unsigned i = 0; i < turns && sent_all < len; i++) {
        size_t piece = len - sent_all > 65536 ? 65536 : len - sent_all;
        ssize_t sent = send(client->fd, bytes + sent_all, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent_all += sent > 0 ? (size_t)sent : 0;
        turn(fixture);
    }
    return sent_all;
}

/* The body of `len` bytes, chunked or not; a consumer that takes 100,000 bytes at a time. */
static void stream_slowly(struct fixture *fixture, bool is_chunked)
{
    enum { LEN = 30000000 };
    struct client client = client_open(fixture);
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
    say(fixture, &client, head);
    size_t sent = 0;
    uint64_t end_ms = clock_monotonic_ms() + 3 * PATIENCE_MS;
    while (!has(&client, "HTTP/1.1 201 ")) {
        sent += push(fixture, &client, body.data + sent, body.len - sent, 4);
        if (fixture->paused != NULL) {
            uint64_t before = fixture->streamed;
            sent += push(fixture, &client, body.data + sent, body.len - sent, 40);
            assert_int_equal(fixture->streamed, before); /* nothing comes in a pause */
            struct http_request *paused = fixture->paused;
            fixture->paused = NULL;
            fixture->room = fixture->streamed + 1000000;
            http_resume(paused);
        }
        turn(fixture);
        client_read(&client);
        assert_true(clock_monotonic_ms() < end_ms);
    }
    assert_int_equal(sent, body.len);
    assert_int_equal(fixture->streamed, LEN);
    assert_true(fixture->pauses > 10);
    assert_int_equal(fixture->pieces_in_pause, 0);
    say(fixture, &client, "GET /after HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(fixture, &client, "GET /after");
    buf_release(&body);
    client_release(&client);
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
    struct client client = client_open(fixture);
    fixture->room = 1;
    say(fixture, &client,
        "POST /stream HTTP/1.1\r\nHost: t\r\nContent-Length: 20\r\n\r\n0123456789");
    while (fixture->paused == NULL) {
        turn(fixture);
    }
    http_reply(fixture->paused, 422, "text/plain", slice_str("no"));
    say(fixture, &client, "0123456789");
    expect(fixture, &client, "HTTP/1.1 422 ");
    client_release(&client);
}

static void a_long_answer_is_pulled_as_the_client_reads(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client client = client_open(fixture);
    say(fixture, &client, "GET /rows HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(fixture, &client, "00019999\r\n");
    expect(fixture, &client, "\r\n0\r\n\r\n");
    assert_true(has(&client, "Transfer-Encoding: chunked"));
    while (!fixture->pull_is_done) {
        turn(fixture);
    }
    client_release(&client);
}

static void closing_breaks_off_what_is_under_way(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client waiting = client_open(fixture);
    struct client sending = client_open(fixture);
    struct client idle = client_open(fixture);
    say(fixture, &waiting, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    say(fixture, &sending, "POST /stream HTTP/1.1\r\nHost: t\r\nContent-Length: 20\r\n\r\n01234");
    while (fixture->waiting_count == 0 || fixture->streamed == 0 ||
           http_server_connections(fixture->server) < 3) {
        turn(fixture);
    }
    close_server(fixture);
    assert_int_equal(fixture->unanswered, 2);
    client_release(&waiting);
    client_release(&sending);
    client_release(&idle);
}

static void after_quiescing_what_is_under_way_is_still_answered(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct client waiting = client_open(fixture);
    struct client idle = client_open(fixture);
    say(fixture, &waiting, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    while (fixture->waiting_count == 0 || http_server_connections(fixture->server) < 2) {
        turn(fixture);
    }
    http_server_quiesce(fixture->server);
    expect_close(fixture, &idle);
    http_reply(fixture->waiting[0], 200, "text/plain", slice_str("still here"));
    expect(fixture, &waiting, "still here");
    assert_true(has(&waiting, "Connection: close"));
    expect_close(fixture, &waiting);
    client_release(&waiting);
    client_release(&idle);
}

static void a_port_in_use_is_said_so(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    settings.listen = *http_server_address(fixture->server);
    const struct http_handler handler = {fixture, on_head, on_request, on_finished, refuse};
    struct http_server *second = NULL;
    struct problem problem;
    assert_int_equal(http_server_open(&second, &fixture->loop, &settings, &handler, &problem),
                     ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "in use by another process"));
    assert_null(second);
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
        TEST(a_body_that_is_too_large_is_answered_413),
        TEST(a_huge_body_behind_a_refusal_is_cut_off_but_the_refusal_arrives),
        TEST(a_refused_head_lets_a_small_body_pass),
        TEST(a_slow_body_is_answered_408),
        TEST(a_slow_head_is_answered_408_and_an_idle_client_closed),
        TEST(idle_connections_do_not_stand_in_the_way),
        TEST(one_address_has_so_many_connections_and_no_more),
        TEST(a_slow_consumer_holds_the_client_back),
        TEST(a_paused_stream_can_be_answered),
        TEST(a_long_answer_is_pulled_as_the_client_reads),
        TEST(closing_breaks_off_what_is_under_way),
        TEST(after_quiescing_what_is_under_way_is_still_answered),
        TEST(a_port_in_use_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
