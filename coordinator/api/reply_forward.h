/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_forward: passes replies on to the help desk: each is a webhook by Standard Webhooks 1.0,
 * signed (common/webhook_sign.h), to the one address of the settings (replies.forward).
 *
 * What is to be passed on stands in a queue in the ledger (content/reply_queue.h) from the record
 * that has the reply on, and leaves it when the receiver has answered 2xx, or when the reply is
 * older than give_up_after. So a reply is passed on once, and again only when an answer was lost,
 * under the same webhook-id. A few are under way at a time; while all of them fail, the next are
 * tried less and less often, and none of those waits is counted against a reply.
 */
#ifndef TOCSIN_API_REPLY_FORWARD_H
#define TOCSIN_API_REPLY_FORWARD_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/reply_record.h"

struct api;
struct reply_forward;

/* NULL if the settings have no address. Secrets that cannot be read are logged, and until they can
 * be (reply_forward_reload) nothing is sent; what is to be passed on waits. */
struct reply_forward *reply_forward_open(struct api *api);
/* NULL is fine. What is under way is given up, and stays in the queue. */
void reply_forward_close(struct reply_forward *forward);
/* Reads the keys anew; those that cannot be read stay as they were. */
void reply_forward_reload(struct reply_forward *forward);

/* The reply has its number: it is queued in the same record, if it is of a class that is passed on.
 */
void reply_forward_add(struct reply_forward *forward, const struct reply_record *reply);
/* Once in every turn of the loop, before the record is handed over. Returns in how many ms to call
 * again at the latest. */
uint32_t reply_forward_turn(struct reply_forward *forward);

struct reply_forward_tally {
    uint64_t delivered;
    uint64_t failed;   /* tries */
    uint64_t given_up; /* replies */
    uint64_t waiting;  /* in the queue */
};
struct reply_forward_tally reply_forward_tally(const struct reply_forward *forward);

#endif
