/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recipients of a campaign are looked through page by page: an open campaign's states are the
 * engine's, those of one that ended are read from the journal by a thread (ended_list.h), as are
 * reasons (reason_list.h). One request looks at no more than so much, so that its answer may hold
 * fewer items than asked for, or none, and still have a `next`.
 */
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/delivery_json.h"
#include "coordinator/api/ended_list.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/reason_list.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/state_filter.h"
#include "coordinator/engine/pair.h"
#include "coordinator/report/page_fold.h"
#include "coordinator/report/page_reader.h"
#include "coordinator/report/timeline.h"

#define OPEN_PAGES_MAX   4096 /* of the engine's, glanced at in one request */
#define READ_PAGES_MAX   256  /* of these, looked through */
#define SEALED_PAGES_MAX 64   /* opened for keys */
#define REASON_MAX       9999

struct listing {
    struct exchange *exchange;
    const struct campaign_view *view;
    unsigned wanted; /* bit s: those in state s */
    unsigned limit;
    json_t *items;
    struct page_reader keys;
    struct recipient_state states[PAGE_RECIPIENTS];
};

/* Of a campaign whose states are in memory. */
static void read_page(struct listing *listing, uint32_t page, unsigned *count)
{
    struct engine *engine = listing->exchange->api->context.engine;
    const struct campaign_def *def = listing->view->def;
    uint32_t first = page * PAGE_RECIPIENTS;
    uint32_t left = def->slots - first;
    *count = left < PAGE_RECIPIENTS ? left : PAGE_RECIPIENTS;
    for (unsigned i = 0; i < *count; i++) {
        if (engine_recipient(engine, def->id, first + i, &listing->states[i]) != ERR_OK) {
            listing->states[i].state = DELIVERY_NONE;
        }
    }
}

/* Adds what is wanted of one page, from *ordinal on; *ordinal is then where to go on. */
static enum err list_page(struct listing *listing, uint32_t *ordinal)
{
    uint32_t first = *ordinal - *ordinal % PAGE_RECIPIENTS;
    unsigned count;
    enum err err = ERR_OK;
    read_page(listing, *ordinal / PAGE_RECIPIENTS, &count);
    while (err == ERR_OK && *ordinal < first + count &&
           json_array_size(listing->items) < listing->limit) {
        const struct recipient_state *state = &listing->states[*ordinal - first];
        if ((listing->wanted >> state->state & 1) != 0) {
            err = page_reader_seek(&listing->keys, *ordinal);
            if (err == ERR_OK) {
                json_array_append_new(listing->items,
                                      delivery_json(&listing->view->def->plan,
                                                    page_value(&listing->keys.view, 0), *ordinal,
                                                    state));
            }
        }
        (*ordinal)++;
    }
    return err;
}

static bool is_full(const struct listing *listing)
{
    return listing->keys.opened >= SEALED_PAGES_MAX ||
           json_array_size(listing->items) == listing->limit;
}

static enum err list_pages(struct listing *listing, uint32_t *ordinal)
{
    struct engine *engine = listing->exchange->api->context.engine;
    const struct campaign_def *def = listing->view->def;
    unsigned read = 0;
    enum err err = ERR_OK;
    for (unsigned i = 0; err == ERR_OK && i < OPEN_PAGES_MAX && read < READ_PAGES_MAX &&
                         *ordinal < def->slots && !is_full(listing);
         i++) {
        uint32_t page = *ordinal / PAGE_RECIPIENTS;
        if ((engine_page_states(engine, def->id, page) & listing->wanted) != 0) {
            read++;
            err = list_page(listing, ordinal);
        } else {
            *ordinal = (page + 1) * PAGE_RECIPIENTS;
        }
    }
    *ordinal = *ordinal > def->slots ? def->slots : *ordinal;
    return err;
}

/* 0: none is asked for. False: it was refused. */
static bool read_reason(struct exchange *exchange, uint16_t *reason)
{
    const char *word = query_string_get(&exchange->query, "reason");
    uint64_t number = 0;
    if (word != NULL && !text_number(slice_str(word), 1, REASON_MAX, &number)) {
        exchange_refuse_parameter(
            exchange, "reason", "reason must be a number, 1 to %d, as reports and exports have it",
            REASON_MAX);
        return false;
    }
    *reason = (uint16_t)number;
    return true;
}

/* Is anybody in one of the states? */
static bool has_any(const struct campaign_view *view, unsigned states)
{
    for (unsigned state = 0; state < DELIVERY_STATES; state++) {
        if ((states >> state & 1) != 0 && view->counts[state] > 0) {
            return true;
        }
    }
    return false;
}

static void list_recipients(struct exchange *exchange)
{
    struct campaign_view view;
    struct exchange_page page;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    struct listing *listing = arena_zalloc(exchange->arena, 1, sizeof(*listing));
    uint16_t reason;
    if (!state_filter_read(exchange, &listing->wanted) || !read_reason(exchange, &reason) ||
        !exchange_page(exchange, CURSOR_RECIPIENTS, view.def->id, &page)) {
        return;
    }
    listing->exchange = exchange;
    listing->view = &view;
    listing->limit = page.limit;
    uint32_t ordinal = page.position < view.def->slots ? (uint32_t)page.position : view.def->slots;
    if (!has_any(&view, listing->wanted)) {
        ordinal = view.def->slots; /* nothing to look through */
    }
    if (reason != 0) {
        reason_list(exchange, &view,
                    &(struct reason_query){listing->wanted, reason, page.limit, ordinal});
        return;
    }
    if (!engine_has_pages(exchange->api->context.engine, view.def->id)) {
        ended_list(exchange, &view, &(struct ended_query){listing->wanted, page.limit, ordinal});
        return;
    }
    listing->items = json_array();
    page_reader_init(&listing->keys, exchange->api->context.ledger, view.def->audience);
    enum err err = list_pages(listing, &ordinal);
    page_reader_release(&listing->keys);
    if (err != ERR_OK) {
        json_decref(listing->items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    exchange_view(exchange, exchange_list(listing->items, CURSOR_RECIPIENTS, view.def->id,
                                          ordinal < view.def->slots, ordinal));
}

void deliveries_list(struct exchange *exchange)
{
    struct campaign_view view;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    if (!engine_has_pages(exchange->api->context.engine, view.def->id) ||
        query_string_get(&exchange->query, "reason") != NULL) {
        exchange_read_campaign(exchange, view.def->id, list_recipients);
    } else {
        list_recipients(exchange);
    }
}

/* ---- one recipient ---- */

static enum err timeline_json(const struct api *api, const struct campaign_def *def,
                              uint32_t ordinal, json_t **out)
{
    struct timeline timeline = {0};
    json_t *entries = json_array();
    enum err err = timeline_read(&timeline, api->context.ledger, def->id, ordinal);
    for (unsigned i = 0; err == ERR_OK && i < timeline.count; i++) {
        json_array_append_new(entries, delivery_event_json(api, &def->plan, &timeline.entries[i]));
    }
    timeline_release(&timeline);
    *out = entries;
    return err;
}

/* One recipient, as it was when it was asked for. */
struct lookup {
    uint64_t campaign;
    uint32_t ordinal;
    struct recipient_state state;
    struct recipient_state tracks[2]; /* of a plan with a pair: of the ladder, and of the side */
    bool is_folded;                   /* not the engine's any more: the journal has it */
    uint64_t held_until_ms;           /* by quiet hours; 0: he is not */
};

static enum err fold_state(struct exchange *exchange, struct lookup *lookup)
{
    struct recipient_state ladder[PAGE_RECIPIENTS];
    struct recipient_state side[PAGE_RECIPIENTS] = {{0}};
    struct campaign_view view;
    unsigned count;
    if (!engine_campaign(exchange->api->context.engine, lookup->campaign, &view)) {
        return ERR_NOT_FOUND;
    }
    enum err err = page_fold_tracks(exchange->api->context.ledger, view.def, campaign_over(&view),
                                    lookup->ordinal / PAGE_RECIPIENTS, ladder, side, &count, NULL);
    if (err == ERR_OK) {
        unsigned place = lookup->ordinal % PAGE_RECIPIENTS;
        lookup->tracks[0] = ladder[place];
        lookup->tracks[1] = side[place];
        lookup->state = pair_state(&view.def->plan, &ladder[place], &side[place]);
    }
    return err;
}

/* Where he stands on each: one only while he has not come to the pair. */
static json_t *tracks_json(const struct plan *plan, const struct lookup *lookup)
{
    json_t *tracks = json_array();
    for (unsigned t = 0; t < 2; t++) {
        const struct recipient_state *state = &lookup->tracks[t];
        if (state->state != DELIVERY_NONE) {
            json_t *json = json_object();
            delivery_put_state(json, plan, state);
            json_array_append_new(tracks, json);
        }
    }
    return tracks;
}

/* The journal has all that led to the state by now, and may have more. */
static void show_recipient(struct exchange *exchange)
{
    struct lookup *lookup = exchange->resource;
    json_t *timeline = NULL;
    struct campaign_view view;
    if (!engine_campaign(exchange->api->context.engine, lookup->campaign, &view)) {
        exchange_refuse(exchange, 0, &(struct problem){.err = ERR_NOT_FOUND});
        return;
    }
    enum err err = lookup->is_folded ? fold_state(exchange, lookup) : ERR_OK;
    if (err == ERR_OK) {
        err = timeline_json(exchange->api, view.def, lookup->ordinal, &timeline);
    }
    if (err != ERR_OK) {
        json_decref(timeline);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    json_t *json = delivery_json(&view.def->plan, slice_str(exchange->parts[1]), lookup->ordinal,
                                 &lookup->state);
    if (lookup->held_until_ms != 0) {
        json_object_set_new(json, "held_until", exchange_time(lookup->held_until_ms));
        json_object_set_new(json, "held_reason", json_string("quiet_hours"));
    }
    if (plan_has_pair(&view.def->plan)) {
        json_object_set_new(json, "tracks", tracks_json(&view.def->plan, lookup));
    }
    json_object_set_new(json, "timeline", timeline);
    exchange_json(exchange, 200, json);
}

void deliveries_get(struct exchange *exchange)
{
    const struct api *api = exchange->api;
    const char *key = exchange->parts[1];
    struct campaign_view view;
    if (!exchange_campaign(exchange, &view)) {
        return;
    }
    struct lookup *lookup = arena_zalloc(exchange->arena, 1, sizeof(*lookup));
    const struct audience_info *audience =
        audience_registry_find(api->context.audiences, view.def->audience);
    enum err err = audience_find(api->finder, audience, slice_str(key), &lookup->ordinal);
    if (err == ERR_NOT_FOUND) {
        exchange_not_found(exchange, "recipient", key);
        return;
    }
    lookup->campaign = view.def->id;
    if (err == ERR_OK) {
        err = engine_recipient(api->context.engine, lookup->campaign, lookup->ordinal,
                               &lookup->state);
        lookup->is_folded = err == ERR_CLOSED;
        for (unsigned t = 0; t < 2 && err == ERR_OK; t++) {
            if (!engine_track(api->context.engine, lookup->campaign, lookup->ordinal, t == 1,
                              &lookup->tracks[t])) {
                lookup->tracks[t].state = DELIVERY_NONE;
            }
        }
        lookup->held_until_ms = engine_held_until(api->context.engine, lookup->campaign,
                                                  lookup->ordinal, api_now_ms(api));
    }
    if (err != ERR_OK && !lookup->is_folded) {
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
        return;
    }
    exchange->resource = lookup;
    exchange_read_campaign(exchange, lookup->campaign, show_recipient);
}
