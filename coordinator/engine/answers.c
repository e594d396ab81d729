/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes back of a message: the recipient's own word, and the provider's receipts.
 *
 * A receipt names an attempt, and the attempt is the present one or an earlier one. Of the present
 * one it proves that it was sent, also while its outcome is still out: the recipient leaves the
 * lease, and the outcome that comes later is known.
 *
 *   accepted    present: accepted, where that was in doubt or not known yet. Earlier: nothing
 *   delivered   present: delivered; open until the step ends, where it waits for an
 *               acknowledgement. Earlier: delivered, and the ladder ends, where that was what the
 *               earlier step waited for, or nothing goes on any more; else a remark (confirmed),
 *               so that the ladder does not end as less
 *   failed,     present: bounced, and on to the next endpoint, to the next step, or to what earlier
 *   bounced     steps reached. Earlier: nothing, the ladder has gone on already
 *   complained  a remark, once for each recipient
 *
 * What is of an earlier round is of an earlier attempt. And whom the present round did not take in
 * is sent to no more: of him a receipt may change the state, but never where he goes on.
 *
 * So receipts may come in any order and any number: delivered beats bounced beats accepted.
 */
#include <assert.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"
#include "coordinator/engine/pair.h"

#define AWAKE_MS 60000

static const char *const KIND_NAMES[RECEIPT_KINDS] = {"accepted", "delivered", "failed", "bounced",
                                                      "complained"};

const char *receipt_kind_name(enum receipt_kind kind)
{
    return kind < RECEIPT_KINDS ? KIND_NAMES[kind] : "?";
}

/* If the campaign has ended, its counts have changed, and more may come for its pages. */
static void stay_awake(struct engine *engine, struct campaign *campaign)
{
    engine_settle(engine, campaign);
    campaign->end_is_noted = false;
    campaign->awake_until_ms = engine->now_ms + AWAKE_MS;
}

/* Somebody leaves a lease whose outcome will be known when it comes, and so tells nothing of the
 * provider any more. What came from the provider shows that it is there; else a probe that nobody
 * is left in goes again. */
static void tell_provider(struct engine *engine, uint64_t id, bool is_answer)
{
    const struct lease *lease = lease_find(&engine->leases, id);
    if (lease == NULL) {
        return;
    }
    struct provider *provider = &engine->providers[lease->provider];
    if (provider->is_there && is_answer) {
        quota_on_success(&provider->quota);
    } else if (provider->is_there && lease->left == 1) {
        quota_on_untried(&provider->quota);
    }
}

/* Of whoever stands open: his time ends `within` after the outcome, less what he had used of it. */
static void note_delay(struct engine *engine, struct campaign *campaign,
                       const struct recipient_state *state)
{
    if (!recipient_is_open(state) || state->due_cs == FOLD_NEVER_CS) {
        return;
    }
    struct fold fold = campaign_fold(campaign);
    const struct plan_step *step = &campaign->def.plan.steps[state->step];
    uint64_t left = RECIPIENT_USED_MAX - (unsigned)state->used;
    uint64_t until_ms = fold_due_ms(&fold, state->due_cs);
    uint64_t sent_ms = until_ms - step->within_ms * left / RECIPIENT_USED_MAX;
    uint64_t delay_ms = engine->now_ms > sent_ms ? engine->now_ms - sent_ms : 0;
    histogram_add(&engine->delays.sent_to_acknowledged[step->channel][campaign->def.priority],
                  &HISTOGRAM_MS, delay_ms, 1);
}

/* On one track. */
static void acknowledge(struct engine *engine, struct campaign *campaign, uint32_t page,
                        unsigned place, uint16_t how)
{
    struct event event = {
        .kind = DELIVERY_EVENT_ACKNOWLEDGED,
        .step = campaign_recipient(campaign, page, place).step,
        .offset = (uint16_t)place,
        .span = 1,
        .reason = how,
        .lease = ladder_lease_of_place(campaign, page, place),
        .at_ms = engine->now_ms,
    };
    ladder_recall(engine, event.lease, event.offset, RECALL_ALL);
    ladder_recall_lost(engine, campaign, page, event.offset, RECALL_ALL);
    tell_provider(engine, event.lease, false);
    engine_decide(engine, campaign, page, &event);
}

enum err engine_acknowledge_by(struct engine *engine, uint64_t id, uint32_t ordinal, uint16_t how,
                               uint64_t now_ms)
{
    struct recipient_state state;
    engine_advance(engine, now_ms);
    enum err err = engine_recipient(engine, id, ordinal, &state);
    if (err != ERR_OK || state.state == DELIVERY_ACKNOWLEDGED) {
        return err;
    }
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign->launched_ms == 0 && !campaign->is_ended) {
        return ERR_CONFLICT;
    }
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    unsigned place = ordinal % PAGE_RECIPIENTS;
    note_delay(engine, campaign, &state);
    engine->delays.acknowledged[campaign->def.priority]++;
    acknowledge(engine, campaign, page, place, how);
    if (campaign_has_pair(campaign)) {
        uint32_t side = campaign_other_page(campaign, page);
        state = campaign_recipient(campaign, side, place);
        if (state.state != DELIVERY_NONE) { /* also where nothing but a late outcome could come */
            acknowledge(engine, campaign, side, place, how);
        }
    }
    stay_awake(engine, campaign);
    return ERR_OK;
}

enum err engine_acknowledge(struct engine *engine, uint64_t id, uint32_t ordinal, uint64_t now_ms)
{
    return engine_acknowledge_by(engine, id, ordinal, REASON_NONE, now_ms);
}

/* ---- Receipts ---- */

/* One receipt and whom it is of. */
struct reading {
    struct engine *engine;
    struct campaign *campaign;
    const struct receipt *receipt;
    struct recipient_state state;
    uint32_t page; /* of the track that the receipt's step is on */
    uint16_t place;
    uint64_t lease; /* that he is in; 0: none */
    bool is_present;
    bool has_complained; /* before, on either track */
};

/* Whether what a receipt says of the present attempt may be what the recipient stands on: after the
 * end of a ladder he may stand on what an earlier step reached. */
static bool stands_on_present(const struct recipient_state *state)
{
    bool is_ended = state->state == DELIVERY_ACCEPTED || state->state == DELIVERY_UNCERTAIN;
    bool is_earlier = state->state == DELIVERY_ACCEPTED ? state->before == BEFORE_REACHED
                                                        : state->before != BEFORE_NOTHING;
    return track_is_under_way(state) || (is_ended && !is_earlier);
}

static void decide(const struct reading *reading, enum delivery_event kind, uint8_t step,
                   uint64_t lease, uint16_t reason, uint64_t due_ms)
{
    struct event event = {
        .kind = (uint8_t)kind,
        .provider = reading->receipt->provider,
        .step = step,
        .offset = reading->place,
        .span = 1,
        .reason = reason,
        .lease = lease,
        .at_ms = reading->engine->now_ms,
        .due_ms = due_ms,
    };
    ladder_recall(reading->engine, lease, reading->place, RECALL_TRACK);
    if (!delivery_event_is_remark(kind)) {
        ladder_recall_lost(reading->engine, reading->campaign, reading->page, reading->place,
                           RECALL_TRACK);
        tell_provider(reading->engine, lease, reading->is_present);
    }
    engine_decide(reading->engine, reading->campaign, reading->page, &event);
    ladder_close_accepted(reading->engine, reading->campaign, reading->page, &event);
}

/* Until when he stays open who is accepted or delivered now. Who is open keeps his time. */
static uint64_t open_until(const struct reading *reading)
{
    struct fold fold = campaign_fold(reading->campaign);
    if (recipient_is_open(&reading->state)) {
        return fold_due_ms(&fold, reading->state.due_cs);
    }
    return track_is_under_way(&reading->state)
               ? ladder_open_until_ms(reading->engine, reading->campaign, &reading->state)
               : 0;
}

static bool read_accepted(const struct reading *reading)
{
    if (!reading->is_present || reading->state.state == DELIVERY_ACCEPTED ||
        reading->state.state == DELIVERY_DELIVERED || !stands_on_present(&reading->state)) {
        return false;
    }
    decide(reading, DELIVERY_EVENT_ACCEPTED, reading->state.step, reading->lease,
           reading->receipt->reason, open_until(reading));
    return true;
}

/* What an earlier step waited for has come: the ladder ends on both tracks, if the other one is not
 * beside that step. */
static void end_other_track(const struct reading *reading)
{
    struct campaign *campaign = reading->campaign;
    if (!campaign_has_pair(campaign)) {
        return;
    }
    const struct plan *plan = &campaign->def.plan;
    uint32_t page = campaign_other_page(campaign, reading->page);
    struct recipient_state state = campaign_recipient(campaign, page, reading->place);
    unsigned first = plan_first_of_pair(plan, reading->receipt->step);
    bool is_beside =
        reading->receipt->round == campaign_round(campaign, reading->page, reading->place) &&
        state.state != DELIVERY_NONE && plan_first_of_pair(plan, state.step) == first;
    bool is_there =
        track_is_under_way(&state) ||
        (plan_is_paired(plan, state.step) && state.step > first && state.state != DELIVERY_NONE &&
         state.state != DELIVERY_ACKNOWLEDGED && state.state != DELIVERY_DELIVERED);
    if (is_beside || !is_there) {
        return;
    }
    struct reading other = *reading;
    other.page = page;
    other.state = state;
    other.lease = ladder_lease_of_place(campaign, page, reading->place);
    decide(&other,
           state.state == DELIVERY_DELIVERED ? DELIVERY_EVENT_UNANSWERED : DELIVERY_EVENT_DELIVERED,
           state.step, other.lease, reading->receipt->reason, 0);
}

static bool read_delivered(const struct reading *reading)
{
    const struct recipient_state *state = &reading->state;
    const struct plan_step *of = &reading->campaign->def.plan.steps[reading->receipt->step];
    bool is_wanted_more = of->until == PLAN_ACKNOWLEDGED;
    if (state->state == DELIVERY_ACKNOWLEDGED) {
        return false;
    }
    if (state->state == DELIVERY_DELIVERED && (!recipient_is_open(state) || is_wanted_more)) {
        return false;
    }
    if (!reading->is_present && is_wanted_more && track_is_under_way(state)) {
        if (state->before != BEFORE_DELIVERED) {
            decide(reading, DELIVERY_EVENT_CONFIRMED, state->step, 0, reading->receipt->reason, 0);
        }
        return state->before != BEFORE_DELIVERED;
    }
    bool is_to_stay_open = reading->is_present && is_wanted_more;
    decide(reading,
           state->state == DELIVERY_DELIVERED ? DELIVERY_EVENT_UNANSWERED
                                              : DELIVERY_EVENT_DELIVERED,
           state->step, reading->lease, reading->receipt->reason,
           is_to_stay_open ? open_until(reading) : 0);
    if (!is_wanted_more && !reading->is_present) {
        end_other_track(reading);
    }
    return true;
}

/* The ladder goes on from where the message came back, if it still does. */
static void go_on(const struct reading *reading, uint16_t reason)
{
    const struct campaign *campaign = reading->campaign;
    struct recipient_state state =
        campaign_recipient(campaign, reading->page, reading->place); /* failed by now */
    uint64_t now_ms = reading->engine->now_ms;
    bool is_of_round = campaign_round(campaign, reading->page, reading->place) == campaign->round;
    bool is_going = is_of_round && !campaign_is_over(campaign) && !campaign->is_ended;
    unsigned next = ladder_step_after_failure(campaign, state.step);
    bool is_paired = campaign_has_pair(campaign) && plan_is_paired(&campaign->def.plan, state.step);
    if (is_going && state.endpoint + 1u < campaign->def.plan.steps[state.step].endpoint_ranks) {
        decide(reading, DELIVERY_EVENT_NEXT_ENDPOINT, state.step, 0, reason, now_ms);
    } else if (is_going && next != 0) {
        decide(reading, DELIVERY_EVENT_CLIMBED, (uint8_t)next, 0, reason, now_ms);
    } else if (is_paired && is_going) {
        pair_end(reading->engine, reading->campaign, reading->page, reading->place, 1, reason);
    } else {
        enum delivery_event closing = fold_closing(&state, DELIVERY_EVENT_FAILED);
        if (closing != DELIVERY_EVENT_FAILED) {
            decide(reading, closing, state.step, 0, reason, 0);
        }
    }
}

static bool read_bounced(const struct reading *reading)
{
    uint16_t reason = reading->receipt->reason;
    if (reason == REASON_NONE) {
        reason = reading->receipt->kind == RECEIPT_FAILED ? REASON_RECEIPT_FAILED
                                                          : REASON_RECEIPT_BOUNCED;
    }
    if (!reading->is_present || reading->state.state == DELIVERY_DELIVERED ||
        !stands_on_present(&reading->state)) {
        return false;
    }
    decide(reading, DELIVERY_EVENT_BOUNCED, reading->state.step, reading->lease, reason, 0);
    go_on(reading, reason);
    return true;
}

static bool read_complained(const struct reading *reading)
{
    if (reading->has_complained) {
        return false;
    }
    decide(reading, DELIVERY_EVENT_COMPLAINED, reading->state.step, 0, REASON_RECEIPT_COMPLAINED,
           0);
    return true;
}

static bool read_receipt(const struct reading *reading)
{
    switch (reading->receipt->kind) {
    case RECEIPT_ACCEPTED:
        return read_accepted(reading);
    case RECEIPT_DELIVERED:
        return read_delivered(reading);
    case RECEIPT_FAILED:
    case RECEIPT_BOUNCED:
        return read_bounced(reading);
    case RECEIPT_COMPLAINED:
        return read_complained(reading);
    case RECEIPT_KINDS:
        break;
    }
    return false;
}

/* Of the present attempt (0), an earlier one (-1), or one that was not made yet (1). */
static int order_of(const struct reading *reading)
{
    const struct receipt *receipt = reading->receipt;
    unsigned attempt = recipient_attempt_number(&reading->state);
    unsigned present = campaign_round(reading->campaign, reading->page, reading->place) << 16 |
                       (unsigned)reading->state.step << 8 | attempt;
    unsigned named =
        (unsigned)receipt->round << 16 | (unsigned)receipt->step << 8 | receipt->attempt;
    return named > present ? 1 : named == present ? 0 : -1;
}

/* The track of the receipt's step. True if that is the side, and the ladder is not beside it: what
 * it came to there was of a former pair. */
static bool choose_track(struct reading *reading)
{
    const struct campaign *campaign = reading->campaign;
    uint32_t ladder = reading->page;
    reading->page = campaign_page_of_step(campaign, reading->page, reading->receipt->step);
    reading->state = campaign_recipient(campaign, reading->page, reading->place);
    struct recipient_state state = campaign_recipient(campaign, ladder, reading->place);
    return reading->page != ladder &&
           !pair_is_together(&campaign->def.plan, &state, &reading->state);
}

enum err engine_receipt(struct engine *engine, const struct receipt *receipt, uint64_t now_ms)
{
    struct reading reading = {.engine = engine,
                              .receipt = receipt,
                              .page = receipt->ordinal / PAGE_RECIPIENTS,
                              .place = (uint16_t)(receipt->ordinal % PAGE_RECIPIENTS)};
    engine_advance(engine, now_ms);
    enum err err = engine_recipient(engine, receipt->campaign, receipt->ordinal, &reading.state);
    if (err != ERR_OK) {
        return err;
    }
    reading.campaign = engine_find_campaign(engine, receipt->campaign);
    if (reading.campaign->launched_ms == 0 && !reading.campaign->is_ended) {
        return ERR_CONFLICT;
    }
    if (receipt->step >= reading.campaign->def.plan.step_count) {
        return ERR_NOT_FOUND;
    }
    reading.has_complained = reading.state.complained;
    bool is_former = campaign_has_pair(reading.campaign) && choose_track(&reading);
    int order = order_of(&reading);
    if (order > 0 || reading.state.state == DELIVERY_NONE) {
        return ERR_NOT_FOUND;
    }
    reading.is_present = order == 0 && !is_former;
    reading.lease = ladder_lease_of_place(reading.campaign, reading.page, reading.place);
    if (read_receipt(&reading)) {
        stay_awake(engine, reading.campaign);
    }
    return ERR_OK;
}

/* ---- Ended campaigns ---- */

/* The closing counts do not say. */
static void count_tried(struct campaign *campaign, const struct recipient_state *states,
                        const struct recipient_state *side, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        campaign->tried += states[i].tried || (side != NULL && side[i].tried);
    }
}

void engine_wake_page(struct engine *engine, uint64_t id, uint32_t page,
                      const struct recipient_state *states, const struct recipient_state *side,
                      unsigned count, struct page_rest *rest, uint64_t now_ms)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    engine_advance(engine, now_ms);
    assert(campaign != NULL && campaign->is_closed && page < campaign->page_count);
    assert((side != NULL) == campaign_has_pair(campaign));
    assert(count == campaign_page_slots(campaign, page));
    if (campaign->pages == NULL) {
        campaign_make_pages(campaign);
        campaign->next_fresh = campaign->page_count;
    }
    if (campaign->pages[page].states == NULL) {
        campaign->pages[page].states = mem_copy(states, count * sizeof(*states));
        campaign->pages[page].rest = *rest;
        campaign->pages[page].is_restored = true; /* what bounced is not known */
        campaign->pages[page].has_lost = campaign->has_lost;
        *rest = (struct page_rest){0};
        count_tried(campaign, states, side, count);
        if (side != NULL) {
            struct page_state *other = &campaign->pages[campaign_other_page(campaign, page)];
            other->states = mem_copy(side, count * sizeof(*side));
            other->is_restored = true;
            other->has_lost = campaign->has_lost;
        }
    }
    page_rest_release(rest);
    campaign->awake_until_ms = engine->now_ms + AWAKE_MS;
    engine_enliven(engine, campaign);
}
