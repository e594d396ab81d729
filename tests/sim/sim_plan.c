/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_plan.h"

#include <inttypes.h>

#include "tests/sim/sim.h"

#define DUE_STEP_MS 10 /* times are kept in these */

static const char ONE_STEP[] = "on a plan of one step, until accepted";

/* One event of one recipient. */
struct move {
    const struct sim *sim;
    const struct sim_campaign *campaign;
    const struct sim_recipient *recipient;
    const struct sim_course *course;
    const struct plan_step *step; /* on which he stands */
    const struct recipient_state *state;
    const struct event *event;
};

/* A wait is counted in 127ths of the step's time, rounded up or down. */
static uint64_t longest_wait_ms(const struct move *move)
{
    uint64_t within_ms = move->step->within_ms;
    return within_ms +
           move->course->waits * (within_ms / RECIPIENT_USED_MAX + DUE_STEP_MS + UINT64_C(1));
}

static const char *wrong_lease(const struct move *move)
{
    const struct plan_step *step = move->step;
    const struct recipient_state *state = move->state;
    const struct provider_def *provider = sim_provider_def(move->sim, move->event->provider);
    if (plan_is_left_out(&move->campaign->def.plan, move->event->step)) {
        return "on a step that is left out";
    }
    if (provider->channel != step->channel || (step->providers >> provider->id & 1) == 0) {
        return "by a provider that the step leaves out";
    }
    if (move->event->at_ms < move->course->due_ms) {
        return "before it is due";
    }
    if (state->endpoint != move->course->endpoint || state->endpoint >= step->endpoint_ranks) {
        return "at another endpoint than its next";
    }
    if (state->attempt >= step->attempts || state->repeats >= step->attempts) {
        return "once more than it may be tried";
    }
    return move->course->waited_ms > longest_wait_ms(move) ? "after its time" : NULL;
}

/* How the ladder ends for whom it stays unknown whether he was taken: unanswered if an earlier step
 * had reached him. */
static bool is_held(const struct event *event)
{
    return event->kind == DELIVERY_EVENT_HELD || event->kind == DELIVERY_EVENT_UNANSWERED;
}

/* The step is given up. Whoever is in doubt is held when no repetition is left. */
static const char *wrong_end(const struct move *move)
{
    uint16_t reason = move->event->reason;
    bool is_repetition = is_held(move->event) && move->state->uncertain;
    bool is_deferred = reason == SIM_REASON_DEFERRED && !is_repetition;
    bool is_endpoint = reason == SIM_REASON_REJECTED || reason == REASON_NO_ENDPOINT;
    if (is_deferred && move->state->attempt + 1u < move->step->attempts) {
        return "with attempts left";
    }
    bool is_of_round = move->recipient->round == move->campaign->round;
    bool is_bounced =
        move->state->state == DELIVERY_FAILED && !move->campaign->is_ending && is_of_round;
    return (is_endpoint || is_bounced) && move->state->endpoint + 1u < move->step->endpoint_ranks
               ? "with an endpoint left"
               : NULL;
}

static bool is_lost(const struct event *event)
{
    return event->reason == REASON_LEASE_EXPIRED || event->reason == REASON_WORKER_RESTARTED;
}

/* Whom a worker took with it goes again at once, while there is time. */
static bool is_held_early(const struct move *move)
{
    const struct plan_step *step = move->step;
    const struct event *event = move->event;
    uint64_t waited_ms = move->course->waited_ms + event->at_ms - move->course->leased_ms;
    uint64_t short_ms =
        (move->course->waits + 1) * (step->within_ms / RECIPIENT_USED_MAX + UINT64_C(1));
    return step->on_uncertain == PLAN_RESEND && is_lost(event) && !move->campaign->is_cancelled &&
           move->state->repeats + 1u < step->attempts && waited_ms + short_ms < step->within_ms;
}

static const char *wrong_hold(const struct move *move)
{
    return is_held_early(move) ? "although it may be repeated" : wrong_end(move);
}

static bool is_one_step_until_accepted(const struct move *move)
{
    const struct plan *plan = &move->campaign->def.plan;
    return plan->step_count == 1 && plan->steps[0].until == PLAN_ACCEPTED;
}

/* From a pair, or to it; not to a repetition. */
static bool is_between_tracks(const struct move *move)
{
    const struct plan *plan = &move->campaign->def.plan;
    bool is_repetition =
        plan_has_repetition(plan, move->state->step) && move->event->step == move->state->step + 1u;
    return !is_repetition &&
           (plan_is_paired(plan, move->state->step) || plan_is_beside(plan, move->event->step));
}

static const char *what_is_wrong(const struct move *move)
{
    switch ((enum delivery_event)move->event->kind) {
    case DELIVERY_EVENT_LEASED:
        return wrong_lease(move);
    case DELIVERY_EVENT_FAILED:
    case DELIVERY_EVENT_UNREACHABLE:
        return wrong_end(move);
    case DELIVERY_EVENT_REPEATED:
        return move->step->on_uncertain == PLAN_HOLD ? "although it is to be held" : NULL;
    case DELIVERY_EVENT_HELD:
        return wrong_hold(move);
    case DELIVERY_EVENT_CLIMBED:
        if (is_between_tracks(move)) {
            return NULL; /* sim_pair.c */
        }
        return is_one_step_until_accepted(move) ? ONE_STEP : wrong_end(move);
    case DELIVERY_EVENT_UNANSWERED:
        return is_one_step_until_accepted(move) ? ONE_STEP : wrong_hold(move);
    case DELIVERY_EVENT_ACKNOWLEDGED:
        return move->recipient->has_spoken ? NULL : "and never said so";
    case DELIVERY_EVENT_ACCEPTED:
    case DELIVERY_EVENT_DEFERRED:
    case DELIVERY_EVENT_RELEASED:
    case DELIVERY_EVENT_NEXT_ENDPOINT:
    case DELIVERY_EVENT_EXPIRED:
    case DELIVERY_EVENT_CANCELLED:
    case DELIVERY_EVENT_BARRED:
    case DELIVERY_EVENT_SUPPRESSED:
    case DELIVERY_EVENT_DELIVERED:
    case DELIVERY_EVENT_BOUNCED:
    case DELIVERY_EVENT_CONFIRMED:
    case DELIVERY_EVENT_COMPLAINED:
    case DELIVERY_EVENT_RETRIED:
    case DELIVERY_EVENTS:
        break;
    }
    return NULL;
}

/* Trouble uses the step's time, waiting for one's turn does not. */
static bool is_trouble(const struct event *event)
{
    return event->kind == DELIVERY_EVENT_DEFERRED || event->kind == DELIVERY_EVENT_REPEATED ||
           (event->kind == DELIVERY_EVENT_RELEASED && event->reason >= REASON_CONNECT_FAILED &&
            event->reason < REASON_DRAINED);
}

static void note_lease(struct sim_course *course, const struct event *event)
{
    course->lease = event->lease;
    course->leased_step = event->step;
    course->leased_ms = event->at_ms;
    course->ended_ms = SIM_NEVER_MS;
    course->is_recalled = false;
    course->is_of_past = false;
}

static void follow(const struct sim *sim, struct sim_course *course,
                   const struct recipient_state *state, const struct event *event)
{
    if (event->kind == DELIVERY_EVENT_LEASED) {
        note_lease(course, event);
        return;
    }
    if (delivery_event_is_remark((enum delivery_event)event->kind)) {
        return;
    }
    if (state->state == DELIVERY_LEASED) {
        course->ended_ms = sim->now_ms;
        course->is_lost = is_lost(event);
        course->was_lost |= course->is_lost;
        bool is_given_up = course->is_lost && event->kind != DELIVERY_EVENT_RELEASED;
        course->lost_in = is_given_up ? sim->coordinator.epoch : course->lost_in;
        course->is_recalled =
            event->kind == DELIVERY_EVENT_ACKNOWLEDGED || sim_receipts_is_of_receipt(event);
    }
    if (event->kind == DELIVERY_EVENT_CLIMBED || event->kind == DELIVERY_EVENT_RETRIED) {
        course->waited_ms = 0;
        course->waits = 0;
        course->endpoint = 0;
    }
    if (is_trouble(event) && event->due_ms > course->leased_ms) {
        course->waited_ms += event->due_ms - course->leased_ms;
        course->waits++;
    }
    course->endpoint += event->kind == DELIVERY_EVENT_NEXT_ENDPOINT;
    course->due_ms = event->due_ms;
}

void sim_plan_on_event(const struct sim *sim, unsigned c, uint32_t ordinal,
                       const struct recipient_state *state, const struct event *event)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    struct sim_recipient *recipient = &campaign->recipients[ordinal];
    struct sim_course *course = sim_journal_course(campaign, ordinal, event->step);
    const struct move move = {.sim = sim,
                              .campaign = campaign,
                              .recipient = recipient,
                              .course = course,
                              .step = &campaign->def.plan.steps[state->step],
                              .state = state,
                              .event = event};
    const char *wrong = what_is_wrong(&move);
    if (wrong != NULL) {
        sim_fail(sim,
                 "c%u/%u is %s %s: step %u, attempt %u, repeats %u, endpoint %u, waited %" PRIu64
                 " ms, due at %" PRIu64 ", now %" PRIu64,
                 c + 1, ordinal, delivery_event_name((enum delivery_event)event->kind), wrong,
                 state->step, state->attempt, state->repeats, state->endpoint, course->waited_ms,
                 course->due_ms, event->at_ms);
    }
    follow(sim, course, state, event);
}

/* Is a worker that the coordinator does not hear sure not to hear the coordinator either? Whoever
 * was frozen hears what was said long ago. */
static bool is_silence_mutual(const struct sim_settings *settings)
{
    return !settings->is_hostile && settings->full_chance == 0 && settings->clock_jump_ms == 0 &&
           settings->coordinator_freeze_ms == 0 && settings->worker_freeze_ms == 0 &&
           settings->lease_ms > 2 * (settings->heartbeat_ms + settings->delay_max_ms);
}

void sim_plan_check_start(const struct sim *sim, unsigned worker, unsigned campaign,
                          uint32_t ordinal, unsigned step)
{
    const struct sim_settings *settings = &sim->settings;
    const struct sim_course *course =
        sim_journal_course(&sim->journal.campaigns[campaign], ordinal, step);
    uint64_t ended_ms = course->ended_ms;
    /* How much later than the coordinator of it may it have heard of the coordinator last? */
    uint64_t late_ms = 2 * ((uint64_t)settings->heartbeat_ms + settings->delay_max_ms);
    /* A link that was down may let it hear again just before it is heard. */
    bool is_cut_off = sim->now_ms > sim->workers[worker].heard_ms + settings->lease_ms;
    if (is_silence_mutual(settings) && !course->is_recalled && ended_ms != SIM_NEVER_MS &&
        is_cut_off && sim->now_ms > ended_ms + late_ms) {
        sim_fail(sim, "c%u/%u is sent to %u ms after its lease was over", campaign + 1, ordinal,
                 (unsigned)(sim->now_ms - ended_ms));
    }
}
