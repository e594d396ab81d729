/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes gather in their batch. Every few milliseconds the batches that have some are put
 * together into messages for the outbox; from then on their recipients count as reported, and a
 * batch of which all are reported is forgotten.
 */
#include <assert.h>

#include "worker/delivery_core.h"

/* A message stays far below WIRE_FRAME_MAX: a run takes some tens of bytes at most, besides its
 * ref. */
enum { REPORT_RUNS_MAX = 8192 };
_Static_assert(REPORT_RUNS_MAX + WIRE_GROUP_RUNS_MAX <= WIRE_RUNS_MAX &&
                   (REPORT_RUNS_MAX + WIRE_GROUP_RUNS_MAX) * (OUTCOME_REF_MAX + 64) <
                       WIRE_FRAME_MAX,
               "the last group may exceed REPORT_RUNS_MAX");

static void mark_dirty(struct delivery *delivery, struct batch *batch)
{
    if (batch->is_dirty) {
        return;
    }
    batch->is_dirty = true;
    batch->next_dirty = NULL;
    if (delivery->dirty_last == NULL) {
        delivery->dirty_first = batch;
    } else {
        delivery->dirty_last->next_dirty = batch;
    }
    delivery->dirty_last = batch;
    delivery->dirty_count++;
}

void delivery_report(struct delivery *delivery, struct batch *batch, const struct outcome_run *run)
{
    assert(run->outcome < OUTCOMES);
    delivery->stats.outcomes[run->outcome] += run->span;
    delivery->lanes[batch->provider].tally.outcomes[run->outcome] += run->span;
    outcome_list_add(&batch->outcomes, run);
    mark_dirty(delivery, batch);
}

void delivery_close_batch(struct delivery *delivery, struct batch *batch)
{
    struct lane *lane = &delivery->lanes[batch->provider];
    if (lane->viewed == batch) {
        lane->viewed = NULL;
    }
    if (batch->content != NULL) {
        catalog_unuse(&delivery->catalog, batch->content);
        batch->content = NULL;
    }
    inbox_close_batch(&delivery->inbox, batch);
}

void delivery_settle(struct delivery *delivery, struct batch *batch, enum outcome outcome,
                     uint16_t reason, uint64_t now_ms)
{
    const struct outcome_run fate = {
        .outcome = (uint8_t)outcome,
        .reason = reason,
        .at_ms = now_ms,
    };
    if (batch->waiting > 0) {
        struct bitmap rest = batch->places;
        for (unsigned place = bitmap_next(&rest, 0); place < batch->place;
             place = bitmap_next(&rest, place)) {
            bitmap_clear(&rest, place);
        }
        delivery->stats.outcomes[outcome] += batch->waiting;
        delivery->lanes[batch->provider].tally.outcomes[outcome] += batch->waiting;
        outcome_list_add_places(&batch->outcomes, &rest, &fate);
        mark_dirty(delivery, batch);
        inbox_advance(batch, batch->waiting, BITMAP_BITS);
    }
    delivery_close_batch(delivery, batch);
}

void delivery_return(struct delivery *delivery, const uint64_t *campaign, uint16_t reason,
                     uint64_t now_ms)
{
    struct batch *batch = NULL;
    struct batch *next = NULL;
    HASH_ITER(hh, delivery->inbox.by_lease, batch, next)
    {
        if (batch->waiting > 0 && (campaign == NULL || batch->campaign == *campaign)) {
            delivery_settle(delivery, batch, OUTCOME_RETURNED, reason, now_ms);
        }
    }
}

void delivery_return_paced(struct delivery *delivery, uint64_t now_ms)
{
    struct batch *batch = NULL;
    struct batch *next = NULL;
    HASH_ITER(hh, delivery->inbox.by_lease, batch, next)
    {
        if (batch->waiting > 0 && batch->interval_us > 0) {
            delivery_settle(delivery, batch, OUTCOME_RETURNED, REASON_HELD_UP, now_ms);
        }
    }
}

uint32_t delivery_in_hand(const struct delivery *delivery)
{
    uint32_t in_hand = 0;
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        in_hand += delivery->in_hand[kind];
    }
    return in_hand;
}

bool delivery_send(struct delivery *delivery, const struct wire_message *message, uint64_t now_ms)
{
    if (now_ms < delivery->send_again_ms) {
        return false;
    }
    bool is_sent = delivery->shell.send(delivery->shell.arg, message);
    if (!is_sent) {
        delivery->send_again_ms = now_ms + DELIVERY_RETRY_SEND_MS;
    }
    return is_sent;
}

/* The batch's outcomes have been copied: they count as reported. */
static void on_reported(struct delivery *delivery, struct batch *batch, uint64_t now_ms)
{
    uint32_t recipients = batch->outcomes.recipients;
    assert(delivery->in_hand[batch->channel] >= recipients);
    delivery->in_hand[batch->channel] -= recipients;
    credit_on_completed(&delivery->credit[batch->channel], recipients, now_ms);
    outcome_list_clear(&batch->outcomes);
    batch->timed = 0;
    batch->latency_ms = 0;
    batch->is_dirty = false;
    if (batch->waiting == 0 && batch->in_flight == 0) {
        inbox_finish(&delivery->inbox, batch);
    }
}

/* Takes batches off the dirty list until a message is full. */
static void put_message(struct delivery *delivery, uint64_t now_ms)
{
    struct wire_outcome_group groups[WIRE_GROUPS_MAX];
    struct batch *batches[WIRE_GROUPS_MAX];
    unsigned count = 0;
    unsigned runs = 0;
    while (delivery->dirty_first != NULL && count < WIRE_GROUPS_MAX && runs < REPORT_RUNS_MAX) {
        struct batch *batch = delivery->dirty_first;
        delivery->dirty_first = batch->next_dirty;
        delivery->dirty_count--;
        outcome_list_settle(&batch->outcomes);
        groups[count] = (struct wire_outcome_group){
            .lease = batch->lease,
            .campaign = batch->campaign,
            .page = batch->page,
            .run_count = batch->outcomes.count,
            .runs = batch->outcomes.runs,
            .timed = batch->timed,
            .latency_ms = batch->latency_ms,
        };
        batches[count++] = batch;
        runs += batch->outcomes.count;
    }
    if (delivery->dirty_first == NULL) {
        delivery->dirty_last = NULL;
    }
    outbox_put(&delivery->outbox, groups, count);
    for (unsigned i = 0; i < count; i++) {
        on_reported(delivery, batches[i], now_ms);
    }
}

static void send_due(struct delivery *delivery, uint64_t now_ms)
{
    struct outbox_message *due = outbox_next(&delivery->outbox);
    while (due != NULL && delivery->session.state == SESSION_UP) {
        const struct wire_message message = {
            .type = WIRE_OUTCOMES,
            .outcomes = {.epoch = delivery->session.epoch,
                         .instance = delivery->settings.instance,
                         .seq = due->seq,
                         .group_count = due->group_count,
                         .groups = due->groups},
        };
        if (!delivery_send(delivery, &message, now_ms)) {
            return;
        }
        delivery->stats.resent_messages += due->sends > 0;
        outbox_on_sent(&delivery->outbox, due, now_ms);
        due = outbox_next(&delivery->outbox);
    }
}

static uint64_t flush_at_ms(const struct delivery *delivery, bool is_idle)
{
    if (delivery->dirty_count >= DELIVERY_GROUPS_FULL) {
        return 0;
    }
    uint32_t every_ms = delivery->settings.outcome_every_ms;
    if (is_idle && every_ms > DELIVERY_IDLE_MS) {
        every_ms = DELIVERY_IDLE_MS;
    }
    return delivery->flushed_ms + every_ms;
}

void delivery_flush(struct delivery *delivery, bool is_idle, uint64_t now_ms)
{
    if (delivery->dirty_count > 0 && now_ms >= flush_at_ms(delivery, is_idle)) {
        while (delivery->dirty_count > 0) {
            put_message(delivery, now_ms);
        }
        delivery->flushed_ms = now_ms;
    }
    send_due(delivery, now_ms);
}

uint32_t delivery_flush_wait_ms(const struct delivery *delivery, uint64_t now_ms)
{
    uint64_t at_ms = UINT64_MAX;
    if (delivery->dirty_count > 0) {
        bool is_idle = delivery->flight.count == 0;
        at_ms = flush_at_ms(delivery, is_idle);
    }
    if (delivery->outbox.due > 0 && delivery->session.state == SESSION_UP &&
        delivery->send_again_ms < at_ms) {
        at_ms = delivery->send_again_ms;
    }
    uint64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
    return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
}
