/* SPDX-License-Identifier: Apache-2.0 */
/* Heads in which two programs could read different things, alone and as the server takes them. */
#include <stdlib.h>
#include <string.h>

#include "coordinator/http/http_head.h"
#include "coordinator/http/http_server.h"
#include "tests/unit/http_peer.h"
#include "tests/unit/unit.h"

#define BEHIND "GET /behind HTTP/1.1\r\nHost: t\r\n\r\n"

/* "Name:value" lines. */
static const char *flaw_of(const char *text, const char *version, unsigned *status)
{
    struct http_head head = {0};
    struct slice rest = slice_str(text);
    while (rest.len > 0) {
        struct slice value = slice_take_until(&rest, '\n');
        struct slice name = slice_take_until(&value, ':');
        http_head_add(&head, name, value);
    }
    return http_head_flaw(&head, version, status);
}

static void a_head_that_says_one_thing_is_good(void **state)
{
    (void)state;
    static const char *const good[] = {
        "Host:t\nContent-Length:5",
        "host:t\nTRANSFER-ENCODING:Chunked",
        "Host:t\nAccept:a\nAccept:b\nCookie:x\nCookie:y\nX-!#$%&'*+.^_`|~9:\tz\x80\xff",
        "Host:\nAuthorization:Bearer x\nIdempotency-Key:k",
    };
    unsigned status;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_null(flaw_of(good[i], "HTTP/1.1", &status));
    }
    assert_null(flaw_of("Content-Length:5", "HTTP/1.0", &status));
}

static const struct {
    const char *head;
    const char *version;
    const char *words;
    unsigned status;
} flaws[] = {
    {"Host: t\r\nContent-Length: 0\r\nContent-Length: 38", "HTTP/1.1", "Content-Length came", 400},
    {"Host: t\r\nContent-Length: 38\r\nContent-Length: 0", "HTTP/1.1", "Content-Length came", 400},
    {"Host: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked", "HTTP/1.1", "exclude each", 400},
    {"Host: t\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity", "HTTP/1.1",
     "Transfer-Encoding came", 400},
    {"Host: t\r\nTransfer-Encoding: gzip, chunked", "HTTP/1.1", "may be chunked", 501},
    {"Host: t\r\nTransfer-Encoding: xchunked", "HTTP/1.1", "may be chunked", 501},
    {"Host: t\r\nTransfer-Encoding: identity", "HTTP/1.1", "may be chunked", 501},
    {"Host: t\r\nTransfer-Encoding: chunked", "HTTP/1.0", "HTTP/1.0 has no", 400},
    {"Host: t\r\nContent-Length : 38", "HTTP/1.1", "name of a header", 400},
    {"Host: t\r\nX(y): z", "HTTP/1.1", "name of a header", 400},
    {"Host: t\r\nX: a\x01z", "HTTP/1.1", "control character", 400},
    {"Host: t\rContent-Length: 38", "HTTP/1.1", "control character", 400},
    {"Host: t\r\nHost: u", "HTTP/1.1", "Host came", 400},
    {"X: y", "HTTP/1.1", "Host is missing", 400},
    {"Host: t\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b", "HTTP/1.1",
     "Authorization came", 400},
    {"Host: t\r\nIdempotency-Key: a\r\nIdempotency-Key: b", "HTTP/1.1", "Idempotency-Key came",
     400},
};
#define FLAWS (sizeof(flaws) / sizeof(flaws[0]))

static void a_zero_byte_is_in_no_header(void **state)
{
    (void)state;
    struct http_head head = {0};
    unsigned status;
    http_head_add(&head, slice_str("Host"), slice_str("t"));
    http_head_add(&head, slice_str("Authorization"), slice_of("Bearer x\0y", 10));
    assert_non_null(strstr(http_head_flaw(&head, "HTTP/1.1", &status), "control character"));
    head = (struct http_head){0};
    http_head_add(&head, slice_of("Ho\0st", 5), slice_str("t"));
    assert_non_null(strstr(http_head_flaw(&head, "HTTP/1.1", &status), "name of a header"));
    assert_int_equal(status, 400);
}

/* ---- as the server takes them ---- */

struct fixture {
    uv_loop_t loop;
    struct http_server *server;
    unsigned heads;
    unsigned finished;
    unsigned refused;
};

static void on_head(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    fixture->heads++;
    http_set_context(request, fixture);
}

static void on_request(void *arg, struct http_request *request)
{
    (void)arg;
    http_reply(request, 200, "text/plain", http_path(request));
}

static void on_finished(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    fixture->finished += http_context(request) != NULL;
}

static void refuse(void *arg, struct http_request *request, unsigned status, const char *why)
{
    struct fixture *fixture = arg;
    fixture->refused++;
    http_reply(request, status, "text/plain", slice_str(why));
}

static void open_server(struct fixture *fixture)
{
    const struct http_handler handler = {fixture, on_head, on_request, on_finished, refuse, NULL};
    struct http_settings settings;
    struct problem problem;
    http_settings_defaults(&settings);
    assert_int_equal(listen_address_parse(&settings.listen, "127.0.0.1:0", &problem), ERR_OK);
    assert_int_equal(
        http_server_open(&fixture->server, &fixture->loop, &settings, &handler, &problem), ERR_OK);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    http_server_close(fixture->server);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_int_equal(fixture->finished, fixture->heads);
    free(fixture);
    return 0;
}

static void turn(void *arg)
{
    struct fixture *fixture = arg;
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static struct http_peer connect_to(struct fixture *fixture)
{
    return http_peer_open(http_server_address(fixture->server), turn, fixture);
}

/* What follows may be its body or a request of its own: it is neither. */
static void a_doubtful_head_is_refused_and_the_connection_ends(void **state)
{
    struct fixture *fixture = *state;
    open_server(fixture);
    for (size_t i = 0; i < FLAWS; i++) {
        struct http_peer client = connect_to(fixture);
        struct buf text = {0};
        char status[32];
        buf_printf(&text, "POST /a %s\r\n%s\r\n\r\n0\r\n\r\n" BEHIND, flaws[i].version,
                   flaws[i].head);
        http_peer_send(&client, text.data, text.len);
        http_peer_expect_close(&client);
        (void)snprintf(status, sizeof(status), "HTTP/1.1 %u ", flaws[i].status);
        if (!http_peer_has(&client, status) || !http_peer_has(&client, flaws[i].words) ||
            http_peer_has(&client, "/behind")) {
            fail_msg("%s: %s", flaws[i].head, buf_cstr(&client.got));
        }
        buf_release(&text);
        http_peer_release(&client);
    }
    assert_int_equal(fixture->heads, 0);
    assert_int_equal(fixture->refused, FLAWS);
}

static void a_uri_may_have_a_scheme_and_a_host(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *uri;
        const char *path;
    } uris[] = {{"http://t/a/b?x=/y", "\r\n\r\n/a/b"},
                {"HTTPS://u:p@t:8443/c", "\r\n\r\n/c"},
                {"http://t", "\r\n\r\n/"},
                {"http://t?x", "\r\n\r\n/"}};
    open_server(fixture);
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        struct http_peer client = connect_to(fixture);
        struct buf text = {0};
        buf_printf(&text, "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", uris[i].uri);
        http_peer_send(&client, text.data, text.len);
        http_peer_expect_close(&client);
        const char *end = strstr(buf_cstr(&client.got), uris[i].path);
        assert_non_null(end);
        assert_string_equal(end, uris[i].path);
        buf_release(&text);
        http_peer_release(&client);
    }
}

/* Its first line is too large as we count, and the head just not: it was told 431. */
static void what_was_refused_is_not_done_after_all(void **state)
{
    struct fixture *fixture = *state;
    open_server(fixture);
    for (unsigned count = 70; count < 80; count++) {
        struct http_peer client = connect_to(fixture);
        struct buf text = {0};
        unsigned heads = fixture->heads;
        buf_str(&text, "POST /a?");
        for (unsigned i = 0; i < count; i++) {
            buf_str(&text, "&");
        }
        buf_str(&text, " HTTP/1.0\r\n\r\n");
        http_peer_send(&client, text.data, text.len);
        http_peer_expect_close(&client);
        assert_true(http_peer_has(&client, count < 75 ? " 200 OK" : " 431 "));
        assert_int_equal(fixture->heads - heads, count < 75);
        buf_release(&text);
        http_peer_release(&client);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_that_says_one_thing_is_good),
        cmocka_unit_test(a_zero_byte_is_in_no_header),
        TEST(a_doubtful_head_is_refused_and_the_connection_ends),
        TEST(a_uri_may_have_a_scheme_and_a_host),
        TEST(what_was_refused_is_not_done_after_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
