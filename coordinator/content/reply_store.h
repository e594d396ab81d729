/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_store: what recipients sent back, in the ledger's catalogue. In memory are a few numbers,
 * the counts of each campaign that had replies, and what is not durable yet; the replies are not.
 *
 * Catalogue:
 *     CATALOGUE_REPLY              be64 ~number -> reply_record.h; so the newest comes first
 *     CATALOGUE_REPLY_OF_CAMPAIGN  be64 campaign · be64 ~number -> u8 class
 *     CATALOGUE_REPLY_ID           16 bytes, a keyed hash of provider and message id -> u64 number
 *     CATALOGUE_REPLY_COUNTS       be64 campaign -> u8 version = 1 · u8 count · u64 for each class;
 *                                  campaign 0: of no campaign
 *     CATALOGUE_COUNTERS           "replies" -> u8 version = 1 · u64 newest number · u64 oldest
 * Numbers are counted from 1 and never given again. The counts are of all that came, also of what
 * is not kept any more.
 *
 * Loop's thread only.
 */
#ifndef TOCSIN_CONTENT_REPLY_STORE_H
#define TOCSIN_CONTENT_REPLY_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/reply_record.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/turn.h"

struct reply_store;

struct reply_store *reply_store_new(struct ledger *ledger);
void reply_store_free(struct reply_store *store); /* NULL is fine */
/* Once, at the start. */
enum err reply_store_load(struct reply_store *store, struct problem *problem) WARN_UNUSED;

/* Gives it its number; durable with the turn's record. If it has an id, reply_store_find has just
 * said that it is not there. */
void reply_store_add(struct reply_store *store, struct reply_record *reply, struct turn *turn);
/* The reply that has this provider and message id: *number, class, result, campaign and ordinal of
 * *reply are set. ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT. */
enum err reply_store_find(struct reply_store *store, struct turn *turn, struct slice provider,
                          struct slice id, struct reply_record *reply) WARN_UNUSED;
/* The slices of *reply point into *value, which the caller releases. ERR_NOT_FOUND: never given,
 * not kept any more, or not durable yet. */
enum err reply_store_get(struct reply_store *store, uint64_t number, struct reply_record *reply,
                         struct store_value *value) WARN_UNUSED;

/* Durable ones, the newest first, from `from` on (UINT64_MAX: all); of one campaign, or of all if
 * that is 0. A callback that returns false ends the walk. */
typedef bool (*reply_store_fn)(void *arg, const struct reply_record *reply);
enum err reply_store_each(struct reply_store *store, uint64_t campaign, uint64_t from,
                          reply_store_fn each, void *arg) WARN_UNUSED;

struct reply_counts {
    uint64_t of[REPLY_CLASSES];
};
/* Of the campaign, or of no campaign (0). */
struct reply_counts reply_store_counts(const struct reply_store *store, uint64_t campaign);
/* The number that was given last; 0: none was. */
uint64_t reply_store_newest(const struct reply_store *store);
uint64_t reply_store_kept(const struct reply_store *store); /* how many are kept, about */

/* Once in every turn of the loop, before the record is handed over: counts that changed. */
void reply_store_note(struct reply_store *store, struct record *record);
/* Removes replies that came before `before_ms`, a portion of them; true if there may be more. */
bool reply_store_sweep(struct reply_store *store, uint64_t before_ms, struct turn *turn);

#endif
