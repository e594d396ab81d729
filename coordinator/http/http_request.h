/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_request: the request on a connection, and what can be done with it without libmicrohttpd.
 * A part of http_server; http_access.c moves requests on, http_sweep.c ends those that take too
 * long.
 */
#ifndef TOCSIN_HTTP_HTTP_REQUEST_H
#define TOCSIN_HTTP_HTTP_REQUEST_H

#include "coordinator/http/http_answer.h"
#include "coordinator/http/http_connection.h"
#include "coordinator/http/http_server.h"

#define HTTP_DISCARD_MAX    (UINT64_C(1024) * 1024)      /* of a body behind an early answer */
#define HTTP_LEAVE_MAX      (UINT64_C(64) * 1024 * 1024) /* of what is thrown away while leaving */
#define HTTP_DISCARD_MS     1000 /* an early answer waits for the body's end so long */
#define HTTP_LEAVE_MS       2000 /* then the client has so long to go */
#define HTTP_LENGTH_UNKNOWN UINT64_MAX

enum http_phase {
    HTTP_BODY,     /* its body is coming, or none has been looked for yet */
    HTTP_DECIDING, /* all of it is there; the answer is waited for */
    HTTP_SENDING,  /* the answer is libmicrohttpd's */
    HTTP_LEAVING   /* answered by hand; the connection ends */
};

struct http_request {
    struct http_connection *connection;
    enum http_phase phase;
    const char *method;
    struct arena arena;
    struct buf body;
    size_t body_max;   /* the server's, or what the handler allows */
    size_t *left;      /* NULL, or what bodies beyond the server's body_max may take together */
    size_t taken;      /* of that */
    uint64_t expected; /* bytes of the body by its header, or HTTP_LENGTH_UNKNOWN */
    uint64_t received;
    uint64_t unwanted; /* bytes thrown away behind an early answer */
    http_body_fn on_body;
    void *body_arg;
    void *context;
    struct http_answer answer;
    bool is_suspended;
    uint64_t began_ms;
    uint64_t piece_ms; /* when the last piece came, or the stream was resumed */
    uint64_t answer_ms;
    bool is_bare;              /* the answer is a status, and no more */
    struct http_request *next; /* among those that are kept for later */
};

/* Requests that ended, with their memory, for those that come: as many as were ever under way at
 * once, up to HTTP_KEPT_MAX. */
struct http_kept {
    struct http_request *first;
    unsigned count;
};
#define HTTP_KEPT_MAX 1024U
void http_kept_release(struct http_kept *kept);

/* http_access.c: nothing more is received or sent until it is woken; again does no harm. */
void http_connection_suspend(struct http_connection *connection);
/* Goes on with a suspended connection. */
void http_connection_wake(struct http_connection *connection);
/* The handler answers for a request that is not all there; by hand, and the connection ends. */
void http_connection_refuse(struct http_connection *connection, unsigned status, const char *why);
/* http_sweep.c: ends what takes too long. */
void http_sweep(struct http_connection *first, uint64_t now_ms);

struct http_request *http_request_new(struct http_connection *connection, const char *method,
                                      uint64_t now_ms);
/* The last word to the handler; frees. */
void http_request_finish(struct http_request *request);
/* The handler answers with this status. */
void http_request_refuse(struct http_request *request, unsigned status, const char *why);
/* A piece of the body for the handler; false: no more for now. */
bool http_request_take(struct http_request *request, struct slice piece);
/* A piece that nobody wants any more; false: the connection is to be broken off. */
bool http_request_throw_away(struct http_request *request, size_t bytes);
/* Writes the answer to the socket by hand and ends the connection. */
void http_request_leave(struct http_request *request);

#endif
