/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/campaign.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/engine/change.h"
#include "coordinator/engine/pair.h"

static const char *const STATE_NAMES[CAMPAIGN_STATES] = {"draft",    "running",   "paused",
                                                         "finished", "cancelled", "scheduled"};
static const char *const PRIORITY_NAMES[PRIORITIES] = {"critical", "high", "normal", "bulk"};

const char *campaign_state_name(enum campaign_state state)
{
    return state < CAMPAIGN_STATES ? STATE_NAMES[state] : "?";
}

const char *campaign_priority_name(enum campaign_priority priority)
{
    return priority < PRIORITIES ? PRIORITY_NAMES[priority] : "?";
}

bool campaign_priority_parse(const char *name, enum campaign_priority *priority)
{
    for (unsigned p = 0; p < PRIORITIES; p++) {
        if (strcmp(PRIORITY_NAMES[p], name) == 0) {
            *priority = (enum campaign_priority)p;
            return true;
        }
    }
    return false;
}

void campaign_make_pages(struct campaign *campaign)
{
    campaign->pages = mem_zalloc(campaign->page_total, sizeof(*campaign->pages));
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        page_timers_init(&campaign->due[s], campaign->page_total);
    }
    page_timers_init(&campaign->climbs, campaign->page_total);
    for (uint32_t page = campaign->page_count;
         page < campaign->page_total && campaign->first_beside != 0; page++) {
        page_timers_set(&campaign->due[campaign->first_beside], page, 0);
    }
    campaign->quiet = quiet_new(&campaign->def, campaign->page_count);
}

/* Of recipients whom nothing has happened to but that they wait, or ended as it was over: all on
 * the first step, and on the one beside it. */
static void count_fresh(struct campaign *campaign, unsigned state, unsigned count)
{
    unsigned rung =
        state == DELIVERY_NONE ? 0 : campaign->first_step; /* holes stand nowhere else */
    campaign->counts[state] += count;
    campaign->rungs[rung].states[state] += count;
    if (campaign->first_beside != 0 && state != DELIVERY_NONE) {
        campaign->rungs[campaign->first_beside].states[state] += count;
    }
}

struct campaign *campaign_new(const struct campaign_def *def)
{
    struct campaign *campaign = mem_zalloc(1, sizeof(*campaign));
    campaign->def = *def;
    campaign->page_count = (def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    campaign->first_step = plan_first(&def->plan);
    assert(campaign->first_step < def->plan.step_count);
    campaign->first_beside = plan_has_beside(&def->plan, campaign->first_step)
                                 ? plan_beside(&def->plan, campaign->first_step)
                                 : 0;
    campaign->page_total = campaign->page_count * (1 + plan_has_pair(&def->plan));
    count_fresh(campaign, DELIVERY_WAITING, def->slots);
    bucket_init(&campaign->bucket, def->rate_per_s, 0, 0);
    campaign->is_screened = def->cap_messages == 0 || def->priority == PRIORITY_CRITICAL;
    campaign->cap.is_surveyed = campaign->is_screened;
    campaign_make_pages(campaign);
    return campaign;
}

void campaign_drop_pages(struct campaign *campaign)
{
    for (uint32_t p = 0; campaign->pages != NULL && p < campaign->page_total; p++) {
        mem_free(campaign->pages[p].states);
        mem_free(campaign->pages[p].holes);
        mem_free(campaign->pages[p].bounced);
        page_rest_release(&campaign->pages[p].rest);
    }
    mem_free(campaign->pages);
    campaign->pages = NULL;
    campaign->tried = 0; /* of pages in memory */
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        page_timers_release(&campaign->due[s]);
    }
    page_timers_release(&campaign->climbs);
    quiet_free(campaign->quiet);
    campaign->quiet = NULL;
    mem_free(campaign->cap.had);
    campaign->cap.had = NULL;
}

void campaign_free(struct campaign *campaign)
{
    mem_free(campaign->outcomes);
    campaign_drop_pages(campaign);
    mem_free(campaign);
}

unsigned campaign_page_slots(const struct campaign *campaign, uint32_t page)
{
    uint32_t first = campaign_base_page(campaign, page) * PAGE_RECIPIENTS;
    uint32_t left = campaign->def.slots - first;
    return left < PAGE_RECIPIENTS ? left : PAGE_RECIPIENTS;
}

void campaign_set_holes(struct campaign *campaign, uint32_t page, const struct bitmap *holes)
{
    struct page_state *state = &campaign->pages[page];
    assert(state->states == NULL && state->holes == NULL);
    state->holes = mem_copy(holes, sizeof(*holes));
    unsigned count = bitmap_count(holes);
    count_fresh(campaign, DELIVERY_WAITING, -count);
    count_fresh(campaign, DELIVERY_NONE, count);
}

bool campaign_is_sending(const struct campaign *campaign)
{
    return campaign->state == CAMPAIGN_RUNNING && !campaign->control.is_expired;
}

bool campaign_is_over(const struct campaign *campaign)
{
    return campaign->state == CAMPAIGN_CANCELLED || campaign->control.is_expired;
}

/* Who expired before the cancellation stays so. */
enum delivery_event campaign_over_event(const struct campaign *campaign)
{
    return campaign->control.is_expired ? DELIVERY_EVENT_EXPIRED : DELIVERY_EVENT_CANCELLED;
}

static uint8_t fresh_end(const struct campaign *campaign)
{
    return delivery_state_next(DELIVERY_WAITING, campaign_over_event(campaign)) & 15u;
}

static void make_states(struct campaign *campaign, uint32_t page)
{
    struct page_state *state = &campaign->pages[page];
    unsigned slots = campaign_page_slots(campaign, page);
    const struct bitmap *holes = campaign->pages[campaign_base_page(campaign, page)].holes;
    struct fold fold = {.plan = &campaign->def.plan, .is_side = campaign_is_side(campaign, page)};
    state->states = mem_zalloc(slots, sizeof(*state->states));
    fold_begin(&fold, state->states, slots, holes);
    if (campaign_is_over(campaign)) { /* as they are in the counts */
        fold_sweep(&fold, state->states, slots, campaign_over_event(campaign));
    }
}

struct recipient_state *campaign_states(struct campaign *campaign, uint32_t page)
{
    if (campaign->pages[page].states == NULL) {
        make_states(campaign, page);
        if (campaign_has_pair(campaign)) {
            make_states(campaign, campaign_other_page(campaign, page));
        }
    }
    return campaign->pages[page].states;
}

struct recipient_state campaign_recipient(const struct campaign *campaign, uint32_t page,
                                          unsigned place)
{
    const struct page_state *state = &campaign->pages[page];
    if (state->states != NULL) {
        return state->states[place];
    }
    bool is_side = campaign_is_side(campaign, page);
    const struct bitmap *holes = campaign->pages[campaign_base_page(campaign, page)].holes;
    if ((holes != NULL && bitmap_has(holes, place)) || (is_side && campaign->first_beside == 0)) {
        return (struct recipient_state){.state = DELIVERY_NONE};
    }
    unsigned first = is_side ? campaign->first_beside : campaign->first_step;
    return (struct recipient_state){
        .state = campaign_is_over(campaign) ? fresh_end(campaign) & 15u : DELIVERY_WAITING,
        .step = first & 15u,
    };
}

struct recipient_state campaign_both_tracks(const struct campaign *campaign, uint32_t page,
                                            unsigned place)
{
    struct recipient_state state = campaign_recipient(campaign, page, place);
    if (campaign_has_pair(campaign)) {
        struct recipient_state side =
            campaign_recipient(campaign, campaign_other_page(campaign, page), place);
        state = pair_state(&campaign->def.plan, &state, &side);
    }
    return state;
}

unsigned campaign_round(const struct campaign *campaign, uint32_t page, unsigned place)
{
    const uint8_t *rounds = campaign->pages == NULL
                                ? NULL
                                : campaign->pages[campaign_base_page(campaign, page)].rest.rounds;
    return rounds == NULL ? 0 : rounds[place];
}

bool campaign_has_page(const struct campaign *campaign, uint32_t page)
{
    return !campaign->is_closed ||
           (campaign->pages != NULL && campaign->pages[page].states != NULL);
}

struct fold campaign_fold(struct campaign *campaign)
{
    return (struct fold){.plan = &campaign->def.plan,
                         .base_ms = campaign->def.created_ms,
                         .counts = campaign->counts,
                         .open = &campaign->open,
                         .complained = &campaign->complained,
                         .tried = &campaign->tried,
                         .rungs = campaign->rungs};
}

struct fold campaign_fold_page(struct campaign *campaign, uint32_t page)
{
    struct fold fold = campaign_fold(campaign);
    if (campaign_has_pair(campaign)) {
        fold.other = campaign->pages[campaign_other_page(campaign, page)].states;
        fold.is_side = campaign_is_side(campaign, page);
    }
    return fold;
}

uint32_t campaign_left(const struct campaign *campaign)
{
    return campaign->counts[DELIVERY_WAITING] + campaign->counts[DELIVERY_LEASED] +
           campaign->counts[DELIVERY_RETRYING] + campaign->open;
}

static void page_forget_lease(struct page_state *page, const struct lease *lease)
{
    struct lease **at = &page->leases;
    while (*at != lease) {
        at = &(*at)->next_of_page;
    }
    *at = lease->next_of_page;
}

struct lease *campaign_add_lease(struct campaign *campaign, struct lease_table *leases,
                                 uint32_t page, uint64_t id)
{
    struct lease *lease = lease_new(leases, id);
    lease->campaign = campaign;
    lease->page = page;
    lease->next_of_page = campaign->pages[page].leases;
    campaign->pages[page].leases = lease;
    return lease;
}

static bool has_leased(const struct campaign *campaign, uint32_t page, const struct event *event)
{
    unsigned end = event->offset + (unsigned)event->span;
    for (unsigned i = event->offset; i < end && i < campaign_page_slots(campaign, page); i++) {
        if (campaign_recipient(campaign, page, i).state == DELIVERY_LEASED) {
            return true;
        }
    }
    return false;
}

/* A place that is leased leaves exactly the lease that it is in; without a lease only those are
 * meant that are in none. */
static bool lease_accepts(const struct campaign *campaign, const struct lease *lease, uint32_t page,
                          const struct event *event)
{
    if (lease != NULL && (lease->campaign != campaign || lease->page != page)) {
        return false;
    }
    if (event->kind == DELIVERY_EVENT_LEASED) {
        return event->lease != 0 && event->provider < WIRE_PROVIDERS_MAX;
    }
    if (delivery_event_is_remark((enum delivery_event)event->kind)) {
        return event->lease == 0;
    }
    if (lease == NULL) {
        return event->lease == 0 && !has_leased(campaign, page, event);
    }
    struct bitmap places =
        lease_places_between(lease, event->offset, event->offset + (unsigned)event->span);
    return bitmap_count(&places) == event->span;
}

static void apply_to_lease(struct campaign *campaign, struct lease_table *leases, uint32_t page,
                           struct lease *lease, const struct event *event)
{
    if (event->kind == DELIVERY_EVENT_LEASED) {
        if (lease == NULL) {
            lease = campaign_add_lease(campaign, leases, page, event->lease);
            lease->provider = event->provider;
            lease->step = event->step;
            lease->instance = event->worker;
            lease->progress_ms = event->at_ms;
        }
        lease_add_places(lease, event->offset, event->span);
        return;
    }
    if (lease == NULL) {
        return;
    }
    lease_remove_places(lease, event->offset, event->span);
    lease->progress_ms = event->at_ms;
    if (lease->left == 0) {
        page_forget_lease(&campaign->pages[page], lease);
        lease_remove(leases, lease);
    }
}

/* Where the time of the event's `due_ms` is waited for. */
static struct page_timers *timers_of(struct campaign *campaign, const struct event *event)
{
    bool is_open = event->kind == DELIVERY_EVENT_ACCEPTED || event->kind == DELIVERY_EVENT_HELD ||
                   event->kind == DELIVERY_EVENT_DELIVERED;
    return is_open ? &campaign->climbs : &campaign->due[event->step];
}

static void note_bounced(struct page_state *page, const struct event *event)
{
    if (page->bounced == NULL) {
        page->bounced = mem_zalloc(1, sizeof(*page->bounced));
    }
    for (unsigned i = 0; i < event->span; i++) {
        bitmap_set(page->bounced, event->offset + i);
    }
}

bool campaign_may_have_bounced(const struct campaign *campaign, uint32_t page, unsigned place)
{
    const struct page_state *state = &campaign->pages[page];
    return state->is_restored || (state->bounced != NULL && bitmap_has(state->bounced, place));
}

bool campaign_apply(struct campaign *campaign, struct lease_table *leases, uint32_t page,
                    const struct event *event)
{
    if (page >= campaign->page_count || campaign->pages == NULL ||
        event->step >= campaign->def.plan.step_count) {
        return false;
    }
    page = campaign_page_of_step(campaign, page, event->step);
    struct lease *lease = event->lease == 0 ? NULL : lease_find(leases, event->lease);
    struct recipient_state *states = campaign_states(campaign, page);
    struct fold fold = campaign_fold_page(campaign, page);
    if (event->kind == DELIVERY_EVENT_RETRIED &&
        (round_of_event(event) == 0 || event->step != campaign->first_step)) {
        return false;
    }
    if (!lease_accepts(campaign, lease, page, event) ||
        !fold_event(&fold, states, campaign_page_slots(campaign, page), event)) {
        return false;
    }
    apply_to_lease(campaign, leases, page, lease, event);
    if (event->kind == DELIVERY_EVENT_BOUNCED) {
        note_bounced(&campaign->pages[page], event);
    }
    page_rest_apply(&campaign->pages[campaign_base_page(campaign, page)].rest, event);
    if (page >= campaign->next_fresh && !campaign_is_side(campaign, page)) {
        /* Pages are leased from in order; a replay or an acknowledgement may see a later one first.
         * Those skipped wait in the timers, and so does the page itself if nobody leased from it.
         */
        uint32_t end = page + (event->kind != DELIVERY_EVENT_LEASED);
        for (uint32_t p = campaign->next_fresh; p < end; p++) {
            page_timers_at_latest(&campaign->due[campaign->first_step], p, 0);
        }
        campaign->next_fresh = page + 1;
    }
    uint32_t due_cs = fold_due_cs(&fold, event->due_ms);
    if (event->due_ms != 0 && due_cs != FOLD_NEVER_CS) {
        page_timers_at_latest(timers_of(campaign, event), page, due_cs);
    }
    return true;
}

/* Events that leave the campaign's state as it is. */
static bool apply_note(struct campaign *campaign, const struct event *event)
{
    bool is_running = campaign->state == CAMPAIGN_RUNNING || campaign->state == CAMPAIGN_PAUSED;
    campaign->is_screened |= event->kind == CAMPAIGN_EVENT_SCREENED;
    campaign->is_taking_in &= event->kind != CAMPAIGN_EVENT_ROUND_WHOLE;
    return is_running;
}

/* Who had enough messages by now is to be found out anew. */
static bool apply_round(struct campaign *campaign, const struct event *event)
{
    if (event->step != campaign->round + 1u || event->step >= ENGINE_ROUNDS_MAX) {
        return false;
    }
    campaign->rounds[campaign->round++] =
        (struct campaign_round){event->at_ms, (uint32_t)(event->lease >> 32), event->reason};
    campaign->is_taking_in = event->provider != 0;
    campaign->round_page = 0;
    campaign->round_states = event->reason;
    campaign->ended_ms = 0;
    campaign->is_screened =
        campaign->def.cap_messages == 0 || campaign->def.priority == PRIORITY_CRITICAL;
    campaign->cap.is_surveyed = campaign->is_screened;
    return true;
}

bool campaign_apply_own(struct campaign *campaign, const struct event *event)
{
    static const enum campaign_state NEXT[CAMPAIGN_EVENTS] = {
        [CAMPAIGN_EVENT_LAUNCHED] = CAMPAIGN_RUNNING,
        [CAMPAIGN_EVENT_PAUSED] = CAMPAIGN_PAUSED,
        [CAMPAIGN_EVENT_RESUMED] = CAMPAIGN_RUNNING,
        [CAMPAIGN_EVENT_CANCELLED] = CAMPAIGN_CANCELLED,
        [CAMPAIGN_EVENT_FINISHED] = CAMPAIGN_FINISHED,
        [CAMPAIGN_EVENT_SCHEDULED] = CAMPAIGN_SCHEDULED,
        [CAMPAIGN_EVENT_STOPPED] = CAMPAIGN_PAUSED,
        [CAMPAIGN_EVENT_SUPERSEDED] = CAMPAIGN_CANCELLED,
        [CAMPAIGN_EVENT_ROUND] = CAMPAIGN_RUNNING,
    };
    enum {
        BEFORE_END = 1u << CAMPAIGN_DRAFT | 1u << CAMPAIGN_SCHEDULED | 1u << CAMPAIGN_RUNNING |
                     1u << CAMPAIGN_PAUSED
    };
    static const unsigned FROM[CAMPAIGN_EVENTS] = {
        [CAMPAIGN_EVENT_LAUNCHED] = 1u << CAMPAIGN_DRAFT | 1u << CAMPAIGN_SCHEDULED,
        [CAMPAIGN_EVENT_PAUSED] = 1u << CAMPAIGN_RUNNING,
        [CAMPAIGN_EVENT_RESUMED] = 1u << CAMPAIGN_PAUSED,
        [CAMPAIGN_EVENT_CANCELLED] = BEFORE_END,
        [CAMPAIGN_EVENT_FINISHED] = 1u << CAMPAIGN_RUNNING | 1u << CAMPAIGN_PAUSED,
        [CAMPAIGN_EVENT_SCHEDULED] = 1u << CAMPAIGN_DRAFT | 1u << CAMPAIGN_SCHEDULED,
        [CAMPAIGN_EVENT_EXPIRED] = 1u << CAMPAIGN_RUNNING | 1u << CAMPAIGN_PAUSED,
        [CAMPAIGN_EVENT_STOPPED] = 1u << CAMPAIGN_RUNNING,
        [CAMPAIGN_EVENT_SUPERSEDED] = BEFORE_END,
        [CAMPAIGN_EVENT_CHANGED] = BEFORE_END,
        [CAMPAIGN_EVENT_ROUND] = 1u << CAMPAIGN_FINISHED,
    };
    if (event->kind == CAMPAIGN_EVENT_OVERRIDDEN || event->kind == CAMPAIGN_EVENT_SCREENED ||
        event->kind == CAMPAIGN_EVENT_ROUND_WHOLE) {
        return apply_note(campaign, event);
    }
    if (event->kind >= CAMPAIGN_EVENTS || (FROM[event->kind] >> campaign->state & 1) == 0) {
        return false;
    }
    if (event->kind == CAMPAIGN_EVENT_CHANGED) {
        return change_apply(campaign, event);
    }
    if (event->kind == CAMPAIGN_EVENT_ROUND && !apply_round(campaign, event)) {
        return false;
    }
    if (event->kind != CAMPAIGN_EVENT_EXPIRED) {
        campaign->state = NEXT[event->kind];
    }
    control_apply(&campaign->control, event);
    if (event->kind == CAMPAIGN_EVENT_LAUNCHED) {
        campaign->launched_ms = event->at_ms;
    }
    if (NEXT[event->kind] == CAMPAIGN_RUNNING) {
        campaign->sending_ms = event->at_ms;
    }
    if (campaign->state == CAMPAIGN_FINISHED || campaign->state == CAMPAIGN_CANCELLED) {
        campaign->ended_ms = event->at_ms;
    }
    return true;
}

static void sweep_fresh(struct campaign *campaign, uint32_t page)
{
    const struct page_state *state = &campaign->pages[page];
    unsigned count = campaign_page_slots(campaign, page);
    count -= state->holes == NULL ? 0 : bitmap_count(state->holes);
    count_fresh(campaign, DELIVERY_WAITING, -count);
    count_fresh(campaign, fresh_end(campaign), count);
}

void campaign_sweep(struct campaign *campaign)
{
    if (campaign->is_swept) {
        return;
    }
    campaign->is_swept = true;
    for (uint32_t page = 0; page < campaign->page_total; page++) {
        if (campaign->pages[page].states != NULL) {
            struct fold fold = campaign_fold_page(campaign, page);
            fold_sweep(&fold, campaign->pages[page].states, campaign_page_slots(campaign, page),
                       campaign_over_event(campaign));
        } else if (!campaign_is_side(campaign, page)) {
            sweep_fresh(campaign, page);
        }
        for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
            page_timers_clear(&campaign->due[s], page);
        }
        page_timers_clear(&campaign->climbs, page);
    }
    campaign->next_fresh = campaign->page_count;
}

static void timers_put(struct page_timers *timers, uint32_t page, uint32_t due_cs)
{
    if (due_cs == FOLD_NEVER_CS) {
        page_timers_clear(timers, page);
    } else {
        page_timers_set(timers, page, due_cs);
    }
}

/* When a recipient may be sent to: what he waits for, and the end of his quiet hours. */
static uint32_t sendable_cs(struct campaign *campaign, uint32_t page, unsigned place, unsigned step,
                            uint32_t due_cs)
{
    if (!quiet_is_step(campaign, step)) {
        return due_cs;
    }
    struct fold fold = campaign_fold(campaign);
    uint32_t held_cs = fold_due_cs(&fold, quiet_until_ms(campaign, page, place));
    return held_cs > due_cs ? held_cs : due_cs;
}

static uint32_t earliest_fresh(struct campaign *campaign, uint32_t page)
{
    bool is_side = campaign_is_side(campaign, page);
    unsigned step = is_side ? campaign->first_beside : campaign->first_step;
    uint32_t earliest_cs = FOLD_NEVER_CS;
    if (is_side && step == 0) {
        return earliest_cs; /* nobody of it stands anywhere yet */
    }
    for (unsigned i = 0; i < campaign_page_slots(campaign, page) && earliest_cs > 0; i++) {
        bool is_there = campaign_recipient(campaign, page, i).state != DELIVERY_NONE;
        uint32_t cs = is_there ? sendable_cs(campaign, page, i, step, 0) : FOLD_NEVER_CS;
        earliest_cs = cs < earliest_cs ? cs : earliest_cs;
    }
    return earliest_cs;
}

/* The earliest time of each step, and of the climbs; FOLD_NEVER_CS: none. A page without states
 * waits as a whole on the first step. */
static void earliest_due(struct campaign *campaign, uint32_t page, uint32_t due_cs[PLAN_RUNGS_MAX],
                         uint32_t *climb_cs)
{
    const struct recipient_state *states = campaign->pages[page].states;
    unsigned slots = states == NULL ? 0 : campaign_page_slots(campaign, page);
    memset(due_cs, UINT8_MAX, PLAN_RUNGS_MAX * sizeof(*due_cs));
    *climb_cs = FOLD_NEVER_CS;
    bool is_side = campaign_is_side(campaign, page);
    due_cs[is_side ? campaign->first_beside : campaign->first_step] =
        states == NULL ? earliest_fresh(campaign, page) : FOLD_NEVER_CS;
    for (unsigned i = 0; i < slots; i++) {
        uint32_t *earliest = NULL;
        uint32_t cs = states[i].due_cs;
        if (states[i].state == DELIVERY_WAITING || states[i].state == DELIVERY_RETRYING) {
            earliest = &due_cs[states[i].step];
            cs = sendable_cs(campaign, page, i, states[i].step, cs);
        } else if (recipient_is_open(&states[i])) {
            earliest = climb_cs;
        }
        if (earliest != NULL && cs < *earliest) {
            *earliest = cs;
        }
    }
}

void campaign_refresh_timers(struct campaign *campaign, uint32_t page)
{
    uint32_t due_cs[PLAN_RUNGS_MAX];
    uint32_t climb_cs;
    earliest_due(campaign, page, due_cs, &climb_cs);
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        timers_put(&campaign->due[s], page, due_cs[s]);
    }
    timers_put(&campaign->climbs, page, climb_cs);
}

uint32_t campaign_timers(const struct campaign *campaign)
{
    uint32_t count = campaign->climbs.count;
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        count += campaign->due[s].count;
    }
    return count;
}
