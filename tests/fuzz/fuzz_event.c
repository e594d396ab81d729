/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event block, decoded and, if it is one, encoded again: the events must be the same.
 */
#include <assert.h>
#include <stdlib.h>

#include "coordinator/engine/event.h"
#include "proto/outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_event(const struct event *event)
{
    assert(event->span >= 1 && event->offset + event->span <= PAGE_RECIPIENTS);
    assert(event->ref.len <= OUTCOME_REF_MAX);
    assert(event->ref.len == 0 || event->span == 1);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < event->ref.len; i++) {
        sum = (uint8_t)(sum + event->ref.data[i]);
    }
}

static void check_same(const struct event *a, const struct event *b)
{
    assert(a->kind == b->kind && a->provider == b->provider && a->step == b->step);
    assert(a->offset == b->offset && a->span == b->span && a->reason == b->reason);
    assert(a->lease == b->lease && a->worker == b->worker);
    assert(a->at_ms == b->at_ms && a->due_ms == b->due_ms);
    assert(slice_equal(a->ref, b->ref));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_list list;
    struct event_list back;
    struct buf block = {0};
    event_list_init(&list);
    event_list_init(&back);
    if (event_block_decode(slice_of(data, size), &list) == ERR_OK) {
        for (unsigned i = 0; i < list.count; i++) {
            check_event(&list.events[i]);
        }
        event_block_encode(&list, &block);
        enum err err = event_block_decode(buf_view(&block), &back);
        assert(err == ERR_OK && back.count == list.count);
        for (unsigned i = 0; i < list.count; i++) {
            check_same(&list.events[i], &back.events[i]);
        }
    } else {
        assert(list.count == 0);
    }
    event_list_release(&list);
    event_list_release(&back);
    buf_release(&block);
    return 0;
}
