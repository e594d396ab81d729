/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: what happened to recipients, and its form in the journal: a block holds one page's events
 * of one turn as columns.
 *
 * Block of few events, version 2: event_rows.h. Block of many, version 1:
 *     u8 version = 1 · u8 codec (0 plain, 1 LZ4) · varint plain_bytes · body
 *     body: varint count · u64 base_ms · columns (proto/columns.h) of: kind, offset, span,
 * provider, step, reason, lease, worker, at (ms after base), due (ms after `at`; 0 for kinds
 * without), ref length · all refs In a block of the campaign as a whole (RECORD_PAGE_CAMPAIGN)
 * `kind` is an enum campaign_event and the rest is 0, but for what coordinator/engine/control.h
 * and change.h keep there.
 *
 * To change the format: take the next number after EVENT_BLOCK_NEWEST, keep reading the versions
 * before, add a golden block to tests/unit/test_event.c, write it down in docs/ledger.md.
 */
#ifndef TOCSIN_ENGINE_EVENT_H
#define TOCSIN_ENGINE_EVENT_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"
#include "proto/page.h"

#define EVENT_BLOCK_COLUMNS 1
#define EVENT_BLOCK_ROWS    2
#define EVENT_BLOCK_NEWEST  2
#define EVENT_BLOCK_MAX     (1u << 16) /* events in a block */

/* Stored: add at the end. */
#define CAMPAIGN_EVENT_MAP(X)                                                                      \
    X(LAUNCHED, "launched")                                                                        \
    X(PAUSED, "paused")                                                                            \
    X(RESUMED, "resumed")                                                                          \
    X(CANCELLED, "cancelled")                                                                      \
    X(FINISHED, "finished")                                                                        \
    X(OVERRIDDEN, "overridden")   /* being critical, it overrides what `reason` says */            \
    X(SCREENED, "screened")       /* the frequency cap was applied; from now on it is sent */      \
    X(SCHEDULED, "scheduled")     /* launched, to begin at `due` */                                \
    X(EXPIRED, "expired")         /* not_after has passed */                                       \
    X(STOPPED, "stopped")         /* paused by a stop rule: its number, how many, of how many */   \
    X(SUPERSEDED, "superseded")   /* cancelled by the launch of campaign `worker` */               \
    X(CHANGED, "changed")         /* one of its fields, see change.h */                            \
    X(ROUND, "round")             /* after its end it goes on for some (round.h) */                \
    X(ROUND_WHOLE, "round_whole") /* all whom it takes in are, if `round` did not say so */

enum campaign_event {
#define CAMPAIGN_EVENT_MEMBER(name, word) CAMPAIGN_EVENT_##name,
    CAMPAIGN_EVENT_MAP(CAMPAIGN_EVENT_MEMBER)
#undef CAMPAIGN_EVENT_MEMBER
        CAMPAIGN_EVENTS
};

const char *campaign_event_name(enum campaign_event event);

struct event {
    uint8_t kind; /* enum delivery_event, or enum campaign_event */
    uint8_t provider;
    uint8_t step;
    uint16_t offset; /* place in the page */
    uint16_t span;   /* places it holds for, 1..1024 */
    uint16_t reason;
    uint64_t lease;
    uint64_t worker; /* LEASED: instance of the worker; BARRED: what is barred (bar.h); RETRIED: in
                        which round (round.h) */
    uint64_t at_ms;
    uint64_t due_ms; /* 0: none */
    struct slice ref;
};

/* Events on their way into a block. Neighbours that differ only in their place become one. */
struct event_list {
    struct event *events;
    unsigned count;
    unsigned cap;
    struct buf refs; /* the bytes of all refs; event.ref.data is not used in here but an offset kept
                        in order */
};

void event_list_init(struct event_list *list);
void event_list_release(struct event_list *list);
void event_list_clear(struct event_list *list);
void event_list_add(struct event_list *list, const struct event *event); /* copies ref */
/* The same, but it stays an event of its own. */
void event_list_append(struct event_list *list, const struct event *event);
void event_block_encode(const struct event_list *list, struct buf *buf);
/* Replaces the contents of *list; refs point into list->refs. ERR_CORRUPT or ERR_UNSUPPORTED. */
enum err event_block_decode(struct slice bytes, struct event_list *list) WARN_UNUSED;

#endif
