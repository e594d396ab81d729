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

#define TURN_US       2000 /* of a turn of the loop, for all lookups together */
#define BETWEEN_MS    1    /* 0 would come again before anything else of the loop does */
#define AUDIENCES_MAX 4096 /* asked for one answer */
#define STEPS_MAX     (1u << 20)

/* Who was found, as he was then. */
struct finding {
    struct recipient_match match;
    struct recipient_state state;
    bool is_folded; /* not the engine's any more: the journal has it */
};

struct lookup {
    struct exchange *exchange;
    uv_timer_t timer; /* between two portions */
    struct recipient_query query;
    struct recipient_search *search;
    bool has_timelines;
    uint64_t scope; /* of its cursors */
    unsigned limit;
    unsigned steps;
    unsigned found;
    unsigned told;
    struct finding *findings; /* `limit` of them, in the exchange's arena */
    bool is_settled;          /* all of them are in the journal */
    uint64_t next;            /* position; 0: that was all */
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

static enum err fold_state(const struct api *api, const struct campaign_view *view,
                           struct finding *finding)
{
    struct recipient_state states[PAGE_RECIPIENTS];
    uint32_t ordinal = finding->match.ordinal;
    unsigned count;
    enum err err = page_fold(api->context.ledger, view->def, campaign_over(view),
                             ordinal / PAGE_RECIPIENTS, states, &count, NULL);
    if (err == ERR_OK) {
        finding->state = states[ordinal % PAGE_RECIPIENTS];
    }
    return err == ERR_OK && finding->state.state == DELIVERY_NONE ? ERR_NOT_FOUND : err;
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
                         const struct finding *finding, const struct timeline *timeline)
{
    char campaign[OBJECT_ID_CHARS + 1];
    char audience[OBJECT_ID_CHARS + 1];
    const struct recipient_match *match = &finding->match;
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
    delivery_put_state(json, &view->def->plan, &finding->state);
    put_events(json, lookup, &view->def->plan, timeline);
    put_link(json, campaign, match->key);
    return json;
}

static enum err add_item(struct lookup *lookup, struct finding *finding)
{
    const struct api *api = lookup->exchange->api;
    const struct recipient_match *match = &finding->match;
    struct campaign_view view;
    struct timeline timeline = {0};
    if (!engine_campaign(api->context.engine, match->campaign, &view)) {
        return ERR_OK;
    }
    enum err err = finding->is_folded ? fold_state(api, &view, finding) : ERR_OK;
    if (err == ERR_OK) {
        err = timeline_read(&timeline, api->context.ledger, match->campaign, match->ordinal);
    }
    if (err == ERR_OK) {
        json_array_append_new(lookup->items, item_json(lookup, &view, finding, &timeline));
    }
    timeline_release(&timeline);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* a place that is no recipient */
}

/* ---- portions: first all are looked for, then it is told what happened to them ---- */

static void answer(struct lookup *lookup)
{
    struct exchange *exchange = lookup->exchange;
    json_t *json = exchange_list(json_incref(lookup->items), CURSOR_LOOKUP, lookup->scope,
                                 lookup->next != 0, lookup->next);
    if (lookup->query.is_endpoint) {
        json_object_set_new(json, "endpoint", json_string(recipient_query_value(&lookup->query)));
        json_object_set_new(json, "channel", json_string(channel_kind_name(lookup->query.channel)));
    } else {
        json_object_set_new(json, "key", json_string(recipient_query_value(&lookup->query)));
    }
    lookup_end(exchange);
    exchange_json(exchange, 200, json);
}

static void refuse(struct lookup *lookup, enum err err)
{
    struct exchange *exchange = lookup->exchange;
    lookup_end(exchange);
    exchange_refuse(exchange, 0, &(struct problem){.err = err});
}

/* Whoever comes after others in a turn of the loop has what they left of it, if anything: those who
 * came first are done first, and however many they are, the engine waits no longer. */
static bool is_turn_over(const struct lookup *lookup)
{
    struct api *api = lookup->exchange->api;
    uint64_t turn = uv_now(api->context.loop);
    uint64_t now_us = clock_monotonic_us();
    if (api->lookups_turn != turn) {
        api->lookups_turn = turn;
        api->lookups_until_us = now_us + TURN_US;
    }
    return now_us >= api->lookups_until_us;
}

static void on_told(uv_timer_t *timer);

/* The journal has all that led to the states by now, and may have more. */
static void tell(struct exchange *exchange)
{
    struct lookup *lookup = exchange->resource;
    while (lookup->told < lookup->found) {
        if (is_turn_over(lookup)) {
            uv_timer_start(&lookup->timer, on_told, BETWEEN_MS, 0);
            return;
        }
        enum err err = add_item(lookup, &lookup->findings[lookup->told]);
        lookup->told++;
        if (err != ERR_OK) {
            refuse(lookup, err);
            return;
        }
    }
    answer(lookup);
}

static void on_told(uv_timer_t *timer)
{
    const struct lookup *lookup = timer->data;
    tell(lookup->exchange);
}

static enum err take_match(struct lookup *lookup, const struct recipient_match *match)
{
    const struct api *api = lookup->exchange->api;
    struct campaign_view view;
    struct finding *finding = &lookup->findings[lookup->found];
    *finding = (struct finding){.match = *match};
    if (!engine_campaign(api->context.engine, match->campaign, &view)) {
        return ERR_OK;
    }
    enum err err =
        engine_recipient(api->context.engine, match->campaign, match->ordinal, &finding->state);
    finding->is_folded = err == ERR_CLOSED;
    lookup->is_settled =
        lookup->is_settled && exchange_is_at_rest(lookup->exchange, match->campaign);
    lookup->found += err == ERR_OK || err == ERR_CLOSED;
    return err == ERR_CLOSED || err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool is_enough(const struct lookup *lookup)
{
    return lookup->found == lookup->limit ||
           recipient_search_asked(lookup->search) >= AUDIENCES_MAX || lookup->steps >= STEPS_MAX;
}

static void on_turn(uv_timer_t *timer);

static void look(struct lookup *lookup)
{
    enum err err = ERR_BUSY;
    while ((err == ERR_OK || err == ERR_BUSY) && !is_enough(lookup)) {
        struct recipient_match match;
        if (is_turn_over(lookup)) {
            uv_timer_start(&lookup->timer, on_turn, BETWEEN_MS, 0);
            return;
        }
        lookup->steps++;
        err = recipient_search_step(lookup->search, &match);
        if (err == ERR_OK) {
            err = take_match(lookup, &match);
        }
    }
    if (err != ERR_OK && err != ERR_BUSY && err != ERR_NOT_FOUND) {
        refuse(lookup, err);
        return;
    }
    lookup->next = err == ERR_NOT_FOUND ? 0 : recipient_search_position(lookup->search);
    if (lookup->is_settled) {
        tell(lookup->exchange);
    } else {
        exchange_read_durable(lookup->exchange, tell);
    }
}

static void on_turn(uv_timer_t *timer)
{
    look(timer->data);
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
    lookup->findings = arena_zalloc(exchange->arena, page.limit, sizeof(*lookup->findings));
    lookup->is_settled = true;
    lookup->items = json_array();
    lookup->search = recipient_search_new(exchange->api, &lookup->query, exchange->arena,
                                          page.position, campaign);
    (void)uv_timer_init(exchange->api->context.loop, &lookup->timer);
    lookup->timer.data = lookup;
    exchange->resource = lookup;
    exchange->on_finished = lookup_end;
    look(lookup);
}
