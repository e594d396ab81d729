/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_page: the deliveries of one page as they stood when a record was durable: the states
 * that its journal folds to, and what the events say besides: the provider, the reason, the times.
 *
 * The journal is only added to, so a record's number is a snapshot that costs nothing to keep: the
 * same page read up to the same record is the same at any time, also after a restart. Snapshots in
 * the store are passed over, as they hold no times and may reach beyond the record.
 *
 * Reads may come from any thread.
 */
#ifndef TOCSIN_REPORT_DELIVERY_PAGE_H
#define TOCSIN_REPORT_DELIVERY_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/event.h"
#include "coordinator/ledger/ledger.h"

#define DELIVERY_NO_PROVIDER 255

/* A campaign's life up to a record. */
struct delivery_moment {
    uint64_t recno;
    enum campaign_state state;
    enum delivery_event over; /* as campaign_over, also while leases are out; or DELIVERY_EVENTS */
    uint64_t over_ms;         /* since when */
};

/* ERR_CORRUPT, ERR_IO. */
enum err delivery_moment_read(struct delivery_moment *moment, struct ledger *ledger,
                              uint64_t campaign, uint64_t recno) WARN_UNUSED;

/* By place. Times are unix milliseconds, 0: it has not happened. About 90 KiB; zeroed memory is a
 * valid one, and its memory is reused from read to read. */
struct delivery_page {
    unsigned count;
    struct recipient_state states[PAGE_RECIPIENTS]; /* with a pair what both tracks come to */
    uint64_t last_ms[PAGE_RECIPIENTS];              /* the last that happened */
    uint64_t accepted_ms[PAGE_RECIPIENTS];          /* a provider took a message, the first time */
    uint64_t delivered_ms[PAGE_RECIPIENTS];         /* a receipt said so, likewise */
    uint64_t acknowledged_ms[PAGE_RECIPIENTS];
    /* Of each track, the ladder first: the provider that he was last handed to a worker for, or
     * DELIVERY_NO_PROVIDER, and why he stands where he does. */
    uint8_t provider[2][PAGE_RECIPIENTS];
    uint16_t reason[2][PAGE_RECIPIENTS];
    struct recipient_state side[PAGE_RECIPIENTS]; /* if the plan has a pair */
    struct event_list events;
};

void delivery_page_release(struct delivery_page *page);
/* A place that is no recipient is DELIVERY_NONE. ERR_NOT_FOUND for a page that the campaign does
 * not have; ERR_CORRUPT, ERR_IO. */
enum err delivery_page_read(struct delivery_page *page, struct ledger *ledger,
                            const struct campaign_def *def, const struct delivery_moment *moment,
                            uint32_t number) WARN_UNUSED;

/* Tries at the endpoint of now: those that failed, those repeated, and the one that settled it. */
unsigned delivery_attempts(const struct recipient_state *state);

#endif
