/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server: HTTP/1.1 on our own loop, by libmicrohttpd, of which nothing shows. Its parts:
 *     http_daemon      runs the library, which calls
 *     http_access      for what comes in; with
 *     http_connection  who is connected, idle, in the way of others,
 *     http_head        whether a head can be read in one way alone,
 *     http_request     what is asked and may be done with it, and
 *     http_answer      what is answered, which
 *     http_response    hands to the library;
 *     http_sweep       ends what takes too long; http_tls, http_socket are what lies below.
 *
 * A request goes through the handler's functions in this order, all in the loop's thread:
 *     on_head      its head is there. May answer at once (then the body is thrown away), or ask for
 * the body in pieces (http_stream_body); else the body is gathered, up to body_max bytes (413).
 *     on_request   all of it is there. Answers now, or later: http_reply ends the wait.
 *     on_finished  the last word, exactly once: answered, timed out, or the client went away. After
 * it the request is gone. A client that goes away while its answer is waited for is not noticed
 * before there is one: what was decided for it stands anyway.
 *
 * A request must be complete request_ms after its head, a streamed one must not pause for
 * stream_idle_ms, a head must be there head_ms after the connection or the answer before: else 408,
 * and the connection is closed. With TLS the handshake counts as a part of the head, and whoever is
 * late with that is told nothing.
 */
#ifndef TOCSIN_HTTP_HTTP_SERVER_H
#define TOCSIN_HTTP_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/listen_address.h"
#include "common/slice.h"

struct http_server;
struct http_request;
struct http_tls_settings;

struct http_settings {
    struct listen_address listen;
    const char *key;          /* the setting that the address comes from, for problems */
    unsigned connections_max; /* when there are so many, the one that was idle for the longest time
                                 is closed for the next */
    unsigned connections_per_address;
    size_t body_max;
    uint32_t head_ms;
    uint32_t request_ms;
    uint32_t stream_idle_ms;
    const struct http_tls_settings *tls; /* NULL: nothing is encrypted */
};
/* 1 MiB, 30 s, 30 s, 60 s; 1,024 connections, all of which may be of one address. */
void http_settings_defaults(struct http_settings *settings);

struct http_handler {
    void *arg;
    void (*on_head)(void *arg, struct http_request *request);
    void (*on_request)(void *arg, struct http_request *request);
    void (*on_finished)(void *arg, struct http_request *request);
    /* The server refuses the request itself (400, 408, 413, 431, 501): answer with this status and
     * this reason, at once. 400, 431 and 501 come in place of on_head. When not even the head is
     * there (408, 431), nothing of the request can be asked for. */
    void (*refuse)(void *arg, struct http_request *request, unsigned status, const char *why);
    /* Asked a few times a second of each answer that is being pulled, however it is: may it go on?
     * If not, it is broken off (http_break_off). NULL: it may. */
    bool (*may_go_on)(void *arg, struct http_request *request);
};

/* ERR_CONFLICT: the port is in use; ERR_UNAUTHORIZED: not allowed to take it; ERR_INVALID: no such
 * address here. The problem says what to do. */
enum err http_server_open(struct http_server **out, uv_loop_t *loop,
                          const struct http_settings *settings, const struct http_handler *handler,
                          struct problem *problem) WARN_UNUSED;
/* Reads certificate and key anew, for the connections that come. On an error all stays as it was.
 * Nothing to do without TLS. */
enum err http_server_reload_tls(struct http_server *server, struct problem *problem) WARN_UNUSED;
/* Unix time in ms after which its certificate is refused; 0: there is none. */
uint64_t http_server_certificate_expires_ms(const struct http_server *server);
/* Where it really listens (a port of 0 resolved). */
const struct listen_address *http_server_address(const struct http_server *server);
/* Closed to make room for others. */
uint64_t http_server_evictions(const struct http_server *server);
/* Takes no more connections and closes those that are idle; what is under way goes on. */
void http_server_quiesce(struct http_server *server);
unsigned http_server_connections(const struct http_server *server);
/* Requests between on_head and on_finished. */
unsigned http_server_requests(const struct http_server *server);
/* Breaks off what is still under way (on_finished comes before this returns); frees when the loop
 * has run once more. */
void http_server_close(struct http_server *server);

/* ---- A request, from on_head to on_finished ---- */

const char *http_method(const struct http_request *request);
struct slice http_path(const struct http_request *request);  /* as sent: still percent-encoded */
struct slice http_query(const struct http_request *request); /* behind the `?`; may be empty */
const char *http_header(const struct http_request *request, const char *name); /* or NULL */
/* NULL also if it came more than once. */
const char *http_only_header(const struct http_request *request, const char *name);
struct slice http_body(const struct http_request *request); /* when it was gathered */
struct arena *http_arena(struct http_request *request);     /* as long as the request */
/* Whom the connection is to, or was. */
void http_peer_address(const struct http_request *request, struct sockaddr_storage *address);
void http_set_context(struct http_request *request, void *context);
void *http_context(const struct http_request *request);
/* The status of the answer, 0 as long as there is none. */
unsigned http_status(const struct http_request *request);

/* In on_head: the body comes piece by piece. False: the piece was taken, but send no more until
 * http_resume. */
typedef bool (*http_body_fn)(void *arg, struct http_request *request, struct slice piece);
void http_stream_body(struct http_request *request, http_body_fn on_body, void *arg);
void http_resume(struct http_request *request);

/* In on_head: the gathered body may have so many bytes, instead of the server's body_max. What it
 * has beyond that is taken from *left, which outlives the request, and given back at its end; when
 * too little is left, it is refused with 503. */
void http_allow_body(struct http_request *request, size_t bytes, size_t *left);

/* ---- The answer, once. Headers first, each in place of one of the same name. An answer before the
 * body is complete is allowed. ---- */

void http_reply_header(struct http_request *request, const char *name, const char *value);
/* Copies. content_type NULL: none. */
void http_reply(struct http_request *request, unsigned status, const char *content_type,
                struct slice body);
/* Does not copy: the body outlives the server. */
void http_reply_lent(struct http_request *request, unsigned status, const char *content_type,
                     struct slice body);
/* A status and no body, which no cache may keep: the cheapest answer. Headers that were given are
 * dropped. */
void http_reply_bare(struct http_request *request, unsigned status);
/* A body of any size: pull fills up to `room` bytes and returns how many; 0 ends it;
 * HTTP_PULL_LATER says that there is nothing for now, and pull is called again after
 * http_pull_resume; any other negative number breaks the connection, so that the client sees that
 * something is missing. done (may be NULL) is called once, when pull will not be again. A client
 * that goes away while there is nothing for it is noticed at the next byte: send one now and then.
 */
#define HTTP_PULL_LATER (-2L)
typedef long (*http_pull_fn)(void *arg, uint8_t *into, size_t room);
typedef void (*http_pull_done_fn)(void *arg);
void http_reply_stream(struct http_request *request, unsigned status, const char *content_type,
                       http_pull_fn pull, http_pull_done_fn done, void *arg);
/* The same for a great deal: in large pieces, not chunked, and the connection ends with it. So the
 * body itself must say where it ends; what is broken off is reset. */
void http_reply_bulk(struct http_request *request, unsigned status, const char *content_type,
                     http_pull_fn pull, http_pull_done_fn done, void *arg);
/* The answer must not go on, or is not taken: the connection is reset, so that the client sees that
 * something is missing, and done comes soon. */
void http_break_off(struct http_request *request);
/* There is something again, or the end. Loop's thread only, until done; does no harm when nothing
 * waits. */
void http_pull_resume(struct http_request *request);

/* Before the answer: the kernel keeps about so many bytes at most of what the client does not take.
 */
void http_send_buffer(struct http_request *request, int bytes);

/* "Not Found" */
const char *http_status_phrase(unsigned status);

#endif
