/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From step to step. A step ends without what it was for when its message cannot be sent (decided
 * as the outcome comes in), or when its time is over and nobody has acknowledged (decided as time
 * passes). Then the recipient climbs to the next step, which begins anew: first endpoint, first
 * attempt. After the last step nothing more is tried, and what was accepted on the way stays
 * accepted.
 *
 * Steps on a channel that the campaign does without are passed over; nobody ever stands on one.
 *
 * A step that repeats is several steps here (plan.h). Who did not acknowledge in time, or had no
 * answer from any provider in it, climbs to the repetition; whom the message cannot be sent to
 * passes over the repetitions, which would meet the same.
 *
 * Who waits for an answer is open: accepted or held, with the end of the step as due time. The
 * pages with somebody open stand in a heap of their own, so that a step that cannot send (no
 * credit, no tokens, provider down) keeps nobody from climbing.
 */
#include <utlist.h>

#include "coordinator/engine/engine_state.h"

/* Pages looked at in one run of the engine: the rest has its turn in the next one. */
#define CLIMB_PAGES_PER_RUN 128

static unsigned next_step(const struct campaign *campaign, unsigned next)
{
    bool is_there =
        !campaign_is_over(campaign) && !campaign->is_ended && next < campaign->def.plan.step_count;
    return is_there ? next : 0;
}

/* Nobody leaves a pair by one of its steps alone, but climbs from time to time of one that repeats:
 * pair_steps.c decides when both have ended. */
static bool is_paired(const struct campaign *campaign, unsigned step)
{
    return campaign_has_pair(campaign) && plan_is_paired(&campaign->def.plan, step);
}

unsigned ladder_step_after_failure(const struct campaign *campaign, unsigned step)
{
    return is_paired(campaign, step)
               ? 0
               : next_step(campaign, plan_next_written(&campaign->def.plan, step));
}

unsigned ladder_step_after_pair(const struct campaign *campaign, unsigned step)
{
    return next_step(campaign, plan_next_of_pair(&campaign->def.plan, step));
}

static unsigned step_after_time(const struct campaign *campaign, unsigned step)
{
    const struct plan *plan = &campaign->def.plan;
    bool is_end = is_paired(campaign, step) && !plan_has_repetition(plan, step);
    return is_end ? 0 : next_step(campaign, plan_next(plan, step));
}

unsigned ladder_step_if_down(const struct campaign *campaign, unsigned step)
{
    const struct plan *plan = &campaign->def.plan;
    return is_paired(campaign, step)
               ? ladder_step_after_pair(campaign, plan_first_of_pair(plan, step))
               : ladder_step_after_failure(campaign, step);
}

enum delivery_event ladder_closing(const struct campaign *campaign,
                                   const struct recipient_state *state, enum delivery_event event)
{
    return is_paired(campaign, state->step) ? event : fold_closing(state, event);
}

uint64_t ladder_open_until_ms(const struct engine *engine, const struct campaign *campaign,
                              const struct recipient_state *state)
{
    const struct plan_step *step = &campaign->def.plan.steps[state->step];
    if (step->until == PLAN_ACCEPTED || campaign_is_over(campaign) || campaign->is_ended) {
        return 0;
    }
    uint64_t left = RECIPIENT_USED_MAX - (unsigned)state->used;
    return engine->now_ms + (step->within_ms * left + RECIPIENT_USED_MAX - 1) / RECIPIENT_USED_MAX;
}

/* next: 0 if there is none. */
static void climb_or_end(const struct engine *engine, const struct campaign *campaign,
                         unsigned next, const struct recipient_state *state, struct event *event)
{
    if (next == 0) {
        event->kind = (uint8_t)ladder_closing(campaign, state, (enum delivery_event)event->kind);
        return;
    }
    event->kind = DELIVERY_EVENT_CLIMBED;
    event->step = (uint8_t)next;
    event->due_ms = engine->now_ms;
}

void ladder_decide(const struct engine *engine, const struct campaign *campaign,
                   const struct recipient_state *state, struct event *event)
{
    switch ((enum delivery_event)event->kind) {
    case DELIVERY_EVENT_FAILED:
    case DELIVERY_EVENT_UNREACHABLE:
        climb_or_end(engine, campaign, ladder_step_after_failure(campaign, state->step), state,
                     event);
        return;
    case DELIVERY_EVENT_EXPIRED:
        climb_or_end(engine, campaign, step_after_time(campaign, state->step), state, event);
        return;
    case DELIVERY_EVENT_CANCELLED:
        event->kind = (uint8_t)fold_closing(state, DELIVERY_EVENT_CANCELLED);
        return;
    case DELIVERY_EVENT_HELD:
        event->due_ms = ladder_open_until_ms(engine, campaign, state);
        if (event->due_ms == 0) {
            event->kind = (uint8_t)ladder_closing(campaign, state, DELIVERY_EVENT_HELD);
        }
        return;
    case DELIVERY_EVENT_ACCEPTED:
        event->due_ms = ladder_open_until_ms(engine, campaign, state);
        return;
    case DELIVERY_EVENT_LEASED:
    case DELIVERY_EVENT_DEFERRED:
    case DELIVERY_EVENT_RELEASED:
    case DELIVERY_EVENT_NEXT_ENDPOINT:
    case DELIVERY_EVENT_REPEATED:
    case DELIVERY_EVENT_CLIMBED:
    case DELIVERY_EVENT_ACKNOWLEDGED:
    case DELIVERY_EVENT_UNANSWERED:
    case DELIVERY_EVENT_BARRED:
    case DELIVERY_EVENT_SUPPRESSED:
    case DELIVERY_EVENT_DELIVERED:
    case DELIVERY_EVENT_BOUNCED:
    case DELIVERY_EVENT_CONFIRMED:
    case DELIVERY_EVENT_COMPLAINED:
    case DELIVERY_EVENT_RETRIED:
    case DELIVERY_EVENTS:
        return;
    }
}

void ladder_close_accepted(struct engine *engine, struct campaign *campaign, uint32_t page,
                           const struct event *accepted)
{
    const struct recipient_state *states = campaign->pages[page].states;
    unsigned end = accepted->offset + (unsigned)accepted->span;
    if (accepted->kind != DELIVERY_EVENT_ACCEPTED || accepted->due_ms != 0 ||
        is_paired(campaign, accepted->step)) {
        return;
    }
    for (unsigned i = accepted->offset; i < end; i++) {
        if (states[i].state == DELIVERY_ACCEPTED && states[i].before == BEFORE_DELIVERED) {
            engine_decide(engine, campaign, page,
                          &(struct event){.kind = DELIVERY_EVENT_DELIVERED,
                                          .provider = accepted->provider,
                                          .step = states[i].step,
                                          .offset = (uint16_t)i,
                                          .span = 1,
                                          .at_ms = engine->now_ms});
        }
    }
}

/* ---- Time ---- */

static bool is_over(const struct recipient_state *state, const struct fold *fold, uint64_t now_ms)
{
    return recipient_is_open(state) && fold_due_ms(fold, state->due_cs) <= now_ms;
}

static bool are_alike(const struct recipient_state *a, const struct recipient_state *b)
{
    return a->state == b->state && a->step == b->step && a->before == b->before;
}

static void leave_step(struct engine *engine, struct campaign *campaign, uint32_t page,
                       const struct recipient_state *state, unsigned offset, unsigned span)
{
    unsigned step = state->step;
    unsigned next = step_after_time(campaign, step);
    bool is_climbing = next != 0;
    enum delivery_event closing =
        is_paired(campaign, step) ? pair_closing(state) : fold_closing(state, DELIVERY_EVENT_HELD);
    struct event event = {
        .kind = (uint8_t)(is_climbing ? DELIVERY_EVENT_CLIMBED : closing),
        .step = (uint8_t)(is_climbing ? next : step),
        .offset = (uint16_t)offset,
        .span = (uint16_t)span,
        .reason = campaign->def.plan.steps[state->step].until == PLAN_DELIVERED
                      ? REASON_NOT_DELIVERED
                      : REASON_NOT_ACKNOWLEDGED,
        .at_ms = engine->now_ms,
        .due_ms = is_climbing ? engine->now_ms : 0,
    };
    engine_decide(engine, campaign, page, &event);
    if (!is_climbing && is_paired(campaign, step)) {
        pair_end(engine, campaign, page, offset, span, event.reason);
    }
}

static void climb_page(struct engine *engine, struct campaign *campaign, uint32_t page)
{
    struct fold fold = campaign_fold(campaign);
    const struct recipient_state *states = campaign_states(campaign, page);
    unsigned slots = campaign_page_slots(campaign, page);
    for (unsigned i = 0; i < slots;) {
        unsigned end = i + 1;
        if (is_over(&states[i], &fold, engine->now_ms)) {
            while (end < slots && are_alike(&states[i], &states[end]) &&
                   is_over(&states[end], &fold, engine->now_ms)) {
                end++;
            }
            leave_step(engine, campaign, page, &states[i], i, end - i);
        }
        i = end;
    }
    campaign_refresh_timers(campaign, page);
}

static bool first_climb(struct campaign *campaign, uint32_t *page, uint64_t *due_ms)
{
    struct fold fold = campaign_fold(campaign);
    uint32_t due_cs = 0;
    if (!campaign_is_sending(campaign) || !page_timers_first(&campaign->climbs, page, &due_cs)) {
        return false;
    }
    *due_ms = fold_due_ms(&fold, due_cs);
    return true;
}

void ladder_run(struct engine *engine)
{
    struct campaign *campaign = NULL;
    unsigned pages = 0;
    DL_FOREACH(engine->live, campaign)
    {
        uint32_t page = 0;
        uint64_t due_ms = 0;
        unsigned before = pages;
        while (pages < CLIMB_PAGES_PER_RUN && first_climb(campaign, &page, &due_ms) &&
               due_ms <= engine->now_ms) {
            climb_page(engine, campaign, page);
            pages++;
        }
        if (pages > before) {
            engine_settle(engine, campaign);
        }
    }
}

uint64_t ladder_next_ms(struct engine *engine)
{
    uint64_t next_ms = UINT64_MAX;
    struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        uint32_t page = 0;
        uint64_t due_ms = 0;
        if (first_climb(campaign, &page, &due_ms) && due_ms < next_ms) {
            next_ms = due_ms;
        }
    }
    return next_ms;
}

/* ---- What was handed out ---- */

/* step: plus one; 0: any. */
static void push_recall(struct engine *engine, const struct roster_entry *entry,
                        const struct campaign *campaign, uint32_t page, unsigned place,
                        unsigned step)
{
    engine_push_effect(engine, &(struct engine_effect){.kind = ENGINE_RECALL,
                                                       .worker = entry->worker,
                                                       .instance = entry->instance,
                                                       .campaign = campaign->def.id,
                                                       .page = campaign_base_page(campaign, page),
                                                       .place = (uint16_t)place,
                                                       .step = (uint8_t)step});
}

void ladder_recall(struct engine *engine, uint64_t id, unsigned place, enum recall recall)
{
    const struct lease *lease = lease_find(&engine->leases, id);
    const struct roster_entry *entry =
        lease == NULL ? NULL : roster_find(&engine->roster, lease->instance);
    if (entry != NULL && entry->present && lease->sends > 0) {
        bool is_of_track = recall == RECALL_TRACK && campaign_has_pair(lease->campaign);
        push_recall(engine, entry, lease->campaign, lease->page, place,
                    is_of_track ? lease->step + 1u : 0);
    }
}

/* The batch may be of any step that he has been on. */
static void recall_track(struct engine *engine, const struct roster_entry *entry,
                         const struct campaign *campaign, uint32_t page, unsigned place)
{
    bool is_side = campaign_is_side(campaign, page);
    unsigned last = campaign_recipient(campaign, page, place).step;
    for (unsigned s = 0; s <= last; s++) {
        if (plan_is_beside(&campaign->def.plan, s) == is_side) {
            push_recall(engine, entry, campaign, page, place, s + 1);
        }
    }
}

void ladder_recall_lost(struct engine *engine, const struct campaign *campaign, uint32_t page,
                        unsigned place, enum recall recall)
{
    for (unsigned i = 0; campaign->pages[page].has_lost && i < engine->roster.count; i++) {
        const struct roster_entry *entry = &engine->roster.entries[i];
        if (!entry->present) {
            continue;
        }
        if (recall == RECALL_TRACK && campaign_has_pair(campaign)) {
            recall_track(engine, entry, campaign, page, place);
        } else {
            push_recall(engine, entry, campaign, page, place, 0);
        }
    }
}

uint64_t ladder_lease_of_place(const struct campaign *campaign, uint32_t page, unsigned place)
{
    const struct lease *lease = campaign->pages[page].leases;
    while (lease != NULL && !bitmap_has(&lease->places, place)) {
        lease = lease->next_of_page;
    }
    return lease == NULL ? 0 : lease->id;
}
