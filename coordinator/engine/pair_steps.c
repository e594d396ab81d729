/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to the two tracks of a pair together (pair.h). Each event is decided for one track,
 * as if the other were not there; then it is looked at what it means for both:
 *
 *   the ladder climbs to a pair          the side climbs to the step beside; not with repetitions
 *   a step of the pair ends for nothing  if the other one has too, the ladder climbs on
 *
 * So nothing of the other track follows from an event by itself: whatever changes there is an event
 * of its own, whose step says on which track it is.
 */
#include "coordinator/engine/engine_state.h"
#include "coordinator/engine/pair.h"

/* The step has ended on this track, and has not come to what it waits for. */
static bool has_missed(const struct plan *plan, const struct recipient_state *track)
{
    enum plan_until until = plan->steps[track->step].until;
    if (track_is_under_way(track)) {
        return false;
    }
    switch ((enum delivery_state)track->state) {
    case DELIVERY_FAILED:
    case DELIVERY_SUPPRESSED:
    case DELIVERY_UNREACHABLE:
    case DELIVERY_EXPIRED:
        return true;
    case DELIVERY_ACCEPTED:
    case DELIVERY_UNCERTAIN:
        return until != PLAN_ACCEPTED;
    case DELIVERY_DELIVERED:
        return until == PLAN_ACKNOWLEDGED;
    case DELIVERY_NONE:
    case DELIVERY_WAITING:
    case DELIVERY_LEASED:
    case DELIVERY_RETRYING:
    case DELIVERY_ACKNOWLEDGED:
    case DELIVERY_CANCELLED:
    case DELIVERY_STATES:
        break;
    }
    return false;
}

#define STAYS PLAN_RUNGS_MAX

/* The step that the ladder climbs to from the pair that the place stands on, or goes back to
 * (detour.h), or STAYS. */
static unsigned step_on(const struct campaign *campaign, uint32_t page, unsigned place)
{
    const struct plan *plan = &campaign->def.plan;
    uint32_t base = campaign_base_page(campaign, page);
    const struct recipient_state *ladder = &campaign->pages[base].states[place];
    const struct recipient_state *side =
        &campaign->pages[campaign_other_page(campaign, base)].states[place];
    if (!pair_is_together(plan, ladder, side) || !has_missed(plan, ladder) ||
        !has_missed(plan, side) ||
        bars_find_whole(campaign->pages[base].rest.bars, place) != NULL) {
        return STAYS;
    }
    unsigned next = ladder_step_after_pair(campaign, ladder->step);
    bool is_back =
        next == 0 && ladder->tried == 0 && side->tried == 0 && detour_is_due(campaign, base, place);
    return is_back ? detour_step(campaign) : next == 0 ? STAYS : next;
}

void pair_end(struct engine *engine, struct campaign *campaign, uint32_t page, unsigned offset,
              unsigned span, uint16_t reason)
{
    for (unsigned i = offset; i < offset + span;) {
        unsigned next = step_on(campaign, page, i);
        unsigned end = i + 1;
        while (next != STAYS && end < offset + span && step_on(campaign, page, end) == next) {
            end++;
        }
        if (next != STAYS) {
            uint32_t base = campaign_base_page(campaign, page);
            bool is_back = next <= campaign->pages[base].states[i].step;
            struct event event = {
                .kind = DELIVERY_EVENT_CLIMBED,
                .step = (uint8_t)next,
                .offset = (uint16_t)i,
                .span = (uint16_t)(end - i),
                .reason = is_back ? REASON_PASSED_BY : reason,
                .at_ms = engine->now_ms,
                .due_ms = engine->now_ms,
            };
            engine_decide(engine, campaign, base, &event);
        }
        i = end;
    }
}

/* The step beside begins at the same time. */
static void begin_beside(struct engine *engine, struct campaign *campaign, uint32_t page,
                         const struct event *climbed)
{
    struct event event = {
        .kind = DELIVERY_EVENT_CLIMBED,
        .step = (uint8_t)plan_beside(&campaign->def.plan, climbed->step),
        .offset = climbed->offset,
        .span = climbed->span,
        .reason = climbed->reason,
        .at_ms = climbed->at_ms,
        .due_ms = climbed->due_ms,
    };
    engine_decide(engine, campaign, campaign_other_page(campaign, page), &event);
}

void pair_on_begin(struct engine *engine, struct campaign *campaign, uint32_t page,
                   const struct event *event)
{
    bool is_beginning =
        event->kind == DELIVERY_EVENT_CLIMBED || event->kind == DELIVERY_EVENT_RETRIED;
    const struct plan *plan = &campaign->def.plan;
    if (is_beginning && !campaign_is_side(campaign, page) && plan_has_beside(plan, event->step) &&
        plan->steps[event->step].repeat == 0) {
        begin_beside(engine, campaign, page, event);
    }
}

void pair_on_end(struct engine *engine, struct campaign *campaign, uint32_t page,
                 const struct event *event)
{
    switch ((enum delivery_event)event->kind) {
    case DELIVERY_EVENT_FAILED:
    case DELIVERY_EVENT_UNREACHABLE:
    case DELIVERY_EVENT_EXPIRED:
        pair_end(engine, campaign, page, event->offset, event->span, event->reason);
        return;
    case DELIVERY_EVENT_SUPPRESSED:
        if (event->reason != REASON_FREQUENCY_CAP) {
            pair_end(engine, campaign, page, event->offset, event->span, event->reason);
        }
        return;
    case DELIVERY_EVENT_LEASED:
    case DELIVERY_EVENT_ACCEPTED:
    case DELIVERY_EVENT_DEFERRED:
    case DELIVERY_EVENT_RELEASED:
    case DELIVERY_EVENT_NEXT_ENDPOINT:
    case DELIVERY_EVENT_REPEATED:
    case DELIVERY_EVENT_HELD:
    case DELIVERY_EVENT_CANCELLED:
    case DELIVERY_EVENT_CLIMBED:
    case DELIVERY_EVENT_ACKNOWLEDGED:
    case DELIVERY_EVENT_UNANSWERED: /* the end of a step's time is told by ladder.c */
    case DELIVERY_EVENT_BARRED:
    case DELIVERY_EVENT_DELIVERED:
    case DELIVERY_EVENT_BOUNCED: /* and what follows from a bounce by answers.c */
    case DELIVERY_EVENT_CONFIRMED:
    case DELIVERY_EVENT_COMPLAINED:
    case DELIVERY_EVENT_RETRIED:
    case DELIVERY_EVENTS:
        return;
    }
}

enum delivery_event pair_closing(const struct recipient_state *track)
{
    return track->state == DELIVERY_UNCERTAIN ? DELIVERY_EVENT_HELD : DELIVERY_EVENT_UNANSWERED;
}
