/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/campaigns/{id}/evidence: a bundle of evidence. It ends in a signed head that stands
 * behind all that was decided when it was asked for, so that one is asked for first
 * (report/head_signer.h) and waited for; then a thread makes the bundle (report/evidence_stream.h).
 *
 * GET /v1/evidence/key and /v1/evidence/heads: what others are to note down.
 */
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/access.h"
#include "coordinator/api/evidence_jobs.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"
#include "coordinator/report/evidence_stream.h"
#include "coordinator/report/head_signer.h"

#define JOBS_MAX     4U
#define HEAD_WAIT_MS 10000
#define PACE_MS      20000 /* in so long a client takes at least so much, if there is as much */
#define PACE_MIN     (64U * 1024)

struct evidence_job {
    struct api *api;
    struct exchange *exchange; /* that waits for a head; NULL: gone, or answered */
    struct http_request *http; /* NULL: its client is gone, or has it all */
    struct outflow *outflow;
    struct evidence_export request;
    struct evidence_provider providers[WIRE_PROVIDERS_MAX];
    uint64_t wanted; /* record that a head must sign */
    uint64_t began_ms;
    uint64_t looked_ms;
    uint64_t looked_bytes;
    bool is_waiting; /* the client, and not we, for the next byte */
    bool is_whole;
    struct evidence_job *next;
};

static json_t *base64_json(struct slice bytes)
{
    struct buf text = {0};
    text_base64url(&text, bytes);
    json_t *json = json_stringn((const char *)text.data, text.len);
    buf_release(&text);
    return json;
}

static json_t *hex_json(struct slice bytes)
{
    struct buf text = {0};
    text_hex(&text, bytes);
    json_t *json = json_stringn((const char *)text.data, text.len);
    buf_release(&text);
    return json;
}

static json_t *head_json(const struct signed_head *head, struct slice bytes)
{
    char id[OBJECT_ID_CHARS + 1];
    json_t *campaign = json_null();
    if (head->campaign != 0) {
        object_id_write(id, OBJECT_CAMPAIGN, head->campaign);
        campaign = json_string(id);
    }
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "record", (json_int_t)head->recno, "hash",
                     hex_json(slice_of(head->hash, HASH_DIGEST_BYTES)), "at",
                     exchange_time(head->time_ms), "campaign", campaign, "public_key",
                     base64_json(slice_of(head->public_key, SIGNING_PUBLIC_BYTES)), "signed",
                     base64_json(bytes));
}

/* Whoever keeps what he is told has a head that is not in our hands any more. */
static void tell_of_head(struct api *api)
{
    const struct signed_head *head = head_signer_head(api->context.head_signer);
    char subject[24];
    struct buf bytes = {0};
    if (head->recno <= api->evidence_told) {
        return;
    }
    api->evidence_told = head->recno;
    (void)snprintf(subject, sizeof(subject), "%llu", (unsigned long long)head->recno);
    signed_head_encode(head, &bytes);
    (void)feed_tell(api->feed, FEED_HEAD_SIGNED, 0, subject, head_json(head, buf_view(&bytes)));
    buf_release(&bytes);
}

/* ---- a bundle ---- */

static void forget(struct evidence_job *job)
{
    struct evidence_job **at = &job->api->evidence_jobs;
    while (*at != job) {
        at = &(*at)->next;
    }
    *at = job->next;
    job->api->evidence_count--;
    signing_key_wipe(&job->request.key);
    mem_free(job);
}

static void on_gone(void *arg)
{
    forget(arg);
}

static void on_ready(void *arg)
{
    const struct evidence_job *job = arg;
    if (job->http != NULL) {
        http_pull_resume(job->http);
    }
}

static long pull(void *arg, uint8_t *into, size_t room)
{
    struct evidence_job *job = arg;
    long got = outflow_take(job->outflow, into, room);
    job->is_waiting = got == OUTFLOW_LATER;
    job->is_whole = got == 0;
    if (got == OUTFLOW_FAILED) {
        const struct problem *problem = outflow_problem(job->outflow);
        LOG_E("evidence", "not_exported", "campaign=c%llu err=%s why=\"%s\"",
              (unsigned long long)job->request.campaign, err_name(problem->err), problem->text);
        return -1;
    }
    return job->is_waiting ? HTTP_PULL_LATER : got;
}

static void on_done(void *arg)
{
    struct evidence_job *job = arg;
    job->http = NULL;
    LOG_I("evidence", job->is_whole ? "exported" : "broken_off",
          "campaign=c%llu whole_campaign=%d bytes=%llu ms=%llu",
          (unsigned long long)job->request.campaign, !job->request.has_recipient,
          (unsigned long long)outflow_taken(job->outflow),
          (unsigned long long)(api_now_ms(job->api) - job->began_ms));
    outflow_stop(job->outflow);
}

static void start(struct evidence_job *job)
{
    struct exchange *exchange = job->exchange;
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_CAMPAIGN, job->request.campaign);
    exchange->resource = NULL;
    exchange->on_finished = NULL;
    job->exchange = NULL;
    job->http = exchange->http;
    job->looked_ms = api_now_ms(job->api);
    job->request.key = *head_signer_key(job->api->context.head_signer);
    job->request.through = head_signer_newest(job->api->context.head_signer);
    job->outflow =
        evidence_stream_start(job->api->context.loop, &job->request, on_ready, on_gone, job);
    http_reply_header(
        exchange->http, "Content-Disposition",
        arena_printf(exchange->arena, "attachment; filename=\"%s-evidence.ndjson\"", id));
    http_reply_bulk(exchange->http, 200, "application/x-ndjson", pull, on_done, job);
}

/* The exchange is to be answered. */
static struct exchange *give_up(struct evidence_job *job)
{
    struct exchange *exchange = job->exchange;
    exchange->resource = NULL;
    exchange->on_finished = NULL;
    forget(job);
    return exchange;
}

static void refuse_late(struct evidence_job *job)
{
    exchange_problem(
        give_up(job),
        &(struct problem_reply){.status = 503,
                                .detail = "the newest records could not be signed in time: the "
                                          "disk is full or too slow; ask again"});
}

void evidence_jobs_turn(struct api *api)
{
    const struct head_signer *signer = api->context.head_signer;
    uint64_t now_ms = api_now_ms(api);
    struct evidence_job *next;
    tell_of_head(api);
    for (struct evidence_job *job = api->evidence_jobs; job != NULL; job = next) {
        next = job->next;
        if (job->exchange == NULL || job->outflow != NULL) {
            continue;
        }
        if (head_signer_newest(signer) >= job->wanted && !head_signer_is_rotating(signer) &&
            turn_durable(api->context.turn) >= head_signer_put_in(signer)) {
            if (access_is_good(job->exchange)) {
                start(job);
            } else {
                (void)access_check_again(give_up(job));
            }
        } else if (now_ms - job->began_ms >= HEAD_WAIT_MS) {
            refuse_late(job);
        }
    }
}

static bool is_too_slow(struct evidence_job *job, uint64_t now_ms)
{
    uint64_t taken = outflow_taken(job->outflow);
    if (job->is_waiting || now_ms < job->looked_ms || taken - job->looked_bytes >= PACE_MIN) {
        job->looked_ms = now_ms;
        job->looked_bytes = taken;
        return false;
    }
    return now_ms - job->looked_ms >= PACE_MS;
}

void evidence_jobs_sweep(struct api *api)
{
    uint64_t now_ms = api_now_ms(api);
    evidence_jobs_turn(api);
    for (struct evidence_job *job = api->evidence_jobs; job != NULL; job = job->next) {
        if (job->http != NULL && is_too_slow(job, now_ms)) {
            http_break_off(job->http);
        }
    }
}

static void on_client_gone(struct exchange *exchange)
{
    forget(exchange->resource);
}

/* Names of all providers that there ever were, channels of those that there are. */
static void put_providers(struct evidence_job *job)
{
    const struct api_context *context = &job->api->context;
    unsigned count = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct wire_provider *provider = exchange_provider(job->api, i);
        const char *name = context->provider_numbers != NULL
                               ? provider_numbers_name(context->provider_numbers, (uint8_t)i)
                           : provider == NULL ? ""
                                              : provider->name;
        if (name[0] != '\0') {
            struct evidence_provider *put = &job->providers[count++];
            put->number = (uint8_t)i;
            (void)snprintf(put->name, sizeof(put->name), "%s", name);
            put->channel = provider == NULL ? "" : channel_kind_name(provider->channel);
        }
    }
    job->request.providers = job->providers;
    job->request.provider_count = count;
}

static void ask(struct exchange *exchange, const struct evidence_export *request)
{
    struct api *api = exchange->api;
    struct evidence_job *job = mem_zalloc(1, sizeof(*job));
    job->api = api;
    job->exchange = exchange;
    job->request = *request;
    job->request.ledger = api->context.ledger;
    job->began_ms = api_now_ms(api);
    job->wanted = turn_durable(api->context.turn);
    put_providers(job);
    job->next = api->evidence_jobs;
    api->evidence_jobs = job;
    api->evidence_count++;
    exchange->resource = job;
    exchange->on_finished = on_client_gone;
    head_signer_want(api->context.head_signer, job->wanted);
}

/* False: the request was answered. */
static bool read_recipient(struct exchange *exchange, const struct audience_info *audience,
                           struct evidence_export *request)
{
    const char *key = query_string_get(&exchange->query, "recipient");
    request->has_recipient = key != NULL;
    if (key == NULL) {
        return true;
    }
    enum err err =
        audience_find(exchange->api->finder, audience, slice_str(key), &request->ordinal);
    if (err == ERR_NOT_FOUND) {
        exchange_not_found(exchange, "recipient", key);
    } else if (err != ERR_OK) {
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
    }
    return err == ERR_OK;
}

/* All that was decided so far is in the journal. */
static void begin(struct exchange *exchange)
{
    struct campaign_view view;
    struct evidence_export request = {0};
    struct problem problem;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    const struct audience_info *audience =
        audience_registry_find(exchange->api->context.audiences, view.def->audience);
    if (!read_recipient(exchange, audience, &request)) {
        return;
    }
    request.has_secret = audience->has_secret;
    memcpy(request.secret, audience->secret, ROWS_SECRET_BYTES);
    request.campaign = view.def->id;
    enum err err = evidence_is_kept(exchange->api->context.ledger, view.def->id);
    if (err == ERR_NOT_FOUND) {
        (void)problem_set(&problem, ERR_CONFLICT,
                          "there is no evidence of this campaign: it was not launched yet, or was "
                          "by a version that kept none");
        exchange_refuse(exchange, 409, &problem);
        return;
    }
    if (err != ERR_OK) {
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    if (exchange->api->evidence_count >= JOBS_MAX) {
        const char *detail = arena_printf(
            exchange->arena,
            "%u bundles are being made, and there are never more: ask again when one is done",
            JOBS_MAX);
        exchange_problem(exchange, &(struct problem_reply){.status = 503, .detail = detail});
        return;
    }
    ask(exchange, &request);
}

void evidence_get(struct exchange *exchange)
{
    exchange_read_durable(exchange, begin);
}

/* ---- the key ---- */

struct key_list {
    json_t *items;
    enum err err;
};

static bool add_key(void *arg, struct slice id, struct slice value)
{
    struct key_list *list = arg;
    struct key_statement statement;
    (void)id;
    list->err = key_statement_decode(value, &statement);
    if (list->err != ERR_OK) {
        return false;
    }
    json_array_append_new(list->items,
                          json_pack("{s:I, s:o, s:o, s:b, s:o}", "number",
                                    (json_int_t)statement.number, "public_key",
                                    base64_json(slice_of(statement.key, SIGNING_PUBLIC_BYTES)),
                                    "since", exchange_time(statement.since_ms), "vouched",
                                    statement.number > 1 && key_statement_is_vouched(&statement),
                                    "statement", base64_json(value)));
    return true;
}

static json_t *key_json(const struct api *api)
{
    const struct key_statement *newest = head_signer_statement(api->context.head_signer);
    return json_pack("{s:I, s:o, s:o}", "number", (json_int_t)newest->number, "public_key",
                     base64_json(slice_of(newest->key, SIGNING_PUBLIC_BYTES)), "since",
                     exchange_time(newest->since_ms));
}

static void show_key(struct exchange *exchange)
{
    struct key_list list = {.items = json_array()};
    enum err err =
        ledger_each_entry(exchange->api->context.ledger, CATALOGUE_EVIDENCE_KEY, add_key, &list);
    err = err == ERR_OK ? list.err : err;
    if (err != ERR_OK) {
        json_decref(list.items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    json_t *json = key_json(exchange->api);
    json_object_set_new(json, "keys", list.items);
    exchange_json(exchange, 200, json);
}

void evidence_key(struct exchange *exchange)
{
    exchange_read_durable(exchange, show_key);
}

static void on_rotated(struct api *api, void *arg, bool is_durable)
{
    (void)arg;
    if (is_durable) {
        head_signer_rotated(api->context.head_signer);
    }
}

void evidence_key_rotate(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct problem problem;
    if (!exchange_empty_body(exchange)) {
        return;
    }
    enum err err = head_signer_rotate(api->context.head_signer, api_now_ms(api),
                                      turn_record(api->context.turn), &problem);
    if (err != ERR_OK) {
        exchange_refuse(exchange, 0, &problem);
        return;
    }
    exchange_commit(exchange, 200, NULL, key_json(api), on_rotated, NULL);
}

/* ---- heads ---- */

struct head_list {
    json_t *items;
    unsigned limit;
    uint64_t next; /* record to go on at; 0: there is no more */
    enum err err;
};

static bool add_head(void *arg, struct slice id, struct slice value)
{
    struct head_list *list = arg;
    struct signed_head head;
    (void)id;
    list->err = signed_head_decode(value, &head);
    if (list->err != ERR_OK) {
        return false;
    }
    if (json_array_size(list->items) == list->limit) {
        list->next = head.recno;
        return false;
    }
    json_array_append_new(list->items, head_json(&head, value));
    return true;
}

static void show_heads(struct exchange *exchange)
{
    struct exchange_page page;
    if (!exchange_page(exchange, CURSOR_HEADS, 0, &page)) {
        return;
    }
    struct head_list list = {.items = json_array(), .limit = page.limit};
    struct buf from = {0};
    buf_be64(&from, page.position);
    enum err err = ledger_each_entry_from(exchange->api->context.ledger, CATALOGUE_HEAD,
                                          buf_view(&from), add_head, &list);
    buf_release(&from);
    err = err == ERR_OK ? list.err : err;
    if (err != ERR_OK) {
        json_decref(list.items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    exchange_json(exchange, 200,
                  exchange_list(list.items, CURSOR_HEADS, 0, list.next != 0, list.next));
}

void evidence_heads(struct exchange *exchange)
{
    exchange_read_durable(exchange, show_heads);
}
