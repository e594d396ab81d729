/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting attempts: the one loop of the worker that runs once a recipient, and therefore does
 * nothing that could be done once a page: no allocation, no look into a table, no clock. A page is
 * opened once for its batch and walked in order.
 *
 * Lanes take turns; within a lane one batch is walked after the other, at the pace that the
 * coordinator set for it. A channel that answers at once reports from within start, so that the
 * number under way is looked at before every attempt and never cached.
 */
#include "common/log.h"
#include "common/mem.h"
#include "worker/delivery_core.h"

/* Recipients of one lane in a row before the next lane has its turn; if its requests take many,
 * about as many in requests that are full. */
#define START_LANE_TURN 1024

struct walk {
    struct delivery *delivery;
    struct lane *lane;
    struct batch *batch;
    const struct render *render;
    const struct render_body *body; /* of the recipient at the cursor */
    uint64_t now_ms;
    uint32_t concurrency;
    uint32_t allowed;    /* to start, by the throttle and the turn */
    uint32_t passed_max; /* by the turn */
    uint32_t passed;     /* recipients started or rejected */
    uint32_t started;
};

static bool attempt_variable(const struct attempt *attempt, struct slice name, struct slice *value)
{
    return render_value(attempt->variable_arg, name, value);
}

/* Without having been started. */
static void settle(const struct walk *walk, unsigned place, enum outcome outcome,
                   enum reason reason, struct slice ref)
{
    const struct outcome_run run = {
        .offset = (uint16_t)place,
        .span = 1,
        .outcome = (uint8_t)outcome,
        .reason = (uint16_t)reason,
        .at_ms = walk->now_ms,
        .ref = ref,
    };
    delivery_report(walk->delivery, walk->batch, &run);
}

static struct slice endpoint_of(const struct walk *walk)
{
    const struct batch *batch = walk->batch;
    unsigned rank = batch->endpoints == NULL ? 0 : batch->endpoints[batch->index];
    int column = render_endpoint(walk->render, batch->channel, rank);
    return column < 0 ? slice_of(NULL, 0) : page_value(&walk->lane->view, (unsigned)column);
}

static void begin_attempt(struct walk *walk, unsigned place, struct attempt *attempt)
{
    struct delivery *delivery = walk->delivery;
    walk->started++;
    walk->lane->in_flight++;
    walk->batch->in_flight++;
    delivery->in_flight[walk->batch->channel]++;
    delivery->stats.started++;
    attempt->id = flight_begin(&delivery->flight, walk->batch, place, walk->now_ms);
    delivery->shell.start(delivery->shell.arg, attempt);
}

/* The message as its parts. Returns as render_values does. */
static int put_merged(const struct walk *walk, const struct render_row *row,
                      struct attempt *attempt)
{
    struct delivery *delivery = walk->delivery;
    const struct merge *merge = render_merge(walk->body);
    if (merge->slot_count > delivery->values_cap) {
        delivery->values_cap = merge->slot_count;
        delivery->values =
            mem_resize(delivery->values, delivery->values_cap, sizeof(*delivery->values));
    }
    attempt->subject = attempt->text = attempt->html = slice_of(NULL, 0);
    attempt->merge = merge;
    attempt->values = delivery->values;
    return render_values(merge, row, &delivery->texts, delivery->values);
}

/* The message as the recipient reads it. Returns as render_fill does. */
static int put_rendered(const struct walk *walk, const struct render_row *row,
                        struct attempt *attempt)
{
    struct render_texts texts;
    int missing = render_fill(walk->body, row, &walk->delivery->texts, &texts);
    attempt->subject = texts.subject;
    attempt->text = texts.text;
    attempt->html = texts.html;
    attempt->merge = NULL;
    attempt->values = NULL;
    return missing;
}

/* The cursor of the page stands at the place. */
static void start_one(struct walk *walk, unsigned place)
{
    const struct batch *batch = walk->batch;
    const struct page_view *view = &walk->lane->view;
    struct attempt attempt;
    if (batch->not_after_ms != 0 && walk->now_ms >= batch->not_after_ms) {
        /* It may have been us who were held up: nobody gets old news for that. */
        settle(walk, place, OUTCOME_RETURNED, REASON_NOT_AFTER, slice_of(NULL, 0));
        return;
    }
    if (batch->recalled != NULL && bitmap_has(batch->recalled, place)) {
        settle(walk, place, OUTCOME_RETURNED, REASON_RECALLED, slice_of(NULL, 0));
        return;
    }
    attempt.endpoint = endpoint_of(walk);
    if (attempt.endpoint.len == 0) {
        settle(walk, place, OUTCOME_REJECTED, REASON_NO_ENDPOINT, slice_of(NULL, 0));
        return;
    }
    attempt.ordinal = batch->page * PAGE_RECIPIENTS + place;
    const struct token token = {
        .campaign = batch->campaign,
        .ordinal = attempt.ordinal,
        .step = batch->step,
        .round = batch->round,
        .attempt = batch->attempts == NULL ? 0 : batch->attempts[batch->index],
    };
    token_write(&token, batch->content->token_key, attempt.token);
    const struct render_row row = {walk->render, view, attempt.token, attempt.ordinal};
    attempt.attachments = render_attachments(walk->body, &attempt.attachment_count);
    int missing = walk->lane->form.is_merged ? put_merged(walk, &row, &attempt)
                                             : put_rendered(walk, &row, &attempt);
    if (missing >= 0) {
        settle(walk, place, OUTCOME_REJECTED, REASON_VARIABLE_MISSING,
               render_variable_name(walk->render, missing));
        return;
    }
    attempt.token_key = batch->content->token_key;
    attempt.trace = trace_context_is_set(&batch->content->trace) ? &batch->content->trace : NULL;
    attempt.public_url = render_public_url(walk->render);
    attempt.provider = batch->provider;
    attempt.channel = batch->channel;
    attempt.key = page_value(view, 0);
    attempt.campaign = batch->campaign;
    attempt.step = batch->step;
    attempt.round = batch->round;
    attempt.variable = attempt_variable;
    attempt.variable_arg = &row;
    begin_attempt(walk, place, &attempt);
}

static bool can_walk_on(const struct walk *walk)
{
    return walk->batch->waiting > 0 && walk->passed < walk->passed_max &&
           walk->started < walk->allowed && walk->lane->in_flight < walk->concurrency &&
           walk->now_ms >= walk->lane->throttle.held_until_ms && !walk->lane->is_returning &&
           flight_has_room(&walk->delivery->flight);
}

/* A request of this message that is not full, or a connection for a new one? Only by that a
 * recipient who was started is sent to at once, and can be called back until he is. */
static bool has_room(const struct walk *walk)
{
    const struct delivery_shell *shell = &walk->delivery->shell;
    return !walk->lane->form.is_merged || shell->has_room == NULL ||
           shell->has_room(shell->arg, walk->batch->provider, render_merge(walk->body),
                           endpoint_of(walk));
}

static void walk_on(struct walk *walk)
{
    struct batch *batch = walk->batch;
    const struct page_view *view = &walk->lane->view;
    while (can_walk_on(walk)) {
        unsigned place = batch->place;
        page_seek(&walk->lane->view, place);
        walk->body = render_body_for(walk->render, batch->channel, view);
        if (!has_room(walk)) {
            break;
        }
        start_one(walk, place);
        walk->passed++;
        inbox_advance(batch, 1, bitmap_next(&batch->places, place + 1));
    }
    throttle_on_started(&walk->lane->throttle, walk->started, batch->interval_us, walk->now_ms);
}

/* False: the batch was settled, as its page cannot be walked. */
static bool open_page(struct delivery *delivery, struct lane *lane, struct batch *batch,
                      uint64_t now_ms)
{
    if (lane->viewed == batch) {
        return true;
    }
    lane->viewed = NULL;
    enum err err = page_open(&lane->view, batch->page_bytes, delivery->zstd_context);
    if (err == ERR_OK && bitmap_next(&batch->places, lane->view.count) < BITMAP_BITS) {
        err = ERR_CORRUPT;
    }
    if (err != ERR_OK) {
        LOG_W("delivery", "page_damaged", "campaign=%llu page=%u lease=%llu err=%s",
              (unsigned long long)batch->campaign, batch->page, (unsigned long long)batch->lease,
              err_name(err));
        /* Another worker may be able to read it. */
        delivery_settle(delivery, batch, OUTCOME_DEFERRED, REASON_PAGE_DAMAGED, now_ms);
        return false;
    }
    lane->viewed = batch;
    return true;
}

/* Credentials or sender are wrong, and what is here already would only hammer at a locked door; or
 * nobody answers, and it would wait in vain; or we were too fast, and it was leased at a pace that
 * is not right any more. The coordinator knows when there is a time for it, or another provider. */
static void return_queued(struct delivery *delivery, unsigned provider, uint64_t now_ms)
{
    struct lane *lane = &delivery->lanes[provider];
    struct batch *batch = NULL;
    while (lane->is_returning && (batch = inbox_first(&delivery->inbox, provider)) != NULL) {
        delivery_settle(delivery, batch, OUTCOME_RETURNED, REASON_HELD_BACK, now_ms);
    }
    lane->is_returning = false;
}

/* What is too late for its pace goes back; batches of a lane are late in the order of arrival. */
static void return_late(struct delivery *delivery, unsigned provider, uint64_t now_ms)
{
    struct batch *batch = NULL;
    while ((batch = inbox_first(&delivery->inbox, provider)) != NULL && batch->late_ms != 0 &&
           now_ms >= batch->late_ms) {
        delivery_settle(delivery, batch, OUTCOME_RETURNED, REASON_HELD_UP, now_ms);
    }
}

/* How many of the lane are to be let start together (see throttle_gather). */
static uint32_t gather_of(const struct lane *lane, const struct batch *first)
{
    uint32_t bulk = lane->form.bulk;
    uint32_t waiting = 0;
    for (const struct batch *b = first; b != NULL && waiting < bulk; b = b->next) {
        waiting += b->waiting;
    }
    return throttle_gather(bulk, waiting, first->interval_us);
}

/* Recipients that a turn of the lane starts at most. */
static uint32_t turn_of(const struct lane *lane)
{
    uint32_t bulk = lane->form.bulk > 1 ? lane->form.bulk : 1;
    return bulk > START_LANE_TURN ? bulk : START_LANE_TURN / bulk * bulk;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Is there nothing of the lane that could be started now? */
static bool lane_is_blocked(struct lane *lane, const struct batch *first, uint32_t concurrency,
                            bool is_begun, uint64_t now_ms)
{
    if (first == NULL) {
        return true;
    }
    throttle_begin(&lane->throttle, first->from_ms);
    uint32_t wanted = is_begun ? 1 : gather_of(lane, first);
    return lane->in_flight >= concurrency ||
           throttle_allows(&lane->throttle, first->interval_us, now_ms) < wanted;
}

/* Walks the lane's first batches; returns how many recipients were passed. *is_blocked: the lane
 * has nothing that could be started now. */
static uint32_t lane_turn(struct delivery *delivery, unsigned provider, bool *is_blocked,
                          uint64_t now_ms)
{
    struct lane *lane = &delivery->lanes[provider];
    uint32_t passed = 0;
    uint32_t left = turn_of(lane);
    uint32_t concurrency = delivery->shell.concurrency(delivery->shell.arg, (uint8_t)provider);
    *is_blocked = false;
    return_queued(delivery, provider, now_ms);
    return_late(delivery, provider, now_ms);
    while (passed < START_LANE_TURN && left > 0 && !*is_blocked) {
        struct batch *batch = inbox_first(&delivery->inbox, provider);
        if (lane_is_blocked(lane, batch, concurrency, passed > 0, now_ms)) {
            *is_blocked = true;
            break;
        }
        if (!open_page(delivery, lane, batch, now_ms)) {
            passed += 1;
            continue;
        }
        uint32_t paced = throttle_allows(&lane->throttle, batch->interval_us, now_ms);
        struct walk walk = {
            .delivery = delivery,
            .lane = lane,
            .batch = batch,
            .render = batch->content->render,
            .now_ms = now_ms,
            .concurrency = concurrency,
            .allowed = least(paced, left),
            .passed_max = START_LANE_TURN,
        };
        walk_on(&walk);
        passed += walk.passed;
        left -= walk.started;
        if (batch->waiting == 0) {
            delivery_close_batch(delivery, batch);
        } else if (walk.passed < walk.passed_max && left > 0) {
            *is_blocked = true;
        }
    }
    if (passed > 0 && delivery->shell.flush != NULL) {
        delivery->shell.flush(delivery->shell.arg, (uint8_t)provider);
    }
    return passed;
}

bool delivery_start(struct delivery *delivery, uint64_t now_ms)
{
    uint32_t passed = 0;
    unsigned blocked = 0;
    unsigned provider = delivery->first_lane;
    while (blocked < WIRE_PROVIDERS_MAX && passed < DELIVERY_STARTS_MAX) {
        bool is_blocked = true;
        if (inbox_first(&delivery->inbox, provider) == NULL) {
            delivery->lanes[provider].is_returning = false;
        } else if (outbox_has_room(&delivery->outbox)) {
            passed += lane_turn(delivery, provider, &is_blocked, now_ms);
        }
        blocked = is_blocked ? blocked + 1 : 0;
        provider = (provider + 1) % WIRE_PROVIDERS_MAX;
    }
    delivery->first_lane = provider;
    return blocked < WIRE_PROVIDERS_MAX;
}

/* UINT32_MAX: it never is. */
static uint32_t late_wait_ms(const struct batch *batch, uint64_t now_ms)
{
    uint64_t wait_ms = batch->late_ms > now_ms ? batch->late_ms - now_ms : 0;
    return batch->late_ms == 0 || wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_ms;
}

uint32_t delivery_start_wait_ms(const struct delivery *delivery, uint64_t now_ms)
{
    uint32_t least_ms = UINT32_MAX;
    for (unsigned provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        const struct batch *batch = inbox_first(&delivery->inbox, provider);
        if (batch != NULL) {
            const struct lane *lane = &delivery->lanes[provider];
            uint32_t wait_ms = throttle_wait_ms(&lane->throttle, gather_of(lane, batch),
                                                batch->interval_us, now_ms);
            /* 0: it waits for results, and they will call. */
            least_ms = wait_ms > 0 && wait_ms < least_ms ? wait_ms : least_ms;
            wait_ms = late_wait_ms(batch, now_ms);
            least_ms = wait_ms > 0 && wait_ms < least_ms ? wait_ms : least_ms;
        }
    }
    return least_ms;
}
