/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/control.h"

#include <utlist.h>

#include "common/text.h"
#include "coordinator/engine/engine_state.h"

static const char *const CAUSE_NAMES[STOP_CAUSES] = {"failed", "complained"};

const char *stop_cause_name(enum stop_cause cause)
{
    return cause < STOP_CAUSES ? CAUSE_NAMES[cause] : "?";
}

/* Those who had failed or complained by now are left out by the rules. */
static void measure_anew(struct control *control, const struct event *event)
{
    control->stop_cause = 0;
    control->stop_count = 0;
    control->stop_of = 0;
    control->before[STOP_FAILED] = event->worker & UINT32_MAX;
    control->before[STOP_COMPLAINED] = event->worker >> 32;
}

void control_apply(struct control *control, const struct event *event)
{
    switch ((enum campaign_event)event->kind) {
    case CAMPAIGN_EVENT_SCHEDULED:
        control->starts_ms = event->due_ms;
        return;
    case CAMPAIGN_EVENT_LAUNCHED:
        control->starts_ms = 0;
        control->not_after_ms = event->due_ms;
        return;
    case CAMPAIGN_EVENT_STOPPED:
        control->stop_cause = event->step + 1u;
        control->stop_count = event->lease;
        control->stop_of = event->worker;
        return;
    case CAMPAIGN_EVENT_RESUMED:
        measure_anew(control, event);
        return;
    case CAMPAIGN_EVENT_ROUND:
        control->not_after_ms = event->due_ms;
        measure_anew(control, event);
        return;
    case CAMPAIGN_EVENT_EXPIRED:
        control->is_expired = 1;
        return;
    case CAMPAIGN_EVENT_CANCELLED:
        control->starts_ms = 0;
        return;
    case CAMPAIGN_EVENT_SUPERSEDED:
        control->starts_ms = 0;
        control->superseded_by = event->worker;
        return;
    case CAMPAIGN_EVENT_PAUSED:
    case CAMPAIGN_EVENT_FINISHED:
    case CAMPAIGN_EVENT_OVERRIDDEN:
    case CAMPAIGN_EVENT_SCREENED:
    case CAMPAIGN_EVENT_CHANGED:
    case CAMPAIGN_EVENT_ROUND_WHOLE:
    case CAMPAIGN_EVENTS:
        return;
    }
}

/* ---- Beginning ---- */

uint64_t control_not_after_ms(const struct campaign *campaign, uint64_t begins_ms)
{
    const struct campaign_control *control = &campaign->def.control;
    return control->not_after_for_ms != 0 ? begins_ms + control->not_after_for_ms
                                          : control->not_after_ms;
}

/* What it supersedes is cancelled in the same turn. */
static uint64_t supersede(struct engine *engine, const struct campaign *campaign)
{
    struct campaign *former = campaign->def.control.supersedes == 0
                                  ? NULL
                                  : engine_find_campaign(engine, campaign->def.control.supersedes);
    if (former == NULL || former == campaign || former->state == CAMPAIGN_FINISHED ||
        former->state == CAMPAIGN_CANCELLED) {
        return 0;
    }
    engine_end_for_good(
        engine, former,
        (struct event){.kind = CAMPAIGN_EVENT_SUPERSEDED, .worker = campaign->def.id});
    return former->def.id;
}

static void expire(struct engine *engine, struct campaign *campaign)
{
    engine_end_for_good(engine, campaign, (struct event){.kind = CAMPAIGN_EVENT_EXPIRED});
}

static bool is_past(const struct engine *engine, uint64_t limit_ms)
{
    return limit_ms != 0 && limit_ms <= engine->now_ms;
}

static void begin(struct engine *engine, struct campaign *campaign)
{
    struct event event = {.kind = CAMPAIGN_EVENT_LAUNCHED};
    event.worker = supersede(engine, campaign);
    event.due_ms = control_not_after_ms(campaign, engine->now_ms);
    if (is_past(engine, event.due_ms)) {
        event.due_ms = engine->now_ms;
    }
    engine_join_class(engine, campaign);
    engine_decide_event(engine, campaign, event);
    cap_on_launched(engine, campaign);
    if (is_past(engine, event.due_ms)) {
        expire(engine, campaign);
    } else {
        engine_settle(engine, campaign);
    }
}

static enum err refuse_age(const struct engine *engine, const struct campaign *campaign,
                           uint64_t begins_ms, struct problem *problem)
{
    unsigned long long id = campaign->def.id;
    char latest[TEXT_TIME_BYTES + 1];
    text_time_str(latest, campaign->def.created_ms + CONTROL_BEGIN_MAX_MS);
    return begins_ms > engine->now_ms
               ? problem_set(problem, ERR_CONFLICT,
                             "campaign c%llu would begin more than %u days after it was made: "
                             "begin by %s, or make a new one later",
                             id, (unsigned)CONTROL_BEGIN_MAX_DAYS, latest)
               : problem_set(problem, ERR_CONFLICT,
                             "campaign c%llu was made more than %u days ago and could begin until "
                             "%s: make a new one",
                             id, (unsigned)CONTROL_BEGIN_MAX_DAYS, latest);
}

enum err control_launch(struct engine *engine, struct campaign *campaign, uint64_t at_ms,
                        struct problem *problem)
{
    uint64_t begins_ms = at_ms > engine->now_ms ? at_ms : engine->now_ms;
    uint64_t limit_ms = control_not_after_ms(campaign, begins_ms);
    if (limit_ms != 0 && limit_ms <= begins_ms) {
        char limit[TEXT_TIME_BYTES + 1];
        text_time_str(limit, limit_ms);
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu would begin after its not_after, %s, and reach nobody: "
                           "begin earlier, or make one with a later not_after",
                           (unsigned long long)campaign->def.id, limit);
    }
    if (begins_ms > campaign->def.created_ms + CONTROL_BEGIN_MAX_MS) {
        return refuse_age(engine, campaign, begins_ms, problem);
    }
    if (at_ms > engine->now_ms) {
        engine_decide_event(engine, campaign,
                            (struct event){.kind = CAMPAIGN_EVENT_SCHEDULED, .due_ms = at_ms});
    } else {
        begin(engine, campaign);
    }
    return ERR_OK;
}

/* ---- Stop rules ---- */

static uint64_t count_of(const struct campaign *campaign, enum stop_cause cause)
{
    return cause == STOP_COMPLAINED ? campaign->complained : campaign->counts[DELIVERY_FAILED];
}

static uint64_t since(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static bool is_broken(const struct stop_rule *rule, uint64_t count, uint64_t of)
{
    bool by_share =
        rule->percent != 0 && of > 0 && of >= rule->of_at_least && count * 100 > of * rule->percent;
    return by_share || (rule->count != 0 && count > rule->count);
}

void control_resume(struct engine *engine, struct campaign *campaign)
{
    engine_decide_event(engine, campaign,
                        (struct event){.kind = CAMPAIGN_EVENT_RESUMED,
                                       .lease = campaign->tried,
                                       .worker = count_of(campaign, STOP_COMPLAINED) << 32 |
                                                 count_of(campaign, STOP_FAILED)});
}

/* Whoever was tried stays so, also while he waits on a further step: a share of those of whom
 * something is known at the moment would be one of nobody while they climb. After a resume those
 * who had failed by then are in neither number. */
void control_check_stop(struct engine *engine, struct campaign *campaign)
{
    const struct control *control = &campaign->control;
    if (!campaign_is_sending(campaign) || campaign_left(campaign) == 0 || campaign->is_taking_in) {
        return;
    }
    for (enum stop_cause cause = 0; cause < STOP_CAUSES; cause++) {
        uint64_t count = since(count_of(campaign, cause), control->before[cause]);
        uint64_t tried = since(campaign->tried, control->before[cause]);
        if (is_broken(&campaign->def.control.stop[cause], count, tried)) {
            engine_decide_event(engine, campaign,
                                (struct event){.kind = CAMPAIGN_EVENT_STOPPED,
                                               .step = (uint8_t)cause,
                                               .lease = count,
                                               .worker = tried});
            engine_tell_all_stopped(engine, campaign);
            return;
        }
    }
}

/* ---- Time ---- */

/* 0: none. */
static uint64_t next_of(const struct campaign *campaign)
{
    if (campaign->state == CAMPAIGN_SCHEDULED) {
        return campaign->control.starts_ms;
    }
    bool is_begun = campaign->state == CAMPAIGN_RUNNING || campaign->state == CAMPAIGN_PAUSED;
    return is_begun && !campaign->control.is_expired ? campaign->control.not_after_ms : 0;
}

void control_run(struct engine *engine)
{
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    DL_FOREACH_SAFE(engine->live, campaign, next)
    {
        if (!is_past(engine, next_of(campaign))) {
            continue;
        }
        if (campaign->state == CAMPAIGN_SCHEDULED) {
            begin(engine, campaign);
        } else {
            expire(engine, campaign);
        }
    }
}

uint64_t control_next_ms(const struct engine *engine)
{
    uint64_t next_ms = UINT64_MAX;
    const struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        uint64_t at_ms = next_of(campaign);
        next_ms = at_ms != 0 && at_ms < next_ms ? at_ms : next_ms;
    }
    return next_ms;
}

/* ---- Questions ---- */

void control_view(const struct campaign *campaign, struct campaign_view *view)
{
    const struct control *control = &campaign->control;
    view->starts_ms = control->starts_ms;
    view->not_after_ms = control->not_after_ms;
    view->is_expired = control->is_expired != 0;
    view->superseded_by = control->superseded_by;
    view->is_stopped = control->stop_cause != 0 && campaign->state == CAMPAIGN_PAUSED;
    view->stop_cause = control->stop_cause == 0 ? 0 : (enum stop_cause)(control->stop_cause - 1);
    view->stop_count = control->stop_count;
    view->stop_of = control->stop_of;
}

enum delivery_event campaign_over(const struct campaign_view *view)
{
    bool is_ended = view->state == CAMPAIGN_FINISHED || view->state == CAMPAIGN_CANCELLED;
    if (is_ended && view->is_expired) {
        return DELIVERY_EVENT_EXPIRED;
    }
    return view->state == CAMPAIGN_CANCELLED ? DELIVERY_EVENT_CANCELLED : DELIVERY_EVENTS;
}
