/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While a round is prepared, the campaign has ended as before: the shell wakes all its pages, and
 * bars whoever has come onto the suppression list since. Then it begins. Of a small campaign all
 * are taken in at once; of a large one some pages in each run of the engine, for to look through
 * ten millions takes most of a second. Nobody can be leased before he is taken in, and an
 * acknowledgement is seen wherever it falls. After a crash the campaign has ended as before, or it
 * runs, and takes in those whom it has not yet.
 */
#include "coordinator/engine/round.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

#include "common/mem.h"
#include "common/text.h"
#include "coordinator/engine/detour.h"
#include "coordinator/engine/engine_state.h"

/* Looked through in one run of the engine: the rest has its turn in the next one. */
#define PAGES_PER_RUN 64

/* ---- Pages ---- */

void page_rest_release(struct page_rest *rest)
{
    bars_free(rest->bars);
    mem_free(rest->rounds);
    mem_free(rest->detours);
    *rest = (struct page_rest){0};
}

void page_rest_apply(struct page_rest *rest, const struct event *event)
{
    if (event->kind == DELIVERY_EVENT_BARRED) {
        bars_add_event(&rest->bars, event);
    } else if (event->kind == DELIVERY_EVENT_RETRIED) {
        rounds_take(&rest->rounds, event);
    }
    detours_take(&rest->detours, event);
}

unsigned round_of_event(const struct event *event)
{
    return event->worker < ENGINE_ROUNDS_MAX ? (unsigned)event->worker : 0;
}

void rounds_take(uint8_t **rounds, const struct event *event)
{
    if (*rounds == NULL) {
        *rounds = mem_zalloc(PAGE_RECIPIENTS, 1);
    }
    memset(*rounds + event->offset, (int)round_of_event(event), event->span);
}

static unsigned run_from(const uint8_t *rounds, unsigned slots, unsigned from)
{
    unsigned end = from;
    while (end < slots && rounds[end] == rounds[from]) {
        end++;
    }
    return end - from;
}

void rounds_encode(const uint8_t *rounds, unsigned slots, struct buf *buf)
{
    unsigned count = 0;
    for (unsigned i = 0; rounds != NULL && i < slots; i += run_from(rounds, slots, i)) {
        count++;
    }
    buf_varint(buf, count);
    for (unsigned i = 0; rounds != NULL && i < slots; i += run_from(rounds, slots, i)) {
        buf_varint(buf, run_from(rounds, slots, i));
        buf_u8(buf, rounds[i]);
    }
}

bool rounds_decode(uint8_t **rounds, unsigned slots, struct reader *reader)
{
    uint64_t count = reader_varint(reader);
    unsigned at = 0;
    if (count == 0 || reader->bad) {
        return !reader->bad;
    }
    *rounds = *rounds == NULL ? mem_zalloc(PAGE_RECIPIENTS, 1) : *rounds;
    for (uint64_t i = 0; i < count && !reader->bad; i++) {
        uint64_t span = reader_varint(reader);
        uint8_t round = reader_u8(reader);
        if (reader->bad || span == 0 || span > slots - at || round >= ENGINE_ROUNDS_MAX) {
            return false;
        }
        memset(*rounds + at, round, (size_t)span);
        at += (unsigned)span;
    }
    return !reader->bad && at == slots;
}

/* ---- Retry ---- */

static uint32_t count_in(const struct campaign *campaign, unsigned states)
{
    uint32_t count = 0;
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        count += (states >> s & 1) != 0 ? campaign->counts[s] : 0;
    }
    return count;
}

static void name_states(unsigned states, struct buf *words)
{
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        if ((states >> s & 1) != 0) {
            states &= ~(1u << s);
            buf_printf(words, "%s%s",
                       words->len == 0 ? ""
                       : states == 0   ? " or "
                                       : ", ",
                       delivery_state_name((enum delivery_state)s));
        }
    }
}

static enum err refuse_nobody(const struct campaign *campaign, unsigned states,
                              struct problem *problem)
{
    struct buf words = {0};
    name_states(states, &words);
    enum err err = problem_set(problem, ERR_CONFLICT,
                               "nobody of campaign c%llu is %s: there is nobody to retry",
                               (unsigned long long)campaign->def.id, buf_cstr(&words));
    buf_release(&words);
    return err;
}

static enum err check_state(const struct campaign *campaign, struct problem *problem)
{
    unsigned long long id = campaign->def.id;
    if (campaign->state == CAMPAIGN_CANCELLED) {
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu was cancelled and is not retried: make a new one", id);
    }
    if (campaign->state != CAMPAIGN_FINISHED || !campaign->is_ended) {
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu is %s and cannot be retried: only one that has finished "
                           "can",
                           id, campaign_state_name(campaign->state));
    }
    if (campaign->control.is_expired) {
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu ended by its not_after and is not retried, as its news "
                           "is old: make a new one",
                           id);
    }
    return ERR_OK;
}

static enum err check(const struct engine *engine, const struct campaign *campaign, unsigned states,
                      struct problem *problem)
{
    unsigned long long id = campaign->def.id;
    uint64_t limit_ms = control_not_after_ms(campaign, engine->now_ms);
    enum err err = check_state(campaign, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (limit_ms != 0 && limit_ms <= engine->now_ms) {
        char limit[TEXT_TIME_BYTES + 1];
        text_time_str(limit, limit_ms);
        return problem_set(problem, ERR_CONFLICT,
                           "the not_after of campaign c%llu, %s, has passed, and nobody would be "
                           "sent to: make a new one",
                           id, limit);
    }
    if (campaign->round + 1u >= ENGINE_ROUNDS_MAX) {
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu has had its %u rounds, which are as many as there can "
                           "be: make a new one",
                           id, (unsigned)ENGINE_ROUNDS_MAX);
    }
    if (engine->now_ms > campaign->def.created_ms + CONTROL_BEGIN_MAX_MS) {
        return problem_set(problem, ERR_CONFLICT,
                           "campaign c%llu was made more than %u days ago and is not retried: "
                           "make a new one",
                           id, (unsigned)CONTROL_BEGIN_MAX_DAYS);
    }
    return count_in(campaign, states) == 0 ? refuse_nobody(campaign, states, problem) : ERR_OK;
}

static enum err find(struct engine *engine, uint64_t id, uint64_t now_ms,
                     struct campaign **campaign, struct problem *problem)
{
    engine_advance(engine, now_ms);
    *campaign = engine_find_campaign(engine, id);
    return *campaign != NULL ? ERR_OK
                             : problem_set(problem, ERR_NOT_FOUND, "there is no campaign c%llu",
                                           (unsigned long long)id);
}

enum err engine_reopen(struct engine *engine, uint64_t id, unsigned states, uint64_t now_ms,
                       struct problem *problem)
{
    struct campaign *campaign = NULL;
    assert(states != 0 && (states & ~ENGINE_RETRY_STATES) == 0);
    enum err err = find(engine, id, now_ms, &campaign, problem);
    if (err == ERR_OK) {
        err = check(engine, campaign, states, problem);
    }
    if (err == ERR_OK && campaign->reopening != 0) {
        err = problem_set(problem, ERR_CONFLICT, "campaign c%llu is being retried already",
                          (unsigned long long)id);
    }
    if (err == ERR_OK) {
        campaign->reopening = states;
    }
    return err;
}

void engine_reopen_give_up(struct engine *engine, uint64_t id)
{
    struct campaign *campaign = engine_find_campaign(engine, id);
    if (campaign != NULL) {
        campaign->reopening = 0;
    }
}

bool engine_page_is_awake(struct engine *engine, uint64_t id, uint32_t page)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    return campaign != NULL && page < campaign->page_count && campaign_has_page(campaign, page);
}

/* Whom it has taken in may have failed in it since. */
static bool is_meant(const struct campaign *campaign, uint32_t page, unsigned place)
{
    unsigned state = campaign_both_tracks(campaign, page, place).state;
    return (campaign->round_states >> state & 1) != 0 &&
           campaign_round(campaign, page, place) != campaign->round;
}

static void retry_page(struct engine *engine, struct campaign *campaign, uint32_t page)
{
    unsigned slots = campaign_page_slots(campaign, page);
    for (unsigned i = 0; i < slots;) {
        unsigned end = i;
        while (end < slots && is_meant(campaign, page, end)) {
            end++;
        }
        if (end > i) {
            const struct event event = {
                .kind = DELIVERY_EVENT_RETRIED,
                .step = (uint8_t)campaign->first_step,
                .offset = (uint16_t)i,
                .span = (uint16_t)(end - i),
                .worker = campaign->round,
                .at_ms = engine->now_ms,
                .due_ms = engine->now_ms,
            };
            engine_decide(engine, campaign, page, &event);
        }
        i = end > i ? end : i + 1;
    }
}

/* Returns how many pages were looked through. */
static unsigned take_in(struct engine *engine, struct campaign *campaign, unsigned most)
{
    unsigned pages = 0;
    while (pages < most && campaign->round_page < campaign->page_count) {
        retry_page(engine, campaign, campaign->round_page++);
        pages++;
    }
    if (campaign->round_page == campaign->page_count && campaign->is_taking_in) {
        engine_decide_own(engine, campaign, CAMPAIGN_EVENT_ROUND_WHOLE);
    }
    return pages;
}

static unsigned pages_per_run(const struct engine *engine)
{
    return engine->settings.round_pages == 0 ? PAGES_PER_RUN : engine->settings.round_pages;
}

bool round_run(struct engine *engine)
{
    struct campaign *campaign = NULL;
    struct campaign *next = NULL;
    unsigned left = pages_per_run(engine);
    DL_FOREACH_SAFE(engine->live, campaign, next)
    {
        if (campaign->is_taking_in && campaign_is_over(campaign)) {
            campaign->is_taking_in = false; /* who is not taken in stays as he is */
        }
        if (campaign->is_taking_in && left > 0) {
            left -= take_in(engine, campaign, left);
            engine_settle(engine, campaign);
        }
    }
    return left == 0;
}

/* Closing counts of former versions do not have them by step. */
static void recount(struct campaign *campaign)
{
    memset(campaign->counts, 0, sizeof(campaign->counts));
    memset(campaign->rungs, 0, sizeof(campaign->rungs));
    campaign->is_without_rungs = false;
    campaign->open = 0;
    campaign->complained = 0;
    campaign->tried = 0;
    for (uint32_t page = 0; page < campaign->page_count; page++) {
        const struct recipient_state *states = campaign_states(campaign, page);
        struct fold fold = campaign_fold_page(campaign, page);
        fold_count(&fold, states, campaign_page_slots(campaign, page), 1);
    }
}

static void begin(struct engine *engine, struct campaign *campaign, unsigned states)
{
    bool has_failed = (states >> DELIVERY_FAILED & 1) != 0;
    if (campaign->is_without_rungs) {
        recount(campaign);
    }
    uint64_t failed_before = has_failed ? 0 : campaign->counts[DELIVERY_FAILED];
    const struct event event = {
        .kind = CAMPAIGN_EVENT_ROUND,
        .provider = campaign->page_count > pages_per_run(engine),
        .step = (uint8_t)(campaign->round + 1),
        .reason = (uint16_t)states,
        .lease = (uint64_t)count_in(campaign, states) << 32 | campaign->tried,
        .worker = (uint64_t)campaign->complained << 32 | failed_before,
        .due_ms = control_not_after_ms(campaign, engine->now_ms),
    };
    campaign->is_ended = false;
    campaign->end_is_noted = false;
    campaign->end_is_void = true;
    campaign->is_closed = false;
    engine_join_class(engine, campaign);
    engine_decide_event(engine, campaign, event);
    cap_on_launched(engine, campaign);
    cap_on_round(engine, campaign);
}

enum err engine_retry(struct engine *engine, uint64_t id, uint64_t now_ms, struct problem *problem)
{
    struct campaign *campaign = NULL;
    enum err err = find(engine, id, now_ms, &campaign, problem);
    if (err != ERR_OK) {
        return err;
    }
    unsigned states = campaign->reopening;
    assert(states != 0);
    campaign->reopening = 0;
    err = check(engine, campaign, states, problem); /* they may all have acknowledged meanwhile */
    if (err != ERR_OK) {
        return err;
    }
    for (uint32_t page = 0; page < campaign->page_count; page++) {
        assert(campaign_has_page(campaign, page));
    }
    begin(engine, campaign, states);
    (void)take_in(engine, campaign, pages_per_run(engine));
    engine_settle(engine, campaign);
    return ERR_OK;
}

unsigned engine_recipient_round(struct engine *engine, uint64_t id, uint32_t ordinal)
{
    const struct campaign *campaign = engine_find_campaign(engine, id);
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    return campaign == NULL || page >= campaign->page_count
               ? 0
               : campaign_round(campaign, page, ordinal % PAGE_RECIPIENTS);
}
