/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_stream: a bundle of evidence as a stream of bytes. A thread of its own makes it
 * (evidence_export.h), the loop's thread takes it as fast as the client does; between them lies a
 * MiB or one line, and when that is full the thread waits. All functions are for the loop's thread.
 */
#ifndef TOCSIN_REPORT_EVIDENCE_STREAM_H
#define TOCSIN_REPORT_EVIDENCE_STREAM_H

#include <stdint.h>
#include <uv.h>

#include "coordinator/report/evidence_export.h"

struct evidence_stream;

/* Everything is copied but the ledger; sink and arg of the request are not used. on_ready: there is
 * something to take again, or the end, after EVIDENCE_STREAM_LATER. on_gone: after
 * evidence_stream_stop, the last word: the thread has ended, and the stream is freed when it
 * returns. */
struct evidence_stream *evidence_stream_start(uv_loop_t *loop,
                                              const struct evidence_export *request,
                                              void (*on_ready)(void *arg),
                                              void (*on_gone)(void *arg), void *arg);
/* Up to `room` bytes and how many; 0 at the end. */
#define EVIDENCE_STREAM_FAILED (-1L) /* evidence_stream_problem says why */
#define EVIDENCE_STREAM_LATER  (-2L)
long evidence_stream_take(struct evidence_stream *stream, uint8_t *into, size_t room);
const struct problem *evidence_stream_problem(const struct evidence_stream *stream);
uint64_t evidence_stream_taken(const struct evidence_stream *stream); /* bytes */
/* At the end as well as before it; once. on_ready will not be called any more. */
void evidence_stream_stop(struct evidence_stream *stream);

#endif
