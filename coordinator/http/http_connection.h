/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_connection: the connections of a server, who of them is idle for how long, and which make
 * room for others. A part of http_server, which knows nothing of libmicrohttpd.
 */
#ifndef TOCSIN_HTTP_HTTP_CONNECTION_H
#define TOCSIN_HTTP_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "coordinator/http/http_server.h"

struct MHD_Connection;
struct http_connections;
struct http_kept;
struct http_tls_certificate;

struct http_connection {
    struct http_server *server;
    struct http_connections *all;
    const struct http_settings *settings; /* the server's, as is the handler */
    const struct http_handler *handler;
    struct http_kept *kept;
    struct http_connection *next; /* the longer idle or older one */
    struct http_connection *previous;
    struct MHD_Connection *mhd;
    int fd;
    const struct sockaddr *peer; /* libmicrohttpd's; known also when the client is gone */
    void *session;               /* of TLS; NULL: the connection is not encrypted */
    struct http_tls_certificate *certificate;
    struct buf uri;               /* of the present request, as sent, zero-terminated */
    struct http_request *request; /* NULL between requests */
    uint64_t idle_since_ms;
    uint64_t idle_since_bytes; /* what had been received by then, if is_idle_seen */
    bool is_idle_seen;         /* the sweep has seen it idle */
    bool is_evicted;           /* it has made room for another one */
    bool has_spoken;           /* the first line of a request has come: a handshake is done */
    bool is_refused;           /* by hand, without a request: nothing is taken from it any more */
};

/* All of one server. Zeroed, but for max: there are none. */
struct http_connections {
    struct http_connection *first; /* whoever last became idle */
    struct http_connection *oldest;
    unsigned max; /* above that, idle ones make room */
    unsigned count;
    unsigned evicting; /* of those, being closed to make room */
    uint64_t evictions;
    unsigned greeting; /* of TLS, from which no request has come: handshakes */
    bool has_closed;   /* one, since whoever looks at this has cleared it */
};

/* A new one, in memory of the caller, that has received nothing. Its fd, session and certificate
 * are set. */
void http_connections_add(struct http_connections *all, struct http_connection *connection,
                          uint64_t now_ms);
/* Before it is freed. */
void http_connections_remove(struct http_connection *connection);
/* Its request has ended: it is idle from now on. */
void http_connection_rests(struct http_connection *connection, uint64_t now_ms);
/* The first line of a request has come: a handshake, if there was one, is done. */
void http_connection_speaks(struct http_connection *connection);

/* Closes idle ones as long as there are more than max. */
void http_connections_make_room(struct http_connections *all);
/* Closes all that are idle. */
void http_connections_shut_idle(struct http_connections *all);
/* Something is being sent that libmicrohttpd goes on with by itself. */
bool http_connections_are_sending(const struct http_connections *all);

#endif
