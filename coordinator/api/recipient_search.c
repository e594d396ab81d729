/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place in the search is (campaign, rank, ordinal), packed into 64 bits: audiences never change,
 * so their indexes give the same order again. Of a recipient who has the endpoint more than once
 * only the first rank counts.
 *
 * What is remembered of an audience are its first FOUND_MAX matches. Where there are more (one
 * number for a whole house), those behind are looked up again for each campaign.
 */
#include "coordinator/api/recipient_search.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

#include "common/mem.h"
#include "coordinator/audience/endpoint_index.h"
#include "coordinator/report/page_reader.h"

#define FOUND_MAX     8
#define ORDINAL_BITS  32
#define RANK_BITS     4
#define CAMPAIGN_BITS (64 - RANK_BITS - ORDINAL_BITS)

_Static_assert(ENDPOINT_RANKS_MAX == 1 << RANK_BITS, "a rank has its bits in a place");

struct found {
    struct endpoint_place place;
    const char *key; /* NULL: the page has another value there, only the hash is the same */
};

/* What an audience has from a place on, in order. */
struct audience_found {
    uint64_t audience;
    unsigned count;
    bool has_more; /* behind the last of them */
    struct found found[FOUND_MAX];
    UT_hash_handle hh;
};

struct recipient_search {
    struct api *api;
    const struct recipient_query *query;
    struct arena *arena;
    uint64_t hash; /* of an endpoint, at rank 0 */
    uint64_t only; /* campaign; 0: any */
    uint64_t campaign;
    struct endpoint_place from;
    struct audience_found *audiences; /* by id, each from its beginning */
    struct audience_found rest;       /* of an audience that has more, from a place on */
    struct endpoint_place rest_from;
    unsigned asked;
};

struct recipient_search *recipient_search_new(struct api *api, const struct recipient_query *query,
                                              struct arena *arena, uint64_t position,
                                              uint64_t campaign)
{
    struct recipient_search *search = mem_zalloc(1, sizeof(*search));
    search->api = api;
    search->query = query;
    search->arena = arena;
    search->only = campaign;
    search->hash =
        endpoint_hash(ledger_lookup_key(api->context.ledger), channel_kind_field(query->channel),
                      slice_str(recipient_query_value(query)));
    search->campaign = position >> (RANK_BITS + ORDINAL_BITS);
    search->from.rank = (unsigned)(position >> ORDINAL_BITS) % ENDPOINT_RANKS_MAX;
    search->from.ordinal = (uint32_t)position;
    if (position == 0) {
        const struct campaign_document *newest =
            campaign_registry_previous(api->context.campaigns, UINT64_MAX);
        search->campaign = newest == NULL ? 0 : campaign_document_def(newest)->id;
    }
    search->campaign = campaign != 0 ? campaign : search->campaign;
    return search;
}

void recipient_search_free(struct recipient_search *search)
{
    if (search == NULL) {
        return;
    }
    struct audience_found *each = NULL;
    struct audience_found *next = NULL;
    HASH_ITER(hh, search->audiences, each, next)
    {
        HASH_DEL(search->audiences, each);
        mem_free(each);
    }
    mem_free(search);
}

uint64_t recipient_search_position(const struct recipient_search *search)
{
    assert(search->campaign >> CAMPAIGN_BITS == 0); /* they are counted from 1 */
    return search->campaign << (RANK_BITS + ORDINAL_BITS) |
           (uint64_t)search->from.rank << ORDINAL_BITS | search->from.ordinal;
}

unsigned recipient_search_asked(const struct recipient_search *search)
{
    return search->asked;
}

/* ---- one audience ---- */

/* Addresses that differ in case alone reach the same person. */
static bool is_value(const struct recipient_query *query, struct slice value)
{
    const char *wanted = recipient_query_value(query);
    size_t len = strlen(wanted);
    if (channel_kind_field(query->channel) != PAGE_FIELD_EMAIL || value.len != len) {
        return slice_is(value, wanted);
    }
    return strncasecmp((const char *)value.data, wanted, len) == 0;
}

/* Whether he has it at the rank, and at none before. */
static bool has_first_at(const struct recipient_query *query, const struct page_view *view,
                         const struct page_schema *schema, unsigned rank)
{
    enum page_field field = channel_kind_field(query->channel);
    for (unsigned r = 0; r <= rank; r++) {
        int column = page_schema_endpoint(schema, field, r);
        if (column >= 0 && is_value(query, page_value(view, (unsigned)column))) {
            return r == rank;
        }
    }
    return false;
}

static bool take_place(void *arg, uint32_t ordinal, unsigned rank)
{
    struct audience_found *into = arg;
    if (into->count == FOUND_MAX) {
        into->has_more = true;
        return false;
    }
    into->found[into->count++].place = (struct endpoint_place){rank, ordinal};
    return true;
}

static enum err look_at_pages(struct recipient_search *search, const struct audience_info *info,
                              struct audience_found *into)
{
    struct page_reader reader;
    enum err err = ERR_OK;
    page_reader_init(&reader, search->api->context.ledger, info->id);
    for (unsigned i = 0; i < into->count && err == ERR_OK; i++) {
        struct found *found = &into->found[i];
        err = page_reader_seek(&reader, found->place.ordinal);
        if (err == ERR_OK &&
            has_first_at(search->query, &reader.view, &info->schema, found->place.rank)) {
            found->key = arena_str(search->arena, page_value(&reader.view, 0));
        }
    }
    page_reader_release(&reader);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* the audience has so many places */
}

static enum err ask_endpoints(struct recipient_search *search, const struct audience_info *info,
                              struct endpoint_place from, struct audience_found *into)
{
    enum err err = endpoint_index_find_from(search->api->context.ledger, info,
                                            channel_kind_field(search->query->channel),
                                            search->hash, from, take_place, into);
    return err == ERR_OK ? look_at_pages(search, info, into) : err;
}

static enum err ask_keys(struct recipient_search *search, const struct audience_info *info,
                         struct audience_found *into)
{
    const char *key = recipient_query_value(search->query);
    uint32_t ordinal;
    enum err err = audience_find(search->api->finder, info, slice_str(key), &ordinal);
    if (err == ERR_OK) {
        into->found[into->count++] = (struct found){{0, ordinal}, key};
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err ask_audience(struct recipient_search *search, uint64_t audience,
                             struct endpoint_place from, struct audience_found *into)
{
    const struct audience_info *info =
        audience_registry_find(search->api->context.audiences, audience);
    *into = (struct audience_found){.audience = audience};
    search->asked++;
    if (info == NULL) {
        return ERR_OK;
    }
    return search->query->is_endpoint ? ask_endpoints(search, info, from, into)
                                      : ask_keys(search, info, into);
}

/* From its beginning; asked once. */
static enum err know_audience(struct recipient_search *search, uint64_t audience,
                              struct audience_found **out)
{
    struct audience_found *known = NULL;
    enum err err = ERR_OK;
    HASH_FIND(hh, search->audiences, &audience, sizeof(audience), known);
    if (known == NULL) {
        known = mem_alloc(sizeof(*known));
        err = ask_audience(search, audience, (struct endpoint_place){0}, known);
        HASH_ADD(hh, search->audiences, audience, sizeof(audience), known);
    }
    *out = known;
    return err;
}

/* ---- the walk ---- */

static bool is_before(struct endpoint_place a, struct endpoint_place b)
{
    return a.rank < b.rank || (a.rank == b.rank && a.ordinal < b.ordinal);
}

/* The first that is not before `from`. NULL: there is none among these. */
static const struct found *first_from(const struct audience_found *in, struct endpoint_place from)
{
    for (unsigned i = 0; i < in->count; i++) {
        if (!is_before(in->found[i].place, from)) {
            return &in->found[i];
        }
    }
    return NULL;
}

/* Looks first among what is remembered, then behind it. */
static enum err find_from(struct recipient_search *search, uint64_t audience,
                          struct endpoint_place from, const struct found **found)
{
    struct audience_found *known = NULL;
    enum err err = know_audience(search, audience, &known);
    *found = err == ERR_OK ? first_from(known, from) : NULL;
    if (err != ERR_OK || *found != NULL || !known->has_more) {
        return err;
    }
    struct audience_found *rest = &search->rest;
    bool is_there = rest->audience == audience && !is_before(from, search->rest_from);
    *found = is_there ? first_from(rest, from) : NULL;
    if (!is_there || (*found == NULL && rest->has_more)) {
        search->rest_from = from;
        err = ask_audience(search, audience, from, rest);
        *found = err == ERR_OK ? first_from(rest, from) : NULL;
    }
    return err;
}

static void next_campaign(struct recipient_search *search)
{
    const struct campaign_document *next =
        search->only != 0
            ? NULL
            : campaign_registry_previous(search->api->context.campaigns, search->campaign);
    search->campaign = next == NULL ? 0 : campaign_document_def(next)->id;
    search->from = (struct endpoint_place){0};
}

static void step_behind(struct recipient_search *search, struct endpoint_place place)
{
    search->from = place;
    if (++search->from.ordinal == 0 && ++search->from.rank == ENDPOINT_RANKS_MAX) {
        next_campaign(search);
    }
}

enum err recipient_search_step(struct recipient_search *search, struct recipient_match *match)
{
    const struct campaign_document *document =
        search->campaign == 0
            ? NULL
            : campaign_registry_find(search->api->context.campaigns, search->campaign);
    const struct found *found = NULL;
    if (document == NULL) {
        search->campaign = 0;
        return ERR_NOT_FOUND;
    }
    uint64_t audience = campaign_document_def(document)->audience;
    enum err err = find_from(search, audience, search->from, &found);
    if (err != ERR_OK) {
        return err;
    }
    if (found == NULL) {
        next_campaign(search);
        return search->campaign == 0 ? ERR_NOT_FOUND : ERR_BUSY;
    }
    *match = (struct recipient_match){.campaign = search->campaign,
                                      .audience = audience,
                                      .ordinal = found->place.ordinal,
                                      .rank = found->place.rank,
                                      .key = found->key};
    step_behind(search, found->place);
    return match->key == NULL ? ERR_BUSY : ERR_OK;
}
