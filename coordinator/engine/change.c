/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/change.h"

#include <assert.h>

#include "common/text.h"
#include "coordinator/engine/engine_state.h"

#define THOUSAND 1000.0

/* How a field stands in an event, and what the event does to it. */
struct field {
    void (*put)(struct event *event, const struct campaign_change *change);
    bool (*apply)(struct campaign *campaign, const struct event *event);
    /* Whether it may be; NULL: whenever the campaign may be changed. */
    enum err (*check)(const struct engine *engine, const struct campaign *campaign,
                      const struct campaign_change *change, struct problem *problem);
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

static void put_priority(struct event *event, const struct campaign_change *change)
{
    event->lease = change->priority;
}

static bool apply_priority(struct campaign *campaign, const struct event *event)
{
    if (event->lease >= PRIORITIES) {
        return false;
    }
    campaign->def.priority = (enum campaign_priority)event->lease;
    return true;
}

/* Who was suppressed or held, or was not, because of the priority cannot be told any more. */
static enum err check_priority(const struct engine *engine, const struct campaign *campaign,
                               const struct campaign_change *change, struct problem *problem)
{
    const struct campaign_def *def = &campaign->def;
    bool is_crossing =
        (def->priority == PRIORITY_CRITICAL) != (change->priority == PRIORITY_CRITICAL);
    (void)engine;
    if (!is_crossing || (def->quiet_channels == 0 && def->cap_messages == 0)) {
        return ERR_OK;
    }
    return problem_set(
        problem, ERR_CONFLICT,
        "campaign c%llu has %s, which only a critical one overrides: its priority "
        "cannot be changed from %s to %s",
        (unsigned long long)def->id, def->quiet_channels != 0 ? "quiet hours" : "a frequency cap",
        campaign_priority_name(def->priority), campaign_priority_name(change->priority));
}

static void put_weight(struct event *event, const struct campaign_change *change)
{
    event->lease = change->weight;
}

static bool apply_weight(struct campaign *campaign, const struct event *event)
{
    if (event->lease == 0 || event->lease > UINT32_MAX) {
        return false;
    }
    campaign->def.weight = (uint32_t)event->lease;
    return true;
}

/* ---- not_after ---- */

static bool has_begun(const struct campaign *campaign)
{
    return campaign->state == CAMPAIGN_RUNNING || campaign->state == CAMPAIGN_PAUSED;
}

/* When it, or its last round, began; 0: it has not. */
static uint64_t begun_ms(const struct campaign *campaign)
{
    return campaign->round > 0 ? campaign->rounds[campaign->round - 1].at_ms
                               : campaign->launched_ms;
}

static void put_not_after(struct event *event, const struct campaign_change *change)
{
    event->lease = change->not_after_ms;
    event->worker = change->not_after_for_ms;
}

static bool apply_not_after(struct campaign *campaign, const struct event *event)
{
    if (campaign->control.is_expired || (event->lease != 0 && event->worker != 0)) {
        return false;
    }
    campaign->def.control.not_after_ms = event->lease;
    campaign->def.control.not_after_for_ms = event->worker;
    if (has_begun(campaign)) {
        campaign->control.not_after_ms = control_not_after_ms(campaign, begun_ms(campaign));
    }
    return true;
}

static enum err check_not_after(const struct engine *engine, const struct campaign *campaign,
                                const struct campaign_change *change, struct problem *problem)
{
    unsigned long long id = campaign->def.id;
    if (campaign->control.is_expired) {
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu has expired by its not_after, and its people with it: "
                           "make a new one",
                           id);
    }
    uint64_t begins_ms = has_begun(campaign)                     ? begun_ms(campaign)
                         : campaign->state == CAMPAIGN_SCHEDULED ? campaign->control.starts_ms
                                                                 : engine->now_ms;
    uint64_t least_ms = begins_ms > engine->now_ms ? begins_ms : engine->now_ms;
    uint64_t limit_ms =
        change->not_after_for_ms != 0 ? begins_ms + change->not_after_for_ms : change->not_after_ms;
    if (limit_ms == 0 || limit_ms > least_ms) {
        return ERR_OK;
    }
    char limit[TEXT_TIME_BYTES + 1];
    text_time_str(limit, limit_ms);
    if (least_ms > engine->now_ms) {
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu would begin after its not_after, %s, and reach nobody",
                           id, limit);
    }
    return problem_set(problem, ERR_CONFLICT,
                       "%s has passed and cannot be the not_after of campaign c%llu: to end it "
                       "now, cancel it",
                       limit, id);
}

/* ---- stop rules ---- */

#define PERCENT_BITS 8

static void put_stop_rules(struct event *event, const struct campaign_change *change)
{
    const struct stop_rule *failed = &change->stop[STOP_FAILED];
    const struct stop_rule *complained = &change->stop[STOP_COMPLAINED];
    event->lease = (uint64_t)complained->count << 32 | failed->count;
    event->worker = (uint64_t)complained->of_at_least << 32 | failed->of_at_least;
    event->reason = (uint16_t)(complained->percent << PERCENT_BITS | failed->percent);
}

static bool apply_stop_rules(struct campaign *campaign, const struct event *event)
{
    struct stop_rule *stop = campaign->def.control.stop;
    for (unsigned cause = 0; cause < STOP_CAUSES; cause++) {
        unsigned shift = cause * 32;
        stop[cause] = (struct stop_rule){
            .count = (uint32_t)(event->lease >> shift & UINT32_MAX),
            .percent = event->reason >> cause * PERCENT_BITS & UINT8_MAX,
            .of_at_least = (uint32_t)(event->worker >> shift & UINT32_MAX),
        };
    }
    return true;
}

static const struct field FIELDS[CAMPAIGN_FIELDS] = {
    [CAMPAIGN_FIELD_RATE] = {put_rate, apply_rate, NULL},
    [CAMPAIGN_FIELD_PRIORITY] = {put_priority, apply_priority, check_priority},
    [CAMPAIGN_FIELD_WEIGHT] = {put_weight, apply_weight, NULL},
    [CAMPAIGN_FIELD_NOT_AFTER] = {put_not_after, apply_not_after, check_not_after},
    [CAMPAIGN_FIELD_STOP_RULES] = {put_stop_rules, apply_stop_rules, NULL},
};

static_assert(STOP_CAUSES == 2, "an event has room for two rules");

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
        enum err err = (change->fields >> i & 1) == 0 || FIELDS[i].check == NULL
                           ? ERR_OK
                           : FIELDS[i].check(engine, campaign, change, problem);
        if (err != ERR_OK) {
            return err;
        }
    }
    for (unsigned i = 0; i < CAMPAIGN_FIELDS; i++) {
        if ((change->fields >> i & 1) != 0) {
            struct event event = {.kind = CAMPAIGN_EVENT_CHANGED, .step = (uint8_t)i};
            FIELDS[i].put(&event, change);
            engine_decide_event(engine, campaign, event);
        }
    }
    if ((change->fields >> CAMPAIGN_FIELD_PRIORITY & 1) != 0) {
        campaign->turn_share = 0; /* what it had in another class counts for nothing in this one */
        engine_join_class(engine, campaign);
    }
    control_check_stop(engine, campaign);
    return ERR_OK;
}
