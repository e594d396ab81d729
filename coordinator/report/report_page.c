/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt begins when somebody is leased and ends with the event that takes him out of the
 * lease. Whether it was one at all is known only then: what comes back untried is taken out again.
 *
 * A message is accepted by the event that says so, also if it comes late or is a receipt. Events
 * that only close a ladder look alike but say what was known before: `unanswered`, and `delivered`
 * of somebody of whom a receipt had come already (is_closing).
 */
#include "coordinator/report/report_page.h"

#include <assert.h>
#include <string.h>

#include "coordinator/engine/pair.h"
#include "proto/outcome.h"

void report_page_init(struct report_page *page, const struct campaign_def *def,
                      const enum channel_kind *provider_channels, uint64_t launched_ms,
                      struct report_tally *tally)
{
    page->def = def;
    page->provider_channels = provider_channels;
    page->launched_ms = launched_ms;
    page->tally = tally;
    page->folds[0] = (struct fold){.plan = &def->plan, .base_ms = def->created_ms};
    page->folds[1] = page->folds[0];
    page->folds[1].is_side = true;
}

void report_page_begin(struct report_page *page, unsigned count, const struct bitmap *holes)
{
    const struct plan *plan = &page->def->plan;
    bool has_pair = plan_has_pair(plan);
    page->count = count;
    memset(page->people, 0, sizeof(page->people));
    memset(page->accepted_ms, 0, plan->step_count * sizeof(page->accepted_ms[0]));
    for (unsigned track = 0; track < (has_pair ? 2u : 1u); track++) {
        fold_begin(&page->folds[track], page->states[track], count, holes);
        for (unsigned i = 0; i < count; i++) {
            const struct recipient_state *state = &page->states[track][i];
            if (state->state != DELIVERY_NONE) {
                page->people[i].entered |= (uint16_t)(1u << state->step);
            }
        }
    }
}

/* ---- one event, one place ---- */

struct moment {
    struct report_page *page;
    const struct event *event;
    const struct recipient_state *prior;
    struct report_person *person;
    unsigned place;
    unsigned track;
};

static void count_way(const struct moment *moment, unsigned step, unsigned provider, size_t member,
                      int sign)
{
    struct report_tally *tally = moment->page->tally;
    enum channel_kind channel = moment->page->def->plan.steps[step].channel;
    struct report_way *ways[] = {&tally->all, &tally->channels[channel],
                                 provider < WIRE_PROVIDERS_MAX ? &tally->providers[provider]
                                                               : NULL};
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]) && ways[i] != NULL; i++) {
        *(uint64_t *)(void *)((char *)ways[i] + member) += (uint64_t)(int64_t)sign;
    }
}
#define COUNT_WAY(moment, step, provider, member, sign)                                            \
    count_way(moment, step, provider, offsetof(struct report_way, member), sign)

static void take_lease(const struct moment *moment)
{
    const struct event *event = moment->event;
    moment->page->lease_providers[moment->track][moment->place] = event->provider;
    COUNT_WAY(moment, event->step, event->provider, attempts, 1);
    if (moment->prior->repeats > 0) {
        COUNT_WAY(moment, event->step, event->provider, repeated, 1);
        moment->person->was_repeated = true;
    } else if (moment->prior->attempt > 0) {
        COUNT_WAY(moment, event->step, event->provider, retries, 1);
    }
}

/* It was no attempt. */
static void untake_lease(const struct moment *moment, unsigned provider)
{
    unsigned step = moment->prior->step;
    COUNT_WAY(moment, step, provider, attempts, -1);
    if (moment->prior->repeats > 0) {
        COUNT_WAY(moment, step, provider, repeated, -1);
    } else if (moment->prior->attempt > 0) {
        COUNT_WAY(moment, step, provider, retries, -1);
    }
}

static bool is_nothing_there(uint16_t reason)
{
    return reason == REASON_NO_ENDPOINT || reason == REASON_CHANNEL_DOWN ||
           reason == REASON_PASSED_BY || reason_is_suppression(reason);
}

static bool is_held_back(uint16_t reason)
{
    return reason >= REASON_DRAINED && reason < REASON_LEASE_EXPIRED;
}

static void take_reason(const struct moment *moment)
{
    uint16_t reason = moment->event->reason;
    if (reason < REPORT_REASONS_MAX && reason != REASON_NONE) {
        moment->page->tally->reasons[reason].times++;
    }
}

static bool is_closing(const struct moment *moment)
{
    const struct recipient_state *prior = moment->prior;
    uint16_t reason = moment->event->reason;
    bool is_of_ladder = reason >= 1000 && reason < REASON_RECEIPT_FAILED;
    bool is_sending = prior->state == DELIVERY_WAITING || prior->state == DELIVERY_RETRYING ||
                      prior->state == DELIVERY_LEASED;
    return prior->before == BEFORE_DELIVERED && (is_sending || is_of_ladder);
}

static bool is_acceptance(const struct moment *moment)
{
    enum delivery_event kind = (enum delivery_event)moment->event->kind;
    return kind == DELIVERY_EVENT_ACCEPTED ||
           ((kind == DELIVERY_EVENT_DELIVERED || kind == DELIVERY_EVENT_BOUNCED) &&
            moment->prior->state != DELIVERY_ACCEPTED && moment->prior->state != DELIVERY_FAILED &&
            moment->prior->state != DELIVERY_DELIVERED && !is_closing(moment));
}

/* The lease's end, when it was none of acceptance. */
static void end_attempt(const struct moment *moment)
{
    enum delivery_event kind = (enum delivery_event)moment->event->kind;
    uint16_t reason = moment->event->reason;
    unsigned provider = moment->page->lease_providers[moment->track][moment->place];
    unsigned step = moment->prior->step;
    bool is_back = kind == DELIVERY_EVENT_RELEASED || is_held_back(reason);
    if (kind == DELIVERY_EVENT_ACKNOWLEDGED) {
        COUNT_WAY(moment, step, provider, overtaken, 1);
        return;
    }
    if (is_nothing_there(reason)) {
        untake_lease(moment, provider);
        COUNT_WAY(moment, step, provider, nothing_there, 1);
    } else if (is_back && is_held_back(reason)) {
        untake_lease(moment, provider);
        COUNT_WAY(moment, step, provider, handed_back, 1);
    } else if (is_back) {
        untake_lease(moment, provider);
        COUNT_WAY(moment, step, provider, turned_away, 1);
    } else if (kind == DELIVERY_EVENT_HELD || kind == DELIVERY_EVENT_REPEATED) {
        COUNT_WAY(moment, step, provider, uncertain, 1);
    } else if (kind == DELIVERY_EVENT_DEFERRED) {
        COUNT_WAY(moment, step, provider, deferred, 1);
    } else {
        COUNT_WAY(moment, step, provider, refused, 1);
    }
    if (!is_nothing_there(reason) && !is_back) {
        moment->person->tried |= (uint16_t)(1u << step);
    }
    take_reason(moment);
}

/* The provider took it, of the step that he stands on: now, or the doubt of before is over. */
static void accept(const struct moment *moment)
{
    const struct event *event = moment->event;
    struct report_page *page = moment->page;
    unsigned step = moment->prior->step;
    unsigned provider = event->provider;
    if (moment->prior->state == DELIVERY_LEASED) {
        provider = page->lease_providers[moment->track][moment->place];
    } else if (moment->prior->uncertain) {
        COUNT_WAY(moment, step, provider, uncertain, -1);
    }
    COUNT_WAY(moment, step, provider, accepted, 1);
    if (page->accepted_ms[step][moment->place] == 0) {
        page->accepted_ms[step][moment->place] = event->at_ms;
    }
    moment->person->tried |= (uint16_t)(1u << step);
    moment->person->accepted |= (uint16_t)(1u << step);
    moment->person->providers_accepted |= UINT64_C(1) << (provider % WIRE_PROVIDERS_MAX);
    if (page->launched_ms != 0) {
        uint64_t since_ms = event->at_ms > page->launched_ms ? event->at_ms - page->launched_ms : 0;
        rate_bins_add(&page->tally->accepted_bins, since_ms, 1);
    }
}

static void come_back(const struct moment *moment)
{
    unsigned step = moment->prior->step;
    moment->page->accepted_ms[step][moment->place] = 0;
    COUNT_WAY(moment, step, moment->event->provider, bounced, 1);
    take_reason(moment);
}

/* A receipt says that it, or an earlier one, arrived. The event tells the provider that it is of,
 * and so the channel; of a provider that is not known any more the step's is taken. */
static void arrive(const struct moment *moment)
{
    const struct event *event = moment->event;
    unsigned provider = event->provider % WIRE_PROVIDERS_MAX;
    enum channel_kind channel = moment->page->provider_channels[provider];
    if (channel >= CHANNEL_KINDS) {
        channel = moment->page->def->plan.steps[moment->prior->step].channel;
    }
    moment->person->providers_delivered |= UINT64_C(1) << provider;
    moment->person->channels_delivered |= (uint8_t)(1u << channel);
    if (moment->person->delivered_ms == 0) {
        moment->person->delivered_ms = event->at_ms;
    }
}

static enum report_means means_of(uint16_t reason)
{
    switch (reason) {
    case REASON_BY_LINK:
        return REPORT_BY_LINK;
    case REASON_BY_REPLY:
        return REPORT_BY_REPLY;
    case REASON_BY_KEY:
        return REPORT_BY_KEY;
    case REASON_BY_OTHERS:
        return REPORT_BY_OTHERS;
    default:
        return REPORT_BY_UNKNOWN;
    }
}

static void acknowledge(const struct moment *moment)
{
    struct report_person *person = moment->person;
    if (person->acknowledged_ms == 0) {
        person->acknowledged_ms = moment->event->at_ms;
        person->acknowledged_rung = (uint8_t)moment->prior->step;
        person->acknowledged_by = (uint8_t)means_of(moment->event->reason);
    }
}

static void climb(const struct moment *moment)
{
    struct report_person *person = moment->person;
    if (moment->prior->state != DELIVERY_NONE) {
        person->climbed |= (uint16_t)(1u << moment->prior->step);
    }
    person->entered |= (uint16_t)(1u << moment->event->step);
    person->reason = moment->event->reason;
}

static void note(const struct moment *moment)
{
    const struct event *event = moment->event;
    struct report_person *person = moment->person;
    switch ((enum delivery_event)event->kind) {
    case DELIVERY_EVENT_LEASED:
        take_lease(moment);
        return;
    case DELIVERY_EVENT_CLIMBED:
        climb(moment);
        return;
    case DELIVERY_EVENT_RETRIED:
        person->entered |= (uint16_t)(1u << event->step);
        person->was_retried = true;
        return;
    case DELIVERY_EVENT_ACKNOWLEDGED:
        acknowledge(moment);
        return;
    case DELIVERY_EVENT_DELIVERED:
        if (!is_closing(moment)) {
            arrive(moment);
        }
        return;
    case DELIVERY_EVENT_CONFIRMED:
        arrive(moment);
        return;
    case DELIVERY_EVENT_BOUNCED:
        come_back(moment);
        person->reason = event->reason;
        return;
    case DELIVERY_EVENT_REPEATED:
    case DELIVERY_EVENT_HELD:
        person->was_uncertain = true;
        person->reason = event->reason;
        return;
    case DELIVERY_EVENT_SUPPRESSED:
        if (moment->prior->state != DELIVERY_LEASED) {
            take_reason(moment);
        }
        person->reason = event->reason;
        return;
    case DELIVERY_EVENT_DEFERRED:
    case DELIVERY_EVENT_RELEASED:
    case DELIVERY_EVENT_NEXT_ENDPOINT:
    case DELIVERY_EVENT_FAILED:
    case DELIVERY_EVENT_UNREACHABLE:
    case DELIVERY_EVENT_EXPIRED:
    case DELIVERY_EVENT_CANCELLED:
        person->reason = event->reason;
        return;
    case DELIVERY_EVENT_ACCEPTED:
    case DELIVERY_EVENT_UNANSWERED:
    case DELIVERY_EVENT_BARRED:
    case DELIVERY_EVENT_COMPLAINED:
    case DELIVERY_EVENTS:
        return;
    }
}

static void note_place(const struct moment *moment)
{
    bool is_remark = delivery_event_is_remark((enum delivery_event)moment->event->kind);
    if (is_acceptance(moment)) {
        accept(moment);
    } else if (moment->prior->state == DELIVERY_LEASED && !is_remark) {
        end_attempt(moment);
    }
    note(moment);
}

bool report_page_event(struct report_page *page, const struct event *event)
{
    const struct plan *plan = &page->def->plan;
    if (event->span == 0 || event->offset + event->span > page->count ||
        event->step >= plan->step_count) {
        return false;
    }
    unsigned track = plan_is_beside(plan, event->step) ? 1 : 0;
    struct recipient_state *states = page->states[track];
    memcpy(page->prior, &states[event->offset], event->span * sizeof(*states));
    if (!fold_event(&page->folds[track], states, page->count, event)) {
        return false;
    }
    for (unsigned i = 0; i < event->span; i++) {
        unsigned place = event->offset + i;
        const struct moment moment = {.page = page,
                                      .event = event,
                                      .prior = &page->prior[i],
                                      .person = &page->people[place],
                                      .place = place,
                                      .track = track};
        note_place(&moment);
    }
    return true;
}

/* ---- the page is read ---- */

static bool is_lost(unsigned state)
{
    return state == DELIVERY_FAILED || state == DELIVERY_SUPPRESSED ||
           state == DELIVERY_UNREACHABLE || state == DELIVERY_EXPIRED ||
           state == DELIVERY_CANCELLED || state == DELIVERY_UNCERTAIN;
}

/* Whoever waited is told why nothing came. */
static void sweep(struct report_page *page, enum delivery_event over)
{
    uint16_t reason =
        over == DELIVERY_EVENT_CANCELLED ? REASON_CAMPAIGN_CANCELLED : REASON_NOT_AFTER;
    for (unsigned track = 0; track < (plan_has_pair(&page->def->plan) ? 2u : 1u); track++) {
        struct recipient_state *states = page->states[track];
        memcpy(page->prior, states, page->count * sizeof(*states));
        fold_sweep(&page->folds[track], states, page->count, over);
        for (unsigned i = 0; i < page->count; i++) {
            bool is_changed = states[i].state != page->prior[i].state;
            bool is_ended =
                states[i].state == DELIVERY_CANCELLED || states[i].state == DELIVERY_EXPIRED;
            if (is_changed && is_ended) {
                page->people[i].reason = reason;
            }
        }
    }
}

/* When the first message that stands was accepted, or it was proved otherwise; 0: none was. */
static uint64_t first_word(const struct report_page *page, unsigned place)
{
    const struct report_person *person = &page->people[place];
    uint64_t first_ms = person->delivered_ms;
    if (person->acknowledged_ms != 0 && (first_ms == 0 || person->acknowledged_ms < first_ms)) {
        first_ms = person->acknowledged_ms;
    }
    for (unsigned rungs = person->accepted; rungs != 0; rungs &= rungs - 1) {
        uint64_t at_ms = page->accepted_ms[__builtin_ctz(rungs)][place];
        if (at_ms != 0 && (first_ms == 0 || at_ms < first_ms)) {
            first_ms = at_ms;
        }
    }
    return first_ms;
}

static uint64_t since(uint64_t from_ms, uint64_t to_ms)
{
    return to_ms > from_ms ? to_ms - from_ms : 0;
}

static void add_times(struct report_page *page, const struct report_person *person,
                      uint64_t first_ms)
{
    struct report_tally *tally = page->tally;
    if (page->launched_ms == 0) {
        return;
    }
    if (first_ms != 0) {
        time_spread_add(&tally->first_word, since(page->launched_ms, first_ms));
    }
    if (person->delivered_ms != 0) {
        time_spread_add(&tally->receipt, since(page->launched_ms, person->delivered_ms));
    }
    if (person->acknowledged_ms != 0) {
        time_spread_add(&tally->acknowledgement, since(page->launched_ms, person->acknowledged_ms));
        time_spread_add(&tally->answer, since(first_ms, person->acknowledged_ms));
    }
}

static void add_rungs(struct report_page *page, const struct report_person *person, unsigned place)
{
    const struct plan *plan = &page->def->plan;
    unsigned channels = 0;
    for (unsigned rungs = person->entered; rungs != 0; rungs &= rungs - 1) {
        unsigned s = (unsigned)__builtin_ctz(rungs);
        struct report_rung *rung = &page->tally->rungs[s];
        rung->entered++;
        rung->tried += person->tried >> s & 1;
        rung->accepted += page->accepted_ms[s][place] != 0;
        rung->climbed += person->climbed >> s & 1;
        channels |= page->accepted_ms[s][place] != 0 ? 1u << plan->steps[s].channel : 0;
    }
    for (; channels != 0; channels &= channels - 1) {
        page->tally->channels[__builtin_ctz(channels)].people_accepted++;
    }
    if (person->acknowledged_ms != 0) {
        unsigned s = person->acknowledged_rung;
        page->tally->rungs[s].acknowledged++;
        page->tally->channels[plan->steps[s].channel].people_acknowledged++;
        page->tally->acknowledged_by[person->acknowledged_by]++;
    }
}

static void add_ways(struct report_tally *tally, const struct report_person *person)
{
    for (unsigned channels = person->channels_delivered; channels != 0; channels &= channels - 1) {
        tally->channels[__builtin_ctz(channels)].people_delivered++;
    }
    for (uint64_t bits = person->providers_accepted; bits != 0; bits &= bits - 1) {
        tally->providers[__builtin_ctzll(bits)].people_accepted++;
    }
    for (uint64_t bits = person->providers_delivered; bits != 0; bits &= bits - 1) {
        tally->providers[__builtin_ctzll(bits)].people_delivered++;
    }
}

static void add_group(struct report_group *group, const struct report_person *person,
                      bool is_reached, bool is_not_reached)
{
    group->people++;
    group->reached += is_reached;
    group->delivered += person->delivered_ms != 0;
    group->acknowledged += person->acknowledged_ms != 0;
    group->not_reached += is_not_reached;
}

static void add_groups(struct report_page *page, struct page_view *view, unsigned place,
                       const struct report_columns *columns, bool is_reached, bool is_not_reached)
{
    const struct report_person *person = &page->people[place];
    if (view == NULL) {
        return;
    }
    page_seek(view, place);
    if (columns->locale >= 0) {
        add_group(
            report_groups_take(page->tally->locales, page_value(view, (unsigned)columns->locale)),
            person, is_reached, is_not_reached);
    }
    if (columns->group >= 0) {
        add_group(
            report_groups_take(page->tally->groups, page_value(view, (unsigned)columns->group)),
            person, is_reached, is_not_reached);
    }
}

/* states[0] has what both tracks come to by now. */
static void add_person(struct report_page *page, unsigned place, struct page_view *view,
                       const struct report_columns *columns)
{
    struct report_tally *tally = page->tally;
    const struct recipient_state *state = &page->states[0][place];
    const struct report_person *person = &page->people[place];
    uint64_t first_ms = first_word(page, place);
    bool is_not_reached = is_lost(state->state) && !recipient_is_open(state);
    tally->people++;
    tally->states[state->state]++;
    tally->open += recipient_is_open(state);
    tally->complained += state->complained;
    tally->reached += first_ms != 0;
    tally->delivered += person->delivered_ms != 0;
    tally->acknowledged += person->acknowledged_ms != 0;
    tally->not_reached += is_not_reached;
    tally->ever_uncertain += person->was_uncertain;
    tally->repeated_people += person->was_repeated;
    tally->retried_people += person->was_retried;
    if (is_not_reached) {
        tally->reasons[person->reason % REPORT_REASONS_MAX].people++;
    }
    add_times(page, person, first_ms);
    add_rungs(page, person, place);
    add_ways(tally, person);
    add_groups(page, view, place, columns, first_ms != 0, is_not_reached);
}

void report_page_end(struct report_page *page, enum delivery_event over, struct page_view *view,
                     const struct report_columns *columns)
{
    const struct plan *plan = &page->def->plan;
    if (over != DELIVERY_EVENTS) {
        sweep(page, over);
    }
    for (unsigned i = 0; i < page->count; i++) {
        if (plan_has_pair(plan)) {
            page->states[0][i] = pair_state(plan, &page->states[0][i], &page->states[1][i]);
        }
        if (page->states[0][i].state != DELIVERY_NONE) {
            add_person(page, i, view, columns);
        }
    }
}

unsigned report_page_next_lost(const struct report_page *page, unsigned from)
{
    while (from < page->count &&
           (!is_lost(page->states[0][from].state) || recipient_is_open(&page->states[0][from]))) {
        from++;
    }
    return from < page->count ? from : PAGE_RECIPIENTS;
}
