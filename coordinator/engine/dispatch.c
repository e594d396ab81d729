/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is next. Strict priority between classes; within a class the campaign that has had least for
 * its weight. A lease is made when five things meet: a campaign with somebody due, a worker with
 * credit on the channel, a provider that may be used, tokens in its bucket, and a page. A campaign
 * with a rate of its own has a bucket too: its leases are as small as what gathers in a twentieth
 * of a second, and need no pace of their own in the worker, where they would hold up those of
 * others. Nothing here touches a recipient unless a page is leased in part.
 *
 * Fairness: `turn_share` is what a campaign was given, divided by its weight. A campaign that
 * starts late begins at the smallest share of its class, or it would be served alone until it had
 * caught up. How providers share a channel is in sharing.c.
 */
#include <utlist.h>

#include "coordinator/engine/engine_state.h"

#define LEASES_PER_RUN 64
#define BEATS_MISSED   2 /* a worker silent for so many heartbeats is leased nothing more */
#define CREDIT_CRUMB                                                                               \
    256 /* a worker with less room waits until more is free, unless that is all it ever takes */

static bool is_silent(const struct engine *engine, const struct roster_entry *entry)
{
    uint64_t beats_ms = (uint64_t)engine->settings.heartbeat_ms * BEATS_MISSED;
    uint64_t least_ms = beats_ms < engine->settings.lease_ms ? beats_ms : engine->settings.lease_ms;
    return entry->heard_ms + least_ms <= engine->now_ms;
}

/* Silent for a lease time; or, where the provider has a limit, sooner: tokens given to a worker
 * that is dead or stopped are lost to the others. */
static bool is_passed_over(const struct engine *engine, const struct roster_entry *entry,
                           const struct provider *provider)
{
    return entry->heard_ms + engine->settings.lease_ms <= engine->now_ms ||
           (quota_rate_now(&provider->quota) > 0 && is_silent(engine, entry));
}

/* For a batch of the provider. */
static struct roster_entry *choose_worker(struct engine *engine, const struct provider *provider,
                                          uint32_t *room)
{
    enum channel_kind channel = provider->def.channel;
    struct roster_entry *best = NULL;
    *room = 0;
    for (unsigned i = 0; i < engine->roster.count; i++) {
        struct roster_entry *entry = &engine->roster.entries[i];
        uint32_t limit = entry->credit[channel];
        uint32_t in_hand = entry->in_hand[channel];
        if (!entry->present || limit <= in_hand || entry->unopened[provider->def.id] != NULL ||
            is_passed_over(engine, entry, provider)) {
            continue;
        }
        uint32_t free = limit - in_hand;
        uint32_t crumb = limit / 2 < CREDIT_CRUMB ? limit / 2 : CREDIT_CRUMB;
        if (free > *room && free >= crumb) {
            best = entry;
            *room = free;
        }
    }
    return best;
}

/* Who may have the next lease, and whom it goes to. */
struct choice {
    uint64_t candidates; /* bit i: provider i could have it */
    struct provider *provider;
    struct roster_entry *worker;
    uint32_t most;
};

/* What its day leaves of `want`. */
static uint32_t day_room(const struct provider *provider, uint32_t want)
{
    if (provider->day_quota == 0) {
        return want;
    }
    uint64_t left =
        provider->day_used < provider->day_quota ? provider->day_quota - provider->day_used : 0;
    return left < want ? (uint32_t)left : want;
}

/* Both at once: not every worker could open every provider. At most `most` recipients. */
static bool choose_provider(struct engine *engine, const struct plan_step *step, uint32_t most,
                            struct choice *choice)
{
    struct roster_entry *takers[WIRE_PROVIDERS_MAX];
    uint32_t counts[WIRE_PROVIDERS_MAX];
    *choice = (struct choice){0};
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider *provider = &engine->providers[i];
        if (!provider->is_there || provider->def.channel != step->channel ||
            (step->providers >> i & 1) == 0 || quiet_holds_provider(engine, provider)) {
            continue;
        }
        uint32_t room = 0;
        takers[i] = choose_worker(engine, provider, &room);
        uint32_t want = under_way_room(&provider->under_way, provider->concurrency,
                                       room < most ? room : most, engine->now_ms);
        want = day_room(provider, want);
        counts[i] = takers[i] == NULL ? 0 : quota_available(&provider->quota, want, engine->now_ms);
        choice->candidates |= (uint64_t)(counts[i] > 0) << i;
    }
    choice->provider = sharing_choose(engine, choice->candidates);
    if (choice->provider != NULL) {
        choice->worker = takers[choice->provider->def.id];
        choice->most = counts[choice->provider->def.id];
    }
    return choice->provider != NULL;
}

/* The page to lease from: one with something due on this step, else one that is fresh. */
static bool choose_page(struct engine *engine, struct campaign *campaign, unsigned step,
                        uint32_t *page)
{
    struct fold fold = campaign_fold(campaign);
    uint32_t due_cs = 0;
    if (page_timers_first(&campaign->due[step], page, &due_cs) &&
        fold_due_ms(&fold, due_cs) <= engine->now_ms) {
        return true;
    }
    if (step == campaign->first_step && campaign->next_fresh < campaign->page_count) {
        *page = campaign->next_fresh;
        return true;
    }
    return false;
}

/* Those of one page that are looked through for a step. */
struct search {
    const struct campaign *campaign;
    struct fold fold;
    const struct recipient_state *states;
    uint32_t page;
    uint8_t step;
    bool is_quiet; /* somebody there may be held by quiet hours */
    uint64_t now_ms;
};

static bool is_due(const struct search *search, unsigned place)
{
    const struct recipient_state *state = &search->states[place];
    return (state->state == DELIVERY_WAITING || state->state == DELIVERY_RETRYING) &&
           state->step == search->step &&
           fold_due_ms(&search->fold, state->due_cs) <= search->now_ms &&
           !(search->is_quiet && quiet_until_ms(search->campaign, search->page, place) != 0);
}

/* So many were due since then, and are leased now. */
static void note_wait(struct engine *engine, const struct campaign *campaign, uint8_t provider,
                      uint64_t due_ms, unsigned count)
{
    uint64_t since_ms = due_ms > campaign->sending_ms ? due_ms : campaign->sending_ms;
    uint64_t wait_ms = engine->now_ms > since_ms ? engine->now_ms - since_ms : 0;
    histogram_add(&engine->delays.due_to_lease[provider][campaign->def.priority], &HISTOGRAM_MS,
                  wait_ms, count);
}

/* Neighbours are mostly due at the same time. */
static void note_waits(struct engine *engine, const struct search *search, uint8_t provider,
                       unsigned from, unsigned to)
{
    for (unsigned i = from; i < to;) {
        uint32_t due_cs = search->states[i].due_cs;
        unsigned end = i + 1;
        while (end < to && search->states[end].due_cs == due_cs) {
            end++;
        }
        note_wait(engine, search->campaign, provider, fold_due_ms(&search->fold, due_cs), end - i);
        i = end;
    }
}

static uint32_t lease_whole(struct engine *engine, struct campaign *campaign, uint32_t page,
                            struct event *event)
{
    event->offset = 0;
    event->span = (uint16_t)campaign_page_slots(campaign, page);
    note_wait(engine, campaign, event->provider, 0, event->span);
    engine_decide(engine, campaign, page, event);
    return event->span;
}

static uint32_t lease_due(struct engine *engine, struct campaign *campaign, uint32_t page,
                          uint32_t most, struct event *event)
{
    const struct search search = {.campaign = campaign,
                                  .fold = campaign_fold(campaign),
                                  .states = campaign_states(campaign, page),
                                  .page = page,
                                  .step = event->step,
                                  .is_quiet = quiet_is_step(campaign, event->step),
                                  .now_ms = engine->now_ms};
    unsigned slots = campaign_page_slots(campaign, page);
    uint32_t count = 0;
    for (unsigned i = 0; i < slots && count < most; i++) {
        if (!is_due(&search, i)) {
            continue;
        }
        unsigned end = i + 1;
        while (end < slots && count + (end - i) < most && is_due(&search, end)) {
            end++;
        }
        event->offset = (uint16_t)i;
        event->span = (uint16_t)(end - i);
        note_waits(engine, &search, event->provider, i, end);
        engine_decide(engine, campaign, page, event);
        count += end - i;
        i = end;
    }
    return count;
}

/* Each batch of a limited provider goes out at the whole rate, in the time that its tokens stand
 * for, and workers return what they could not send by then. So what lies with several workers is
 * one batch after the other, and never a backlog that goes out when nobody expects it. */
static void lease_start(struct engine *engine, struct lease *lease, struct provider *provider,
                        const struct roster_entry *worker, uint32_t count)
{
    lease->leased_ms = engine->now_ms;
    lease->spread_ms = quota_spread_ms(&provider->quota, count);
    lease->resend_in_ms = engine->settings.heartbeat_ms * 5;
    lease->resend_at_ms = engine->now_ms + lease->resend_in_ms + lease->spread_ms;
    engine_push_effect(engine, &(struct engine_effect){.kind = ENGINE_BATCH,
                                                       .worker = worker->worker,
                                                       .instance = worker->instance,
                                                       .lease = lease->id});
}

/* False: too many were read in this run, and the page has its turn in the next one. */
static bool know_zones(struct engine *engine, struct campaign *campaign, unsigned step,
                       uint32_t page)
{
    if (!quiet_is_step(campaign, step) || quiet_knows_page(campaign, page)) {
        return true;
    }
    if (engine->quiet_reads >= QUIET_READS_PER_RUN) {
        engine->is_put_off = true;
        return false;
    }
    quiet_know_page(engine, campaign, page);
    return true;
}

/* In a campaign with a pair the last bit says of which track the lease is: of one that is gone
 * nothing else is known. */
static uint64_t next_lease(struct engine *engine, const struct campaign *campaign, uint32_t page)
{
    engine->last_lease++;
    if (campaign_has_pair(campaign) &&
        (engine->last_lease & 1) != campaign_is_side(campaign, page)) {
        engine->last_lease++;
    }
    return engine->settings.epoch << 40 | engine->last_lease;
}

/* One lease of a campaign's step, or false: nothing due, nobody to take it, or no provider for it.
 */
static bool lease_one(struct engine *engine, struct campaign *campaign, unsigned number)
{
    const struct plan_step *step = &campaign->def.plan.steps[number];
    uint32_t page = 0;
    if (!choose_page(engine, campaign, number, &page)) {
        return false;
    }
    uint32_t own = bucket_available(&campaign->bucket, PAGE_RECIPIENTS, engine->now_ms);
    struct choice choice;
    if (own == 0 || !choose_provider(engine, step, own, &choice) ||
        !know_zones(engine, campaign, number, page)) {
        return false;
    }
    cap_look(engine, campaign, page);
    if (!campaign_is_sending(campaign)) {
        return true; /* that was the last of it */
    }
    struct event event = {
        .kind = DELIVERY_EVENT_LEASED,
        .provider = choice.provider->def.id,
        .step = (uint8_t)number,
        .lease = next_lease(engine, campaign, page),
        .worker = choice.worker->instance,
        .at_ms = engine->now_ms,
    };
    const struct page_state *state = &campaign->pages[page];
    bool is_whole = state->states == NULL &&
                    campaign->pages[campaign_base_page(campaign, page)].holes == NULL &&
                    campaign_page_slots(campaign, page) <= choice.most &&
                    !(quiet_is_step(campaign, number) && quiet_holds_any(campaign, page));
    uint32_t count = is_whole ? lease_whole(engine, campaign, page, &event)
                              : lease_due(engine, campaign, page, choice.most, &event);
    if (is_whole) {
        page_timers_clear(&campaign->due[number], page);
    } else {
        campaign_refresh_timers(campaign, page);
    }
    if (count == 0) {
        /* A page of holes only, or a timer that was early: not due any more, look again. */
        campaign->next_fresh += page == campaign->next_fresh;
        return true;
    }
    quota_charge(&choice.provider->quota, count, engine->now_ms);
    choice.provider->day_used += count;
    sharing_charge(engine, choice.candidates, choice.provider, count);
    bucket_take(&campaign->bucket, count);
    campaign->turn_share += (double)count / campaign->def.weight;
    lease_start(engine, lease_find(&engine->leases, event.lease), choice.provider, choice.worker,
                count);
    engine->stats.leases++;
    return true;
}

static unsigned all_steps(const struct campaign *campaign)
{
    return (1u << campaign->def.plan.step_count) - 1;
}

static struct campaign *choose_campaign(struct engine *engine, enum campaign_priority priority)
{
    struct campaign *best = NULL;
    struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (campaign_is_sending(campaign) && cap_lets_send(campaign) &&
            campaign->def.priority == priority && campaign->passed_over != all_steps(campaign) &&
            (best == NULL || campaign->turn_share < best->turn_share)) {
            best = campaign;
        }
    }
    return best;
}

/* The highest step first: who stands there has waited longest. */
static bool lease_of_campaign(struct engine *engine, struct campaign *campaign)
{
    for (unsigned step = campaign->def.plan.step_count; step-- > 0;) {
        if ((campaign->passed_over >> step & 1) != 0) {
            continue;
        }
        if (lease_one(engine, campaign, step)) {
            return true;
        }
        campaign->passed_over |= 1u << step;
    }
    return false;
}

bool dispatch_run(struct engine *engine)
{
    struct campaign *campaign = NULL;
    engine->quiet_reads = 0;
    engine->is_put_off = false;
    DL_FOREACH(engine->live, campaign)
    {
        campaign->passed_over = 0;
        quiet_advance(engine, campaign);
    }
    unsigned leases = 0;
    for (unsigned priority = 0; priority < PRIORITIES; priority++) {
        while (leases < LEASES_PER_RUN &&
               (campaign = choose_campaign(engine, (enum campaign_priority)priority)) != NULL) {
            leases += lease_of_campaign(engine, campaign);
        }
    }
    return leases == LEASES_PER_RUN || engine->is_put_off;
}

static uint64_t provider_next_ms(struct engine *engine, const struct plan_step *step)
{
    uint64_t next_ms = UINT64_MAX;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct provider *provider = &engine->providers[i];
        if (provider->is_there && provider->def.channel == step->channel &&
            (step->providers >> i & 1) != 0) {
            uint64_t at_ms = quiet_holds_provider(engine, provider) ? provider->quiet.until_ms
                             : day_room(provider, 1) == 0
                                 ? provider->day_until_ms
                                 : quota_next_ms(&provider->quota, engine->now_ms);
            next_ms = at_ms < next_ms ? at_ms : next_ms;
        }
    }
    return next_ms > engine->now_ms ? next_ms : UINT64_MAX;
}

static uint64_t step_next_ms(struct engine *engine, struct campaign *campaign, unsigned step)
{
    struct fold fold = campaign_fold(campaign);
    uint32_t page = 0;
    uint32_t due_cs = 0;
    uint64_t due_ms = UINT64_MAX;
    if (step == campaign->first_step && campaign->next_fresh < campaign->page_count) {
        due_ms = engine->now_ms;
    } else if (page_timers_first(&campaign->due[step], &page, &due_cs)) {
        due_ms = fold_due_ms(&fold, due_cs);
    }
    if (due_ms > engine->now_ms) {
        return due_ms;
    }
    /* Something is due and was not leased: a provider's time may come, or the campaign's own rate
     * held it back; credit comes as an event. */
    uint64_t own_ms = bucket_next_ms(&campaign->bucket, engine->now_ms);
    return own_ms > engine->now_ms ? own_ms
                                   : provider_next_ms(engine, &campaign->def.plan.steps[step]);
}

uint64_t dispatch_next_ms(struct engine *engine)
{
    uint64_t next_ms = UINT64_MAX;
    struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        for (unsigned s = 0; campaign_is_sending(campaign) && cap_lets_send(campaign) &&
                             s < campaign->def.plan.step_count;
             s++) {
            uint64_t at_ms = step_next_ms(engine, campaign, s);
            next_ms = at_ms < next_ms ? at_ms : next_ms;
        }
    }
    return next_ms;
}
