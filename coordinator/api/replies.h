/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replies: takes in what recipients sent back, whichever way it came: the API's own (replies_api.c)
 * or a provider's. Each reply is told what it is (content/reply_keywords.h), whose it is
 * (reply_match.h), done what it asks for, and kept (content/reply_store.h); what came before under
 * the same provider and message id is not done again.
 *
 * What a reply may need is read from the disk: the audiences of campaigns, a page of one that has
 * ended. So a few at a time are looked at, and their pages woken, before any of them is decided,
 * and the rest goes on when that is durable, as in receipts_batch.c. The loop has its turn between
 * two portions.
 */
#ifndef TOCSIN_API_REPLIES_H
#define TOCSIN_API_REPLIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "coordinator/api/reply_match.h"
#include "coordinator/content/reply_store.h"
#include "coordinator/content/suppression.h"

struct exchange;

/* One reply; the first part is the caller's, all zero but what is known. Slices belong to the
 * exchange's arena; what is no UTF-8 in them is replaced, and what is too long cut off. */
struct reply_entry {
    enum channel_kind channel;
    struct slice provider; /* its name in the settings; empty: none */
    struct slice from;     /* his endpoint, as the provider writes it */
    struct slice to;       /* ours; may be empty */
    struct slice text;
    struct slice id;       /* the provider's of this message; empty: it has none */
    struct slice token;    /* of our message that he answers; empty: unknown */
    enum reply_class hint; /* what the provider's own rules say it is; REPLY_OTHER: nothing */
    bool is_refused;       /* not to be looked at: `detail` says why */
    bool is_strict;        /* from must be an endpoint of the channel, or nothing is kept */

    /* What became of it. */
    enum reply_result result;
    const char *detail; /* of unknown, invalid and failed: why */
    bool is_repeated;   /* it was here before: class, result, campaign and ordinal are those */
    uint64_t number;    /* 0: it is not kept */
    struct reply_meaning meaning;
    enum reply_found found_by;
    struct reply_match match;

    /* replies.c's own */
    bool is_settled;
    bool is_prepared;
    bool is_opted_in;        /* something was taken off the suppression list */
    uint64_t at_ms;          /* when it came in, by our clock */
    enum reply_found way;    /* how it is looked for just now */
    uint64_t after_campaign; /* the one whose codes were looked at last */
    struct reply_search search;
    struct suppression *endpoint; /* normalised; NULL: from is none */
};

/* Calls `done`, which answers: by an exchange_commit, so that the answer waits until all of it is
 * durable. The exchange's `resource` and `on_finished` are its own until then. */
typedef void (*replies_done_fn)(struct exchange *exchange, struct reply_entry *entries,
                                unsigned count, void *arg);
void replies_run(struct exchange *exchange, struct reply_entry *entries, unsigned count,
                 replies_done_fn done, void *arg);

/* As the API shows one that is kept. */
json_t *reply_json(const struct reply_record *reply);
json_t *reply_counts_json(const struct reply_counts *counts);

#endif
