/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client: requests to one provider, all of one form, over a few kept connections. The adapter
 * takes a request from the pool, writes its parts, sends it, and is called when the answer is there
 * or is not to be had. Redirects are never followed; nothing is sent a second time. Loop's thread
 * only.
 */
#ifndef TOCSIN_NET_HTTP_CLIENT_H
#define TOCSIN_NET_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/slice.h"
#include "net/address_guard.h"
#include "net/transfer_tally.h"
#include "proto/outcome.h"

#define HTTP_ANSWER_MAX_BYTES 65536 /* of an answer's body; what is longer is cut off */

struct http_client;
struct http_request;

struct http_answer {
    uint32_t tag;            /* of the request */
    uint16_t status;         /* 0: none came */
    bool complete;           /* all of the body is here */
    uint32_t retry_after_ms; /* 0: not said */
    bool connected;          /* it had to make a connection */
    struct slice body;       /* a zero stands behind it */
    const char *header;      /* value of settings.answer_header, or NULL */
    /* What it means when the status does not say: when there is none, or not all of the body. */
    enum outcome outcome;
    enum reason reason;
    const struct http_request *request; /* for http_client_header */
};

/* The answer is valid during the call. May send other requests; must not close the client. */
typedef void (*http_client_answer_fn)(void *arg, const struct http_answer *answer);

struct http_client_settings {
    uv_loop_t *loop;
    http_client_answer_fn on_answer;
    void *arg;
    uint32_t connections; /* requests under way at most; with http2 connections to one host */
    bool http2;           /* by ALPN, or unasked to an http URL */
    uint32_t streams;     /* http2: requests under way together on one connection */
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
    const char *method;
    bool has_body;
    const char *url;            /* NULL: each request brings its own */
    const char *const *headers; /* "Name: value" of all requests; NULL-terminated */
    const char *answer_header;  /* NULL: none is of interest */
    const char *user;           /* basic authentication; NULL: none */
    const char *password;
    const char *aws_sigv4; /* "aws:amz:eu-west-1:ses": user and password sign, in place of that */
    const char *ca_file;   /* NULL: the system's */
    bool insecure_tls;
    const char *proxy; /* NULL: none */
    bool https_only;   /* other URLs are rejected, unsent */
    /* Which addresses may be called; outlives the client. NULL: any. What it does not admit is
     * rejected, unsent (REASON_ADDRESS_REFUSED). With a proxy it is asked about the proxy. */
    const struct address_guard *guard;
    struct transfer_tally *tally; /* outlives the client's sockets; NULL: nothing is counted */
};

/* Copies the settings. */
struct http_client *http_client_new(const struct http_client_settings *settings);
/* What is under way is given up and answered before this returns. */
void http_client_close(struct http_client *client);

/* A request from the pool, all its parts empty. No more than `connections` at a time, with http2
 * times `streams`. */
struct http_request *http_client_take(struct http_client *client);
/* Back to the pool, unsent. */
void http_request_drop(struct http_request *request);
/* Where the parts are written; valid until it is sent. */
struct buf *http_request_url(struct http_request *request);
struct buf *http_request_body(struct http_request *request);
/* In place of the body's buffer: bytes that stay where they are until the answer is told. */
void http_request_lend(struct http_request *request, struct slice body);
/* A header besides those of all requests: "Name: value", without line breaks. */
void http_request_header(struct http_request *request, const char *line);
void http_request_send(struct http_request *request, uint32_t tag);

/* The value of a header of the answer, or NULL; until the next request is sent. */
const char *http_client_header(const struct http_answer *answer, const char *name);

/* Is this a URL that the client can call (http or https, with a host)? */
bool http_client_url_is_valid(const char *url);

#endif
