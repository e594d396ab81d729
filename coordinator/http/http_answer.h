/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_answer: an answer while it is put together. A part of http_server.
 */
#ifndef TOCSIN_HTTP_HTTP_ANSWER_H
#define TOCSIN_HTTP_HTTP_ANSWER_H

#include "common/arena.h"
#include "common/buf.h"
#include "coordinator/http/http_server.h"

#define HTTP_ANSWER_HEADERS_MAX 12

struct http_answer {
    unsigned status; /* 0: there is none yet */
    unsigned header_count;
    struct {
        const char *name;
        const char *value;
    } headers[HTTP_ANSWER_HEADERS_MAX]; /* in the request's arena */
    struct buf body;
    struct slice lent; /* in place of a body; outlives the server */
    bool is_bulk;
    http_pull_fn pull; /* instead of a body */
    http_pull_done_fn pull_done;
    void *pull_arg;
};

void http_answer_release(struct http_answer *answer);
/* In place of an earlier one of the same name. */
void http_answer_header(struct http_answer *answer, struct arena *arena, const char *name,
                        const char *value);
/* The whole of it as it goes over the wire, for a connection that is closed behind it. */
void http_answer_write(const struct http_answer *answer, struct buf *wire);

#endif
