/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "coordinator/api/body_document.h"
#include "coordinator/api/campaigns_view.h"
#include "coordinator/api/code_ranges.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_watch.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/change_document.h"
#include "coordinator/content/object_id.h"

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

void campaigns_get(struct exchange *exchange)
{
    struct campaign_view view;
    if (exchange_campaign(exchange, &view)) {
        exchange_view_campaign(exchange, view.def->id, campaigns_view(exchange->api, &view));
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

bool campaigns_read_trace(const struct exchange *exchange, struct trace_context *trace)
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
    if (campaigns_read_trace(exchange, &trace)) {
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
    exchange_commit(exchange, 201, location, campaigns_view(api, &view), NULL, NULL);
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
    exchange_commit(exchange, 200, NULL, campaigns_view(exchange->api, &view), NULL, NULL);
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
