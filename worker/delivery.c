/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages come in through one table of handlers, after the one check that all share: an epoch that
 * is not the session's is dropped (a smaller one is a former life of the coordinator; a larger one
 * is a life that we have yet to greet).
 *
 * What a batch meets on its way: it is copied into the inbox, waits there for its campaign's
 * content and then for its turn in its provider's lane (delivery_start.c), and leaves as outcomes
 * (delivery_report.c). Whatever is not started leaves as outcomes too: a recipient that was
 * leased to us is always reported.
 */
#include "worker/delivery.h"

#include <assert.h>
#include <inttypes.h>
#include <utlist.h>
#include <zstd.h>

#include "common/log.h"
#include "common/mem.h"
#include "worker/delivery_core.h"

#define DELIVERY_WAIT_MAX_MS   1000
#define DELIVERY_WANTED_MS     250 /* how often to look whether content must be asked for again */
#define DELIVERY_DEFAULT_EVERY 20
#define DELIVERY_DEFAULT_BYTES (8U * 1024 * 1024)
#define DELIVERY_DEFAULT_MAX   65536
#define DELIVERY_DEFAULT_MIN   1024

typedef void (*delivery_message_fn)(struct delivery *delivery, const struct wire_message *message,
                                    uint64_t now_ms);

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value == 0 ? otherwise : value;
}

struct delivery *delivery_new(const struct delivery_settings *settings,
                              const struct delivery_shell *shell)
{
    assert(settings->instance != 0);
    struct delivery *delivery = mem_zalloc(1, sizeof(*delivery));
    struct delivery_settings *own = &delivery->settings;
    *own = *settings;
    delivery->name = mem_copy_str(settings->name);
    delivery->build = mem_copy_str(settings->build);
    own->name = delivery->name;
    own->build = delivery->build;
    own->outcome_every_ms = or_default(own->outcome_every_ms, DELIVERY_DEFAULT_EVERY);
    own->outbox_max_bytes = or_default(own->outbox_max_bytes, DELIVERY_DEFAULT_BYTES);
    own->credit_max = or_default(own->credit_max, DELIVERY_DEFAULT_MAX);
    own->credit_min = or_default(own->credit_min, DELIVERY_DEFAULT_MIN);
    delivery->shell = *shell;
    outbox_init(&delivery->outbox, own->outbox_max_bytes);
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        credit_init(&delivery->credit[kind], own->credit_min, own->credit_max, 0);
    }
    delivery->zstd_context = ZSTD_createDCtx();
    return delivery;
}

void delivery_free(struct delivery *delivery)
{
    if (delivery == NULL) {
        return;
    }
    inbox_release(&delivery->inbox);
    catalog_release(&delivery->catalog);
    outbox_release(&delivery->outbox);
    flight_release(&delivery->flight);
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        lane_release(&delivery->lanes[i]);
    }
    buf_release(&delivery->texts);
    mem_free(delivery->values);
    (void)ZSTD_freeDCtx(delivery->zstd_context);
    mem_free(delivery->refused_why);
    mem_free(delivery->name);
    mem_free(delivery->build);
    mem_free(delivery);
}

/* ---- Held up ---- */

/* A batch of a limited provider is to go out within the time that its tokens are for. Whoever could
 * not run for a while has missed that time, while others were leased what came after it: what he
 * sent now would come on top of theirs. So it goes back, also what waited in the socket, and is
 * leased anew when there are tokens for it. */
static void note_time(struct delivery *delivery, uint64_t now_ms)
{
    uint64_t due_ms = delivery->run_due_ms;
    if (due_ms != 0 && now_ms > due_ms + DELIVERY_HELD_UP_MS) {
        LOG_W("delivery", "held_up", "worker=%s ms=%" PRIu64, delivery->settings.name,
              now_ms - due_ms);
        delivery->fresh_from_ms = now_ms + DELIVERY_STALE_MS;
        delivery->run_due_ms = now_ms;
        delivery_return_paced(delivery, now_ms);
    }
}

/* ---- Batches and their content ---- */

/* Paced batches of a provider go out one after the other, those in other workers' hands included:
 * for these one waits as long as the coordinator says. */
static void plan_batch(struct lane *lane, struct batch *batch, const struct wire_batch *source,
                       uint64_t now_ms)
{
    uint64_t from_ms = now_ms + source->wait_ms;
    if (batch->interval_us > 0) {
        batch->from_ms = lane->planned_until_ms > from_ms ? lane->planned_until_ms : from_ms;
        lane->planned_until_ms = batch->from_ms + source->spread_ms;
        batch->late_ms = lane->planned_until_ms + DELIVERY_HELD_UP_MS;
    }
}

/* The batch's content is there, or will never be. */
static void dispatch(struct delivery *delivery, struct batch *batch, uint64_t now_ms)
{
    const struct catalog_entry *content = batch->content;
    if (content->state == CATALOG_WANTED) {
        inbox_park(&delivery->inbox, batch);
    } else if (content->state == CATALOG_FAILED ||
               !render_has_channel(content->render, batch->channel)) {
        delivery_settle(delivery, batch, OUTCOME_REJECTED, REASON_CONTENT_UNKNOWN, now_ms);
    } else {
        if (inbox_first(&delivery->inbox, batch->provider) == NULL) {
            throttle_begin(&delivery->lanes[batch->provider].throttle, now_ms);
        }
        inbox_enqueue(&delivery->inbox, batch);
    }
}

static void on_batch(struct delivery *delivery, const struct wire_message *message, uint64_t now_ms)
{
    const struct wire_batch *source = &message->batch;
    if (source->instance != delivery->settings.instance) {
        /* A HELLO of our former life came late, and the coordinator takes us for that one: it has
         * to hear who we are, or whatever it leases to us will lie there for ever. */
        delivery->stats.refused_batches++;
        (void)delivery_on_session_event(delivery, SESSION_ON_SILENCE, now_ms);
        return;
    }
    if (source->lease == 0 || source->count == 0 || delivery->is_done) {
        delivery->stats.refused_batches++;
        return;
    }
    if (inbox_knows(&delivery->inbox, source->lease)) {
        return;
    }
    struct lane *lane = &delivery->lanes[source->provider];
    struct batch *batch = inbox_add(&delivery->inbox, source, lane->def.channel);
    delivery->stats.batches++;
    delivery->in_hand[batch->channel] += batch->waiting;
    if (delivery->is_draining) {
        delivery_settle(delivery, batch, OUTCOME_RETURNED, REASON_DRAINED, now_ms);
    } else if (!lane->is_known) {
        delivery->stats.refused_batches++;
        delivery_settle(delivery, batch, OUTCOME_MISCONFIGURED, REASON_CHANNEL_UNKNOWN, now_ms);
    } else if (batch->interval_us > 0 && now_ms < delivery->fresh_from_ms) {
        delivery_settle(delivery, batch, OUTCOME_RETURNED, REASON_HELD_UP, now_ms);
    } else if (!lane->is_open) { /* leased before it heard so in our CREDIT */
        delivery_settle(delivery, batch, OUTCOME_RETURNED, lane->reason, now_ms);
    } else {
        plan_batch(lane, batch, source, now_ms);
        batch->content = catalog_use(&delivery->catalog, batch->campaign);
        dispatch(delivery, batch, now_ms);
    }
}

static void on_content(struct delivery *delivery, const struct wire_message *message,
                       uint64_t now_ms)
{
    struct problem problem = {0};
    const struct catalog_entry *entry =
        catalog_take(&delivery->catalog, &message->content, &problem);
    if (entry == NULL) {
        return; /* it is known, or nobody waits for it any more */
    }
    if (entry->state == CATALOG_FAILED) {
        LOG_E("delivery", "content_unusable", "campaign=%" PRIu64 " problem=\"%s\"",
              entry->campaign, problem.text);
    }
    struct batch *batch = NULL;
    struct batch *next = NULL;
    DL_FOREACH_SAFE(delivery->inbox.parked, batch, next)
    {
        if (batch->content == entry) {
            dispatch(delivery, batch, now_ms);
        }
    }
}

static void on_cancel(struct delivery *delivery, const struct wire_message *message,
                      uint64_t now_ms)
{
    const struct wire_cancel *cancel = &message->cancel;
    delivery_return(delivery, &cancel->campaign,
                    cancel->for_good ? REASON_CAMPAIGN_CANCELLED : REASON_PAUSED, now_ms);
}

static void on_recall(struct delivery *delivery, const struct wire_message *message,
                      uint64_t now_ms)
{
    (void)now_ms;
    inbox_recall(&delivery->inbox, &message->recall);
}

static void on_bearer(struct delivery *delivery, const struct wire_message *message,
                      uint64_t now_ms)
{
    (void)now_ms;
    const struct wire_bearer *bearer = &message->bearer;
    if (delivery->shell.set_bearer != NULL && delivery->lanes[bearer->provider].is_known) {
        delivery->shell.set_bearer(delivery->shell.arg, (uint8_t)bearer->provider, bearer->adapter,
                                   bearer->token);
    }
}

static void on_outcomes_durable(struct delivery *delivery, const struct wire_message *message,
                                uint64_t now_ms)
{
    (void)now_ms;
    if (message->outcomes_durable.instance == delivery->settings.instance) {
        outbox_confirm(&delivery->outbox, message->outcomes_durable.seq);
    }
}

static void on_drain(struct delivery *delivery, const struct wire_message *message, uint64_t now_ms)
{
    (void)message;
    delivery_drain(delivery, now_ms);
}

static void on_heartbeat(struct delivery *delivery, const struct wire_message *message,
                         uint64_t now_ms)
{
    (void)delivery;
    (void)message;
    (void)now_ms; /* that it was heard is all there is to it */
}

/* What a coordinator says within an epoch; the rest is not for us. */
static const delivery_message_fn delivery_handlers[WIRE_TYPES] = {
    [WIRE_CONTENT] = on_content,     [WIRE_BATCH] = on_batch,
    [WIRE_CANCEL] = on_cancel,       [WIRE_OUTCOMES_DURABLE] = on_outcomes_durable,
    [WIRE_HEARTBEAT] = on_heartbeat, [WIRE_DRAIN] = on_drain,
    [WIRE_RECALL] = on_recall,       [WIRE_BEARER] = on_bearer,
};

static uint64_t message_epoch(const struct wire_message *message)
{
    switch (message->type) {
    case WIRE_CONTENT:
        return message->content.epoch;
    case WIRE_BATCH:
        return message->batch.epoch;
    case WIRE_OUTCOMES_DURABLE:
        return message->outcomes_durable.epoch;
    case WIRE_CANCEL:
        return message->cancel.epoch;
    case WIRE_DRAIN:
        return message->drain.epoch;
    case WIRE_RECALL:
        return message->recall.epoch;
    case WIRE_BEARER:
        return message->bearer.epoch;
    case WIRE_HEARTBEAT:
        return message->heartbeat.epoch;
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_REFUSED:
    case WIRE_CREDIT:
    case WIRE_CONTENT_REQUEST:
    case WIRE_OUTCOMES:
    case WIRE_BYE:
    case WIRE_TYPES:
        break;
    }
    return 0;
}

static void on_epoch_message(struct delivery *delivery, const struct wire_message *message,
                             uint64_t now_ms)
{
    uint64_t epoch = message_epoch(message);
    if (epoch == 0 || epoch != delivery->session.epoch) {
        delivery->stats.refused_batches += message->type == WIRE_BATCH;
        if (epoch > delivery->session.epoch) { /* a life that does not know us yet */
            (void)delivery_on_session_event(delivery, SESSION_ON_SILENCE, now_ms);
        }
        return;
    }
    if (session_on_heard(&delivery->session, now_ms)) {
        delivery_return(delivery, NULL, REASON_LEASE_EXPIRED, now_ms);
    }
    delivery_handlers[message->type](delivery, message, now_ms);
}

void delivery_on_message(struct delivery *delivery, const struct wire_message *message,
                         uint64_t now_ms)
{
    note_time(delivery, now_ms);
    if (message->type == WIRE_WELCOME) {
        delivery_on_welcome(delivery, message, now_ms);
    } else if (message->type == WIRE_REFUSED) {
        delivery_on_refused(delivery, message, now_ms);
    } else if (delivery_handlers[message->type] != NULL) {
        on_epoch_message(delivery, message, now_ms);
    } else {
        LOG_W("delivery", "message_unexpected", "type=%s", wire_type_name(message->type));
    }
}

/* ---- Results ---- */

/* Only the provider's own answers say how fast it is. */
static void note_latency(struct batch *batch, const struct attempt_result *result,
                         uint64_t latency_ms)
{
    bool is_answer = result->outcome == OUTCOME_ACCEPTED || result->outcome == OUTCOME_REJECTED ||
                     result->outcome == OUTCOME_DEFERRED;
    if (is_answer && result->reason < REASON_VARIABLE_MISSING) {
        batch->timed++;
        batch->latency_ms += latency_ms;
    }
}

/* No connection, or no answer. */
static bool is_silence(const struct attempt_result *result)
{
    return result->reason >= REASON_CONNECT_FAILED && result->reason <= REASON_CONNECTION_LOST &&
           (result->outcome == OUTCOME_DEFERRED || result->outcome == OUTCOME_UNCERTAIN);
}

static void note_silence(struct lane *lane, const struct attempt_result *result)
{
    lane->silences = is_silence(result) ? lane->silences + 1 : 0;
    if (lane->silences >= LANE_SILENCES_MAX) {
        lane->silences = 0;
        lane->is_returning = true;
    }
}

void delivery_on_result(struct delivery *delivery, uint32_t attempt,
                        const struct attempt_result *result, uint64_t now_ms)
{
    struct batch *batch = NULL;
    unsigned place = 0;
    uint64_t started_ms = 0;
    if (!flight_end(&delivery->flight, attempt, &batch, &place, &started_ms)) {
        LOG_W("delivery", "result_unknown", "attempt=%u", attempt);
        return;
    }
    struct lane *lane = &delivery->lanes[batch->provider];
    lane->in_flight--;
    batch->in_flight--;
    delivery->in_flight[batch->channel]--;
    if (result->outcome == OUTCOME_THROTTLED) {
        throttle_hold(&lane->throttle, result->retry_after_ms, now_ms);
    }
    lane->is_returning |=
        result->outcome == OUTCOME_THROTTLED || result->outcome == OUTCOME_MISCONFIGURED;
    note_silence(lane, result);
    const struct outcome_run run = {
        .offset = (uint16_t)place,
        .span = 1,
        .outcome = (uint8_t)result->outcome,
        .reason = result->reason,
        .retry_after_ms = result->retry_after_ms,
        .at_ms = now_ms,
        .ref = result->ref,
    };
    uint64_t took_ms = now_ms > started_ms ? now_ms - started_ms : 0;
    histogram_add(&lane->tally.attempts, &HISTOGRAM_MS, took_ms, 1);
    note_latency(batch, result, took_ms);
    delivery_report(delivery, batch, &run);
}

/* ---- What time brings ---- */

static void ask_for_content(struct delivery *delivery, uint64_t now_ms)
{
    struct catalog_entry *wanted = NULL;
    while (delivery->session.state == SESSION_UP &&
           (wanted = catalog_next_wanted(&delivery->catalog, now_ms)) != NULL) {
        const struct wire_message message = {
            .type = WIRE_CONTENT_REQUEST,
            .content_request = {.epoch = delivery->session.epoch, .campaign = wanted->campaign},
        };
        if (!delivery_send(delivery, &message, now_ms)) {
            return;
        }
        wanted->asked_ms = now_ms;
    }
}

static bool has_open_provider(const struct delivery *delivery, enum channel_kind kind)
{
    for (unsigned provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        const struct lane *lane = &delivery->lanes[provider];
        if (lane->is_open && lane->def.channel == kind) {
            return true;
        }
    }
    return false;
}

static uint32_t limit_of(struct delivery *delivery, enum channel_kind kind, uint64_t now_ms)
{
    if (delivery->is_draining || !has_open_provider(delivery, kind)) {
        return 0;
    }
    uint32_t in_hand = delivery->in_hand[kind];
    uint32_t limit =
        credit_limit(&delivery->credit[kind], in_hand, delivery->in_flight[kind], now_ms);
    bool is_full = delivery->inbox.bytes > DELIVERY_INBOX_MAX_BYTES;
    return is_full && in_hand < limit ? in_hand : limit;
}

/* More than a quarter away from what the coordinator was told. */
static bool is_far(uint32_t limit, uint32_t told)
{
    uint32_t apart = limit > told ? limit - told : told - limit;
    return apart > told / 4;
}

/* Returns how many. */
static unsigned list_unopened(const struct delivery *delivery,
                              struct wire_unopened unopened[WIRE_PROVIDERS_MAX])
{
    unsigned count = 0;
    for (uint32_t provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        const struct lane *lane = &delivery->lanes[provider];
        if (lane->is_known && !lane->is_open) {
            unopened[count++] = (struct wire_unopened){provider, lane->why};
        }
    }
    return count;
}

static void tell_credit(struct delivery *delivery, bool is_heartbeat, uint64_t now_ms)
{
    struct wire_unopened unopened[WIRE_PROVIDERS_MAX];
    struct wire_message message = {
        .type = WIRE_CREDIT,
        .credit = {.epoch = delivery->session.epoch,
                   .unopened_count = list_unopened(delivery, unopened),
                   .unopened = unopened},
    };
    bool is_news = is_heartbeat || delivery->is_credit_due;
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        uint32_t limit = limit_of(delivery, (enum channel_kind)kind, now_ms);
        message.credit.limit[kind] = limit;
        is_news |= is_far(limit, delivery->credit_told[kind]);
    }
    if (is_news && delivery_send(delivery, &message, now_ms)) {
        memcpy(delivery->credit_told, message.credit.limit, sizeof(delivery->credit_told));
        delivery->is_credit_due = false;
    }
}

/* Finished leases are forgotten after a time, but never while their outcomes may still have to be
 * sent again: the coordinator, too, may then send their batch again. */
static void forget_finished(struct delivery *delivery, uint64_t now_ms)
{
    const struct outbox_message *oldest = delivery->outbox.messages;
    uint64_t turned_ms = delivery->inbox.finished.turned_ms;
    if (oldest != NULL && oldest->seq <= delivery->seq_at_turn) {
        return;
    }
    recent_turn(&delivery->inbox.finished, INBOX_REMEMBER_MS, now_ms);
    if (delivery->inbox.finished.turned_ms != turned_ms) {
        delivery->seq_at_turn = delivery->outbox.last_seq;
    }
}

static void on_heartbeat_due(struct delivery *delivery, uint64_t now_ms)
{
    const struct session *session = &delivery->session;
    const struct wire_message message = {
        .type = WIRE_HEARTBEAT,
        .heartbeat = {.epoch = session->epoch,
                      .at_ms = now_ms,
                      .in_hand = delivery_in_hand(delivery),
                      .in_flight = delivery->flight.count},
    };
    (void)delivery_send(delivery, &message, now_ms);
    outbox_resend_overdue(&delivery->outbox, session->heartbeat_ms * SESSION_HEARTBEATS_SILENT,
                          now_ms);
    forget_finished(delivery, now_ms);
}

static void finish_drain(struct delivery *delivery, uint64_t now_ms)
{
    if (!delivery->is_draining || delivery->is_done || delivery->inbox.by_lease != NULL ||
        delivery->outbox.count > 0) {
        return;
    }
    const struct wire_message message = {
        .type = WIRE_BYE,
        .bye = {.epoch = delivery->session.epoch, .instance = delivery->settings.instance},
    };
    delivery->is_done =
        delivery->session.state != SESSION_UP || delivery_send(delivery, &message, now_ms);
    if (delivery->is_done) {
        LOG_I("delivery", "drained", "worker=%s", delivery->settings.name);
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t wait_ms(const struct delivery *delivery, uint64_t now_ms)
{
    uint32_t wait = least(session_wait_ms(&delivery->session, now_ms), DELIVERY_WAIT_MAX_MS);
    wait = least(wait, delivery_flush_wait_ms(delivery, now_ms));
    wait = least(wait, delivery_start_wait_ms(delivery, now_ms));
    if (delivery->catalog.wanted > 0) {
        wait = least(wait, DELIVERY_WANTED_MS);
    }
    if (delivery_in_hand(delivery) > 0) { /* credit follows the pace */
        wait = least(wait, CREDIT_BUCKET_MS);
    }
    return wait == 0 ? 1 : wait;
}

uint32_t delivery_run(struct delivery *delivery, uint64_t now_ms)
{
    enum session_event event = SESSION_EVENTS;
    if (delivery->is_done) {
        return DELIVERY_WAIT_MAX_MS;
    }
    note_time(delivery, now_ms);
    if (session_due(&delivery->session, now_ms, &event)) {
        (void)delivery_on_session_event(delivery, event, now_ms);
    }
    ask_for_content(delivery, now_ms);
    bool has_more =
        session_may_start(&delivery->session, now_ms) && delivery_start(delivery, now_ms);
    delivery_flush(delivery, !has_more && delivery->flight.count == 0, now_ms);
    bool is_heartbeat = session_heartbeat_is_due(&delivery->session, now_ms);
    if (is_heartbeat) {
        on_heartbeat_due(delivery, now_ms);
    }
    if (delivery->session.state == SESSION_UP) {
        tell_credit(delivery, is_heartbeat, now_ms);
    }
    finish_drain(delivery, now_ms);
    uint32_t wait = has_more ? 0 : wait_ms(delivery, now_ms);
    delivery->run_due_ms = now_ms + wait;
    return wait;
}

void delivery_drain(struct delivery *delivery, uint64_t now_ms)
{
    if (!delivery->is_draining) {
        delivery->is_draining = true;
        LOG_I("delivery", "draining", "worker=%s in_hand=%u in_flight=%u", delivery->settings.name,
              delivery_in_hand(delivery), delivery->flight.count);
        delivery_return(delivery, NULL, REASON_DRAINED, now_ms);
    }
}

bool delivery_is_done(const struct delivery *delivery)
{
    return delivery->is_done;
}

void delivery_stats(const struct delivery *delivery, struct delivery_stats *stats)
{
    *stats = delivery->stats;
    bool is_up = delivery->session.state == SESSION_UP;
    stats->epoch = is_up ? delivery->session.epoch : 0;
    stats->in_hand = delivery_in_hand(delivery);
    stats->in_flight = delivery->flight.count;
    stats->outbox_bytes = (uint32_t)delivery->outbox.bytes;
    stats->outbox_messages = delivery->outbox.count;
    memcpy(stats->in_hand_by_channel, delivery->in_hand, sizeof(stats->in_hand_by_channel));
    memcpy(stats->credit, delivery->credit_told, sizeof(stats->credit));
    stats->refused = delivery->session.state == SESSION_REFUSED;
}

bool delivery_provider_stats(const struct delivery *delivery, uint8_t provider, uint64_t now_ms,
                             struct delivery_provider_stats *stats)
{
    const struct lane *lane = &delivery->lanes[provider];
    if (lane->tally.provider[0] == '\0') {
        return false;
    }
    memcpy(stats->provider, lane->tally.provider, sizeof(stats->provider));
    stats->is_open = lane->is_known && lane->is_open;
    stats->is_held = lane->throttle.held_until_ms > now_ms;
    stats->in_flight = lane->in_flight;
    memcpy(stats->outcomes, lane->tally.outcomes, sizeof(stats->outcomes));
    stats->attempts = lane->tally.attempts;
    return true;
}
