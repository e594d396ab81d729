/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd 0.9.75 with an epoll descriptor that our loop watches: MHD_run works off what is
 * ready, in the loop's thread and nowhere else. Its traps, and what is done about them:
 *
 * An answer can be queued only from the access handler, and only before the body or after all of
 * it. So http_reply keeps the answer; a connection that waits for one is suspended, and the
 * handler, called again after the resumption (with no data), queues it. Queued before the body it
 * ends the connection, unless there is no body.
 *
 * Resuming sets a flag that the next MHD_run looks at, and nothing wakes up for it: our idle handle
 * does. A suspended connection is out of the epoll set; but a chunked body goes on being handed
 * over in the same call even after the connection was suspended in it: such pieces are left
 * unprocessed.
 *
 * It closes a socket with unread data in it, so that the kernel sends RST and the client may never
 * see the answer. An answer before the end of the body therefore waits while a rest of moderate
 * size is thrown away; if there is more, or the client is slow, it is written to the socket by
 * hand, the sending direction is shut, and what still arrives is thrown away until the client goes
 * or HTTP_LEAVE_MS are over.
 *
 * With as many connections as it takes at all, it takes the listening socket out of its epoll set,
 * and puts it back in the run after the one that closed some: nothing would wake it up for those
 * who wait to be accepted. So it is run once more when connections were closed.
 *
 * Its timeout counts inactivity only. Deadlines for whole heads and bodies are ours (http_sweep.c).
 *
 * Stopping it with suspended connections aborts the process: all are resumed and ended before.
 *
 * While the handshake of a TLS connection waits for its client, the library takes that connection
 * for ready and wants to be run again at once, for as long as it lasts. Its word is believed only
 * when something came of the last run; else it is run when something comes, and now and then
 * (run_again). A timer of 0 ms would be worse still: it is due again before the loop does
 * anything else.
 *
 * It zeroes the connection's memory at every request: 8 KiB. A head that fills it leaves no room
 * for the body, whose connection then hangs or is closed without a word; and so does one of a
 * hundred parameters, whose line it takes for good and then forgets to answer. So heads have a
 * limit of their own, and what is above is answered by hand (431): with all of its head there, or
 * with its first line, which the library shows before it parses the parameters. Far above, and
 * where a head is no HTTP, the library answers itself, with pages of HTML that nothing can replace.
 */
#include "coordinator/api/http_server.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/http_request.h"
#include "coordinator/api/http_socket.h"
#include "coordinator/api/http_tls.h"

#define MODULE            "http"
#define CONNECTION_MEMORY ((size_t)8 * 1024)
#define HEAD_MAX                                                                                   \
    ((size_t)6 * 1024)   /* leaves room for pieces of the body, and for the answer's head */
#define HEADER_COST   80 /* what a header or parameter takes beside its text, at most */
#define PULL_BLOCK    ((size_t)32 * 1024)
#define BULK_BLOCK    ((size_t)256 * 1024)
#define SWEEP_MS      250
#define SEND_IDLE_S   60U /* a client that does not take its answer */
#define CLOSE_RUNS    64
#define RUN_US        1000 /* of the loop's time at once */
#define GREETING_MS   10   /* between two runs that only handshakes ask for, */
#define GREETING_REST 4    /* and so many times what a run takes */
#define SENDING_LOOKS 512U /* connections looked at for one that is sending */
#define EVICT_LOOKS   512U /* connections looked at for one that can make room */
/* What libmicrohttpd takes above the limit while others are closed for it. */
#define EVICT_HEADROOM 128U

struct http_server {
    struct http_settings settings;
    struct http_handler handler;
    struct listen_address address;
    struct MHD_Daemon *daemon;
    struct http_tls *tls; /* NULL: nothing is encrypted */
    uv_poll_t poll;
    uv_timer_t run_timer; /* when libmicrohttpd wants to be run */
    uv_timer_t sweep_timer;
    uv_idle_t idle; /* active when a connection was resumed, or the last run closed one */
    unsigned open_handles;
    struct MHD_Response *bare; /* of every answer without headers and body */
    struct http_kept kept;
    struct http_connection *connections; /* whoever last became idle comes first */
    struct http_connection *oldest;
    unsigned connection_count;
    unsigned evicting; /* of those, being closed to make room */
    uint64_t evictions;
    unsigned request_count;
    unsigned greeting; /* TLS connections from which no request has come: handshakes */
    bool has_moved;    /* something came of the run that goes on, or was the last */
    bool has_closed;   /* a connection since the last run began */
    bool is_quiet;     /* takes no more */
    bool is_closing;   /* breaks off what there is */
};

struct pull {
    struct http_request *request;
    http_pull_fn pull;
    http_pull_done_fn done;
    void *arg;
};

static const char head_too_large[] =
    "the head is larger than 6 KiB; each header and parameter counts 80 bytes beside its text";

static void server_run(struct http_server *server);

/* ---- connections ---- */

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static void connection_link(struct http_server *server, struct http_connection *connection)
{
    connection->previous = NULL;
    connection->next = server->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    } else {
        server->oldest = connection;
    }
    server->connections = connection;
}

static void connection_unlink(struct http_server *server, struct http_connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    } else {
        server->oldest = connection->previous;
    }
}

static bool is_over_full(const struct http_server *server)
{
    return server->connection_count - server->evicting > server->settings.connections_max;
}

/* Whoever sends nothing, or the head of his request byte by byte, must not keep others out. Those
 * with a request under way stand among the idle ones by the time when they were so last; they are
 * passed over, a few at most. So are those whose request has come and is not read yet: they would
 * never see its answer. When so many were passed over that there is no room, server_run looks
 * again. */
static void evict_idle(struct http_server *server)
{
    unsigned looked_at = 0;
    for (struct http_connection *connection = server->oldest;
         connection != NULL && looked_at < EVICT_LOOKS && is_over_full(server);
         connection = connection->previous, looked_at++) {
        if (connection->request == NULL && !connection->is_evicted &&
            !http_socket_has_unread(connection->fd)) {
            connection->is_evicted = true;
            server->evicting++;
            server->evictions++;
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
    }
}

static struct http_connection *connection_new(struct http_server *server,
                                              struct MHD_Connection *mhd)
{
    struct http_connection *connection = mem_zalloc(1, sizeof(*connection));
    connection->server = server;
    connection->mhd = mhd;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (server->tls != NULL) {
        connection->session =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
        connection->certificate = http_tls_begin(server->tls, connection->session);
        server->greeting++;
    }
    connection_link(server, connection);
    server->connection_count++;
    connection->idle_since_ms = clock_monotonic_ms();
    connection->is_idle_seen = true; /* with nothing received */
    connection->settings = &server->settings;
    connection->handler = &server->handler;
    connection->kept = &server->kept;
    evict_idle(server);
    return connection;
}

static void connection_free(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    connection_unlink(server, connection);
    server->connection_count--;
    server->has_closed = true;
    server->evicting -= connection->is_evicted;
    if (connection->certificate != NULL) {
        http_tls_end(connection->certificate);
        server->greeting -= !connection->has_spoken;
    }
    buf_release(&connection->uri);
    mem_free(connection);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_new(arg, mhd);
    } else {
        connection_free(*context);
        *context = NULL;
    }
}

static size_t parameters_of(const char *uri)
{
    size_t count = 0;
    for (const char *at = strchr(uri, '?'); at != NULL; at = strchr(at + 1, '&')) {
        count++;
    }
    return count;
}

/* libmicrohttpd decodes paths and so loses where an encoded slash stood: the URI is kept as it
 * came. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    (void)arg;
    struct http_connection *connection = connection_of(mhd);
    connection->server->has_moved = true;
    if (!connection->has_spoken) {
        connection->has_spoken = true;
        connection->server->greeting -= connection->session != NULL;
    }
    buf_clear(&connection->uri);
    buf_str(&connection->uri, uri);
    buf_u8(&connection->uri, '\0');
    if (connection->uri.len + parameters_of(uri) * HEADER_COST > HEAD_MAX) {
        http_connection_refuse(connection, 431, head_too_large);
    }
    return NULL;
}

/* ---- requests ---- */

/* By what the head takes of the connection's memory. */
static bool is_head_too_large(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int headers = MHD_get_connection_values(mhd, MHD_HEADER_KIND, NULL, NULL) +
                  MHD_get_connection_values(mhd, MHD_GET_ARGUMENT_KIND, NULL, NULL);
    size_t text = info == NULL ? 0 : info->header_size;
    return text + (size_t)headers * HEADER_COST > HEAD_MAX;
}

static bool waits_to_send(const struct http_request *request)
{
    const char *expect = http_header(request, MHD_HTTP_HEADER_EXPECT);
    return expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)context;
    (void)code;
    struct http_connection *connection = connection_of(mhd);
    if (connection->request != NULL) {
        http_request_finish(connection->request);
        connection->server->request_count--;
    }
    connection->idle_since_ms = clock_monotonic_ms();
    connection->is_idle_seen = false;
    connection_unlink(connection->server, connection);
    connection_link(connection->server, connection);
}

static void request_suspend(struct http_request *request)
{
    if (!request->is_suspended) {
        request->is_suspended = true;
        MHD_suspend_connection(request->connection->mhd);
    }
}

/* ---- answers ---- */

static ssize_t on_pull(void *arg, uint64_t at, char *into, size_t room)
{
    (void)at;
    const struct pull *pull = arg;
    pull->request->connection->server->has_moved = true;
    if (pull->request->connection->server->is_closing) {
        return MHD_CONTENT_READER_END_WITH_ERROR; /* it must not wait once more */
    }
    long got = pull->pull(pull->arg, (uint8_t *)into, room);
    if (got == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (got == HTTP_PULL_LATER) {
        request_suspend(pull->request);
        return 0;
    }
    if (got < 0) {
        http_socket_reset(pull->request->connection->fd);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    return got;
}

static void on_pull_done(void *arg)
{
    struct pull *pull = arg;
    if (pull->done != NULL) {
        pull->done(pull->arg);
    }
    mem_free(pull);
}

/* Takes the body, or what pulls it, out of the answer. */
static struct MHD_Response *response_of(struct http_request *request)
{
    struct http_answer *answer = &request->answer;
    if (answer->pull != NULL) {
        struct pull *pull = mem_alloc(sizeof(*pull));
        *pull = (struct pull){request, answer->pull, answer->pull_done, answer->pull_arg};
        answer->pull_done = NULL;
        struct MHD_Response *response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, answer->is_bulk ? BULK_BLOCK : PULL_BLOCK, on_pull, pull,
            on_pull_done);
        if (answer->is_bulk) { /* or its pieces would be what is left of the connection's memory */
            (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
        }
        return response;
    }
    if (answer->body.len == 0) {
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        answer->body.len, answer->body.data, mem_free);
    answer->body = (struct buf){0};
    return response;
}

/* In the access handler, before or after the body. */
static enum MHD_Result request_queue(struct http_request *request)
{
    struct http_answer *answer = &request->answer;
    const struct http_server *server = request->connection->server;
    if (request->is_bare && !server->is_quiet) {
        request->phase = HTTP_SENDING;
        return MHD_queue_response(request->connection->mhd, answer->status, server->bare);
    }
    struct MHD_Response *response = response_of(request);
    for (unsigned i = 0; i < answer->header_count; i++) {
        (void)MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    }
    if (request->is_bare) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    if (server->is_quiet) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    request->phase = HTTP_SENDING;
    enum MHD_Result result = MHD_queue_response(request->connection->mhd, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- the access handler ---- */

static enum MHD_Result request_begin(struct http_connection *connection, const char *method)
{
    struct http_server *server = connection->server;
    struct http_request *request = http_request_new(connection, method, clock_monotonic_ms());
    server->request_count++;
    if (is_head_too_large(connection->mhd)) {
        http_request_refuse(request, 431, head_too_large);
        http_request_leave(request); /* by hand: the library may have no room for an answer left */
        return MHD_YES;
    }
    server->handler.on_head(server->handler.arg, request);
    bool is_gathered = request->on_body == NULL;
    if (request->answer.status == 0 && is_gathered && request->expected != HTTP_LENGTH_UNKNOWN &&
        request->expected > request->body_max) {
        http_request_refuse(request, 413, "the body is too large");
    }
    if (request->answer.status == 0 || request->expected == 0) {
        return MHD_YES;
    }
    if (waits_to_send(request)) {
        return request_queue(request);
    }
    if (request->expected != HTTP_LENGTH_UNKNOWN && request->expected > HTTP_DISCARD_MAX) {
        http_request_leave(request);
    }
    return MHD_YES;
}

static enum MHD_Result request_piece(struct http_request *request, const char *data, size_t *len)
{
    if (request->is_suspended) {
        return MHD_YES; /* nothing is taken; it comes again */
    }
    struct slice piece = slice_of(data, *len);
    *len = 0;
    request->piece_ms = clock_monotonic_ms();
    request->received += piece.len;
    if (request->answer.status != 0) {
        return http_request_throw_away(request, piece.len) ? MHD_YES : MHD_NO;
    }
    if (!http_request_take(request, piece) && request->answer.status == 0) {
        request_suspend(request);
    }
    return MHD_YES;
}

static enum MHD_Result request_complete(struct http_request *request)
{
    struct http_server *server = request->connection->server;
    if (request->phase == HTTP_LEAVING) {
        return MHD_NO;
    }
    if (request->phase == HTTP_BODY && request->answer.status == 0) {
        request->phase = HTTP_DECIDING;
        server->handler.on_request(server->handler.arg, request);
    }
    if (request->answer.status != 0) {
        return request_queue(request);
    }
    request_suspend(request);
    return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *len, void **context)
{
    (void)url;
    (void)version;
    (void)context;
    const struct http_server *server = arg;
    struct http_connection *connection = connection_of(mhd);
    connection->server->has_moved = true;
    if (server->is_closing) {
        return MHD_NO;
    }
    if (connection->request == NULL) {
        return request_begin(connection, method);
    }
    if (*len > 0) {
        return request_piece(connection->request, data, len);
    }
    return request_complete(connection->request);
}

/* ---- the loop ---- */

static void on_run_timer(uv_timer_t *timer)
{
    server_run(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    server_run(poll->data);
}

static void on_idle(uv_idle_t *idle)
{
    uv_idle_stop(idle);
    server_run(idle->data);
}

static void on_sweep(uv_timer_t *timer)
{
    const struct http_server *server = timer->data;
    http_sweep(server->connections, clock_monotonic_ms());
    if (server->tls != NULL) {
        http_tls_sweep(server->tls);
    }
}

/* Something is being sent that the library goes on with by itself. */
static bool is_sending(const struct http_server *server)
{
    unsigned looked_at = 0;
    for (const struct http_connection *connection = server->connections;
         connection != NULL && looked_at < SENDING_LOOKS;
         connection = connection->next, looked_at++) {
        const struct http_request *request = connection->request;
        if (request != NULL && request->phase == HTTP_SENDING && !request->is_suspended) {
            return true;
        }
    }
    return false;
}

/* The library wants to be run at once. */
static void run_again(struct http_server *server, uint64_t took_us)
{
    if (server->greeting == 0 || server->has_moved) {
        uv_idle_start(&server->idle, on_idle);
        return;
    }
    uint64_t wait_ms = took_us * GREETING_REST / 1000;
    wait_ms = wait_ms < GREETING_MS ? GREETING_MS : wait_ms;
    uv_timer_start(&server->run_timer, on_run_timer, is_sending(server) ? 1 : wait_ms, 0);
}

/* Whether the library wants to be run once more; else *wait_ms is when, -1 for never. */
static bool run_once(struct http_server *server, int64_t *wait_ms)
{
    MHD_UNSIGNED_LONG_LONG library_ms;
    server->has_moved = false;
    (void)MHD_run(server->daemon);
    evict_idle(server);
    bool has_time = MHD_get_timeout(server->daemon, &library_ms) == MHD_YES;
    *wait_ms = has_time ? (int64_t)library_ms : -1;
    return *wait_ms == 0;
}

/* A request's body comes in small pieces, so that it is run as long as that brings something; but
 * others want their turn as well. */
static void server_run(struct http_server *server)
{
    uint64_t began_us = clock_monotonic_us();
    uint64_t last_us = began_us;
    int64_t wait_ms;
    bool wants_more;
    server->has_closed = false;
    uv_timer_stop(&server->run_timer);
    do {
        last_us = clock_monotonic_us();
        wants_more = run_once(server, &wait_ms);
    } while (wants_more && server->has_moved && last_us - began_us < RUN_US);
    if (server->has_closed) {
        uv_idle_start(&server->idle, on_idle); /* there may be room for who waits outside */
    }
    if (wants_more) {
        run_again(server, clock_monotonic_us() - last_us);
    } else if (wait_ms > 0) {
        uv_timer_start(&server->run_timer, on_run_timer, (uint64_t)wait_ms, 0);
    }
}

PRINTF_LIKE(2, 0)
static void on_library_line(void *arg, const char *format, va_list args)
{
    (void)arg;
    char line[256];
    (void)vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if (*at == '"') {
            *at = '\'';
        }
    }
    LOG_D(MODULE, "library", "said=\"%s\"", line);
}

static void start_handles(struct http_server *server, uv_loop_t *loop)
{
    int fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uv_poll_init(loop, &server->poll, fd);
    uv_timer_init(loop, &server->run_timer);
    uv_timer_init(loop, &server->sweep_timer);
    uv_idle_init(loop, &server->idle);
    server->poll.data = server;
    server->run_timer.data = server;
    server->sweep_timer.data = server;
    server->idle.data = server;
    server->open_handles = 4;
    uv_poll_start(&server->poll, UV_READABLE, on_readable);
    uv_timer_start(&server->sweep_timer, on_sweep, SWEEP_MS, SWEEP_MS);
}

void http_settings_defaults(struct http_settings *settings)
{
    *settings = (struct http_settings){
        .key = "listen.api",
        .connections_max = 1024,
        .connections_per_address = 1024,
        .body_max = (size_t)1024 * 1024,
        .head_ms = 30000,
        .request_ms = 30000,
        .stream_idle_ms = 60000,
    };
}

/* The library takes texts that it only reads without saying so. */
static void *unconst(const char *text)
{
    return (void *)(uintptr_t)text;
}

/* What follows MHD_OPTION_ARRAY. Without TLS it ends at once. */
static void tls_options(struct http_server *server, struct MHD_OptionItem options[4])
{
    unsigned count = 0;
    if (server->tls != NULL) {
        const struct MHD_OptionItem all[] = {
            {MHD_OPTION_HTTPS_MEM_CERT, 0, unconst(http_tls_certificate_pem(server->tls))},
            {MHD_OPTION_HTTPS_MEM_KEY, 0, unconst(http_tls_key_pem(server->tls))},
            {MHD_OPTION_HTTPS_PRIORITIES, 0, unconst(http_tls_priorities(server->tls))},
        };
        memcpy(options, all, sizeof(all));
        count = sizeof(all) / sizeof(all[0]);
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
    const struct http_settings *settings = &server->settings;
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[4];
    unsigned per_address = settings->connections_per_address;
    if (per_address >= settings->connections_max) {
        per_address += EVICT_HEADROOM; /* all of one address: a proxy */
    }
    tls_options(server, tls);
    return MHD_start_daemon(
        server->tls == NULL ? flags : flags | MHD_USE_TLS, 0, NULL, NULL, on_access, server,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_line, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        settings->connections_max + EVICT_HEADROOM, MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, SEND_IDLE_S, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, server, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

enum err http_server_open(struct http_server **out, uv_loop_t *loop,
                          const struct http_settings *settings, const struct http_handler *handler,
                          struct problem *problem)
{
    struct http_server *server = mem_zalloc(1, sizeof(*server));
    server->settings = *settings;
    server->handler = *handler;
    *out = NULL;
    int fd = -1;
    enum err err =
        settings->tls == NULL ? ERR_OK : http_tls_open(&server->tls, settings->tls, problem);
    if (err == ERR_OK) {
        err = listen_address_open(&fd, &settings->listen, settings->key, &server->address, problem);
    }
    if (err == ERR_OK) {
        server->daemon = start_daemon(server, fd);
    }
    if (err == ERR_OK && server->daemon == NULL) {
        (void)close(fd);
        err = problem_set(problem, ERR_IO, "the HTTP server could not be started");
    }
    if (err != ERR_OK) {
        http_tls_close(server->tls);
        mem_free(server);
        return err;
    }
    server->bare = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(server->bare, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    start_handles(server, loop);
    *out = server;
    return ERR_OK;
}

enum err http_server_reload_tls(struct http_server *server, struct problem *problem)
{
    return server->tls == NULL ? ERR_OK : http_tls_reload(server->tls, problem);
}

uint64_t http_server_certificate_expires_ms(const struct http_server *server)
{
    return server->tls == NULL ? 0 : http_tls_expires_ms(server->tls);
}

const struct listen_address *http_server_address(const struct http_server *server)
{
    return &server->address;
}

void http_server_quiesce(struct http_server *server)
{
    if (server->is_quiet) {
        return;
    }
    server->is_quiet = true;
    MHD_socket fd = MHD_quiesce_daemon(server->daemon);
    if (fd != MHD_INVALID_SOCKET) {
        (void)close(fd);
    }
    for (struct http_connection *connection = server->connections; connection != NULL;
         connection = connection->next) {
        if (connection->request == NULL) {
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
    }
}

unsigned http_server_connections(const struct http_server *server)
{
    return server->connection_count;
}

uint64_t http_server_evictions(const struct http_server *server)
{
    return server->evictions;
}

unsigned http_server_requests(const struct http_server *server)
{
    return server->request_count;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->open_handles == 0) {
        http_kept_release(&server->kept);
        mem_free(server);
    }
}

/* An answer that ends with its connection must not seem to be whole. */
static bool is_cut_short(const struct http_request *request)
{
    return request != NULL && request->phase == HTTP_SENDING && request->answer.is_bulk;
}

void http_server_close(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    http_server_quiesce(server);
    server->is_closing = true;
    for (struct http_connection *connection = server->connections; connection != NULL;
         connection = connection->next) {
        if (connection->request != NULL && connection->request->is_suspended) {
            http_connection_wake(connection);
        }
        if (is_cut_short(connection->request)) {
            http_socket_reset(connection->fd);
        } else {
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
    }
    for (unsigned i = 0; i < CLOSE_RUNS && server->connections != NULL; i++) {
        (void)MHD_run(server->daemon);
    }
    uv_close((uv_handle_t *)&server->poll, on_handle_closed);
    uv_close((uv_handle_t *)&server->run_timer, on_handle_closed);
    uv_close((uv_handle_t *)&server->sweep_timer, on_handle_closed);
    uv_close((uv_handle_t *)&server->idle, on_handle_closed);
    MHD_stop_daemon(server->daemon); /* ends the connections that are left */
    http_tls_close(server->tls);
    MHD_destroy_response(server->bare);
}

void http_connection_wake(struct http_connection *connection)
{
    connection->request->is_suspended = false;
    connection->request->piece_ms = clock_monotonic_ms();
    MHD_resume_connection(connection->mhd);
    uv_idle_start(&connection->server->idle, on_idle);
}

void http_peer_address(const struct http_request *request, struct sockaddr_storage *address)
{
    socklen_t len = sizeof(*address);
    memset(address, 0, sizeof(*address));
    if (getpeername(request->connection->fd, (struct sockaddr *)address, &len) != 0) {
        address->ss_family = AF_UNSPEC;
    }
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection->mhd, MHD_HEADER_KIND, name);
}

struct header_search {
    const char *name;
    const char *value;
    unsigned count;
};

static enum MHD_Result look_at_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct header_search *search = arg;
    (void)kind;
    if (strcasecmp(name, search->name) == 0) {
        search->value = value;
        search->count++;
    }
    return MHD_YES;
}

const char *http_only_header(const struct http_request *request, const char *name)
{
    struct header_search search = {.name = name};
    (void)MHD_get_connection_values(request->connection->mhd, MHD_HEADER_KIND, look_at_header,
                                    &search);
    return search.count == 1 ? search.value : NULL;
}

const char *http_status_phrase(unsigned status)
{
    return MHD_get_reason_phrase_for(status);
}
