/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_stream: a bundle of evidence as a stream of bytes: the outflow's thread makes it
 * (evidence_export.h).
 */
#ifndef TOCSIN_REPORT_EVIDENCE_STREAM_H
#define TOCSIN_REPORT_EVIDENCE_STREAM_H

#include "coordinator/report/evidence_export.h"
#include "coordinator/report/outflow.h"

/* Everything is copied but the ledger; sink and arg of the request are not used. For the loop's
 * thread, as all functions of the outflow; see there for on_ready and on_gone. */
struct outflow *evidence_stream_start(uv_loop_t *loop, const struct evidence_export *request,
                                      void (*on_ready)(void *arg), void (*on_gone)(void *arg),
                                      void *arg);

#endif
