/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine is asked. Nothing here changes it, but for the meters that forget what is long
 * ago.
 */
#include <string.h>
#include <utlist.h>

#include "coordinator/engine/detour.h"
#include "coordinator/engine/engine_state.h"

/* ---- Questions ---- */

static uint64_t first_ms(struct campaign *campaign, const struct page_timers *timers)
{
    struct fold fold = campaign_fold(campaign);
    uint32_t page;
    uint32_t due_cs;
    return page_timers_first(timers, &page, &due_cs) ? fold_due_ms(&fold, due_cs) : 0;
}

static void view_timers(struct campaign *campaign, struct campaign_view *view)
{
    if (!campaign->is_ended && campaign->pages != NULL) {
        for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
            view->due_ms[s] = first_ms(campaign, &campaign->due[s]);
        }
        view->climb_ms = first_ms(campaign, &campaign->climbs);
    }
}

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
        .outcome_rows = campaign->outcome_rows,
        .outcomes = campaign->outcomes,
        .events = campaign->events,
        .open = campaign->open,
        .is_screening =
            !campaign->is_ended && !cap_lets_send(campaign) && campaign->state != CAMPAIGN_DRAFT,
        .complained = campaign->complained,
        .rungs = campaign->is_without_rungs ? NULL : campaign->rungs,
        .round = campaign->round,
        .rounds = campaign->rounds,
    };
    view_timers(campaign, view);
    control_view(campaign, view);
    memcpy(view->counts, campaign->counts, sizeof(view->counts));
    view->counts[DELIVERY_NONE] = 0;
    bool is_awaiting = campaign->open > 0; /* people, who have no rate */
    if (view->rate_per_s > 0 && campaign->state == CAMPAIGN_RUNNING && !is_awaiting) {
        view->time_left_ms = (uint64_t)(campaign_left(campaign) * 1000.0 / view->rate_per_s);
    }
    return true;
}

bool engine_is_at_rest(struct engine *engine, uint64_t id, uint64_t recno)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    return campaign != NULL && campaign->is_ended && campaign->end_is_noted &&
           campaign->draft == 0 && campaign->noted_recno <= recno;
}

uint64_t engine_rest(struct engine *engine, uint64_t id)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    return campaign == NULL ? 0 : campaign->noted_recno;
}

bool engine_has_pages(struct engine *engine, uint64_t id)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    return campaign != NULL && !campaign->is_closed;
}

/* Of two tracks something else may be shown than where they stand: then anything may be. */
unsigned engine_page_states(struct engine *engine, uint64_t id, uint32_t page)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    unsigned states = 0;
    if (campaign == NULL || page >= campaign->page_count || campaign->pages == NULL) {
        return 0;
    }
    if (campaign_has_pair(campaign)) {
        return (1U << DELIVERY_STATES) - 1;
    }
    if (campaign->pages[page].states == NULL) {
        enum delivery_state fresh =
            campaign_is_over(campaign)
                ? delivery_state_next(DELIVERY_WAITING, campaign_over_event(campaign))
                : DELIVERY_WAITING;
        return 1U << fresh | 1U << DELIVERY_NONE;
    }
    unsigned slots = campaign_page_slots(campaign, page);
    for (unsigned i = 0; i < slots; i++) {
        states |= 1U << campaign->pages[page].states[i].state;
    }
    return states;
}

uint64_t engine_next_campaign(struct engine *engine, uint64_t after)
{
    const struct campaign *next = engine_find_campaign(engine, after);
    next = next != NULL ? next->hh.next : engine->campaigns;
    while (next != NULL && next->def.id <= after) {
        next = next->hh.next;
    }
    return next == NULL ? 0 : next->def.id;
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
    if (!campaign_has_page(campaign, ordinal / PAGE_RECIPIENTS)) {
        return ERR_CLOSED;
    }
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    unsigned place = ordinal % PAGE_RECIPIENTS;
    *state = campaign_both_tracks(campaign, page, place);
    return state->state == DELIVERY_NONE ? ERR_NOT_FOUND : ERR_OK;
}

bool engine_track(struct engine *engine, uint64_t id, uint32_t ordinal, bool is_side,
                  struct recipient_state *state)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    struct recipient_state ignored;
    if (engine_recipient(engine, id, ordinal, &ignored) != ERR_OK ||
        (is_side && !campaign_has_pair(campaign))) {
        return false;
    }
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    *state = campaign_recipient(campaign, is_side ? campaign_other_page(campaign, page) : page,
                                ordinal % PAGE_RECIPIENTS);
    return state->state != DELIVERY_NONE;
}

static bool is_connected(const struct engine *engine, const struct roster_entry *entry)
{
    return entry->present && !engine_is_silent(engine, entry, 1);
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
        .connected = is_connected(engine, entry),
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

bool engine_unopened(const struct engine *engine, uint32_t provider, unsigned index,
                     struct unopened_view *view)
{
    for (unsigned i = 0; i < engine->roster.count; i++) {
        const struct roster_entry *entry = &engine->roster.entries[i];
        if (entry->unopened[provider] != NULL && is_connected(engine, entry) && index-- == 0) {
            *view = (struct unopened_view){entry->name, entry->unopened[provider]};
            return true;
        }
    }
    return false;
}

static unsigned count_unopened(const struct engine *engine, uint32_t provider)
{
    struct unopened_view ignored;
    unsigned count = 0;
    while (engine_unopened(engine, provider, count, &ignored)) {
        count++;
    }
    return count;
}

static void count_takers(const struct engine *engine, const struct provider *provider,
                         struct provider_view *view)
{
    enum channel_kind channel = provider->def.channel;
    for (unsigned i = 0; i < engine->roster.count; i++) {
        const struct roster_entry *entry = &engine->roster.entries[i];
        if (is_connected(engine, entry) && entry->unopened[provider->def.id] == NULL) {
            view->workers++;
            view->takers += entry->in_hand[channel] < entry->credit[channel];
        }
    }
}

static bool may_use(const struct campaign *campaign, const struct provider *provider)
{
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        const struct plan_step *step = &campaign->def.plan.steps[s];
        if (step->channel == provider->def.channel &&
            (step->providers >> provider->def.id & 1) != 0) {
            return true;
        }
    }
    return false;
}

static void count_campaigns(const struct engine *engine, const struct provider *provider,
                            struct provider_view *view)
{
    const struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (campaign_is_sending(campaign) && may_use(campaign, provider)) {
            view->campaigns++;
            view->limited_campaigns += campaign->def.rate_per_s > 0;
        }
    }
}

static void view_quiet(const struct engine *engine, const struct provider *provider,
                       struct provider_view *view)
{
    if (provider->quiet.from_ms != UINT64_MAX) {
        view->quiet = provider->quiet;
    }
    if (quiet_holds_provider(engine, provider)) {
        view->quiet_since_ms = provider->quiet.from_ms - engine->settings.quiet_margin_ms;
    }
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
            .rate_per_s = provider->quota.rate_per_s,
            .rate_now_per_s = quota_rate_now(&provider->quota),
            .sent_per_s = rate_meter_per_s(&provider->quota.sent, engine->now_ms),
            .paused_until_ms = provider->quota.paused_until_ms > engine->now_ms
                                   ? provider->quota.paused_until_ms
                                   : 0,
            .throttled_per_s =
                provider->quota.ceiling_per_s > 0 ? provider->quota.throttled_per_s : 0,
            .lowered_ms = provider->quota.lowered_ms,
            .throttled_reason = provider->throttled_reason,
            .breaker_until_ms =
                provider->quota.breaker == BREAKER_OPEN ? provider->quota.breaker_until_ms : 0,
            .concurrency = provider->concurrency,
            .day_quota = provider->day_quota,
            .under_way = under_way_count(&provider->under_way, engine->now_ms),
            .breaker = provider->quota.breaker,
            .breaker_reason = provider->quota.breaker_reason,
            .unopened = count_unopened(engine, i),
        };
        memcpy(view->outcomes, provider->outcomes, sizeof(view->outcomes));
        count_takers(engine, provider, view);
        count_campaigns(engine, provider, view);
        view_quiet(engine, provider, view);
        view->day_used = provider->day_used;
        view->day_until_ms = provider->day_until_ms;
        view->down_since_ms = provider->down_since_ms;
        view->part = provider->part;
        view->share = provider->points;
        view->latency_ms = health_latency_ms(&provider->health, engine->now_ms);
        for (unsigned c = 0; c < HEALTH_CLASSES; c++) {
            view->health[c] =
                health_share_of(&provider->health, (enum health_class)c, engine->now_ms);
        }
        return true;
    }
    return false;
}

uint32_t engine_quiet_margin_ms(const struct engine *engine)
{
    return engine->settings.quiet_margin_ms;
}

void engine_stats(const struct engine *engine, struct engine_stats *stats)
{
    *stats = engine->stats;
    stats->leases_open = engine->leases.count;
    const struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        stats->timers += campaign_timers(campaign);
    }
}

const struct delays *engine_delays(const struct engine *engine)
{
    return &engine->delays;
}

/* Since when somebody of the campaign has been due; UINT64_MAX: nobody is. */
static uint64_t due_since_ms(struct campaign *campaign)
{
    uint64_t since_ms =
        campaign->next_fresh < campaign->page_count ? campaign->sending_ms : UINT64_MAX;
    for (unsigned s = 0; s < campaign->def.plan.step_count; s++) {
        uint64_t due_ms = first_ms(campaign, &campaign->due[s]);
        if (due_ms != 0 && due_ms < since_ms) {
            since_ms = due_ms;
        }
    }
    return since_ms > campaign->sending_ms ? since_ms : campaign->sending_ms;
}

uint64_t engine_longest_due_ms(struct engine *engine, enum campaign_priority priority)
{
    uint64_t longest_ms = 0;
    struct campaign *campaign = NULL;
    DL_FOREACH(engine->live, campaign)
    {
        if (campaign->is_ended || campaign->def.priority != priority ||
            !campaign_is_sending(campaign)) {
            continue;
        }
        uint64_t since_ms = due_since_ms(campaign);
        if (since_ms < engine->now_ms && engine->now_ms - since_ms > longest_ms) {
            longest_ms = engine->now_ms - since_ms;
        }
    }
    return longest_ms;
}

/* ---- Digest ---- */

static void digest_campaign(const struct campaign *campaign, struct buf *buf)
{
    buf_u64(buf, campaign->def.id);
    buf_u8(buf, (uint8_t)campaign->state);
    buf_u64(buf, campaign->launched_ms);
    buf_u64(buf, campaign->ended_ms);
    buf_u8(buf, campaign->control.is_expired != 0);
    buf_u64(buf, campaign->control.not_after_ms);
    buf_u64(buf, campaign->control.superseded_by);
    if (!campaign->is_ended) {
        buf_append(buf, &campaign->control, sizeof(campaign->control));
    }
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        buf_u32(buf, campaign->counts[s]);
    }
    buf_u8(buf, !campaign->is_ended && campaign->is_screened);
    buf_u32(buf, campaign->complained);
    buf_u8(buf, (uint8_t)campaign->round);
    buf_append(buf, campaign->rounds, campaign->round * sizeof(campaign->rounds[0]));
    for (uint32_t page = 0; !campaign->is_ended && page < campaign->page_total; page++) {
        unsigned slots = campaign_page_slots(campaign, page);
        for (unsigned i = 0; i < slots; i++) {
            struct recipient_state state = campaign_recipient(campaign, page, i);
            buf_append(buf, &state, sizeof(state));
        }
        if (campaign->pages[page].rest.bars != NULL) {
            bars_encode(campaign->pages[page].rest.bars, buf);
        }
        rounds_encode(campaign->pages[page].rest.rounds, slots, buf);
        detours_encode(campaign->pages[page].rest.detours, slots, buf);
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
