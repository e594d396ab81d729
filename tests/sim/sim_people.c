/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_people.h"

#include <utlist.h>

#include "common/mem.h"
#include "tests/sim/sim.h"

static uint64_t clock_ms(const struct sim *sim)
{
    return sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
}

static void speak_later(struct sim *sim)
{
    /* Of those who are left when the faults are over few have anything to say. */
    uint32_t every_ms = sim->settings.acknowledge_every_ms * (sim->is_quiet ? 10 : 1);
    sim->people.next_ms =
        every_ms == 0 ? SIM_NEVER_MS : sim->now_ms + 1 + dice_below(&sim->dice, every_ms * 2);
}

void sim_people_init(struct sim *sim)
{
    speak_later(sim);
}

void sim_people_release(struct sim_people *people)
{
    while (people->words != NULL) {
        struct sim_word *word = people->words;
        DL_DELETE(people->words, word);
        mem_free(word);
    }
}

/* Whoever is thanked will not be written to again: that must be on the disk. */
static void on_answer(void *arg)
{
    struct sim_word *word = arg;
    struct sim *sim = word->sim;
    if (sim_journal_state(&sim->journal, word->campaign, word->ordinal).state !=
        DELIVERY_ACKNOWLEDGED) {
        sim_fail(sim, "c%u/%u is thanked, but that it knows is not durable", word->campaign + 1,
                 word->ordinal);
    }
    sim_trace(sim, "c%u/%u knows, for sure", word->campaign + 1, word->ordinal);
    DL_DELETE(sim->people.words, word);
    mem_free(word);
}

static void wait_for_answer(struct sim *sim, unsigned c, uint32_t ordinal)
{
    struct sim_word *word = mem_zalloc(1, sizeof(*word));
    *word = (struct sim_word){.sim = sim, .campaign = c, .ordinal = ordinal};
    DL_APPEND(sim->people.words, word);
    turn_when_durable(sim->coordinator.turn, true, on_answer, word);
}

/* What the engine has to say to it; ERR_OK: nothing against it. */
static enum err due_answer(struct sim *sim, unsigned c, uint32_t ordinal,
                           struct recipient_state *before)
{
    struct campaign_view view;
    if (!engine_campaign(sim->coordinator.engine, c + 1, &view)) {
        return ERR_NOT_FOUND;
    }
    sim->totals->acknowledged_in[view.state]++;
    enum err err = engine_recipient(sim->coordinator.engine, c + 1, ordinal, before);
    bool is_early = view.state == CAMPAIGN_DRAFT || view.state == CAMPAIGN_SCHEDULED;
    return err == ERR_OK && is_early ? ERR_CONFLICT : err;
}

static void acknowledge(struct sim *sim, unsigned c, uint32_t ordinal)
{
    struct engine *engine = sim->coordinator.engine;
    struct recipient_state before = {0};
    struct recipient_state after = {0};
    enum err due = due_answer(sim, c, ordinal, &before);
    enum err err = engine_acknowledge(engine, c + 1, ordinal, clock_ms(sim));
    if (err != due) {
        sim_fail(sim, "c%u/%u acknowledges as %s: %s", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)before.state), err_name(err));
    }
    if (err == ERR_CLOSED && sim_receipts_wake(sim, c, ordinal)) {
        err = engine_acknowledge(engine, c + 1, ordinal, clock_ms(sim));
        sim->totals->acknowledged_late += err == ERR_OK;
    }
    if (err != ERR_OK) {
        return;
    }
    sim->journal.campaigns[c].recipients[ordinal].has_spoken = true;
    sim_trace(sim, "c%u/%u acknowledges, %s on step %u", c + 1, ordinal,
              delivery_state_name((enum delivery_state)before.state), before.step);
    err = engine_recipient(engine, c + 1, ordinal, &after);
    if (err != ERR_OK || after.state != DELIVERY_ACKNOWLEDGED) {
        sim_fail(sim, "c%u/%u acknowledged, and is %s", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)after.state));
    }
    sim->totals->acknowledged_as[before.state]++;
    wait_for_answer(sim, c, ordinal);
}

void sim_people_act(struct sim *sim)
{
    speak_later(sim);
    if (!sim->coordinator.is_up || sim->now_ms < sim->coordinator.frozen_until_ms) {
        return;
    }
    unsigned c = dice_below(&sim->dice, sim->settings.campaign_count);
    unsigned count = dice_between(&sim->dice, 1, sim->settings.acknowledge_most);
    for (unsigned i = 0; i < count; i++) {
        /* One past the last is nobody. */
        uint32_t slots = sim->settings.campaigns[c].def.slots;
        acknowledge(sim, c, dice_below(&sim->dice, slots + 1));
    }
    sim_coordinator_changed(sim);
}
