/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The turn: what was decided goes into the record, and what a batch of a lease looks like when it
 * leaves.
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "coordinator/engine/engine_state.h"

#define SLOT_WAIT_MAX_MS 500

#define DRAFT_EVENTS_KEPT 64

/* ---- The turn ---- */

bool engine_has_events(const struct engine *engine)
{
    return engine->draft_count > 0;
}

void engine_set_end_key(struct engine *engine, engine_end_key_fn key)
{
    engine->end_key = key;
}

/* After how many blocks a page is due for a snapshot: for one it is half of `blocks`, for another
 * half as many again. Were it the same for all, pages that fill at the same pace would be due at
 * the same time, and ten thousand snapshots of 8 KiB would hold up everybody who waits for the
 * record. */
static uint32_t snapshot_due(uint32_t blocks, uint32_t page)
{
    uint32_t mixed = page * UINT32_C(0x9e3779b1);
    return blocks - blocks / 2 + (mixed >> 8) % blocks;
}

static void close_draft(struct engine *engine, struct draft *draft, struct record *record,
                        struct buf *bytes)
{
    struct campaign *campaign = draft->campaign;
    buf_clear(bytes);
    event_block_encode(&draft->list, bytes);
    record_add_block(record, campaign->def.id, draft->page, buf_view(bytes));
    event_list_clear(&draft->list);
    if (draft->list.cap > DRAFT_EVENTS_KEPT) {
        event_list_release(&draft->list);
    }
    if (draft->page == RECORD_PAGE_CAMPAIGN) {
        campaign->draft = 0;
        return;
    }
    struct page_state *page = &campaign->pages[draft->page];
    page->draft = 0;
    page->blocks++;
    uint32_t blocks = engine->settings.snapshot_blocks;
    if (blocks != 0 && page->blocks >= snapshot_due(blocks, draft->page)) {
        page->blocks = 0;
        buf_clear(bytes);
        campaign_snapshot(campaign, draft->page, bytes);
        record_add_snapshot(record, campaign->def.id, draft->page, buf_view(bytes));
    }
}

static void put_to_sleep(struct engine *engine, struct campaign *campaign)
{
    if (campaign->is_ended && campaign->end_is_noted && campaign->reopening == 0 &&
        campaign->awake_until_ms <= engine->now_ms && !cap_needs(engine, campaign)) {
        campaign->is_closed = true;
        campaign->is_live = false;
        DL_DELETE(engine->live, campaign);
        campaign_drop_pages(campaign);
    }
}

void engine_put_to_sleep(struct engine *engine)
{
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    DL_FOREACH_SAFE(engine->live, campaign, next)
    {
        put_to_sleep(engine, campaign);
    }
}

/* It goes on in another round, and a restart must read its journal. */
static void remove_end(struct engine *engine, struct campaign *campaign, struct record *record)
{
    struct buf key = {0};
    engine->end_key(&key, campaign->def.id);
    record_remove(record, buf_view(&key));
    buf_release(&key);
    campaign->end_is_void = false;
}

/* Closing counts go into the record of the last event; the pages are not needed any more, but for
 * those that were woken. */
static void note_ends(struct engine *engine, struct record *record, struct buf *bytes)
{
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    DL_FOREACH_SAFE(engine->live, campaign, next)
    {
        if (!campaign->is_ended && campaign->end_is_void) {
            remove_end(engine, campaign, record);
        }
        if (!campaign->is_ended || campaign->end_is_noted) {
            continue;
        }
        campaign->end_is_void = false; /* these take their place */
        struct buf key = {0};
        struct campaign_end end = {.state = campaign->state,
                                   .launched_ms = campaign->launched_ms,
                                   .ended_ms = campaign->ended_ms,
                                   .is_expired = campaign->control.is_expired,
                                   .not_after_ms = campaign->control.not_after_ms,
                                   .superseded_by = campaign->control.superseded_by,
                                   .complained = campaign->complained,
                                   .round = campaign->round};
        memcpy(end.counts, campaign->counts, sizeof(end.counts));
        end.has_rungs = !campaign->is_without_rungs;
        memcpy(end.rungs, campaign->rungs, sizeof(end.rungs));
        memcpy(end.rounds, campaign->rounds, sizeof(end.rounds));
        buf_clear(bytes);
        campaign_end_encode(&end, bytes);
        engine->end_key(&key, campaign->def.id);
        record_put(record, buf_view(&key), buf_view(bytes));
        buf_release(&key);
        campaign->end_is_noted = true;
        campaign->noted_recno = record->recno;
        put_to_sleep(engine, campaign);
    }
}

/* As the store sorts them: it then finds the place of each block near that of the one before, and
 * the record's header says the pages in fewer bytes. */
static int draft_order(const void *left, const void *right)
{
    const struct draft *a = left;
    const struct draft *b = right;
    if (a->campaign != b->campaign) {
        return a->campaign->def.id < b->campaign->def.id ? -1 : 1;
    }
    return a->page < b->page ? -1 : a->page > b->page;
}

void engine_close_turn(struct engine *engine, struct record *record)
{
    struct buf bytes = {0};
    if (engine->draft_count > 1) {
        qsort(engine->drafts, engine->draft_count, sizeof(*engine->drafts), draft_order);
    }
    for (unsigned i = 0; i < engine->draft_count; i++) {
        close_draft(engine, &engine->drafts[i], record, &bytes);
    }
    engine->draft_count = 0;
    if (engine->end_key != NULL) {
        note_ends(engine, record, &bytes);
    }
    buf_release(&bytes);
}

/* Who was barred since is left out when the batch is sent again. */
static struct bitmap batch_places(const struct lease *lease)
{
    struct bitmap places = lease->places;
    struct bitmap barred = suppress_barred(lease);
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        places.words[w] &= ~barred.words[w];
    }
    return places;
}

static bool is_first_try(const struct lease *lease, const struct bitmap *places)
{
    const struct recipient_state *states = lease->campaign->pages[lease->page].states;
    for (unsigned i = bitmap_next(places, 0); i < BITMAP_BITS; i = bitmap_next(places, i + 1)) {
        if (recipient_attempt_number(&states[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* Most pages are whole and on their first try: they go without a list. */
static void lease_attempts(struct engine *engine, const struct lease *lease,
                           struct wire_batch *batch)
{
    const struct recipient_state *states = lease->campaign->pages[lease->page].states;
    if (is_first_try(lease, &batch->places)) {
        return;
    }
    buf_clear(&engine->attempts);
    buf_clear(&engine->endpoints);
    bool has_endpoints = false;
    for (unsigned i = bitmap_next(&batch->places, 0); i < BITMAP_BITS;
         i = bitmap_next(&batch->places, i + 1)) {
        buf_u8(&engine->attempts, recipient_attempt_number(&states[i]));
        buf_u8(&engine->endpoints, states[i].endpoint);
        has_endpoints |= states[i].endpoint != 0;
    }
    batch->attempts = engine->attempts.data;
    batch->endpoints = has_endpoints ? engine->endpoints.data : NULL;
}

/* Of the campaign as a whole, or until somebody of it or the provider falls asleep; 0: none. */
static uint64_t not_after_ms(const struct engine *engine, const struct lease *lease)
{
    uint64_t limit_ms = lease->campaign->control.not_after_ms;
    uint64_t quiet_ms = quiet_begins_ms(engine, lease);
    if (quiet_ms == UINT64_MAX) {
        return limit_ms;
    }
    return limit_ms != 0 && limit_ms < quiet_ms ? limit_ms : quiet_ms;
}

/* A batch's time begins when that of the one before ends. Leases wait for the disk, and when that
 * is slow, many of them leave at once, to workers that know nothing of each other. What would have
 * to wait longer than the bucket's burst can explain is not sent, and leased anew when there are
 * tokens for it. */
static bool take_slot(struct engine *engine, const struct lease *lease, struct wire_batch *batch)
{
    struct provider *provider = &engine->providers[lease->provider];
    if (!provider->is_there || lease->spread_ms == 0) {
        return true;
    }
    uint64_t from_ms = provider->slot_ms > engine->now_ms ? provider->slot_ms : engine->now_ms;
    uint64_t wait_ms = from_ms - engine->now_ms;
    if (wait_ms > SLOT_WAIT_MAX_MS + quota_burst_ms(&provider->quota)) {
        return false;
    }
    batch->wait_ms = (uint32_t)wait_ms;
    provider->slot_ms = from_ms + lease->spread_ms;
    return true;
}

bool engine_lease_batch(struct engine *engine, uint64_t id, uint64_t now_ms,
                        struct wire_batch *batch, uint64_t *audience)
{
    engine_advance(engine, now_ms);
    struct lease *lease = lease_find(&engine->leases, id);
    if (lease == NULL) {
        return false;
    }
    lease->sends++;
    if (!campaign_is_sending(lease->campaign)) {
        return false;
    }
    if (quiet_holds_lease(engine, lease)) {
        lease->withheld++;
        return false;
    }
    lease->withheld = 0;
    *batch = (struct wire_batch){
        .epoch = engine->settings.epoch,
        .instance = lease->instance,
        .lease = id,
        .campaign = lease->campaign->def.id,
        .page = campaign_base_page(lease->campaign, lease->page),
        .provider = lease->provider,
        .step = lease->step,
        .round = (uint8_t)lease->campaign->round, /* whoever is leased was taken in by it */
        .spread_ms = lease->spread_ms,
        .not_after_ms = not_after_ms(engine, lease),
        .places = batch_places(lease),
    };
    batch->count = (uint16_t)bitmap_count(&batch->places);
    if (batch->count == 0 || !take_slot(engine, lease, batch)) {
        return false;
    }
    struct bitmap first;
    bitmap_fill(&first, batch->count);
    batch->whole = memcmp(&first, &batch->places, sizeof(first)) == 0;
    *audience = lease->campaign->def.audience;
    lease_attempts(engine, lease, batch);
    return true;
}
