/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_retry.h"

#include <inttypes.h>
#include <stdio.h>

#include "coordinator/engine/engine_state.h"
#include "tests/sim/sim.h"

#define BEGIN_CHANCE   300 /* each time that the operator looks */
#define GO_ON_CHANCE   300
#define REFUSED_MOST   8
#define GIVE_UP_CHANCE 50

static const enum delivery_state STATES[] = {DELIVERY_FAILED, DELIVERY_UNCERTAIN,
                                             DELIVERY_UNREACHABLE, DELIVERY_EXPIRED};

static uint64_t clock_ms(const struct sim *sim)
{
    return sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
}

void sim_retry_draw(struct sim_settings *settings)
{
    struct dice dice = {settings->seed * 15487469 + 11};
    for (unsigned i = 0; i < settings->campaign_count; i++) {
        bool is_retried = dice_chance(&dice, 700);
        settings->campaigns[i].retries_most = is_retried ? dice_between(&dice, 1, 5) : 0;
    }
    settings->round_pages = dice_chance(&dice, 500) ? 1 : 0;
}

void sim_retry_print(const struct sim_retry_totals *totals)
{
    fprintf(stderr,
            "\nrounds %" PRIu64 " for %" PRIu64 ", by plans with pairs %" PRIu64
            ", refused %" PRIu64 ", too late %" PRIu64 ", given up %" PRIu64
            ", forgotten by a crash %" PRIu64 ", ended at once %" PRIu64
            ", over several records %" PRIu64,
            totals->rounds, totals->recipients, totals->beside, totals->refused, totals->too_late,
            totals->given_up, totals->forgotten, totals->ended, totals->spread);
}

/* ---- The operator ---- */

static uint32_t count_in(const uint32_t counts[DELIVERY_STATES], unsigned states)
{
    uint32_t count = 0;
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        count += (states >> s & 1) != 0 ? counts[s] : 0;
    }
    return count;
}

/* Whether there is anybody, and time. */
static bool may_be_retried(const struct sim *sim, const struct campaign_view *view, unsigned states)
{
    const struct campaign_control *control = &view->def->control;
    uint64_t now_ms = clock_ms(sim);
    uint64_t limit_ms = control->not_after_for_ms != 0 ? 0 : control->not_after_ms;
    now_ms = now_ms > sim->coordinator.engine->now_ms ? now_ms : sim->coordinator.engine->now_ms;
    return view->state == CAMPAIGN_FINISHED && !view->is_expired &&
           count_in(view->counts, states) > 0 && (limit_ms == 0 || limit_ms > now_ms);
}

static void reopen(struct sim *sim, unsigned c, const struct campaign_view *view)
{
    struct sim_retry *retry = &sim->retries[c];
    struct engine *engine = sim->coordinator.engine;
    unsigned states = 0;
    while (states == 0) {
        for (unsigned i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
            states |= dice_chance(&sim->retry_dice, 700) ? 1u << STATES[i] : 0;
        }
    }
    bool is_due = may_be_retried(sim, view, states);
    enum err err = engine_reopen(engine, c + 1, states, clock_ms(sim), NULL);
    if ((err == ERR_OK) != is_due) {
        sim_fail(sim, "c%u is to be retried for %x: %s", c + 1, states, err_name(err));
    }
    if (err != ERR_OK) {
        retry->refused++;
        sim->totals->retry.refused++;
        return;
    }
    if (engine_reopen(engine, c + 1, states, clock_ms(sim), NULL) != ERR_CONFLICT) {
        sim_fail(sim, "c%u is retried twice at a time", c + 1);
    }
    retry->begun++;
    retry->states = states;
    retry->epoch = sim->coordinator.epoch;
    sim_trace(sim, "c%u is reopened for %x", c + 1, states);
}

/* Some of its pages at a time; false: not all of them yet. */
static bool are_awake(struct sim *sim, unsigned c)
{
    uint32_t slots = sim->settings.campaigns[c].def.slots;
    for (uint32_t page = 0; page * PAGE_RECIPIENTS < slots; page++) {
        bool is_awake = engine_page_is_awake(sim->coordinator.engine, c + 1, page);
        if (!is_awake && !sim_receipts_wake(sim, c, page * PAGE_RECIPIENTS)) {
            return false;
        }
        if (!is_awake && dice_chance(&sim->retry_dice, 300)) {
            return false;
        }
    }
    return true;
}

static void begin(struct sim *sim, unsigned c, const struct campaign_view *before)
{
    struct sim_retry *retry = &sim->retries[c];
    struct campaign_view after;
    unsigned states = retry->states;
    bool is_due = may_be_retried(sim, before, states);
    enum err err = engine_retry(sim->coordinator.engine, c + 1, clock_ms(sim), NULL);
    retry->states = 0;
    if ((err == ERR_OK) != is_due) {
        sim_fail(sim, "c%u is to be retried for %x: %s", c + 1, states, err_name(err));
    }
    if (err != ERR_OK) {
        sim->totals->retry.too_late++;
        return;
    }
    if (!engine_campaign(sim->coordinator.engine, c + 1, &after) ||
        after.round != before->round + 1 ||
        after.rounds[before->round].recipients != count_in(before->counts, states)) {
        sim_fail(sim, "c%u begins its round %u with others than there are", c + 1, after.round + 1);
    }
    sim->totals->retry.ended += after.state == CAMPAIGN_FINISHED;
    sim_client_await(sim, c, CAMPAIGN_EVENT_ROUND);
}

/* All is done, and the simulation about to end. */
static bool is_over(const struct sim *sim)
{
    bool is_over = sim->is_quiet;
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        is_over = is_over && sim->journal.campaigns[c].is_ended;
    }
    return is_over;
}

void sim_retry_act(struct sim *sim, unsigned c)
{
    struct sim_retry *retry = &sim->retries[c];
    struct campaign_view view;
    if (!engine_campaign(sim->coordinator.engine, c + 1, &view)) {
        return;
    }
    if (retry->states != 0 && retry->epoch != sim->coordinator.epoch) {
        retry->states = 0;
        sim->totals->retry.forgotten++;
    }
    if (is_over(sim)) {
        return;
    }
    if (retry->states == 0) {
        /* All that was decided is on disk, as the API waits for. */
        if (sim_coordinator_is_durable(&sim->coordinator) && retry->refused < REFUSED_MOST &&
            view.state == CAMPAIGN_FINISHED &&
            retry->begun < sim->settings.campaigns[c].retries_most &&
            dice_chance(&sim->retry_dice, BEGIN_CHANCE)) {
            reopen(sim, c, &view);
        }
        return;
    }
    if (dice_chance(&sim->retry_dice, GIVE_UP_CHANCE)) {
        engine_reopen_give_up(sim->coordinator.engine, c + 1);
        retry->states = 0;
        sim->totals->retry.given_up++;
    } else if (dice_chance(&sim->retry_dice, GO_ON_CHANCE) && are_awake(sim, c)) {
        begin(sim, c, &view);
    }
}

/* ---- Records ---- */

void sim_retry_foresee(struct sim *sim, unsigned c, const struct event *event)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (event->kind == CAMPAIGN_EVENT_ROUND_WHOLE) {
        if (!campaign->is_taking_in) {
            sim_fail(sim, "c%u has taken in all of its round %u twice", c + 1,
                     campaign->round + 1u);
        }
        campaign->is_whole_now = true;
    }
    if (event->kind != CAMPAIGN_EVENT_ROUND) {
        return;
    }
    if (!campaign->is_ended || campaign->is_cancelled || event->step != campaign->round + 1u) {
        sim_fail(sim, "c%u begins its round %u, and has not ended the one before", c + 1,
                 event->step + 1u);
    }
    campaign->is_round_now = true;
    campaign->is_taking_in = event->provider != 0;
    campaign->is_whole_now = !campaign->is_taking_in;
    campaign->is_ended = false;
    campaign->is_changed = false;
    campaign->is_ending = false;
    campaign->is_screened = false;
    campaign->round = event->step;
    campaign->round_states = event->reason;
    campaign->to_retry = (uint32_t)(event->lease >> 32);
    sim->totals->retry.rounds++;
    sim->totals->retry.recipients += campaign->to_retry;
}

static void retry_one(struct sim *sim, unsigned c, uint32_t ordinal, const struct event *event)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    struct sim_recipient *recipient = &campaign->recipients[ordinal];
    unsigned state = sim_journal_state(&sim->journal, c, ordinal).state;
    bool is_beginning = campaign->is_round_now || campaign->is_taking_in;
    const char *wrong = !is_beginning                                ? "without a round"
                        : (campaign->round_states >> state & 1) == 0 ? "as he is"
                        : event->worker != campaign->round           ? "for another round"
                        : recipient->round == campaign->round        ? "twice"
                        : recipient->ladder.accepted != 0            ? "although he was accepted"
                                                                     : NULL;
    if (wrong != NULL) {
        sim_fail(sim, "c%u/%u, %s, is retried %s", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)state), wrong);
    }
    recipient->round = (uint8_t)campaign->round;
    recipient->course.is_of_past = true;
    recipient->ladder.bounced = 0;
    recipient->ladder.is_held = false;
    recipient->ladder.is_late_bounce = false;
    recipient->ladder.was_down = false;
    recipient->ladder.is_back = false;
    recipient->ladder.ends_ms = 0;
    recipient->side_course.is_of_past = true;
    recipient->side.is_held = false;
    recipient->side.ends_ms = 0;
    campaign->retried++;
    sim->totals->retry.beside += plan_has_pair(&campaign->def.plan);
}

void sim_retry_on_event(struct sim *sim, unsigned c, uint32_t ordinal, const struct event *event)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (event->kind == DELIVERY_EVENT_RETRIED) {
        retry_one(sim, c, ordinal, event);
    } else if (event->kind == DELIVERY_EVENT_LEASED &&
               campaign->recipients[ordinal].round != campaign->round) {
        sim_fail(sim, "c%u/%u is leased in round %u, which did not take him in", c + 1, ordinal,
                 campaign->round + 1);
    }
}

void sim_retry_on_removed(struct sim *sim, unsigned c)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (!campaign->is_round_now) {
        sim_fail(sim, "the closing counts of c%u are removed without a round", c + 1);
    }
    campaign->is_end_removed = true;
}

/* He was in its states when it looked through his page. */
static void judge_whole(struct sim *sim, unsigned c)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    for (uint32_t ordinal = 0; ordinal < campaign->def.slots; ordinal++) {
        const struct sim_recipient *recipient = &campaign->recipients[ordinal];
        unsigned state = sim_journal_state(&sim->journal, c, ordinal).state;
        bool is_late = recipient->ladder.is_late_bounce; /* after the round began */
        if ((campaign->round_states >> state & 1) != 0 && !is_late &&
            recipient->round != campaign->round) {
            sim_fail(sim, "c%u/%u is %s, and was not retried", c + 1, ordinal,
                     delivery_state_name((enum delivery_state)state));
        }
    }
}

static void judge_beginning(struct sim *sim, unsigned c)
{
    const struct sim_campaign *campaign = &sim->journal.campaigns[c];
    if (campaign->is_whole_now && !campaign->is_taking_in &&
        campaign->retried != campaign->to_retry) {
        sim_fail(sim, "c%u retries %u, and not the %u that it says", c + 1, campaign->retried,
                 campaign->to_retry);
    }
    if (campaign->is_end_removed == campaign->is_ended) {
        sim_fail(sim, "c%u begins a round, and its closing counts are %s", c + 1,
                 campaign->is_ended ? "removed" : "still there");
    }
}

void sim_retry_judge(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        struct sim_campaign *campaign = &sim->journal.campaigns[c];
        if (campaign->is_round_now) {
            judge_beginning(sim, c);
        }
        if (campaign->is_whole_now) {
            judge_whole(sim, c);
        }
        sim->totals->retry.spread += campaign->is_whole_now && campaign->is_taking_in;
        campaign->is_taking_in &= !campaign->is_whole_now && !campaign->is_cancelled;
        campaign->is_whole_now = false;
        campaign->is_round_now = false;
        campaign->is_end_removed = false;
        campaign->retried = 0;
    }
}
