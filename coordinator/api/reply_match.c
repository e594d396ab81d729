/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/reply_match.h"

#include <string.h>
#include <strings.h>

#include "coordinator/api/code_ranges.h"
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
