/* SPDX-License-Identifier: Apache-2.0 */
/*
 * round: a finished campaign goes on for some of its recipients, who start anew. The rounds are
 * counted from 0; the first needs nothing of this.
 *
 * A round begins with the event ROUND of the campaign; in the same record, or if there are many
 * pages in several, RETRIED follows for all whom it takes in, and then ROUND_WHOLE. What stands in
 * their columns:
 *     round        provider: 1 if ROUND_WHOLE follows · step: the round · reason: bit s: those in
 * state s · lease: how many were tried (bits 0 to 31) and are taken in (32 to 63) · worker: how
 * many had failed, but for those taken in, and complained, as in `resumed` (control.h) · due: its
 *                  not_after (none: 0)
 *     retried      worker: the round
 *
 * Whom a round takes in is known by a byte for each place, in pages that somebody was retried in:
 * his tokens name his last round, and receipts of earlier ones must not be taken for this one's. In
 * a page's snapshot: varint count of runs, then for each varint places, u8 round; no runs: all are
 * of the first. Internal to the engine but for page_rest.
 */
#ifndef TOCSIN_ENGINE_ROUND_H
#define TOCSIN_ENGINE_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "coordinator/engine/event.h"

struct bars;

/* What of a page stands beside its recipients' states. Zeroed memory is nothing. */
struct page_rest {
    struct bars *bars; /* NULL: none */
    uint8_t *rounds;   /* PAGE_RECIPIENTS of them; NULL: all are of the first */
    uint8_t *detours;  /* the same of enum detour; NULL: nobody passed by a step that was down */
};
void page_rest_release(struct page_rest *rest);
/* Takes what the event, which fits the page, changes of it. */
void page_rest_apply(struct page_rest *rest, const struct event *event);

/* RETRIED: its round if it may be one, else 0. */
unsigned round_of_event(const struct event *event);
/* Makes *rounds if it is NULL. */
void rounds_take(uint8_t **rounds, const struct event *event);
void rounds_encode(const uint8_t *rounds, unsigned slots, struct buf *buf);
/* False: they are no rounds of `slots` places. */
bool rounds_decode(uint8_t **rounds, unsigned slots, struct reader *reader);

#endif
