/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/unit.h"

#define STREAM_ROWS 20000

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

void on_head(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    struct slice path = http_path(request);
    fixture->heads++;
    http_set_context(request, fixture);
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
        (void)snprintf(row, sizeof(row), "%08u\r\n", (unsigned)fixture->pulled++ % 100000000U);
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

/* One text at a time. */
static long pull_tail(void *arg, uint8_t *into, size_t room)
{
    struct fixture *fixture = arg;
    if (fixture->tail == NULL) {
        return fixture->tail_ends ? 0 : HTTP_PULL_LATER;
    }
    size_t len = strlen(fixture->tail);
    assert_true(len <= room);
    memcpy(into, fixture->tail, len);
    fixture->tail = NULL;
    return (long)len;
}

static void tail_done(void *arg)
{
    struct fixture *fixture = arg;
    fixture->tailing = NULL;
}

void on_request(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    struct slice path = http_path(request);
    if (slice_is(path, "/later")) {
        fixture->waiting[fixture->waiting_count++] = request;
    } else if (slice_is(path, "/rows")) {
        http_reply_stream(request, 200, "text/csv", pull_rows, pull_done, fixture);
    } else if (slice_is(path, "/tail")) {
        fixture->tailing = request;
        http_reply_stream(request, 200, "text/plain", pull_tail, tail_done, fixture);
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

void on_finished(void *arg, struct http_request *request)
{
    struct fixture *fixture = arg;
    fixture->finished++;
    fixture->unanswered += http_status(request) == 0;
    fixture->last_status = http_status(request);
}

void refuse(void *arg, struct http_request *request, unsigned status, const char *why)
{
    struct fixture *fixture = arg;
    fixture->heads += http_context(request) == NULL; /* in place of on_head */
    http_reply(request, status, "text/plain", slice_str(why));
}

struct http_settings test_settings(void)
{
    struct http_settings settings;
    struct problem problem;
    http_settings_defaults(&settings);
    assert_int_equal(listen_address_parse(&settings.listen, "127.0.0.1:0", &problem), ERR_OK);
    return settings;
}

void open_server(struct fixture *fixture, const struct http_settings *settings)
{
    const struct http_handler handler = {fixture, on_head, on_request, on_finished, refuse, NULL};
    struct problem problem;
    assert_int_equal(
        http_server_open(&fixture->server, &fixture->loop, settings, &handler, &problem), ERR_OK);
}

int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    *state = fixture;
    return 0;
}

void close_server(struct fixture *fixture)
{
    http_server_close(fixture->server);
    fixture->server = NULL;
    assert_int_equal(fixture->finished, fixture->heads);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

int teardown(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->server != NULL) {
        close_server(fixture);
    }
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    free(fixture);
    return 0;
}

void turn(struct fixture *fixture)
{
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void turn_peer(void *arg)
{
    turn(arg);
}

struct http_peer connect_to(struct fixture *fixture)
{
    return http_peer_open(http_server_address(fixture->server), turn_peer, fixture);
}
