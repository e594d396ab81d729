/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deadlines. libmicrohttpd's own timeout counts from the last byte, so that a client that sends
 * one now and then is never closed. Here whole heads and bodies are timed. Shutting a socket down
 * makes libmicrohttpd close the connection and tell of it.
 *
 * While a head comes in, nothing of it is seen. Whether a connection is idle or its head
 * incomplete, the kernel knows: it counts the bytes received, from the first sweep on that finds
 * the connection idle (a call into the kernel for each request would cost more than the sweep).
 * Only the incomplete is told 408; an idle client might take it for the answer to a request that it
 * is just sending. With TLS the bytes may be those of a handshake, which cannot be told from a
 * head here, and in the midst of which nothing can be said: nobody is told anything.
 */
#include <sys/socket.h>

#include "coordinator/api/http_request.h"
#include "coordinator/api/http_socket.h"

static void sweep_idle(struct http_connection *connection, uint64_t now_ms)
{
    if (!connection->is_idle_seen) {
        connection->is_idle_seen = true;
        connection->idle_since_bytes = http_socket_received(connection->fd);
    }
    if (now_ms - connection->idle_since_ms < connection->settings->head_ms) {
        return;
    }
    bool is_silent = connection->session != NULL ||
                     http_socket_received(connection->fd) <= connection->idle_since_bytes;
    if (!is_silent) {
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
        }
    }
}
