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

static void spend(unsigned *budget)
{
    *budget -= *budget < REPLY_MATCH_LOOKUP ? *budget : REPLY_MATCH_LOOKUP;
}

static bool take_sharer(void *arg, uint32_t ordinal, unsigned rank)
{
    struct reply_sharers *sharers = arg;
    (void)rank;
    sharers->ordinals[sharers->count++] = ordinal;
    return sharers->count < REPLY_SHARERS_MAX;
}

/* Who of the audience has the endpoint. */
static enum err find_sharers(const struct api *api, uint64_t audience, const struct reply *reply,
                             unsigned *budget, struct reply_search *search,
                             const struct reply_sharers **out)
{
    const struct audience_info *info = audience_registry_find(api->context.audiences, audience);
    struct reply_sharers *sharers = search->known;
    unsigned at = 0;
    while (at < REPLY_AUDIENCES_KNOWN && search->known[at].audience != audience) {
        at++;
    }
    if (at < REPLY_AUDIENCES_KNOWN) {
        *out = &search->known[at];
        return ERR_OK;
    }
    sharers = &search->known[search->next];
    *sharers = (struct reply_sharers){0};
    spend(budget);
    enum err err =
        info == NULL
            ? ERR_OK
            : endpoint_index_find(api->context.ledger, info, channel_kind_field(reply->channel),
                                  slice_str(reply->endpoint), take_sharer, sharers);
    if (err == ERR_OK) {
        sharers->audience = audience;
        search->next = (search->next + 1) % REPLY_AUDIENCES_KNOWN;
        *out = sharers;
    }
    return err;
}

/* A place that is a hole was sent nothing. */
static enum err was_sent(struct api *api, const struct reply_match *match, unsigned *budget)
{
    struct engine *engine = api->context.engine;
    struct recipient_state state;
    enum err err = engine_recipient(engine, match->campaign, match->ordinal, &state);
    if (err == ERR_CLOSED) {
        spend(budget);
        err = page_wake(api, match->campaign, match->ordinal);
        if (err == ERR_OK) {
            err = engine_recipient(engine, match->campaign, match->ordinal, &state);
        }
    }
    return err == ERR_OK && !engine_is_messaged(&state) ? ERR_NOT_FOUND : err;
}

static enum err ask_sharers(struct api *api, const struct campaign_view *view,
                            const struct reply *reply, unsigned *budget,
                            struct reply_search *search, struct reply_match *match)
{
    const struct reply_sharers *sharers = NULL;
    enum err err = find_sharers(api, view->def->audience, reply, budget, search, &sharers);
    if (err != ERR_OK) {
        return err;
    }
    match->campaign = view->def->id;
    err = ERR_NOT_FOUND;
    for (unsigned i = 0; i < sharers->count && err == ERR_NOT_FOUND; i++) {
        match->ordinal = sharers->ordinals[i];
        err = was_sent(api, match, budget);
    }
    return err;
}

enum err reply_match_endpoint(struct api *api, const struct reply *reply, uint64_t within_ms,
                              struct arena *arena, unsigned *budget, struct reply_search *search,
                              struct reply_match *match)
{
    const struct campaign_document *document;
    search->before = search->before == 0 ? UINT64_MAX : search->before;
    while ((document = campaign_registry_previous(api->context.campaigns, search->before)) !=
           NULL) {
        struct campaign_view view;
        if (*budget == 0) {
            return ERR_BUSY;
        }
        (*budget)--;
        search->before = campaign_document_def(document)->id;
        if (!sent_lately(api, search->before, reply->channel, within_ms, &view)) {
            continue;
        }
        enum err err = ask_sharers(api, &view, reply, budget, search, match);
        if (err != ERR_NOT_FOUND) {
            return err == ERR_OK ? read_key(api, view.def->audience, arena, match) : err;
        }
    }
    return ERR_NOT_FOUND;
}
