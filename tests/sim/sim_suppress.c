/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_suppress.h"

#include <utlist.h>

#include "common/mem.h"
#include "proto/outcome.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_pair.h"

#define ALL_RANKS 0xffu

static const struct campaign_def *def_of(const struct sim *sim, unsigned c)
{
    return &sim->settings.campaigns[c].def;
}

static const struct sim_recipient *recipient_of(const struct sim *sim, unsigned c, uint32_t ordinal)
{
    return &sim->journal.campaigns[c].recipients[ordinal];
}

/* ---- What is barred ---- */

static bool covers(const struct bar *bar, unsigned channel, unsigned rank)
{
    return (bar->channel == ENGINE_ALL_CHANNELS || bar->channel == channel) &&
           (bar->rank == ENGINE_ALL_RANKS || bar->rank == rank);
}

static bool is_whole(const struct bar *bar)
{
    return bar->channel == ENGINE_ALL_CHANNELS && bar->rank == ENGINE_ALL_RANKS;
}

static void add(struct sim_bars *bars, const struct bar *bar)
{
    unsigned ranks = bar->rank == ENGINE_ALL_RANKS ? ALL_RANKS : 1u << bar->rank;
    for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
        if (bar->channel == ENGINE_ALL_CHANNELS || bar->channel == channel) {
            bars->ranks[channel] |= (uint8_t)ranks;
        }
    }
    bars->is_whole |= is_whole(bar);
}

static bool has(const struct sim_bars *bars, const struct bar *bar)
{
    unsigned ranks = bar->rank == ENGINE_ALL_RANKS ? ALL_RANKS : 1u << bar->rank;
    return bars->is_whole ||
           (!is_whole(bar) && (bars->ranks[bar->channel % CHANNEL_KINDS] & ranks) == ranks);
}

bool sim_suppress_has_bar(const struct sim_bars *bars)
{
    bool has_bar = bars->is_whole;
    for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
        has_bar = has_bar || bars->ranks[channel] != 0;
    }
    return has_bar;
}

bool sim_suppress_is_barred(const struct sim *sim, unsigned c, uint32_t ordinal, unsigned step,
                            unsigned endpoint)
{
    const struct sim_bars *bars = &recipient_of(sim, c, ordinal)->bars;
    return (bars->ranks[def_of(sim, c)->plan.steps[step].channel] >> endpoint & 1) != 0;
}

/* How many endpoints of the plan are barred, and how many not, from a step's endpoint on. */
static void count_ahead(const struct sim *sim, unsigned c, uint32_t ordinal, unsigned step,
                        unsigned endpoint, unsigned counts[2])
{
    const struct plan *plan = &def_of(sim, c)->plan;
    for (; step < plan->step_count; step++, endpoint = 0) {
        bool is_left_out = plan_is_left_out(plan, step);
        for (; !is_left_out && endpoint < plan->steps[step].endpoint_ranks; endpoint++) {
            counts[sim_suppress_is_barred(sim, c, ordinal, step, endpoint)]++;
        }
    }
}

/* ---- Whoever suppresses ---- */

/* What is confirmed holds: that must be on the disk. */
static void on_answer(void *arg)
{
    struct sim_wish *wish = arg;
    struct sim *sim = wish->sim;
    unsigned state = sim_journal_state(&sim->journal, wish->campaign, wish->ordinal).state;
    bool is_over = state == DELIVERY_SUPPRESSED || state == DELIVERY_ACKNOWLEDGED;
    if (!is_over && !has(&recipient_of(sim, wish->campaign, wish->ordinal)->bars, &wish->bar)) {
        sim_fail(sim, "c%u/%u is said to be suppressed, but that is not durable",
                 wish->campaign + 1, wish->ordinal);
    }
    sim_trace(sim, "c%u/%u is suppressed on %u.%u for sure", wish->campaign + 1, wish->ordinal,
              wish->bar.channel, wish->bar.rank);
    DL_DELETE(sim->wishes, wish);
    mem_free(wish);
}

static void wait_for_answer(struct sim *sim, unsigned c, uint32_t ordinal, const struct bar *bar)
{
    struct sim_wish *wish = mem_zalloc(1, sizeof(*wish));
    *wish = (struct sim_wish){.sim = sim, .campaign = c, .ordinal = ordinal, .bar = *bar};
    DL_APPEND(sim->wishes, wish);
    turn_when_durable(sim->coordinator.turn, true, on_answer, wish);
}

void sim_suppress_release(struct sim *sim)
{
    while (sim->wishes != NULL) {
        struct sim_wish *wish = sim->wishes;
        DL_DELETE(sim->wishes, wish);
        mem_free(wish);
    }
}

static struct bar draw_bar(struct sim *sim, unsigned c)
{
    const struct plan *plan = &def_of(sim, c)->plan;
    struct bar bar = {.channel = ENGINE_ALL_CHANNELS, .rank = ENGINE_ALL_RANKS};
    bar.reason = (uint16_t)dice_between(&sim->dice, REASON_OPTED_OUT, REASON_MANUAL);
    unsigned kind = dice_below(&sim->dice, 3);
    if (kind > 0) {
        /* Mostly one that the plan uses. */
        unsigned step = dice_below(&sim->dice, plan->step_count);
        bool is_any = dice_chance(&sim->dice, 100);
        bar.channel = (uint8_t)(is_any ? dice_below(&sim->dice, CHANNEL_KINDS)
                                       : (unsigned)plan->steps[step].channel);
    }
    if (kind > 1) {
        bar.rank = (uint8_t)dice_below(&sim->dice, SIM_RANKS_MAX);
    }
    sim->totals->suppressions[kind]++;
    return bar;
}

static bool engine_has(const struct sim *sim, unsigned c, uint32_t ordinal, const struct bar *bar)
{
    struct bar known;
    for (unsigned i = 0; engine_bar(sim->coordinator.engine, c + 1, ordinal, i, &known); i++) {
        if (is_whole(&known) || (known.channel == bar->channel && known.rank == bar->rank)) {
            return true;
        }
    }
    return false;
}

static bool is_waiting(const struct recipient_state *state)
{
    return state->state == DELIVERY_WAITING || state->state == DELIVERY_RETRYING;
}

/* He was just suppressed. */
static void check_heard(const struct sim *sim, unsigned c, uint32_t ordinal, const struct bar *bar)
{
    struct recipient_state state = {0};
    if (engine_recipient(sim->coordinator.engine, c + 1, ordinal, &state) == ERR_CLOSED) {
        return;
    }
    const struct plan_step *step = &def_of(sim, c)->plan.steps[state.step];
    bool is_over = state.state == DELIVERY_SUPPRESSED || state.state == DELIVERY_ACKNOWLEDGED;
    bool is_still_due = is_waiting(&state) && covers(bar, step->channel, state.endpoint);
    if (is_still_due || (!is_over && !engine_has(sim, c, ordinal, bar))) {
        sim_fail(sim, "c%u/%u is suppressed on %u.%u, and is %s on step %u", c + 1, ordinal,
                 bar->channel, bar->rank, delivery_state_name((enum delivery_state)state.state),
                 state.step);
    }
}

/* Also by the suppression before. */
static bool may_be_closed(const struct sim *sim, unsigned c)
{
    struct campaign_view view;
    return engine_campaign(sim->coordinator.engine, c + 1, &view) &&
           (view.state == CAMPAIGN_FINISHED || view.state == CAMPAIGN_CANCELLED);
}

static void suppress(struct sim *sim, unsigned c, uint32_t ordinal)
{
    struct engine *engine = sim->coordinator.engine;
    struct bar bar = draw_bar(sim, c);
    struct recipient_state before = {0};
    enum err due = engine_recipient(engine, c + 1, ordinal, &before);
    enum err err = engine_suppress(engine, c + 1, ordinal, bar.channel, bar.rank, bar.reason,
                                   sim->now_ms + (uint64_t)sim->coordinator.skew_ms);
    if (err != due && !(err == ERR_CLOSED && may_be_closed(sim, c))) {
        sim_fail(sim, "c%u/%u is to be suppressed, as %s: %s", c + 1, ordinal,
                 delivery_state_name((enum delivery_state)before.state), err_name(err));
    }
    if (err != ERR_OK) {
        return;
    }
    sim_trace(sim, "c%u/%u is to be suppressed on %u.%u, %s on step %u", c + 1, ordinal,
              bar.channel, bar.rank, delivery_state_name((enum delivery_state)before.state),
              before.step);
    sim->totals->suppressed_as[before.state]++;
    check_heard(sim, c, ordinal, &bar);
    wait_for_answer(sim, c, ordinal, &bar);
}

void sim_suppress_act(struct sim *sim, unsigned c)
{
    const struct sim_campaign_settings *own = &sim->settings.campaigns[c];
    struct campaign_view view;
    if (!engine_campaign(sim->coordinator.engine, c + 1, &view) ||
        !dice_chance(&sim->dice, own->suppress_chance / (sim->is_quiet ? 10 : 1))) {
        return;
    }
    unsigned count = dice_between(&sim->dice, 1, own->suppress_most);
    for (unsigned i = 0; i < count; i++) {
        /* One past the last is nobody. */
        suppress(sim, c, dice_below(&sim->dice, own->def.slots + 1));
    }
}

/* ---- The journal ---- */

static void note_bar(struct sim *sim, unsigned c, uint32_t ordinal,
                     const struct recipient_state *state, const struct event *event)
{
    struct sim_campaign *campaign = &sim->journal.campaigns[c];
    struct sim_recipient *recipient = &campaign->recipients[ordinal];
    struct sim_attempt sum = sim_attempt_sum(recipient, -1);
    struct bar bar = bar_of_event(event);
    unsigned ahead[2] = {0, 0};
    bool was_barred = sim_suppress_is_barred(sim, c, ordinal, state->step, state->endpoint);
    struct recipient_state side = sim_pair_side(sim, c, ordinal);
    bool was_side_barred = sim_suppress_is_barred(sim, c, ordinal, side.step, side.endpoint);
    add(&recipient->bars, &bar);
    if (state->state == DELIVERY_LEASED && !was_barred &&
        sim_suppress_is_barred(sim, c, ordinal, state->step, state->endpoint)) {
        recipient->bars.leased[0] = (struct sim_barred){recipient->course.lease, sim->now_ms};
    }
    if (side.state == DELIVERY_LEASED && !was_side_barred &&
        sim_suppress_is_barred(sim, c, ordinal, side.step, side.endpoint)) {
        recipient->bars.leased[1] = (struct sim_barred){recipient->side_course.lease, sim->now_ms};
    }
    bool may_go_back = recipient->ladder.was_down && !recipient->ladder.is_back;
    count_ahead(sim, c, ordinal, may_go_back ? 0 : state->step, may_go_back ? 0 : state->endpoint,
                ahead);
    bool is_beside = recipient->side_course.lease != 0;
    bool is_nothing_left =
        !is_beside && (recipient->bars.is_whole || (ahead[0] == 0 && recipient->course.lease == 0));
    recipient->bars.is_unsent |= is_waiting(state) && is_nothing_left && !campaign->is_cancelled &&
                                 sum.accepts + sum.marks + sum.bounces == 0;
    sim->totals->bars++;
}

static void check_passed(const struct sim *sim, unsigned c, uint32_t ordinal,
                         const struct recipient_state *state, const struct event *event)
{
    unsigned counts[2] = {0, 0};
    count_ahead(sim, c, ordinal, 0, 0, counts);
    bool is_suppressed = event->kind == DELIVERY_EVENT_SUPPRESSED;
    bool is_barred = is_suppressed
                         ? counts[1] > 0
                         : sim_suppress_is_barred(sim, c, ordinal, state->step, state->endpoint);
    bool is_for_bar = reason_is_suppression(event->reason);
    if (is_suppressed && !is_for_bar && event->reason != REASON_FREQUENCY_CAP) {
        sim_fail(sim, "c%u/%u is suppressed for %u, which is no reason to", c + 1, ordinal,
                 event->reason);
    }
    const struct plan *plan = &def_of(sim, c)->plan;
    bool is_of_both = event->kind == DELIVERY_EVENT_CLIMBED &&
                      (plan_is_beside(plan, event->step) || plan_is_paired(plan, state->step));
    if (is_for_bar && !is_barred && !is_of_both) {
        sim_fail(sim, "c%u/%u on step %u: %s for a bar that is not there", c + 1, ordinal,
                 state->step, delivery_event_name((enum delivery_event)event->kind));
    }
}

void sim_suppress_on_event(struct sim *sim, unsigned c, uint32_t ordinal,
                           const struct recipient_state *state, const struct event *event)
{
    if (event->kind == DELIVERY_EVENT_BARRED) {
        note_bar(sim, c, ordinal, state, event);
        return;
    }
    if (event->kind == DELIVERY_EVENT_LEASED &&
        sim_suppress_is_barred(sim, c, ordinal, event->step, state->endpoint)) {
        sim_fail(sim, "c%u/%u is leased on step %u at endpoint %u, where he is suppressed", c + 1,
                 ordinal, event->step, state->endpoint);
    }
    check_passed(sim, c, ordinal, state, event);
}

void sim_suppress_check(const struct sim *sim, unsigned c)
{
    for (uint32_t ordinal = 0; ordinal < def_of(sim, c)->slots; ordinal++) {
        const struct sim_bars *bars = &recipient_of(sim, c, ordinal)->bars;
        struct recipient_state state;
        if (!sim_suppress_has_bar(bars) ||
            engine_recipient(sim->coordinator.engine, c + 1, ordinal, &state) != ERR_OK) {
            continue;
        }
        struct sim_bars known = {0};
        struct bar bar;
        for (unsigned i = 0; engine_bar(sim->coordinator.engine, c + 1, ordinal, i, &bar); i++) {
            add(&known, &bar);
        }
        for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
            if ((bars->ranks[channel] & ~(unsigned)known.ranks[channel]) != 0) {
                sim_fail(sim, "c%u/%u: a bar was forgotten", c + 1, ordinal);
            }
        }
        for (unsigned t = 0; t < 2; t++) {
            if (engine_track(sim->coordinator.engine, c + 1, ordinal, t == 1, &state) &&
                is_waiting(&state) &&
                sim_suppress_is_barred(sim, c, ordinal, state.step, state.endpoint)) {
                sim_fail(sim, "c%u/%u waits on step %u, where he is suppressed", c + 1, ordinal,
                         state.step);
            }
        }
    }
}

void sim_suppress_check_end(struct sim *sim, unsigned c, uint32_t ordinal)
{
    unsigned state = sim_journal_state(&sim->journal, c, ordinal).state;
    bool is_unsent = recipient_of(sim, c, ordinal)->bars.is_unsent;
    if (is_unsent && state != DELIVERY_SUPPRESSED && state != DELIVERY_ACKNOWLEDGED) {
        sim_fail(sim, "c%u/%u was suppressed before anything was sent, and ends as %s", c + 1,
                 ordinal, delivery_state_name((enum delivery_state)state));
    }
    sim->totals->suppressed_unsent += is_unsent;
}
