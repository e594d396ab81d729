/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was sent to a person: recipients by key or endpoint over all campaigns. The search goes on
 * by steps, and the loop has its turn every few milliseconds; what an answer may cost is limited,
 * so that it may hold fewer items than asked for, or none, and still have a `next`.
 */
#include <string.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/delivery_json.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/recipient_search.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"
#include "coordinator/report/page_fold.h"

#define TURN_US       2000 /* at a time, before the loop has its turn */
#define AUDIENCES_MAX 4096 /* asked for one answer */
#define STEPS_MAX     (1u << 20)

struct lookup {
    struct exchange *exchange;
    uv_timer_t timer; /* between two portions */
    struct recipient_query query;
    struct recipient_search *search;
    bool has_timelines;
    uint64_t scope; /* of its cursors */
    unsigned limit;
    unsigned steps;
    json_t *items;
};

static const uint8_t scope_key[HASH_KEY_BYTES] = "tocsin lookup 1"; /* public, as a cursor's is */

static void on_timer_closed(uv_handle_t *handle)
{
    struct lookup *lookup = handle->data;
    recipient_search_free(lookup->search);
    json_decref(lookup->items);
    mem_free(lookup);
}

static void lookup_end(struct exchange *exchange)
{
    struct lookup *lookup = exchange->resource;
    exchange->on_finished = NULL;
    uv_close((uv_handle_t *)&lookup->timer, on_timer_closed);
}

/* ---- one recipient of one campaign ---- */

static enum err read_state(const struct api *api, const struct campaign_view *view,
                           uint32_t ordinal, struct recipient_state *state)
{
    struct recipient_state states[PAGE_RECIPIENTS];
    unsigned count;
    enum err err = engine_recipient(api->context.engine, view->def->id, ordinal, state);
    if (err != ERR_CLOSED) {
        return err;
    }
    err = page_fold(api->context.ledger, view->def, campaign_over(view), ordinal / PAGE_RECIPIENTS,
                    states, &count, NULL);
    if (err == ERR_OK) {
        *state = states[ordinal % PAGE_RECIPIENTS];
        err = state->state == DELIVERY_NONE ? ERR_NOT_FOUND : ERR_OK;
    }
    return err;
}

/* The time of the last event of a kind; null if there was none. */
static json_t *last_time(const struct timeline *timeline, enum delivery_event kind)
{
    uint64_t at_ms = 0;
    for (unsigned i = 0; i < timeline->count; i++) {
        const struct timeline_entry *entry = &timeline->entries[i];
        if (!entry->is_campaigns && entry->event.kind == kind) {
            at_ms = entry->event.at_ms;
        }
    }
    return exchange_time(at_ms);
}

static void put_events(json_t *json, const struct lookup *lookup, const struct plan *plan,
                       const struct timeline *timeline)
{
    const struct api *api = lookup->exchange->api;
    json_t *last = json_null();
    json_t *all = json_array();
    for (unsigned i = 0; i < timeline->count; i++) {
        const struct timeline_entry *entry = &timeline->entries[i];
        if (!entry->is_campaigns) {
            json_decref(last);
            last = delivery_event_json(api, plan, entry);
        }
        if (lookup->has_timelines) {
            json_array_append_new(all, delivery_event_json(api, plan, entry));
        }
    }
    json_object_set_new(json, "accepted_at", last_time(timeline, DELIVERY_EVENT_ACCEPTED));
    json_object_set_new(json, "delivered_at", last_time(timeline, DELIVERY_EVENT_DELIVERED));
    json_object_set_new(json, "acknowledged_at", last_time(timeline, DELIVERY_EVENT_ACKNOWLEDGED));
    json_object_set_new(json, "last_event", last);
    if (lookup->has_timelines) {
        json_object_set(json, "timeline", all);
    }
    json_decref(all);
}

static void put_link(json_t *json, const char *campaign, const char *key)
{
    struct buf link = {0};
    buf_printf(&link, "/v1/campaigns/%s/recipients/", campaign);
    text_url_encode(&link, slice_str(key));
    json_object_set_new(json, "link", json_string(buf_cstr(&link)));
    buf_release(&link);
}

static json_t *item_json(const struct lookup *lookup, const struct campaign_view *view,
                         const struct recipient_match *match, const struct recipient_state *state,
                         const struct timeline *timeline)
{
    char campaign[OBJECT_ID_CHARS + 1];
    char audience[OBJECT_ID_CHARS + 1];
    object_id_write(campaign, OBJECT_CAMPAIGN, match->campaign);
    object_id_write(audience, OBJECT_AUDIENCE, match->audience);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:I}", "campaign", campaign, "campaign_name",
        view->def->name, "campaign_state", campaign_state_name(view->state), "launched_at",
        exchange_time(view->launched_ms), "ended_at", exchange_time(view->ended_ms), "audience",
        audience, "key", match->key, "ordinal", (json_int_t)match->ordinal);
    if (lookup->query.is_endpoint) {
        json_object_set_new(json, "matched", json_integer((json_int_t)match->rank));
    }
    delivery_put_state(json, &view->def->plan, state);
    put_events(json, lookup, &view->def->plan, timeline);
    put_link(json, campaign, match->key);
    return json;
}

static enum err add_item(struct lookup *lookup, const struct recipient_match *match)
{
    const struct api *api = lookup->exchange->api;
    struct campaign_view view;
    struct recipient_state state;
    struct timeline timeline = {0};
    if (!engine_campaign(api->context.engine, match->campaign, &view)) {
        return ERR_OK;
    }
    enum err err = read_state(api, &view, match->ordinal, &state);
    if (err == ERR_OK) {
        err = timeline_read(&timeline, api->context.ledger, match->campaign, match->ordinal);
    }
    if (err == ERR_OK) {
        json_array_append_new(lookup->items, item_json(lookup, &view, match, &state, &timeline));
    }
    timeline_release(&timeline);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* a place that is no recipient */
}

/* ---- portions ---- */

static void look(struct exchange *exchange);

static void on_turn(uv_timer_t *timer)
{
    const struct lookup *lookup = timer->data;
    exchange_read_durable(lookup->exchange, look);
}

static void answer(struct lookup *lookup, bool has_more)
{
    struct exchange *exchange = lookup->exchange;
    json_t *json = exchange_list(json_incref(lookup->items), CURSOR_LOOKUP, lookup->scope, has_more,
                                 has_more ? recipient_search_position(lookup->search) : 0);
    if (lookup->query.is_endpoint) {
        json_object_set_new(json, "endpoint", json_string(recipient_query_value(&lookup->query)));
        json_object_set_new(json, "channel", json_string(channel_kind_name(lookup->query.channel)));
    } else {
        json_object_set_new(json, "key", json_string(recipient_query_value(&lookup->query)));
    }
    lookup_end(exchange);
    exchange_view(exchange, json);
}

static bool is_enough(const struct lookup *lookup)
{
    return json_array_size(lookup->items) == lookup->limit ||
           recipient_search_asked(lookup->search) >= AUDIENCES_MAX || lookup->steps >= STEPS_MAX;
}

static void look(struct exchange *exchange)
{
    struct lookup *lookup = exchange->resource;
    uint64_t until_us = clock_monotonic_us() + TURN_US;
    enum err err = ERR_OK;
    while ((err == ERR_OK || err == ERR_BUSY) && !is_enough(lookup)) {
        struct recipient_match match;
        err = recipient_search_step(lookup->search, &match);
        lookup->steps++;
        if (err == ERR_OK) {
            err = add_item(lookup, &match);
        }
        if ((err == ERR_OK || err == ERR_BUSY) && clock_monotonic_us() >= until_us) {
            uv_timer_start(&lookup->timer, on_turn, 0, 0);
            return;
        }
    }
    if (err == ERR_OK || err == ERR_BUSY || err == ERR_NOT_FOUND) {
        answer(lookup, err != ERR_NOT_FOUND);
        return;
    }
    lookup_end(exchange);
    exchange_refuse(exchange, 0, &(struct problem){.err = err});
}

/* ---- what is asked for ---- */

/* False: the request was answered. */
static bool read_campaign(struct exchange *exchange, uint64_t *campaign)
{
    const char *id = query_string_get(&exchange->query, "campaign");
    struct campaign_view view;
    *campaign = 0;
    if (id == NULL) {
        return true;
    }
    if (!object_id_parse(slice_str(id), OBJECT_CAMPAIGN, campaign) ||
        !engine_campaign(exchange->api->context.engine, *campaign, &view)) {
        exchange_refuse_parameter(exchange, "campaign", "there is no campaign \"%.64s\"", id);
        return false;
    }
    return true;
}

static bool read_flag(struct exchange *exchange, bool *flag)
{
    const char *word = query_string_get(&exchange->query, "timeline");
    *flag = word != NULL && strcmp(word, "true") == 0;
    if (word != NULL && !*flag && strcmp(word, "false") != 0) {
        exchange_refuse_parameter(exchange, "timeline", "timeline is true or false, not \"%.64s\"",
                                  word);
        return false;
    }
    return true;
}

static bool read_query(struct exchange *exchange, struct recipient_query *query)
{
    const struct query_string *given = &exchange->query;
    const char *parameter = "";
    struct problem problem = {0};
    if (recipient_query_read(query, query_string_get(given, "key"),
                             query_string_get(given, "endpoint"),
                             query_string_get(given, "channel"), &parameter, &problem) == ERR_OK) {
        return true;
    }
    exchange_refuse_parameter(exchange, parameter, "%s", problem.text);
    return false;
}

/* A cursor is of one search alone. */
static uint64_t scope_of(const struct recipient_query *query, uint64_t campaign)
{
    struct buf text = {0};
    buf_printf(&text, "%d %d %llu ", query->is_endpoint,
               query->is_endpoint ? (int)channel_kind_field(query->channel) : 0,
               (unsigned long long)campaign);
    buf_str(&text, recipient_query_value(query));
    uint64_t scope = hash_keyed64(scope_key, buf_view(&text));
    buf_release(&text);
    return scope;
}

void recipients_find(struct exchange *exchange)
{
    struct recipient_query query;
    struct exchange_page page;
    uint64_t campaign;
    bool has_timelines;
    if (!read_query(exchange, &query) || !read_campaign(exchange, &campaign) ||
        !read_flag(exchange, &has_timelines) ||
        !exchange_page(exchange, CURSOR_LOOKUP, scope_of(&query, campaign), &page)) {
        return;
    }
    struct lookup *lookup = mem_zalloc(1, sizeof(*lookup));
    lookup->exchange = exchange;
    lookup->query = query;
    lookup->has_timelines = has_timelines;
    lookup->scope = scope_of(&query, campaign);
    lookup->limit = page.limit;
    lookup->items = json_array();
    lookup->search = recipient_search_new(exchange->api, &lookup->query, exchange->arena,
                                          page.position, campaign);
    (void)uv_timer_init(exchange->api->context.loop, &lookup->timer);
    lookup->timer.data = lookup;
    exchange->resource = lookup;
    exchange->on_finished = lookup_end;
    exchange_read_durable(exchange, look);
}
