/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_sender: tells subscribers of facts by signed webhooks (docs/events.md), each of his own in
 * the order in which they happened: one at a time, and the next when that is done with. What a
 * receiver refuses for good is a dead letter at once, what it refuses otherwise after a few tries;
 * one that is not there is waited for, longer and longer, and what happens meanwhile stays with the
 * events that are kept. How far he was told and the dead letter are in one record: a crash repeats
 * what was on its way, under the same webhook-id, and loses nothing. Loop's thread only.
 */
#ifndef TOCSIN_API_FEED_SENDER_H
#define TOCSIN_API_FEED_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/feed_kind.h"
#include "coordinator/content/subscription_store.h"

struct api;
struct feed_sender;

#define FEED_SENDER_REFUSED_TRIES    4
#define FEED_SENDER_REFUSED_IN_A_ROW 10 /* for good; then each is tried so often too */

enum err feed_sender_open(struct feed_sender **out, struct api *api,
                          struct problem *problem) WARN_UNUSED;
/* NULL is fine. What is on its way is given up, and sent again in the next life. */
void feed_sender_close(struct feed_sender *sender);
/* Once in every turn of the loop. Returns in how many ms to call again at the latest. */
uint32_t feed_sender_turn(struct feed_sender *sender);

struct feed_sender_tally {
    unsigned subscriptions;
    uint64_t delivered;
    uint64_t failed; /* tries */
    uint64_t dead;   /* events that became dead letters, ever */
    uint64_t dead_letters;
    uint64_t missed;
    uint64_t behind; /* of the one that is furthest behind and not paused */
};
struct feed_sender_tally feed_sender_tally(const struct feed_sender *sender);

struct subscription_store *feed_sender_store(struct feed_sender *sender);
/* Says which alarms hold (feed_alarms_hold). */
void feed_sender_alarms(const struct feed_sender *sender);
/* Before it is removed: nobody waits for its answer any more. */
void feed_sender_forget(struct feed_sender *sender, const struct subscription *subscription);
/* Does it want to be told of that? */
bool feed_sender_wants(const struct subscription *subscription, enum feed_kind kind,
                       uint64_t campaign);

#endif
