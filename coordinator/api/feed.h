/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: what has happened, and how things stand, for those who listen (docs/events.md).
 *
 * A *fact* is numbered, kept in the ledger (content/feed_store.h) in the record that has what it
 * tells of, and published when that is durable. How something *stands* (a campaign's counts, when
 * they are durable) is not kept, and takes the place of what was published of the same thing
 * before: whoever is late gets the newest alone.
 *
 * Both stand in one list in the order in which they were published, each written once, for however
 * many streams. It has the newest FEED_FACTS_MAX facts; older ones are read from the ledger. Loop's
 * thread only.
 */
#ifndef TOCSIN_API_FEED_H
#define TOCSIN_API_FEED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "coordinator/content/feed_store.h"

struct api;
struct feed;

#define FEED_FACTS_MAX 256

/* ERR_CORRUPT, ERR_IO: what is kept cannot be read. */
enum err feed_open(struct feed **out, struct api *api, struct problem *problem) WARN_UNUSED;
void feed_free(struct feed *feed); /* NULL is fine; no stream has an item any more */
struct feed_store *feed_store_of(struct feed *feed);

/* A fact, into the open record. The subject is copied. Returns its number. */
uint64_t feed_tell(struct feed *feed, enum feed_kind kind, uint64_t campaign, const char *subject,
                   json_t *take_data);
/* How something stands: of this kind and subject. What is as it was is not published again. */
void feed_show(struct feed *feed, enum feed_kind kind, const char *subject, json_t *take_data);
/* The same of a campaign, and once all that was decided so far is durable, so that no crash takes
 * back what somebody saw. What comes meanwhile is passed over. */
void feed_show_campaign(struct feed *feed, uint64_t campaign, const char *subject,
                        json_t *take_data);
/* It is told to nobody any more. */
void feed_forget(struct feed *feed, enum feed_kind kind, const char *subject);
/* How often anything was published: with another number there is something new. */
uint64_t feed_seq(const struct feed *feed);
/* The newest fact that is durable. */
uint64_t feed_published(const struct feed *feed);
/* The oldest fact in the list; feed_published + 1 if there is none. */
uint64_t feed_listed(const struct feed *feed);

/* One event as it goes out on a stream; shared. */
struct feed_item {
    unsigned refs;
    uint64_t seq;    /* of its publication */
    uint64_t number; /* of a fact; 0: it is none */
    enum feed_kind kind;
    uint64_t campaign;
    struct feed_item *prev;
    struct feed_item *next;
    size_t len;
    char text[]; /* "id: ...\n" "event: ...\n" "data: ...\n\n" */
};
/* Who wants to hear what. */
struct feed_filter {
    uint32_t kinds;    /* bit k: of kind k */
    uint64_t campaign; /* of it alone; 0: of all, and of what is of none */
};
bool feed_filter_takes(const struct feed_filter *filter, enum feed_kind kind, uint64_t campaign);
/* The next one that was published after `seq`, passes the filter, and is no fact up to `number`;
 * NULL: none. It gets a reference. */
struct feed_item *feed_after(struct feed *feed, uint64_t seq, uint64_t number,
                             const struct feed_filter *filter);
void feed_item_unref(struct feed_item *item); /* NULL is fine */

/* ---- Writing ---- */

/* The event as a CloudEvents 1.0 JSON object. */
void feed_write_fact(const struct feed *feed, const struct feed_event *event, struct buf *json);
/* Facts from `from` up to `to` are not kept any more: the same, with the id "gap-e" and `to`. */
void feed_write_gap(const struct feed *feed, uint64_t from, uint64_t to, struct buf *json);
/* A fact as it goes out on a stream. */
void feed_write_frame(const struct feed *feed, const struct feed_event *event, struct buf *frame);
/* What a stream says of itself, with the id to go on from. */
void feed_write_notice(struct feed *feed, enum feed_kind kind, uint64_t number, json_t *take_data,
                       struct buf *frame);

#endif
