/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd's traps with requests and answers, and what is done about them (those of its runs
 * stand in http_daemon.c):
 *
 * An answer can be queued only from the access handler, and only before the body or after all of
 * it. So http_reply keeps the answer; a connection that waits for one is suspended, and the
 * handler, called again after the resumption (with no data), queues it. Queued before the body it
 * ends the connection, unless there is no body.
 *
 * A suspended connection is out of the epoll set; but a chunked body goes on being handed over in
 * the same call even after the connection was suspended in it: such pieces are left unprocessed.
 *
 * It closes a socket with unread data in it, so that the kernel sends RST and the client may never
 * see the answer. An answer before the end of the body therefore waits while a rest of moderate
 * size is thrown away; if there is more, or the client is slow, it is written to the socket by
 * hand, the sending direction is shut, and what still arrives is thrown away until the client goes
 * or HTTP_LEAVE_MS are over.
 *
 * It zeroes the connection's memory at every request: 8 KiB. A head that fills it leaves no room
 * for the body, whose connection then hangs or is closed without a word; and so does one of a
 * hundred parameters, whose line it takes for good and then forgets to answer. So heads have a
 * limit of their own, and what is above is answered by hand (431): with all of its head there, or
 * with its first line, which the library shows before it parses the parameters. Far above, and
 * where a head is no HTTP, the library answers itself, with pages of HTML that nothing can replace.
 *
 * It passes over much that a head must not have; http_head.c looks at what it hands over. A zero
 * byte is not to be seen there: it ends the value.
 */
#include "coordinator/http/http_access.h"

#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/mem.h"
#include "coordinator/http/http_head.h"
#include "coordinator/http/http_response.h"
#include "coordinator/http/http_server_state.h"
#include "coordinator/http/http_tls.h"

#define HEAD_MAX                                                                                   \
    ((size_t)6 * 1024) /* leaves room for pieces of the body, and for the answer's head */
#define HEADER_COST 80 /* what a header or parameter takes beside its text, at most */

static const char head_too_large[] =
    "the head is larger than 6 KiB; each header and parameter counts 80 bytes beside its text";

/* ---- connections ---- */

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static struct http_connection *connection_new(struct http_server *server,
                                              struct MHD_Connection *mhd)
{
    struct http_connection *connection = mem_zalloc(1, sizeof(*connection));
    connection->server = server;
    connection->mhd = mhd;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->peer =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    if (server->tls != NULL) {
        connection->session =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
        connection->certificate = http_tls_begin(server->tls, connection->session);
    }
    connection->settings = &server->settings;
    connection->handler = &server->handler;
    connection->kept = &server->kept;
    http_connections_add(&server->connections, connection, clock_monotonic_ms());
    http_connections_make_room(&server->connections);
    return connection;
}

static void connection_free(struct http_connection *connection)
{
    http_connections_remove(connection);
    if (connection->certificate != NULL) {
        http_tls_end(connection->certificate);
    }
    buf_release(&connection->uri);
    mem_free(connection);
}

void http_access_on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                               enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_new(arg, mhd);
    } else {
        connection_free(*context);
        *context = NULL;
    }
}

void http_connection_suspend(struct http_connection *connection)
{
    if (!connection->request->is_suspended) {
        connection->request->is_suspended = true;
        MHD_suspend_connection(connection->mhd);
    }
}

void http_connection_wake(struct http_connection *connection)
{
    connection->request->is_suspended = false;
    connection->request->piece_ms = clock_monotonic_ms();
    MHD_resume_connection(connection->mhd);
    http_daemon_run_soon(connection->server);
}

/* From the path on, also of a URI in absolute form, as it is sent to proxies (RFC 9112 section
 * 3.2.2). */
static void put_target(struct buf *target, const char *uri)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(uri, schemes[i], len) == 0) {
            uri += len + strcspn(uri + len, "/?#");
            buf_str(target, *uri == '/' ? "" : "/");
        }
    }
    buf_str(target, uri);
    buf_u8(target, '\0');
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
void *http_access_on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    (void)arg;
    struct http_connection *connection = connection_of(mhd);
    connection->server->daemon.has_moved = true;
    http_connection_speaks(connection);
    buf_clear(&connection->uri);
    put_target(&connection->uri, uri);
    if (strlen(uri) + parameters_of(uri) * HEADER_COST > HEAD_MAX) {
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

/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    http_head_add(arg, slice_of(name, name_len), slice_of(value, value_len));
    return MHD_YES;
}

/* False: it was refused, and the connection ends. */
static bool take_head(struct http_request *request, const char *version)
{
    struct http_head head = {0};
    unsigned status = 431;
    const char *flaw = head_too_large;
    if (!is_head_too_large(request->connection->mhd)) {
        (void)MHD_get_connection_values_n(request->connection->mhd, MHD_HEADER_KIND, add_header,
                                          &head);
        flaw = http_head_flaw(&head, version, &status);
    }
    if (flaw != NULL) {
        http_request_refuse(request, status, flaw);
        http_request_leave(request); /* by hand: the library may have no room for an answer left */
    }
    return flaw == NULL;
}

static bool waits_to_send(const struct http_request *request)
{
    const char *expect = http_header(request, MHD_HTTP_HEADER_EXPECT);
    return expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

static enum MHD_Result request_begin(struct http_connection *connection, const char *method,
                                     const char *version)
{
    struct http_server *server = connection->server;
    struct http_request *request = http_request_new(connection, method, clock_monotonic_ms());
    server->request_count++;
    if (!take_head(request, version)) {
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
        return http_response_queue(request) ? MHD_YES : MHD_NO;
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
        http_connection_suspend(request->connection);
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
        return http_response_queue(request) ? MHD_YES : MHD_NO;
    }
    http_connection_suspend(request->connection);
    return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
enum MHD_Result http_access_on_call(void *arg, struct MHD_Connection *mhd, const char *url,
                                    const char *method, const char *version, const char *data,
                                    size_t *len, void **context)
{
    (void)url;
    (void)context;
    const struct http_server *server = arg;
    struct http_connection *connection = connection_of(mhd);
    connection->server->daemon.has_moved = true;
    if (server->is_closing || connection->is_refused) {
        return MHD_NO;
    }
    if (connection->request == NULL) {
        return request_begin(connection, method, version);
    }
    if (*len > 0) {
        return request_piece(connection->request, data, len);
    }
    return request_complete(connection->request);
}

void http_access_on_completed(void *arg, struct MHD_Connection *mhd, void **context,
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
    http_connection_rests(connection, clock_monotonic_ms());
}

/* ---- what the head says ---- */

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
