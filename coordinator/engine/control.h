/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: what a campaign does by itself because of the time or of how it goes: it begins when its
 * time has come, expires whom it did not reach by its not_after, pauses itself by its stop rules,
 * and takes the place of the campaign that it supersedes. Internal to the engine.
 *
 * All of it follows from the campaign's own events, so that a restart knows it again:
 *     scheduled    due: when it begins
 *     launched     due: its not_after (none: 0) · worker: the campaign that it superseded
 *     stopped      step: the rule's cause · lease: how many · worker: of how many
 *     resumed      lease: how many were tried · worker: how many had failed (bits 0 to 31) and
 *                  complained (bits 32 to 63), by then; these the
 *                  rules leave out from there
 *     superseded   worker: by which campaign
 *     round        see round.h
 */
#ifndef TOCSIN_ENGINE_CONTROL_H
#define TOCSIN_ENGINE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/engine.h"
#include "coordinator/engine/event.h"

struct campaign;

/* Plain values without holes: the digest takes the bytes. */
struct control {
    uint64_t starts_ms; /* while it is scheduled */
    uint64_t not_after_ms;
    uint64_t is_expired;
    uint64_t superseded_by;
    uint64_t stop_cause; /* plus one; 0: no rule has stopped it */
    uint64_t stop_count;
    uint64_t stop_of;
    uint64_t before[STOP_CAUSES]; /* not counted by the rules any more */
};

/* Times of recipients are 32 bits of 10 ms since the campaign was made, 497 days (fold.h). Whatever
 * begins by this age has time for a plan of 180 days, and for what is made up for later. */
#define CONTROL_BEGIN_MAX_DAYS 300
#define CONTROL_BEGIN_MAX_MS   (UINT64_C(86400000) * CONTROL_BEGIN_MAX_DAYS)

/* What the event, which fits, changes. */
void control_apply(struct control *control, const struct event *event);
/* A campaign that is a draft or scheduled begins at `at_ms`, or now if that has passed.
 * ERR_CONFLICT: nobody could be sent to, or it would be too long after it was made. */
enum err control_launch(struct engine *engine, struct campaign *campaign, uint64_t at_ms,
                        struct problem *problem);
/* A paused one goes on; its stop rules leave out who had failed by then. */
void control_resume(struct engine *engine, struct campaign *campaign);
/* Its not_after if it, or a round of it, begins then; 0: none. */
uint64_t control_not_after_ms(const struct campaign *campaign, uint64_t begins_ms);
/* Outcomes have come in: does a rule stop it? */
void control_check_stop(struct engine *engine, struct campaign *campaign);
/* Those whose time has come begin or expire. */
void control_run(struct engine *engine);
/* When that is next; UINT64_MAX: never. */
uint64_t control_next_ms(const struct engine *engine);
void control_view(const struct campaign *campaign, struct campaign_view *view);

#endif
