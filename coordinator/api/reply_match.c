/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/reply_match.h"

#include <string.h>
#include <strings.h>

#include "coordinator/api/page_wake.h"
#include "coordinator/audience/endpoint_index.h"
#include "coordinator/report/page_reader.h"

/* Recipients of one campaign who may have one endpoint, as families and offices do. Further ones
 * are not asked for. */
#define CANDIDATES_MAX 64

struct search {
    const struct api *api;
    const struct reply *reply;
    struct arena *arena;
    uint64_t campaign; /* that is looked at, and its key */
    const uint8_t *token_key;
    unsigned count; /* of the candidates: who has the code, and by its hash the endpoint */
    uint32_t candidates[CANDIDATES_MAX];
    uint8_t ranks[CANDIDATES_MAX];
    unsigned found;
    struct reply_match *match;
};

static bool note_candidate(void *arg, uint32_t ordinal, unsigned rank)
{
    struct search *search = arg;
    char code[REPLY_CODE_CHARS];
    reply_code_write(search->campaign, ordinal, search->token_key, code);
    if (memcmp(code, search->reply->code, sizeof(code)) == 0) {
        search->candidates[search->count] = ordinal;
        search->ranks[search->count++] = (uint8_t)rank;
    }
    return search->count < CANDIDATES_MAX;
}

/* Addresses that differ in case alone reach the same person. */
static bool is_endpoint(enum page_field field, struct slice value, const char *endpoint)
{
    size_t len = strlen(endpoint);
    if (field != PAGE_FIELD_EMAIL || value.len != len) {
        return slice_is(value, endpoint);
    }
    return strncasecmp((const char *)value.data, endpoint, len) == 0;
}

/* The index knows hashes alone: whether the endpoint is really theirs, their pages say. */
static enum err check_candidates(struct search *search, const struct audience_info *info)
{
    enum page_field field = channel_kind_field(search->reply->channel);
    struct page_reader reader;
    enum err err = ERR_OK;
    page_reader_init(&reader, search->api->context.ledger, info->id);
    for (unsigned i = 0; i < search->count && err == ERR_OK; i++) {
        int column = page_schema_endpoint(&info->schema, field, search->ranks[i]);
        err = page_reader_seek(&reader, search->candidates[i]);
        if (err != ERR_OK || column < 0 ||
            !is_endpoint(field, page_value(&reader.view, (unsigned)column),
                         search->reply->endpoint)) {
            continue;
        }
        bool is_known = search->found > 0 && search->match->campaign == search->campaign &&
                        search->match->ordinal == search->candidates[i]; /* at another rank */
        search->found += !is_known;
        *search->match =
            (struct reply_match){search->campaign, search->candidates[i],
                                 arena_str(search->arena, page_value(&reader.view, 0))};
    }
    page_reader_release(&reader);
    return err;
}

static enum err search_campaign(struct search *search, const struct campaign_view *view)
{
    const struct api_context *context = &search->api->context;
    const struct campaign_document *document =
        campaign_registry_find(context->campaigns, view->def->id);
    const struct audience_info *info =
        audience_registry_find(context->audiences, view->def->audience);
    if (document == NULL || info == NULL) {
        return ERR_OK;
    }
    search->campaign = view->def->id;
    search->token_key =
        delivery_keys_at(context->delivery_keys, campaign_document_delivery_key(document))->bytes;
    search->count = 0;
    enum err err =
        endpoint_index_find(context->ledger, info, channel_kind_field(search->reply->channel),
                            slice_str(search->reply->endpoint), note_candidate, search);
    return err == ERR_OK ? check_candidates(search, info) : err;
}

static bool is_under_way(const struct campaign_view *view)
{
    return view->state == CAMPAIGN_RUNNING || view->state == CAMPAIGN_PAUSED;
}

static bool is_over(const struct campaign_view *view)
{
    return view->state == CAMPAIGN_FINISHED || view->state == CAMPAIGN_CANCELLED;
}

static enum err search_all(struct search *search,
                           bool (*is_asked)(const struct campaign_view *view))
{
    struct engine *engine = search->api->context.engine;
    enum err err = ERR_OK;
    for (uint64_t id = engine_next_campaign(engine, 0); id != 0 && err == ERR_OK;
         id = engine_next_campaign(engine, id)) {
        struct campaign_view view;
        if (engine_campaign(engine, id, &view) && is_asked(&view) &&
            !page_is_archived(search->api, id)) {
            err = search_campaign(search, &view);
        }
    }
    return err;
}

enum err reply_match_find(const struct api *api, const struct reply *reply, struct arena *arena,
                          struct reply_match *match)
{
    struct search search = {.api = api, .reply = reply, .arena = arena, .match = match};
    enum err err = search_all(&search, is_under_way);
    if (err == ERR_OK && search.found == 0) {
        err = search_all(&search, is_over);
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* the index has it, the page is gone */
    }
    return search.found == 0 ? ERR_NOT_FOUND : search.found == 1 ? ERR_OK : ERR_CONFLICT;
}
