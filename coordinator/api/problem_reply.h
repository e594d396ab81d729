/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem_reply: errors as problem documents (RFC 9457).
 */
#ifndef TOCSIN_API_PROBLEM_REPLY_H
#define TOCSIN_API_PROBLEM_REPLY_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "coordinator/http/http_server.h"

#define PROBLEM_REPLY_TYPE "application/problem+json"

/* What is 0, NULL or empty is left out. Texts need not be well-formed UTF-8: they may have been cut
 * off. */
struct problem_reply {
    unsigned status;
    const char *detail;      /* what was wrong, where, what would be right */
    const char *pointer;     /* into the request's body */
    const char *parameter;   /* of the query */
    uint64_t line;           /* of the request's body */
    uint64_t column;         /* a number, */
    const char *column_name; /* or a name */
};

void problem_reply_write(const struct problem_reply *reply, struct buf *json);
/* Answers the request; 503 gets Retry-After. */
void problem_reply_send(struct http_request *request, const struct problem_reply *reply);
/* The status that fits an error. */
unsigned problem_reply_status(enum err err);

#endif
