/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report is read and put into its form on a thread of its own, which gives way to the engine and
 * the workers where there are not cores enough: the loop's only copies what the engine knows and
 * gives the answer. What of an ended campaign was read is kept as JSON, from which
 * every form is made.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/access.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/report_cache.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"
#include "coordinator/report/campaign_report.h"
#include "coordinator/report/report_compare.h"
#include "coordinator/report/report_csv.h"
#include "coordinator/report/report_html.h"
#include "coordinator/report/report_json.h"

#define JOBS_MAX 2  /* at once */
#define NICE     10 /* of the thread: sending comes first */
#define SIDES    2

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_HTML, FORMATS };

static const struct {
    const char *name;
    const char *type;
} FORMAT_ROWS[FORMATS] = {
    [FORMAT_JSON] = {"json", "application/json"},
    [FORMAT_CSV] = {"csv", "text/csv; charset=utf-8"},
    [FORMAT_HTML] = {"html", "text/html; charset=utf-8"},
};

/* One of the campaigns. */
struct side {
    struct report_source source;
    uint64_t events; /* at or before what is read */
    char *json;      /* of the cache, or read; NULL: to be read */
    bool is_read;
    bool is_ended;
};

struct job {
    struct api *api;
    struct exchange *exchange; /* NULL: the client is gone */
    struct side sides[SIDES];
    unsigned side_count;
    enum format format;
    struct buf body;
    atomic_bool is_stopped;
    enum err err;
    uv_thread_t thread;
    uv_async_t done;
};

static void job_free(struct job *job)
{
    for (unsigned i = 0; i < SIDES; i++) {
        free(job->sides[i].json);
    }
    buf_release(&job->body);
    mem_free(job);
}

/* ---- on the thread ---- */

static json_t *read_side(struct job *job, struct side *side)
{
    struct campaign_report report;
    json_t *json = NULL;
    if (side->json != NULL) {
        return json_loads(side->json, 0, NULL);
    }
    job->err =
        campaign_report_read(&report, job->api->context.ledger, &side->source, &job->is_stopped);
    if (job->err == ERR_OK) {
        json = report_json(&report);
        side->json = json_dumps(json, JSON_COMPACT);
        side->is_read = true;
    }
    campaign_report_release(&report);
    return json;
}

static void write_form(struct job *job, const json_t *document)
{
    char *text;
    switch (job->format) {
    case FORMAT_JSON:
        text = json_dumps(document, JSON_COMPACT);
        buf_str(&job->body, text);
        buf_str(&job->body, "\n");
        free(text);
        return;
    case FORMAT_CSV:
        report_csv(document, &job->body);
        return;
    case FORMAT_HTML:
        report_html(document, &job->body);
        return;
    case FORMATS:
        return;
    }
}

static void read_all(void *arg)
{
    struct job *job = arg;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread only */
    json_t *reports[SIDES] = {NULL};
    for (unsigned i = 0; job->err == ERR_OK && i < job->side_count; i++) {
        reports[i] = read_side(job, &job->sides[i]);
    }
    json_t *document = reports[0];
    if (job->err == ERR_OK && job->side_count == SIDES) {
        document = json_pack("{s:O, s:O, s:o}", "report", reports[0], "other", reports[1],
                             "comparison", report_compare(reports[0], reports[1]));
        json_decref(reports[0]);
    }
    if (job->err == ERR_OK) {
        write_form(job, document);
    }
    json_decref(document);
    json_decref(reports[1]);
    uv_async_send(&job->done);
}

/* ---- the answer ---- */

static void keep(struct job *job)
{
    for (unsigned i = 0; i < job->side_count; i++) {
        const struct side *side = &job->sides[i];
        const struct report_cache_key key = {side->source.def.id, side->events, side->source.by};
        if (side->is_read && side->is_ended) {
            report_cache_put(&job->api->report_cache, &key, side->json);
        }
    }
}

/* The page is one file without anything from elsewhere, and runs nothing. */
static void answer(struct job *job)
{
    struct http_request *http = job->exchange->http;
    if (job->format == FORMAT_HTML) {
        http_reply_header(http, "Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    }
    http_reply_header(http, "Cache-Control", "no-store");
    http_reply_header(http, "Vary", "Accept");
    http_reply(http, 200, FORMAT_ROWS[job->format].type, buf_view(&job->body));
}

static void on_closed(uv_handle_t *handle)
{
    struct job *job = handle->data;
    job->api->reports--;
    job_free(job);
}

static void on_read(uv_async_t *done)
{
    struct job *job = done->data;
    uv_thread_join(&job->thread);
    uv_close((uv_handle_t *)done, on_closed);
    if (job->err == ERR_OK) {
        keep(job);
    }
    if (job->exchange != NULL) {
        job->exchange->on_finished = NULL;
    }
    if (job->exchange != NULL && !access_check_again(job->exchange)) {
        return;
    }
    if (job->exchange != NULL && job->err == ERR_OK) {
        answer(job);
    } else if (job->exchange != NULL) {
        struct problem problem;
        problem_set(&problem, job->err, "the journal cannot be read: %s", err_sentence(job->err));
        LOG_E("report", "failed", "campaign=c%llu err=%s",
              (unsigned long long)job->sides[0].source.def.id, err_name(job->err));
        exchange_refuse(job->exchange, 503, &problem);
    }
}

/* ---- the question ---- */

static void on_client_gone(struct exchange *exchange)
{
    struct job *job = exchange->resource;
    job->exchange = NULL;
    atomic_store(&job->is_stopped, true);
}

static void on_gone_before(struct exchange *exchange)
{
    job_free(exchange->resource);
}

/* All that the engine had decided when it was asked is in the journal. */
static void begin(struct exchange *exchange)
{
    struct job *job = exchange->resource;
    struct api *api = exchange->api;
    struct problem problem;
    if (api->reports >= JOBS_MAX) {
        problem_set(&problem, ERR_BUSY, "%d reports are being read already; try again soon",
                    JOBS_MAX);
        exchange->on_finished = NULL;
        exchange_refuse(exchange, 503, &problem);
        job_free(job);
        return;
    }
    exchange->on_finished = on_client_gone;
    api->reports++;
    job->done.data = job;
    uv_async_init(api->context.loop, &job->done, on_read);
    if (uv_thread_create(&job->thread, read_all, job) != 0) {
        exchange->on_finished = NULL;
        problem_set(&problem, ERR_BUSY, "no thread can be had to read it; try again soon");
        exchange_refuse(exchange, 503, &problem);
        uv_close((uv_handle_t *)&job->done, on_closed);
    }
}

static void name_providers(const struct api *api, struct report_source *source)
{
    for (unsigned p = 0; p < WIRE_PROVIDERS_MAX; p++) {
        const struct wire_provider *provider = exchange_provider(api, p);
        const char *name = provider != NULL ? provider->name : "";
        if (provider == NULL && api->context.provider_numbers != NULL) {
            name = provider_numbers_name(api->context.provider_numbers, (uint8_t)p);
        }
        snprintf(source->provider_names[p], sizeof(source->provider_names[p]), "%s", name);
        source->provider_channels[p] = provider != NULL ? provider->channel : CHANNEL_KINDS;
    }
}

static void set_side(struct job *job, const struct campaign_view *view, const char *by)
{
    struct api *api = job->api;
    struct side *side = &job->sides[job->side_count++];
    struct report_source *source = &side->source;
    side->events = view->events;
    side->is_ended = view->state == CAMPAIGN_FINISHED || view->state == CAMPAIGN_CANCELLED;
    source->def = *view->def;
    source->state = view->state;
    source->over = view->is_expired ? DELIVERY_EVENT_EXPIRED : campaign_over(view);
    source->now_ms = api_now_ms(api);
    source->is_expired = view->is_expired;
    source->round = view->round;
    memcpy(source->rounds, view->rounds, sizeof(source->rounds));
    source->audience = audience_registry_find(api->context.audiences, view->def->audience);
    int column = page_schema_find(&source->audience->schema, slice_str(by));
    if (column >= 0 && campaign_report_groups_by(&source->audience->schema, (unsigned)column)) {
        snprintf(source->by, sizeof(source->by), "%s", by);
    }
    name_providers(api, source);
    const struct report_cache_key key = {view->def->id, view->events, source->by};
    const char *kept = side->is_ended ? report_cache_find(api->report_cache, &key) : NULL;
    side->json = kept == NULL ? NULL : strdup(kept);
}

/* False: the request was answered. */
static bool check_by(struct exchange *exchange, const struct campaign_view *view, const char *by)
{
    const struct audience_info *audience =
        audience_registry_find(exchange->api->context.audiences, view->def->audience);
    const struct page_schema *schema = &audience->schema;
    int column = page_schema_find(schema, slice_str(by));
    struct buf known = {0};
    if (by[0] == '\0' || (column >= 0 && campaign_report_groups_by(schema, (unsigned)column))) {
        return true;
    }
    for (unsigned c = 0; c < schema->count; c++) {
        if (campaign_report_groups_by(schema, c)) {
            buf_printf(&known, "%s%s", known.len == 0 ? "" : ", ", schema->columns[c].name);
        }
    }
    exchange_refuse_parameter(
        exchange, "by",
        column >= 0 ? "the column \"%.64s\" says who somebody is, and is no group; there are: %s"
                    : "the audience has no column \"%.64s\" to group by; there are: %s",
        by, known.len == 0 ? "none" : buf_cstr(&known));
    buf_release(&known);
    return false;
}

static enum format accepted_format(const char *accept)
{
    const char *html = accept == NULL ? NULL : strstr(accept, "text/html");
    const char *csv = accept == NULL ? NULL : strstr(accept, "text/csv");
    const char *json = accept == NULL ? NULL : strstr(accept, "application/json");
    enum format format = FORMAT_JSON;
    const char *first = json;
    if (csv != NULL && (first == NULL || csv < first)) {
        first = csv;
        format = FORMAT_CSV;
    }
    return html != NULL && (first == NULL || html < first) ? FORMAT_HTML : format;
}

/* False: the request was answered. */
static bool read_format(struct exchange *exchange, enum format *format)
{
    const char *name = query_string_get(&exchange->query, "format");
    *format = accepted_format(http_header(exchange->http, "Accept"));
    if (name == NULL) {
        return true;
    }
    for (unsigned f = 0; f < FORMATS; f++) {
        if (strcmp(name, FORMAT_ROWS[f].name) == 0) {
            *format = (enum format)f;
            return true;
        }
    }
    exchange_refuse_parameter(exchange, "format", "format must be json, csv or html, not \"%.64s\"",
                              name);
    return false;
}

/* False: the request was answered. */
static bool read_other(struct exchange *exchange, const char *id, struct campaign_view *other)
{
    uint64_t number;
    if (object_id_parse(slice_str(id), OBJECT_CAMPAIGN, &number) &&
        engine_campaign(exchange->api->context.engine, number, other)) {
        return true;
    }
    exchange_not_found(exchange, "campaign", id);
    return false;
}

void reports_get(struct exchange *exchange)
{
    const char *compare = query_string_get(&exchange->query, "compare");
    const char *by = query_string_get(&exchange->query, "by");
    struct campaign_view view;
    struct campaign_view other;
    enum format format;
    by = by == NULL ? "" : by;
    if (!exchange_campaign(exchange, &view) || !read_format(exchange, &format) ||
        !check_by(exchange, &view, by) ||
        (compare != NULL && !read_other(exchange, compare, &other))) {
        return;
    }
    struct job *job = mem_zalloc(1, sizeof(*job));
    job->api = exchange->api;
    job->exchange = exchange;
    job->format = format;
    set_side(job, &view, by);
    if (compare != NULL) {
        set_side(job, &other, by);
    }
    exchange->resource = job;
    exchange->on_finished = on_gone_before;
    exchange_read_durable(exchange, begin);
}
