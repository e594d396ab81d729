/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline: what happened to one recipient of a campaign, in the order of the journal: the events
 * of its page that hold for its place, and those of the campaign as a whole.
 */
#ifndef TOCSIN_REPORT_TIMELINE_H
#define TOCSIN_REPORT_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/event.h"
#include "coordinator/ledger/ledger.h"

struct timeline_entry {
    uint64_t recno;     /* the record it stands in */
    bool is_campaigns;  /* of the campaign as a whole: event.kind is an enum campaign_event */
    const char *name;   /* of the event */
    struct event event; /* ref points into the timeline */
};

struct timeline {
    struct timeline_entry *entries;
    unsigned count;
    unsigned cap;
    struct buf refs;
};

/* Zeroed memory is an empty timeline; release it also after an error. ERR_CORRUPT. A recipient that
 * nothing happened to has an empty one, or only its campaign's events. */
enum err timeline_read(struct timeline *timeline, struct ledger *ledger, uint64_t campaign,
                       uint32_t ordinal) WARN_UNUSED;
void timeline_release(struct timeline *timeline);

#endif
