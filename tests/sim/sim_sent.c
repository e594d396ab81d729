/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_sent.h"

#include <inttypes.h>

#include "coordinator/engine/engine_state.h"
#include "tests/sim/sim.h"

#define JOINED_MS 10000 /* longer than a record takes to become durable */

static void check_places(struct sim *sim, const struct wire_batch *batch)
{
    unsigned c = (unsigned)batch->campaign - 1;
    for (unsigned i = bitmap_next(&batch->places, 0); i < BITMAP_BITS;
         i = bitmap_next(&batch->places, i + 1)) {
        uint32_t ordinal = batch->page * PAGE_RECIPIENTS + i;
        struct recipient_state state = sim_journal_track(&sim->journal, c, ordinal, batch->step);
        if (sim->journal.campaigns[c].recipients[ordinal].ladder.is_acknowledged) {
            sim_fail(sim, "c%u/%u leaves for a worker after it acknowledged", c + 1, ordinal);
        }
        if (sim_suppress_is_barred(sim, c, ordinal, batch->step, state.endpoint)) {
            sim_fail(sim, "c%u/%u leaves for a worker after he was suppressed", c + 1, ordinal);
        }
        sim_quiet_check_sent(sim, c, ordinal, batch->step);
        sim->journal.campaigns[c].recipients[ordinal].course.sent_ms =
            sim->coordinator.engine->now_ms;
        if (state.state != DELIVERY_LEASED || state.step != batch->step) {
            sim_fail(sim, "c%u/%u leaves for step %u, %s on step %u", c + 1, ordinal, batch->step,
                     delivery_state_name((enum delivery_state)state.state), state.step);
        }
    }
}

static void check_batch(struct sim *sim, const struct wire_batch *batch)
{
    struct campaign_view view;
    sim_quiet_check_batch(sim, batch->provider);
    if (!sim_journal_is_open(&sim->journal, batch->lease, &batch->places)) {
        sim_fail(sim, "lease %" PRIx64 " leaves before it is durable", batch->lease);
    }
    if (!engine_campaign(sim->coordinator.engine, batch->campaign, &view) ||
        view.state != CAMPAIGN_RUNNING || view.is_expired) {
        sim_fail(sim, "a batch of c%u leaves, which is stopped", (unsigned)batch->campaign);
    }
    check_places(sim, batch);
}

/* Quiet hours of it, or of a provider, call back what was not sent. */
static bool has_quiet_hours(const struct sim_settings *settings, uint64_t campaign)
{
    bool has_them = settings->campaigns[campaign - 1].def.quiet_channels != 0;
    for (unsigned i = 0; i < settings->provider_count; i++) {
        has_them |= settings->providers[i].has_quiet_hours;
    }
    return has_them;
}

static void check_cancel(const struct sim *sim, const struct wire_cancel *cancel)
{
    const unsigned *events = sim->journal.campaigns[cancel->campaign - 1].events;
    bool is_over = events[CAMPAIGN_EVENT_CANCELLED] + events[CAMPAIGN_EVENT_SUPERSEDED] +
                       events[CAMPAIGN_EVENT_EXPIRED] >
                   0;
    bool is_paused = events[CAMPAIGN_EVENT_PAUSED] + events[CAMPAIGN_EVENT_STOPPED] > 0;
    bool is_durable = is_over || (!cancel->for_good && is_paused);
    bool is_for_quiet = !cancel->for_good && has_quiet_hours(&sim->settings, cancel->campaign);
    if (!is_durable && !is_for_quiet) {
        sim_fail(sim, "a worker hears that c%u is stopped before that is durable",
                 (unsigned)cancel->campaign);
    }
}

static void check_recall(struct sim *sim, unsigned worker, const struct wire_recall *recall)
{
    unsigned c = (unsigned)recall->campaign - 1;
    uint32_t ordinal = recall->page * PAGE_RECIPIENTS + recall->place;
    if (c >= sim->settings.campaign_count || ordinal >= sim->settings.campaigns[c].def.slots) {
        sim_fail(sim, "place %u of page %u of c%u, which there is not, is called back",
                 recall->place, recall->page, c + 1);
    }
    struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[ordinal];
    recipient->told = recipient->told_in == recall->epoch ? recipient->told : 0;
    recipient->told |= 1u << worker;
    recipient->told_in = recall->epoch;
    if (!(recipient->ladder.is_acknowledged || recipient->ladder.is_heard ||
          sim_suppress_has_bar(&recipient->bars))) {
        sim_fail(sim, "c%u/%u is called back before it is durable why", c + 1, ordinal);
    }
}

void sim_sent_check(struct sim *sim, unsigned worker, struct slice frame, struct slice payload)
{
    struct arena arena;
    struct wire_message message;
    struct problem problem = {0};
    arena_init(&arena, 4096);
    if (wire_decode(frame, payload, &arena, &message, &problem) != ERR_OK) {
        sim_fail(sim, "the coordinator sends what cannot be read: %s", problem.text);
    }
    if (message.type == WIRE_OUTCOMES_DURABLE) {
        sim_worker_check_durable(sim, worker, message.outcomes_durable.instance,
                                 message.outcomes_durable.seq);
    } else if (message.type == WIRE_BATCH) {
        check_batch(sim, &message.batch);
    } else if (message.type == WIRE_CANCEL) {
        check_cancel(sim, &message.cancel);
    } else if (message.type == WIRE_RECALL) {
        check_recall(sim, worker, &message.recall);
    }
    arena_release(&arena);
}

/* Since a while, so that it was there as the acknowledgement was decided. */
static bool is_there(const struct sim *sim, unsigned index)
{
    const struct sim_worker *worker = &sim->workers[index];
    const struct roster_entry *entry =
        roster_find(&sim->coordinator.engine->roster, worker->instance);
    return worker->delivery != NULL && worker->epoch == sim->coordinator.epoch && entry != NULL &&
           entry->present && sim->now_ms > worker->joined_ms + JOINED_MS;
}

void sim_sent_check_lost(struct sim *sim)
{
    struct sim_journal *journal = &sim->journal;
    for (unsigned i = 0; i < journal->lost_count; i++) {
        const struct sim_lost *lost = &journal->lost[i];
        const struct sim_recipient *recipient =
            &journal->campaigns[lost->campaign].recipients[lost->ordinal];
        unsigned told = recipient->told_in == sim->coordinator.epoch ? recipient->told : 0;
        for (unsigned w = 0; w < sim->settings.worker_count; w++) {
            if (is_there(sim, w) && (told >> w & 1) == 0) {
                sim_fail(sim, "c%u/%u acknowledged, his lease was given up, and w%u is not told",
                         lost->campaign + 1, lost->ordinal, w);
            }
        }
        sim->totals->lost_recalls++;
    }
    journal->lost_count = 0;
}
