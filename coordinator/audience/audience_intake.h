/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audience_intake: the work of an import, from the bytes of a body to the finished bulk load. It
 * blocks, so it has a thread of its own; the loop's side is audience_import.c.
 */
#ifndef TOCSIN_AUDIENCE_AUDIENCE_INTAKE_H
#define TOCSIN_AUDIENCE_AUDIENCE_INTAKE_H

#include "coordinator/audience/audience.h"
#include "coordinator/audience/inflow.h"

struct audience_intake;

/* All is borrowed, also what the settings point to. */
struct audience_intake *audience_intake_new(struct ledger *ledger,
                                            const struct audience_settings *settings,
                                            struct inflow *inflow);
void audience_intake_free(struct audience_intake *intake); /* NULL is fine */
/* Takes the inflow to its end. ERR_OK: everything is durable but the catalogue entry;
 * info->created_ms is left to the caller. Else *problem, and nothing is left behind. ERR_CLOSED if
 * the inflow was stopped. Once. */
enum err audience_intake_run(struct audience_intake *intake, struct audience_info *info,
                             struct problem *problem) WARN_UNUSED;
/* From any thread; bytes is the caller's business. */
void audience_intake_progress(const struct audience_intake *intake,
                              struct audience_progress *progress);

#endif
