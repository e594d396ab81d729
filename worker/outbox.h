/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox: OUTCOMES messages until the coordinator says that they are durable. Each has a number;
 * after a break of the link, and when a confirmation is overdue, they are sent again as they were.
 * One thread.
 */
#ifndef TOCSIN_WORKER_OUTBOX_H
#define TOCSIN_WORKER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

struct outbox_message {
    uint64_t seq;
    size_t bytes;
    uint64_t sent_ms; /* last time */
    uint32_t sends;
    bool is_due; /* to be sent (again) */
    unsigned group_count;
    const struct wire_outcome_group *groups; /* all of it is one piece of memory */
    struct outbox_message *prev;
    struct outbox_message *next;
};

struct outbox {
    struct outbox_message *messages; /* in the order of seq */
    unsigned count;
    unsigned due; /* messages with is_due */
    uint64_t last_seq;
    size_t bytes;
    size_t max_bytes;
};

void outbox_init(struct outbox *outbox, size_t max_bytes);
void outbox_release(struct outbox *outbox);
/* False: so much is unconfirmed that nothing more should be started. outbox_put works all the same.
 */
bool outbox_has_room(const struct outbox *outbox);
/* Copies 1 to WIRE_GROUPS_MAX groups into a message of its own, which is due. */
void outbox_put(struct outbox *outbox, const struct wire_outcome_group *groups, unsigned count);
/* The first message that is due, or NULL. */
struct outbox_message *outbox_next(const struct outbox *outbox);
void outbox_on_sent(struct outbox *outbox, struct outbox_message *message, uint64_t now_ms);
/* This very message is durable. Unknown numbers are passed over: it was confirmed before. */
void outbox_confirm(struct outbox *outbox, uint64_t seq);
/* Everything is due again: the link broke. */
void outbox_resend_all(struct outbox *outbox);
/* Messages sent longer ago than patience_ms (doubled at each repetition) are due again. */
void outbox_resend_overdue(struct outbox *outbox, uint32_t patience_ms, uint64_t now_ms);

#endif
