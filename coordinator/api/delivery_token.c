/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/delivery_token.h"

#include "coordinator/api/page_wake.h"

static const struct {
    unsigned status;
    const char *sentence;
} refusals[] = {
    [DELIVERY_TOKEN_OK] = {0, NULL},
    [DELIVERY_TOKEN_FORGED] = {403, "this is no token of this cluster, or not all of it"},
    [DELIVERY_TOKEN_UNKNOWN] = {404, "there is no campaign that this token could be of"},
    [DELIVERY_TOKEN_EXPIRED] = {410, "the campaign is archived: nothing is taken in for it any "
                                     "more (archive_after)"},
};

enum delivery_token_state delivery_token_read(struct api *api, struct slice text,
                                              struct token *token)
{
    struct campaign_view view;
    if (!token_read(text, ledger_token_key(api->context.ledger), token)) {
        api->forged_tokens++;
        return DELIVERY_TOKEN_FORGED;
    }
    if (!engine_campaign(api->context.engine, token->campaign, &view)) {
        return DELIVERY_TOKEN_UNKNOWN;
    }
    return page_is_archived(api, token->campaign) ? DELIVERY_TOKEN_EXPIRED : DELIVERY_TOKEN_OK;
}

unsigned delivery_token_status(enum delivery_token_state state)
{
    return refusals[state].status;
}

const char *delivery_token_sentence(enum delivery_token_state state)
{
    return refusals[state].sentence;
}
