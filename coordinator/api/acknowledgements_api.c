/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recipient's word. /a/{token} is the link in his message: mail scanners and previews fetch
 * links, so a GET only shows the page, and the button's POST confirms. /v1/acknowledgements is for
 * apps and call centres, with the token or with campaign and recipient.
 *
 * Whoever holds a token can confirm for its recipient and nothing else; a forged one is refused
 * before anything is looked up. The answer waits until the acknowledgement is on disk.
 */
#include <assert.h>
#include <string.h>

#include "coordinator/api/delivery_token.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/api/recipient_page.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

/* Whose word it is, and who asks. */
struct acknowledgement {
    uint64_t campaign;
    uint32_t ordinal;
    bool is_page; /* a person at the link, to be answered by a page: */
    const struct recipient_texts *texts;
};

static void refuse(struct exchange *exchange, const struct acknowledgement *of, unsigned status,
                   const char *detail)
{
    if (of->is_page) {
        recipient_page_refuse(exchange, status, of->texts);
        return;
    }
    exchange_problem(exchange, &(struct problem_reply){.status = status, .detail = detail});
}

static bool read_token(struct exchange *exchange, struct slice text, struct acknowledgement *of)
{
    struct token token;
    enum delivery_token_state state = delivery_token_read(exchange->api, text, &token);
    if (of->is_page) {
        of->texts =
            recipient_page_form_texts(exchange, state == DELIVERY_TOKEN_FORGED ? NULL : &token);
    }
    if (state != DELIVERY_TOKEN_OK) {
        refuse(exchange, of, delivery_token_status(state), delivery_token_sentence(state));
        return false;
    }
    of->campaign = token.campaign;
    of->ordinal = token.ordinal;
    return true;
}

/* ---- deciding ---- */

static void answer(struct exchange *exchange, const struct acknowledgement *of)
{
    struct campaign_view view;
    char id[OBJECT_ID_CHARS + 1];
    bool is_there = engine_campaign(exchange->api->context.engine, of->campaign, &view);
    assert(is_there);
    if (of->is_page) {
        recipient_page_commit(exchange, RECIPIENT_PAGE_THANKS, of->texts, view.def->name);
        return;
    }
    object_id_write(id, OBJECT_CAMPAIGN, of->campaign);
    exchange_commit(exchange, 200, NULL,
                    json_pack("{s:s, s:I, s:s}", "campaign", id, "ordinal", (json_int_t)of->ordinal,
                              "state", "acknowledged"),
                    NULL, NULL);
}

static void acknowledge(struct exchange *exchange)
{
    const struct acknowledgement *of = exchange->resource;
    struct engine *engine = exchange->api->context.engine;
    uint16_t how = of->is_page ? REASON_BY_LINK : REASON_BY_OTHERS;
    switch (
        engine_acknowledge_by(engine, of->campaign, of->ordinal, how, api_now_ms(exchange->api))) {
    case ERR_OK:
        answer(exchange, of);
        return;
    case ERR_CONFLICT:
        refuse(exchange, of, 409, "this campaign has not been launched: nobody knows of it yet");
        return;
    default:
        refuse(exchange, of, 404, "there is no such recipient");
        return;
    }
}

/* The campaign has ended and all that was decided is in the journal by now. */
static void wake_and_acknowledge(struct exchange *exchange)
{
    const struct acknowledgement *of = exchange->resource;
    if (page_is_archived(exchange->api, of->campaign)) {
        refuse(exchange, of, 410, "this campaign is archived: nothing is taken for it any more");
    } else if (page_wake(exchange->api, of->campaign, of->ordinal) == ERR_OK) {
        acknowledge(exchange);
    } else {
        refuse(exchange, of, 503, "the journal of this campaign cannot be read just now");
    }
}

static void begin(struct exchange *exchange, const struct acknowledgement *of)
{
    struct recipient_state state;
    struct acknowledgement *kept = arena_zalloc(exchange->arena, 1, sizeof(*kept));
    *kept = *of;
    exchange->resource = kept;
    if (engine_recipient(exchange->api->context.engine, of->campaign, of->ordinal, &state) ==
        ERR_CLOSED) {
        exchange_read_durable(exchange, wake_and_acknowledge);
    } else {
        acknowledge(exchange);
    }
}

/* ---- the link ---- */

void acknowledgements_show(struct exchange *exchange)
{
    struct acknowledgement of = {.is_page = true};
    struct campaign_view view;
    if (read_token(exchange, slice_str(exchange->parts[0]), &of) &&
        engine_campaign(exchange->api->context.engine, of.campaign, &view)) {
        recipient_page_reply(exchange, 200, RECIPIENT_PAGE_CONFIRM, of.texts, view.def->name);
    }
}

void acknowledgements_confirm(struct exchange *exchange)
{
    struct acknowledgement of = {.is_page = true};
    if (read_token(exchange, slice_str(exchange->parts[0]), &of)) {
        begin(exchange, &of);
    }
}

/* ---- apps and call centres ---- */

struct request {
    const char *token;
    const char *campaign;
    const char *recipient;
};

static enum err read_request_token(struct document_reader *reader, json_t *value)
{
    struct request *request = reader->arg;
    /* One of another length is forged or cut off, and answered so. */
    return document_string(reader, value, 1, SIZE_MAX, &request->token);
}

static enum err read_request_campaign(struct document_reader *reader, json_t *value)
{
    struct request *request = reader->arg;
    return document_line(reader, value, 1, OBJECT_ID_CHARS, &request->campaign);
}

static enum err read_request_recipient(struct document_reader *reader, json_t *value)
{
    struct request *request = reader->arg;
    return document_line(reader, value, 1, SIZE_MAX, &request->recipient);
}

static enum err read_request(json_t *json, struct request *request,
                             struct document_problem *problem)
{
    static const struct document_field fields[] = {
        {"token", false, read_request_token},
        {"campaign", false, read_request_campaign},
        {"recipient", false, read_request_recipient},
        {NULL, false, NULL},
    };
    struct document_reader reader;
    document_reader_init(&reader, problem, request);
    enum err err = document_object(&reader, json, fields);
    bool is_named = request->campaign != NULL && request->recipient != NULL;
    bool is_half = (request->campaign != NULL) != (request->recipient != NULL);
    if (err == ERR_OK && (is_half || is_named == (request->token != NULL))) {
        err = document_refuse(&reader, ERR_INVALID,
                              "give \"token\", or \"campaign\" and \"recipient\"");
    }
    return err;
}

/* False: the request was answered. */
static bool find_recipient(struct exchange *exchange, const struct request *request,
                           struct acknowledgement *of)
{
    const struct api_context *context = &exchange->api->context;
    struct campaign_view view;
    if (!object_id_parse(slice_str(request->campaign), OBJECT_CAMPAIGN, &of->campaign) ||
        !engine_campaign(context->engine, of->campaign, &view)) {
        exchange_not_found(exchange, "campaign", request->campaign);
        return false;
    }
    const struct audience_info *audience =
        audience_registry_find(context->audiences, view.def->audience);
    enum err err =
        audience_find(exchange->api->finder, audience, slice_str(request->recipient), &of->ordinal);
    if (err == ERR_NOT_FOUND) {
        exchange_not_found(exchange, "recipient", request->recipient);
    } else if (err != ERR_OK) {
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
    }
    return err == ERR_OK;
}

void acknowledgements_post(struct exchange *exchange)
{
    struct request request = {0};
    struct acknowledgement of = {0};
    struct document_problem problem;
    json_t *json = NULL;
    enum err err = document_parse(http_body(exchange->http), &json, &problem);
    if (err == ERR_OK) {
        err = read_request(json, &request, &problem);
    }
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
    } else if (request.token != NULL ? read_token(exchange, slice_str(request.token), &of)
                                     : find_recipient(exchange, &request, &of)) {
        begin(exchange, &of);
    }
    json_decref(json);
}
