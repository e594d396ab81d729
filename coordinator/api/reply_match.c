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

struct asking {
    const struct api *api;
    const struct reply *reply;
    struct arena *arena;
    uint64_t campaign; /* that is looked at, and its key */
    const uint8_t *token_key;
    unsigned count; /* of the candidates: who has the code, and by its hash the endpoint */
    uint32_t candidates[CANDIDATES_MAX];
    uint8_t ranks[CANDIDATES_MAX];
    struct reply_search *search;
};

static bool note_candidate(void *arg, uint32_t ordinal, unsigned rank)
{
    struct asking *asking = arg;
    char code[REPLY_CODE_CHARS];
    reply_code_write(asking->campaign, ordinal, asking->token_key, code);
    if (memcmp(code, asking->reply->code, sizeof(code)) == 0) {
        asking->candidates[asking->count] = ordinal;
        asking->ranks[asking->count++] = (uint8_t)rank;
    }
    return asking->count < CANDIDATES_MAX;
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
static enum err check_candidates(struct asking *asking, const struct audience_info *info)
{
    enum page_field field = channel_kind_field(asking->reply->channel);
    struct page_reader reader;
    enum err err = ERR_OK;
    page_reader_init(&reader, asking->api->context.ledger, info->id);
    for (unsigned i = 0; i < asking->count && err == ERR_OK; i++) {
        int column = page_schema_endpoint(&info->schema, field, asking->ranks[i]);
        err = page_reader_seek(&reader, asking->candidates[i]);
        if (err != ERR_OK || column < 0 ||
            !is_endpoint(field, page_value(&reader.view, (unsigned)column),
                         asking->reply->endpoint)) {
            continue;
        }
        bool is_known =
            asking->search->found > 0 && asking->search->match.campaign == asking->campaign &&
            asking->search->match.ordinal == asking->candidates[i]; /* at another rank */
        asking->search->found += !is_known;
        asking->search->match =
            (struct reply_match){asking->campaign, asking->candidates[i],
                                 arena_str(asking->arena, page_value(&reader.view, 0))};
    }
    page_reader_release(&reader);
    return err;
}

static enum err ask_campaign(struct asking *asking, const struct campaign_view *view)
{
    const struct api_context *context = &asking->api->context;
    const struct campaign_document *document =
        campaign_registry_find(context->campaigns, view->def->id);
    const struct audience_info *info =
        audience_registry_find(context->audiences, view->def->audience);
    if (document == NULL || info == NULL) {
        return ERR_OK;
    }
    asking->campaign = view->def->id;
    asking->token_key =
        delivery_keys_at(context->delivery_keys, campaign_document_delivery_key(document))->bytes;
    asking->count = 0;
    enum err err =
        endpoint_index_find(context->ledger, info, channel_kind_field(asking->reply->channel),
                            slice_str(asking->reply->endpoint), note_candidate, asking);
    return err == ERR_OK ? check_candidates(asking, info) : err;
}

static bool is_under_way(const struct campaign_view *view)
{
    return view->state == CAMPAIGN_RUNNING || view->state == CAMPAIGN_PAUSED;
}

static bool is_over(const struct campaign_view *view)
{
    return view->state == CAMPAIGN_FINISHED || view->state == CAMPAIGN_CANCELLED;
}

static enum err ask_all(struct asking *asking, unsigned *budget,
                        bool (*is_asked)(const struct campaign_view *view))
{
    struct engine *engine = asking->api->context.engine;
    struct reply_search *search = asking->search;
    enum err err = ERR_OK;
    uint64_t id;
    while (err == ERR_OK && (id = engine_next_campaign(engine, search->after)) != 0) {
        struct campaign_view view;
        if (*budget == 0) {
            return ERR_BUSY;
        }
        search->after = id;
        (*budget)--;
        if (engine_campaign(engine, id, &view) && is_asked(&view) &&
            !page_is_archived(asking->api, id)) {
            err = ask_campaign(asking, &view);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* the index has it, the page is gone */
}

enum err reply_match_find(const struct api *api, const struct reply *reply, struct arena *arena,
                          unsigned *budget, struct reply_search *search)
{
    struct asking asking = {.api = api, .reply = reply, .arena = arena, .search = search};
    enum err err = ERR_OK;
    if (!search->is_of_ended) {
        err = ask_all(&asking, budget, is_under_way);
        if (err == ERR_OK && search->found == 0) {
            search->is_of_ended = true;
            search->after = 0;
        }
    }
    if (err == ERR_OK && search->is_of_ended) {
        err = ask_all(&asking, budget, is_over);
    }
    if (err != ERR_OK) {
        return err;
    }
    return search->found == 0 ? ERR_NOT_FOUND : search->found == 1 ? ERR_OK : ERR_CONFLICT;
}
