/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_plan.h"

#include <inttypes.h>

#include "tests/sim/sim.h"

#define DUE_STEP_MS 10 /* times are kept in these */

/* A wait is counted in 255ths of the step's time, rounded up or down. */
static uint64_t longest_wait_ms(const struct plan_step *step, const struct sim_recipient *recipient)
{
    return step->within_ms +
           recipient->waits * (step->within_ms / UINT8_MAX + DUE_STEP_MS + UINT64_C(1));
}

static const char *wrong_lease(const struct plan_step *step, const struct sim_recipient *recipient,
                               const struct recipient_state *state, const struct event *event)
{
    if (event->at_ms < recipient->due_ms) {
        return "before it is due";
    }
    if (state->endpoint != recipient->endpoint || state->endpoint >= step->endpoint_ranks) {
        return "at another endpoint than its next";
    }
    if (state->attempt >= step->attempts || state->repeats >= step->attempts) {
        return "once more than it may be tried";
    }
    return recipient->waited_ms > longest_wait_ms(step, recipient) ? "after its time" : NULL;
}

static const char *wrong_end(const struct plan_step *step, const struct recipient_state *state,
                             const struct event *event)
{
    bool is_deferred = event->reason == SIM_REASON_DEFERRED;
    bool is_endpoint = event->reason == SIM_REASON_REJECTED || event->reason == REASON_NO_ENDPOINT;
    if (is_deferred && state->attempt + 1u < step->attempts) {
        return "with attempts left";
    }
    return is_endpoint && state->endpoint + 1u < step->endpoint_ranks ? "with an endpoint left"
                                                                      : NULL;
}

/* Whom a worker took with it goes again at once, while there is time. */
static bool is_held_early(const struct sim *sim, const struct campaign_def *def,
                          const struct sim_recipient *recipient,
                          const struct recipient_state *state, const struct event *event)
{
    struct campaign_view view;
    const struct plan_step *step = &def->plan.steps[0];
    bool is_lost =
        event->reason == REASON_LEASE_EXPIRED || event->reason == REASON_WORKER_RESTARTED;
    bool is_cancelled = !engine_campaign(sim->coordinator.engine, def->id, &view) ||
                        view.state == CAMPAIGN_CANCELLED;
    uint64_t waited_ms = recipient->waited_ms + event->at_ms - recipient->leased_ms;
    uint64_t short_ms = (recipient->waits + 1) * (step->within_ms / UINT8_MAX + UINT64_C(1));
    return step->on_uncertain == PLAN_RESEND && is_lost && !is_cancelled &&
           state->repeats + 1u < step->attempts && waited_ms + short_ms < step->within_ms;
}

static const char *what_is_wrong(const struct sim *sim, const struct campaign_def *def,
                                 const struct sim_recipient *recipient,
                                 const struct recipient_state *state, const struct event *event)
{
    const struct plan_step *step = &def->plan.steps[0];
    switch ((enum delivery_event)event->kind) {
    case DELIVERY_EVENT_LEASED:
        return wrong_lease(step, recipient, state, event);
    case DELIVERY_EVENT_FAILED:
    case DELIVERY_EVENT_UNREACHABLE:
        return wrong_end(step, state, event);
    case DELIVERY_EVENT_REPEATED:
        return step->on_uncertain == PLAN_HOLD ? "although it is to be held" : NULL;
    case DELIVERY_EVENT_HELD:
        return is_held_early(sim, def, recipient, state, event) ? "although it may be repeated"
                                                                : NULL;
    case DELIVERY_EVENT_CLIMBED:
    case DELIVERY_EVENT_ACKNOWLEDGED:
    case DELIVERY_EVENT_UNANSWERED:
        return "on a plan of one step, until accepted";
    case DELIVERY_EVENT_ACCEPTED:
    case DELIVERY_EVENT_DEFERRED:
    case DELIVERY_EVENT_RELEASED:
    case DELIVERY_EVENT_NEXT_ENDPOINT:
    case DELIVERY_EVENT_EXPIRED:
    case DELIVERY_EVENT_CANCELLED:
    case DELIVERY_EVENTS:
        break;
    }
    return NULL;
}

/* Trouble uses the step's time, waiting for one's turn does not. */
static bool is_trouble(const struct event *event)
{
    return event->kind == DELIVERY_EVENT_DEFERRED || event->kind == DELIVERY_EVENT_REPEATED ||
           (event->kind == DELIVERY_EVENT_RELEASED && event->reason == REASON_CONNECT_FAILED);
}

static void follow(const struct sim *sim, struct sim_recipient *recipient,
                   const struct event *event)
{
    recipient->ended_ms = sim->now_ms;
    if (event->kind == DELIVERY_EVENT_LEASED) {
        recipient->lease = event->lease;
        recipient->leased_ms = event->at_ms;
        recipient->ended_ms = SIM_NEVER_MS;
        return;
    }
    if (is_trouble(event) && event->due_ms > recipient->leased_ms) {
        recipient->waited_ms += event->due_ms - recipient->leased_ms;
        recipient->waits++;
    }
    recipient->endpoint += event->kind == DELIVERY_EVENT_NEXT_ENDPOINT;
    recipient->due_ms = event->due_ms;
}

void sim_plan_check(const struct sim *sim, unsigned campaign, uint32_t ordinal,
                    const struct recipient_state *state, const struct event *event)
{
    const struct sim_campaign *own = &sim->journal.campaigns[campaign];
    struct sim_recipient *recipient = &own->recipients[ordinal];
    const char *wrong = what_is_wrong(sim, &own->def, recipient, state, event);
    if (wrong != NULL) {
        sim_fail(sim,
                 "c%u/%u is %s %s: attempt %u, repeats %u, endpoint %u, waited %" PRIu64
                 " ms, due at %" PRIu64 ", now %" PRIu64,
                 campaign + 1, ordinal, delivery_event_name((enum delivery_event)event->kind),
                 wrong, state->attempt, state->repeats, state->endpoint, recipient->waited_ms,
                 recipient->due_ms, event->at_ms);
    }
    follow(sim, recipient, event);
}

/* Is a worker that the coordinator does not hear sure not to hear the coordinator either? Whoever
 * was frozen hears what was said long ago. */
static bool is_silence_mutual(const struct sim_settings *settings)
{
    return !settings->is_hostile && settings->full_chance == 0 && settings->clock_jump_ms == 0 &&
           settings->coordinator_freeze_ms == 0 && settings->worker_freeze_ms == 0 &&
           settings->lease_ms > 2 * (settings->heartbeat_ms + settings->delay_max_ms);
}

void sim_plan_check_start(const struct sim *sim, unsigned campaign, uint32_t ordinal)
{
    const struct sim_settings *settings = &sim->settings;
    uint64_t ended_ms = sim->journal.campaigns[campaign].recipients[ordinal].ended_ms;
    /* How much later than the coordinator of it may it have heard of the coordinator last? */
    uint64_t late_ms = 2 * ((uint64_t)settings->heartbeat_ms + settings->delay_max_ms);
    if (is_silence_mutual(settings) && ended_ms != SIM_NEVER_MS &&
        sim->now_ms > ended_ms + late_ms) {
        sim_fail(sim, "c%u/%u is sent to %u ms after its lease was over", campaign + 1, ordinal,
                 (unsigned)(sim->now_ms - ended_ms));
    }
}
