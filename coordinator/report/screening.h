/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screening: applies frequency caps. A campaign with a cap that was launched waits in the engine
 * until it was screened: who of its audience had enough messages is surveyed (cap_survey), and
 * suppressed, a few pages a turn of the loop. What reads the disk runs on a thread of its own: the
 * loop is never held up.
 *
 * What others of the same audience send later the engine sees itself. For the others, while people
 * of a screened campaign still wait, and others of the time are sent or were since, it is screened
 * again every ten seconds, or after 20 times as long as that took, if this is more: what campaigns
 * of two audiences send at the same moment is not seen before that.
 *
 * Loop's thread only. A restart begins anew with all that run.
 */
#ifndef TOCSIN_REPORT_SCREENING_H
#define TOCSIN_REPORT_SCREENING_H

#include <stdint.h>
#include <uv.h>

#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/turn.h"

struct screening;

struct screening *screening_new(uv_loop_t *loop, struct ledger *ledger, struct engine *engine,
                                struct turn *turn);
/* Once in every turn of the loop. Returns in how many ms to call again at the latest; UINT32_MAX:
 * when something else happened. */
uint32_t screening_run(struct screening *screening, uint64_t now_ms);
/* Waits for the thread (runs the loop), then frees. NULL is fine. */
void screening_close(struct screening *screening);

#endif
