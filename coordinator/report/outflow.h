/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outflow: bytes that a thread of its own makes and the loop's thread takes, as fast as the client
 * does. Between them lies a ring of a few blocks: a full one holds the thread up, an empty one the
 * client, so memory is flat, whatever the length and the client's pace. The loop is only woken if
 * it was told LATER.
 */
#ifndef TOCSIN_REPORT_OUTFLOW_H
#define TOCSIN_REPORT_OUTFLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/err.h"

struct outflow;

struct outflow_maker {
    /* On the thread: all of it, by outflow_put. ERR_OK: that was all. */
    enum err (*make)(void *arg, struct outflow *outflow, struct problem *problem);
    void (*release)(void *arg); /* on the loop's thread, when the other one has ended */
    void *arg;
};

/* ---- on the thread ---- */

/* Takes the bytes and leaves an empty buffer with memory for the next; waits for a free block.
 * False: nobody wants them any more, `make` should return. */
bool outflow_put(struct outflow *outflow, struct buf *bytes) WARN_UNUSED;
bool outflow_is_wanted(struct outflow *outflow);

/* ---- on the loop's thread ---- */

/* on_ready: there is something to take again, or the end, after OUTFLOW_LATER. on_gone: after
 * outflow_stop, the last word but the maker's release. arg is for both. */
struct outflow *outflow_start(uv_loop_t *loop, const struct outflow_maker *maker,
                              void (*on_ready)(void *arg), void (*on_gone)(void *arg), void *arg);
/* Up to `room` bytes and how many; 0 at the end. */
#define OUTFLOW_FAILED (-1L) /* outflow_problem says why */
#define OUTFLOW_LATER  (-2L)
long outflow_take(struct outflow *outflow, uint8_t *into, size_t room);
const struct problem *outflow_problem(const struct outflow *outflow); /* after OUTFLOW_FAILED */
uint64_t outflow_taken(const struct outflow *outflow);                /* bytes */
/* At the end as well as before it; once. on_ready will not be called any more. */
void outflow_stop(struct outflow *outflow);

#endif
