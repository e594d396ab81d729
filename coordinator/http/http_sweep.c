/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deadlines. libmicrohttpd's own timeout counts from the last byte, so that a client that sends
 * one now and then is never closed. Here whole heads and bodies are timed. Shutting a socket down
 * makes libmicrohttpd close the connection and tell of it.
 *
 * While a head comes in, nothing of it is seen. Whether a connection is idle or its head
 * incomplete, the kernel knows: it counts the bytes received, from the first sweep on that finds
 * the connection idle (a call into the kernel for each request would cost more than the sweep).
 * Only the incomplete is told 408 (RFC 9110, 15.5.9); an idle client might take it for the answer
 * to a request that it is just sending. With TLS the first bytes are those of a handshake, in the
 * midst of which nothing can be said: until a request has come the session says whether it is done
 * and has brought anything since.
 */
#include <sys/socket.h>

#include "coordinator/http/http_request.h"
#include "coordinator/http/http_socket.h"
#include "coordinator/http/http_tls.h"

static bool has_part_of_head(const struct http_connection *connection)
{
    return connection->session != NULL && !connection->has_spoken
               ? http_tls_has_received(connection->session)
               : http_socket_received(connection->fd) > connection->idle_since_bytes;
}

static void sweep_idle(struct http_connection *connection, uint64_t now_ms)
{
    if (!connection->is_idle_seen) {
        connection->is_idle_seen = true;
        connection->idle_since_bytes = http_socket_received(connection->fd);
    }
    if (now_ms - connection->idle_since_ms < connection->settings->head_ms) {
        return;
    }
    if (has_part_of_head(connection)) {
        http_connection_refuse(connection, 408, "the head was not complete in time");
    } else {
        (void)shutdown(connection->fd, SHUT_RDWR);
    }
}

static bool is_late(const struct http_request *request, uint64_t now_ms)
{
    const struct http_settings *settings = request->connection->settings;
    return request->on_body == NULL ? now_ms - request->began_ms >= settings->request_ms
                                    : now_ms - request->piece_ms >= settings->stream_idle_ms;
}

static void sweep_body(struct http_request *request, uint64_t now_ms)
{
    if (request->is_suspended) {
        return; /* it waits for us */
    }
    if (request->answer.status != 0) {
        if (now_ms - request->answer_ms >= HTTP_DISCARD_MS) {
            http_request_leave(request);
        }
    } else if (is_late(request, now_ms)) {
        http_request_refuse(request, 408, "the request was not complete in time");
        http_request_leave(request);
    }
}

/* Whoever asked may have lost his right to the rest. */
static void sweep_pulled(struct http_request *request)
{
    const struct http_handler *handler = request->connection->handler;
    if (handler->may_go_on != NULL && !handler->may_go_on(handler->arg, request)) {
        http_break_off(request);
    }
}

void http_sweep(struct http_connection *first, uint64_t now_ms)
{
    for (struct http_connection *connection = first; connection != NULL;
         connection = connection->next) {
        struct http_request *request = connection->request;
        if (request == NULL) {
            sweep_idle(connection, now_ms);
        } else if (request->phase == HTTP_BODY) {
            sweep_body(request, now_ms);
        } else if (request->phase == HTTP_LEAVING && now_ms - request->answer_ms >= HTTP_LEAVE_MS) {
            (void)shutdown(connection->fd, SHUT_RDWR);
        } else if (request->phase == HTTP_SENDING && request->answer.pull != NULL) {
            sweep_pulled(request);
        }
    }
}
