/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of an exchange that wait until what they tell is on disk: those to changes, which
 * stand in the record of the change, and views, which are ahead of the disk when they are made.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "coordinator/api/audit.h"
#include "coordinator/api/exchange_internal.h"

#define CHANGE_MAX_MS  30000
#define VIEW_MAX_MS    2000
#define ROOM_MIN_BYTES (1u << 20) /* less: nothing new is taken in */

/* A change on its way to the disk, or an answer that waits for what it tells to be there; outlives
 * the request if that ends. */
struct pending {
    struct api *api;
    struct pending *next;
    struct pending *previous;
    struct exchange *exchange; /* NULL: nobody waits any more */
    char *key;                 /* NULL: none */
    unsigned status;
    const char *type;
    char *location;
    char *body;
    exchange_durable_fn durable;
    void *arg;
    route_fn read; /* not NULL: it answers, and nothing of the above is set */
    bool is_change;
    bool is_bare; /* 204, and nothing of the above is set */
    uint64_t since_ms;
};

/* ---- changes ---- */

static void pending_free(struct pending *pending)
{
    struct api *api = pending->api;
    if (pending->previous != NULL) {
        pending->previous->next = pending->next;
    } else {
        api->pendings = pending->next;
    }
    if (pending->next != NULL) {
        pending->next->previous = pending->previous;
    }
    mem_free(pending->key);
    mem_free(pending->location);
    free(pending->body);
    mem_free(pending);
}

static void answer(struct pending *pending)
{
    struct exchange *exchange = pending->exchange;
    pending->exchange = NULL;
    exchange->pending = NULL;
    if (pending->read != NULL) {
        pending->read(exchange);
        return;
    }
    if (pending->is_bare) {
        http_reply_bare(exchange->http, 204);
        return;
    }
    if (pending->location != NULL) {
        http_reply_header(exchange->http, "Location", pending->location);
    }
    http_reply(exchange->http, pending->status, pending->type, slice_str(pending->body));
}

static void on_durable(void *arg)
{
    struct pending *pending = arg;
    struct exchange *exchange = pending->exchange;
    if (pending->key != NULL) {
        idempotency_settle(pending->api->idempotency, pending->key);
    }
    if (pending->durable != NULL) {
        pending->durable(pending->api, pending->arg, true);
    }
    if (exchange != NULL) {
        answer(pending);
    }
    pending_free(pending);
}

static struct pending *pending_new(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct pending *pending = mem_zalloc(1, sizeof(*pending));
    pending->api = api;
    pending->exchange = exchange;
    pending->since_ms = api_now_ms(api);
    pending->next = api->pendings;
    if (pending->next != NULL) {
        pending->next->previous = pending;
    }
    api->pendings = pending;
    exchange->pending = pending;
    return pending;
}

static struct pending *commit(struct exchange *exchange, unsigned status, const char *location,
                              json_t *take_json)
{
    struct api *api = exchange->api;
    struct pending *pending = pending_new(exchange);
    pending->is_change = true;
    pending->status = status;
    pending->type = EXCHANGE_JSON_TYPE;
    pending->location = mem_copy_str(location);
    pending->body = exchange_dump(take_json);
    audit_change(exchange, status, location);
    if (exchange->has_claim) {
        uint8_t digest[HASH_DIGEST_BYTES];
        const struct idempotency_answer answer = {(uint16_t)status, slice_str(location),
                                                  slice_str(pending->body)};
        fingerprint_end(&exchange->fingerprint, digest);
        idempotency_keep(api->idempotency, exchange->key, digest, &answer, pending->since_ms,
                         turn_record(api->context.turn));
        pending->key = mem_copy_str(exchange->key);
        exchange->has_claim = false; /* now the pending change has it */
    }
    return pending;
}

void exchange_commit(struct exchange *exchange, unsigned status, const char *location,
                     json_t *take_json, exchange_durable_fn durable, void *arg)
{
    struct api *api = exchange->api;
    struct pending *pending = commit(exchange, status, location, take_json);
    pending->durable = durable;
    pending->arg = arg;
    turn_when_durable(api->context.turn, true, on_durable, pending);
    api->context.changed(api->context.arg);
}

void exchange_commit_secret(struct exchange *exchange, unsigned status, const char *location,
                            json_t *take_json, const char *member, const char *secret)
{
    struct api *api = exchange->api;
    json_t *whole = json_copy(take_json);
    struct pending *pending = commit(exchange, status, location, take_json);
    json_object_set_new(whole, member, json_string(secret));
    free(pending->body);
    pending->body = exchange_dump(whole);
    turn_when_durable(api->context.turn, true, on_durable, pending);
    api->context.changed(api->context.arg);
}

void exchange_commit_text(struct exchange *exchange, unsigned status, const char *type,
                          const char *text)
{
    struct api *api = exchange->api;
    struct pending *pending = pending_new(exchange);
    pending->is_change = true;
    pending->status = status;
    pending->type = type;
    pending->body = mem_copy_str(text);
    audit_change(exchange, status, NULL);
    turn_when_durable(api->context.turn, true, on_durable, pending);
    api->context.changed(api->context.arg);
}

void exchange_commit_bare(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct pending *pending = pending_new(exchange);
    pending->is_change = true;
    pending->is_bare = true;
    audit_change(exchange, 204, NULL);
    turn_when_durable(api->context.turn, true, on_durable, pending);
    api->context.changed(api->context.arg);
}

/* ---- views ---- */

static void refuse_late(struct exchange *exchange, const struct problem *problem)
{
    const char *detail = arena_printf(
        exchange->arena, "what was decided last is not on disk yet, so it is not told: %s",
        problem->text[0] != '\0' ? problem->text : "the disk is full or too slow");
    exchange_problem(exchange, &(struct problem_reply){.status = 503, .detail = detail});
}

/* While nothing gets to the disk nobody is queued, or whoever asks again and again would fill the
 * memory. */
static struct pending *view_new(struct exchange *exchange)
{
    struct problem problem = {0};
    if (turn_is_stalled(exchange->api->context.turn, api_now_ms(exchange->api), &problem)) {
        refuse_late(exchange, &problem);
        return NULL;
    }
    return pending_new(exchange);
}

static void hold(struct exchange *exchange, unsigned status, const char *type, char *take_body)
{
    struct pending *pending = view_new(exchange);
    if (pending == NULL) {
        free(take_body);
        return;
    }
    pending->status = status;
    pending->type = type;
    pending->body = take_body;
    turn_when_durable(exchange->api->context.turn, false, on_durable, pending);
}

void exchange_view(struct exchange *exchange, json_t *take_json)
{
    hold(exchange, 200, EXCHANGE_JSON_TYPE, exchange_dump(take_json));
}

void exchange_view_text(struct exchange *exchange, const char *type, const char *text)
{
    hold(exchange, 200, type, mem_copy_str(text));
}

void exchange_refuse_view(struct exchange *exchange, const struct problem *problem)
{
    const struct problem_reply reply = {.status = problem_reply_status(problem->err),
                                        .detail = problem->text};
    struct buf json = {0};
    exchange_release_claim(exchange);
    problem_reply_write(&reply, &json);
    hold(exchange, reply.status, PROBLEM_REPLY_TYPE, mem_copy_str(buf_cstr(&json)));
    buf_release(&json);
}

void exchange_read_durable(struct exchange *exchange, route_fn read)
{
    struct pending *pending = view_new(exchange);
    if (pending != NULL) {
        pending->read = read;
        turn_when_durable(exchange->api->context.turn, false, on_durable, pending);
    }
}

bool exchange_is_at_rest(const struct exchange *exchange, uint64_t campaign)
{
    const struct api *api = exchange->api;
    uint64_t durable = turn_durable(api->context.turn);
    return api->replied_recno <= durable &&
           engine_is_at_rest(api->context.engine, campaign, durable);
}

void exchange_view_campaign(struct exchange *exchange, uint64_t campaign, json_t *take_json)
{
    if (exchange_is_at_rest(exchange, campaign)) {
        exchange_json(exchange, 200, take_json);
    } else {
        exchange_view(exchange, take_json);
    }
}

void exchange_read_campaign(struct exchange *exchange, uint64_t campaign, route_fn read)
{
    if (exchange_is_at_rest(exchange, campaign)) {
        read(exchange);
    } else {
        exchange_read_durable(exchange, read);
    }
}

/* ---- what stalls ---- */

bool exchange_is_stalled(const struct api *api, struct problem *problem)
{
    struct store *store = ledger_store(api->context.ledger);
    if (turn_is_stalled(api->context.turn, api_now_ms(api), problem)) {
        return true;
    }
    if (store->ops->room(store) < ROOM_MIN_BYTES) {
        (void)problem_set(problem, ERR_NO_SPACE,
                          "the disk is full but for the reserve: nothing new is taken in until "
                          "there is room again");
        return true;
    }
    return false;
}

static void answer_late(struct pending *pending)
{
    struct exchange *exchange = pending->exchange;
    pending->exchange = NULL;
    exchange->pending = NULL;
    if (!pending->is_change) {
        free(pending->body);
        pending->body = NULL;
        refuse_late(exchange, &(struct problem){0});
        return;
    }
    exchange_problem(exchange,
                     &(struct problem_reply){
                         .status = 503,
                         .detail = "what was asked is decided, but not on disk yet: the disk is "
                                   "full or too slow. Repeat the request under the same "
                                   "Idempotency-Key to learn how it ended"});
}

void exchange_sweep(struct api *api)
{
    uint64_t now_ms = api_now_ms(api);
    for (struct pending *pending = api->pendings; pending != NULL; pending = pending->next) {
        uint64_t max_ms = pending->is_change ? CHANGE_MAX_MS : VIEW_MAX_MS;
        if (pending->exchange != NULL && now_ms >= pending->since_ms + max_ms) {
            answer_late(pending);
        }
    }
}

void exchange_drop_all(struct api *api)
{
    while (api->pendings != NULL) {
        struct pending *pending = api->pendings;
        if (pending->durable != NULL) {
            pending->durable(api, pending->arg, false);
        }
        pending_free(pending);
    }
}

void exchange_abandon(struct exchange *exchange)
{
    if (exchange->pending != NULL) {
        exchange->pending->exchange = NULL;
    }
}
