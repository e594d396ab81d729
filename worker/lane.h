/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane: one provider as a worker sees it: its definition, whether its channel could be opened, how
 * many attempts are under way, its throttle, and the page that is being walked. One thread.
 */
#ifndef TOCSIN_WORKER_LANE_H
#define TOCSIN_WORKER_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/histogram.h"
#include "proto/page.h"
#include "proto/wire.h"
#include "worker/delivery.h"
#include "worker/throttle.h"

/* Attempts in a row without any answer after which what is queued goes back: the coordinator may
 * know of another provider, and it would wait here for one time limit after the other. */
#define LANE_SILENCES_MAX 8

struct batch;

/* What became of the provider's recipients here, and how long attempts took. */
struct lane_tally {
    char provider[WIRE_NAME_MAX + 1]; /* whose it is: numbers may pass to others */
    uint64_t outcomes[OUTCOMES];
    struct histogram attempts; /* from the start to the result: HISTOGRAM_MS */
};

struct lane {
    bool is_known;   /* the coordinator told us of it */
    bool is_open;    /* the shell could open it */
    uint16_t reason; /* enum reason why not */
    const char *why; /* the same for people, or NULL */
    struct wire_provider def;
    struct arena texts; /* the definition's strings */
    struct delivery_form form;
    uint32_t in_flight;
    bool is_returning; /* what is queued goes back to the coordinator */
    uint32_t silences; /* attempts in a row without any answer */
    struct throttle throttle;
    uint64_t planned_until_ms; /* when the last paced batch in hand ought to be done */
    struct page_view view;
    const struct batch *viewed; /* the batch whose page `view` shows, or NULL */
    struct lane_tally tally;
};

/* Zeroed memory is a lane without a provider. */
void lane_release(struct lane *lane);
/* Does the definition say what the lane knows already? */
bool lane_is_same(const struct lane *lane, const struct wire_provider *def);
/* Copies the definition. */
void lane_define(struct lane *lane, const struct wire_provider *def);
/* Defined, but its channel cannot be opened: why, of which at most WIRE_LINE_MAX bytes are kept. */
void lane_fail(struct lane *lane, enum reason reason, const char *why);
/* The provider is gone; what is under way goes on. */
void lane_undefine(struct lane *lane);

#endif
