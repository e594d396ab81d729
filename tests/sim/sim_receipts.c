/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_receipts.h"

#include <inttypes.h>
#include <stdio.h>
#include <utlist.h>

#include "common/mem.h"
#include "coordinator/report/page_fold.h"
#include "proto/outcome.h"
#include "tests/sim/sim.h"

#define QUIET_DELAY_MS  500 /* once the faults are over */
#define REFUSED_MS      200 /* nobody answers: again after so long, on average */
#define LATER_MS        10
#define FORGED_CHANCE   30
#define IN_A_ROW_CHANCE 100

static uint64_t clock_ms(const struct sim *sim)
{
    return sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
}

/* ---- What is played ---- */

static uint64_t draw_within_ms(struct dice *dice)
{
    static const uint64_t WITHIN_MS[] = {200, 1000, 3000, 10000, 60000};
    return WITHIN_MS[dice_below(dice, 5)];
}

/* All sendings of a step wait for the same. */
static void draw_until(struct plan *plan, struct dice *dice)
{
    for (unsigned s = 0; s < plan->step_count;) {
        unsigned next = plan_next_written(plan, s);
        bool is_accepted = plan->steps[s].until == PLAN_ACCEPTED;
        bool is_changed = dice_chance(dice, is_accepted ? 250 : 500);
        for (; s < next; s++) {
            if (is_changed) {
                plan->steps[s].until = PLAN_DELIVERED;
                plan->steps[s].within_ms =
                    is_accepted ? draw_within_ms(dice) : plan->steps[s].within_ms;
            }
        }
    }
}

void sim_receipts_draw(struct sim_settings *settings)
{
    static const uint32_t CHANCES[] = {50, 500, 950};
    static const uint32_t DELAYS_MS[] = {1, 50, 1000, 5000, 30000};
    struct dice dice = {settings->seed * 32452843 + 7};
    bool has_receipts = dice_chance(&dice, 650);
    for (unsigned i = 0; has_receipts && i < settings->provider_count; i++) {
        struct sim_provider_settings *provider = &settings->providers[i];
        bool is_sending = dice_chance(&dice, 800);
        provider->def.has_receipts = is_sending;
        provider->receipt_chance = is_sending ? CHANCES[dice_below(&dice, 3)] : 0;
        provider->receipt_delay_max_ms = DELAYS_MS[dice_below(&dice, 5)];
        provider->bounced_chance = dice_chance(&dice, 500) ? 50 : 400;
    }
    for (unsigned i = 0; has_receipts && i < settings->campaign_count; i++) {
        if (dice_chance(&dice, 600)) {
            draw_until(&settings->campaigns[i].def.plan, &dice);
        }
    }
}

void sim_receipts_print(const struct sim_receipt_totals *totals)
{
    fprintf(stderr, "\nreceipts:");
    for (unsigned kind = 0; kind < RECEIPT_KINDS; kind++) {
        fprintf(stderr, " %s %" PRIu64, receipt_kind_name((enum receipt_kind)kind),
                totals->said[kind]);
    }
    fprintf(stderr, " while:");
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        fprintf(stderr, " %s %" PRIu64, delivery_state_name((enum delivery_state)s),
                totals->met[s]);
    }
    fprintf(stderr,
            "\nof these that decided something %" PRIu64 ", of an earlier attempt %" PRIu64
            ", before the outcome %" PRIu64 ", after the campaign's end %" PRIu64
            "; of no attempt %" PRIu64 "; pages woken %" PRIu64,
            totals->moved, totals->earlier, totals->overtaking, totals->closed, totals->forged,
            totals->woken);
}

static uint32_t draw_delay_ms(struct sim *sim, unsigned provider)
{
    uint32_t most_ms = sim->settings.providers[provider].receipt_delay_max_ms;
    most_ms = sim->is_quiet && most_ms > QUIET_DELAY_MS ? QUIET_DELAY_MS : most_ms;
    return dice_below(&sim->dice, most_ms + 1);
}

static void say_later(struct sim *sim, unsigned provider, const struct token *token,
                      enum receipt_kind kind)
{
    struct sim_receipt *later = mem_zalloc(1, sizeof(*later));
    bool has_code = dice_chance(&sim->dice, 500);
    uint16_t code = kind == RECEIPT_ACCEPTED || kind == RECEIPT_DELIVERED ? SIM_REASON_ARRIVED
                                                                          : SIM_REASON_LOST;
    *later = (struct sim_receipt){
        .sim = sim,
        .receipt = {.campaign = token->campaign,
                    .ordinal = token->ordinal,
                    .step = token->step,
                    .round = token->round,
                    .attempt = token->attempt,
                    .provider = sim->settings.providers[provider].def.id,
                    .kind = kind,
                    .reason = has_code ? code : REASON_NONE},
        .repeats = dice_chance(&sim->dice, 200) ? dice_between(&sim->dice, 1, 3) : 0,
    };
    sim_queue_put(&sim->receipts.queue, sim->now_ms + draw_delay_ms(sim, provider), later);
}

void sim_receipts_on_start(struct sim *sim, unsigned provider, const struct token *token,
                           bool is_taken)
{
    const struct sim_provider_settings *settings = &sim->settings.providers[provider];
    if (!dice_chance(&sim->dice, settings->receipt_chance)) {
        return;
    }
    bool is_lost = !is_taken || dice_chance(&sim->dice, settings->bounced_chance);
    if (!is_taken && dice_chance(&sim->dice, 800)) {
        return;
    }
    if (is_taken && dice_chance(&sim->dice, 300)) {
        say_later(sim, provider, token, RECEIPT_ACCEPTED);
    }
    if (is_lost) {
        say_later(sim, provider, token,
                  dice_chance(&sim->dice, 500) ? RECEIPT_FAILED : RECEIPT_BOUNCED);
    }
    /* Some gateways say that it is lost, and then that it has arrived; or the other way round. */
    if (is_taken && (!is_lost || dice_chance(&sim->dice, 100)) && dice_chance(&sim->dice, 950)) {
        say_later(sim, provider, token, RECEIPT_DELIVERED);
    }
    if (is_taken && dice_chance(&sim->dice, 50)) {
        say_later(sim, provider, token, RECEIPT_COMPLAINED);
    }
}

/* ---- Answers ---- */

/* What is wrong with the recipient on the disk; NULL: nothing. */
static const char *wrong_answer(const struct sim_recipient *recipient,
                                const struct recipient_state *state, enum receipt_kind kind)
{
    if (kind == RECEIPT_DELIVERED && !recipient->ladder.was_delivered &&
        !recipient->ladder.is_acknowledged) {
        return "that it was delivered";
    }
    return kind == RECEIPT_COMPLAINED && !state->complained ? "the complaint" : NULL;
}

static void put_again(struct sim *sim, struct sim_receipt *take_receipt, uint32_t most_ms)
{
    sim_queue_put(&sim->receipts.queue, sim->now_ms + 1 + dice_below(&sim->dice, most_ms),
                  take_receipt);
}

static void on_answer(void *arg)
{
    struct sim_receipt *said = arg;
    struct sim *sim = said->sim;
    const struct receipt *receipt = &said->receipt;
    unsigned c = (unsigned)receipt->campaign - 1;
    struct recipient_state state = sim_journal_state(&sim->journal, c, receipt->ordinal);
    const struct sim_recipient *recipient = &sim->journal.campaigns[c].recipients[receipt->ordinal];
    const char *wrong = wrong_answer(recipient, &state, receipt->kind);
    if (wrong != NULL) {
        sim_fail(sim, "c%u/%u #%u.%02x: its receipt is answered, but %s is not durable", c + 1,
                 receipt->ordinal, receipt->step, receipt->attempt, wrong);
    }
    DL_DELETE(sim->receipts.said, said);
    if (said->repeats == 0) {
        mem_free(said);
        return;
    }
    said->repeats--;
    put_again(sim, said, sim->is_quiet ? QUIET_DELAY_MS : 5000);
}

void sim_receipts_on_crash(struct sim *sim)
{
    while (sim->receipts.said != NULL) {
        struct sim_receipt *said = sim->receipts.said;
        DL_DELETE(sim->receipts.said, said);
        put_again(sim, said, REFUSED_MS * 5);
    }
}

void sim_receipts_release(struct sim *sim)
{
    while (sim->receipts.said != NULL) {
        struct sim_receipt *said = sim->receipts.said;
        DL_DELETE(sim->receipts.said, said);
        mem_free(said);
    }
    sim_queue_release(&sim->receipts.queue);
}

/* ---- Ended campaigns ---- */

bool sim_receipts_wake(struct sim *sim, unsigned c, uint32_t ordinal)
{
    struct page_rest rest = {0};
    struct recipient_state states[PAGE_RECIPIENTS];
    struct recipient_state side[PAGE_RECIPIENTS];
    struct sim_coordinator *coordinator = &sim->coordinator;
    struct campaign_view view;
    unsigned count = 0;
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    if (!sim_coordinator_is_durable(coordinator)) {
        return false;
    }
    if (!engine_campaign(coordinator->engine, c + 1, &view)) {
        sim_fail(sim, "c%u is closed, and there is none", c + 1);
    }
    enum err err = page_fold_tracks(coordinator->ledger, view.def, campaign_over(&view), page,
                                    states, side, &count, &rest);
    if (err != ERR_OK) {
        sim_fail(sim, "page %u of c%u cannot be folded: %s", page, c + 1, err_name(err));
    }
    sim_trace(sim, "page %u of c%u is woken", page, c + 1);
    engine_wake_page(coordinator->engine, c + 1, page, states,
                     plan_has_pair(&view.def->plan) ? side : NULL, count, &rest, clock_ms(sim));
    sim->totals->receipts.woken++;
    return true;
}

/* ---- Saying ---- */

/* How much is known of his having been reached: no receipt takes that back, but that a bounce of
 * what was only accepted shows that it was not. */
static unsigned height(const struct recipient_state *state)
{
    bool is_delivered = state->state == DELIVERY_DELIVERED || state->before == BEFORE_DELIVERED;
    return state->state == DELIVERY_ACKNOWLEDGED ? 2 : is_delivered ? 1 : 0;
}

static uint64_t count_events(const struct sim *sim)
{
    struct engine_stats stats;
    engine_stats(sim->coordinator.engine, &stats);
    return stats.events;
}

static struct recipient_state state_now(struct sim *sim, const struct receipt *receipt)
{
    struct recipient_state state = {0};
    enum err err =
        engine_recipient(sim->coordinator.engine, receipt->campaign, receipt->ordinal, &state);
    if (err != ERR_OK) {
        sim_fail(sim, "c%u/%u cannot be asked for: %s", (unsigned)receipt->campaign,
                 receipt->ordinal, err_name(err));
    }
    return state;
}

static _Noreturn void fail(const struct sim *sim, const struct receipt *receipt,
                           const struct recipient_state *before,
                           const struct recipient_state *after, const char *what)
{
    sim_fail(sim, "c%u/%u #%u.%02x: the receipt %s makes %s on step %u.%02x %s: %s",
             (unsigned)receipt->campaign, receipt->ordinal, receipt->step, receipt->attempt,
             receipt_kind_name(receipt->kind),
             delivery_state_name((enum delivery_state)before->state), before->step,
             recipient_attempt_number(before),
             delivery_state_name((enum delivery_state)after->state), what);
}

/* At once again: it says nothing new. */
static void say_again(struct sim *sim, const struct receipt *receipt)
{
    struct recipient_state before = state_now(sim, receipt);
    uint64_t events = count_events(sim);
    enum err err = engine_receipt(sim->coordinator.engine, receipt, clock_ms(sim));
    struct recipient_state after = state_now(sim, receipt);
    if (err != ERR_OK || memcmp(&before, &after, sizeof(before)) != 0 ||
        count_events(sim) != events) {
        fail(sim, receipt, &before, &after, "and was applied before");
    }
}

static void count_said(struct sim *sim, const struct receipt *receipt,
                       const struct recipient_state *before)
{
    struct sim_receipt_totals *totals = &sim->totals->receipts;
    struct campaign_view view;
    unsigned round =
        engine_recipient_round(sim->coordinator.engine, receipt->campaign, receipt->ordinal);
    bool is_present = receipt->round == round && receipt->step == before->step &&
                      receipt->attempt == recipient_attempt_number(before);
    totals->said[receipt->kind]++;
    totals->met[before->state]++;
    totals->earlier += !is_present;
    totals->overtaking += is_present && before->state == DELIVERY_LEASED;
    if (engine_campaign(sim->coordinator.engine, receipt->campaign, &view)) {
        totals->closed += view.state == CAMPAIGN_FINISHED || view.state == CAMPAIGN_CANCELLED;
    }
}

/* ERR_CLOSED: not yet. */
static enum err say(struct sim *sim, const struct receipt *receipt)
{
    struct engine *engine = sim->coordinator.engine;
    unsigned c = (unsigned)receipt->campaign - 1;
    struct recipient_state before = {0};
    enum err err = engine_recipient(engine, receipt->campaign, receipt->ordinal, &before);
    if (err == ERR_CLOSED) {
        err = engine_receipt(engine, receipt, clock_ms(sim));
        if (err != ERR_CLOSED) {
            sim_fail(sim, "c%u is closed, and takes a receipt: %s", c + 1, err_name(err));
        }
        if (!sim_receipts_wake(sim, c, receipt->ordinal)) {
            return ERR_CLOSED;
        }
    }
    before = state_now(sim, receipt);
    uint64_t events = count_events(sim);
    sim_attempt_on_receipt(sim, receipt);
    err = engine_receipt(engine, receipt, clock_ms(sim));
    struct recipient_state after = state_now(sim, receipt);
    sim_trace(sim, "c%u/%u #%u.%02x: a receipt says %s, %s on step %u: %s", c + 1, receipt->ordinal,
              receipt->step, receipt->attempt, receipt_kind_name(receipt->kind),
              delivery_state_name((enum delivery_state)before.state), before.step,
              delivery_state_name((enum delivery_state)after.state));
    if (err != ERR_OK) {
        fail(sim, receipt, &before, &after, err_name(err));
    }
    if (height(&after) < height(&before)) {
        fail(sim, receipt, &before, &after, "a step back");
    }
    count_said(sim, receipt, &before);
    sim->totals->receipts.moved += count_events(sim) > events;
    if (dice_chance(&sim->dice, IN_A_ROW_CHANCE)) {
        say_again(sim, receipt);
    }
    return ERR_OK;
}

/* The highest step that he stands on. */
static unsigned last_step(const struct sim *sim, const struct receipt *of)
{
    unsigned last = 0;
    for (unsigned t = 0; t < 2; t++) {
        struct recipient_state track;
        if (engine_track(sim->coordinator.engine, of->campaign, of->ordinal, t == 1, &track)) {
            last = track.step > last ? track.step : last;
        }
    }
    return last;
}

/* Of an attempt that never was, a step that he never came to, or nobody. */
static void forge(struct sim *sim, const struct receipt *of)
{
    struct recipient_state state = {0};
    struct receipt receipt = *of;
    uint64_t events = count_events(sim);
    if (engine_recipient(sim->coordinator.engine, of->campaign, of->ordinal, &state) != ERR_OK) {
        return;
    }
    receipt.kind = (enum receipt_kind)dice_below(&sim->dice, RECEIPT_KINDS);
    receipt.step = state.step;
    receipt.round =
        (uint8_t)engine_recipient_round(sim->coordinator.engine, of->campaign, of->ordinal);
    switch (dice_below(&sim->dice, 4)) {
    case 0:
        receipt.ordinal = sim->settings.campaigns[of->campaign - 1].def.slots;
        break;
    case 1:
        receipt.step = (uint8_t)(last_step(sim, of) + 1 + dice_below(&sim->dice, 3));
        break;
    case 2:
        receipt.round++;
        receipt.step = 0;
        break;
    default:
        if (recipient_attempt_number(&state) == UINT8_MAX) {
            return;
        }
        receipt.attempt =
            (uint8_t)dice_between(&sim->dice, recipient_attempt_number(&state) + 1u, UINT8_MAX);
        break;
    }
    enum err err = engine_receipt(sim->coordinator.engine, &receipt, clock_ms(sim));
    if (err != ERR_NOT_FOUND || count_events(sim) != events) {
        sim_fail(sim, "c%u/%u #%u.%02x never was, and its receipt is taken: %s",
                 (unsigned)receipt.campaign, receipt.ordinal, receipt.step, receipt.attempt,
                 err_name(err));
    }
    sim->totals->receipts.forged++;
}

uint64_t sim_receipts_next_ms(const struct sim_receipts *receipts)
{
    return sim_queue_next_ms(&receipts->queue);
}

void sim_receipts_act(struct sim *sim)
{
    struct sim_receipt *said = sim_queue_take(&sim->receipts.queue);
    if (!sim->coordinator.is_up || sim->now_ms < sim->coordinator.frozen_until_ms) {
        put_again(sim, said, REFUSED_MS * 2);
        return;
    }
    enum err err = say(sim, &said->receipt);
    if (err == ERR_OK && dice_chance(&sim->dice, FORGED_CHANCE)) {
        forge(sim, &said->receipt);
    }
    if (err == ERR_OK) {
        DL_APPEND(sim->receipts.said, said);
        turn_when_durable(sim->coordinator.turn, true, on_answer, said);
    } else {
        put_again(sim, said, LATER_MS);
    }
    sim_coordinator_changed(sim);
}

/* ---- The journal ---- */

bool sim_receipts_is_of_receipt(const struct event *event)
{
    switch ((enum delivery_event)event->kind) {
    case DELIVERY_EVENT_BOUNCED:
    case DELIVERY_EVENT_CONFIRMED:
    case DELIVERY_EVENT_COMPLAINED:
        return true;
    case DELIVERY_EVENT_ACCEPTED:
    case DELIVERY_EVENT_DELIVERED:
        return event->reason == REASON_NONE || event->reason == SIM_REASON_ARRIVED;
    default:
        return false;
    }
}
