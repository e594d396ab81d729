/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frequency cap, and what a critical campaign overrides. Who had how many messages is not the
 * engine's to know: the shell merges the audiences' indexes (report/screening) and says who.
 *
 * But for what is sent after that, while the campaign runs, by others to the same audience: there a
 * contact has the same place, so a page's states say who was sent to, and they are looked at in the
 * moment in which somebody of the page would be leased. A campaign that ends stays in memory until
 * the next survey has counted it. A restart forgets what the last survey found, so it is made anew
 * first.
 */
#include <string.h>
#include <utlist.h>

#include "common/mem.h"
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

/* When all whom a round takes in wait, so that whoever had enough is found. */
static bool is_to_be_screened(const struct campaign *campaign)
{
    return is_running(campaign) && !cap_lets_send(campaign) && !campaign->is_taking_in;
}

uint64_t engine_unscreened(struct engine *engine, uint64_t after)
{
    uint64_t first = 0;
    const struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (is_to_be_screened(campaign) && campaign->def.id > after &&
            (first == 0 || campaign->def.id < first)) {
            first = campaign->def.id;
        }
    }
    return first;
}

uint64_t engine_next_capped(struct engine *engine, uint64_t after)
{
    const struct campaign *campaign = after == 0 ? NULL : engine_find_campaign(engine, after);
    if (after != 0 && (campaign == NULL || !campaign->is_live)) {
        return 0;
    }
    campaign = after == 0 ? engine->live : campaign->next;
    while (campaign != NULL && !(is_running(campaign) && holds(campaign))) {
        campaign = campaign->next;
    }
    return campaign == NULL ? 0 : campaign->def.id;
}

static uint64_t last_begun_ms(const struct campaign *campaign)
{
    return campaign->round > 0 ? campaign->rounds[campaign->round - 1].at_ms
                               : campaign->launched_ms;
}

bool engine_cap_has_news(struct engine *engine, uint64_t id, uint64_t since_ms, uint64_t now_ms)
{
    const struct campaign *capped = engine_find_campaign(engine, id);
    const struct campaign *other = capped == NULL ? NULL : engine->campaigns;
    for (; other != NULL; other = other->hh.next) {
        uint64_t begun_ms = last_begun_ms(other);
        bool counts =
            other != capped && begun_ms != 0 && begun_ms + capped->def.cap_per_ms > now_ms;
        if (counts && (other->ended_ms == 0 || other->ended_ms >= since_ms)) {
            return true;
        }
    }
    return false;
}

bool engine_is_messaged(const struct recipient_state *state)
{
    return state->state == DELIVERY_LEASED || state->state == DELIVERY_ACCEPTED ||
           state->state == DELIVERY_DELIVERED || state->state == DELIVERY_ACKNOWLEDGED ||
           state->state == DELIVERY_UNCERTAIN || state->uncertain ||
           state->before != BEFORE_NOTHING;
}

static void note_messaged(const struct campaign *campaign, uint32_t page, unsigned from_round,
                          struct bitmap *messaged)
{
    const struct recipient_state *states = campaign->pages[page].states;
    for (unsigned i = 0; states != NULL && i < campaign_page_slots(campaign, page); i++) {
        if (engine_is_messaged(&states[i]) && campaign_round(campaign, page, i) >= from_round) {
            bitmap_set(messaged, i);
        }
    }
}

unsigned engine_round_since(const struct campaign_view *view, uint64_t since_ms)
{
    unsigned round = view->launched_ms != 0 && view->launched_ms > since_ms ? 0 : 1;
    while (round > 0 && round <= view->round && view->rounds[round - 1].at_ms <= since_ms) {
        round++;
    }
    return round <= view->round ? round : ENGINE_ROUNDS_MAX;
}

bool engine_messaged(struct engine *engine, uint64_t id, uint32_t page, unsigned from_round,
                     struct bitmap *messaged)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    bitmap_clear_all(messaged);
    if (campaign == NULL || campaign->is_closed || page >= campaign->page_count) {
        return false;
    }
    note_messaged(campaign, page, from_round, messaged);
    if (campaign_has_pair(campaign)) {
        note_messaged(campaign, campaign_other_page(campaign, page), from_round, messaged);
    }
    return true;
}

/* He waits there. */
static bool is_capped(const struct campaign *campaign, uint32_t page, unsigned place,
                      const struct bitmap *places)
{
    struct recipient_state state = campaign_recipient(campaign, page, place);
    return bitmap_has(places, place) &&
           (state.state == DELIVERY_WAITING || state.state == DELIVERY_RETRYING);
}

/* On one track; whoever is capped there is noted. */
static void cap_track(struct engine *engine, struct campaign *campaign, uint32_t page,
                      const struct bitmap *places, struct bitmap *capped)
{
    unsigned slots = campaign_page_slots(campaign, page);
    bool is_any = false;
    for (unsigned i = 0; i < slots;) {
        unsigned end = i;
        uint8_t step = campaign_recipient(campaign, page, i).step;
        while (end < slots && is_capped(campaign, page, end, places) &&
               campaign_recipient(campaign, page, end).step == step) {
            bitmap_set(capped, end++);
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
            is_any = true;
        }
        i = end > i ? end : i + 1;
    }
    if (is_any) {
        campaign_refresh_timers(campaign, page);
    }
}

/* Whoever waits there and was not reached by this campaign so far. */
static unsigned cap_places(struct engine *engine, struct campaign *campaign, uint32_t page,
                           const struct bitmap *places)
{
    struct bitmap unreached;
    struct bitmap capped = {{0}};
    (void)engine_messaged(engine, campaign->def.id, page, 0, &unreached);
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        unreached.words[w] = places->words[w] & ~unreached.words[w];
    }
    cap_track(engine, campaign, page, &unreached, &capped);
    if (campaign_has_pair(campaign)) {
        cap_track(engine, campaign, campaign_other_page(campaign, page), &unreached, &capped);
    }
    engine_settle(engine, campaign);
    return bitmap_count(&capped);
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
    return cap_places(engine, campaign, page, places);
}

void engine_screened(struct engine *engine, uint64_t id, uint64_t now_ms)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    engine_advance(engine, now_ms);
    if (campaign == NULL || !is_running(campaign) || campaign->is_taking_in) {
        return;
    }
    campaign->cap.is_surveyed = true;
    if (!campaign->is_screened) {
        engine_decide_own(engine, campaign, CAMPAIGN_EVENT_SCREENED);
    }
}

/* ---- What others send at the same moment ---- */

void cap_on_ended(struct engine *engine, struct campaign *campaign)
{
    campaign->cap.ended = ++engine->cap_seq;
}

void cap_on_round(struct engine *engine, struct campaign *campaign)
{
    campaign->cap.round_began = ++engine->cap_seq;
}

/* The round of the other one from which on its messages count; ENGINE_ROUNDS_MAX: none does. */
static unsigned round_that_counts(const struct engine *engine, const struct campaign *campaign,
                                  const struct campaign *other)
{
    const struct campaign_view view = {
        .launched_ms = other->launched_ms, .round = other->round, .rounds = other->rounds};
    uint64_t per_ms = campaign->def.cap_per_ms;
    return engine_round_since(&view, engine->now_ms > per_ms ? engine->now_ms - per_ms : 0);
}

/* The other one's messages count, and its places are those of this campaign. */
static bool is_beside(const struct engine *engine, const struct campaign *campaign,
                      const struct campaign *other)
{
    return other != campaign && other->def.audience == campaign->def.audience &&
           !other->is_closed && round_that_counts(engine, campaign, other) != ENGINE_ROUNDS_MAX;
}

/* Nothing of the other one is in the survey that began at the mark. */
static bool is_unsurveyed(const struct campaign *other, uint64_t mark)
{
    return other->is_ended ? other->cap.ended > mark : other->cap.round_began <= mark;
}

bool engine_cap_sees(const struct engine *engine, uint64_t id, uint64_t other_id)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    const struct campaign *other = engine_find_campaign(engine, other_id);
    return campaign != NULL && other != NULL && is_beside(engine, campaign, other) &&
           is_unsurveyed(other, engine->cap_seq);
}

uint64_t engine_cap_mark(const struct engine *engine)
{
    return engine->cap_seq;
}

void engine_cap_survey(struct engine *engine, uint64_t id, uint64_t mark, uint8_t *take_had)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL || !is_running(campaign) || !holds(campaign)) {
        mem_free(take_had);
        return;
    }
    mem_free(campaign->cap.had);
    campaign->cap.had = take_had;
    campaign->cap.surveyed = mark;
}

bool cap_needs(const struct engine *engine, const struct campaign *campaign)
{
    const struct campaign *other = NULL;
    DL_FOREACH(engine->live, other)
    {
        if (is_running(other) && holds(other) && is_beside(engine, other, campaign) &&
            campaign->cap.ended > other->cap.surveyed) {
            return true;
        }
    }
    return false;
}

/* One more for each of these; false: there are none. */
static bool count_places(const struct bitmap *messaged, uint8_t counts[PAGE_RECIPIENTS])
{
    bool is_any = false;
    for (unsigned i = bitmap_next(messaged, 0); i < BITMAP_BITS; i = bitmap_next(messaged, i + 1)) {
        counts[i] = (uint8_t)(counts[i] + (counts[i] < UINT8_MAX));
        is_any = true;
    }
    return is_any;
}

/* What the others sent since, upon what the survey has. False: nothing. */
static bool count_others(struct engine *engine, const struct campaign *campaign, uint32_t page,
                         uint8_t counts[PAGE_RECIPIENTS])
{
    const struct cap *cap = &campaign->cap;
    const struct campaign *other = NULL;
    bool is_any = false;
    memset(counts, 0, PAGE_RECIPIENTS);
    if (cap->had != NULL) {
        memcpy(counts, cap->had + (size_t)page * PAGE_RECIPIENTS,
               campaign_page_slots(campaign, page));
    }
    DL_FOREACH(engine->live, other)
    {
        struct bitmap messaged;
        if (is_beside(engine, campaign, other) &&
            (campaign->def.cap_messages == 1 || is_unsurveyed(other, cap->surveyed)) &&
            engine_messaged(engine, other->def.id, page, round_that_counts(engine, campaign, other),
                            &messaged)) {
            is_any = count_places(&messaged, counts) || is_any;
        }
    }
    return is_any;
}

void cap_look(struct engine *engine, struct campaign *campaign, uint32_t page)
{
    uint8_t counts[PAGE_RECIPIENTS];
    struct bitmap enough = {{0}};
    uint32_t base = campaign_base_page(campaign, page);
    if (!holds(campaign) || !count_others(engine, campaign, base, counts)) {
        return;
    }
    for (unsigned i = 0; i < campaign_page_slots(campaign, base); i++) {
        if (counts[i] >= campaign->def.cap_messages) {
            bitmap_set(&enough, i);
        }
    }
    if (bitmap_next(&enough, 0) < BITMAP_BITS) {
        (void)cap_places(engine, campaign, base, &enough);
    }
}
