/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frequency cap, and what a critical campaign overrides. Who had how many messages is not the
 * engine's to know: the shell merges the audiences' indexes (report/screening) and says who.
 */
#include <utlist.h>

#include "coordinator/engine/engine_state.h"

void cap_on_launched(struct engine *engine, struct campaign *campaign)
{
    if (campaign->def.priority != PRIORITY_CRITICAL) {
        return;
    }
    if (campaign->def.quiet_channels != 0) {
        engine_note_own(engine, campaign, CAMPAIGN_EVENT_OVERRIDDEN, REASON_QUIET_HOURS);
    }
    if (campaign->def.cap_messages != 0) {
        engine_note_own(engine, campaign, CAMPAIGN_EVENT_OVERRIDDEN, REASON_FREQUENCY_CAP);
    }
}

static bool holds(const struct campaign *campaign)
{
    return campaign->def.cap_messages != 0 && campaign->def.priority != PRIORITY_CRITICAL;
}

static bool is_running(const struct campaign *campaign)
{
    return campaign->state == CAMPAIGN_RUNNING || campaign->state == CAMPAIGN_PAUSED;
}

uint64_t engine_unscreened(struct engine *engine, uint64_t after)
{
    uint64_t first = 0;
    const struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (is_running(campaign) && !campaign->is_screened && campaign->def.id > after &&
            (first == 0 || campaign->def.id < first)) {
            first = campaign->def.id;
        }
    }
    return first;
}

bool engine_is_messaged(const struct recipient_state *state)
{
    return state->state == DELIVERY_LEASED || state->state == DELIVERY_ACCEPTED ||
           state->state == DELIVERY_DELIVERED || state->state == DELIVERY_ACKNOWLEDGED ||
           state->state == DELIVERY_UNCERTAIN || state->uncertain ||
           state->before != BEFORE_NOTHING;
}

bool engine_messaged(struct engine *engine, uint64_t id, uint32_t page, struct bitmap *messaged)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    bitmap_clear_all(messaged);
    if (campaign == NULL || campaign->is_closed || page >= campaign->page_count) {
        return false;
    }
    const struct recipient_state *states = campaign->pages[page].states;
    for (unsigned i = 0; states != NULL && i < campaign_page_slots(campaign, page); i++) {
        if (engine_is_messaged(&states[i])) {
            bitmap_set(messaged, i);
        }
    }
    return true;
}

/* He waits, and nothing of this campaign reached him so far. */
static bool is_capped(const struct campaign *campaign, uint32_t page, unsigned place,
                      const struct bitmap *places)
{
    struct recipient_state state = campaign_recipient(campaign, page, place);
    bool is_waiting = state.state == DELIVERY_WAITING || state.state == DELIVERY_RETRYING;
    return bitmap_has(places, place) && is_waiting && !engine_is_messaged(&state);
}

unsigned engine_cap(struct engine *engine, uint64_t id, uint32_t page, const struct bitmap *places,
                    uint64_t now_ms)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    engine_advance(engine, now_ms);
    if (campaign == NULL || !is_running(campaign) || !holds(campaign) ||
        page >= campaign->page_count) {
        return 0;
    }
    unsigned slots = campaign_page_slots(campaign, page);
    unsigned count = 0;
    for (unsigned i = 0; i < slots;) {
        unsigned end = i;
        uint8_t step = campaign_recipient(campaign, page, i).step;
        while (end < slots && is_capped(campaign, page, end, places) &&
               campaign_recipient(campaign, page, end).step == step) {
            end++;
        }
        if (end > i) {
            struct event event = {
                .kind = DELIVERY_EVENT_SUPPRESSED,
                .step = step,
                .offset = (uint16_t)i,
                .span = (uint16_t)(end - i),
                .reason = REASON_FREQUENCY_CAP,
                .at_ms = engine->now_ms,
            };
            engine_decide(engine, campaign, page, &event);
            count += end - i;
        }
        i = end > i ? end : i + 1;
    }
    if (count > 0) {
        campaign_refresh_timers(campaign, page);
        engine_settle(engine, campaign);
    }
    return count;
}

void engine_screened(struct engine *engine, uint64_t id, uint64_t now_ms)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    engine_advance(engine, now_ms);
    if (campaign != NULL && is_running(campaign) && !campaign->is_screened) {
        engine_decide_own(engine, campaign, CAMPAIGN_EVENT_SCREENED);
    }
}
