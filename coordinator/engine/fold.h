/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold: events applied to the recipients of one page. The only place where an event changes a
 * recipient; run by the engine as it decides, by a restart over the journal, and by reports over
 * the journal of ended campaigns.
 */
#ifndef TOCSIN_ENGINE_FOLD_H
#define TOCSIN_ENGINE_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"
#include "coordinator/engine/plan.h"

struct fold {
    const struct plan *plan;
    uint64_t base_ms;          /* of due_cs: when the campaign was created */
    uint32_t *counts;          /* by state, kept up to date; may be NULL */
    uint32_t *open;            /* how many recipients are open, likewise */
    uint32_t *complained;      /* and how many complained */
    uint32_t *tried;           /* and how many were tried at least once */
    struct rung_counts *rungs; /* by step, each track for itself; likewise; [PLAN_RUNGS_MAX] */
    /* The same recipients on the other track of a pair (pair.h), who are counted by both; NULL:
     * there is none. */
    const struct recipient_state *other;
    bool is_side; /* the events are of the side's page */
};

/* All places waiting on the plan's first step (of the side: on the step beside it, or none if there
 * is none), holes (may be NULL) none. counts are not touched. */
void fold_begin(const struct fold *fold, struct recipient_state *states, unsigned count,
                const struct bitmap *holes);
/* False if the event does not fit the states it meets, or the page: then nothing was changed. */
bool fold_event(const struct fold *fold, struct recipient_state *states, unsigned count,
                const struct event *event);
/* How the ladder ends for a recipient on whom nothing more is tried: `event`, unless a message was
 * accepted on the way, or may have been. */
enum delivery_event fold_closing(const struct recipient_state *state, enum delivery_event event);
/* The campaign was cancelled (DELIVERY_EVENT_CANCELLED) or its not_after has passed
 * (DELIVERY_EVENT_EXPIRED): whoever waits will not be sent to, and nobody climbs any more. */
void fold_sweep(const struct fold *fold, struct recipient_state *states, unsigned count,
                enum delivery_event over);

/* Time of a recipient's next try and back; due_cs rounds up so that nothing is early. What is more
 * than 497 days after the campaign's creation never comes: FOLD_NEVER_CS, FOLD_NEVER_MS. */
#define FOLD_NEVER_CS UINT32_MAX
#define FOLD_NEVER_MS UINT64_C(253402300799000) /* 9999-12-31T23:59:59Z */
uint32_t fold_due_cs(const struct fold *fold, uint64_t due_ms);
uint64_t fold_due_ms(const struct fold *fold, uint32_t due_cs);
/* What `used` would be after waiting from the lease until due_ms; above RECIPIENT_USED_MAX if the
 * step's time is over. */
unsigned fold_used(const struct fold *fold, const struct recipient_state *state, uint64_t due_ms);

/* Adds the page's recipients to the counts, on both tracks, or takes them out (sign -1). */
void fold_count(const struct fold *fold, const struct recipient_state *states, unsigned count,
                int sign);

/* A page's states as bytes: LZ4 of the array; false if they are no `count` states. */
void fold_states_encode(const struct recipient_state *states, unsigned count, struct buf *buf);
bool fold_states_decode(struct reader *reader, struct recipient_state *states, unsigned count);

#endif
