/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/exchange.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/audit.h"
#include "coordinator/content/audit_log.h"
#include "coordinator/content/object_id.h"

#define JSON_TYPE      "application/json"
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

/* ---- answers ---- */

static char *dump(json_t *take_json)
{
    char *text = json_dumps(take_json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    assert(text != NULL);
    json_decref(take_json);
    return text;
}

void exchange_json(struct exchange *exchange, unsigned status, json_t *take_json)
{
    char *text = dump(take_json);
    http_reply(exchange->http, status, JSON_TYPE, slice_str(text));
    free(text);
}

/* A refused request has changed nothing: its key can be used again. */
static void release_claim(struct exchange *exchange)
{
    if (exchange->has_claim) {
        exchange->has_claim = false;
        idempotency_release(exchange->api->idempotency, exchange->key);
    }
}

void exchange_problem(struct exchange *exchange, const struct problem_reply *reply)
{
    release_claim(exchange);
    problem_reply_send(exchange->http, reply);
}

void exchange_refuse(struct exchange *exchange, unsigned status, const struct problem *problem)
{
    exchange_problem(
        exchange,
        &(struct problem_reply){
            .status = status != 0 ? status : problem_reply_status(problem->err),
            .detail = problem->text[0] != '\0' ? problem->text : err_sentence(problem->err),
        });
}

void exchange_refuse_document(struct exchange *exchange, const struct document_problem *problem)
{
    exchange_problem(exchange, &(struct problem_reply){
                                   .status = problem->line != 0 ? 400 : 422,
                                   .detail = problem->problem.text,
                                   .pointer = problem->pointer,
                                   .line = problem->line,
                                   .column = problem->column,
                               });
}

bool exchange_empty_body(struct exchange *exchange)
{
    struct slice body = http_body(exchange->http);
    struct document_problem problem;
    struct document_reader reader;
    json_t *json = NULL;
    if (body.len == 0) {
        return true;
    }
    enum err err = document_parse(body, &json, &problem);
    if (err == ERR_OK && json_object_size(json) > 0) {
        const char *member = json_object_iter_key(json_object_iter(json));
        document_reader_init(&reader, &problem, NULL);
        (void)document_enter(&reader, member);
        err = document_refuse(&reader, ERR_INVALID,
                              "this request takes no members, only {} or no body");
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
    }
    return err == ERR_OK;
}

void exchange_not_found(struct exchange *exchange, const char *what, const char *id)
{
    const char *detail = arena_printf(exchange->arena, "there is no %s \"%.200s\"", what, id);
    exchange_problem(exchange, &(struct problem_reply){.status = 404, .detail = detail});
}

void exchange_refuse_parameter(struct exchange *exchange, const char *parameter, const char *format,
                               ...)
{
    char detail[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    exchange_problem(
        exchange, &(struct problem_reply){.status = 400, .detail = detail, .parameter = parameter});
}

/* ---- changes ---- */

void exchange_note(struct exchange *exchange, const char *format, ...)
{
    char text[AUDIT_SUMMARY_MAX + 1];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    exchange->note = arena_str(exchange->arena, slice_str(text));
}

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
    pending->type = JSON_TYPE;
    pending->location = mem_copy_str(location);
    pending->body = dump(take_json);
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
    pending->body = dump(whole);
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
    hold(exchange, 200, JSON_TYPE, dump(take_json));
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
    release_claim(exchange);
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

/* Nobody is given the answer to another's request. What the admin of the data directory asks is as
 * it was before there were others, so that his kept answers stay good. */
static void add_principal(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    if (principal->kind == PRINCIPAL_TOKEN || principal->kind == PRINCIPAL_OIDC) {
        struct buf who = {0};
        buf_u8(&who, (uint8_t)principal->kind);
        buf_blob(&who, slice_str(principal->name));
        fingerprint_add(&exchange->fingerprint, buf_view(&who));
        buf_release(&who);
    }
}

bool exchange_claim(struct exchange *exchange)
{
    const char *key = http_header(exchange->http, "Idempotency-Key");
    if (key == NULL) {
        return true;
    }
    if (!idempotency_is_key(key)) {
        exchange_problem(exchange, &(struct problem_reply){
                                       .status = 400,
                                       .detail = "the Idempotency-Key must be 1 to 255 visible "
                                                 "ASCII characters"});
        return false;
    }
    exchange->key = arena_str(exchange->arena, slice_str(key));
    fingerprint_begin(&exchange->fingerprint, http_method(exchange->http),
                      http_path(exchange->http), http_query(exchange->http));
    add_principal(exchange);
    switch (idempotency_claim(exchange->api->idempotency, key, api_now_ms(exchange->api))) {
    case IDEMPOTENCY_NEW:
        exchange->has_claim = true;
        return true;
    case IDEMPOTENCY_KEPT:
        exchange->is_replay = true;
        return true;
    case IDEMPOTENCY_UNDER_WAY:
        break;
    }
    exchange_problem(exchange, &(struct problem_reply){
                                   .status = 409,
                                   .detail = "a request with this Idempotency-Key is under way; "
                                             "ask again when it is answered"});
    return false;
}

void exchange_replay(struct exchange *exchange)
{
    struct idempotency_answer answer;
    uint8_t digest[HASH_DIGEST_BYTES];
    fingerprint_end(&exchange->fingerprint, digest);
    enum err err = idempotency_answer(exchange->api->idempotency, exchange->key, digest,
                                      exchange->arena, &answer);
    if (err == ERR_CONFLICT) {
        exchange_problem(exchange,
                         &(struct problem_reply){
                             .status = 422,
                             .detail = "this Idempotency-Key was used for another request; take a "
                                       "new key for a new request"});
        return;
    }
    if (err != ERR_OK) {
        exchange_refuse(exchange, 503, &(struct problem){.err = err});
        return;
    }
    exchange->api->replays++;
    http_reply_header(exchange->http, "Idempotency-Replayed", "true");
    if (answer.location.len > 0) {
        http_reply_header(exchange->http, "Location", arena_str(exchange->arena, answer.location));
    }
    http_reply(exchange->http, answer.status, JSON_TYPE, answer.body);
}

void exchange_finish(struct exchange *exchange)
{
    release_claim(exchange);
    if (exchange->pending != NULL) {
        exchange->pending->exchange = NULL;
    }
    if (exchange->on_finished != NULL) {
        exchange->on_finished(exchange);
    }
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

/* ---- lists ---- */

bool exchange_page(struct exchange *exchange, enum cursor_list list, uint64_t scope,
                   struct exchange_page *page)
{
    const char *limit = query_string_get(&exchange->query, "limit");
    const char *cursor = query_string_get(&exchange->query, "cursor");
    uint64_t number = EXCHANGE_LIMIT;
    page->position = 0;
    if (limit != NULL && !text_number(slice_str(limit), 1, EXCHANGE_LIMIT_MAX, &number)) {
        exchange_refuse_parameter(exchange, "limit", "limit must be a number from 1 to %d",
                                  EXCHANGE_LIMIT_MAX);
        return false;
    }
    if (cursor != NULL && !cursor_read(slice_str(cursor), list, scope, &page->position)) {
        exchange_refuse_parameter(exchange, "cursor",
                                  "this is no cursor of this list; take the `next` of its last "
                                  "answer, unchanged, or none to begin anew");
        return false;
    }
    page->limit = (unsigned)number;
    return true;
}

json_t *exchange_list(json_t *take_items, enum cursor_list list, uint64_t scope, bool more,
                      uint64_t position)
{
    char cursor[CURSOR_CHARS + 1];
    cursor_write(cursor, list, scope, position);
    return json_pack("{s:o, s:s?}", "items", take_items, "next", more ? cursor : NULL);
}

/* ---- small things ---- */

bool exchange_audience(struct exchange *exchange, const struct audience_info **info)
{
    uint64_t id;
    *info = NULL;
    if (object_id_parse(slice_str(exchange->parts[0]), OBJECT_AUDIENCE, &id)) {
        *info = audience_registry_find(exchange->api->context.audiences, id);
    }
    if (*info == NULL) {
        exchange_not_found(exchange, "audience", exchange->parts[0]);
    }
    return *info != NULL;
}

bool exchange_campaign(struct exchange *exchange, struct campaign_view *view)
{
    uint64_t id;
    bool is_there = object_id_parse(slice_str(exchange->parts[0]), OBJECT_CAMPAIGN, &id) &&
                    engine_campaign(exchange->api->context.engine, id, view);
    if (!is_there) {
        exchange_not_found(exchange, "campaign", exchange->parts[0]);
    }
    return is_there;
}

const struct wire_provider *exchange_provider(const struct api *api, uint32_t number)
{
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        if (api->context.providers[i].id == number) {
            return &api->context.providers[i];
        }
    }
    return NULL;
}

json_t *exchange_time(uint64_t unix_ms)
{
    if (unix_ms == 0) {
        return json_null();
    }
    char text[TEXT_TIME_BYTES + 1];
    text_time_str(text, unix_ms);
    return json_string(text);
}

json_t *exchange_text(const char *text)
{
    struct slice slice = slice_str(text);
    size_t bad_at;
    if (!text_is_utf8(slice, &bad_at)) {
        slice.len = bad_at;
    }
    return json_stringn((const char *)slice.data, slice.len);
}

json_t *exchange_share(double share)
{
    return json_real(round(share * 10000) / 10000);
}

json_t *exchange_rate(double per_s)
{
    return json_real(round(per_s * 10) / 10);
}

json_t *exchange_limit(double per_s)
{
    return json_real((per_s > 0 ? fmax(round(per_s * 1000), 1) : 0) / 1000);
}
