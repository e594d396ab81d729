/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must not be sent to. A bar (bar.h) is journaled as an event of its own and kept with the
 * page; nobody ever waits where he is barred: as a bar comes, and after every event of a page with
 * bars, whoever waits there goes on at once to his next endpoint, to the next step, or is done. So
 * dispatch need not look at bars at all.
 *
 * Who is leased keeps his place in the lease. If the batch has not left yet he is taken out; else
 * he is called back, and what the worker says settles him: not started, and he goes on as above;
 * accepted, and he stays so. A batch that is sent again leaves him out and calls him back again; a
 * worker that never answers for him leaves him in doubt, as always.
 */
#include <assert.h>

#include "coordinator/engine/engine_state.h"

static bool is_waiting(const struct recipient_state *state)
{
    return state->state == DELIVERY_WAITING || state->state == DELIVERY_RETRYING;
}

static void end(const struct campaign *campaign, const struct recipient_state *state,
                enum delivery_event kind, struct event *event)
{
    event->kind = (uint8_t)ladder_closing(campaign, state, kind);
    event->due_ms = 0;
}

static struct bars *bars_of(const struct campaign *campaign, uint32_t page)
{
    return campaign->pages[campaign_base_page(campaign, page)].rest.bars;
}

/* From an endpoint that is barred to the next one, or the next step, or to his end. */
static void pass_by(const struct engine *engine, const struct campaign *campaign,
                    const struct recipient_state *state, struct event *event)
{
    const struct plan_step *step = &campaign->def.plan.steps[state->step];
    event->due_ms = engine->now_ms;
    if (state->uncertain) { /* he may have been reached here: that is what is waited for now */
        event->kind = DELIVERY_EVENT_HELD;
        ladder_decide(engine, campaign, state, event);
    } else if (state->endpoint + 1u < step->endpoint_ranks) {
        event->kind = DELIVERY_EVENT_NEXT_ENDPOINT;
    } else if (ladder_step_after_failure(campaign, state->step) != 0) {
        event->kind = DELIVERY_EVENT_CLIMBED;
        event->step = (uint8_t)ladder_step_after_failure(campaign, state->step);
    } else {
        end(campaign, state, state->tried ? DELIVERY_EVENT_FAILED : DELIVERY_EVENT_SUPPRESSED,
            event);
    }
}

/* One step on; false if he may stay where he is. */
static bool move_on(struct engine *engine, struct campaign *campaign, uint32_t page, unsigned place)
{
    const struct bars *bars = bars_of(campaign, page);
    const struct recipient_state state = campaign_recipient(campaign, page, place);
    const struct bar *whole = bars_find_whole(bars, place);
    struct event event = {
        .step = state.step,
        .offset = (uint16_t)place,
        .span = 1,
        .at_ms = engine->now_ms,
    };
    if (whole != NULL && (is_waiting(&state) || recipient_is_open(&state))) {
        event.reason = whole->reason;
        event.kind = (uint8_t)fold_closing(&state, DELIVERY_EVENT_SUPPRESSED);
        engine_decide(engine, campaign, page, &event);
        return true;
    }
    const struct bar *bar =
        bars_find(bars, place, campaign->def.plan.steps[state.step].channel, state.endpoint);
    if (bar == NULL || !is_waiting(&state)) {
        return false;
    }
    event.reason = bar->reason;
    pass_by(engine, campaign, &state, &event);
    detour_decide(engine, campaign, page, &event);
    engine_decide(engine, campaign, page, &event);
    return true;
}

/* Deciding the next event enforces again: a recipient goes as far as he must, and no further than
 * the steps and endpoints there are. */
void suppress_enforce(struct engine *engine, struct campaign *campaign, uint32_t page,
                      unsigned offset, unsigned span)
{
    unsigned at = offset;
    while (at < offset + span) {
        const struct bars *bars = bars_of(campaign, page);
        unsigned i = bars_from(bars, at);
        if (i == bars->count || bars->list[i].place >= offset + span) {
            return;
        }
        at = bars->list[i].place + 1u;
        (void)move_on(engine, campaign, page, bars->list[i].place);
    }
}

/* Does the plan come by there? */
static bool is_on_way(const struct plan *plan, const struct bar *bar)
{
    for (unsigned s = 0; s < plan->step_count; s++) {
        bool is_channel = bar->channel == BAR_ALL || bar->channel == plan->steps[s].channel;
        bool is_rank = bar->rank == BAR_ALL || bar->rank < plan->steps[s].endpoint_ranks;
        if (is_channel && is_rank && !plan_is_left_out(plan, s)) {
            return true;
        }
    }
    return false;
}

void suppress_explain(const struct campaign *campaign, uint32_t page, struct event *event)
{
    const struct bars *bars = bars_of(campaign, page);
    if (event->kind != DELIVERY_EVENT_UNREACHABLE || bars == NULL) {
        return;
    }
    for (unsigned i = bars_from(bars, event->offset);
         i < bars->count && bars->list[i].place == event->offset; i++) {
        if (is_on_way(&campaign->def.plan, &bars->list[i])) {
            event->kind = DELIVERY_EVENT_SUPPRESSED;
            event->reason = bars->list[i].reason;
            return;
        }
    }
}

struct bitmap suppress_barred(const struct lease *lease)
{
    const struct recipient_state *states = lease->campaign->pages[lease->page].states;
    const struct bars *bars = bars_of(lease->campaign, lease->page);
    unsigned channel = lease->campaign->def.plan.steps[lease->step].channel;
    struct bitmap barred = {{0}};
    for (unsigned i = 0; bars != NULL && i < bars->count; i++) {
        unsigned place = bars->list[i].place;
        if (bitmap_has(&lease->places, place) &&
            bars_find(bars, place, channel, states[place].endpoint) != NULL) {
            bitmap_set(&barred, place);
        }
    }
    return barred;
}

void suppress_recall_again(struct engine *engine, struct lease *lease)
{
    struct bitmap barred = suppress_barred(lease);
    for (unsigned i = bitmap_next(&barred, 0); i < BITMAP_BITS; i = bitmap_next(&barred, i + 1)) {
        ladder_recall(engine, lease->id, i, RECALL_TRACK);
    }
    lease->recalls += bitmap_count(&barred) > 0;
}

/* Of a place that is leased and now barred. */
static void take_out(struct engine *engine, struct campaign *campaign, uint32_t page,
                     unsigned place)
{
    struct lease *lease = lease_find(&engine->leases, ladder_lease_of_place(campaign, page, place));
    struct bitmap barred = {{0}};
    ladder_recall_lost(engine, campaign, page, place, RECALL_TRACK);
    if (lease != NULL) {
        barred = suppress_barred(lease);
    }
    if (!bitmap_has(&barred, place)) {
        return;
    }
    if (lease->sends > 0) {
        ladder_recall(engine, lease->id, place, RECALL_TRACK);
        return;
    }
    const struct fate unsent = {.outcome = OUTCOME_RETURNED, .reason = REASON_RECALLED};
    intake_settle(engine, lease, place, 1, &unsent);
}

static bool is_barred_already(const struct bars *bars, const struct bar *bar)
{
    for (unsigned i = bars_from(bars, bar->place);
         bars != NULL && i < bars->count && bars->list[i].place == bar->place; i++) {
        if (bars->list[i].channel == bar->channel && bars->list[i].rank == bar->rank) {
            return true;
        }
    }
    return bars_find_whole(bars, bar->place) != NULL;
}

enum err engine_suppress(struct engine *engine, uint64_t id, uint32_t ordinal, unsigned channel,
                         unsigned rank, uint16_t reason, uint64_t now_ms)
{
    struct recipient_state state;
    assert(reason_is_suppression(reason) && channel <= BAR_ALL && rank <= BAR_ALL);
    engine_advance(engine, now_ms);
    enum err err = engine_recipient(engine, id, ordinal, &state);
    if (err != ERR_OK) {
        return err;
    }
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign->is_ended && campaign->reopening == 0) {
        return ERR_CLOSED;
    }
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    struct bar bar = {(uint16_t)(ordinal % PAGE_RECIPIENTS), (uint8_t)channel, (uint8_t)rank,
                      reason};
    bool is_over = state.state == DELIVERY_SUPPRESSED || state.state == DELIVERY_ACKNOWLEDGED;
    if (is_over || is_barred_already(campaign->pages[page].rest.bars, &bar)) {
        return ERR_OK;
    }
    struct event event = {
        .kind = DELIVERY_EVENT_BARRED,
        .step = campaign_recipient(campaign, page, bar.place).step,
        .offset = bar.place,
        .span = 1,
        .reason = reason,
        .worker = bar_to_event(&bar),
        .at_ms = engine->now_ms,
    };
    engine_decide(engine, campaign, page, &event);
    take_out(engine, campaign, page, bar.place);
    if (campaign_has_pair(campaign)) {
        uint32_t side = campaign_other_page(campaign, page);
        suppress_enforce(engine, campaign, side, bar.place, 1);
        take_out(engine, campaign, side, bar.place);
    }
    engine_settle(engine, campaign);
    return ERR_OK;
}

bool engine_bar(struct engine *engine, uint64_t id, uint32_t ordinal, unsigned index,
                struct bar *bar)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    if (campaign == NULL || campaign->pages == NULL || page >= campaign->page_count) {
        return false;
    }
    const struct bars *bars = campaign->pages[page].rest.bars;
    unsigned at = bars_from(bars, ordinal % PAGE_RECIPIENTS) + index;
    if (bars == NULL || at >= bars->count || bars->list[at].place != ordinal % PAGE_RECIPIENTS) {
        return false;
    }
    *bar = bars->list[at];
    return true;
}
