/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/decisions.h"

#include "coordinator/api/delivery_token.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/api/receipts.h"

#define WAKES_AT_ONCE 16  /* pages folded before the loop has its turn */
#define LOOK_AHEAD    256 /* decisions looked at for them */

const char *decision_sentence(enum err err)
{
    switch (err) {
    case ERR_OK:
        return NULL;
    case ERR_UNAUTHORIZED:
        return delivery_token_sentence(DELIVERY_TOKEN_FORGED);
    case ERR_NOT_FOUND:
        return "there is no such recipient, or nothing was sent to him that this could be of";
    case ERR_CONFLICT:
        return "the campaign has not been launched";
    case ERR_LIMIT:
        return "the campaign is archived";
    default:
        return "the journal of this campaign cannot be read just now";
    }
}

unsigned decision_status(enum err err)
{
    switch (err) {
    case ERR_OK:
        return 204;
    case ERR_UNAUTHORIZED:
        return delivery_token_status(DELIVERY_TOKEN_FORGED);
    case ERR_NOT_FOUND:
    case ERR_CONFLICT:
        return 404;
    case ERR_LIMIT:
        return 410;
    default:
        return 503;
    }
}

static void settle(struct exchange *exchange, struct decision *decision, enum err err)
{
    decision->is_settled = true;
    decision->err = err;
    if (err == ERR_OK) {
        exchange->decisions->taken++;
    } else if (!decision->is_acknowledgement) {
        exchange->api->receipts[decision->receipt.provider].refused++;
    }
}

/* Before anything is decided: a page that is folded must have all that was decided of it. */
static void wake_pages(struct exchange *exchange)
{
    const struct api *api = exchange->api;
    struct decisions *decisions = exchange->decisions;
    struct recipient_state state;
    unsigned wakes = 0;
    unsigned end = decisions->next + LOOK_AHEAD < decisions->count ? decisions->next + LOOK_AHEAD
                                                                   : decisions->count;
    for (unsigned i = decisions->next; i < end && wakes < WAKES_AT_ONCE; i++) {
        struct decision *decision = &decisions->list[i];
        const struct receipt *of = &decision->receipt;
        if (decision->is_settled || engine_recipient(api->context.engine, of->campaign, of->ordinal,
                                                     &state) != ERR_CLOSED) {
            continue;
        }
        wakes++;
        enum err err = page_is_archived(api, of->campaign)
                           ? ERR_LIMIT
                           : page_wake(api, of->campaign, of->ordinal);
        if (err != ERR_OK) {
            settle(exchange, decision, err);
        }
    }
}

static enum err decide(struct exchange *exchange, struct decision *decision)
{
    struct receipt *of = &decision->receipt;
    if (decision->is_newest) {
        receipts_find_newest(exchange->api, of);
    }
    return decision->is_acknowledgement
               ? engine_acknowledge_by(exchange->api->context.engine, of->campaign, of->ordinal,
                                       REASON_BY_KEY, api_now_ms(exchange->api))
               : receipts_decide(exchange->api, of);
}

/* All that was decided before is in the journal by now. */
static void decide_all(struct exchange *exchange)
{
    struct decisions *decisions = exchange->decisions;
    wake_pages(exchange);
    for (; decisions->next < decisions->count; decisions->next++) {
        struct decision *decision = &decisions->list[decisions->next];
        if (decision->is_settled) {
            continue;
        }
        enum err err = decide(exchange, decision);
        if (err == ERR_CLOSED) {
            exchange_read_durable(exchange, decide_all);
            return;
        }
        settle(exchange, decision, err);
    }
    decisions->all_decided(exchange);
}

/* Nobody's campaign has ended: no page has to be woken, and nothing waited for. */
static bool is_all_awake(struct exchange *exchange)
{
    const struct decisions *decisions = exchange->decisions;
    struct recipient_state state;
    for (unsigned i = 0; i < decisions->count; i++) {
        const struct receipt *of = &decisions->list[i].receipt;
        if (!decisions->list[i].is_settled &&
            engine_recipient(exchange->api->context.engine, of->campaign, of->ordinal, &state) ==
                ERR_CLOSED) {
            return false;
        }
    }
    return true;
}

void decisions_make(struct exchange *exchange, struct decisions *decisions)
{
    exchange->decisions = decisions;
    if (is_all_awake(exchange)) {
        decide_all(exchange);
    } else {
        exchange_read_durable(exchange, decide_all);
    }
}
