/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/delivery_page.h"

#include <string.h>

#include "coordinator/engine/fold.h"
#include "coordinator/engine/pair.h"

/* ---- the campaign ---- */

struct moment_reading {
    struct delivery_moment *moment;
    struct event_list events;
    enum err err;
};

static void be_over(struct delivery_moment *moment, enum delivery_event over, uint64_t at_ms)
{
    if (moment->over == DELIVERY_EVENTS) { /* who expired before the cancellation stays so */
        moment->over = over;
        moment->over_ms = at_ms;
    }
}

static void live_on(struct delivery_moment *moment, const struct event *event)
{
    switch ((enum campaign_event)event->kind) {
    case CAMPAIGN_EVENT_LAUNCHED:
    case CAMPAIGN_EVENT_RESUMED:
    case CAMPAIGN_EVENT_ROUND:
        moment->state = CAMPAIGN_RUNNING;
        return;
    case CAMPAIGN_EVENT_PAUSED:
    case CAMPAIGN_EVENT_STOPPED:
        moment->state = CAMPAIGN_PAUSED;
        return;
    case CAMPAIGN_EVENT_CANCELLED:
    case CAMPAIGN_EVENT_SUPERSEDED:
        moment->state = CAMPAIGN_CANCELLED;
        be_over(moment, DELIVERY_EVENT_CANCELLED, event->at_ms);
        return;
    case CAMPAIGN_EVENT_EXPIRED:
        be_over(moment, DELIVERY_EVENT_EXPIRED, event->at_ms);
        return;
    case CAMPAIGN_EVENT_FINISHED:
        moment->state = CAMPAIGN_FINISHED;
        return;
    case CAMPAIGN_EVENT_SCHEDULED:
        moment->state = CAMPAIGN_SCHEDULED;
        return;
    case CAMPAIGN_EVENT_OVERRIDDEN:
    case CAMPAIGN_EVENT_SCREENED:
    case CAMPAIGN_EVENT_CHANGED:
    case CAMPAIGN_EVENT_ROUND_WHOLE:
    case CAMPAIGN_EVENTS:
        return;
    }
}

static bool take_life(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct moment_reading *reading = arg;
    (void)page;
    if (recno > reading->moment->recno) {
        return false;
    }
    reading->err = event_block_decode(bytes, &reading->events);
    for (unsigned i = 0; reading->err == ERR_OK && i < reading->events.count; i++) {
        live_on(reading->moment, &reading->events.events[i]);
    }
    return reading->err == ERR_OK;
}

enum err delivery_moment_read(struct delivery_moment *moment, struct ledger *ledger,
                              uint64_t campaign, uint64_t recno)
{
    struct moment_reading reading = {.moment = moment};
    *moment =
        (struct delivery_moment){.recno = recno, .state = CAMPAIGN_DRAFT, .over = DELIVERY_EVENTS};
    event_list_init(&reading.events);
    enum err err =
        ledger_each_block_of_page(ledger, campaign, RECORD_PAGE_CAMPAIGN, take_life, &reading);
    event_list_release(&reading.events);
    return err == ERR_OK ? reading.err : err;
}

/* ---- a page ---- */

struct page_reading {
    struct delivery_page *page;
    const struct plan *plan;
    const struct delivery_moment *moment;
    struct fold fold; /* of the ladder */
    struct fold side_fold;
    bool has_pair;
    enum err err;
};

void delivery_page_release(struct delivery_page *page)
{
    event_list_release(&page->events);
}

static void fill_first(uint64_t *times, const struct event *event)
{
    for (unsigned i = event->offset; i < event->offset + (unsigned)event->span; i++) {
        times[i] = times[i] == 0 ? event->at_ms : times[i];
    }
}

static void fill_reason(uint16_t *reasons, const struct event *event, uint16_t reason)
{
    for (unsigned i = event->offset; i < event->offset + (unsigned)event->span; i++) {
        reasons[i] = reason;
    }
}

/* The event fits the page. */
static void note(struct delivery_page *page, const struct event *event, unsigned track)
{
    enum delivery_event kind = (enum delivery_event)event->kind;
    for (unsigned i = event->offset; i < event->offset + (unsigned)event->span; i++) {
        page->last_ms[i] = event->at_ms;
    }
    if (kind == DELIVERY_EVENT_ACCEPTED) {
        fill_first(page->accepted_ms, event);
    } else if (kind == DELIVERY_EVENT_DELIVERED || kind == DELIVERY_EVENT_CONFIRMED) {
        fill_first(page->delivered_ms, event);
    } else if (kind == DELIVERY_EVENT_ACKNOWLEDGED) {
        fill_first(page->acknowledged_ms, event);
    }
    if (kind == DELIVERY_EVENT_LEASED) {
        memset(&page->provider[track][event->offset], event->provider, event->span);
    }
    if (!delivery_event_is_remark(kind)) {
        fill_reason(page->reason[track], event, event->reason);
    }
}

static bool take_event(struct page_reading *reading, const struct event *event)
{
    struct delivery_page *page = reading->page;
    bool is_side = reading->has_pair && event->step < reading->plan->step_count &&
                   plan_is_beside(reading->plan, event->step);
    bool fits = is_side ? fold_event(&reading->side_fold, page->side, page->count, event)
                        : fold_event(&reading->fold, page->states, page->count, event);
    if (fits) {
        note(page, event, is_side);
    }
    return fits;
}

static bool take_block(void *arg, uint32_t number, uint64_t recno, struct slice bytes)
{
    struct page_reading *reading = arg;
    struct event_list *events = &reading->page->events;
    (void)number;
    if (recno > reading->moment->recno) {
        return false;
    }
    reading->err = event_block_decode(bytes, events);
    for (unsigned i = 0; reading->err == ERR_OK && i < events->count; i++) {
        reading->err = take_event(reading, &events->events[i]) ? ERR_OK : ERR_CORRUPT;
    }
    return reading->err == ERR_OK;
}

static void begin(struct page_reading *reading, const struct bitmap *holes)
{
    struct delivery_page *page = reading->page;
    size_t times = page->count * sizeof(uint64_t);
    fold_begin(&reading->fold, page->states, page->count, holes);
    if (reading->has_pair) {
        fold_begin(&reading->side_fold, page->side, page->count, holes);
    }
    memset(page->last_ms, 0, times);
    memset(page->accepted_ms, 0, times);
    memset(page->delivered_ms, 0, times);
    memset(page->acknowledged_ms, 0, times);
    memset(page->provider, DELIVERY_NO_PROVIDER, sizeof(page->provider));
    memset(page->reason, 0, sizeof(page->reason));
}

static void sweep_track(struct page_reading *reading, const struct fold *fold,
                        struct recipient_state *states, unsigned track)
{
    enum delivery_event over = reading->moment->over;
    uint8_t before[PAGE_RECIPIENTS];
    for (unsigned i = 0; i < reading->page->count; i++) {
        before[i] = states[i].state;
    }
    fold_sweep(fold, states, reading->page->count, over);
    for (unsigned i = 0; i < reading->page->count; i++) {
        bool is_ended =
            states[i].state == DELIVERY_CANCELLED || states[i].state == DELIVERY_EXPIRED;
        if (is_ended && states[i].state != before[i]) {
            reading->page->reason[track][i] =
                over == DELIVERY_EVENT_CANCELLED ? REASON_CAMPAIGN_CANCELLED : REASON_NOT_AFTER;
        }
    }
}

/* Of whoever waits when it is over, no event says so: the campaign's does. */
static void sweep(struct page_reading *reading)
{
    struct delivery_page *page = reading->page;
    for (unsigned i = 0; i < page->count; i++) {
        if (track_is_under_way(&page->states[i]) && page->states[i].state != DELIVERY_LEASED &&
            page->last_ms[i] < reading->moment->over_ms) {
            page->last_ms[i] = reading->moment->over_ms;
        }
    }
    sweep_track(reading, &reading->fold, page->states, 0);
    if (reading->has_pair) {
        sweep_track(reading, &reading->side_fold, page->side, 1);
    }
}

static void join_tracks(struct page_reading *reading)
{
    struct delivery_page *page = reading->page;
    for (unsigned i = 0; i < page->count; i++) {
        page->states[i] = pair_state(reading->plan, &page->states[i], &page->side[i]);
    }
}

enum err delivery_page_read(struct delivery_page *page, struct ledger *ledger,
                            const struct campaign_def *def, const struct delivery_moment *moment,
                            uint32_t number)
{
    struct bitmap holes;
    if ((uint64_t)number * PAGE_RECIPIENTS >= def->slots) {
        return ERR_NOT_FOUND;
    }
    uint32_t left = def->slots - number * PAGE_RECIPIENTS;
    page->count = left < PAGE_RECIPIENTS ? left : PAGE_RECIPIENTS;
    struct page_reading reading = {.page = page,
                                   .plan = &def->plan,
                                   .moment = moment,
                                   .fold = {.plan = &def->plan, .base_ms = def->created_ms},
                                   .has_pair = plan_has_pair(&def->plan)};
    reading.side_fold = reading.fold;
    reading.side_fold.is_side = true;
    enum err err = ledger_holes(ledger, def->audience, number, &holes);
    if (err != ERR_OK) {
        return err;
    }
    begin(&reading, &holes);
    err = ledger_each_block_of_page(ledger, def->id, number, take_block, &reading);
    if (err != ERR_OK || reading.err != ERR_OK) {
        return err == ERR_OK ? reading.err : err;
    }
    if (moment->over != DELIVERY_EVENTS) {
        sweep(&reading);
    }
    if (reading.has_pair) {
        join_tracks(&reading);
    }
    return ERR_OK;
}

unsigned delivery_attempts(const struct recipient_state *state)
{
    bool is_settled = state->state == DELIVERY_ACCEPTED || state->state == DELIVERY_DELIVERED ||
                      state->state == DELIVERY_ACKNOWLEDGED || state->state == DELIVERY_FAILED ||
                      state->state == DELIVERY_UNCERTAIN;
    return state->attempt + state->repeats + (is_settled && state->tried ? 1u : 0u);
}
