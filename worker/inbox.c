/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/inbox.h"

#include <assert.h>
#include <utlist.h>

#include "common/mem.h"
#include "worker/throttle.h"

static void batch_free(struct batch *batch)
{
    outcome_list_release(&batch->outcomes);
    mem_free(batch->recalled);
    mem_free(batch->memory);
    mem_free(batch);
}

/* What uthash's macros hide would count as the complexity of these functions. */
/* NOLINTBEGIN(readability-function-cognitive-complexity, readability-function-size) */

static struct batch *lease_find(const struct inbox *inbox, uint64_t lease)
{
    struct batch *batch = NULL;
    HASH_FIND(hh, inbox->by_lease, &lease, sizeof(lease), batch);
    return batch;
}

static void lease_add(struct inbox *inbox, struct batch *batch)
{
    HASH_ADD(hh, inbox->by_lease, lease, sizeof(batch->lease), batch);
}

static void lease_remove(struct inbox *inbox, struct batch *batch)
{
    HASH_DEL(inbox->by_lease, batch);
}

static void queue_remove(struct batch **queue, struct batch *batch)
{
    DL_DELETE(*queue, batch);
}

/* NOLINTEND(readability-function-cognitive-complexity, readability-function-size) */

void inbox_release(struct inbox *inbox)
{
    while (inbox->by_lease != NULL) {
        struct batch *batch = inbox->by_lease;
        lease_remove(inbox, batch);
        batch_free(batch);
    }
    recent_release(&inbox->finished);
}

bool inbox_knows(const struct inbox *inbox, uint64_t lease)
{
    return lease_find(inbox, lease) != NULL || recent_has(&inbox->finished, lease);
}

static const uint8_t *put_bytes(uint8_t **to, const uint8_t *bytes, size_t len)
{
    if (bytes == NULL) {
        return NULL;
    }
    uint8_t *at = *to;
    memcpy(at, bytes, len);
    *to += len;
    return at;
}

static void batch_copy_memory(struct batch *batch, const struct wire_batch *source)
{
    batch->memory_bytes = source->page_bytes.len + (source->attempts == NULL ? 0U : source->count) +
                          (source->endpoints == NULL ? 0U : source->count);
    batch->memory = mem_alloc(batch->memory_bytes);
    uint8_t *to = batch->memory;
    batch->page_bytes.data = put_bytes(&to, source->page_bytes.data, source->page_bytes.len);
    batch->page_bytes.len = source->page_bytes.len;
    batch->attempts = put_bytes(&to, source->attempts, source->count);
    batch->endpoints = put_bytes(&to, source->endpoints, source->count);
}

struct batch *inbox_add(struct inbox *inbox, const struct wire_batch *source,
                        enum channel_kind channel)
{
    struct batch *batch = mem_zalloc(1, sizeof(*batch));
    batch->lease = source->lease;
    batch->campaign = source->campaign;
    batch->page = source->page;
    batch->provider = source->provider;
    batch->step = source->step;
    batch->round = source->round;
    batch->channel = channel;
    batch->not_after_ms = source->not_after_ms;
    batch->interval_us = throttle_interval_us(source->spread_ms, source->count);
    if (source->whole) {
        bitmap_fill(&batch->places, source->count);
    } else {
        batch->places = source->places;
    }
    batch->place = bitmap_next(&batch->places, 0);
    batch->waiting = bitmap_count(&batch->places);
    batch_copy_memory(batch, source);
    inbox->bytes += batch->memory_bytes;
    lease_add(inbox, batch);
    return batch;
}

static struct batch **batch_queue_of(struct inbox *inbox, const struct batch *batch)
{
    return batch->queue == BATCH_PARKED ? &inbox->parked : &inbox->queues[batch->provider];
}

static void inbox_unqueue(struct inbox *inbox, struct batch *batch)
{
    if (batch->queue != BATCH_UNQUEUED) {
        queue_remove(batch_queue_of(inbox, batch), batch);
        batch->queue = BATCH_UNQUEUED;
    }
}

static void inbox_append(struct inbox *inbox, struct batch *batch, enum batch_queue queue)
{
    inbox_unqueue(inbox, batch);
    batch->queue = queue;
    DL_APPEND(*batch_queue_of(inbox, batch), batch);
}

void inbox_enqueue(struct inbox *inbox, struct batch *batch)
{
    inbox_append(inbox, batch, BATCH_QUEUED);
}

void inbox_park(struct inbox *inbox, struct batch *batch)
{
    inbox_append(inbox, batch, BATCH_PARKED);
}

void inbox_recall(struct inbox *inbox, const struct wire_recall *recall)
{
    for (struct batch *batch = inbox->by_lease; batch != NULL; batch = batch->hh.next) {
        bool is_of_step = recall->step == 0 || batch->step + 1 == recall->step;
        if (batch->campaign != recall->campaign || batch->page != recall->page || !is_of_step ||
            !bitmap_has(&batch->places, recall->place)) {
            continue;
        }
        if (batch->recalled == NULL) {
            batch->recalled = mem_zalloc(1, sizeof(*batch->recalled));
        }
        bitmap_set(batch->recalled, recall->place);
    }
}

void inbox_advance(struct batch *batch, unsigned count, unsigned place)
{
    assert(count <= batch->waiting);
    batch->index += count;
    batch->waiting -= count;
    batch->place = place;
}

void inbox_close_batch(struct inbox *inbox, struct batch *batch)
{
    assert(batch->waiting == 0 && batch->content == NULL);
    inbox_unqueue(inbox, batch);
    inbox->bytes -= batch->memory_bytes;
    batch->memory_bytes = 0;
    batch->page_bytes = slice_of(NULL, 0);
    batch->attempts = NULL;
    batch->endpoints = NULL;
    mem_free(batch->memory);
    batch->memory = NULL;
}

void inbox_finish(struct inbox *inbox, struct batch *batch)
{
    assert(batch->queue == BATCH_UNQUEUED && batch->in_flight == 0 && batch->outcomes.count == 0 &&
           !batch->is_dirty);
    recent_add(&inbox->finished, batch->lease);
    lease_remove(inbox, batch);
    batch_free(batch);
}
