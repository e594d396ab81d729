/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_queue: replies that are still to be passed on, in the order in which they are due, in the
 * ledger's catalogue alone.
 *
 * CATALOGUE_REPLY_FORWARD: be64 due_ms · be64 number -> u8 version = 1 · u8 tries
 */
#ifndef TOCSIN_CONTENT_REPLY_QUEUE_H
#define TOCSIN_CONTENT_REPLY_QUEUE_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

struct reply_ticket {
    uint64_t due_ms; /* the next try */
    uint64_t number; /* of the reply */
    uint8_t tries;   /* so far */
};

void reply_queue_put(const struct reply_ticket *ticket, struct record *record);
void reply_queue_remove(const struct reply_ticket *ticket, struct record *record);
/* The first of them, at most `room`; only what is durable. ERR_CORRUPT, ERR_UNSUPPORTED. */
enum err reply_queue_read(struct ledger *ledger, struct reply_ticket *tickets, unsigned room,
                          unsigned *count) WARN_UNUSED;
/* All of them; walks the queue. */
enum err reply_queue_count(struct ledger *ledger, uint64_t *count) WARN_UNUSED;

#endif
