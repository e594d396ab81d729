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

/* Of no campaign that is there: ours, if it was written under any key of ours. */
static bool is_of_any_key(const struct api *api, struct slice text, struct token *token)
{
    const struct delivery_keys *keys = api->context.delivery_keys;
    for (uint32_t number = keys->count; number > 0; number--) {
        if (token_read(text, delivery_keys_at(keys, number)->bytes, token)) {
            return true;
        }
    }
    return false;
}

/* A campaign's tokens are of its own key alone: whoever got hold of an older one can forge none. */
static bool is_genuine(const struct api *api, struct slice text, struct token *token)
{
    uint64_t campaign;
    if (!token_claims(text, &campaign)) {
        return false;
    }
    const struct campaign_document *document =
        campaign_registry_find(api->context.campaigns, campaign);
    if (document == NULL) {
        return is_of_any_key(api, text, token);
    }
    const struct delivery_key *key =
        delivery_keys_at(api->context.delivery_keys, campaign_document_delivery_key(document));
    return key != NULL && token_read(text, key->bytes, token);
}

enum delivery_token_state delivery_token_read(struct api *api, struct slice text,
                                              struct token *token)
{
    struct campaign_view view;
    if (!is_genuine(api, text, token)) {
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
