/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/campaigns/{id}/export: every delivery of a campaign, as of the record that was durable
 * when it was asked for. That record is named in the header Tocsin-Snapshot; whoever was cut off
 * gives it back with the ordinal of the last line that he has, and goes on where he was.
 *
 * The thread that reads and writes is report/delivery_export.h's. Here is what is asked for, and a
 * watch on clients: an export that is not taken, or never ends, is broken off.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/exporting.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/state_filter.h"
#include "coordinator/content/object_id.h"
#include "coordinator/report/delivery_export.h"

#define EXPORTS_MAX     4U
#define EXPORT_PACE_MS  20000 /* in so long a client takes at least so much, if there is as much */
#define EXPORT_PACE_MIN (64U * 1024)
#define EXPORT_MAX_MS   (3600U * 1000)

struct export_job {
    struct api *api;
    struct http_request *http; /* NULL: its client is gone, or has it all */
    struct outflow *outflow;
    uint64_t campaign;
    uint64_t began_ms;
    uint64_t looked_ms; /* at what had been taken */
    uint64_t looked_bytes;
    bool is_waiting; /* the client, and not we, for the next byte */
    bool is_whole;
    struct export_job *next;
};

/* ---- what is asked for; false: the request was answered ---- */

static bool read_channel(struct exchange *exchange, struct delivery_export_request *request)
{
    const char *word = query_string_get(&exchange->query, "channel");
    enum channel_kind channel;
    request->filter.channels = DELIVERY_ALL_CHANNELS;
    if (word == NULL) {
        return true;
    }
    if (!channel_kind_parse(slice_str(word), &channel)) {
        exchange_refuse_parameter(exchange, "channel", "there is no channel \"%.64s\"", word);
        return false;
    }
    request->filter.channels = 1U << channel;
    return true;
}

static bool read_provider(struct exchange *exchange, struct delivery_export_request *request)
{
    const char *word = query_string_get(&exchange->query, "provider");
    if (word == NULL) {
        return true;
    }
    request->filter.has_provider = true;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const char *name = provider_numbers_name(request->providers, (uint8_t)i);
        if (name[0] != '\0' && strcmp(name, word) == 0) {
            request->filter.provider = (uint8_t)i;
            return true;
        }
    }
    exchange_refuse_parameter(exchange, "provider", "there is no provider \"%.64s\"", word);
    return false;
}

/* One of two words, or what holds without the parameter. */
static bool read_word(struct exchange *exchange, const char *name, const char *yes, const char *no,
                      bool *is_yes)
{
    const char *word = query_string_get(&exchange->query, name);
    if (word == NULL) {
        return true;
    }
    *is_yes = strcmp(word, yes) == 0;
    if (!*is_yes && strcmp(word, no) != 0) {
        exchange_refuse_parameter(exchange, name, "%s must be %s or %s, not \"%.64s\"", name, yes,
                                  no, word);
        return false;
    }
    return true;
}

/* Does a header of words with weights name this one, with a weight above 0? */
static bool header_has(const struct exchange *exchange, const char *header, const char *word)
{
    struct slice rest = slice_str(http_header(exchange->http, header));
    while (rest.len > 0) {
        struct slice item = slice_take_until(&rest, ',');
        struct slice name = slice_take_until(&item, ';');
        while (name.len > 0 && name.data[0] == ' ') {
            name = slice_of(name.data + 1, name.len - 1);
        }
        while (name.len > 0 && name.data[name.len - 1] == ' ') {
            name.len--;
        }
        const char *weight = arena_str(exchange->arena, item);
        const char *value = strstr(weight, "q=");
        if (slice_is(name, word)) {
            return value == NULL || strtod(value + 2, NULL) > 0;
        }
    }
    return false;
}

static bool read_form(struct exchange *exchange, struct delivery_export_request *request)
{
    bool is_csv = header_has(exchange, "Accept", "text/csv");
    request->has_end = true;
    if (!read_word(exchange, "format", "csv", "ndjson", &is_csv) ||
        !read_word(exchange, "compress", "zstd", "none", &request->is_zstd) ||
        !read_word(exchange, "end_line", "yes", "no", &request->has_end)) {
        return false;
    }
    request->format = is_csv ? DELIVERY_CSV : DELIVERY_NDJSON;
    return true;
}

static bool read_place(struct exchange *exchange, struct delivery_export_request *request)
{
    const char *snapshot = query_string_get(&exchange->query, "snapshot");
    const char *after = query_string_get(&exchange->query, "after");
    uint64_t durable = turn_durable(exchange->api->context.turn);
    request->recno = durable;
    if (snapshot != NULL &&
        (!cursor_read(slice_str(snapshot), CURSOR_EXPORT, request->def->id, &request->recno) ||
         request->recno > durable)) {
        exchange_refuse_parameter(exchange, "snapshot",
                                  "this is no snapshot of this campaign; take Tocsin-Snapshot of "
                                  "the answer that was cut off, unchanged, or none to begin anew");
        return false;
    }
    uint64_t ordinal = 0;
    request->has_head = after == NULL;
    if (after == NULL) {
        return true;
    }
    if (snapshot == NULL) {
        exchange_refuse_parameter(exchange, "after",
                                  "after goes with the snapshot that its ordinal is of");
        return false;
    }
    if (!text_number(slice_str(after), 0, request->def->slots - 1U, &ordinal)) {
        exchange_refuse_parameter(exchange, "after",
                                  "after must be the ordinal of a line of this export, 0 to %u",
                                  request->def->slots - 1U);
        return false;
    }
    request->from = (uint32_t)ordinal + 1;
    return true;
}

/* ---- one export ---- */

static void log_end(const struct export_job *job, const char *event)
{
    LOG_I("export", event, "campaign=c%llu bytes=%llu ms=%llu", (unsigned long long)job->campaign,
          (unsigned long long)outflow_taken(job->outflow),
          (unsigned long long)(api_now_ms(job->api) - job->began_ms));
}

static long pull(void *arg, uint8_t *into, size_t room)
{
    struct export_job *job = arg;
    long got = outflow_take(job->outflow, into, room);
    job->is_waiting = got == OUTFLOW_LATER;
    job->is_whole = got == 0;
    if (got == OUTFLOW_FAILED) {
        LOG_E("export", "unreadable", "campaign=c%llu err=%s", (unsigned long long)job->campaign,
              err_name(outflow_problem(job->outflow)->err));
        return -1;
    }
    return job->is_waiting ? HTTP_PULL_LATER : got;
}

static void on_ready(void *arg)
{
    const struct export_job *job = arg;
    if (job->http != NULL) {
        http_pull_resume(job->http);
    }
}

static void on_gone(void *arg)
{
    struct export_job *job = arg;
    struct export_job **at = &job->api->exports;
    while (*at != job) {
        at = &(*at)->next;
    }
    *at = job->next;
    job->api->export_count--;
    mem_free(job);
}

static void on_done(void *arg)
{
    struct export_job *job = arg;
    job->http = NULL;
    log_end(job, job->is_whole ? "done" : "broken_off");
    outflow_stop(job->outflow);
}

static void put_headers(struct exchange *exchange, const struct delivery_export_request *request,
                        bool is_encoded)
{
    char snapshot[CURSOR_CHARS + 1];
    char id[OBJECT_ID_CHARS + 1];
    cursor_write(snapshot, CURSOR_EXPORT, request->def->id, request->recno);
    object_id_write(id, OBJECT_CAMPAIGN, request->def->id);
    http_reply_header(exchange->http, "Tocsin-Snapshot", snapshot);
    http_reply_header(exchange->http, "Content-Disposition",
                      arena_printf(exchange->arena, "attachment; filename=\"%s-deliveries.%s%s\"",
                                   id, request->format == DELIVERY_CSV ? "csv" : "ndjson",
                                   request->is_zstd && !is_encoded ? ".zst" : ""));
    http_reply_header(exchange->http, "Vary", "Accept, Accept-Encoding");
    if (is_encoded) {
        http_reply_header(exchange->http, "Content-Encoding", "zstd");
    }
}

static const char *type_of(const struct delivery_export_request *request, bool is_encoded)
{
    if (request->is_zstd && !is_encoded) {
        return "application/zstd";
    }
    return request->format == DELIVERY_CSV ? "text/csv; charset=utf-8; header=present"
                                           : "application/x-ndjson";
}

static void start(struct exchange *exchange, struct delivery_export_request *request)
{
    struct api *api = exchange->api;
    bool is_encoded = query_string_get(&exchange->query, "compress") == NULL &&
                      header_has(exchange, "Accept-Encoding", "zstd");
    request->is_zstd = request->is_zstd || is_encoded;
    struct export_job *job = mem_zalloc(1, sizeof(*job));
    job->api = api;
    job->http = exchange->http;
    job->campaign = request->def->id;
    job->began_ms = api_now_ms(api);
    job->looked_ms = job->began_ms;
    job->next = api->exports;
    api->exports = job;
    api->export_count++;
    job->outflow = delivery_export_start(api->context.loop, request, on_ready, on_gone, job);
    put_headers(exchange, request, is_encoded);
    http_reply_bulk(exchange->http, 200, type_of(request, is_encoded), pull, on_done, job);
}

/* Names of the providers there are, where nobody kept those of former ones. */
static const struct provider_numbers *numbers_of(struct exchange *exchange)
{
    const struct api *api = exchange->api;
    if (api->context.provider_numbers != NULL) {
        return api->context.provider_numbers;
    }
    struct provider_numbers *numbers = arena_zalloc(exchange->arena, 1, sizeof(*numbers));
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        const struct wire_provider *provider = &api->context.providers[i];
        size_t len = strlen(provider->name);
        memcpy(numbers->names[provider->id], provider->name,
               len < WIRE_NAME_MAX ? len : WIRE_NAME_MAX);
    }
    return numbers;
}

/* All that was decided so far is in the journal. */
static void begin(struct exchange *exchange)
{
    struct campaign_view view;
    struct delivery_export_request request = {.ledger = exchange->api->context.ledger};
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    const struct audience_info *audience =
        audience_registry_find(exchange->api->context.audiences, view.def->audience);
    request.def = view.def;
    request.schema = &audience->schema;
    request.providers = numbers_of(exchange);
    if (!state_filter_read(exchange, &request.filter.states) || !read_channel(exchange, &request) ||
        !read_provider(exchange, &request) || !read_form(exchange, &request) ||
        !read_place(exchange, &request)) {
        return;
    }
    if (exchange->api->export_count >= EXPORTS_MAX) {
        const char *detail = arena_printf(
            exchange->arena,
            "%u exports are under way, and there are never more: ask again when one has ended",
            EXPORTS_MAX);
        exchange_problem(exchange, &(struct problem_reply){.status = 503, .detail = detail});
        return;
    }
    start(exchange, &request);
}

void exports_get(struct exchange *exchange)
{
    exchange_read_durable(exchange, begin);
}

/* ---- the watch ---- */

static bool is_too_slow(struct export_job *job, uint64_t now_ms)
{
    if (now_ms - job->began_ms >= EXPORT_MAX_MS) {
        return true;
    }
    uint64_t taken = outflow_taken(job->outflow);
    if (job->is_waiting || now_ms < job->looked_ms ||
        taken - job->looked_bytes >= EXPORT_PACE_MIN) {
        job->looked_ms = now_ms;
        job->looked_bytes = taken;
        return false;
    }
    return now_ms - job->looked_ms >= EXPORT_PACE_MS;
}

void exporting_sweep(struct api *api)
{
    uint64_t now_ms = api_now_ms(api);
    for (struct export_job *job = api->exports; job != NULL; job = job->next) {
        if (job->http != NULL && is_too_slow(job, now_ms)) {
            http_break_off(job->http);
        }
    }
}
