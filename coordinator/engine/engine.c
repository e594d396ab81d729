/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's front: its life, its effects, the one way to decide, and commands on campaigns.
 * Workers and time are in engine_workers.c, the turn in engine_turn.c, a restart in
 * engine_restart.c, questions in engine_views.c; who is next is decided in dispatch.c, what an
 * outcome means in intake.c; events are applied in campaign.c and fold.c.
 */
#include "coordinator/engine/engine.h"

#include <assert.h>
#include <utlist.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"

struct engine *engine_new(const struct engine_settings *settings)
{
    struct engine *engine = mem_zalloc(1, sizeof(*engine));
    engine->settings = *settings;
    engine->dice = settings->seed;
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL) {
        return;
    }
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    HASH_ITER(hh, engine->campaigns, campaign, next)
    {
        HASH_DELETE(hh, engine->campaigns, campaign);
        campaign_free(campaign);
    }
    for (unsigned i = 0; i < engine->draft_cap; i++) {
        event_list_release(&engine->drafts[i].list);
    }
    mem_free(engine->drafts);
    lease_table_release(&engine->leases);
    roster_release(&engine->roster);
    mem_free(engine->effects.ring);
    buf_release(&engine->attempts);
    buf_release(&engine->endpoints);
    mem_free(engine);
}

/* splitmix64 (S. Vigna): enough for jitter, and the same for the same seed. */
uint64_t engine_dice(struct engine *engine)
{
    uint64_t z = (engine->dice += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void engine_advance(struct engine *engine, uint64_t now_ms)
{
    if (now_ms > engine->now_ms) {
        engine->now_ms = now_ms;
    }
}

void engine_add_provider(struct engine *engine, const struct provider_def *def)
{
    assert(def->id < WIRE_PROVIDERS_MAX);
    struct provider *provider = &engine->providers[def->id];
    engine->provider_count += !provider->is_there;
    *provider = (struct provider){.is_there = true,
                                  .def = *def,
                                  .concurrency = def->concurrency,
                                  .day_quota = def->day_quota,
                                  .quiet = {.from_ms = UINT64_MAX, .until_ms = UINT64_MAX}};
    provider->def.weight = def->weight == 0 ? 1 : def->weight;
    quota_init(&provider->quota, def->rate_per_s, def->burst, def->breaker_ms, engine->now_ms);
}

/* ---- Effects ---- */

void engine_push_effect(struct engine *engine, const struct engine_effect *effect)
{
    struct effects *effects = &engine->effects;
    if (effects->count == effects->cap) {
        unsigned cap = effects->cap == 0 ? 64 : effects->cap * 2;
        struct engine_effect *ring = mem_alloc(cap * sizeof(*ring));
        for (unsigned i = 0; i < effects->count; i++) {
            ring[i] = effects->ring[(effects->first + i) % effects->cap];
        }
        mem_free(effects->ring);
        effects->ring = ring;
        effects->first = 0;
        effects->cap = cap;
    }
    effects->ring[(effects->first + effects->count++) % effects->cap] = *effect;
}

bool engine_next_effect(struct engine *engine, struct engine_effect *effect)
{
    struct effects *effects = &engine->effects;
    if (effects->count == 0) {
        return false;
    }
    *effect = effects->ring[effects->first];
    effects->first = (effects->first + 1) % effects->cap;
    effects->count--;
    return true;
}

/* ---- Deciding ---- */

static struct event_list *draft_list(struct engine *engine, struct campaign *campaign,
                                     uint32_t page)
{
    uint32_t *index =
        page == RECORD_PAGE_CAMPAIGN ? &campaign->draft : &campaign->pages[page].draft;
    if (*index == 0) {
        if (engine->draft_count == engine->draft_cap) {
            unsigned cap = engine->draft_cap == 0 ? 64 : engine->draft_cap * 2;
            engine->drafts = mem_resize(engine->drafts, cap, sizeof(*engine->drafts));
            for (unsigned i = engine->draft_cap; i < cap; i++) {
                event_list_init(&engine->drafts[i].list);
            }
            engine->draft_cap = cap;
        }
        struct draft *draft = &engine->drafts[engine->draft_count++];
        draft->campaign = campaign;
        draft->page = page;
        *index = engine->draft_count;
    }
    return &engine->drafts[*index - 1].list;
}

static void roster_on_event(struct engine *engine, const struct campaign *campaign,
                            const struct event *event, uint64_t instance, unsigned step)
{
    enum channel_kind channel = campaign->def.plan.steps[step].channel;
    struct roster_entry *entry = roster_find(&engine->roster, instance);
    if (entry == NULL) {
        return;
    }
    if (event->kind == DELIVERY_EVENT_LEASED) {
        entry->in_hand[channel] += event->span;
    } else {
        entry->in_hand[channel] -=
            event->span < entry->in_hand[channel] ? event->span : entry->in_hand[channel];
    }
}

/* Who left his lease of it, or came into it. That he acknowledged, or that a receipt came, does not
 * mean that his request is over. */
static void count_under_way(struct engine *engine, uint8_t id, const struct event *event,
                            uint32_t before, uint32_t after)
{
    struct provider *provider = &engine->providers[id];
    provider->under_way.leased += after - before;
    if (after < before && !engine->is_reporting) {
        assert(before - after == event->span);
        under_way_leave(&provider->under_way, event->lease, event->offset, event->span,
                        engine->now_ms);
    }
}

static uint32_t left_in(const struct engine *engine, uint64_t id)
{
    const struct lease *lease = lease_find(&engine->leases, id);
    return lease == NULL ? 0 : lease->left;
}

void engine_decide(struct engine *engine, struct campaign *campaign, uint32_t page,
                   const struct event *event)
{
    const struct lease *lease =
        event->lease == 0 ? NULL : lease_find(&engine->leases, event->lease);
    uint64_t instance = lease != NULL ? lease->instance : event->worker;
    unsigned step = lease != NULL ? lease->step : event->step; /* who climbs has another already */
    uint8_t provider = lease != NULL ? lease->provider : event->provider;
    uint32_t before = lease != NULL ? lease->left : 0;
    uint32_t base = campaign_base_page(campaign, page);
    bool fits = campaign_apply(campaign, &engine->leases, base, event);
    assert(fits);
    (void)fits;
    if (event->lease != 0) {
        count_under_way(engine, provider, event, before, left_in(engine, event->lease));
        roster_on_event(engine, campaign, event, instance, step);
    }
    event_list_add(draft_list(engine, campaign, base), event);
    campaign->events++;
    engine->stats.events += event->span;
    engine_note_stirred(engine, campaign);
    bool has_pair = campaign_has_pair(campaign);
    if (has_pair) {
        pair_on_begin(engine, campaign, page, event);
    }
    if (campaign->pages[base].rest.bars != NULL) {
        suppress_enforce(engine, campaign, page, event->offset, event->span);
    }
    if (has_pair) {
        pair_on_end(engine, campaign, page, event);
    }
}

void engine_enliven(struct engine *engine, struct campaign *campaign)
{
    if (!campaign->is_live) {
        campaign->is_live = true;
        DL_APPEND(engine->live, campaign);
    }
    engine_note_stirred(engine, campaign);
}

void engine_decide_event(struct engine *engine, struct campaign *campaign, struct event event)
{
    event.span = 1;
    event.at_ms = engine->now_ms;
    bool fits = campaign_apply_own(campaign, &event);
    assert(fits);
    (void)fits;
    event_list_add(draft_list(engine, campaign, RECORD_PAGE_CAMPAIGN), &event);
    campaign->events++;
    engine_enliven(engine, campaign);
    engine_note_changed(engine, campaign);
}

void engine_decide_own(struct engine *engine, struct campaign *campaign, enum campaign_event kind)
{
    engine_note_own(engine, campaign, kind, REASON_NONE);
}

void engine_note_own(struct engine *engine, struct campaign *campaign, enum campaign_event kind,
                     uint16_t reason)
{
    engine_decide_event(engine, campaign, (struct event){.kind = (uint8_t)kind, .reason = reason});
}

void engine_settle(struct engine *engine, struct campaign *campaign)
{
    control_check_stop(engine, campaign);
    bool is_taking_in = campaign->is_taking_in && !campaign_is_over(campaign);
    if (campaign->is_ended || campaign_left(campaign) > 0 || is_taking_in) {
        return;
    }
    if (campaign->state == CAMPAIGN_RUNNING || campaign->state == CAMPAIGN_PAUSED) {
        engine_decide_own(engine, campaign, CAMPAIGN_EVENT_FINISHED);
    }
    campaign->is_ended =
        campaign->state == CAMPAIGN_FINISHED || campaign->state == CAMPAIGN_CANCELLED;
    if (campaign->is_ended) {
        cap_on_ended(engine, campaign);
    }
}

/* ---- Campaigns ---- */

struct campaign *engine_find_campaign(const struct engine *engine, uint64_t id)
{
    struct campaign *campaign = NULL;
    HASH_FIND(hh, engine->campaigns, &id, sizeof(id), campaign);
    return campaign;
}

static int id_order(const struct campaign *a, const struct campaign *b)
{
    return a->def.id < b->def.id ? -1 : a->def.id > b->def.id;
}

enum err engine_add_campaign(struct engine *engine, const struct campaign_def *def)
{
    if (engine_find_campaign(engine, def->id) != NULL) {
        return ERR_EXISTS;
    }
    struct campaign *campaign = campaign_new(def);
    if (def->id > engine->last_campaign) {
        HASH_ADD(hh, engine->campaigns, def.id, sizeof(campaign->def.id), campaign);
        engine->last_campaign = def->id;
    } else {
        HASH_ADD_INORDER(hh, engine->campaigns, def.id, sizeof(campaign->def.id), campaign,
                         id_order);
    }
    return ERR_OK;
}

void engine_add_holes(struct engine *engine, uint64_t id, uint32_t page, const struct bitmap *holes)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign != NULL && page < campaign->page_count) {
        campaign_set_holes(campaign, page, holes);
    }
}

static enum err find_for(struct engine *engine, uint64_t id, uint64_t now_ms,
                         struct campaign **campaign, struct problem *problem)
{
    engine_advance(engine, now_ms);
    *campaign = engine_find_campaign(engine, id);
    return *campaign != NULL ? ERR_OK
                             : problem_set(problem, ERR_NOT_FOUND, "there is no campaign c%llu",
                                           (unsigned long long)id);
}

static enum err wrong_state(const struct campaign *campaign, const char *what,
                            struct problem *problem)
{
    return problem_set(problem, ERR_CONFLICT, "campaign c%llu is %s and cannot be %s",
                       (unsigned long long)campaign->def.id, campaign_state_name(campaign->state),
                       what);
}

void engine_join_class(struct engine *engine, struct campaign *joining)
{
    double least = -1;
    struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (campaign != joining && campaign->state == CAMPAIGN_RUNNING &&
            campaign->def.priority == joining->def.priority &&
            (least < 0 || campaign->turn_share < least)) {
            least = campaign->turn_share;
        }
    }
    if (least > joining->turn_share) {
        joining->turn_share = least;
    }
}

void engine_tell_stopped(struct engine *engine, const struct roster_entry *entry,
                         const struct campaign *campaign)
{
    engine_push_effect(engine, &(struct engine_effect){.kind = ENGINE_CANCEL,
                                                       .worker = entry->worker,
                                                       .campaign = campaign->def.id,
                                                       .for_good = campaign_is_over(campaign)});
}

void engine_tell_all_stopped(struct engine *engine, const struct campaign *campaign)
{
    for (unsigned i = 0; i < engine->roster.count; i++) {
        if (engine->roster.entries[i].present) {
            engine_tell_stopped(engine, &engine->roster.entries[i], campaign);
        }
    }
}

/* As its definition says, or as `at_ms` does if it is not 0. */
static enum err launch(struct engine *engine, uint64_t id, uint64_t at_ms, uint64_t now_ms,
                       struct problem *problem)
{
    struct campaign *campaign = NULL;
    enum err err = find_for(engine, id, now_ms, &campaign, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (campaign->state != CAMPAIGN_DRAFT && campaign->state != CAMPAIGN_SCHEDULED) {
        return wrong_state(campaign, "launched", problem);
    }
    if (at_ms == 0 && campaign->state == CAMPAIGN_DRAFT) {
        at_ms = campaign->def.control.start_at_ms;
    }
    return control_launch(engine, campaign, at_ms, problem);
}

enum err engine_launch(struct engine *engine, uint64_t id, uint64_t now_ms, struct problem *problem)
{
    return launch(engine, id, 0, now_ms, problem);
}

enum err engine_schedule(struct engine *engine, uint64_t id, uint64_t at_ms, uint64_t now_ms,
                         struct problem *problem)
{
    return launch(engine, id, at_ms == 0 ? 1 : at_ms, now_ms, problem);
}

enum err engine_pause(struct engine *engine, uint64_t id, uint64_t now_ms, struct problem *problem)
{
    struct campaign *campaign = NULL;
    enum err err = find_for(engine, id, now_ms, &campaign, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (campaign->state != CAMPAIGN_RUNNING) {
        return wrong_state(campaign, "paused", problem);
    }
    engine_decide_own(engine, campaign, CAMPAIGN_EVENT_PAUSED);
    engine_tell_all_stopped(engine, campaign);
    return ERR_OK;
}

enum err engine_resume(struct engine *engine, uint64_t id, uint64_t now_ms, struct problem *problem)
{
    struct campaign *campaign = NULL;
    enum err err = find_for(engine, id, now_ms, &campaign, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (campaign->state != CAMPAIGN_PAUSED) {
        return wrong_state(campaign, "resumed", problem);
    }
    engine_join_class(engine, campaign);
    control_resume(engine, campaign);
    return ERR_OK;
}

void engine_end_for_good(struct engine *engine, struct campaign *campaign, struct event event)
{
    engine_decide_event(engine, campaign, event);
    campaign_sweep(campaign);
    engine_tell_all_stopped(engine, campaign);
    engine_settle(engine, campaign);
}

enum err engine_cancel(struct engine *engine, uint64_t id, uint64_t now_ms, struct problem *problem)
{
    struct campaign *campaign = NULL;
    enum err err = find_for(engine, id, now_ms, &campaign, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (campaign->state == CAMPAIGN_FINISHED || campaign->state == CAMPAIGN_CANCELLED) {
        return wrong_state(campaign, "cancelled", problem);
    }
    engine_end_for_good(engine, campaign, (struct event){.kind = CAMPAIGN_EVENT_CANCELLED});
    return ERR_OK;
}
