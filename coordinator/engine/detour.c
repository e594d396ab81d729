/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/detour.h"

#include <string.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"
#include "coordinator/engine/round.h"
#include "proto/outcome.h"

enum detour detour_of(const uint8_t *detours, unsigned place)
{
    return detours == NULL ? DETOUR_NONE : (enum detour)detours[place];
}

/* DETOURS: the event changes nothing. */
static enum detour detour_after(const struct event *event)
{
    bool is_leaving = event->kind == DELIVERY_EVENT_CLIMBED ||
                      event->kind == DELIVERY_EVENT_FAILED || event->kind == DELIVERY_EVENT_HELD;
    if (event->kind == DELIVERY_EVENT_RETRIED) {
        return DETOUR_NONE;
    }
    if (is_leaving && event->reason == REASON_CHANNEL_DOWN) {
        return DETOUR_PASSED;
    }
    return event->kind == DELIVERY_EVENT_CLIMBED && event->reason == REASON_PASSED_BY ? DETOUR_BACK
                                                                                      : DETOURS;
}

void detours_take(uint8_t **detours, const struct event *event)
{
    enum detour after = detour_after(event);
    if (after == DETOURS || (after == DETOUR_NONE && *detours == NULL)) {
        return;
    }
    if (*detours == NULL) {
        *detours = mem_zalloc(PAGE_RECIPIENTS, 1);
    }
    memset(*detours + event->offset, (int)after, event->span);
}

void detours_encode(const uint8_t *detours, unsigned slots, struct buf *buf)
{
    if (detours != NULL) {
        rounds_encode(detours, slots, buf);
    }
}

bool detours_decode(uint8_t **detours, unsigned slots, struct reader *reader)
{
    bool is_sound = rounds_decode(detours, slots, reader) && *detours != NULL;
    for (unsigned i = 0; is_sound && i < slots; i++) {
        is_sound = (*detours)[i] < DETOURS;
    }
    return is_sound;
}

/* ---- What is decided ---- */

/* The first step that may be passed by, or the pair that it is of; step_count if there is none. */
unsigned detour_step(const struct campaign *campaign)
{
    const struct plan *plan = &campaign->def.plan;
    for (unsigned s = plan_first(plan); s < plan->step_count; s = plan_next(plan, s)) {
        if (plan->steps[s].if_down == PLAN_DOWN_CLIMB) {
            return plan_first_of_pair(plan, s);
        }
    }
    return plan->step_count;
}

bool detour_is_due(const struct campaign *campaign, uint32_t page, unsigned place)
{
    const struct page_rest *rest = &campaign->pages[campaign_base_page(campaign, page)].rest;
    return detour_of(rest->detours, place) == DETOUR_PASSED && !campaign_is_over(campaign) &&
           !campaign->is_ended && detour_step(campaign) < campaign->def.plan.step_count;
}

void detour_decide(const struct engine *engine, const struct campaign *campaign, uint32_t page,
                   struct event *event)
{
    bool is_untried =
        event->kind == DELIVERY_EVENT_UNREACHABLE || event->kind == DELIVERY_EVENT_SUPPRESSED;
    bool is_of_pair =
        campaign_has_pair(campaign) && plan_is_paired(&campaign->def.plan, event->step);
    if (is_untried && !is_of_pair && detour_is_due(campaign, page, event->offset)) {
        event->kind = DELIVERY_EVENT_CLIMBED;
        event->step = (uint8_t)detour_step(campaign);
        event->reason = REASON_PASSED_BY;
        event->due_ms = engine->now_ms;
    }
}
