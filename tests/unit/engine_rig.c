/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engine_rig.h"

#include <stdio.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

#define RIG_BATCHES 4096

static void end_key(struct buf *key, uint64_t campaign)
{
    buf_be64(key, campaign);
}

static struct engine *engine_of(const struct rig *rig, const struct engine_settings *settings)
{
    struct engine *engine = engine_new(settings);
    engine_set_end_key(engine, end_key);
    engine_set_quiet_source(engine, &rig->quiet);
    for (unsigned i = 0; i < rig->provider_count; i++) {
        engine_add_provider(engine, &rig->providers[i]);
    }
    return engine;
}

void rig_init_with(struct rig *rig, const struct engine_settings *settings)
{
    memset(rig, 0, sizeof(*rig));
    rig->settings = *settings;
    rig->now_ms = RIG_NOW_MS;
    rig->batches = mem_alloc(RIG_BATCHES * sizeof(*rig->batches));
    rig->engine = engine_of(rig, settings);
}

void rig_init(struct rig *rig)
{
    rig_init_with(rig, &(struct engine_settings){.epoch = 1,
                                                 .seed = 1,
                                                 .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                 .lease_ms = RIG_LEASE_MS});
    rig_add_provider(rig, 0, 0);
}

void rig_release(struct rig *rig)
{
    engine_free(rig->engine);
    for (unsigned i = 0; i < rig->record_count; i++) {
        record_free(rig->records[i]);
    }
    mem_free(rig->batches);
}

void rig_add_provider(struct rig *rig, uint8_t id, double rate_per_s)
{
    struct provider_def *def = &rig->providers[rig->provider_count++];
    *def = (struct provider_def){.id = id,
                                 .channel = CHANNEL_SMS,
                                 .rate_per_s = rate_per_s,
                                 .weight = 1,
                                 .breaker_ms = 30000};
    snprintf(def->name, sizeof(def->name), "p%u", id);
    engine_add_provider(rig->engine, def);
}

struct campaign_def rig_def(const struct rig *rig, uint64_t id, uint32_t slots)
{
    struct campaign_def def = {.id = id,
                               .name = "test",
                               .audience = id + 100,
                               .created_ms = rig->now_ms,
                               .slots = slots,
                               .recipients = slots,
                               .priority = PRIORITY_NORMAL,
                               .weight = 1,
                               .plan = {.step_count = 1}};
    plan_step_defaults(&def.plan.steps[0], CHANNEL_SMS);
    return def;
}

void rig_add(struct rig *rig, const struct campaign_def *def)
{
    assert_true(rig->campaign_count < RIG_CAMPAIGNS);
    rig->campaigns[rig->campaign_count++] = *def;
    assert_int_equal(engine_add_campaign(rig->engine, def), ERR_OK);
}

void rig_add_holes(struct rig *rig, uint64_t campaign, uint32_t page, const struct bitmap *holes)
{
    assert_true(rig->hole_count < RIG_HOLES);
    rig->holes[rig->hole_count++] = (struct rig_holes){campaign, page, *holes};
    engine_add_holes(rig->engine, campaign, page, holes);
}

void rig_launch(struct rig *rig, uint64_t id, uint32_t slots)
{
    struct campaign_def def = rig_def(rig, id, slots);
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, id, rig->now_ms, NULL), ERR_OK);
}

void rig_set_quiet(struct rig *rig, const struct quiet_source *source)
{
    rig->quiet = *source;
    engine_set_quiet_source(rig->engine, source);
}

void rig_join(struct rig *rig, uint32_t worker, uint64_t instance, uint32_t credit)
{
    char name[16];
    uint32_t limit[CHANNEL_KINDS];
    snprintf(name, sizeof(name), "w%u", worker);
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        limit[kind] = credit;
    }
    engine_worker_hello(rig->engine, worker, name, instance, rig->now_ms);
    engine_worker_credit(rig->engine, worker, limit, rig->now_ms);
}

/* ---- Time and effects ---- */

static void fill_batch(struct rig *rig, const struct engine_effect *effect)
{
    struct rig_batch *batch = &rig->batches[rig->batch_count];
    uint64_t audience = 0;
    memset(batch, 0, sizeof(*batch));
    if (!engine_lease_batch(rig->engine, effect->lease, rig->now_ms, &batch->wire, &audience)) {
        engine_lease_unsent(rig->engine, effect->lease, rig->now_ms);
        return;
    }
    assert_true(rig->batch_count < RIG_BATCHES - 1);
    assert_int_equal(batch->wire.count, bitmap_count(&batch->wire.places));
    struct campaign_view view;
    assert_true(engine_campaign(rig->engine, batch->wire.campaign, &view));
    assert_int_equal(audience, view.def->audience);
    if (batch->wire.attempts != NULL) {
        memcpy(batch->attempts, batch->wire.attempts, batch->wire.count);
    }
    if (batch->wire.endpoints != NULL) {
        memcpy(batch->endpoints, batch->wire.endpoints, batch->wire.count);
    }
    batch->wire.attempts = NULL;
    batch->wire.endpoints = NULL;
    batch->worker = effect->worker;
    rig->batch_count++;
}

static void take_effects(struct rig *rig)
{
    struct engine_effect effect;
    while (engine_next_effect(rig->engine, &effect)) {
        assert_true(rig->effect_count < RIG_EFFECTS);
        rig->effects[rig->effect_count++] = effect;
        if (effect.kind == ENGINE_BATCH) {
            fill_batch(rig, &effect);
        }
    }
}

void rig_effects(struct rig *rig)
{
    rig->batch_count = 0;
    rig->effect_count = 0;
    take_effects(rig);
}

void rig_run(struct rig *rig, uint64_t pass_ms)
{
    rig->now_ms += pass_ms;
    rig->batch_count = 0;
    rig->effect_count = 0;
    for (unsigned i = 0; engine_run(rig->engine, rig->now_ms) == 0; i++) {
        assert_true(i < 1000);
        take_effects(rig);
    }
    take_effects(rig);
}

unsigned rig_leased(const struct rig *rig)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rig->batch_count; i++) {
        count += rig->batches[i].wire.count;
    }
    return count;
}

unsigned rig_count_effects(const struct rig *rig, enum engine_effect_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rig->effect_count; i++) {
        count += rig->effects[i].kind == kind;
    }
    return count;
}

void rig_init_leased(struct rig *rig, uint32_t slots)
{
    rig_init(rig);
    rig_launch(rig, 1, slots);
    rig_join(rig, 1, 11, 65536);
    rig_run(rig, 1);
    assert_int_equal(rig_leased(rig), slots);
}

/* ---- What workers say ---- */

void rig_say_of_lease(struct rig *rig, uint32_t worker, uint64_t lease, uint64_t campaign,
                      uint32_t page, unsigned offset, unsigned span, const struct rig_fate *fate)
{
    struct outcome_run run = {.offset = (uint16_t)offset,
                              .span = (uint16_t)span,
                              .outcome = (uint8_t)fate->outcome,
                              .reason = fate->reason,
                              .retry_after_ms = fate->retry_after_ms,
                              .at_ms = rig->now_ms,
                              .ref = slice_str(fate->ref)};
    struct wire_outcome_group group = {
        .lease = lease, .campaign = campaign, .page = page, .run_count = 1, .runs = &run};
    struct wire_outcomes outcomes = {.epoch = rig->settings.epoch,
                                     .instance = worker,
                                     .seq = ++rig->seq,
                                     .group_count = 1,
                                     .groups = &group};
    engine_outcomes(rig->engine, worker, &outcomes, rig->now_ms);
}

void rig_say(struct rig *rig, const struct rig_batch *batch, unsigned offset, unsigned span,
             const struct rig_fate *fate)
{
    rig_say_of_lease(rig, batch->worker, batch->wire.lease, batch->wire.campaign, batch->wire.page,
                     offset, span, fate);
}

void rig_accept_all(struct rig *rig)
{
    for (unsigned i = 0; i < rig->batch_count; i++) {
        rig_say(rig, &rig->batches[i], 0, PAGE_RECIPIENTS,
                &(struct rig_fate){.outcome = OUTCOME_ACCEPTED, .reason = 200});
    }
}

/* ---- Questions ---- */

struct recipient_state rig_state(struct rig *rig, uint64_t campaign, uint32_t ordinal)
{
    struct recipient_state state = {0};
    assert_int_equal(engine_recipient(rig->engine, campaign, ordinal, &state), ERR_OK);
    return state;
}

struct campaign_view rig_view(struct rig *rig, uint64_t campaign)
{
    struct campaign_view view;
    assert_true(engine_campaign(rig->engine, campaign, &view));
    return view;
}

uint32_t rig_count(struct rig *rig, uint64_t campaign, enum delivery_state state)
{
    return rig_view(rig, campaign).counts[state];
}

enum campaign_state rig_campaign_state(struct rig *rig, uint64_t campaign)
{
    return rig_view(rig, campaign).state;
}

struct provider_view rig_provider(struct rig *rig, unsigned index)
{
    struct provider_view view;
    assert_true(engine_provider(rig->engine, index, &view));
    return view;
}

/* ---- The journal ---- */

void rig_close(struct rig *rig)
{
    assert_true(rig->record_count < RIG_RECORDS);
    struct record *record = record_new(0, rig->settings.epoch, rig->record_count + 1);
    engine_close_turn(rig->engine, record);
    assert_false(engine_has_events(rig->engine));
    if (record_is_empty(record)) {
        record_free(record);
    } else {
        rig->records[rig->record_count++] = record;
    }
}

typedef void (*see_event_fn)(void *arg, const struct event *event);

static void see_block(struct slice block, enum delivery_event kind, see_event_fn see, void *arg)
{
    struct event_list list;
    event_list_init(&list);
    assert_int_equal(event_block_decode(block, &list), ERR_OK);
    for (unsigned e = 0; e < list.count; e++) {
        if (list.events[e].kind == kind) {
            see(arg, &list.events[e]);
        }
    }
    event_list_release(&list);
}

static void see_events(const struct rig *rig, uint64_t campaign, enum delivery_event kind,
                       see_event_fn see, void *arg)
{
    for (unsigned i = 0; i < rig->record_count; i++) {
        const struct record *record = rig->records[i];
        for (size_t j = 0; j < record->entry_count; j++) {
            const struct record_entry *entry = &record->entries[j];
            if (entry->kind == RECORD_BLOCK && entry->campaign == campaign &&
                entry->page != RECORD_PAGE_CAMPAIGN) {
                see_block(record_value(record, entry), kind, see, arg);
            }
        }
    }
}

static void keep_event(void *arg, const struct event *event)
{
    struct event *kept = arg;
    *kept = *event;
    kept->ref = slice_of(NULL, event->ref.len);
}

bool rig_last_event(const struct rig *rig, uint64_t campaign, enum delivery_event kind,
                    struct event *event)
{
    *event = (struct event){.span = 0};
    see_events(rig, campaign, kind, keep_event, event);
    return event->span > 0;
}

static void count_event(void *arg, const struct event *event)
{
    unsigned *count = arg;
    *count += event->span;
}

unsigned rig_count_events(const struct rig *rig, uint64_t campaign, enum delivery_event kind)
{
    unsigned count = 0;
    see_events(rig, campaign, kind, count_event, &count);
    return count;
}

/* ---- Restart ---- */

/* The last word on them counts. */
static bool replay_end(const struct rig *rig, struct engine *engine, uint64_t campaign)
{
    struct buf key = {0};
    struct campaign_end end;
    bool is_there = false;
    end_key(&key, campaign);
    for (unsigned i = 0; i < rig->record_count; i++) {
        const struct record *record = rig->records[i];
        for (size_t j = 0; j < record->entry_count; j++) {
            const struct record_entry *entry = &record->entries[j];
            if ((entry->kind != RECORD_PUT && entry->kind != RECORD_REMOVE) ||
                !slice_equal(record_key(record, entry), buf_view(&key))) {
                continue;
            }
            is_there = entry->kind == RECORD_PUT;
            if (is_there) {
                assert_int_equal(campaign_end_decode(record_value(record, entry), &end), ERR_OK);
            }
        }
    }
    buf_release(&key);
    if (is_there) {
        engine_replay_end(engine, campaign, &end);
    }
    return is_there;
}

/* The newest snapshot of the page; returns which records it covers. */
static unsigned replay_snapshot(const struct rig *rig, struct engine *engine, uint64_t campaign,
                                uint32_t page)
{
    for (unsigned i = rig->record_count; i-- > 0;) {
        const struct record *record = rig->records[i];
        for (size_t j = 0; j < record->entry_count; j++) {
            const struct record_entry *entry = &record->entries[j];
            if (entry->kind == RECORD_SNAPSHOT && entry->campaign == campaign &&
                entry->page == page) {
                assert_int_equal(
                    engine_replay_snapshot(engine, campaign, page, record_value(record, entry)),
                    ERR_OK);
                return i + 1;
            }
        }
    }
    return 0;
}

static void replay_blocks(const struct rig *rig, struct engine *engine, uint64_t campaign,
                          uint32_t page, unsigned from)
{
    for (unsigned i = from; i < rig->record_count; i++) {
        const struct record *record = rig->records[i];
        for (size_t j = 0; j < record->entry_count; j++) {
            const struct record_entry *entry = &record->entries[j];
            if (entry->kind == RECORD_BLOCK && entry->campaign == campaign && entry->page == page) {
                assert_int_equal(
                    engine_replay_block(engine, campaign, page, record_value(record, entry)),
                    ERR_OK);
            }
        }
    }
}

static void replay_journal(const struct rig *rig, struct engine *engine,
                           const struct campaign_def *def)
{
    uint32_t pages = (def->slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    unsigned *covered = mem_zalloc(pages + 1, sizeof(*covered));
    for (uint32_t page = 0; page < pages; page++) {
        covered[page] = replay_snapshot(rig, engine, def->id, page);
    }
    for (uint32_t page = 0; page < pages; page++) {
        replay_blocks(rig, engine, def->id, page, covered[page]);
    }
    replay_blocks(rig, engine, def->id, RECORD_PAGE_CAMPAIGN, 0);
    mem_free(covered);
}

static struct engine *begin_replay(const struct rig *rig)
{
    struct engine_settings settings = rig->settings;
    settings.epoch++;
    struct engine *engine = engine_of(rig, &settings);
    for (unsigned i = 0; i < rig->campaign_count; i++) {
        assert_int_equal(engine_add_campaign(engine, &rig->campaigns[i]), ERR_OK);
    }
    for (unsigned i = 0; i < rig->hole_count; i++) {
        engine_add_holes(engine, rig->holes[i].campaign, rig->holes[i].page, &rig->holes[i].holes);
    }
    return engine;
}

struct engine *rig_replay(const struct rig *rig)
{
    struct engine *engine = begin_replay(rig);
    for (unsigned i = 0; i < rig->campaign_count; i++) {
        if (!replay_end(rig, engine, rig->campaigns[i].id)) {
            replay_journal(rig, engine, &rig->campaigns[i]);
        }
    }
    engine_recovered(engine, rig->now_ms);
    return engine;
}

static const struct campaign_def *def_of(const struct rig *rig, uint64_t campaign)
{
    unsigned i = 0;
    while (rig->campaigns[i].id != campaign) {
        assert_true(++i < rig->campaign_count);
    }
    return &rig->campaigns[i];
}

/* As a report folds it from the journal. */
static void wake_page(struct rig *rig, struct engine *journal, const struct campaign_def *def,
                      uint32_t page)
{
    struct recipient_state states[PAGE_RECIPIENTS] = {{0}};
    struct recipient_state side[PAGE_RECIPIENTS] = {{0}};
    struct page_rest rest = {0};
    uint32_t first = page * PAGE_RECIPIENTS;
    unsigned count = def->slots - first < PAGE_RECIPIENTS ? def->slots - first : PAGE_RECIPIENTS;
    for (unsigned i = 0; i < count; i++) {
        struct bar bar;
        struct event retried = {.offset = (uint16_t)i, .span = 1};
        enum err err = engine_recipient(journal, def->id, first + i, &states[i]);
        assert_true(err == ERR_OK || states[i].state == DELIVERY_NONE); /* a hole */
        (void)engine_track(journal, def->id, first + i, false, &states[i]);
        (void)engine_track(journal, def->id, first + i, true, &side[i]);
        for (unsigned b = 0; engine_bar(journal, def->id, first + i, b, &bar); b++) {
            bars_add(&rest.bars, &bar);
        }
        retried.worker = engine_recipient_round(journal, def->id, first + i);
        if (retried.worker != 0) {
            rounds_take(&rest.rounds, &retried);
        }
    }
    engine_wake_page(rig->engine, def->id, page, states, plan_has_pair(&def->plan) ? side : NULL,
                     count, &rest, rig->now_ms);
}

void rig_wake(struct rig *rig, uint64_t campaign)
{
    rig_close(rig);
    const struct campaign_def *def = def_of(rig, campaign);
    struct engine *journal = begin_replay(rig);
    replay_journal(rig, journal, def);
    engine_recovered(journal, rig->now_ms);
    for (uint32_t page = 0; page * PAGE_RECIPIENTS < def->slots; page++) {
        if (!engine_page_is_awake(rig->engine, campaign, page)) {
            wake_page(rig, journal, def, page);
        }
    }
    engine_free(journal);
}

enum err rig_retry(struct rig *rig, uint64_t campaign, unsigned states, struct problem *problem)
{
    rig_close(rig);
    enum err err = engine_reopen(rig->engine, campaign, states, rig->now_ms, problem);
    if (err == ERR_OK) {
        rig_wake(rig, campaign);
        err = engine_retry(rig->engine, campaign, rig->now_ms, problem);
    }
    return err;
}

static void check_sums(struct engine *engine, const struct campaign_def *def)
{
    struct campaign_view view;
    uint32_t recount[DELIVERY_STATES] = {0};
    uint32_t sum = 0;
    struct recipient_state state;
    assert_true(engine_campaign(engine, def->id, &view));
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        sum += view.counts[s];
    }
    assert_int_equal(sum, def->recipients);
    for (uint32_t i = 0; i < def->slots; i++) {
        enum err err = engine_recipient(engine, def->id, i, &state);
        if (err == ERR_CLOSED) {
            return;
        }
        recount[err == ERR_OK ? state.state : DELIVERY_NONE]++;
    }
    recount[DELIVERY_NONE] = 0;
    assert_memory_equal(recount, view.counts, sizeof(recount));
}

void rig_check(struct rig *rig)
{
    uint8_t live[HASH_DIGEST_BYTES];
    uint8_t replayed[HASH_DIGEST_BYTES];
    rig_close(rig);
    struct engine *engine = rig_replay(rig);
    for (unsigned i = 0; i < rig->campaign_count; i++) {
        check_sums(rig->engine, &rig->campaigns[i]);
        check_sums(engine, &rig->campaigns[i]);
    }
    assert_false(engine_has_events(engine));
    engine_digest(rig->engine, live);
    engine_digest(engine, replayed);
    engine_free(engine);
    assert_memory_equal(live, replayed, sizeof(live));
}

void rig_restart(struct rig *rig)
{
    struct engine *engine = rig_replay(rig);
    engine_free(rig->engine);
    rig->engine = engine;
    rig->settings.epoch++;
}
