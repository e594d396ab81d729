/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue is read when all that was decided is durable, so what is read is what is left; then
 * these few are sent, and nothing is read again before all of them were answered and what became of
 * them is durable in turn. So nothing in memory says which are under way but the batch itself.
 */
#include "coordinator/api/reply_forward.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "common/webhook_sign.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/webhook_post.h"
#include "coordinator/content/reply_queue.h"
#include "coordinator/content/retry_delay.h"

#define MODULE        "replies"
#define AT_ONCE       16
#define PAUSE_MIN_MS  1000
#define PAUSE_MAX_MS  60000
#define LOOK_AGAIN_MS 60000
#define ID_CHARS      36 /* "msg_" and 32 of hex */

enum stage { STAGE_IDLE, STAGE_READING, STAGE_SENDING };

struct reply_forward {
    struct api *api;
    const struct reply_forward_rules *rules;
    struct http_client *client;
    struct webhook_key keys[REPLY_FORWARD_KEYS_MAX]; /* newest first */
    unsigned key_count;
    struct address_guard guard;
    enum stage stage;
    bool is_closing;
    uint64_t look_at_ms; /* the queue, at the earliest */
    struct reply_ticket batch[AT_ONCE];
    unsigned count;
    unsigned open;           /* not answered yet */
    bool is_heard;           /* of the batch one was taken, or refused for itself, */
    uint32_t retry_after_ms; /* or the receiver said how long to wait */
    uint64_t pause_ms;
    struct buf line; /* a header under construction */
    struct reply_forward_tally tally;
};

/* ---- keys ---- */

static bool read_key(const char *reference, struct webhook_key *key)
{
    struct buf secret = {0};
    struct problem problem = {0};
    enum err err = secret_resolve(reference, &secret, &problem);
    bool is_good = err == ERR_OK && webhook_key_read(buf_view(&secret), key);
    secret_release(&secret);
    if (!is_good) {
        LOG_E(MODULE, "forward_key", "key=%s why=\"%s\"", reference,
              err == ERR_OK ? "what stands there is no key: " WEBHOOK_KEY_WORDS : problem.text);
    }
    return is_good;
}

void reply_forward_reload(struct reply_forward *forward)
{
    struct webhook_key keys[REPLY_FORWARD_KEYS_MAX] = {0};
    unsigned count = 0;
    while (forward != NULL && count < forward->rules->key_count &&
           read_key(forward->rules->keys[count], &keys[count])) {
        count++;
    }
    if (forward != NULL && count == forward->rules->key_count) {
        memcpy(forward->keys, keys, sizeof(keys));
        forward->key_count = count;
        forward->look_at_ms = 0;
    }
    for (unsigned i = 0; i < REPLY_FORWARD_KEYS_MAX; i++) {
        webhook_key_release(&keys[i]);
    }
}

/* ---- what was answered ---- */

static void log_given_up(const struct reply_ticket *ticket, const char *why)
{
    LOG_W(MODULE, "forward_given_up", "reply=r%" PRIu64 " tries=%u why=\"%s\"", ticket->number,
          ticket->tries, why);
}

static void leave(struct reply_forward *forward, const struct reply_ticket *ticket)
{
    reply_queue_remove(ticket, turn_record(forward->api->context.turn));
    forward->tally.waiting--;
}

/* Tried in vain: later again, or never. */
static void put_off(struct reply_forward *forward, const struct reply_ticket *ticket)
{
    const uint64_t now_ms = api_now_ms(forward->api);
    struct reply_record reply;
    struct store_value value = {0};
    struct reply_ticket next = *ticket;
    next.tries = (uint8_t)(next.tries < UINT8_MAX ? next.tries + 1 : UINT8_MAX);
    next.due_ms = now_ms + retry_delay_ms(next.tries, next.number);
    forward->tally.failed++;
    enum err err =
        reply_store_get(forward->api->context.reply_store, ticket->number, &reply, &value);
    bool is_over = err == ERR_NOT_FOUND ||
                   (err == ERR_OK && now_ms >= reply.at_ms + forward->rules->give_up_after_ms);
    store_value_release(&value);
    leave(forward, ticket);
    if (is_over) {
        forward->tally.given_up++;
        log_given_up(&next, "it is older than replies.forward.give_up_after");
        return;
    }
    reply_queue_put(&next, turn_record(forward->api->context.turn));
    forward->tally.waiting++;
}

static void end_batch(struct reply_forward *forward)
{
    const uint64_t now_ms = api_now_ms(forward->api);
    forward->stage = STAGE_IDLE;
    forward->look_at_ms = 0;
    if (forward->is_heard) {
        forward->pause_ms = 0;
    } else if (forward->count > 0) {
        forward->pause_ms = forward->pause_ms == 0 ? PAUSE_MIN_MS : forward->pause_ms * 2;
        forward->pause_ms = forward->pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : forward->pause_ms;
        forward->look_at_ms = now_ms + forward->pause_ms;
    }
    if (forward->retry_after_ms > 0) {
        forward->look_at_ms = now_ms + forward->retry_after_ms;
    }
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct reply_forward *forward = arg;
    const struct reply_ticket *ticket = &forward->batch[answer->tag];
    if (forward->is_closing) {
        return;
    }
    if (answer->status / 100 == 2) {
        forward->is_heard = true;
        forward->tally.delivered++;
        leave(forward, ticket);
    } else {
        forward->is_heard |= webhook_refuses_one(answer->status);
        uint32_t asked_ms = webhook_asked_ms(answer);
        forward->retry_after_ms =
            asked_ms > forward->retry_after_ms ? asked_ms : forward->retry_after_ms;
        LOG_W(MODULE, "forward_failed", "reply=r%" PRIu64 " status=%u reason=%u", ticket->number,
              answer->status, (unsigned)answer->reason);
        put_off(forward, ticket);
    }
    if (--forward->open == 0) {
        end_batch(forward);
        forward->api->context.changed(forward->api->context.arg);
    }
}

/* ---- sending ---- */

/* The same for every try, and no two clusters have one in common. */
static void write_id(const struct reply_forward *forward, uint64_t number, char id[ID_CHARS + 1])
{
    char text[32];
    int len = snprintf(text, sizeof(text), "reply %" PRIu64, number);
    struct hash128 hash =
        hash_keyed128(ledger_lookup_key(forward->api->context.ledger), slice_of(text, (size_t)len));
    (void)snprintf(id, ID_CHARS + 1, "msg_%016" PRIx64 "%016" PRIx64, hash.high, hash.low);
}

static void write_body(const struct reply_record *reply, struct buf *body)
{
    json_t *json = reply_json(reply);
    char *data = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    buf_str(body, "{\"type\":\"reply.received\",\"timestamp\":\"");
    text_time(body, reply->at_ms);
    buf_printf(body, "\",\"data\":%s}", data);
    free(data);
}

static void send_reply(struct reply_forward *forward, unsigned at, const struct reply_record *reply)
{
    struct http_request *request = http_client_take(forward->client);
    const uint64_t now_s = api_now_ms(forward->api) / 1000;
    char id[ID_CHARS + 1];
    write_id(forward, reply->number, id);
    write_body(reply, http_request_body(request));
    webhook_post_sign(request, forward->keys, forward->key_count, slice_str(id), now_s,
                      &forward->line);
    http_request_send(request, at);
}

/* ---- reading the queue ---- */

static void start_ticket(struct reply_forward *forward, unsigned at)
{
    const struct reply_ticket *ticket = &forward->batch[at];
    struct reply_record reply;
    struct store_value value = {0};
    enum err err =
        reply_store_get(forward->api->context.reply_store, ticket->number, &reply, &value);
    if (err == ERR_OK) {
        forward->open++;
        send_reply(forward, at, &reply);
    } else if (err == ERR_NOT_FOUND || err == ERR_CORRUPT || err == ERR_UNSUPPORTED) {
        leave(forward, ticket);
        forward->tally.given_up++;
        log_given_up(ticket, err == ERR_NOT_FOUND ? "it is not kept any more" : err_sentence(err));
    } /* else it stays */
    store_value_release(&value);
}

/* All that was decided is in the ledger. */
static void on_durable(void *arg)
{
    struct reply_forward *forward = arg;
    const uint64_t now_ms = api_now_ms(forward->api);
    unsigned count = 0;
    enum err err = reply_queue_read(forward->api->context.ledger, forward->batch, AT_ONCE, &count);
    if (err != ERR_OK) {
        LOG_E(MODULE, "forward_queue", "err=%s", err_name(err));
    }
    forward->stage = STAGE_IDLE;
    forward->look_at_ms = now_ms + LOOK_AGAIN_MS;
    forward->count = 0;
    while (forward->count < count && forward->batch[forward->count].due_ms <= now_ms) {
        forward->count++;
    }
    if (forward->count == 0) {
        bool is_sooner = count > 0 && forward->batch[0].due_ms < forward->look_at_ms;
        forward->look_at_ms = is_sooner ? forward->batch[0].due_ms : forward->look_at_ms;
        return;
    }
    forward->stage = STAGE_SENDING;
    forward->is_heard = false;
    forward->retry_after_ms = 0;
    forward->open = 1; /* none of them ends the batch while it is being sent */
    for (unsigned i = 0; i < forward->count; i++) {
        start_ticket(forward, i);
    }
    if (--forward->open == 0) {
        end_batch(forward);
    }
}

uint32_t reply_forward_turn(struct reply_forward *forward)
{
    if (forward == NULL || forward->stage != STAGE_IDLE || forward->key_count == 0 ||
        forward->tally.waiting == 0) {
        return LOOK_AGAIN_MS;
    }
    const uint64_t now_ms = api_now_ms(forward->api);
    if (now_ms < forward->look_at_ms) {
        uint64_t left_ms = forward->look_at_ms - now_ms;
        return left_ms > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : (uint32_t)left_ms;
    }
    forward->stage = STAGE_READING;
    turn_when_durable(forward->api->context.turn, false, on_durable, forward);
    return LOOK_AGAIN_MS;
}

void reply_forward_add(struct reply_forward *forward, const struct reply_record *reply)
{
    if (forward == NULL || (forward->rules->classes >> reply->class & 1) == 0) {
        return;
    }
    const struct reply_ticket ticket = {.due_ms = reply->at_ms, .number = reply->number};
    reply_queue_put(&ticket, turn_record(forward->api->context.turn));
    forward->tally.waiting++;
    if (forward->pause_ms == 0 && forward->retry_after_ms == 0) {
        forward->look_at_ms = 0;
    }
}

struct reply_forward_tally reply_forward_tally(const struct reply_forward *forward)
{
    return forward == NULL ? (struct reply_forward_tally){0} : forward->tally;
}

/* ---- opening ---- */

struct reply_forward *reply_forward_open(struct api *api)
{
    const struct reply_forward_rules *rules = &api->context.reply_rules->forward;
    if (rules->url == NULL) {
        return NULL;
    }
    struct reply_forward *forward = mem_zalloc(1, sizeof(*forward));
    forward->api = api;
    forward->rules = rules;
    forward->guard.allow_all = rules->allow_private;
    const struct webhook_client_terms terms = {
        .loop = api->context.loop,
        .on_answer = on_answer,
        .arg = forward,
        .at_once = AT_ONCE,
        .timeout_ms = rules->timeout_ms,
        .url = rules->url,
        .ca_file = rules->ca_file,
        .allow_http = rules->allow_http,
        .guard = &forward->guard,
    };
    forward->client = webhook_client_new(&terms);
    reply_forward_reload(forward);
    if (reply_queue_count(api->context.ledger, &forward->tally.waiting) != ERR_OK) {
        forward->tally.waiting = 1; /* there may be some: they are looked for */
    }
    return forward;
}

void reply_forward_close(struct reply_forward *forward)
{
    if (forward == NULL) {
        return;
    }
    forward->is_closing = true;
    http_client_close(forward->client);
    for (unsigned i = 0; i < REPLY_FORWARD_KEYS_MAX; i++) {
        webhook_key_release(&forward->keys[i]);
    }
    buf_release(&forward->line);
    mem_free(forward);
}
