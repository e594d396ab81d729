/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a worker says of an attempt to what it means for the recipient:
 *
 *   accepted       accepted
 *   deferred       deferred, with backoff and jitter; failed when the attempts are used, expired
 *                  when the time is. Without any connection: released, since nothing was tried
 *   throttled      released until the provider wants more
 *   rejected       the contact's next endpoint, if the endpoint is the trouble and there is one;
 *                  else failed, or unreachable if there never was one
 *   uncertain      repeated with the same token, or held, as the plan says
 *   misconfigured  released; the provider's breaker opens
 *   returned       released
 *
 * Where that would be the end and the plan has a further step, the recipient climbs instead; and on
 * a step that waits for an acknowledgement, who was accepted or is held climbs when its time is
 * over.
 *
 * In a cancelled campaign whatever would be sent again is cancelled instead, and past not_after it
 * expires. Who may have been
 * reached never ends as if he had not been: he is held.
 */
#include <assert.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"

#define SILENCE_TROUBLES                                                                           \
    3 /* an attempt without an answer counts for so many without a connection */

#define CLOCK_AHEAD_MS 1000

struct decision {
    struct engine *engine;
    struct campaign *campaign;
    const struct plan_step *step;
    struct provider *provider; /* NULL if the lease's is not configured any more */
    const struct fate *fate;
};

/* Reasons that say "this message", not "this address": another endpoint would not help. */
static bool is_about_message(uint16_t reason)
{
    return reason == REASON_VARIABLE_MISSING || reason == REASON_MESSAGE_TOO_LARGE ||
           reason == REASON_PAGE_DAMAGED || reason == REASON_CONTENT_UNKNOWN;
}

/* What the worker found out by itself says nothing of the provider. */
static bool is_of_worker(uint16_t reason)
{
    return reason >= REASON_VARIABLE_MISSING && reason < REASON_CONNECT_FAILED;
}

static bool is_without_connection(uint16_t reason)
{
    return reason == REASON_CONNECT_FAILED || reason == REASON_RESOLVE_FAILED ||
           reason == REASON_TLS_FAILED || reason == REASON_TIMED_OUT_BEFORE;
}

static void end(struct event *event, enum delivery_event kind, uint16_t reason)
{
    event->kind = (uint8_t)kind;
    event->reason = reason;
    event->due_ms = 0;
}

static void retry_at(const struct decision *d, const struct recipient_state *state,
                     enum delivery_event kind, uint64_t due_ms, struct event *event)
{
    struct fold fold = campaign_fold(d->campaign);
    event->kind = (uint8_t)kind;
    event->due_ms = due_ms;
    if (fold_used(&fold, state, due_ms) > RECIPIENT_USED_MAX) {
        end(event, state->uncertain ? DELIVERY_EVENT_HELD : DELIVERY_EVENT_EXPIRED,
            REASON_TIME_USED);
    }
}

static uint64_t backoff_until(const struct decision *d, unsigned attempt)
{
    return d->engine->now_ms +
           plan_backoff_ms(d->step, attempt, d->fate->retry_after_ms, engine_dice(d->engine));
}

static void decide_uncertain(const struct decision *d, const struct recipient_state *state,
                             struct event *event)
{
    if (d->step->on_uncertain == PLAN_HOLD || campaign_is_over(d->campaign) ||
        state->repeats + 1u >= d->step->attempts) {
        end(event, DELIVERY_EVENT_HELD, d->fate->reason);
        return;
    }
    /* A worker that died took nobody's time: its recipients go at once; a provider that did not
     * answer gets its backoff. */
    bool is_lost =
        d->fate->reason == REASON_LEASE_EXPIRED || d->fate->reason == REASON_WORKER_RESTARTED;
    event->kind = DELIVERY_EVENT_REPEATED;
    event->due_ms = is_lost ? d->engine->now_ms : backoff_until(d, state->repeats);
    struct fold fold = campaign_fold(d->campaign);
    if (fold_used(&fold, state, event->due_ms) > RECIPIENT_USED_MAX) {
        end(event, DELIVERY_EVENT_HELD, d->fate->reason);
        return;
    }
    d->campaign->repeated++;
}

/* While an attempt may have been taken, its token is kept: a deferral of the repetition says
 * nothing of the first try, and under another token the provider could not tell the two from each
 * other. */
static void decide_deferred(const struct decision *d, const struct recipient_state *state,
                            struct event *event)
{
    if (is_without_connection(d->fate->reason)) {
        retry_at(d, state, DELIVERY_EVENT_RELEASED, backoff_until(d, 0), event);
        return;
    }
    if (state->uncertain) {
        decide_uncertain(d, state, event);
        return;
    }
    if (state->attempt + 1u >= d->step->attempts) {
        end(event, DELIVERY_EVENT_FAILED, d->fate->reason);
        return;
    }
    retry_at(d, state, DELIVERY_EVENT_DEFERRED, backoff_until(d, state->attempt), event);
}

static void decide_rejected(const struct decision *d, const struct recipient_state *state,
                            struct event *event)
{
    bool was_tried = state->tried || d->fate->reason != REASON_NO_ENDPOINT;
    if (!is_about_message(d->fate->reason) && state->endpoint + 1u < d->step->endpoint_ranks) {
        event->kind = DELIVERY_EVENT_NEXT_ENDPOINT;
        event->due_ms = d->engine->now_ms;
        return;
    }
    end(event, was_tried ? DELIVERY_EVENT_FAILED : DELIVERY_EVENT_UNREACHABLE, d->fate->reason);
}

static uint64_t provider_free_ms(const struct decision *d)
{
    uint64_t now_ms = d->engine->now_ms;
    bool is_paused = d->provider != NULL && d->provider->quota.paused_until_ms > now_ms;
    return is_paused ? d->provider->quota.paused_until_ms : now_ms;
}

/* A batch is not sent past its time, which is the campaign's or the beginning of quiet hours, his
 * own or the provider's. If it is not that time here yet, the worker's clock is ahead, and would
 * bring it back again and again. */
static void decide_returned(const struct decision *d, struct event *event)
{
    event->kind = DELIVERY_EVENT_RELEASED;
    event->due_ms = d->engine->now_ms;
    if (d->fate->reason == REASON_NOT_AFTER && !campaign_is_over(d->campaign)) {
        bool is_providers = d->provider != NULL && quiet_holds_provider(d->engine, d->provider);
        event->due_ms += CLOCK_AHEAD_MS;
        event->reason = is_providers                              ? REASON_PROVIDER_QUIET
                        : quiet_is_step(d->campaign, event->step) ? REASON_QUIET_HOURS
                                                                  : REASON_NOT_AFTER;
    }
}

static bool is_sent_again(uint8_t kind)
{
    return kind == DELIVERY_EVENT_DEFERRED || kind == DELIVERY_EVENT_RELEASED ||
           kind == DELIVERY_EVENT_NEXT_ENDPOINT || kind == DELIVERY_EVENT_EXPIRED;
}

static void decide_one(const struct decision *d, const struct recipient_state *state,
                       struct event *event)
{
    event->reason = d->fate->reason;
    event->due_ms = 0;
    switch (d->fate->outcome) {
    case OUTCOME_ACCEPTED:
        event->kind = DELIVERY_EVENT_ACCEPTED;
        break;
    case OUTCOME_DEFERRED:
        decide_deferred(d, state, event);
        break;
    case OUTCOME_THROTTLED:
        event->kind = DELIVERY_EVENT_RELEASED;
        event->due_ms = provider_free_ms(d);
        break;
    case OUTCOME_REJECTED:
        decide_rejected(d, state, event);
        break;
    case OUTCOME_UNCERTAIN:
        decide_uncertain(d, state, event);
        break;
    case OUTCOME_RETURNED:
        decide_returned(d, event);
        break;
    case OUTCOME_MISCONFIGURED:
    case OUTCOMES:
        event->kind = DELIVERY_EVENT_RELEASED;
        event->due_ms = d->engine->now_ms;
        break;
    }
}

/* The campaign is over, and whoever would be sent to again is not. What the provider answered is
 * told all the same, as an event of its own: nobody could say afterwards that it was never asked.
 * What came back unsent is only closed. False: that has ended him already. */
static bool end_when_over(const struct decision *d, uint32_t page,
                          const struct recipient_state *state, struct event *event)
{
    if (!campaign_is_over(d->campaign) || !is_sent_again(event->kind)) {
        return true;
    }
    if (event->kind != DELIVERY_EVENT_EXPIRED && d->fate->outcome != OUTCOME_RETURNED) {
        event->due_ms = d->engine->now_ms;
        engine_decide(d->engine, d->campaign, page, event);
        event->lease = 0;
        event->ref = slice_of(NULL, 0);
        if (delivery_state_is_final((enum delivery_state)state->state)) {
            return false; /* he is barred meanwhile */
        }
    }
    /* Nothing of an earlier, uncertain attempt is hidden by that. */
    end(event, campaign_over_event(d->campaign),
        d->campaign->control.is_expired ? REASON_NOT_AFTER : REASON_CAMPAIGN_CANCELLED);
    return true;
}

/* How many neighbours, of at most `span`, meet the same event whatever they went through. */
static unsigned uniform_span(const struct decision *d, const struct recipient_state *states,
                             unsigned span)
{
    unsigned count = 1;
    if (d->fate->outcome != OUTCOME_ACCEPTED) {
        return 1;
    }
    while (count < span &&
           (d->step->until == PLAN_ACCEPTED || states[count].used == states[0].used)) {
        count++;
    }
    return count;
}

/* It may be about the endpoint itself, which others should not try again then. */
static void tell_refused(const struct decision *d, uint32_t page, unsigned place,
                         const struct recipient_state *state)
{
    uint16_t reason = d->fate->reason;
    bool is_providers = (reason >= 100 && reason < 600) || reason_is_of_address(reason);
    if (d->fate->outcome == OUTCOME_REJECTED && is_providers) {
        engine_push_effect(d->engine,
                           &(struct engine_effect){.kind = ENGINE_REFUSED,
                                                   .campaign = d->campaign->def.id,
                                                   .page = campaign_base_page(d->campaign, page),
                                                   .place = (uint16_t)place,
                                                   .reason = d->fate->reason,
                                                   .step = state->step,
                                                   .rank = state->endpoint});
    }
}

static void settle_run(const struct decision *d, const struct lease *lease, unsigned offset,
                       unsigned span)
{
    const struct event told = {
        .provider = lease->provider,
        .step = lease->step,
        .lease = lease->id,
        .at_ms = d->engine->now_ms,
        .ref = d->fate->ref,
    };
    struct event event = told;
    uint32_t page = lease->page;
    const struct recipient_state *states = campaign_states(d->campaign, page);
    unsigned settled = 0;
    for (unsigned i = offset; i < offset + span; i += event.span) {
        event = told;
        event.offset = (uint16_t)i;
        event.span = (uint16_t)uniform_span(d, &states[i], offset + span - i);
        tell_refused(d, page, i, &states[i]);
        decide_one(d, &states[i], &event);
        if (!end_when_over(d, page, &states[i], &event)) {
            settled++;
            continue;
        }
        ladder_decide(d->engine, d->campaign, &states[i], &event);
        detour_decide(d->engine, d->campaign, page, &event);
        suppress_explain(d->campaign, page, &event);
        engine_decide(d->engine, d->campaign, page, &event);
        ladder_close_accepted(d->engine, d->campaign, page, &event);
        settled += delivery_state_is_final((enum delivery_state)states[i].state) ? event.span : 0;
    }
    rate_meter_add(&d->campaign->meter, settled, d->engine->now_ms);
}

/* Whoever lets us wait in vain is down as well as who lets nobody in; and says so more slowly. */
static void tell_silence(const struct decision *d, unsigned span)
{
    bool is_silent =
        d->fate->reason == REASON_TIMED_OUT_AFTER || d->fate->reason == REASON_CONNECTION_LOST;
    if (!is_silent) {
        quota_on_untried(&d->provider->quota);
    }
    for (unsigned i = 0; is_silent && i < span * SILENCE_TROUBLES; i++) {
        quota_on_trouble(&d->provider->quota, d->fate->reason, d->engine->now_ms);
    }
}

/* Most campaigns have one provider or two. */
static void count_outcome(struct campaign *campaign, uint8_t provider, enum outcome outcome,
                          unsigned span)
{
    unsigned row = 0;
    while (row < campaign->outcome_rows && campaign->outcomes[row].provider != provider) {
        row++;
    }
    if (row == campaign->outcome_rows) {
        campaign->outcomes =
            mem_resize(campaign->outcomes, ++campaign->outcome_rows, sizeof(*campaign->outcomes));
        campaign->outcomes[row] = (struct outcome_counts){.provider = provider};
    }
    campaign->outcomes[row].of[outcome] += span;
}

static void tell_provider(const struct decision *d, unsigned span)
{
    struct provider *provider = d->provider;
    uint64_t now_ms = d->engine->now_ms;
    if (provider == NULL) {
        return;
    }
    provider->outcomes[d->fate->outcome] += span;
    count_outcome(d->campaign, provider->def.id, d->fate->outcome, span);
    sharing_on_fate(d->engine, provider, d->fate, span);
    switch (d->fate->outcome) {
    case OUTCOME_THROTTLED:
        provider->throttled_reason = d->fate->reason;
        quota_on_throttled(&provider->quota, d->fate->retry_after_ms, now_ms);
        return;
    case OUTCOME_MISCONFIGURED:
        quota_on_misconfigured(&provider->quota, d->fate->reason, now_ms);
        return;
    case OUTCOME_DEFERRED:
    case OUTCOME_REJECTED:
        if (is_of_worker(d->fate->reason)) {
            quota_on_untried(&provider->quota);
        } else if (!is_without_connection(d->fate->reason)) {
            quota_on_success(&provider->quota); /* any answer shows that it is there */
        } else {
            for (unsigned i = 0; i < span; i++) {
                quota_on_trouble(&provider->quota, d->fate->reason, now_ms);
            }
        }
        return;
    case OUTCOME_ACCEPTED:
        quota_on_success(&provider->quota);
        return;
    case OUTCOME_UNCERTAIN:
        tell_silence(d, span);
        return;
    case OUTCOME_RETURNED:
    case OUTCOMES:
        quota_on_untried(&provider->quota);
        return;
    }
}

static struct decision decision_of(struct engine *engine, const struct lease *lease,
                                   const struct fate *fate)
{
    struct provider *provider = &engine->providers[lease->provider];
    return (struct decision){
        .engine = engine,
        .campaign = lease->campaign,
        .step = &lease->campaign->def.plan.steps[lease->step],
        .provider = provider->is_there ? provider : NULL,
        .fate = fate,
    };
}

void intake_settle(struct engine *engine, struct lease *lease, unsigned offset, unsigned span,
                   const struct fate *fate)
{
    struct decision decision = decision_of(engine, lease, fate);
    struct bitmap places = lease_places_between(lease, offset, offset + span);
    struct lease held = *lease; /* the lease itself goes with its last place */
    unsigned count = bitmap_count(&places);
    if (count == 0) {
        engine->stats.outcomes_known++;
        return;
    }
    tell_provider(&decision, count);
    engine->is_reporting = true;
    for (unsigned from = bitmap_next(&places, 0); from < BITMAP_BITS;) {
        unsigned to = from;
        while (to < BITMAP_BITS && bitmap_has(&places, to)) {
            to++;
        }
        settle_run(&decision, &held, from, to - from);
        from = bitmap_next(&places, to);
    }
    engine->is_reporting = false;
}

void intake_settle_all(struct engine *engine, struct lease *lease, const struct fate *fate)
{
    intake_settle(engine, lease, 0, BITMAP_BITS, fate);
}

static bool is_over(const struct recipient_state *state)
{
    return state->state == DELIVERY_UNCERTAIN && !recipient_is_open(state);
}

/* Of a lease that is gone nothing is known but whose it was. It may have been an earlier step's
 * that left something in doubt, or an earlier round's: then it settles how the ladder ended, but
 * not where he is now. Or it was of a message that came back since, as a receipt said before the
 * outcome: then it settles nothing. */
static bool is_settled_late(const struct recipient_state *state, unsigned round,
                            bool may_have_bounced)
{
    bool may_be_earlier =
        state->before != BEFORE_NOTHING || state->step > 0 || state->endpoint > 0 || round > 0;
    return state->uncertain && state->state != DELIVERY_LEASED &&
           ((is_over(state) && !may_have_bounced) || !may_be_earlier) &&
           delivery_state_next((enum delivery_state)state->state, DELIVERY_EVENT_ACCEPTED) !=
               DELIVERY_STATES;
}

void intake_late(struct engine *engine, struct campaign *campaign, uint64_t lease, uint32_t page,
                 const struct outcome_run *run)
{
    engine->stats.outcomes_known++;
    if (run->outcome != OUTCOME_ACCEPTED || campaign->is_ended || page >= campaign->page_count ||
        run->offset + run->span > campaign_page_slots(campaign, page)) {
        return;
    }
    if (campaign_has_pair(campaign) && (lease & 1) != 0) {
        page = campaign_other_page(campaign, page); /* of the side: dispatch.c */
    }
    for (unsigned i = run->offset; i < run->offset + (unsigned)run->span; i++) {
        struct recipient_state state = campaign_recipient(campaign, page, i);
        if (!is_settled_late(&state, campaign_round(campaign, page, i),
                             campaign_may_have_bounced(campaign, page, i))) {
            continue;
        }
        struct event event = {
            .kind = DELIVERY_EVENT_ACCEPTED,
            .step = state.step,
            .offset = (uint16_t)i,
            .span = 1,
            .reason = run->reason,
            .at_ms = engine->now_ms,
            .due_ms = is_over(&state) ? 0 : ladder_open_until_ms(engine, campaign, &state),
            .ref = run->ref,
        };
        engine_decide(engine, campaign, page, &event);
        engine->stats.late_outcomes++;
    }
}
