/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_response: hands an answer (http_answer) to libmicrohttpd, which sends it. A part of
 * http_server.
 */
#ifndef TOCSIN_HTTP_HTTP_RESPONSE_H
#define TOCSIN_HTTP_HTTP_RESPONSE_H

#include <stdbool.h>

struct MHD_Response;
struct http_request;

/* A response without headers and body, for every http_reply_bare of a server. */
struct MHD_Response *http_response_bare_new(void);
void http_response_bare_free(struct MHD_Response *bare);

/* In the access handler, before or after the body, once: takes what the request's answer has.
 * False: the library does not take it, and the connection is to be broken off. */
bool http_response_queue(struct http_request *request);

#endif
