/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/http_request.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/http/http_socket.h"
#include "coordinator/http/http_tls.h"

#define ARENA_CHUNK ((size_t)4 * 1024)

static uint64_t expected_bytes(const struct http_request *request)
{
    const char *length = http_header(request, "Content-Length");
    uint64_t bytes = 0;
    if (http_header(request, "Transfer-Encoding") != NULL) {
        return HTTP_LENGTH_UNKNOWN;
    }
    return length == NULL || text_number(slice_str(length), 0, HTTP_LENGTH_UNKNOWN - 1, &bytes)
               ? bytes
               : HTTP_LENGTH_UNKNOWN;
}

/* What is kept of a request is its arena's chunk: a request under load allocates nothing. */
static struct http_request *request_take(struct http_kept *kept)
{
    struct http_request *request = kept->first;
    if (request == NULL) {
        request = mem_zalloc(1, sizeof(*request));
        arena_init(&request->arena, ARENA_CHUNK);
        return request;
    }
    kept->first = request->next;
    kept->count--;
    struct arena arena = request->arena;
    *request = (struct http_request){.arena = arena};
    return request;
}

static void request_keep(struct http_kept *kept, struct http_request *request)
{
    if (kept->count == HTTP_KEPT_MAX) {
        arena_release(&request->arena);
        mem_free(request);
        return;
    }
    arena_reset(&request->arena);
    request->next = kept->first;
    kept->first = request;
    kept->count++;
}

void http_kept_release(struct http_kept *kept)
{
    while (kept->first != NULL) {
        struct http_request *request = kept->first;
        kept->first = request->next;
        arena_release(&request->arena);
        mem_free(request);
    }
    kept->count = 0;
}

struct http_request *http_request_new(struct http_connection *connection, const char *method,
                                      uint64_t now_ms)
{
    struct http_request *request = request_take(connection->kept);
    request->connection = connection;
    request->method = method;
    request->began_ms = now_ms;
    request->piece_ms = now_ms;
    request->body_max = connection->settings->body_max;
    request->expected = expected_bytes(request);
    connection->request = request;
    return request;
}

void http_request_finish(struct http_request *request)
{
    const struct http_handler *handler = request->connection->handler;
    if (request->left != NULL) {
        *request->left += request->taken;
    }
    handler->on_finished(handler->arg, request);
    request->connection->request = NULL;
    http_answer_release(&request->answer);
    buf_release(&request->body);
    request_keep(request->connection->kept, request);
}

void http_request_refuse(struct http_request *request, unsigned status, const char *why)
{
    const struct http_handler *handler = request->connection->handler;
    handler->refuse(handler->arg, request, status, why);
    assert(request->answer.status != 0);
}

/* Room for a body of so many bytes. */
static bool take_room(struct http_request *request, size_t bytes)
{
    size_t free_max = request->connection->settings->body_max;
    size_t wanted = bytes > free_max + request->taken ? bytes - free_max - request->taken : 0;
    if (request->left == NULL || wanted == 0) {
        return true;
    }
    if (wanted > *request->left) {
        return false;
    }
    *request->left -= wanted;
    request->taken += wanted;
    return true;
}

bool http_request_take(struct http_request *request, struct slice piece)
{
    if (request->on_body != NULL) {
        return request->on_body(request->body_arg, request, piece);
    }
    if (request->body.len + piece.len > request->body_max) {
        http_request_refuse(request, 413, "the body is too large");
    } else if (!take_room(request, request->body.len + piece.len)) {
        http_reply_header(request, "Retry-After", "1");
        http_request_refuse(request, 503, "too many large requests at once: send it again");
    } else {
        buf_slice(&request->body, piece);
    }
    return true;
}

bool http_request_throw_away(struct http_request *request, size_t bytes)
{
    request->unwanted += bytes;
    if (request->phase == HTTP_LEAVING) {
        return request->unwanted <= HTTP_LEAVE_MAX;
    }
    uint64_t rest =
        request->expected == HTTP_LENGTH_UNKNOWN ? 0 : request->expected - request->received;
    if (request->unwanted > HTTP_DISCARD_MAX || rest > HTTP_DISCARD_MAX) {
        http_request_leave(request);
    }
    return true;
}

/* A socket whose buffer cannot take the whole answer at once belongs to a client that is lost
 * anyway. Something of the request has come, so that a handshake is done. */
static void send_by_hand(const struct http_request *request)
{
    struct buf wire = {0};
    const struct http_connection *connection = request->connection;
    http_answer_write(&request->answer, &wire);
    if (connection->session != NULL) {
        http_tls_send_last(connection->session, buf_view(&wire));
    } else {
        (void)!send(connection->fd, wire.data, wire.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    buf_release(&wire);
}

void http_connection_refuse(struct http_connection *connection, unsigned status, const char *why)
{
    struct http_request request = {.connection = connection};
    connection->is_refused = true;
    arena_init(&request.arena, ARENA_CHUNK);
    http_request_refuse(&request, status, why);
    send_by_hand(&request);
    (void)shutdown(connection->fd, SHUT_RDWR);
    connection->handler->on_finished(connection->handler->arg, &request);
    http_answer_release(&request.answer);
    arena_release(&request.arena);
}

void http_request_leave(struct http_request *request)
{
    send_by_hand(request);
    (void)shutdown(request->connection->fd, SHUT_WR);
    request->phase = HTTP_LEAVING;
    request->answer_ms = clock_monotonic_ms();
    request->unwanted = 0;
}

/* ---- as others see it ---- */

const char *http_method(const struct http_request *request)
{
    return request->method;
}

struct slice http_path(const struct http_request *request)
{
    const char *uri = (const char *)request->connection->uri.data;
    return slice_of(uri, strcspn(uri, "?#"));
}

struct slice http_query(const struct http_request *request)
{
    const char *uri = (const char *)request->connection->uri.data;
    const char *mark = uri + strcspn(uri, "?#");
    return *mark == '?' ? slice_of(mark + 1, strcspn(mark + 1, "#")) : slice_of(NULL, 0);
}

struct slice http_body(const struct http_request *request)
{
    return buf_view(&request->body);
}

struct arena *http_arena(struct http_request *request)
{
    return &request->arena;
}

void http_peer_address(const struct http_request *request, struct sockaddr_storage *address)
{
    const struct sockaddr *peer = request->connection->peer;
    memset(address, 0, sizeof(*address));
    memcpy(address, peer,
           peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

void http_set_context(struct http_request *request, void *context)
{
    request->context = context;
}

void *http_context(const struct http_request *request)
{
    return request->context;
}

unsigned http_status(const struct http_request *request)
{
    return request->answer.status;
}

void http_allow_body(struct http_request *request, size_t bytes, size_t *left)
{
    assert(request->phase == HTTP_BODY && request->received == 0);
    request->body_max = bytes;
    request->left = left;
}

void http_stream_body(struct http_request *request, http_body_fn on_body, void *arg)
{
    assert(request->phase == HTTP_BODY && request->received == 0);
    request->on_body = on_body;
    request->body_arg = arg;
}

void http_resume(struct http_request *request)
{
    if (request->phase == HTTP_BODY && request->is_suspended) {
        http_connection_wake(request->connection);
    }
}

void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    http_answer_header(&request->answer, &request->arena, name, value);
}

static void begin_reply(struct http_request *request, unsigned status, const char *content_type)
{
    assert(request->answer.status == 0);
    if (content_type != NULL) {
        http_reply_header(request, "Content-Type", content_type);
    }
    request->answer.status = status;
    request->answer_ms = clock_monotonic_ms();
    if (request->is_suspended) {
        http_connection_wake(request->connection);
    }
}

void http_reply(struct http_request *request, unsigned status, const char *content_type,
                struct slice body)
{
    buf_slice(&request->answer.body, body);
    begin_reply(request, status, content_type);
}

void http_reply_lent(struct http_request *request, unsigned status, const char *content_type,
                     struct slice body)
{
    request->answer.lent = body;
    begin_reply(request, status, content_type);
}

void http_reply_bare(struct http_request *request, unsigned status)
{
    request->is_bare = true;
    request->answer.header_count = 0;
    begin_reply(request, status, NULL);
}

void http_reply_stream(struct http_request *request, unsigned status, const char *content_type,
                       http_pull_fn pull, http_pull_done_fn done, void *arg)
{
    request->answer.pull = pull;
    request->answer.pull_done = done;
    request->answer.pull_arg = arg;
    begin_reply(request, status, content_type);
}

void http_reply_bulk(struct http_request *request, unsigned status, const char *content_type,
                     http_pull_fn pull, http_pull_done_fn done, void *arg)
{
    request->answer.is_bulk = true;
    http_reply_stream(request, status, content_type, pull, done, arg);
}

void http_break_off(struct http_request *request)
{
    http_socket_reset_at_close(request->connection->fd);
    (void)shutdown(request->connection->fd, SHUT_RDWR);
    http_pull_resume(request);
}

void http_send_buffer(struct http_request *request, int bytes)
{
    (void)setsockopt(request->connection->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

void http_pull_resume(struct http_request *request)
{
    if (request->phase == HTTP_SENDING && request->is_suspended) {
        http_connection_wake(request->connection);
    }
}
