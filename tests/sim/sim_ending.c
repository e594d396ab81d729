/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_ending.h"

#include "tests/sim/sim.h"
#include "tests/sim/sim_audience.h"
#include "tests/sim/sim_pair.h"

void sim_ending_check_campaign(struct sim *sim, unsigned c)
{
    for (uint32_t ordinal = 0; ordinal < sim->journal.campaigns[c].def.slots; ordinal++) {
        struct recipient_state state = sim_journal_state(&sim->journal, c, ordinal);
        if (!delivery_state_is_final((enum delivery_state)state.state) ||
            recipient_is_open(&state)) {
            sim_fail(sim, "c%u has ended, but %u is still %s on step %u", c + 1, ordinal,
                     delivery_state_name((enum delivery_state)state.state), state.step);
        }
    }
}

struct ending {
    const struct sim *sim;
    unsigned campaign;
    uint32_t ordinal;
    struct recipient_state state;
    struct sim_ladder ladder;
    struct sim_attempt sum; /* of all attempts */
    bool is_exhausted;      /* no further step, cancelled, or all of him is suppressed */
    bool is_settled;        /* accepted, or held, on a step that wants no more than that */
    struct sim_row row;
};

static bool is_settled(const struct ending *ending, const struct plan *plan, unsigned step,
                       bool is_held)
{
    return plan->steps[step].until == PLAN_ACCEPTED &&
           (is_held || (ending->ladder.accepted >> step & 1) != 0);
}

/* The frequency cap ends the ladder, also where one message of a pair had failed before. */
static bool may_be_capped(const struct sim *sim, unsigned c, uint32_t ordinal)
{
    struct recipient_state ladder = sim_journal_track(&sim->journal, c, ordinal, 0);
    struct recipient_state side = sim_pair_side(sim, c, ordinal);
    return sim->journal.campaigns[c].def.cap_messages > 0 &&
           (ladder.state == DELIVERY_SUPPRESSED || side.state == DELIVERY_SUPPRESSED);
}

static struct ending ending_of(const struct sim *sim, unsigned c, uint32_t ordinal)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    const struct sim_recipient *recipient = &campaign->recipients[ordinal];
    struct ending ending = {.sim = sim, .campaign = c, .ordinal = ordinal};
    ending.state = sim_journal_state(&sim->journal, c, ordinal);
    ending.ladder = recipient->ladder;
    ending.sum = sim_attempt_sum(recipient, -1);
    const struct plan *plan = &campaign->def.plan;
    unsigned step = sim_journal_track(&sim->journal, c, ordinal, 0).step;
    unsigned beside = sim_pair_side(sim, c, ordinal).step;
    bool is_pair = plan_has_beside(plan, step);
    unsigned next = is_pair ? plan_next_of_pair(plan, step) : plan_next_written(plan, step);
    ending.is_exhausted = campaign->is_cancelled || recipient->bars.is_whole ||
                          recipient->ladder.is_late_bounce || next == plan->step_count ||
                          (is_pair && may_be_capped(sim, c, ordinal));
    ending.is_settled = is_settled(&ending, plan, step, recipient->ladder.is_held) ||
                        (is_pair && is_settled(&ending, plan, beside, recipient->side.is_held));
    ending.row = sim_audience_row(&sim->settings, c, ordinal);
    return ending;
}

static const char *wrong_reached(const struct ending *ending)
{
    bool is_accepted = ending->ladder.accepted != 0 && ending->sum.accepts > 0;
    if (ending->state.state == DELIVERY_ACCEPTED && !is_accepted) {
        return "but no provider took it";
    }
    if (ending->state.state == DELIVERY_UNCERTAIN && ending->ladder.accepted != 0) {
        return "but was accepted";
    }
    if (ending->state.state == DELIVERY_UNCERTAIN && ending->sum.marks == 0) {
        return "but nothing was uncertain";
    }
    return ending->is_exhausted || ending->is_settled ? NULL : "but has further steps";
}

/* On one of the steps that he was on. */
static bool has_endpoint(const struct ending *ending)
{
    const struct plan *plan = &ending->sim->settings.campaigns[ending->campaign].def.plan;
    for (unsigned s = plan_first(plan); s <= ending->state.step; s = plan_next(plan, s)) {
        enum page_field field = sim_settings_field(plan->steps[s].channel);
        for (unsigned rank = 0; rank < plan->steps[s].endpoint_ranks; rank++) {
            if (ending->row.endpoint[field][rank][0] != '\0') {
                return true;
            }
        }
    }
    return false;
}

static const char *wrong_unreached(const struct ending *ending)
{
    const struct sim_campaign *campaign = &ending->sim->journal.campaigns[ending->campaign];
    if (ending->sum.accepts + ending->sum.marks > 0) {
        return "but may have been reached";
    }
    if (ending->state.state == DELIVERY_CANCELLED && !campaign->is_cancelled) {
        return "but its campaign is not";
    }
    if (ending->state.state == DELIVERY_UNREACHABLE && has_endpoint(ending)) {
        return "but has an endpoint";
    }
    if (ending->state.state == DELIVERY_FAILED && ending->sum.starts == 0 &&
        ending->row.name[0] != '\0' && !ending->ladder.was_down) {
        return "but was never tried";
    }
    return ending->is_exhausted ? NULL : "but has further steps";
}

/* What is wrong with how he ended; NULL: nothing. */
static const char *wrong_end(const struct ending *ending)
{
    if (ending->ladder.is_acknowledged != (ending->state.state == DELIVERY_ACKNOWLEDGED)) {
        return ending->ladder.is_acknowledged ? "but acknowledged" : "but never said so";
    }
    if (ending->row.is_hole != (ending->state.state == DELIVERY_NONE)) {
        return ending->row.is_hole ? "but is nobody" : "but is somebody";
    }
    bool is_known = ending->state.state == DELIVERY_DELIVERED || ending->ladder.is_acknowledged;
    if (ending->ladder.was_delivered && !is_known) {
        return "but was delivered";
    }
    switch ((enum delivery_state)ending->state.state) {
    case DELIVERY_NONE:
    case DELIVERY_ACKNOWLEDGED:
        return NULL;
    case DELIVERY_DELIVERED:
        return ending->ladder.was_delivered ? NULL : "but no receipt says so";
    case DELIVERY_ACCEPTED:
    case DELIVERY_UNCERTAIN:
        return wrong_reached(ending);
    case DELIVERY_CANCELLED:
    case DELIVERY_UNREACHABLE:
    case DELIVERY_FAILED:
    case DELIVERY_EXPIRED:
        return wrong_unreached(ending);
    case DELIVERY_SUPPRESSED:
        return ending->sum.accepts + ending->sum.marks > 0 ? "but may have been reached" : NULL;
    case DELIVERY_WAITING:
    case DELIVERY_LEASED:
    case DELIVERY_RETRYING:
    case DELIVERY_STATES:
        break;
    }
    return "which is no end";
}

void sim_ending_check(struct sim *sim, unsigned c, uint32_t ordinal)
{
    struct ending ending = ending_of(sim, c, ordinal);
    const char *wrong = wrong_end(&ending);
    sim->totals->by_state[ending.state.state]++;
    sim->totals->by_step[ending.state.step] += ending.state.state != DELIVERY_NONE;
    if (wrong != NULL) {
        sim_fail(sim, "c%u/%u ends as %s on step %u, %s", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)ending.state.state), ending.state.step,
                 wrong);
    }
}
