/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_cap.h"

#include "proto/outcome.h"
#include "tests/sim/sim.h"

static void cap_page(struct sim *sim, const struct campaign_def *def, uint64_t now_ms)
{
    uint32_t pages = (def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    uint32_t page = dice_below(&sim->dice, pages);
    uint32_t chance = dice_below(&sim->dice, 300);
    struct bitmap places = {{0}};
    for (unsigned i = 0; i < BITMAP_BITS; i++) {
        if (dice_chance(&sim->dice, chance)) {
            bitmap_set(&places, i);
        }
    }
    sim->totals->capped += engine_cap(sim->coordinator.engine, def->id, page, &places, now_ms);
}

void sim_cap_act(struct sim *sim, unsigned c)
{
    const struct campaign_def *def = &sim->settings.campaigns[c].def;
    uint64_t now_ms = sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
    struct campaign_view view;
    if (def->cap_messages == 0 || !engine_campaign(sim->coordinator.engine, c + 1, &view)) {
        return;
    }
    if (dice_chance(&sim->dice, view.is_screening ? 300 : 20)) {
        cap_page(sim, def, now_ms);
    }
    if (view.is_screening && dice_chance(&sim->dice, sim->is_quiet ? 1000 : 100)) {
        sim_trace(sim, "c%u is screened", c + 1);
        engine_screened(sim->coordinator.engine, c + 1, now_ms);
    }
}

void sim_cap_on_event(struct sim *sim, unsigned c, uint32_t ordinal,
                      const struct recipient_state *state, const struct event *event)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (event->kind == DELIVERY_EVENT_LEASED && !campaign->fold->is_screened &&
        !campaign->is_screened) {
        sim_fail(sim, "c%u/%u is leased before the campaign was screened", c + 1, ordinal);
    }
    if (event->kind != DELIVERY_EVENT_SUPPRESSED || event->reason != REASON_FREQUENCY_CAP) {
        return;
    }
    struct sim_attempt sum = sim_attempt_sum(&campaign->recipients[ordinal], -1);
    if (campaign->def.cap_messages == 0 || campaign->def.priority == PRIORITY_CRITICAL) {
        sim_fail(sim, "c%u/%u is suppressed for a cap that does not hold", c + 1, ordinal);
    }
    if (sum.accepts + sum.marks > 0 || state->state == DELIVERY_LEASED) {
        sim_fail(sim, "c%u/%u is suppressed, %s, but may have been reached", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)state->state));
    }
}
