/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /r/{provider}/{token}: the callback of a provider. The token is that of the attempt, so a receipt
 * needs no look-up and no password; a forged one is refused before anything is looked at. Receipts
 * come in floods: one costs a MAC, a word in the engine and a share of a record. It is answered
 * when that record is on disk. Whoever waits holds his connection, and a connection carries one
 * request, so no more can wait than there are connections: what comes beyond is left in the
 * kernel's hands until there is room. Nothing is queued, and nothing is lost.
 */
#include <string.h>

#include "coordinator/api/exchange.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/api/receipts.h"
#include "coordinator/api/resources.h"

#define RANK_SHIFT 4 /* recipient_attempt_number */

unsigned receipts_provider(const struct api *api, const char *name)
{
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        if (strcmp(api->context.providers[i].name, name) == 0) {
            return api->context.providers[i].id;
        }
    }
    return RECEIPTS_NO_PROVIDER;
}

enum delivery_token_state receipts_read_token(struct api *api, struct slice text,
                                              struct receipt *receipt)
{
    struct token token;
    enum delivery_token_state state = delivery_token_read(api, text, &token);
    if (state == DELIVERY_TOKEN_FORGED) {
        api->receipts[receipt->provider].forged++;
        return state;
    }
    receipt->campaign = token.campaign;
    receipt->ordinal = token.ordinal;
    receipt->step = token.step;
    receipt->round = token.round;
    receipt->attempt = token.attempt;
    return state;
}

/* Of whoever stands on both steps of a pair: on the one whose channel the provider sends on. */
static enum err newest_attempt(struct api *api, const struct receipt *of,
                               struct recipient_state *state)
{
    struct campaign_view view;
    const struct wire_provider *provider = exchange_provider(api, of->provider);
    enum err err = engine_recipient(api->context.engine, of->campaign, of->ordinal, state);
    for (unsigned t = 0; err == ERR_OK && provider != NULL && t < 2; t++) {
        struct recipient_state track;
        if (engine_track(api->context.engine, of->campaign, of->ordinal, t == 1, &track) &&
            engine_campaign(api->context.engine, of->campaign, &view) &&
            view.def->plan.steps[track.step].channel == provider->channel &&
            view.def->plan.steps[state->step].channel != provider->channel) {
            *state = track;
        }
    }
    return err;
}

void receipts_find_newest(const struct api *api, struct receipt *receipt)
{
    unsigned rank = (unsigned)receipt->attempt >> RANK_SHIFT;
    for (unsigned t = 0; t < 2; t++) {
        struct recipient_state state;
        if (engine_track(api->context.engine, receipt->campaign, receipt->ordinal, t == 1,
                         &state) &&
            state.step == receipt->step && state.endpoint == rank) {
            receipt->attempt = recipient_attempt_number(&state);
            return;
        }
    }
}

/* Where it went is known by its place; hard_failures reads the address, and says what counts. */
static void mark_endpoint(struct api *api, const struct receipt *of)
{
    struct campaign_view view;
    bool is_complaint = of->kind == RECEIPT_COMPLAINED;
    bool is_failure = of->kind == RECEIPT_FAILED || of->kind == RECEIPT_BOUNCED;
    if (api->context.hard_failures == NULL || !(is_complaint || is_failure) ||
        !engine_campaign(api->context.engine, of->campaign, &view) ||
        of->step >= view.def->plan.step_count) {
        return;
    }
    hard_failures_add(api->context.hard_failures,
                      &(struct hard_failure){
                          .campaign = of->campaign,
                          .audience = view.def->audience,
                          .ordinal = of->ordinal,
                          .channel = (uint8_t)view.def->plan.steps[of->step].channel,
                          .rank = (uint8_t)(of->attempt >> RANK_SHIFT),
                          .reason = is_complaint ? REASON_RECEIPT_COMPLAINED : of->reason,
                      });
}

enum err receipts_decide(struct api *api, const struct receipt *receipt)
{
    struct receipt of = *receipt;
    enum err err = ERR_OK;
    if (receipt->step == RECEIPTS_NEWEST) {
        struct recipient_state state = {0};
        err = newest_attempt(api, &of, &state);
        of.step = state.step;
        of.attempt = recipient_attempt_number(&state);
        of.round = (uint8_t)engine_recipient_round(api->context.engine, of.campaign, of.ordinal);
    }
    if (err == ERR_OK) {
        err = engine_receipt(api->context.engine, &of, api_now_ms(api));
    }
    if (err == ERR_OK) {
        api->receipts[receipt->provider].taken[receipt->kind]++;
        mark_endpoint(api, &of);
    }
    return err;
}

static void refuse(struct exchange *exchange, unsigned provider, unsigned status,
                   const char *detail)
{
    exchange->api->receipts[provider].refused++;
    exchange_problem(exchange, &(struct problem_reply){.status = status, .detail = detail});
}

static void wake_and_decide(struct exchange *exchange);

static void decide(struct exchange *exchange, const struct receipt *receipt)
{
    switch (receipts_decide(exchange->api, receipt)) {
    case ERR_OK:
        exchange_commit_bare(exchange);
        return;
    case ERR_CONFLICT:
        refuse(exchange, receipt->provider, 404,
               "the campaign has not been launched: nothing was sent that could have a receipt");
        return;
    case ERR_CLOSED: /* it ended just now: its journal must be complete before its page is folded */
        exchange_read_durable(exchange, wake_and_decide);
        return;
    default:
        refuse(exchange, receipt->provider, 404,
               "there is no such recipient, or nothing was sent to him that this could be of");
        return;
    }
}

/* The campaign has ended and all that was decided is in the journal by now. */
static void wake_and_decide(struct exchange *exchange)
{
    const struct receipt *receipt = exchange->resource;
    if (page_is_archived(exchange->api, receipt->campaign)) {
        refuse(exchange, receipt->provider, 410, "the campaign is archived");
        return;
    }
    if (page_wake(exchange->api, receipt->campaign, receipt->ordinal) == ERR_OK) {
        decide(exchange, receipt);
    } else {
        refuse(exchange, receipt->provider, 503,
               "the journal of this campaign cannot be read just now");
    }
}

/* A GET is taken, as many gateways have nothing else. */
bool receipts_is_head(struct exchange *exchange)
{
    if (strcmp(http_method(exchange->http), "HEAD") != 0) {
        return false;
    }
    http_reply_header(exchange->http, "Allow", "POST, GET");
    exchange_problem(exchange,
                     &(struct problem_reply){.status = 405, .detail = "this path takes POST, GET"});
    return true;
}

static bool read_receipt(struct exchange *exchange, struct receipt *receipt)
{
    struct http_request *http = exchange->http;
    struct receipt_report report;
    struct problem problem = {0};
    receipt->provider = (uint8_t)receipts_provider(exchange->api, exchange->parts[0]);
    enum delivery_token_state token =
        receipts_read_token(exchange->api, slice_str(exchange->parts[1]), receipt);
    if (token == DELIVERY_TOKEN_FORGED) {
        exchange_problem(exchange,
                         &(struct problem_reply){.status = delivery_token_status(token),
                                                 .detail = delivery_token_sentence(token)});
        return false;
    }
    if (token != DELIVERY_TOKEN_OK) {
        refuse(exchange, receipt->provider, delivery_token_status(token),
               delivery_token_sentence(token));
        return false;
    }
    if (receipt->provider == RECEIPTS_NO_PROVIDER) {
        refuse(
            exchange, receipt->provider, 404,
            arena_printf(exchange->arena, "there is no provider \"%.200s\"", exchange->parts[0]));
        return false;
    }
    enum err err = receipt_report_read(&report, http_query(http), http_header(http, "Content-Type"),
                                       http_body(http), exchange->arena, &problem);
    if (err != ERR_OK) {
        refuse(exchange, receipt->provider, err == ERR_INVALID ? 400 : 415,
               arena_str(exchange->arena, slice_str(problem.text)));
    }
    receipt->kind = report.status;
    receipt->reason = report.reason;
    return err == ERR_OK;
}

void receipts_take(struct exchange *exchange)
{
    struct receipt *receipt = arena_zalloc(exchange->arena, 1, sizeof(*receipt));
    if (receipts_is_head(exchange) || !read_receipt(exchange, receipt)) {
        return;
    }
    exchange->resource = receipt;
    decide(exchange, receipt);
}
