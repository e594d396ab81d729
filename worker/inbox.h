/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbox: the batches in hand, found by lease and queued by provider in the order of arrival; those
 * whose campaign's content is not there yet wait apart. A batch lives until all its outcomes have
 * been given to the outbox; its page goes as soon as nobody in it is left to be started. One
 * thread.
 */
#ifndef TOCSIN_WORKER_INBOX_H
#define TOCSIN_WORKER_INBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "common/bitmap.h"
#include "proto/wire.h"
#include "worker/outcome_run.h"
#include "worker/recent.h"

#define INBOX_REMEMBER_MS 30000 /* finished leases, at least so long */

struct catalog_entry;

enum batch_queue { BATCH_UNQUEUED, BATCH_QUEUED, BATCH_PARKED };

struct batch {
    uint64_t lease;
    uint64_t campaign;
    uint32_t page;
    uint8_t provider;
    uint8_t step;
    uint8_t round;
    enum channel_kind channel;
    uint32_t interval_us;  /* between starts; 0: at once */
    uint64_t not_after_ms; /* nobody is started from then on; 0: no such time */
    uint64_t from_ms;      /* nobody is started before */
    uint64_t late_ms;      /* of one with a pace: what is not started by then goes back */
    struct bitmap places;
    unsigned place;   /* next to be started; BITMAP_BITS when there is none */
    unsigned index;   /* its number among the batch's recipients */
    unsigned waiting; /* not started */
    unsigned in_flight;
    struct bitmap *recalled;  /* NULL: none */
    const uint8_t *attempts;  /* or NULL; by index */
    const uint8_t *endpoints; /* or NULL; by index */
    struct slice page_bytes;
    void *memory; /* of attempts, endpoints and page */
    size_t memory_bytes;
    struct catalog_entry *content; /* while somebody waits to be started */
    struct outcome_list outcomes;  /* known and not yet given to the outbox */
    uint32_t timed;                /* attempts among them that were answered */
    uint64_t latency_ms;           /* from their start to the answer, of all together */
    bool is_dirty;                 /* stands in the list of batches with outcomes */
    enum batch_queue queue;
    struct batch *prev;
    struct batch *next;
    struct batch *next_dirty;
    UT_hash_handle hh;
};

struct inbox {
    struct batch *by_lease;
    struct batch *queues[WIRE_PROVIDERS_MAX];
    struct batch *parked; /* for want of content */
    struct recent finished;
    size_t bytes; /* of pages */
};

void inbox_release(struct inbox *inbox);
/* In hand, or finished not long ago? */
bool inbox_knows(const struct inbox *inbox, uint64_t lease);
/* Copies the batch; it stands in no queue. Its lease is not known. */
struct batch *inbox_add(struct inbox *inbox, const struct wire_batch *source,
                        enum channel_kind channel);
void inbox_enqueue(struct inbox *inbox, struct batch *batch);
void inbox_park(struct inbox *inbox, struct batch *batch);
static inline struct batch *inbox_first(const struct inbox *inbox, unsigned provider)
{
    return inbox->queues[provider];
}
/* The recipient is not to be started any more, in whatever batch he is, or in those of one step. */
void inbox_recall(struct inbox *inbox, const struct wire_recall *recall);
/* `count` recipients before `place` have been started or settled. */
void inbox_advance(struct batch *batch, unsigned count, unsigned place);
/* Nobody is left to be started: leaves its queue, gives up its page. The caller has dropped the
 * content. */
void inbox_close_batch(struct inbox *inbox, struct batch *batch);
/* Forgets the batch but for its lease. It is closed, nothing is in flight, and it has no outcomes.
 */
void inbox_finish(struct inbox *inbox, struct batch *batch);

#endif
