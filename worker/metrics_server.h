/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_server: answers GET /metrics, and nothing else, from a thread of its own: a scrape costs
 * the loops nothing but a copy of numbers now and then. The daemon is libmicrohttpd's.
 */
#ifndef TOCSIN_WORKER_METRICS_SERVER_H
#define TOCSIN_WORKER_METRICS_SERVER_H

#include "common/buf.h"
#include "common/err.h"
#include "common/listen_address.h"

struct metrics_server;

/* Appends the text. Of the server's thread. */
typedef void (*metrics_server_write_fn)(void *arg, struct buf *text);

/* The thread has the mask of signals that holds now. Errors as listen_address_open. */
enum err metrics_server_open(struct metrics_server **out, const struct listen_address *address,
                             metrics_server_write_fn write, void *arg,
                             struct problem *problem) WARN_UNUSED;
/* Where it really listens (a port of 0 resolved). */
const struct listen_address *metrics_server_address(const struct metrics_server *server);
/* The thread has ended when this returns. NULL is fine. */
void metrics_server_close(struct metrics_server *server);

#endif
