/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /v1/receipts: many receipts in one request, for whoever collects them elsewhere. A JSON array, or
 * JSON objects one a line. Each is taken or refused by itself, and the refused ones are named; the
 * answer comes when all that was taken is on disk. Repeating the whole request does no harm.
 */
#include <string.h>

#include "coordinator/api/decisions.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/receipts.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

#define RECEIPTS_MAX 10000
#define NDJSON_TYPE  "application/x-ndjson"

struct batch {
    struct decision list[RECEIPTS_MAX]; /* those that could be read */
    uint32_t index[RECEIPTS_MAX];       /* of each, in the body */
    struct decisions decisions;
    unsigned seen; /* entries of the body */
    json_t *refused;
};

static void refuse_entry(struct batch *batch, uint32_t index, const char *detail)
{
    json_t *entry =
        json_pack("{s:I, s:o}", "index", (json_int_t)index, "detail", exchange_text(detail));
    (void)json_array_append_new(batch->refused, entry);
}

/* ---- reading ---- */

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static enum err find_by_token(struct api *api, const char *token, struct receipt *receipt,
                              struct problem *problem)
{
    enum delivery_token_state state = receipts_read_token(api, slice_str(token), receipt);
    if (state == DELIVERY_TOKEN_OK) {
        return ERR_OK;
    }
    return problem_set(problem, state == DELIVERY_TOKEN_FORGED ? ERR_UNAUTHORIZED : ERR_NOT_FOUND,
                       "%s", delivery_token_sentence(state));
}

static enum err find_by_name(const struct api *api, const json_t *object, struct receipt *receipt,
                             struct problem *problem)
{
    const char *campaign = member(object, "campaign");
    const char *recipient = member(object, "recipient");
    struct campaign_view view;
    if (campaign == NULL || recipient == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "give \"token\", or \"campaign\" and \"recipient\"");
    }
    if (!object_id_parse(slice_str(campaign), OBJECT_CAMPAIGN, &receipt->campaign) ||
        !engine_campaign(api->context.engine, receipt->campaign, &view)) {
        return problem_set(problem, ERR_NOT_FOUND, "there is no campaign \"%.40s\"", campaign);
    }
    const struct audience_info *audience =
        audience_registry_find(api->context.audiences, view.def->audience);
    receipt->step = RECEIPTS_NEWEST;
    enum err err = audience_find(api->finder, audience, slice_str(recipient), &receipt->ordinal);
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err,
                                       err == ERR_NOT_FOUND ? "there is no recipient \"%.100s\""
                                                            : "\"%.100s\" cannot be looked up now",
                                       recipient);
}

static enum err read_provider(const struct api *api, const json_t *object, struct receipt *receipt,
                              struct problem *problem)
{
    const char *name = member(object, "provider");
    if (name == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "\"provider\" is missing: the name of whom the "
                           "receipt is of");
    }
    receipt->provider = (uint8_t)receipts_provider(api, name);
    return receipt->provider != RECEIPTS_NO_PROVIDER
               ? ERR_OK
               : problem_set(problem, ERR_NOT_FOUND, "there is no provider \"%.64s\"", name);
}

static enum err read_entry(struct api *api, const json_t *object, struct arena *arena,
                           struct receipt *receipt, struct problem *problem)
{
    const char *token = member(object, "token");
    struct receipt_report report = {.status = RECEIPT_KINDS};
    *receipt = (struct receipt){.provider = RECEIPTS_NO_PROVIDER};
    if (!json_is_object(object)) {
        return problem_set(problem, ERR_INVALID, "a receipt must be an object");
    }
    enum err err = read_provider(api, object, receipt, problem);
    if (err == ERR_OK) {
        err = receipt_report_read_json(&report, object, arena, problem);
    }
    if (err == ERR_OK && report.status == RECEIPT_KINDS) {
        err = problem_set(problem, ERR_INVALID, "\"status\" is missing");
    }
    if (err != ERR_OK) {
        return err;
    }
    receipt->kind = report.status;
    receipt->reason = report.reason;
    return token != NULL ? find_by_token(api, token, receipt, problem)
                         : find_by_name(api, object, receipt, problem);
}

static void take_entry(struct exchange *exchange, struct batch *batch, const json_t *object)
{
    struct api *api = exchange->api;
    struct receipt *receipt = &batch->list[batch->decisions.count].receipt;
    struct problem problem = {0};
    uint32_t index = batch->seen++;
    enum err err = read_entry(api, object, exchange->arena, receipt, &problem);
    if (err == ERR_OK) {
        batch->index[batch->decisions.count++] = index;
        return;
    }
    if (err != ERR_UNAUTHORIZED) { /* that one is counted */
        api->receipts[receipt->provider].refused++;
    }
    refuse_entry(batch, index, problem.text);
}

static bool refuse_body(struct exchange *exchange, unsigned line, const json_error_t *error)
{
    exchange_problem(exchange, &(struct problem_reply){
                                   .status = 400,
                                   .detail = arena_printf(exchange->arena,
                                                          "the body is no JSON: %s", error->text),
                                   .line = line,
                                   .column = error->column > 0 ? (unsigned)error->column : 0});
    return false;
}

static bool refuse_number(struct exchange *exchange)
{
    exchange_problem(exchange,
                     &(struct problem_reply){.status = 413,
                                             .detail = "more than 10000 receipts: send the rest in "
                                                       "another request"});
    return false;
}

static bool read_array(struct exchange *exchange, struct batch *batch, struct slice body)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, &error);
    size_t count = json_array_size(json);
    if (json == NULL) {
        return refuse_body(exchange, (unsigned)error.line, &error);
    }
    bool is_good = json_is_array(json) && count <= RECEIPTS_MAX;
    if (!json_is_array(json)) {
        exchange_problem(exchange, &(struct problem_reply){.status = 400,
                                                           .detail = "the body must be an array"});
    } else if (!is_good) {
        (void)refuse_number(exchange);
    }
    for (size_t i = 0; is_good && i < count; i++) {
        take_entry(exchange, batch, json_array_get(json, i));
    }
    json_decref(json);
    return is_good;
}

/* All lines are parsed before any is taken: a body that is no NDJSON changes nothing. */
static bool read_lines(struct exchange *exchange, struct batch *batch, struct slice body)
{
    json_error_t error;
    for (unsigned line = 1; body.len > 0; line++) {
        struct slice text = slice_take_until(&body, '\n');
        if (text.len == 0 || (text.len == 1 && text.data[0] == '\r')) {
            continue;
        }
        if (batch->seen == RECEIPTS_MAX) {
            return refuse_number(exchange);
        }
        json_t *json =
            json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
        if (json == NULL) {
            return refuse_body(exchange, line, &error);
        }
        take_entry(exchange, batch, json);
        json_decref(json);
    }
    return true;
}

static bool read_body(struct exchange *exchange, struct batch *batch)
{
    const char *type = http_header(exchange->http, "Content-Type");
    struct slice body = http_body(exchange->http);
    bool is_lines = type != NULL && strncmp(type, NDJSON_TYPE, strlen(NDJSON_TYPE)) == 0;
    return is_lines ? read_lines(exchange, batch, body) : read_array(exchange, batch, body);
}

/* ---- deciding ---- */

static void answer(struct exchange *exchange)
{
    struct batch *batch = exchange->resource;
    for (unsigned i = 0; i < batch->decisions.count; i++) {
        if (batch->list[i].err != ERR_OK) {
            refuse_entry(batch, batch->index[i], decision_sentence(batch->list[i].err));
        }
    }
    json_t *reply = json_pack("{s:I, s:I, s:O}", "receipts", (json_int_t)batch->seen, "taken",
                              (json_int_t)batch->decisions.taken, "refused", batch->refused);
    exchange_commit(exchange, 200, NULL, reply, NULL, NULL);
}

static void on_finished(struct exchange *exchange)
{
    struct batch *batch = exchange->resource;
    json_decref(batch->refused);
    batch->refused = NULL;
}

void receipts_post(struct exchange *exchange)
{
    struct batch *batch = arena_zalloc(exchange->arena, 1, sizeof(*batch));
    batch->refused = json_array();
    exchange->resource = batch;
    exchange->on_finished = on_finished;
    batch->decisions = (struct decisions){.list = batch->list, .all_decided = answer};
    if (read_body(exchange, batch)) {
        decisions_make(exchange, &batch->decisions);
    }
}
