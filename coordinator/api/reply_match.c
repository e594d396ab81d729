/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/reply_match.h"

#include <string.h>
#include <strings.h>

#include "coordinator/api/code_ranges.h"
#include "coordinator/api/delivery_token.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/audience/endpoint_index.h"
#include "coordinator/report/page_reader.h"

/* Addresses that differ in case alone reach the same person. */
static bool is_endpoint(enum page_field field, struct slice value, const char *endpoint)
{
    size_t len = strlen(endpoint);
    if (field != PAGE_FIELD_EMAIL || value.len != len) {
        return slice_is(value, endpoint);
    }
    return strncasecmp((const char *)value.data, endpoint, len) == 0;
}

/* At any rank. */
static bool has_endpoint(const struct page_view *view, const struct page_schema *schema,
                         const struct reply *reply)
{
    enum page_field field = channel_kind_field(reply->channel);
    int column;
    for (unsigned rank = 0; (column = page_schema_endpoint(schema, field, rank)) >= 0; rank++) {
        if (is_endpoint(field, page_value(view, (unsigned)column), reply->endpoint)) {
            return true;
        }
    }
    return false;
}

static enum err check_owner(const struct api *api, const struct audience_info *info,
                            const struct reply *reply, struct arena *arena,
                            struct reply_match *match)
{
    struct page_reader reader;
    page_reader_init(&reader, api->context.ledger, info->id);
    enum err err = page_reader_seek(&reader, match->ordinal);
    if (err == ERR_NOT_FOUND) {
        err = ERR_CORRUPT; /* the audience has so many places */
    } else if (err == ERR_OK && !has_endpoint(&reader.view, &info->schema, reply)) {
        err = ERR_NOT_FOUND;
    } else if (err == ERR_OK) {
        match->key = arena_str(arena, page_value(&reader.view, 0));
    }
    page_reader_release(&reader);
    return err;
}

static bool takes_replies(const struct api *api, uint64_t campaign, struct campaign_view *view)
{
    return engine_campaign(api->context.engine, campaign, view) && view->state != CAMPAIGN_DRAFT &&
           view->state != CAMPAIGN_SCHEDULED && code_ranges_is_held(api, campaign);
}

/* The code is one of the campaign's, and of no other's. */
static enum err ask_campaign(const struct api *api, const struct campaign_document *document,
                             const struct reply *reply, struct arena *arena,
                             struct reply_match *match)
{
    const struct api_context *context = &api->context;
    const uint64_t campaign = campaign_document_def(document)->id;
    struct campaign_view view;
    struct reply_codes codes;
    if (!takes_replies(api, campaign, &view)) {
        return ERR_NOT_FOUND;
    }
    const struct audience_info *info =
        audience_registry_find(context->audiences, view.def->audience);
    reply_codes_init(
        &codes, campaign_document_reply_range(document), campaign,
        delivery_keys_at(context->delivery_keys, campaign_document_delivery_key(document))->bytes);
    match->campaign = campaign;
    if (info == NULL || !reply_code_owner(&codes, &reply->code, &match->ordinal) ||
        match->ordinal >= view.def->slots) {
        return ERR_NOT_FOUND;
    }
    return check_owner(api, info, reply, arena, match);
}

enum err reply_match_find(const struct api *api, const struct reply *reply, struct arena *arena,
                          unsigned *budget, uint64_t *after, struct reply_match *match)
{
    const struct campaign_document *document;
    while ((document = campaign_registry_next(api->context.campaigns, *after)) != NULL) {
        if (*budget == 0) {
            return ERR_BUSY;
        }
        (*budget)--;
        *after = campaign_document_def(document)->id;
        if (reply_range_has(campaign_document_reply_range(document), &reply->code)) {
            return ask_campaign(api, document, reply, arena, match);
        }
    }
    return ERR_NOT_FOUND;
}

/* ---- without a code ---- */

static enum err read_key(const struct api *api, uint64_t audience, struct arena *arena,
                         struct reply_match *match)
{
    struct page_reader reader;
    page_reader_init(&reader, api->context.ledger, audience);
    enum err err = page_reader_seek(&reader, match->ordinal);
    if (err == ERR_OK) {
        match->key = arena_str(arena, page_value(&reader.view, 0));
    }
    page_reader_release(&reader);
    return err;
}

enum err reply_match_token(struct api *api, struct slice text, struct arena *arena,
                           struct reply_match *match)
{
    struct token token;
    struct campaign_view view;
    enum delivery_token_state state = delivery_token_read(api, text, &token);
    if ((state != DELIVERY_TOKEN_OK && state != DELIVERY_TOKEN_EXPIRED) ||
        !engine_campaign(api->context.engine, token.campaign, &view) ||
        token.ordinal >= view.def->slots) {
        return ERR_NOT_FOUND;
    }
    match->campaign = token.campaign;
    match->ordinal = token.ordinal;
    return read_key(api, view.def->audience, arena, match);
}

static bool sent_lately(const struct api *api, uint64_t campaign, enum channel_kind channel,
                        uint64_t within_ms, struct campaign_view *view)
{
    bool is_there = engine_campaign(api->context.engine, campaign, view) && view->launched_ms != 0;
    bool is_asked = false;
    for (unsigned s = 0; is_there && s < view->def->plan.step_count; s++) {
        is_asked = is_asked || view->def->plan.steps[s].channel == (uint8_t)channel;
    }
    uint64_t now_ms = api_now_ms(api);
    return is_asked &&
           (view->ended_ms == 0 || now_ms < view->ended_ms || now_ms - view->ended_ms <= within_ms);
}

struct sharers {
    struct api *api;
    struct reply_match *match;
    unsigned *budget;
    bool is_found;
    enum err err;
};

/* A place that is a hole was sent nothing. */
static bool take_sharer(void *arg, uint32_t ordinal, unsigned rank)
{
    struct sharers *sharers = arg;
    struct engine *engine = sharers->api->context.engine;
    struct recipient_state state;
    (void)rank;
    enum err err = engine_recipient(engine, sharers->match->campaign, ordinal, &state);
    if (err == ERR_CLOSED) {
        *sharers->budget -=
            REPLY_MATCH_LOOKUP < *sharers->budget ? REPLY_MATCH_LOOKUP : *sharers->budget;
        sharers->err = page_wake(sharers->api, sharers->match->campaign, ordinal);
        err = sharers->err == ERR_OK
                  ? engine_recipient(engine, sharers->match->campaign, ordinal, &state)
                  : sharers->err;
    }
    if (err == ERR_OK && engine_is_messaged(&state)) {
        sharers->match->ordinal = ordinal;
        sharers->is_found = true;
    }
    return !sharers->is_found && sharers->err == ERR_OK && *sharers->budget > 0;
}

static enum err ask_endpoint(struct api *api, const struct campaign_view *view,
                             enum channel_kind channel, const char *endpoint, unsigned *budget,
                             struct reply_match *match)
{
    struct sharers sharers = {.api = api, .match = match, .budget = budget};
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, view->def->audience);
    match->campaign = view->def->id;
    enum err err = info == NULL
                       ? ERR_NOT_FOUND
                       : endpoint_index_find(api->context.ledger, info, channel_kind_field(channel),
                                             slice_str(endpoint), take_sharer, &sharers);
    err = err == ERR_OK ? sharers.err : err;
    return err == ERR_OK && !sharers.is_found ? ERR_NOT_FOUND : err;
}

enum err reply_match_endpoint(struct api *api, enum channel_kind channel, const char *endpoint,
                              uint64_t within_ms, struct arena *arena, unsigned *budget,
                              uint64_t *before, struct reply_match *match)
{
    const struct campaign_document *document;
    while ((document = campaign_registry_previous(api->context.campaigns, *before)) != NULL) {
        struct campaign_view view;
        const uint64_t campaign = campaign_document_def(document)->id;
        if (*budget < REPLY_MATCH_LOOKUP) {
            return ERR_BUSY;
        }
        *before = campaign;
        if (!sent_lately(api, campaign, channel, within_ms, &view)) {
            (*budget)--;
            continue;
        }
        *budget -= REPLY_MATCH_LOOKUP;
        enum err err = ask_endpoint(api, &view, channel, endpoint, budget, match);
        if (err != ERR_NOT_FOUND) {
            return err == ERR_OK ? read_key(api, view.def->audience, arena, match) : err;
        }
    }
    return ERR_NOT_FOUND;
}
