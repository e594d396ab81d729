/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/preflight_job.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/control_document.h"
#include "coordinator/http/pulled_text.h"
#include "coordinator/report/cap_survey.h"
#include "coordinator/report/page_reader.h"
#include "coordinator/report/row_text.h"

#define JOBS_MAX 2 /* at once: the threads of the pool have other work as well */

struct preflight_job {
    struct api *api;
    struct exchange *exchange; /* NULL: the client is gone */
    struct preflight *preflight;
    struct zone_clock *clock; /* its own, for the thread */
    bool has_hours;           /* the campaign's quiet hours hold for its people */
    const struct audience_info *info;
    struct suppression_list *suppressions; /* NULL: it makes no difference */
    struct cap_survey *survey;             /* NULL: no frequency cap holds */
    uint64_t surveyed;                     /* what was counted is in the journal up to there */
    uint64_t campaign;
    uint64_t now_ms;
    uint64_t by_ms;
    void (*answer)(struct preflight_job *job);
    atomic_bool is_stopped;
    enum err err;
    uv_work_t work;
    uv_timer_t timer;
};

static void on_closed(uv_handle_t *handle)
{
    struct preflight_job *job = handle->data;
    job->api->preflights--;
    mem_free(job);
}

static void job_free(struct preflight_job *job)
{
    preflight_free(job->preflight);
    zone_clock_free(job->clock);
    cap_survey_free(job->survey);
    uv_close((uv_handle_t *)&job->timer, on_closed);
}

static void read_audience(uv_work_t *work)
{
    struct preflight_job *job = work->data;
    const struct bitmap *capped = NULL;
    job->err = ERR_OK;
    if (job->survey != NULL) {
        job->err = cap_survey_read(job->survey, &job->is_stopped);
        capped = cap_survey_capped(job->survey);
    }
    if (job->err == ERR_OK) {
        job->err = preflight_read(job->preflight, job->api->context.ledger, job->info,
                                  job->suppressions, capped, job->now_ms, &job->is_stopped);
    }
}

static void on_read(uv_work_t *work, int status)
{
    struct preflight_job *job = work->data;
    (void)status;
    if (job->exchange == NULL) {
        job_free(job);
        return;
    }
    job->exchange->on_finished = NULL;
    if (job->err == ERR_OK) {
        job->answer(job);
        return;
    }
    struct problem problem;
    problem_set(&problem, job->err, "the audience cannot be read: %s", err_sentence(job->err));
    LOG_E("preflight", "failed", "campaign=c%llu err=%s", (unsigned long long)job->campaign,
          err_name(job->err));
    exchange_refuse(job->exchange, 503, &problem);
    job_free(job);
}

static void on_client_gone(struct exchange *exchange)
{
    struct preflight_job *job = exchange->resource;
    job->exchange = NULL;
    atomic_store(&job->is_stopped, true);
}

static const struct quiet_hours *hours_of(const struct api *api, uint64_t campaign)
{
    const struct campaign_document *document =
        campaign_registry_find(api->context.campaigns, campaign);
    return &campaign_document_respect(document)->quiet_hours;
}

/* NULL: the request was answered. Without `has_messages` only endpoints are looked at. */
static struct preflight_job *job_new(struct exchange *exchange, const struct campaign_view *view,
                                     bool has_messages)
{
    struct api *api = exchange->api;
    struct problem problem = {0};
    struct wire_content content = {0};
    struct preflight *preflight;
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, view->def->audience);
    if (info == NULL) {
        exchange_refuse(exchange, 0, &(struct problem){.err = ERR_CORRUPT});
        return NULL;
    }
    if (api->preflights >= JOBS_MAX) {
        problem_set(&problem, ERR_BUSY, "%d audiences are being read already; try again soon",
                    JOBS_MAX);
        exchange_refuse(exchange, 503, &problem);
        return NULL;
    }
    campaign_document_wire(campaign_registry_find(api->context.campaigns, view->def->id),
                           &info->schema, api->context.epoch, exchange->arena, &content);
    content.body_count = has_messages ? content.body_count : 0;
    bool has_hours =
        has_messages && view->def->quiet_channels != 0 && view->def->priority != PRIORITY_CRITICAL;
    struct zone_clock *clock =
        zone_clock_new(api->context.ledger, api->context.audiences, api->context.campaigns);
    if (preflight_new(&preflight, &content, &view->def->plan, info->slots, has_hours ? clock : NULL,
                      &problem) != ERR_OK) {
        zone_clock_free(clock);
        exchange_refuse(exchange, 0, &problem);
        return NULL;
    }
    struct sms_rule sms_rule = preflight_sms_rule(api, &view->def->plan);
    preflight_set_sms_rule(preflight, &sms_rule);
    struct preflight_job *job = mem_zalloc(1, sizeof(*job));
    job->api = api;
    job->exchange = exchange;
    job->preflight = preflight;
    job->clock = clock;
    job->has_hours = has_hours;
    job->info = info;
    job->campaign = view->def->id;
    job->now_ms = api_now_ms(api);
    uv_timer_init(api->context.loop, &job->timer);
    job->timer.data = job;
    api->preflights++;
    if (has_messages && view->def->cap_messages != 0 && view->def->priority != PRIORITY_CRITICAL) {
        job->survey =
            cap_survey_new(api->context.ledger, api->context.engine, view->def, false, job->now_ms);
    }
    return job;
}

static void start_reading(struct preflight_job *job)
{
    job->work.data = job;
    uv_queue_work(job->api->context.loop, &job->work, read_audience, on_read);
}

static bool is_over(struct preflight_job *job)
{
    if (job->exchange != NULL && !job->api->is_closing) {
        return false;
    }
    if (job->exchange != NULL) {
        job->exchange->on_finished = NULL;
    }
    job_free(job);
    return true;
}

static void on_surveyed(uv_timer_t *timer)
{
    struct preflight_job *job = timer->data;
    struct turn *turn = job->api->context.turn;
    struct problem problem = {0};
    if (is_over(job)) {
        return;
    }
    if (turn_durable(turn) >= job->surveyed) {
        start_reading(job);
    } else if (turn_is_stalled(turn, api_now_ms(job->api), &problem)) {
        job->exchange->on_finished = NULL;
        exchange_refuse(job->exchange, 503, &problem);
        job_free(job);
    } else {
        uv_timer_start(timer, on_surveyed, 1, 0);
    }
}

/* A few pages in each turn of the loop. */
static void on_survey(uv_timer_t *timer)
{
    struct preflight_job *job = timer->data;
    if (is_over(job)) {
        return;
    }
    if (cap_survey_count(job->survey)) {
        job->surveyed = turn_newest(job->api->context.turn);
        on_surveyed(timer);
    } else {
        uv_timer_start(timer, on_survey, 1, 0);
    }
}

static void job_start(struct preflight_job *job, void (*answer)(struct preflight_job *job))
{
    job->answer = answer;
    job->exchange->resource = job;
    job->exchange->on_finished = on_client_gone;
    if (job->survey != NULL) {
        on_survey(&job->timer);
    } else {
        start_reading(job);
    }
}

/* ---- what the campaign would meet ---- */

static uint64_t start_of(const struct campaign_view *view, uint64_t now_ms)
{
    uint64_t start_ms =
        view->state == CAMPAIGN_SCHEDULED ? view->starts_ms : view->def->control.start_at_ms;
    return start_ms > now_ms ? start_ms : now_ms;
}

static struct quiet_span span_of(void *arg, unsigned zone, uint64_t at_ms)
{
    const struct preflight_result *result = arg;
    return preflight_limits_span(result, result->hours, zone, at_ms);
}

static void take_times(struct preflight_result *result)
{
    result->times = (struct preflight_case){
        .plan = &result->view->def->plan,
        .counts = preflight_counts(result->preflight),
        .rates = result->rates,
        .rate_per_s = result->view->def->rate_per_s,
    };
    if (result->hours != NULL) {
        result->times.quiet = (struct preflight_quiet){result->hours->channels, result, span_of};
    }
    preflight_limits(result);
}

static void answer_preflight(struct preflight_job *job)
{
    struct exchange *exchange = job->exchange;
    struct campaign_view view;
    if (exchange_campaign(exchange, &view)) {
        struct preflight_result result = {
            .api = job->api,
            .view = &view,
            .preflight = job->preflight,
            .now_ms = job->now_ms,
            .starts_ms = start_of(&view, job->now_ms),
            .by_ms = job->by_ms,
            .hours = job->has_hours ? hours_of(job->api, job->campaign) : NULL,
            .clock = job->clock,
            .sms_rule = preflight_sms_rule(job->api, &view.def->plan),
        };
        take_times(&result);
        exchange_view(exchange, preflight_json(&result));
    }
    job_free(job);
}

struct reading {
    uint64_t now_ms;
    uint64_t by_ms;
};

static enum err read_by(struct document_reader *reader, json_t *value)
{
    struct reading *reading = reader->arg;
    enum err err = control_document_time(reader, value, &reading->by_ms);
    if (err == ERR_OK && reading->by_ms <= reading->now_ms) {
        err = document_refuse(reader, ERR_INVALID, "is past: give a time that is still to come");
    }
    return err;
}

/* {"by":...}, or no body. */
static enum err read_request(struct slice body, struct reading *reading,
                             struct document_problem *problem)
{
    static const struct document_field fields[] = {{"by", false, read_by}, {NULL, false, NULL}};
    struct document_reader reader;
    json_t *json = NULL;
    enum err err = body.len == 0 ? ERR_OK : document_parse(body, &json, problem);
    if (err == ERR_OK && json != NULL) {
        document_reader_init(&reader, problem, reading);
        err = document_object(&reader, json, fields);
    }
    json_decref(json);
    return err;
}

void preflight_post(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct reading reading = {.now_ms = api_now_ms(api)};
    struct document_problem place = {0};
    struct campaign_view view;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    if (read_request(http_body(exchange->http), &reading, &place) != ERR_OK) {
        exchange_refuse_document(exchange, &place);
        return;
    }
    if (view.state != CAMPAIGN_DRAFT && view.state != CAMPAIGN_SCHEDULED) {
        struct problem problem;
        problem_set(&problem, ERR_CONFLICT,
                    "the campaign is %s: a preflight is for one that has not begun, a draft or "
                    "scheduled",
                    campaign_state_name(view.state));
        exchange_refuse_view(exchange, &problem);
        return;
    }
    struct preflight_job *job = job_new(exchange, &view, true);
    if (job != NULL) {
        job->by_ms = reading.by_ms;
        job->suppressions = api->context.suppressions;
        job_start(job, answer_preflight);
    }
}

/* ---- whom it cannot reach: all of them, as much at a time as the client takes ---- */

struct unreachable_list {
    struct preflight *preflight;
    struct page_reader reader;
    uint32_t ordinal; /* whence to go on */
    uint32_t slots;
    bool is_json;
    struct pulled_text pulled;
};

/* One key in a line of its own. */
static void put_key(struct unreachable_list *list, struct slice key)
{
    struct buf *text = &list->pulled.text;
    if (list->is_json) {
        buf_str(text, "{\"id\":\"");
        text_json_escape(text, key);
        buf_str(text, "\"}\n");
        return;
    }
    uint8_t *at = buf_reserve(text, row_csv_max(key.len));
    text->len += (size_t)(row_csv(at, key) - at);
    buf_str(text, "\r\n");
}

/* Those of one page, at most: what is read from the disk in one call is little. */
static enum err put_page(struct unreachable_list *list)
{
    uint32_t page = UINT32_MAX;
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        uint32_t next = preflight_next_unreachable(list->preflight, list->ordinal);
        list->ordinal = next;
        if (next == list->slots || (page != UINT32_MAX && next / PAGE_RECIPIENTS != page)) {
            break;
        }
        page = next / PAGE_RECIPIENTS;
        err = page_reader_seek(&list->reader, next);
        if (err == ERR_OK) {
            put_key(list, page_value(&list->reader.view, 0));
            list->ordinal = next + 1;
        }
    }
    return err;
}

static long pull_unreachable(void *arg, uint8_t *into, size_t room)
{
    struct unreachable_list *list = arg;
    if (pulled_text_is_sent(&list->pulled)) {
        pulled_text_begin(&list->pulled);
        if (put_page(list) != ERR_OK) {
            return -1;
        }
    }
    return pulled_text_take(&list->pulled, into, room);
}

static void unreachable_free(void *arg)
{
    struct unreachable_list *list = arg;
    page_reader_release(&list->reader);
    preflight_free(list->preflight);
    pulled_text_release(&list->pulled);
    mem_free(list);
}

static bool wants_json(struct exchange *exchange)
{
    const char *format = query_string_get(&exchange->query, "format");
    return format != NULL && strcmp(format, "ndjson") == 0;
}

static void answer_unreachable(struct preflight_job *job)
{
    struct unreachable_list *list = mem_zalloc(1, sizeof(*list));
    list->preflight = job->preflight;
    list->slots = job->info->slots;
    list->is_json = wants_json(job->exchange);
    page_reader_init(&list->reader, job->api->context.ledger, job->info->id);
    if (!list->is_json) {
        buf_str(&list->pulled.text, "id\r\n");
    }
    http_reply_stream(job->exchange->http, 200,
                      list->is_json ? "application/x-ndjson" : "text/csv; charset=utf-8",
                      pull_unreachable, unreachable_free, list);
    job->preflight = NULL;
    job_free(job);
}

void preflight_unreachable(struct exchange *exchange)
{
    const char *format = query_string_get(&exchange->query, "format");
    struct campaign_view view;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0) {
        exchange_refuse_parameter(exchange, "format", "format must be csv or ndjson, not \"%.64s\"",
                                  format);
        return;
    }
    struct preflight_job *job = job_new(exchange, &view, false);
    if (job != NULL) {
        job_start(job, answer_unreachable);
    }
}
