/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launching a campaign, which waits for its audience to be matched against the suppression list.
 */
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/preflight_job.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/content/control_document.h"
#include "evidence/manifest.h"

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
        .is_of_rows = audience->has_secret,
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
    if (campaigns_read_trace(exchange, &trace)) {
        /* who launches it is nearer to its cause than who wrote it */
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
