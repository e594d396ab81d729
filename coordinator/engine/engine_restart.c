/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A restart: closing counts, snapshots and blocks are applied as they were when they were decided;
 * then timers and leases are set going again.
 */
#include <string.h>

#include "coordinator/engine/engine_state.h"

/* Version 1 knew nothing of control.h, and counted no complaints; 2 did not count by step; 3 knew
 * one round. */
#define END_VERSION 4

/* ---- Restart ---- */

void campaign_end_encode(const struct campaign_end *end, struct buf *buf)
{
    buf_u8(buf, END_VERSION);
    buf_u8(buf, (uint8_t)end->state);
    buf_u64(buf, end->launched_ms);
    buf_u64(buf, end->ended_ms);
    buf_u8(buf, DELIVERY_STATES);
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        buf_u32(buf, end->counts[s]);
    }
    buf_u8(buf, end->is_expired);
    buf_u64(buf, end->not_after_ms);
    buf_u64(buf, end->superseded_by);
    buf_u32(buf, end->complained);
    buf_u8(buf, end->has_rungs ? PLAN_RUNGS_MAX : 0);
    for (unsigned r = 0; end->has_rungs && r < PLAN_RUNGS_MAX; r++) {
        for (unsigned s = 0; s < DELIVERY_STATES; s++) {
            buf_varint(buf, end->rungs[r].states[s]);
        }
    }
    buf_u8(buf, (uint8_t)end->round);
    for (unsigned r = 0; r < end->round; r++) {
        buf_u64(buf, end->rounds[r].at_ms);
        buf_u32(buf, end->rounds[r].recipients);
        buf_u16(buf, end->rounds[r].states);
    }
}

/* As many rungs and states as there were when it was written. */
static void read_rungs(struct reader *reader, unsigned states, struct campaign_end *end)
{
    unsigned rungs = reader_u8(reader);
    end->has_rungs = rungs > 0;
    for (unsigned r = 0; r < rungs && !reader->bad; r++) {
        for (unsigned s = 0; s < states && s < DELIVERY_STATES; s++) {
            uint64_t count = reader_varint(reader);
            reader->bad = reader->bad || r >= PLAN_RUNGS_MAX || count > UINT32_MAX;
            if (!reader->bad) {
                end->rungs[r].states[s] = (uint32_t)count;
            }
        }
    }
}

static bool read_rounds(struct reader *reader, struct campaign_end *end)
{
    end->round = reader_u8(reader);
    if (reader->bad || end->round >= ENGINE_ROUNDS_MAX) {
        return false;
    }
    for (unsigned r = 0; r < end->round; r++) {
        end->rounds[r].at_ms = reader_u64(reader);
        end->rounds[r].recipients = reader_u32(reader);
        end->rounds[r].states = reader_u16(reader);
    }
    return !reader->bad;
}

enum err campaign_end_decode(struct slice bytes, struct campaign_end *end)
{
    struct reader reader = reader_of(bytes);
    *end = (struct campaign_end){0};
    uint8_t version = reader_u8(&reader);
    if (version < 1 || version > END_VERSION) {
        return reader.bad ? ERR_CORRUPT : ERR_UNSUPPORTED;
    }
    end->state = (enum campaign_state)reader_u8(&reader);
    end->launched_ms = reader_u64(&reader);
    end->ended_ms = reader_u64(&reader);
    unsigned states = reader_u8(&reader);
    for (unsigned s = 0; s < states && s < DELIVERY_STATES; s++) {
        end->counts[s] = reader_u32(&reader);
    }
    if (version >= 2) {
        end->is_expired = reader_u8(&reader) != 0;
        end->not_after_ms = reader_u64(&reader);
        end->superseded_by = reader_u64(&reader);
        end->complained = reader_u32(&reader);
    }
    if (version >= 3) {
        read_rungs(&reader, states, end);
    }
    if (version >= 4 && !read_rounds(&reader, end)) {
        return ERR_CORRUPT;
    }
    bool is_ended = end->state == CAMPAIGN_FINISHED || end->state == CAMPAIGN_CANCELLED;
    bool is_whole = !reader.bad && reader_left(&reader) == 0;
    return is_whole && states <= DELIVERY_STATES && is_ended ? ERR_OK : ERR_CORRUPT;
}

void engine_replay_end(struct engine *engine, uint64_t id, const struct campaign_end *end)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL) {
        return;
    }
    campaign->state = end->state;
    campaign->launched_ms = end->launched_ms;
    campaign->ended_ms = end->ended_ms;
    campaign->control.is_expired = end->is_expired;
    campaign->control.not_after_ms = end->not_after_ms;
    campaign->control.superseded_by = end->superseded_by;
    memcpy(campaign->counts, end->counts, sizeof(end->counts));
    campaign->complained = end->complained;
    memcpy(campaign->rungs, end->rungs, sizeof(end->rungs));
    campaign->is_without_rungs = !end->has_rungs;
    campaign->round = end->round;
    memcpy(campaign->rounds, end->rounds, sizeof(end->rounds));
    campaign->is_ended = true;
    campaign->end_is_noted = true;
    campaign->is_closed = true;
    campaign_drop_pages(campaign);
}

enum err engine_replay_snapshot(struct engine *engine, uint64_t id, uint32_t page,
                                struct slice state_page)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    return campaign == NULL ? ERR_CORRUPT
                            : campaign_restore(campaign, &engine->leases, page, state_page);
}

enum err engine_replay_block(struct engine *engine, uint64_t id, uint32_t page, struct slice block)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL) {
        return ERR_CORRUPT;
    }
    if (page != RECORD_PAGE_CAMPAIGN && (campaign->pages == NULL || page >= campaign->page_count)) {
        return ERR_CORRUPT;
    }
    struct event_list list;
    event_list_init(&list);
    enum err err = event_block_decode(block, &list);
    for (unsigned i = 0; i < list.count && err == ERR_OK; i++) {
        const struct event *event = &list.events[i];
        bool fits = page == RECORD_PAGE_CAMPAIGN
                        ? campaign_apply_own(campaign, event)
                        : campaign_apply(campaign, &engine->leases, page, event);
        err = fits ? ERR_OK : ERR_CORRUPT;
    }
    if (page != RECORD_PAGE_CAMPAIGN && err == ERR_OK) {
        campaign->pages[page].blocks++;
    }
    event_list_release(&list);
    return err;
}

static void recover_campaign(struct engine *engine, struct campaign *campaign)
{
    if (campaign->is_ended) {
        return;
    }
    bucket_init(&campaign->bucket, campaign->def.rate_per_s, 0, engine->now_ms);
    if (campaign->state != CAMPAIGN_DRAFT) {
        engine_enliven(engine, campaign);
    }
    if (campaign_is_over(campaign)) {
        campaign_sweep(campaign);
    } else {
        for (uint32_t page = 0; page < campaign->page_count; page++) {
            if (campaign->pages[page].states != NULL && page >= campaign->next_fresh) {
                campaign->next_fresh = page + 1;
            }
        }
        for (uint32_t page = 0; page < campaign->next_fresh; page++) {
            campaign_refresh_timers(campaign, page);
        }
        for (uint32_t page = campaign->page_count; page < campaign->page_total; page++) {
            campaign_refresh_timers(campaign, page);
        }
    }
    engine_settle(engine, campaign);
}

void engine_recovered(struct engine *engine, uint64_t now_ms)
{
    engine_advance(engine, now_ms);
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        quota_start_empty(&engine->providers[i].quota, engine->now_ms);
    }
    struct lease *lease = NULL;
    struct lease *next_lease = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next_lease)
    {
        lease->sends = 1; /* it may have been sent in the former life */
        engine->providers[lease->provider].under_way.leased += lease->left;
        lease->progress_ms = engine->now_ms;
        lease->resend_in_ms = engine->settings.heartbeat_ms * 5;
        lease->resend_at_ms = engine->now_ms + lease->resend_in_ms;
        roster_add(&engine->roster, lease->instance)->heard_ms = engine->now_ms;
    }
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    HASH_ITER(hh, engine->campaigns, campaign, next)
    {
        recover_campaign(engine, campaign);
    }
}
