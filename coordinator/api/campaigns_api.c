/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/body_document.h"
#include "coordinator/api/campaigns_view.h"
#include "coordinator/api/code_ranges.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_watch.h"
#include "coordinator/api/preflight_job.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/content/change_document.h"
#include "coordinator/content/channel_list.h"
#include "coordinator/content/control_document.h"
#include "coordinator/content/object_id.h"
#include "evidence/manifest.h"

static json_t *counts_json(const struct campaign_view *view)
{
    json_t *counts = json_object();
    for (enum delivery_state state = DELIVERY_WAITING; state < DELIVERY_STATES; state++) {
        json_object_set_new(counts, delivery_state_name(state), json_integer(view->counts[state]));
    }
    return counts;
}

static json_t *time_left_json(const struct campaign_view *view)
{
    return view->time_left_ms == 0 ? json_null()
                                   : json_integer((json_int_t)((view->time_left_ms + 999) / 1000));
}

/* NULL if there are several steps: each has its own. */
static const char *only_channel(const struct plan *plan)
{
    return plan->step_count == 1 ? channel_kind_name(plan->steps[0].channel) : NULL;
}

/* The plan as its document says it, and which steps are left out. */
static json_t *plan_json(const struct plan *plan, json_t *written)
{
    json_t *json = json_deep_copy(written);
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(json, "steps"), i, step)
    {
        enum channel_kind channel;
        const char *name = json_string_value(json_object_get(step, "channel"));
        if (channel_kind_parse(slice_str(name), &channel) && (plan->without >> channel & 1) != 0) {
            json_object_set_new(step, "left_out", json_true());
        }
    }
    return json;
}

/* What of these a critical campaign passes over, once it is launched. */
static json_t *overrides_json(const struct campaign_view *view)
{
    json_t *overrides = json_array();
    bool is_overriding = view->def->priority == PRIORITY_CRITICAL && view->launched_ms != 0;
    if (is_overriding && view->def->quiet_channels != 0) {
        json_array_append_new(overrides, json_string("quiet_hours"));
    }
    if (is_overriding && view->def->cap_messages != 0) {
        json_array_append_new(overrides, json_string("frequency_cap"));
    }
    return overrides;
}

static void put_respect(json_t *json, const struct campaign_view *view,
                        const struct respect *respect)
{
    json_object_set_new(json, "quiet_hours",
                        respect_document_show_quiet_hours(&respect->quiet_hours));
    json_object_set_new(json, "frequency_cap",
                        respect_document_show_frequency_cap(&respect->frequency_cap));
    json_object_set_new(json, "overrides", overrides_json(view));
    json_object_set_new(json, "screening", json_boolean(view->is_screening));
}

static json_t *states_json(const uint32_t counts[DELIVERY_STATES])
{
    json_t *json = json_object();
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        if (counts[s] > 0) {
            json_object_set_new(json, delivery_state_name((enum delivery_state)s),
                                json_integer(counts[s]));
        }
    }
    return json;
}

/* Who stands on each step, or has ended there. */
static json_t *ladder_json(const struct campaign_view *view, uint64_t now_ms)
{
    const struct plan *plan = &view->def->plan;
    json_t *ladder = json_array();
    if (view->rungs == NULL) {
        json_decref(ladder);
        return json_null();
    }
    for (unsigned s = 0; s < plan->step_count; s++) {
        const struct rung_counts *rung = &view->rungs[s];
        uint64_t next_ms = view->due_ms[s] > now_ms ? view->due_ms[s] : 0;
        json_t *json = json_pack(
            "{s:i, s:i, s:s, s:o, s:i, s:o}", "step", (int)plan_written(plan, s) + 1, "repeat",
            (int)plan->steps[s].repeat, "channel", channel_kind_name(plan->steps[s].channel),
            "counts", states_json(rung->states), "open", (int)rung->open, "next_at",
            exchange_time(next_ms));
        if (plan_is_beside(plan, s)) {
            json_object_set_new(json, "with_previous", json_true());
        }
        json_array_append_new(ladder, json);
    }
    return ladder;
}

static json_t *trace_json(const struct trace_context *trace)
{
    char text[TRACE_CONTEXT_CHARS + 1];
    if (!trace_context_is_set(trace)) {
        return json_null();
    }
    trace_context_write(trace, text);
    return json_string(text);
}

/* What the lines of a campaign's log end with: " trace=" and its trace-id, or nothing. */
#define TRACE_WORD_BYTES (sizeof(" trace=") + 2 * TRACE_ID_BYTES)
static const char *trace_word(const struct trace_context *trace, char word[TRACE_WORD_BYTES])
{
    char text[TRACE_CONTEXT_CHARS + 1];
    word[0] = '\0';
    if (trace_context_is_set(trace)) {
        trace_context_write(trace, text);
        (void)snprintf(word, TRACE_WORD_BYTES, " trace=%.32s", text + sizeof("00-") - 1);
    }
    return word;
}

/* By provider, what became of the attempts. */
static json_t *outcomes_json(const struct api *api, const struct campaign_view *view)
{
    json_t *json = json_object();
    for (unsigned row = 0; row < view->outcome_rows; row++) {
        const struct outcome_counts *of = &view->outcomes[row];
        const struct wire_provider *provider = exchange_provider(api, of->provider);
        json_t *counts = json_object();
        for (enum outcome outcome = 0; outcome < OUTCOMES; outcome++) {
            uint64_t count = of->of[outcome];
            if (count > 0) {
                json_object_set_new(counts, outcome_name(outcome), json_integer((json_int_t)count));
            }
        }
        if (provider != NULL && json_object_size(counts) > 0) {
            json_object_set(json, provider->name, counts);
        }
        json_decref(counts);
    }
    return json;
}

/* What changes as it goes on. */
static void put_figures(json_t *json, const struct api *api, const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    const struct reply_counts replies = reply_store_counts(api->context.reply_store, def->id);
    json_object_set_new(json, "rate",
                        def->rate_per_s > 0 ? json_real(def->rate_per_s) : json_null());
    json_object_set_new(json, "created_at", exchange_time(def->created_ms));
    json_object_set_new(json, "launched_at", exchange_time(view->launched_ms));
    json_object_set_new(json, "ended_at", exchange_time(view->ended_ms));
    json_object_set_new(json, "recipients", json_integer(def->recipients));
    json_object_set_new(json, "counts", counts_json(view));
    json_object_set_new(json, "open", json_integer(view->open));
    json_object_set_new(json, "ladder", ladder_json(view, api_now_ms(api)));
    json_object_set_new(json, "next_climb_at", exchange_time(view->climb_ms));
    json_object_set_new(json, "rate_per_s", exchange_rate(view->rate_per_s));
    json_object_set_new(json, "time_left_s", time_left_json(view));
    json_object_set_new(json, "repeated", json_integer((json_int_t)view->repeated));
    json_object_set_new(json, "outcomes", outcomes_json(api, view));
    json_object_set_new(json, "replies", reply_counts_json(&replies));
    control_document_view(json, view);
}

json_t *campaigns_figures(const struct api *api, const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_CAMPAIGN, def->id);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:b}", "id", id, "name", def->name, "state",
                             campaign_state_name(view->state), "priority",
                             campaign_priority_name(def->priority), "weight", (int)def->weight,
                             "screening", (int)view->is_screening);
    put_figures(json, api, view);
    return json;
}

/* A campaign as clients see it, its content left out. Every campaign of the engine has a
 * document. */
json_t *campaigns_view_listed(const struct api *api, const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    const struct campaign_document *document =
        campaign_registry_find(api->context.campaigns, def->id);
    char id[OBJECT_ID_CHARS + 1];
    char audience[OBJECT_ID_CHARS + 1];
    assert(document != NULL);
    object_id_write(id, OBJECT_CAMPAIGN, def->id);
    object_id_write(audience, OBJECT_AUDIENCE, def->audience);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s, s:i, s:o, s:o}", "id", id, "name",
                             def->name, "audience", audience, "channel", only_channel(&def->plan),
                             "state", campaign_state_name(view->state), "priority",
                             campaign_priority_name(def->priority), "weight", (int)def->weight,
                             "without", channel_list_show(def->plan.without), "plan",
                             plan_json(&def->plan, campaign_document_plan(document)));
    const struct reply_range *reply_range = campaign_document_reply_range(document);
    const char *plan_name = campaign_document_plan_name(document);
    json_object_set_new(json, "plan_name",
                        plan_name == NULL ? json_null() : json_string(plan_name));
    put_respect(json, view, campaign_document_respect(document));
    json_object_set_new(json, "reply_code_characters",
                        reply_range->count == 0 ? json_null() : json_integer(reply_range->chars));
    json_object_set_new(json, "traceparent", trace_json(campaign_document_trace(document)));
    put_figures(json, api, view);
    return json;
}

static json_t *campaign_json(const struct api *api, const struct campaign_view *view)
{
    json_t *json = campaigns_view_listed(api, view);
    const struct campaign_document *document =
        campaign_registry_find(api->context.campaigns, view->def->id);
    json_object_set(json, "content", campaign_document_content(document));
    return json;
}

void campaigns_get(struct exchange *exchange)
{
    struct campaign_view view;
    if (exchange_campaign(exchange, &view)) {
        exchange_view_campaign(exchange, view.def->id, campaign_json(exchange->api, &view));
    }
}

/* ---- a new one ---- */

struct holes {
    struct engine *engine;
    uint64_t campaign;
};

static bool add_holes(void *arg, uint32_t page, const struct bitmap *bitmap)
{
    const struct holes *holes = arg;
    engine_add_holes(holes->engine, holes->campaign, page, bitmap);
    return true;
}

static bool take_nothing(void *arg, uint32_t page, const struct bitmap *bitmap)
{
    (void)arg;
    (void)page;
    (void)bitmap;
    return true;
}

void campaigns_keep(struct api *api, const struct campaign_document *document)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, campaign_document_def(document)->id);
    campaign_document_encode(document, &value);
    record_put(turn_record(api->context.turn), buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

/* Gives the engine a campaign whose document has its number, and puts it into the record. */
static void add_campaign(struct api *api, const struct campaign_document *document)
{
    const struct campaign_def *def = campaign_document_def(document);
    struct holes holes = {api->context.engine, def->id};
    enum err err = engine_add_campaign(api->context.engine, def);
    assert(err == ERR_OK);
    err = ledger_each_holes(api->context.ledger, def->audience, add_holes, &holes);
    assert(err == ERR_OK); /* read once before */
    campaigns_keep(api, document);
}

/* False: the request was answered. */
static bool is_superseded_there(struct exchange *exchange, const struct campaign_def *def)
{
    struct campaign_view view;
    uint64_t former = def->control.supersedes;
    if (former == 0 || engine_campaign(exchange->api->context.engine, former, &view)) {
        return true;
    }
    struct document_problem problem = {.pointer = "/supersedes"};
    problem_set(&problem.problem, ERR_NOT_FOUND, "there is no campaign c%llu to supersede",
                (unsigned long long)former);
    exchange_refuse_document(exchange, &problem);
    return false;
}

/* NULL: the request was answered. */
static struct campaign_document *read_document(struct exchange *exchange)
{
    struct campaign_document *document = NULL;
    struct document_problem problem;
    json_t *json = NULL;
    enum err err = body_document_read(exchange, &json, &problem);
    if (err == ERR_OK) {
        err = campaign_document_read(&document, json, &exchange->api->surroundings, &problem);
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
    }
    return document;
}

/* What the request says of a trace; false: nothing, or nothing that W3C Trace Context allows, which
 * is passed over, as that wants. */
static bool read_trace(const struct exchange *exchange, struct trace_context *trace)
{
    const char *header = http_only_header(exchange->http, "traceparent");
    return header != NULL && trace_context_parse(slice_str(header), trace);
}

void campaigns_post(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct campaign_document *document = read_document(exchange);
    if (document == NULL) {
        return;
    }
    if (!is_superseded_there(exchange, campaign_document_def(document))) {
        campaign_document_free(document);
        return;
    }
    /* What could fail is tried before anything is decided. */
    uint64_t audience = campaign_document_def(document)->audience;
    enum err err = ledger_each_holes(api->context.ledger, audience, take_nothing, NULL);
    if (err != ERR_OK) {
        campaign_document_free(document);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    struct problem problem = {0};
    if (code_ranges_give(api, document, &problem) != ERR_OK) {
        campaign_document_free(document);
        exchange_refuse(exchange, 409, &problem);
        return;
    }
    struct trace_context trace;
    if (read_trace(exchange, &trace)) {
        campaign_document_set_trace(document, &trace);
    }
    campaign_registry_add(api->context.campaigns, api_now_ms(api), document);
    add_campaign(api, document);
    struct campaign_view view;
    bool is_there =
        engine_campaign(api->context.engine, campaign_document_def(document)->id, &view);
    assert(is_there);
    char location[OBJECT_ID_CHARS + sizeof("/v1/campaigns/")] = "/v1/campaigns/";
    object_id_write(location + strlen(location), OBJECT_CAMPAIGN, view.def->id);
    char word[TRACE_WORD_BYTES];
    LOG_I("campaign", "created", "campaign=c%llu audience=a%llu recipients=%u%s",
          (unsigned long long)view.def->id, (unsigned long long)view.def->audience,
          (unsigned)view.def->recipients, trace_word(campaign_document_trace(document), word));
    feed_watch_campaign(api->watch, view.def->id);
    exchange_note(exchange, "\"%s\" to a%llu, %u recipients", view.def->name,
                  (unsigned long long)view.def->audience, (unsigned)view.def->recipients);
    exchange_commit(exchange, 201, location, campaign_json(api, &view), NULL, NULL);
}

/* ---- commands ---- */

typedef enum err (*command_fn)(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                               struct problem *problem);

void campaigns_tell_changed(struct exchange *exchange, uint64_t id, const char *event)
{
    struct campaign_view view;
    bool is_there = engine_campaign(exchange->api->context.engine, id, &view);
    assert(is_there);
    char word[TRACE_WORD_BYTES];
    const struct campaign_document *document =
        campaign_registry_find(exchange->api->context.campaigns, id);
    LOG_I("campaign", event, "campaign=c%llu%s", (unsigned long long)id,
          trace_word(campaign_document_trace(document), word));
    feed_watch_campaign(exchange->api->watch, id);
    exchange_commit(exchange, 200, NULL, campaign_json(exchange->api, &view), NULL, NULL);
}

static void command(struct exchange *exchange, command_fn decide, const char *event)
{
    struct api *api = exchange->api;
    struct campaign_view view;
    struct problem problem = {0};
    if (!exchange_campaign(exchange, &view) || !exchange_empty_body(exchange)) {
        return;
    }
    uint64_t id = view.def->id;
    if (decide(api->context.engine, id, api_now_ms(api), &problem) != ERR_OK) {
        exchange_refuse_view(exchange, &problem);
        return;
    }
    campaigns_tell_changed(exchange, id, event);
}

/* ---- changes ---- */

static enum err read_change(struct slice body, struct campaign_change *change,
                            struct document_problem *problem)
{
    json_t *json = NULL;
    enum err err = document_parse(body, &json, problem);
    err = err == ERR_OK ? change_document_read(change, json, problem) : err;
    json_decref(json);
    return err;
}

static void put_number(struct buf *text, const char *field, double before, double after)
{
    buf_printf(text, "%s%s %.10g -> %.10g", text->len == 0 ? "" : "; ", field, before, after);
}

/* What was changed, for the audit log. */
static void note_change(struct exchange *exchange, unsigned fields,
                        const struct campaign_def *before, const struct campaign_def *after)
{
    struct buf text = {0};
    if ((fields >> CAMPAIGN_FIELD_RATE & 1) != 0) {
        put_number(&text, "rate", before->rate_per_s, after->rate_per_s);
    }
    if ((fields >> CAMPAIGN_FIELD_PRIORITY & 1) != 0) {
        buf_printf(&text, "%spriority %s -> %s", text.len == 0 ? "" : "; ",
                   campaign_priority_name(before->priority),
                   campaign_priority_name(after->priority));
    }
    if ((fields >> CAMPAIGN_FIELD_WEIGHT & 1) != 0) {
        put_number(&text, "weight", before->weight, after->weight);
    }
    if ((fields >> CAMPAIGN_FIELD_NOT_AFTER & 1) != 0) {
        buf_printf(&text, "%snot_after", text.len == 0 ? "" : "; ");
    }
    if ((fields >> CAMPAIGN_FIELD_STOP_RULES & 1) != 0) {
        buf_printf(&text, "%sstop_rules", text.len == 0 ? "" : "; ");
    }
    exchange_note(exchange, "%s", buf_cstr(&text));
    buf_release(&text);
}

/* The event is what a restart goes by; the document says it of a campaign that has ended, whose
 * events are not read any more. */
void campaigns_patch(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct campaign_view view;
    struct campaign_change change;
    struct document_problem place;
    struct problem problem = {0};
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    uint64_t id = view.def->id;
    if (read_change(http_body(exchange->http), &change, &place) != ERR_OK) {
        exchange_refuse_document(exchange, &place);
        return;
    }
    const struct campaign_def before = *view.def;
    if (engine_change(api->context.engine, id, &change, api_now_ms(api), &problem) != ERR_OK) {
        exchange_refuse_view(exchange, &problem);
        return;
    }
    bool is_there = engine_campaign(api->context.engine, id, &view);
    assert(is_there);
    campaigns_keep(api, campaign_registry_change(api->context.campaigns, view.def));
    note_change(exchange, change.fields, &before, view.def);
    campaigns_tell_changed(exchange, id, "changed");
}

/* ---- launch ---- */

static enum err read_launch_at(struct document_reader *reader, json_t *value)
{
    return control_document_time(reader, value, reader->arg);
}

/* {"at":...}, or no body. */
static enum err read_launch(struct slice body, uint64_t *at_ms, struct document_problem *problem)
{
    static const struct document_field fields[] = {{"at", false, read_launch_at},
                                                   {NULL, false, NULL}};
    struct document_reader reader;
    json_t *json = NULL;
    *at_ms = 0;
    enum err err = body.len == 0 ? ERR_OK : document_parse(body, &json, problem);
    if (err == ERR_OK && json != NULL) {
        document_reader_init(&reader, problem, at_ms);
        err = document_object(&reader, json, fields);
    }
    json_decref(json);
    return err;
}

/* Waits for the audience to be matched against the suppression list. */
struct launch {
    struct exchange *exchange; /* NULL: the client is gone, and it is not launched */
    bool is_matched;
    uint64_t at_ms; /* 0: as the campaign's document says */
};

/* What is launched, in the record of the launch: so that it cannot be said afterwards that it was
 * something else. */
static void put_manifest(const struct api *api, uint64_t id)
{
    const struct campaign_document *document = campaign_registry_find(api->context.campaigns, id);
    const struct audience_info *audience =
        audience_registry_find(api->context.audiences, campaign_document_def(document)->audience);
    struct buf text = {0};
    struct buf schema = {0};
    struct buf key = {0};
    struct buf value = {0};
    campaign_document_encode(document, &text);
    page_schema_encode(&audience->schema, &schema);
    const struct manifest manifest = {
        .document = buf_view(&text),
        .audience = audience->id,
        .pages = audience->pages,
        .slots = audience->slots,
        .schema = buf_view(&schema),
        .root = audience->has_root ? audience->root : NULL,
    };
    manifest_key(&key, id);
    manifest_encode(&manifest, &value);
    record_put(turn_record(api->context.turn), buf_view(&key), buf_view(&value));
    buf_release(&text);
    buf_release(&schema);
    buf_release(&key);
    buf_release(&value);
}

static void launch_now(struct exchange *exchange, uint64_t at_ms)
{
    struct engine *engine = exchange->api->context.engine;
    uint64_t now_ms = api_now_ms(exchange->api);
    struct campaign_view view;
    struct problem problem = {0};
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    uint64_t id = view.def->id;
    enum err err = at_ms == 0 ? engine_launch(engine, id, now_ms, &problem)
                              : engine_schedule(engine, id, at_ms, now_ms, &problem);
    if (err != ERR_OK) {
        exchange_refuse_view(exchange, &problem);
        return;
    }
    struct trace_context trace;
    if (read_trace(exchange,
                   &trace)) { /* who launches it is nearer to its cause than who wrote it */
        campaigns_keep(exchange->api,
                       campaign_registry_set_trace(exchange->api->context.campaigns, id, &trace));
    }
    put_manifest(exchange->api, id);
    if (at_ms != 0) {
        char at[TEXT_TIME_BYTES + 1];
        text_time_str(at, at_ms);
        exchange_note(exchange, "at %s", at);
    }
    campaigns_tell_changed(exchange, id, "launched");
}

static void on_launch_finished(struct exchange *exchange)
{
    struct launch *launch = exchange->resource;
    launch->exchange = NULL;
    if (launch->is_matched) {
        mem_free(launch);
    }
}

static void on_launch_matched(void *arg, enum err err)
{
    struct launch *launch = arg;
    launch->is_matched = true;
    if (launch->exchange == NULL) {
        mem_free(launch);
    } else if (err == ERR_OK) {
        launch_now(launch->exchange, launch->at_ms);
    } else {
        struct problem problem;
        problem_set(&problem, err,
                    "the audience cannot be matched against the suppression list, "
                    "so nothing was launched: %s",
                    err_sentence(err));
        exchange_refuse(launch->exchange, 503, &problem);
    }
}

void campaigns_launch(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct campaign_view view;
    struct document_problem place = {0};
    uint64_t at_ms;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    if (read_launch(http_body(exchange->http), &at_ms, &place) != ERR_OK) {
        exchange_refuse_document(exchange, &place);
        return;
    }
    if (view.state != CAMPAIGN_DRAFT) {
        launch_now(exchange, at_ms); /* it is matched already, or this says why not */
        return;
    }
    struct problem problem = {0};
    if (preflight_check(api, &view, &problem) != ERR_OK) {
        exchange_refuse_view(exchange, &problem);
        return;
    }
    struct launch *launch = mem_zalloc(1, sizeof(*launch));
    launch->exchange = exchange;
    launch->at_ms = at_ms;
    exchange->resource = launch;
    exchange->on_finished = on_launch_finished;
    suppressing_match(api, view.def->id, on_launch_matched, launch);
}

void campaigns_pause(struct exchange *exchange)
{
    command(exchange, engine_pause, "paused");
}

void campaigns_resume(struct exchange *exchange)
{
    command(exchange, engine_resume, "resumed");
}

void campaigns_cancel(struct exchange *exchange)
{
    command(exchange, engine_cancel, "cancelled");
}
