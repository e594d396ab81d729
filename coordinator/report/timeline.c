/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/timeline.h"

#include "common/mem.h"
#include "coordinator/engine/delivery_state.h"

struct reading {
    struct timeline *timeline;
    bool is_campaigns;
    unsigned place;
    enum err err;
};

void timeline_release(struct timeline *timeline)
{
    mem_free(timeline->entries);
    buf_release(&timeline->refs);
    *timeline = (struct timeline){0};
}

static void add(struct reading *reading, uint64_t recno, const struct event *event)
{
    struct timeline *timeline = reading->timeline;
    if (timeline->count == timeline->cap) {
        timeline->cap = timeline->cap == 0 ? 16 : timeline->cap * 2;
        timeline->entries =
            mem_resize(timeline->entries, timeline->cap, sizeof(*timeline->entries));
    }
    struct timeline_entry *entry = &timeline->entries[timeline->count++];
    *entry = (struct timeline_entry){
        .recno = recno,
        .is_campaigns = reading->is_campaigns,
        .name = reading->is_campaigns ? campaign_event_name((enum campaign_event)event->kind)
                                      : delivery_event_name((enum delivery_event)event->kind),
        .event = *event,
    };
    entry->event.ref.data = NULL; /* found again when all refs are there: the buffer may move */
    buf_slice(&timeline->refs, event->ref);
}

static bool take_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct reading *reading = arg;
    (void)page;
    struct event_list list;
    event_list_init(&list);
    reading->err = event_block_decode(bytes, &list);
    for (unsigned i = 0; i < list.count && reading->err == ERR_OK; i++) {
        const struct event *event = &list.events[i];
        bool is_meant =
            reading->is_campaigns || (reading->place >= event->offset &&
                                      reading->place < event->offset + (unsigned)event->span);
        if (is_meant) {
            add(reading, recno, event);
        }
    }
    event_list_release(&list);
    return reading->err == ERR_OK;
}

static void find_refs(struct timeline *timeline)
{
    const uint8_t *at = timeline->refs.data;
    for (unsigned i = 0; i < timeline->count; i++) {
        struct slice *ref = &timeline->entries[i].event.ref;
        if (ref->len > 0) {
            ref->data = at;
            at += ref->len;
        }
    }
}

/* Within one record the campaign's own events come last if they end it, first otherwise: a launch
 * precedes its leases, a finish follows the last outcome. */
static int order(const struct timeline_entry *entry)
{
    if (!entry->is_campaigns) {
        return 1;
    }
    return entry->event.kind == CAMPAIGN_EVENT_FINISHED ? 2 : 0;
}

/* A stable merge of two runs that are each in order: entries are few, so insertion does. */
static void put_in_order(struct timeline *timeline)
{
    for (unsigned i = 1; i < timeline->count; i++) {
        struct timeline_entry moving = timeline->entries[i];
        unsigned at = i;
        while (at > 0 && (timeline->entries[at - 1].recno > moving.recno ||
                          (timeline->entries[at - 1].recno == moving.recno &&
                           order(&timeline->entries[at - 1]) > order(&moving)))) {
            timeline->entries[at] = timeline->entries[at - 1];
            at--;
        }
        timeline->entries[at] = moving;
    }
}

enum err timeline_read(struct timeline *timeline, struct ledger *ledger, uint64_t campaign,
                       uint32_t ordinal)
{
    struct reading reading = {.timeline = timeline, .is_campaigns = true};
    enum err err =
        ledger_each_block_of_page(ledger, campaign, RECORD_PAGE_CAMPAIGN, take_block, &reading);
    reading.is_campaigns = false;
    reading.place = ordinal % PAGE_RECIPIENTS;
    if (err == ERR_OK && reading.err == ERR_OK) {
        err = ledger_each_block_of_page(ledger, campaign, ordinal / PAGE_RECIPIENTS, take_block,
                                        &reading);
    }
    find_refs(timeline);
    put_in_order(timeline);
    return err == ERR_OK ? reading.err : err;
}
