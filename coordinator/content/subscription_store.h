/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscription_store: who is told of events by webhooks (docs/events.md), how far each has been
 * told, and what could not be told him.
 *
 * The events that are kept (content/feed_store.h) are the queue of every subscriber: all that is
 * stored for him is the number of the last one that he took. What was tried in vain too often
 * becomes a dead letter of his, with the whole request's body, for it may outlive the event.
 *
 * Catalogue:
 *     CATALOGUE_SUBSCRIPTION        be64 id -> u8 version = 1 · u64 created_ms · u32 kinds ·
 *                                   u8 count · u64 campaign ... · blob name · blob url ·
 *                                   blob created by · u8 keys · for each, the newest first:
 *                                   blob key · u64 until_ms (0: without end)
 *     CATALOGUE_SUBSCRIPTION_STATE  be64 id -> u8 version = 1 · u8 state · u64 told · u64 tries ·
 *                                   u64 due_ms · u64 delivered · u64 failed · u64 dead ·
 *                                   u64 missed · u64 last status · blob why · u64 refusals ·
 *                                   u64 in a row (these two may be missing)
 *     CATALOGUE_DEAD_LETTER         be64 id · be64 number -> u8 version = 1 ·
 *                                   u8 is to be sent again · u64 at_ms · u64 tries · u64 status ·
 *                                   blob type · blob body
 *     CATALOGUE_COUNTERS            "subscriptions" -> u64 newest id
 * Loop's thread only.
 */
#ifndef TOCSIN_CONTENT_SUBSCRIPTION_STORE_H
#define TOCSIN_CONTENT_SUBSCRIPTION_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/webhook_sign.h"
#include "coordinator/content/letter_list.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

#define SUBSCRIPTIONS_MAX          100
#define SUBSCRIPTION_NAME_MAX      64
#define SUBSCRIPTION_URL_MAX       2000
#define SUBSCRIPTION_BY_MAX        200
#define SUBSCRIPTION_CAMPAIGNS_MAX 32
#define SUBSCRIPTION_WHY_MAX       200
#define SUBSCRIPTION_KEY_BYTES     32
#define DEAD_LETTERS_MAX           1000 /* of one; then the oldest goes */

/* Stored: add at the end. */
enum subscription_state {
    SUBSCRIPTION_ACTIVE,
    SUBSCRIPTION_PAUSED,   /* by somebody */
    SUBSCRIPTION_DISABLED, /* by the receiver: it answered 410 */
    SUBSCRIPTION_STATES
};
const char *subscription_state_name(enum subscription_state state);

struct subscription {
    uint64_t id;
    char name[SUBSCRIPTION_NAME_MAX + 1];
    char url[SUBSCRIPTION_URL_MAX + 1];
    char created_by[SUBSCRIPTION_BY_MAX + 1];
    uint64_t created_ms;
    uint32_t kinds; /* as in struct feed_filter */
    unsigned campaign_count;
    uint64_t campaigns[SUBSCRIPTION_CAMPAIGNS_MAX]; /* none: all, and what is of none */
    unsigned key_count;
    struct webhook_key keys[2]; /* the newest first */
    uint64_t former_until_ms;   /* of the second */

    enum subscription_state state;
    uint64_t told;      /* the last event that is done with */
    uint64_t tries;     /* of the next one, so far */
    uint64_t refusals;  /* of these, those that were refused */
    uint64_t in_a_row;  /* events that were refused for good since he took one */
    uint64_t due_ms;    /* when it is tried again; 0: at once */
    uint64_t delivered; /* events */
    uint64_t failed;    /* tries */
    uint64_t dead;      /* events that became dead letters, ever */
    uint64_t missed;    /* events that were not kept any more when he could have been told */
    uint64_t last_status;
    char why[SUBSCRIPTION_WHY_MAX + 1]; /* of the last failure, or of being disabled; empty: none */

    struct letter_list letters; /* that he has */
    bool is_sending;            /* something is on its way to him */
    struct subscription *next;
};

/* A value; in the order of the ids. */
struct subscription_store {
    struct ledger *ledger;
    uint64_t newest;
    unsigned count;
    struct subscription *list;
};

/* Once, at the start; ledger is set. */
enum err subscription_store_load(struct subscription_store *store,
                                 struct problem *problem) WARN_UNUSED;
void subscription_store_release(struct subscription_store *store);

/* Of *subscription everything but the id and the keys is given; both are made. Takes a copy, and
 * returns it. */
struct subscription *subscription_store_add(struct subscription_store *store,
                                            const struct subscription *subscription,
                                            struct record *record);
/* NULL if there is none of that number. */
struct subscription *subscription_store_find(const struct subscription_store *store, uint64_t id);
struct subscription *subscription_store_named(const struct subscription_store *store,
                                              const char *name);
/* With his dead letters. Frees. */
void subscription_store_remove(struct subscription_store *store, struct subscription *subscription,
                               struct record *record);
/* A new key; the present one is good until then. */
void subscription_rotate(struct subscription *subscription, uint64_t former_until_ms,
                         struct record *record);
/* "whsec_" and base64. */
void subscription_secret(const struct subscription *subscription, struct buf *text);
/* How many keys sign now. */
unsigned subscription_keys(const struct subscription *subscription, uint64_t now_ms);
/* What changes as it goes on. */
void subscription_note(const struct subscription *subscription, struct record *record);

/* What he could not be told. Slices point into the ledger's value during the call. */
struct dead_letter {
    uint64_t number; /* the event's */
    bool is_resent;  /* it is to be sent again */
    uint64_t at_ms;  /* of the last try */
    uint64_t tries;
    uint64_t status; /* of the last answer; 0: none came */
    struct slice type;
    struct slice body;
};
/* In place of what there was of that number; if there are too many then, the oldest goes. */
void dead_letter_put(struct subscription *subscription, const struct dead_letter *letter,
                     struct record *record);
/* Nothing happens if it is gone already. */
void dead_letter_remove(struct subscription *subscription, uint64_t number, struct record *record);
/* Durable ones, ascending from `from` on; a callback that returns false ends the walk. What was
 * decided since is in the subscription's letters alone. */
typedef bool (*dead_letter_fn)(void *arg, const struct dead_letter *letter);
enum err dead_letter_each(const struct subscription_store *store, uint64_t id, uint64_t from,
                          dead_letter_fn each, void *arg) WARN_UNUSED;

#endif
