/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_ladder.h"

#include <inttypes.h>

#include "common/mem.h"
#include "coordinator/engine/pair.h"
#include "proto/outcome.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_audience.h"
#include "tests/sim/sim_pair.h"

/* One event of one recipient. */
struct rung {
    struct sim *sim;
    unsigned campaign;
    uint32_t ordinal;
    const struct recipient_state *state;
    const struct event *event;
    struct sim_ladder *ladder;
    struct sim_ladder *track; /* what is of the step that the event is of */
};

static _Noreturn void fail(const struct rung *rung, const char *what)
{
    sim_fail(
        rung->sim, "c%u/%u on step %u, %s, meets %s (%u): %s", rung->campaign + 1, rung->ordinal,
        rung->state->step, delivery_state_name((enum delivery_state)rung->state->state),
        delivery_event_name((enum delivery_event)rung->event->kind), rung->event->reason, what);
}

static const struct sim_campaign *campaign_of(const struct rung *rung)
{
    return &rung->sim->journal.campaigns[rung->campaign];
}

static const struct plan_step *step_of(const struct rung *rung)
{
    return &campaign_of(rung)->def.plan.steps[rung->state->step];
}

static bool is_paired(const struct rung *rung)
{
    return plan_is_paired(&campaign_of(rung)->def.plan, rung->state->step);
}

/* The event begins a step beside the ladder. */
static bool is_beginning_beside(const struct rung *rung)
{
    const struct plan *plan = &campaign_of(rung)->def.plan;
    return rung->event->kind == DELIVERY_EVENT_CLIMBED && plan_is_beside(plan, rung->event->step) &&
           plan->steps[rung->event->step].repeat == 0;
}

/* The event is the climb to the next repetition of a step. */
static bool is_repetition(const struct rung *rung)
{
    return rung->event->kind == DELIVERY_EVENT_CLIMBED &&
           plan_has_repetition(&campaign_of(rung)->def.plan, rung->state->step) &&
           rung->event->step == rung->state->step + 1u;
}

static bool is_last_step(const struct rung *rung)
{
    const struct plan *plan = &campaign_of(rung)->def.plan;
    return plan_next(plan, rung->state->step) == plan->step_count;
}

static bool is_over_time(const struct event *event)
{
    return event->reason == REASON_NOT_ACKNOWLEDGED || event->reason == REASON_NOT_DELIVERED;
}

/* Whom the message cannot be sent to passes over its repetitions. */
static unsigned step_after(const struct rung *rung)
{
    uint16_t reason = rung->event->reason;
    return is_over_time(rung->event) || reason == REASON_TIME_USED
               ? plan_next(&campaign_of(rung)->def.plan, rung->state->step)
               : plan_next_written(&campaign_of(rung)->def.plan, rung->state->step);
}

/* ---- How long a step lasts ---- */

/* At least so long from now on. */
static uint64_t left_ms(const struct rung *rung)
{
    uint64_t within_ms = step_of(rung)->within_ms;
    uint64_t used = rung->state->used;
    const struct sim_course *course =
        sim_journal_course(campaign_of(rung), rung->ordinal, rung->event->step);
    uint64_t most = course->waited_ms * RECIPIENT_USED_MAX + course->waits * within_ms;
    if (used * within_ms > most) {
        fail(rung, "more of the step's time is used than was waited");
    }
    return used == 0 ? within_ms : within_ms / RECIPIENT_USED_MAX * (RECIPIENT_USED_MAX - used);
}

/* Refused on the last step: only what may have arrived before is left. */
static bool is_refused_at_last(const struct rung *rung)
{
    uint16_t reason = rung->event->reason;
    bool is_last = step_after(rung) == campaign_of(rung)->def.plan.step_count;
    return rung->event->kind == DELIVERY_EVENT_HELD && is_last &&
           (reason == SIM_REASON_REJECTED || reason == REASON_NO_ENDPOINT ||
            reason == REASON_VARIABLE_MISSING ||
            (!rung->state->uncertain &&
             (reason == SIM_REASON_DEFERRED || reason == REASON_TIME_USED)));
}

bool sim_ladder_is_over(const struct recipient_state *state)
{
    return state->state == DELIVERY_UNCERTAIN && !recipient_is_open(state);
}

static uint64_t due_ms(const struct rung *rung)
{
    return campaign_of(rung)->def.created_ms + (uint64_t)rung->state->due_cs * 10;
}

static void open_step(const struct rung *rung)
{
    const struct event *event = rung->event;
    bool may_be_over = campaign_of(rung)->is_cancelled || is_refused_at_last(rung) ||
                       sim_ladder_is_over(rung->state) || reason_is_suppression(event->reason) ||
                       rung->state->state == DELIVERY_FAILED;
    if (recipient_is_open(rung->state) && event->due_ms == due_ms(rung)) {
        return; /* who is open keeps his time */
    }
    rung->track->ends_ms = 0;
    if (event->due_ms == 0 && (step_of(rung)->until == PLAN_ACCEPTED || may_be_over)) {
        return;
    }
    uint64_t least_ms = event->at_ms + left_ms(rung);
    uint64_t most_ms = event->at_ms + step_of(rung)->within_ms;
    if (step_of(rung)->until == PLAN_ACCEPTED || event->due_ms < least_ms ||
        event->due_ms > most_ms) {
        fail(rung, "it is open for another time than the plan says");
    }
    rung->track->ends_ms = least_ms;
}

/* ---- Events ---- */

static void check_unanswered(const struct rung *rung)
{
    bool is_for_receipt = step_of(rung)->until == PLAN_DELIVERED;
    bool is_of_pair =
        rung->event->kind == DELIVERY_EVENT_CLIMBED && is_paired(rung) && !is_repetition(rung);
    if (!is_over_time(rung->event) || is_beginning_beside(rung) || is_of_pair) {
        return; /* of a pair, whose time must be over is another one, or both: sim_pair.c */
    }
    if (is_for_receipt != (rung->event->reason == REASON_NOT_DELIVERED)) {
        fail(rung, "its step waits for something else");
    }
    if (rung->track->ends_ms == 0 || rung->event->at_ms < rung->track->ends_ms) {
        fail(rung, "its time is not over");
    }
    if (campaign_of(rung)->is_paused) {
        fail(rung, "the campaign is paused");
    }
    if (!is_paired(rung) && (rung->event->kind == DELIVERY_EVENT_CLIMBED) == is_last_step(rung)) {
        fail(rung, "who has a further step climbs, and nobody else");
    }
    if (is_paired(rung) && !is_repetition(rung) &&
        plan_has_repetition(&campaign_of(rung)->def.plan, rung->state->step)) {
        fail(rung, "a repetition is left");
    }
}

/* No provider of his step could be used. */
static void check_down(const struct rung *rung)
{
    const struct plan_step *step = step_of(rung);
    if (step->if_down != PLAN_DOWN_CLIMB || rung->ladder->is_back) {
        fail(rung, "he is to wait while the step is down");
    }
    if (rung->state->uncertain && step->until == PLAN_ACCEPTED) {
        fail(rung, "he may have been reached");
    }
    rung->ladder->was_down = true;
    rung->sim->totals->health.downs++;
}

/* Nothing was sent to him, and he passed by a step that was down: he goes back there, once. */
static void go_back(const struct rung *rung)
{
    const struct plan *plan = &campaign_of(rung)->def.plan;
    unsigned first = plan_first(plan);
    while (first < plan->step_count && plan->steps[first].if_down != PLAN_DOWN_CLIMB) {
        first = plan_next(plan, first);
    }
    if (!rung->ladder->was_down || rung->ladder->is_back) {
        fail(rung, "he passed by nothing, or was back before");
    }
    if (first == plan->step_count || rung->event->step != plan_first_of_pair(plan, first)) {
        fail(rung, "it is gone back to the first step that climbs while it is down");
    }
    if (rung->state->tried || campaign_of(rung)->was_cancelled ||
        track_is_under_way(rung->state) !=
            (rung->state->state == DELIVERY_LEASED || rung->state->state == DELIVERY_WAITING)) {
        fail(rung, "something was sent to him, or nothing can be");
    }
    rung->ladder->is_back = true;
    rung->sim->totals->health.backs++;
}

/* One of two steps at once, while its channel is down. */
static void give_up(const struct rung *rung)
{
    bool is_held = rung->event->kind == DELIVERY_EVENT_HELD;
    bool is_waiting =
        rung->state->state == DELIVERY_WAITING || rung->state->state == DELIVERY_RETRYING;
    check_down(rung);
    rung->track->ends_ms = 0;
    if (!is_paired(rung) || !is_waiting || rung->event->due_ms != 0) {
        fail(rung, "only who waits on one of two steps gives it up");
    }
    if (is_held != (rung->state->uncertain != 0)) {
        fail(rung, "who is in doubt stays so, and nobody else");
    }
}

/* Nobody climbs from a pair who is not done with its first step; the one beside: sim_pair.c. */
static void climb_from_pair(const struct rung *rung)
{
    bool is_taken =
        rung->state->state == DELIVERY_ACCEPTED || rung->state->state == DELIVERY_UNCERTAIN;
    const struct plan *plan = &campaign_of(rung)->def.plan;
    if (!plan_has_beside(plan, rung->state->step) ||
        rung->event->step != plan_next_of_pair(plan, rung->state->step)) {
        fail(rung, "from a pair it is climbed to the step after it");
    }
    if (track_is_under_way(rung->state) || (is_taken && step_of(rung)->until == PLAN_ACCEPTED)) {
        fail(rung, "nothing of this step has failed");
    }
}

static void climb(const struct rung *rung)
{
    rung->track->is_held = false;
    rung->track->ends_ms = 0;
    if (is_beginning_beside(rung)) {
        if (track_is_under_way(rung->state)) {
            fail(rung, "the step beside has not ended");
        }
        campaign_of(rung)->recipients[rung->ordinal].side_round =
            campaign_of(rung)->recipients[rung->ordinal].round;
        return;
    }
    if (rung->event->reason == REASON_PASSED_BY) {
        go_back(rung);
        return;
    }
    if (is_paired(rung) && !is_repetition(rung)) {
        climb_from_pair(rung);
        return;
    }
    if (rung->event->step != step_after(rung) || is_last_step(rung)) {
        fail(rung, "steps are climbed one by one");
    }
    if (rung->event->reason == REASON_CHANNEL_DOWN) {
        check_down(rung);
    } else if (rung->state->state != DELIVERY_LEASED && rung->state->state != DELIVERY_FAILED &&
               !is_over_time(rung->event) && !reason_is_suppression(rung->event->reason)) {
        fail(rung, "nothing of this step has failed");
    }
}

static void note_held(const struct rung *rung)
{
    rung->track->is_held |= rung->state->uncertain || sim_attempt_is_doubt(rung->event->reason);
}

static void take(const struct rung *rung)
{
    const struct sim_recipient *recipient = &campaign_of(rung)->recipients[rung->ordinal];
    int step = sim_ladder_is_over(rung->state) ? -1 : rung->state->step;
    if (sim_attempt_sum(recipient, step).accepts == 0) {
        fail(rung, "no provider took it on this step");
    }
    rung->ladder->is_heard |= sim_receipts_is_of_receipt(rung->event);
    rung->ladder->accepted |= (uint16_t)(1u << rung->state->step);
    open_step(rung);
}

static void lease(const struct rung *rung)
{
    if (campaign_of(rung)->is_paused) {
        fail(rung, "the campaign is paused");
    }
}

/* ---- Receipts ---- */

static const struct sim_recipient *recipient_of(const struct rung *rung)
{
    return &campaign_of(rung)->recipients[rung->ordinal];
}

static bool is_heard_of_present(const struct rung *rung, enum receipt_kind kind)
{
    return sim_attempt_is_heard(recipient_of(rung), rung->state->step,
                                recipient_attempt_number(rung->state), kind);
}

/* A receipt says so of an attempt on a step that wanted no more. */
static bool is_step_met(const struct rung *rung)
{
    const struct plan *plan = &campaign_of(rung)->def.plan;
    for (const struct sim_attempt *a = recipient_of(rung)->attempts; a != NULL; a = a->next) {
        if (plan->steps[a->step].until != PLAN_ACKNOWLEDGED &&
            (a->heard >> RECEIPT_DELIVERED & 1) != 0) {
            return true;
        }
    }
    return false;
}

/* Nothing more will be tried of him. */
static bool is_at_end(const struct rung *rung)
{
    const struct recipient_state *state = rung->state;
    bool is_under_way = state->state == DELIVERY_WAITING || state->state == DELIVERY_RETRYING ||
                        state->state == DELIVERY_LEASED || recipient_is_open(state);
    /* Held, where no more than accepted was wanted. */
    bool is_settled = step_of(rung)->until == PLAN_ACCEPTED &&
                      (state->uncertain || sim_attempt_is_doubt(rung->event->reason));
    bool is_last = step_after(rung) == campaign_of(rung)->def.plan.step_count;
    bool is_closing = state->before == BEFORE_DELIVERED && (is_last || is_settled);
    return !is_under_way || is_closing || campaign_of(rung)->is_ending ||
           recipient_of(rung)->bars.is_whole;
}

static void deliver(const struct rung *rung)
{
    rung->ladder->was_delivered = true;
    rung->ladder->is_heard = true;
    if (!sim_attempt_is_heard(recipient_of(rung), -1, 0, RECEIPT_DELIVERED)) {
        fail(rung, "no receipt says so");
    }
    if (rung->event->due_ms == 0) {
        rung->track->is_done = !is_paired(rung) || is_step_met(rung);
        if (!is_step_met(rung) && !is_at_end(rung)) {
            fail(rung, "an acknowledgement is waited for");
        }
        return;
    }
    if (step_of(rung)->until != PLAN_ACKNOWLEDGED ||
        !is_heard_of_present(rung, RECEIPT_DELIVERED)) {
        fail(rung, "nothing more is waited for");
    }
    open_step(rung);
}

static void confirm(const struct rung *rung)
{
    if (!sim_attempt_is_heard(recipient_of(rung), -1, 0, RECEIPT_DELIVERED) ||
        rung->state->before == BEFORE_DELIVERED) {
        fail(rung, "no receipt says so, or it was known");
    }
    rung->ladder->was_delivered = true;
    rung->ladder->is_heard = true;
}

static void bounce(const struct rung *rung)
{
    unsigned on_step = 1u << rung->state->step;
    if (!is_heard_of_present(rung, RECEIPT_FAILED) && !is_heard_of_present(rung, RECEIPT_BOUNCED)) {
        fail(rung, "no receipt of this attempt says so");
    }
    rung->ladder->is_heard = true;
    rung->track->is_held = false;
    rung->track->ends_ms = 0;
    rung->ladder->accepted &= (uint16_t)~on_step;
    rung->ladder->bounced |= (uint16_t)on_step;
    bool is_of_round = recipient_of(rung)->round == campaign_of(rung)->round;
    rung->ladder->is_late_bounce |= campaign_of(rung)->is_ending || !is_of_round;
}

static void complain(const struct rung *rung)
{
    if (rung->state->complained ||
        !sim_attempt_is_heard(recipient_of(rung), -1, 0, RECEIPT_COMPLAINED)) {
        fail(rung, "no receipt says so, or it was known");
    }
}

/* Who knows, and who was delivered where nothing more is waited for, is done with. */
static void check_done(const struct rung *rung)
{
    enum delivery_event kind = (enum delivery_event)rung->event->kind;
    bool is_remark = delivery_event_is_remark(kind);
    bool is_both = rung->track != rung->ladder && kind == DELIVERY_EVENT_ACKNOWLEDGED;
    if (rung->ladder->is_acknowledged && kind != DELIVERY_EVENT_COMPLAINED && !is_both) {
        fail(rung, "it was acknowledged before");
    }
    if (rung->track->is_done && !is_remark && kind != DELIVERY_EVENT_ACKNOWLEDGED) {
        fail(rung, "it was delivered before, and nothing more was waited for");
    }
}

static void note_lost(const struct rung *rung)
{
    struct sim_journal *journal = &rung->sim->journal;
    const struct sim_course *course =
        sim_journal_course(campaign_of(rung), rung->ordinal, rung->event->step);
    if (course->lost_in == rung->sim->coordinator.epoch) {
        journal->lost = mem_resize(journal->lost, journal->lost_count + 1, sizeof(*journal->lost));
        journal->lost[journal->lost_count++] = (struct sim_lost){rung->campaign, rung->ordinal};
    }
}

static void hold(const struct rung *rung)
{
    note_held(rung);
    if (rung->event->reason == REASON_CHANNEL_DOWN) {
        give_up(rung);
    } else if (!is_over_time(rung->event)) {
        open_step(rung);
    }
}

static void acknowledge(const struct rung *rung)
{
    note_lost(rung);
    if (!rung->ladder->is_acknowledged) {
        rung->ladder->acknowledged_ms = rung->sim->now_ms;
    }
    rung->ladder->is_acknowledged = true;
}

static void follow(const struct rung *rung)
{
    switch ((enum delivery_event)rung->event->kind) {
    case DELIVERY_EVENT_LEASED:
        lease(rung);
        return;
    case DELIVERY_EVENT_ACCEPTED:
        take(rung);
        return;
    case DELIVERY_EVENT_UNANSWERED:
        note_held(rung);
        rung->track->is_done |= rung->state->state == DELIVERY_DELIVERED &&
                                !(is_paired(rung) && is_over_time(rung->event));
        return;
    case DELIVERY_EVENT_DELIVERED:
        deliver(rung);
        return;
    case DELIVERY_EVENT_CONFIRMED:
        confirm(rung);
        return;
    case DELIVERY_EVENT_BOUNCED:
        bounce(rung);
        return;
    case DELIVERY_EVENT_COMPLAINED:
        complain(rung);
        return;
    case DELIVERY_EVENT_HELD:
        hold(rung);
        return;
    case DELIVERY_EVENT_FAILED:
        if (rung->event->reason == REASON_CHANNEL_DOWN) {
            give_up(rung);
        }
        return;
    case DELIVERY_EVENT_CLIMBED:
        climb(rung);
        return;
    case DELIVERY_EVENT_ACKNOWLEDGED:
        acknowledge(rung);
        return;
    case DELIVERY_EVENT_DEFERRED:
    case DELIVERY_EVENT_REPEATED:
    case DELIVERY_EVENT_RELEASED:
    case DELIVERY_EVENT_NEXT_ENDPOINT:
    case DELIVERY_EVENT_UNREACHABLE:
    case DELIVERY_EVENT_EXPIRED:
    case DELIVERY_EVENT_CANCELLED:
    case DELIVERY_EVENT_BARRED:
    case DELIVERY_EVENT_SUPPRESSED:
    case DELIVERY_EVENT_RETRIED:
    case DELIVERY_EVENTS:
        return;
    }
}

void sim_ladder_on_event(struct sim *sim, unsigned c, uint32_t ordinal,
                         const struct recipient_state *state, const struct event *event)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    struct sim_recipient *recipient = &campaign->recipients[ordinal];
    bool is_beside = plan_is_beside(&campaign->def.plan, event->step);
    const struct rung rung = {.sim = sim,
                              .campaign = c,
                              .ordinal = ordinal,
                              .state = state,
                              .event = event,
                              .ladder = &recipient->ladder,
                              .track = is_beside ? &recipient->side : &recipient->ladder};
    check_done(&rung);
    bool is_of_another =
        event->kind == DELIVERY_EVENT_CLIMBED || event->kind == DELIVERY_EVENT_RETRIED;
    if (!is_of_another && event->step != state->step) {
        fail(&rung, "it is an event of another step");
    }
    check_unanswered(&rung);
    follow(&rung);
}
