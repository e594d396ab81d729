/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server_state: what the parts of http_server share. For them alone.
 */
#ifndef TOCSIN_HTTP_HTTP_SERVER_STATE_H
#define TOCSIN_HTTP_HTTP_SERVER_STATE_H

#include "coordinator/http/http_connection.h"
#include "coordinator/http/http_daemon.h"
#include "coordinator/http/http_request.h"
#include "coordinator/http/http_server.h"

struct MHD_Response;
struct http_tls;

struct http_server {
    struct http_settings settings;
    struct http_handler handler;
    struct listen_address address;
    struct http_daemon daemon;
    struct http_tls *tls;      /* NULL: nothing is encrypted */
    struct MHD_Response *bare; /* of every answer without headers and body */
    struct http_kept kept;
    struct http_connections connections;
    unsigned request_count;
    bool is_quiet;   /* takes no more */
    bool is_closing; /* breaks off what there is */
};

#endif
