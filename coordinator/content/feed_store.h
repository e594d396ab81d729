/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_store: the events that others are told of (docs/events.md), as they are kept: the newest so
 * many, each under its number, in the record that has what it tells of; and what was told last, so
 * that a restart finds what was not told any more.
 *
 * Catalogue:
 *     CATALOGUE_FEED           be64 number -> u8 version = 1 · u8 kind · u64 at_ms ·
 *                              u64 campaign (0: none) · blob subject · blob data (JSON)
 *     CATALOGUE_FEED_CAMPAIGN  be64 campaign -> u8 version = 1 · u8 state · u8 round ·
 *                              u8 is_expired · u64 a hash of what can be changed of it
 *     CATALOGUE_FEED_ALARM     the alarm's name · ':' · what it is of -> u8 version = 1 · u64 since
 *     CATALOGUE_COUNTERS       "events" -> u8 version = 1 · u64 newest number · u64 oldest ·
 *                              u64 newest reply that was told
 * Numbers are counted from 1 and never given again.
 *
 * Loop's thread only.
 */
#ifndef TOCSIN_CONTENT_FEED_STORE_H
#define TOCSIN_CONTENT_FEED_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/feed_kind.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

struct feed_event {
    uint64_t number; /* in the key */
    enum feed_kind kind;
    uint64_t at_ms;
    uint64_t campaign;    /* 0: it is of none */
    struct slice subject; /* what it is of: "c1", a provider's name */
    struct slice data;    /* a JSON value */
};

/* A value. Plain numbers, all of them durable with the record that they were put into. */
struct feed_store {
    struct ledger *ledger;
    uint64_t kept_max; /* events; 1 or more */
    uint64_t newest;   /* number; 0: there was none */
    uint64_t oldest;   /* none with a smaller number is kept */
    uint64_t reply;    /* the newest reply that was told */
};

/* Once, at the start; ledger and kept_max are set. */
enum err feed_store_load(struct feed_store *store, struct problem *problem) WARN_UNUSED;
/* Gives the event its number and puts it into the record; the oldest goes if there are too many. */
void feed_store_add(struct feed_store *store, struct feed_event *event, struct record *record);

/* Durable ones, ascending from the first that is not below `from`. Slices are valid during the
 * call; a callback that returns false ends the walk. ERR_CORRUPT, ERR_IO. */
typedef bool (*feed_store_fn)(void *arg, const struct feed_event *event);
enum err feed_store_each(const struct feed_store *store, uint64_t from, feed_store_fn each,
                         void *arg) WARN_UNUSED;

/* How a campaign was told last. */
struct feed_mark {
    uint8_t state; /* enum campaign_state */
    uint8_t round;
    uint8_t is_expired;
    uint64_t terms; /* a hash of what can be changed of it */
};
void feed_mark_put(uint64_t campaign, const struct feed_mark *mark, struct record *record);
typedef bool (*feed_mark_fn)(void *arg, uint64_t campaign, const struct feed_mark *mark);
enum err feed_mark_each(struct ledger *ledger, feed_mark_fn each, void *arg) WARN_UNUSED;

/* An alarm that is on; `name` is "kind:subject". */
void feed_alarm_put(struct slice name, uint64_t since_ms, struct record *record);
void feed_alarm_remove(struct slice name, struct record *record);
typedef bool (*feed_alarm_fn)(void *arg, struct slice name, uint64_t since_ms);
enum err feed_alarm_each(struct ledger *ledger, feed_alarm_fn each, void *arg) WARN_UNUSED;

#endif
