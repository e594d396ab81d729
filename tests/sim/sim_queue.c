/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_queue.h"

#include <assert.h>

#include "common/mem.h"

void sim_queue_release(struct sim_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        mem_free(queue->heap[i].thing);
    }
    mem_free(queue->heap);
    *queue = (struct sim_queue){0};
}

static bool is_before(const struct sim_later *a, const struct sim_later *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

static void swap(struct sim_later *a, struct sim_later *b)
{
    struct sim_later c = *a;
    *a = *b;
    *b = c;
}

void sim_queue_put(struct sim_queue *queue, uint64_t at_ms, void *take_thing)
{
    if (queue->count == queue->cap) {
        queue->cap = queue->cap == 0 ? 64 : queue->cap * 2;
        queue->heap = mem_resize(queue->heap, queue->cap, sizeof(*queue->heap));
    }
    size_t at = queue->count++;
    queue->heap[at] = (struct sim_later){at_ms, ++queue->last_order, take_thing};
    while (at > 0 && is_before(&queue->heap[at], &queue->heap[(at - 1) / 2])) {
        swap(&queue->heap[at], &queue->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

uint64_t sim_queue_next_ms(const struct sim_queue *queue)
{
    return queue->count == 0 ? UINT64_MAX : queue->heap[0].at_ms;
}

static void sink_first(struct sim_queue *queue)
{
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = at * 2 + 1; child <= at * 2 + 2 && child < queue->count; child++) {
            least = is_before(&queue->heap[child], &queue->heap[least]) ? child : least;
        }
        if (least == at) {
            return;
        }
        swap(&queue->heap[at], &queue->heap[least]);
        at = least;
    }
}

const void *sim_queue_first(const struct sim_queue *queue)
{
    assert(queue->count > 0);
    return queue->heap[0].thing;
}

void sim_queue_delay_first(struct sim_queue *queue, uint64_t at_ms)
{
    assert(queue->count > 0 && at_ms >= queue->heap[0].at_ms);
    queue->heap[0].at_ms = at_ms;
    sink_first(queue);
}

void *sim_queue_take(struct sim_queue *queue)
{
    assert(queue->count > 0);
    void *thing = queue->heap[0].thing;
    queue->heap[0] = queue->heap[--queue->count];
    sink_first(queue);
    return thing;
}
