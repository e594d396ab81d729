/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's front: what it is told, the turn, and what it is asked. Deciding is in dispatch.c
 * and intake.c, applying in campaign.c and fold.c.
 */
#include "coordinator/engine/engine.h"

#include <assert.h>
#include <stdio.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"

/* How long the engine lets itself sleep. */
#define RUN_AT_MOST_MS    200
#define RESEND_MAX_MS     60000
#define DRAFT_EVENTS_KEPT 64
/* In lease times: a worker silent for so long has to say hello again, */
#define FORGET_LEASES 20
/* and leases of a stopped campaign that make no progress for so long are given up. */
#define GIVE_UP_LEASES 4
#define END_VERSION    1

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

static void advance(struct engine *engine, uint64_t now_ms)
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
    *provider = (struct provider){.is_there = true, .def = *def};
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
                            const struct event *event, uint64_t instance)
{
    enum channel_kind channel = campaign->def.plan.steps[event->step].channel;
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

void engine_decide(struct engine *engine, struct campaign *campaign, uint32_t page,
                   const struct event *event)
{
    const struct lease *lease =
        event->lease == 0 ? NULL : lease_find(&engine->leases, event->lease);
    uint64_t instance = lease != NULL ? lease->instance : event->worker;
    bool fits = campaign_apply(campaign, &engine->leases, page, event);
    assert(fits);
    (void)fits;
    if (event->lease != 0) {
        roster_on_event(engine, campaign, event, instance);
    }
    event_list_add(draft_list(engine, campaign, page), event);
    engine->stats.events += event->span;
}

void engine_decide_own(struct engine *engine, struct campaign *campaign, enum campaign_event kind)
{
    struct event event = {.kind = (uint8_t)kind, .span = 1, .at_ms = engine->now_ms};
    bool fits = campaign_apply_own(campaign, &event);
    assert(fits);
    (void)fits;
    event_list_add(draft_list(engine, campaign, RECORD_PAGE_CAMPAIGN), &event);
}

void engine_settle(struct engine *engine, struct campaign *campaign)
{
    if (campaign->is_ended || campaign_left(campaign) > 0) {
        return;
    }
    if (campaign->state == CAMPAIGN_RUNNING || campaign->state == CAMPAIGN_PAUSED) {
        engine_decide_own(engine, campaign, CAMPAIGN_EVENT_FINISHED);
    }
    campaign->is_ended =
        campaign->state == CAMPAIGN_FINISHED || campaign->state == CAMPAIGN_CANCELLED;
}

/* ---- Campaigns ---- */

struct campaign *engine_find_campaign(const struct engine *engine, uint64_t id)
{
    struct campaign *campaign = NULL;
    HASH_FIND(hh, engine->campaigns, &id, sizeof(id), campaign);
    return campaign;
}

enum err engine_add_campaign(struct engine *engine, const struct campaign_def *def)
{
    if (engine_find_campaign(engine, def->id) != NULL) {
        return ERR_EXISTS;
    }
    struct campaign *campaign = campaign_new(def);
    HASH_ADD(hh, engine->campaigns, def.id, sizeof(campaign->def.id), campaign);
    if (def->id > engine->last_campaign) {
        engine->last_campaign = def->id;
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
    advance(engine, now_ms);
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

/* A campaign that joins its class late starts even with the one that has had least. */
static void join_class(struct engine *engine, struct campaign *joining)
{
    double least = -1;
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    HASH_ITER(hh, engine->campaigns, campaign, next)
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

static void tell_stopped(struct engine *engine, const struct roster_entry *entry,
                         const struct campaign *campaign)
{
    engine_push_effect(engine,
                       &(struct engine_effect){.kind = ENGINE_CANCEL,
                                               .worker = entry->worker,
                                               .campaign = campaign->def.id,
                                               .for_good = campaign->state == CAMPAIGN_CANCELLED});
}

static void tell_all_stopped(struct engine *engine, const struct campaign *campaign)
{
    for (unsigned i = 0; i < engine->roster.count; i++) {
        if (engine->roster.entries[i].present) {
            tell_stopped(engine, &engine->roster.entries[i], campaign);
        }
    }
}

enum err engine_launch(struct engine *engine, uint64_t id, uint64_t now_ms, struct problem *problem)
{
    struct campaign *campaign = NULL;
    enum err err = find_for(engine, id, now_ms, &campaign, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (campaign->state != CAMPAIGN_DRAFT) {
        return wrong_state(campaign, "launched", problem);
    }
    join_class(engine, campaign);
    engine_decide_own(engine, campaign, CAMPAIGN_EVENT_LAUNCHED);
    engine_settle(engine, campaign);
    return ERR_OK;
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
    tell_all_stopped(engine, campaign);
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
    join_class(engine, campaign);
    engine_decide_own(engine, campaign, CAMPAIGN_EVENT_RESUMED);
    return ERR_OK;
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
    engine_decide_own(engine, campaign, CAMPAIGN_EVENT_CANCELLED);
    campaign_sweep_cancelled(campaign);
    tell_all_stopped(engine, campaign);
    engine_settle(engine, campaign);
    return ERR_OK;
}

/* ---- Workers ---- */

static void give_up(struct engine *engine, uint64_t instance, enum outcome outcome, uint16_t reason)
{
    struct fate fate = {.outcome = outcome, .reason = reason};
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next)
    {
        if (lease->instance == instance) {
            struct campaign *campaign = lease->campaign;
            engine->stats.leases_expired += outcome == OUTCOME_UNCERTAIN;
            intake_settle_all(engine, lease, &fate);
            engine_settle(engine, campaign);
        }
    }
}

/* Leases that a replay found for this instance are in its hand again. */
static void count_in_hand(struct engine *engine, struct roster_entry *entry)
{
    memset(entry->in_hand, 0, sizeof(entry->in_hand));
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next)
    {
        if (lease->instance == entry->instance) {
            entry->in_hand[lease->campaign->def.plan.steps[lease->step].channel] += lease->left;
            /* What it did not get in the former life it should have soon. */
            uint64_t soon_ms = engine->now_ms + engine->settings.heartbeat_ms;
            lease->resend_at_ms = lease->resend_at_ms < soon_ms ? lease->resend_at_ms : soon_ms;
        }
    }
}

static bool has_lease_of(const struct engine *engine, const struct roster_entry *entry,
                         const struct campaign *campaign)
{
    const struct lease *lease = engine->leases.by_id;
    while (lease != NULL && (lease->instance != entry->instance || lease->campaign != campaign)) {
        lease = lease->hh.next;
    }
    return lease != NULL;
}

/* While its link was down the worker may have missed that a campaign was stopped. */
static void tell_of_stopped(struct engine *engine, const struct roster_entry *entry)
{
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    HASH_ITER(hh, engine->campaigns, campaign, next)
    {
        if (campaign->state != CAMPAIGN_RUNNING && !campaign->is_ended &&
            has_lease_of(engine, entry, campaign)) {
            tell_stopped(engine, entry, campaign);
        }
    }
}

void engine_worker_hello(struct engine *engine, uint32_t worker, const char *name,
                         uint64_t instance, uint64_t now_ms)
{
    advance(engine, now_ms);
    for (unsigned i = 0; i < engine->roster.count; i++) {
        struct roster_entry *entry = &engine->roster.entries[i];
        bool is_former = entry->instance != instance && entry->present &&
                         (entry->worker == worker || strcmp(entry->name, name) == 0);
        if (is_former) {
            entry->present = false;
            give_up(engine, entry->instance, OUTCOME_UNCERTAIN, REASON_WORKER_RESTARTED);
        }
    }
    struct roster_entry *entry = roster_add(&engine->roster, instance);
    entry->worker = worker;
    entry->present = true;
    entry->heard_ms = engine->now_ms;
    entry->is_given_up = false;
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    memset(entry->credit, 0, sizeof(entry->credit));
    count_in_hand(engine, entry);
    tell_of_stopped(engine, entry);
}

static struct roster_entry *hear(struct engine *engine, uint32_t worker, uint64_t now_ms)
{
    advance(engine, now_ms);
    struct roster_entry *entry = roster_find_worker(&engine->roster, worker);
    if (entry != NULL) {
        entry->heard_ms = engine->now_ms;
        entry->is_given_up = false;
    }
    return entry;
}

void engine_worker_credit(struct engine *engine, uint32_t worker,
                          const uint32_t limit[CHANNEL_KINDS], uint64_t now_ms)
{
    struct roster_entry *entry = hear(engine, worker, now_ms);
    if (entry != NULL) {
        memcpy(entry->credit, limit, sizeof(entry->credit));
    }
}

bool engine_worker_heartbeat(struct engine *engine, uint32_t worker, uint64_t now_ms)
{
    return hear(engine, worker, now_ms) != NULL;
}

void engine_worker_bye(struct engine *engine, uint64_t instance, uint64_t now_ms)
{
    advance(engine, now_ms);
    struct roster_entry *entry = roster_find(&engine->roster, instance);
    if (entry != NULL) {
        entry->present = false;
        /* It says so when all it knew of is durable: what is still open never reached it. */
        give_up(engine, entry->instance, OUTCOME_RETURNED, REASON_DRAINED);
    }
}

static void take_group(struct engine *engine, const struct wire_outcome_group *group,
                       struct roster_entry *entry)
{
    struct campaign *campaign = engine_find_campaign(engine, group->campaign);
    if (campaign == NULL) {
        return;
    }
    for (unsigned r = 0; r < group->run_count; r++) {
        const struct outcome_run *run = &group->runs[r];
        struct lease *lease = lease_find(&engine->leases, group->lease);
        if (lease == NULL || lease->campaign != campaign || lease->page != group->page) {
            intake_late(engine, campaign, group->page, run);
            continue;
        }
        lease->resend_at_ms = engine->now_ms + lease->resend_in_ms;
        struct fate fate = {.outcome = (enum outcome)run->outcome,
                            .reason = run->reason,
                            .retry_after_ms = run->retry_after_ms,
                            .ref = run->ref};
        intake_settle(engine, lease, run->offset, run->span, &fate);
        if (entry != NULL) {
            entry->outcomes += run->span;
            rate_meter_add(&entry->meter, run->span, engine->now_ms);
        }
    }
    engine_settle(engine, campaign);
}

void engine_outcomes(struct engine *engine, uint32_t worker, const struct wire_outcomes *outcomes,
                     uint64_t now_ms)
{
    struct roster_entry *entry = hear(engine, worker, now_ms);
    for (unsigned g = 0; g < outcomes->group_count; g++) {
        take_group(engine, &outcomes->groups[g], entry);
    }
    engine_push_effect(engine, &(struct engine_effect){.kind = ENGINE_DURABLE,
                                                       .worker = worker,
                                                       .instance = outcomes->instance,
                                                       .seq = outcomes->seq});
}

void engine_lease_unsent(struct engine *engine, uint64_t id, uint64_t now_ms)
{
    advance(engine, now_ms);
    struct lease *lease = lease_find(&engine->leases, id);
    if (lease == NULL) {
        return;
    }
    lease->sends -= lease->sends > 0;
    if (lease->sends > 0) {
        return; /* an earlier sending may have arrived */
    }
    struct campaign *campaign = lease->campaign;
    intake_settle_all(engine, lease,
                      &(struct fate){.outcome = OUTCOME_RETURNED, .reason = REASON_NONE});
    engine_settle(engine, campaign);
}

/* ---- Time ---- */

static bool is_silent(const struct engine *engine, const struct roster_entry *entry,
                      uint64_t lease_times)
{
    return entry->heard_ms + engine->settings.lease_ms * lease_times <= engine->now_ms;
}

/* Who is silent for a lease time loses its leases, but may come back: it may have been us who were
 * held up. After many lease times it is forgotten. */
static void expire_workers(struct engine *engine)
{
    for (unsigned i = 0; i < engine->roster.count;) {
        struct roster_entry *entry = &engine->roster.entries[i];
        if (is_silent(engine, entry, 1) && !entry->is_given_up) {
            entry->is_given_up = true;
            give_up(engine, entry->instance, OUTCOME_UNCERTAIN, REASON_LEASE_EXPIRED);
        }
        if (is_silent(engine, entry, entry->present ? FORGET_LEASES : 1)) {
            roster_remove(&engine->roster, i);
        } else {
            i++;
        }
    }
}

static bool is_stuck(const struct engine *engine, const struct lease *lease)
{
    return lease->campaign->state != CAMPAIGN_RUNNING &&
           lease->progress_ms + (uint64_t)engine->settings.lease_ms * GIVE_UP_LEASES +
                   lease->spread_ms <
               engine->now_ms;
}

static void resend_batches(struct engine *engine)
{
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next)
    {
        if (lease->resend_at_ms > engine->now_ms) {
            continue;
        }
        if (is_stuck(engine, lease)) {
            struct campaign *campaign = lease->campaign;
            engine->stats.leases_expired++;
            intake_settle_all(
                engine, lease,
                &(struct fate){.outcome = OUTCOME_UNCERTAIN, .reason = REASON_LEASE_EXPIRED});
            engine_settle(engine, campaign);
            continue;
        }
        const struct roster_entry *entry = roster_find(&engine->roster, lease->instance);
        lease->resend_in_ms =
            lease->resend_in_ms * 2 < RESEND_MAX_MS ? lease->resend_in_ms * 2 : RESEND_MAX_MS;
        lease->resend_at_ms = engine->now_ms + lease->resend_in_ms;
        if (entry != NULL && entry->present && lease->campaign->state == CAMPAIGN_RUNNING) {
            engine_push_effect(engine, &(struct engine_effect){.kind = ENGINE_BATCH,
                                                               .worker = entry->worker,
                                                               .instance = entry->instance,
                                                               .lease = lease->id});
        }
    }
}

uint32_t engine_run(struct engine *engine, uint64_t now_ms)
{
    advance(engine, now_ms);
    expire_workers(engine);
    resend_batches(engine);
    if (dispatch_run(engine)) {
        return 0;
    }
    uint64_t next_ms = dispatch_next_ms(engine);
    uint64_t wait_ms = next_ms > engine->now_ms ? next_ms - engine->now_ms : 0;
    return wait_ms < RUN_AT_MOST_MS ? (uint32_t)wait_ms : RUN_AT_MOST_MS;
}

/* ---- The turn ---- */

bool engine_has_events(const struct engine *engine)
{
    return engine->draft_count > 0;
}

void engine_set_end_key(struct engine *engine, engine_end_key_fn key)
{
    engine->end_key = key;
}

static void close_draft(struct engine *engine, struct draft *draft, struct record *record,
                        struct buf *bytes)
{
    struct campaign *campaign = draft->campaign;
    buf_clear(bytes);
    event_block_encode(&draft->list, bytes);
    record_add_block(record, campaign->def.id, draft->page, buf_view(bytes));
    event_list_clear(&draft->list);
    if (draft->list.cap > DRAFT_EVENTS_KEPT) {
        event_list_release(&draft->list);
    }
    if (draft->page == RECORD_PAGE_CAMPAIGN) {
        campaign->draft = 0;
        return;
    }
    struct page_state *page = &campaign->pages[draft->page];
    page->draft = 0;
    page->blocks++;
    if (engine->settings.snapshot_blocks != 0 && page->blocks >= engine->settings.snapshot_blocks) {
        page->blocks = 0;
        buf_clear(bytes);
        campaign_snapshot(campaign, draft->page, bytes);
        record_add_snapshot(record, campaign->def.id, draft->page, buf_view(bytes));
    }
}

/* Closing counts go into the record of the last event; the pages are not needed any more. */
static void note_ends(struct engine *engine, struct record *record, struct buf *bytes)
{
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    HASH_ITER(hh, engine->campaigns, campaign, next)
    {
        if (!campaign->is_ended || campaign->end_is_noted) {
            continue;
        }
        struct buf key = {0};
        struct campaign_end end = {campaign->state, campaign->launched_ms, campaign->ended_ms, {0}};
        memcpy(end.counts, campaign->counts, sizeof(end.counts));
        buf_clear(bytes);
        campaign_end_encode(&end, bytes);
        engine->end_key(&key, campaign->def.id);
        record_put(record, buf_view(&key), buf_view(bytes));
        buf_release(&key);
        campaign->end_is_noted = true;
        campaign_drop_pages(campaign);
    }
}

void engine_close_turn(struct engine *engine, struct record *record)
{
    struct buf bytes = {0};
    for (unsigned i = 0; i < engine->draft_count; i++) {
        close_draft(engine, &engine->drafts[i], record, &bytes);
    }
    engine->draft_count = 0;
    if (engine->end_key != NULL) {
        note_ends(engine, record, &bytes);
    }
    buf_release(&bytes);
}

static bool lease_attempts(struct engine *engine, const struct lease *lease,
                           struct wire_batch *batch)
{
    const struct recipient_state *states = lease->campaign->pages[lease->page].states;
    bool has_attempts = false;
    bool has_endpoints = false;
    buf_clear(&engine->attempts);
    buf_clear(&engine->endpoints);
    for (unsigned i = bitmap_next(&lease->places, 0); i < BITMAP_BITS;
         i = i + 1 < BITMAP_BITS ? bitmap_next(&lease->places, i + 1) : BITMAP_BITS) {
        uint8_t number = recipient_attempt_number(&states[i]);
        buf_u8(&engine->attempts, number);
        buf_u8(&engine->endpoints, states[i].endpoint);
        has_attempts |= number != 0;
        has_endpoints |= states[i].endpoint != 0;
    }
    batch->attempts = has_attempts ? engine->attempts.data : NULL;
    batch->endpoints = has_endpoints ? engine->endpoints.data : NULL;
    return true;
}

bool engine_lease_batch(struct engine *engine, uint64_t id, struct wire_batch *batch,
                        uint64_t *audience)
{
    struct lease *lease = lease_find(&engine->leases, id);
    if (lease == NULL) {
        return false;
    }
    lease->sends++;
    if (lease->campaign->state != CAMPAIGN_RUNNING) {
        return false;
    }
    *batch = (struct wire_batch){
        .epoch = engine->settings.epoch,
        .instance = lease->instance,
        .lease = id,
        .campaign = lease->campaign->def.id,
        .page = lease->page,
        .provider = lease->provider,
        .step = lease->step,
        .spread_ms = lease->spread_ms,
        .count = lease->left,
        .places = lease->places,
    };
    struct bitmap first;
    bitmap_fill(&first, lease->left);
    batch->whole = memcmp(&first, &lease->places, sizeof(first)) == 0;
    *audience = lease->campaign->def.audience;
    return lease_attempts(engine, lease, batch);
}

/* ---- Restart ---- */

void campaign_end_encode(const struct campaign_end *end, struct buf *buf)
{
    buf_u8(buf, END_VERSION);
    buf_u8(buf, (uint8_t)end->state);
    buf_u64(buf, end->launched_ms);
    buf_u64(buf, end->ended_ms);
    buf_u8(buf, DELIVERY_STATES);
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        buf_u32(buf, end->counts[s]);
    }
}

enum err campaign_end_decode(struct slice bytes, struct campaign_end *end)
{
    struct reader reader = reader_of(bytes);
    *end = (struct campaign_end){0};
    if (reader_u8(&reader) != END_VERSION) {
        return reader.bad ? ERR_CORRUPT : ERR_UNSUPPORTED;
    }
    end->state = (enum campaign_state)reader_u8(&reader);
    end->launched_ms = reader_u64(&reader);
    end->ended_ms = reader_u64(&reader);
    unsigned states = reader_u8(&reader);
    for (unsigned s = 0; s < states && s < DELIVERY_STATES; s++) {
        end->counts[s] = reader_u32(&reader);
    }
    bool is_ended = end->state == CAMPAIGN_FINISHED || end->state == CAMPAIGN_CANCELLED;
    bool is_whole = !reader.bad && reader_left(&reader) == 0;
    return is_whole && states <= DELIVERY_STATES && is_ended ? ERR_OK : ERR_CORRUPT;
}

void engine_replay_end(struct engine *engine, uint64_t id, const struct campaign_end *end)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL) {
        return;
    }
    campaign->state = end->state;
    campaign->launched_ms = end->launched_ms;
    campaign->ended_ms = end->ended_ms;
    memcpy(campaign->counts, end->counts, sizeof(end->counts));
    campaign->is_ended = true;
    campaign->end_is_noted = true;
    campaign_drop_pages(campaign);
}

enum err engine_replay_snapshot(struct engine *engine, uint64_t id, uint32_t page,
                                struct slice state_page)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    return campaign == NULL ? ERR_CORRUPT
                            : campaign_restore(campaign, &engine->leases, page, state_page);
}

enum err engine_replay_block(struct engine *engine, uint64_t id, uint32_t page, struct slice block)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL) {
        return ERR_CORRUPT;
    }
    if (page != RECORD_PAGE_CAMPAIGN && (campaign->pages == NULL || page >= campaign->page_count)) {
        return ERR_CORRUPT;
    }
    struct event_list list;
    event_list_init(&list);
    enum err err = event_block_decode(block, &list);
    for (unsigned i = 0; i < list.count && err == ERR_OK; i++) {
        const struct event *event = &list.events[i];
        bool fits = page == RECORD_PAGE_CAMPAIGN
                        ? campaign_apply_own(campaign, event)
                        : campaign_apply(campaign, &engine->leases, page, event);
        err = fits ? ERR_OK : ERR_CORRUPT;
    }
    if (page != RECORD_PAGE_CAMPAIGN && err == ERR_OK) {
        campaign->pages[page].blocks++;
    }
    event_list_release(&list);
    return err;
}

static void recover_campaign(struct engine *engine, struct campaign *campaign)
{
    if (campaign->is_ended) {
        return;
    }
    if (campaign->state == CAMPAIGN_CANCELLED) {
        campaign_sweep_cancelled(campaign);
    } else {
        for (uint32_t page = 0; page < campaign->page_count; page++) {
            if (campaign->pages[page].states != NULL && page >= campaign->next_fresh) {
                campaign->next_fresh = page + 1;
            }
        }
        for (uint32_t page = 0; page < campaign->next_fresh; page++) {
            campaign_refresh_timer(campaign, page);
        }
    }
    engine_settle(engine, campaign);
}

void engine_recovered(struct engine *engine, uint64_t now_ms)
{
    advance(engine, now_ms);
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        quota_start_empty(&engine->providers[i].quota, engine->now_ms);
    }
    struct lease *lease = NULL;
    struct lease *next_lease = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next_lease)
    {
        lease->sends = 1; /* it may have been sent in the former life */
        lease->progress_ms = engine->now_ms;
        lease->resend_in_ms = engine->settings.heartbeat_ms * 5;
        lease->resend_at_ms = engine->now_ms + lease->resend_in_ms;
        roster_add(&engine->roster, lease->instance)->heard_ms = engine->now_ms;
    }
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    HASH_ITER(hh, engine->campaigns, campaign, next)
    {
        recover_campaign(engine, campaign);
    }
}

/* ---- Questions ---- */

bool engine_campaign(struct engine *engine, uint64_t id, struct campaign_view *view)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL) {
        return false;
    }
    *view = (struct campaign_view){
        .def = &campaign->def,
        .state = campaign->state,
        .launched_ms = campaign->launched_ms,
        .ended_ms = campaign->ended_ms,
        .rate_per_s = rate_meter_per_s(&campaign->meter, engine->now_ms),
        .repeated = campaign->repeated,
    };
    memcpy(view->counts, campaign->counts, sizeof(view->counts));
    view->counts[DELIVERY_NONE] = 0;
    if (view->rate_per_s > 0 && campaign->state == CAMPAIGN_RUNNING) {
        view->time_left_ms = (uint64_t)(campaign_left(campaign) * 1000.0 / view->rate_per_s);
    }
    return true;
}

uint64_t engine_next_campaign(struct engine *engine, uint64_t after)
{
    uint64_t best = 0;
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    HASH_ITER(hh, engine->campaigns, campaign, next)
    {
        if (campaign->def.id > after && (best == 0 || campaign->def.id < best)) {
            best = campaign->def.id;
        }
    }
    return best;
}

uint64_t engine_last_campaign(struct engine *engine)
{
    return engine->last_campaign;
}

enum err engine_recipient(struct engine *engine, uint64_t id, uint32_t ordinal,
                          struct recipient_state *state)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign == NULL || ordinal >= campaign->def.slots) {
        return ERR_NOT_FOUND;
    }
    if (campaign->pages == NULL) {
        return ERR_CLOSED;
    }
    *state = campaign_recipient(campaign, ordinal / PAGE_RECIPIENTS, ordinal % PAGE_RECIPIENTS);
    return state->state == DELIVERY_NONE ? ERR_NOT_FOUND : ERR_OK;
}

bool engine_worker(struct engine *engine, unsigned index, struct worker_view *view)
{
    if (index >= engine->roster.count) {
        return false;
    }
    struct roster_entry *entry = &engine->roster.entries[index];
    *view = (struct worker_view){
        .worker = entry->worker,
        .name = entry->name,
        .instance = entry->instance,
        .connected = entry->present && !is_silent(engine, entry, 1),
        .last_heard_ms = entry->heard_ms,
        .outcomes = entry->outcomes,
        .rate_per_s = rate_meter_per_s(&entry->meter, engine->now_ms),
    };
    memcpy(view->credit, entry->credit, sizeof(view->credit));
    memcpy(view->in_hand, entry->in_hand, sizeof(view->in_hand));
    struct lease *lease = NULL;
    struct lease *next = NULL;
    HASH_ITER(hh, engine->leases.by_id, lease, next)
    {
        view->leases += lease->instance == entry->instance;
    }
    return true;
}

bool engine_provider(struct engine *engine, unsigned index, struct provider_view *view)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider *provider = &engine->providers[i];
        if (!provider->is_there || seen++ != index) {
            continue;
        }
        *view = (struct provider_view){
            .def = &provider->def,
            .rate_now_per_s = quota_rate_now(&provider->quota),
            .sent_per_s = rate_meter_per_s(&provider->quota.sent, engine->now_ms),
            .paused_until_ms = provider->quota.paused_until_ms > engine->now_ms
                                   ? provider->quota.paused_until_ms
                                   : 0,
            .breaker = provider->quota.breaker,
            .breaker_reason = provider->quota.breaker_reason,
        };
        memcpy(view->outcomes, provider->outcomes, sizeof(view->outcomes));
        return true;
    }
    return false;
}

void engine_stats(const struct engine *engine, struct engine_stats *stats)
{
    *stats = engine->stats;
    stats->leases_open = engine->leases.count;
    const struct campaign *campaign = NULL;
    for (campaign = engine->campaigns; campaign != NULL; campaign = campaign->hh.next) {
        stats->timers += campaign->timers.count;
    }
}

/* ---- Digest ---- */

static void digest_campaign(const struct campaign *campaign, struct buf *buf)
{
    buf_u64(buf, campaign->def.id);
    buf_u8(buf, (uint8_t)campaign->state);
    buf_u64(buf, campaign->launched_ms);
    buf_u64(buf, campaign->ended_ms);
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        buf_u32(buf, campaign->counts[s]);
    }
    for (uint32_t page = 0; campaign->pages != NULL && page < campaign->page_count; page++) {
        unsigned slots = campaign_page_slots(campaign, page);
        for (unsigned i = 0; i < slots; i++) {
            struct recipient_state state = campaign_recipient(campaign, page, i);
            buf_append(buf, &state, sizeof(state));
        }
    }
}

static int lease_order(struct lease *a, struct lease *b)
{
    return a->id < b->id ? -1 : a->id > b->id;
}

void engine_digest(struct engine *engine, uint8_t digest[HASH_DIGEST_BYTES])
{
    struct buf buf = {0};
    for (uint64_t id = engine_next_campaign(engine, 0); id != 0;
         id = engine_next_campaign(engine, id)) {
        digest_campaign(engine_find_campaign(engine, id), &buf);
    }
    HASH_SORT(engine->leases.by_id, lease_order);
    for (const struct lease *l = engine->leases.by_id; l != NULL; l = l->hh.next) {
        buf_u64(&buf, l->id);
        buf_u64(&buf, l->campaign->def.id);
        buf_u32(&buf, l->page);
        buf_append(&buf, &l->places, sizeof(l->places));
    }
    hash_digest(digest, buf_view(&buf));
    buf_release(&buf);
}
