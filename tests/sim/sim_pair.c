/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_pair.h"

#include "coordinator/engine/pair.h"
#include "tests/sim/sim.h"

struct recipient_state sim_pair_side(const struct sim *sim, unsigned c, uint32_t ordinal)
{
    const struct campaign *fold = sim->journal.campaigns[c].fold;
    if (!campaign_has_pair(fold)) {
        return (struct recipient_state){.state = DELIVERY_NONE};
    }
    return campaign_recipient(fold, campaign_other_page(fold, ordinal / PAGE_RECIPIENTS),
                              ordinal % PAGE_RECIPIENTS);
}

/* The step beside came to what it waits for: then the ladder stays. */
static bool is_satisfied(const struct plan *plan, const struct recipient_state *side)
{
    bool is_reached = side->state == DELIVERY_ACCEPTED || side->state == DELIVERY_UNCERTAIN;
    return is_reached && plan->steps[side->step].until == PLAN_ACCEPTED;
}

/* is_of_past: what he came to beside is of an earlier round. NULL: nothing. */
static const char *what_is_wrong(const struct plan *plan, const struct recipient_state *ladder,
                                 const struct recipient_state *side, bool is_of_past)
{
    bool is_nowhere = side->state == DELIVERY_NONE || is_of_past;
    if (ladder->state == DELIVERY_NONE) {
        return is_nowhere ? NULL : "beside somebody who is nobody";
    }
    if (ladder->state == DELIVERY_ACKNOWLEDGED && track_is_under_way(side)) {
        return "although it was acknowledged";
    }
    if (is_of_past && track_is_under_way(side)) {
        return "which goes on from an earlier round";
    }
    if (plan_has_beside(plan, ladder->step)) {
        return pair_is_together(plan, ladder, side) ? NULL : "which has not begun";
    }
    if (is_nowhere) {
        return NULL;
    }
    if (side->step > ladder->step) {
        return "which has begun too early";
    }
    if (track_is_under_way(side)) {
        return "which has not ended";
    }
    return is_satisfied(plan, side) ? "which was as the plan wants it" : NULL;
}

void sim_pair_check(struct sim *sim, unsigned c)
{
    const struct campaign *fold = sim->journal.campaigns[c].fold;
    if (fold == NULL || !campaign_has_pair(fold)) {
        return;
    }
    for (uint32_t ordinal = 0; ordinal < fold->def.slots; ordinal++) {
        struct recipient_state ladder = sim_journal_track(&sim->journal, c, ordinal, 0);
        struct recipient_state side = sim_pair_side(sim, c, ordinal);
        const struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[ordinal];
        /* He went back to a step before the pair. */
        bool is_behind = recipient->ladder.is_back && side.step > ladder.step &&
                         !plan_has_beside(&fold->def.plan, ladder.step);
        const char *wrong = what_is_wrong(&fold->def.plan, &ladder, &side,
                                          recipient->side_round != recipient->round || is_behind);
        if (wrong != NULL) {
            sim_fail(sim, "c%u/%u is %s on step %u, and %s on step %u beside, %s", c + 1, ordinal,
                     delivery_state_name((enum delivery_state)ladder.state), ladder.step,
                     delivery_state_name((enum delivery_state)side.state), side.step, wrong);
        }
    }
}

static bool was_leased(const struct sim_recipient *recipient, unsigned step)
{
    bool was_leased = false;
    for (const struct sim_attempt *a = recipient->attempts; a != NULL; a = a->next) {
        was_leased |= a->round == recipient->round && a->step == step && a->leased > 0;
    }
    return was_leased;
}

/* It may have been given up before anything was sent, as it was down. */
static bool was_begun(const struct sim_recipient *recipient, const struct plan *plan, unsigned step)
{
    return was_leased(recipient, step) ||
           (recipient->ladder.was_down && plan->steps[step].if_down == PLAN_DOWN_CLIMB);
}

void sim_pair_check_end(struct sim *sim, unsigned c, uint32_t ordinal)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    const struct sim_recipient *recipient = &campaign->recipients[ordinal];
    const struct plan *plan = &campaign->def.plan;
    struct recipient_state ladder = sim_journal_track(&sim->journal, c, ordinal, 0);
    bool may_be_left_out = campaign->is_cancelled || recipient->ladder.is_acknowledged ||
                           recipient->ladder.is_done || sim_suppress_has_bar(&recipient->bars) ||
                           campaign->def.cap_messages > 0;
    for (unsigned s = 0; s <= ladder.step && ladder.state != DELIVERY_NONE; s++) {
        if (!plan_has_beside(plan, s) || plan->steps[s].repeat > 0) {
            continue;
        }
        unsigned beside = plan_beside(plan, s);
        sim->totals->pairs++;
        if (!may_be_left_out &&
            !(was_begun(recipient, plan, s) && was_begun(recipient, plan, beside))) {
            sim_fail(sim, "c%u/%u was sent only one of steps %u and %u", c + 1, ordinal, s, beside);
        }
    }
}
