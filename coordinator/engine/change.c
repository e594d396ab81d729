/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/change.h"

#include "coordinator/engine/engine_state.h"

#define THOUSAND 1000.0

/* How a field stands in an event, and what the event does to it. */
struct field {
    void (*put)(struct event *event, const struct campaign_change *change);
    bool (*apply)(struct campaign *campaign, const struct event *event);
};

static void put_rate(struct event *event, const struct campaign_change *change)
{
    event->lease = (uint64_t)(change->rate_per_s * THOUSAND + 0.5);
}

static bool apply_rate(struct campaign *campaign, const struct event *event)
{
    double rate_per_s = (double)event->lease / THOUSAND;
    if (rate_per_s > CAMPAIGN_RATE_MAX) {
        return false;
    }
    campaign->def.rate_per_s = rate_per_s;
    bucket_set_rate(&campaign->bucket, rate_per_s, 0, event->at_ms);
    return true;
}

static const struct field FIELDS[CAMPAIGN_FIELDS] = {
    [CAMPAIGN_FIELD_RATE] = {put_rate, apply_rate},
};

bool change_apply(struct campaign *campaign, const struct event *event)
{
    return event->step < CAMPAIGN_FIELDS && FIELDS[event->step].apply(campaign, event);
}

enum err engine_change(struct engine *engine, uint64_t id, const struct campaign_change *change,
                       uint64_t now_ms, struct problem *problem)
{
    engine_advance(engine, now_ms);
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL) {
        return problem_set(problem, ERR_NOT_FOUND, "there is no campaign c%llu",
                           (unsigned long long)id);
    }
    if (campaign->state == CAMPAIGN_FINISHED || campaign->state == CAMPAIGN_CANCELLED) {
        return problem_set(problem, ERR_CONFLICT, "campaign c%llu is %s and cannot be changed",
                           (unsigned long long)id, campaign_state_name(campaign->state));
    }
    for (unsigned i = 0; i < CAMPAIGN_FIELDS; i++) {
        if ((change->fields >> i & 1) != 0) {
            struct event event = {.kind = CAMPAIGN_EVENT_CHANGED, .step = (uint8_t)i};
            FIELDS[i].put(&event, change);
            engine_decide_event(engine, campaign, event);
        }
    }
    return ERR_OK;
}
