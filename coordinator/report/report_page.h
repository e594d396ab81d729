/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_page: the people of one page while a report reads what happened to them: the same fold as
 * the engine's, and what each event says besides of attempts, times and reasons.
 *
 * begin, event by event in the order of the journal, end; then the next page.
 */
#ifndef TOCSIN_REPORT_REPORT_PAGE_H
#define TOCSIN_REPORT_REPORT_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/fold.h"
#include "coordinator/report/report_tally.h"
#include "proto/page.h"

struct report_person {
    uint64_t delivered_ms; /* 0: never; likewise: */
    uint64_t acknowledged_ms;
    uint64_t providers_accepted; /* bits */
    uint64_t providers_delivered;
    uint16_t entered; /* bits of rungs */
    uint16_t tried;
    uint16_t climbed;
    uint16_t accepted;
    uint16_t reason;            /* of what turned him last */
    uint8_t channels_delivered; /* bits */
    uint8_t acknowledged_rung;
    uint8_t acknowledged_by; /* enum report_means */
    bool was_uncertain;
    bool was_repeated;
    bool was_retried;
};

struct report_page {
    const struct campaign_def *def;
    const enum channel_kind *provider_channels; /* by number */
    struct report_tally *tally;
    uint64_t launched_ms;
    unsigned count;
    struct fold folds[2]; /* of the ladder and of the side */
    struct recipient_state states[2][PAGE_RECIPIENTS];
    uint8_t lease_providers[2][PAGE_RECIPIENTS]; /* of the lease they are in */
    struct report_person people[PAGE_RECIPIENTS];
    uint64_t accepted_ms[PLAN_RUNGS_MAX][PAGE_RECIPIENTS]; /* 0: not, or it came back */
    struct recipient_state prior[PAGE_RECIPIENTS];
};

/* All borrowed; provider_channels: WIRE_PROVIDERS_MAX of them, CHANNEL_KINDS if it is not known.
 * launched_ms: 0 if it never was. */
void report_page_init(struct report_page *page, const struct campaign_def *def,
                      const enum channel_kind *provider_channels, uint64_t launched_ms,
                      struct report_tally *tally);
void report_page_begin(struct report_page *page, unsigned count, const struct bitmap *holes);
/* False: the event does not fit; the journal is damaged. */
bool report_page_event(struct report_page *page, const struct event *event);
/* Adds everybody to the tally. over: how those who waited ended, or DELIVERY_EVENTS. view: of the
 * sealed page, or NULL if nothing of it is wanted; columns: of it, or -1. */
struct report_columns {
    int locale;
    int group;
};
void report_page_end(struct report_page *page, enum delivery_event over, struct page_view *view,
                     const struct report_columns *columns);
/* After the end: how many of the page it is over for without being reached; their places, the first
 * at `from` or later, PAGE_RECIPIENTS if there is none. */
unsigned report_page_next_lost(const struct report_page *page, unsigned from);

#endif
