/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told of events by webhooks: made, listed, paused, given other keys, removed; and what
 * could not be told, which can be sent again. A key is in one answer alone, that to whoever makes
 * it.
 */
#include <sodium.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed.h"
#include "coordinator/api/feed_sender.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"
#include "coordinator/content/subscription_rules.h"
#include "net/http_client.h"

#define OVERLAP_MS     UINT64_C(86400000)
#define OVERLAP_MAX_MS (30 * OVERLAP_MS)

static struct subscription_store *store_of(const struct exchange *exchange)
{
    return feed_sender_store(exchange->api->sender);
}

/* ---- what is told ---- */

static json_t *types_json(const struct subscription *subscription)
{
    json_t *types = json_array();
    for (unsigned k = 0; k < FEED_KINDS; k++) {
        if (feed_kind_is_fact((enum feed_kind)k) && (subscription->kinds >> k & 1) != 0) {
            json_array_append_new(types, json_string(feed_kind_word((enum feed_kind)k)));
        }
    }
    return types;
}

static json_t *campaigns_json(const struct subscription *subscription)
{
    json_t *campaigns = json_array();
    char id[OBJECT_ID_CHARS + 1];
    for (unsigned i = 0; i < subscription->campaign_count; i++) {
        object_id_write(id, OBJECT_CAMPAIGN, subscription->campaigns[i]);
        json_array_append_new(campaigns, json_string(id));
    }
    return campaigns;
}

static json_t *show(const struct exchange *exchange, const struct subscription *subscription)
{
    const uint64_t now_ms = api_now_ms(exchange->api);
    const uint64_t published = feed_published(exchange->api->feed);
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_SUBSCRIPTION, subscription->id);
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "id", id, "name", subscription->name,
        "url", exchange_text(subscription->url), "types", types_json(subscription), "campaigns",
        campaigns_json(subscription), "state", subscription_state_name(subscription->state), "why",
        subscription->why[0] == '\0' ? json_null() : exchange_text(subscription->why), "created_at",
        exchange_time(subscription->created_ms), "created_by",
        exchange_text(subscription->created_by));
    uint64_t former_ms =
        subscription_keys(subscription, now_ms) == 2 ? subscription->former_until_ms : 0;
    json_object_set_new(json, "former_secret_until", exchange_time(former_ms));
    json_object_set_new(json, "told",
                        json_sprintf("e%llu", (unsigned long long)subscription->told));
    json_object_set_new(
        json, "behind",
        json_integer(
            (json_int_t)(published > subscription->told ? published - subscription->told : 0)));
    json_object_set_new(json, "tries", json_integer((json_int_t)subscription->tries));
    json_object_set_new(json, "next_try_at",
                        exchange_time(subscription->due_ms > now_ms ? subscription->due_ms : 0));
    json_object_set_new(json, "delivered", json_integer((json_int_t)subscription->delivered));
    json_object_set_new(json, "failed_tries", json_integer((json_int_t)subscription->failed));
    json_object_set_new(json, "dead_letters",
                        json_integer((json_int_t)subscription->letters.count));
    json_object_set_new(json, "missed", json_integer((json_int_t)subscription->missed));
    return json;
}

struct subscription *subscriptions_find(struct exchange *exchange)
{
    uint64_t id;
    struct subscription *subscription = NULL;
    if (object_id_parse(slice_str(exchange->parts[0]), OBJECT_SUBSCRIPTION, &id)) {
        subscription = subscription_store_find(store_of(exchange), id);
    }
    if (subscription == NULL) {
        exchange_not_found(exchange, "subscription", exchange->parts[0]);
    }
    return subscription;
}

void subscriptions_list(struct exchange *exchange)
{
    struct exchange_page page;
    if (!exchange_page(exchange, CURSOR_SUBSCRIPTIONS, 0, &page)) {
        return;
    }
    json_t *items = json_array();
    const struct subscription *at = store_of(exchange)->list;
    while (at != NULL && (at->id < page.position || json_array_size(items) < page.limit)) {
        if (at->id >= page.position) {
            json_array_append_new(items, show(exchange, at));
        }
        at = at->next;
    }
    exchange_view(exchange, exchange_list(items, CURSOR_SUBSCRIPTIONS, 0, at != NULL,
                                          at == NULL ? 0 : at->id));
}

void subscriptions_get(struct exchange *exchange)
{
    const struct subscription *subscription = subscriptions_find(exchange);
    if (subscription != NULL) {
        exchange_view(exchange, show(exchange, subscription));
    }
}

/* ---- a new one ---- */

struct wish {
    struct exchange *exchange;
    struct subscription subscription;
};

static struct wish *wish_of(struct document_reader *reader)
{
    return reader->arg;
}

static enum err read_name(struct document_reader *reader, json_t *value)
{
    struct wish *wish = wish_of(reader);
    const char *name;
    enum err err = document_string(reader, value, 1, SUBSCRIPTION_NAME_MAX, &name);
    if (err == ERR_OK && !text_is_name(slice_str(name), SUBSCRIPTION_NAME_MAX)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be 1 to %d letters, digits, \"_\", \".\" and \"-\"",
                               SUBSCRIPTION_NAME_MAX);
    }
    if (err == ERR_OK) {
        memcpy(wish->subscription.name, name, strlen(name) + 1);
    }
    return err;
}

static enum err read_url(struct document_reader *reader, json_t *value)
{
    struct wish *wish = wish_of(reader);
    const struct subscription_rules *rules = wish->exchange->api->context.subscription_rules;
    const char *url;
    enum err err = document_line(reader, value, 1, SUBSCRIPTION_URL_MAX, &url);
    if (err != ERR_OK) {
        return err;
    }
    if (!http_client_url_is_valid(url)) {
        return document_refuse(reader, ERR_INVALID,
                               "is no address: write \"https://desk.example/hook\"");
    }
    if (strncmp(url, "https://", 8) != 0 && (rules == NULL || !rules->allow_http)) {
        return document_refuse(reader, ERR_INVALID,
                               "would go unencrypted: use https, or say subscriptions.allow_http: "
                               "true in the settings");
    }
    memcpy(wish->subscription.url, url, strlen(url) + 1);
    return ERR_OK;
}

static uint32_t facts(void)
{
    uint32_t kinds = 0;
    for (unsigned k = 0; k < FEED_KINDS; k++) {
        kinds |= feed_kind_is_fact((enum feed_kind)k) ? UINT32_C(1) << k : 0;
    }
    return kinds;
}

static enum err read_type(struct document_reader *reader, json_t *value)
{
    struct wish *wish = wish_of(reader);
    const char *type;
    uint32_t kinds = 0;
    enum err err = document_line(reader, value, 1, 100, &type);
    if (err != ERR_OK) {
        return err;
    }
    if (!feed_kind_parse(slice_str(type), &kinds)) {
        return document_refuse(reader, ERR_INVALID,
                               "is no type of event: write one like \"campaign.finished\", or, for "
                               "all of a kind, \"campaign\", \"provider\", \"worker\", \"alarm\", "
                               "\"replies\" or \"coordinator\"");
    }
    if ((kinds & facts()) == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "is told on streams alone (GET /v1/events), not by webhooks");
    }
    wish->subscription.kinds |= kinds & facts();
    return ERR_OK;
}

static enum err read_campaign(struct document_reader *reader, json_t *value)
{
    struct wish *wish = wish_of(reader);
    struct campaign_view view;
    const char *text;
    uint64_t id = 0;
    enum err err = document_line(reader, value, 1, 100, &text);
    if (err != ERR_OK) {
        return err;
    }
    if (!object_id_parse(slice_str(text), OBJECT_CAMPAIGN, &id) ||
        !engine_campaign(wish->exchange->api->context.engine, id, &view)) {
        return document_refuse(reader, ERR_NOT_FOUND, "there is no campaign \"%.100s\"", text);
    }
    wish->subscription.campaigns[wish->subscription.campaign_count++] = id;
    return ERR_OK;
}

static enum err read_each(struct document_reader *reader, json_t *value, size_t max,
                          enum err (*read)(struct document_reader *reader, json_t *value))
{
    size_t i;
    json_t *item;
    if (!json_is_array(value) || json_array_size(value) == 0 || json_array_size(value) > max) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a list of 1 to %u, or left out for all", (unsigned)max);
    }
    json_array_foreach(value, i, item)
    {
        char place[16];
        (void)snprintf(place, sizeof(place), "%u", (unsigned)i);
        size_t mark = document_enter(reader, place);
        enum err err = read(reader, item);
        if (err != ERR_OK) {
            return err;
        }
        document_leave(reader, mark);
    }
    return ERR_OK;
}

static enum err read_types(struct document_reader *reader, json_t *value)
{
    return read_each(reader, value, FEED_KINDS, read_type);
}

static enum err read_campaigns(struct document_reader *reader, json_t *value)
{
    return read_each(reader, value, SUBSCRIPTION_CAMPAIGNS_MAX, read_campaign);
}

/* False: the request was answered. */
static bool read_wish(struct exchange *exchange, struct wish *wish)
{
    static const struct document_field fields[] = {{"name", true, read_name},
                                                   {"url", true, read_url},
                                                   {"types", false, read_types},
                                                   {"campaigns", false, read_campaigns},
                                                   {NULL, false, NULL}};
    struct document_problem problem;
    struct document_reader reader;
    json_t *json = NULL;
    enum err err = document_parse(http_body(exchange->http), &json, &problem);
    if (err == ERR_OK) {
        document_reader_init(&reader, &problem, wish);
        err = document_object(&reader, json, fields);
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
    }
    return err == ERR_OK;
}

static bool is_free(struct exchange *exchange, const struct wish *wish)
{
    const struct subscription_store *store = store_of(exchange);
    struct problem problem = {0};
    if (subscription_store_named(store, wish->subscription.name) != NULL) {
        (void)problem_set(&problem, ERR_CONFLICT, "there is a subscription \"%s\" already",
                          wish->subscription.name);
    } else if (store->count >= SUBSCRIPTIONS_MAX) {
        (void)problem_set(&problem, ERR_CONFLICT, "there are %d subscriptions, which is the most",
                          SUBSCRIPTIONS_MAX);
    } else {
        return true;
    }
    exchange_refuse(exchange, 409, &problem);
    return false;
}

static void commit_secret(struct exchange *exchange, unsigned status, const char *location,
                          const struct subscription *subscription)
{
    struct buf secret = {0};
    subscription_secret(subscription, &secret);
    exchange_commit_secret(exchange, status, location, show(exchange, subscription), "secret",
                           buf_cstr(&secret));
    sodium_memzero(secret.data, secret.len);
    buf_release(&secret);
}

void subscriptions_post(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct wish wish = {.exchange = exchange};
    struct record *record = turn_record(api->context.turn);
    if (!read_wish(exchange, &wish) || !is_free(exchange, &wish)) {
        return;
    }
    struct subscription *subscription = &wish.subscription;
    subscription->kinds = subscription->kinds == 0 ? facts() : subscription->kinds;
    subscription->created_ms = api_now_ms(api);
    subscription->told = feed_store_of(api->feed)->newest;
    (void)snprintf(subscription->created_by, sizeof(subscription->created_by), "%s",
                   exchange->principal.name);
    subscription = subscription_store_add(store_of(exchange), subscription, record);
    LOG_I("api", "subscription_made", "subscription=s%llu", (unsigned long long)subscription->id);
    commit_secret(exchange, 201,
                  arena_printf(exchange->arena, "/v1/subscriptions/s%llu",
                               (unsigned long long)subscription->id),
                  subscription);
}

/* ---- changes ---- */

static enum err read_state(struct document_reader *reader, json_t *value)
{
    static const char *const words[] = {"active", "paused", NULL};
    return document_word(reader, value, "state", words, reader->arg);
}

void subscriptions_patch(struct exchange *exchange)
{
    static const struct document_field fields[] = {{"state", true, read_state},
                                                   {NULL, false, NULL}};
    struct subscription *subscription = subscriptions_find(exchange);
    struct document_problem problem;
    struct document_reader reader;
    unsigned state = 0;
    json_t *json = NULL;
    if (subscription == NULL) {
        return;
    }
    enum err err = document_parse(http_body(exchange->http), &json, &problem);
    if (err == ERR_OK) {
        document_reader_init(&reader, &problem, &state);
        err = document_object(&reader, json, fields);
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
        return;
    }
    subscription->state = state == 0 ? SUBSCRIPTION_ACTIVE : SUBSCRIPTION_PAUSED;
    subscription->tries = 0;
    subscription->refusals = 0;
    subscription->in_a_row = 0;
    subscription->due_ms = 0;
    if (subscription->state == SUBSCRIPTION_ACTIVE) {
        subscription->why[0] = '\0';
    }
    subscription_note(subscription, turn_record(exchange->api->context.turn));
    LOG_I("api", "subscription_changed", "subscription=s%llu state=%s",
          (unsigned long long)subscription->id, subscription_state_name(subscription->state));
    exchange_commit(exchange, 200, NULL, show(exchange, subscription), NULL, NULL);
}

void subscriptions_delete(struct exchange *exchange)
{
    struct subscription *subscription = subscriptions_find(exchange);
    if (subscription == NULL) {
        return;
    }
    json_t *json = show(exchange, subscription);
    feed_sender_forget(exchange->api->sender, subscription);
    subscription_store_remove(store_of(exchange), subscription,
                              turn_record(exchange->api->context.turn));
    LOG_I("api", "subscription_removed", "subscription=%s", exchange->parts[0]);
    exchange_commit(exchange, 200, NULL, json, NULL, NULL);
}

static enum err read_overlap(struct document_reader *reader, json_t *value)
{
    return document_duration(reader, value, 0, OVERLAP_MAX_MS, reader->arg);
}

void subscriptions_rotate(struct exchange *exchange)
{
    static const struct document_field fields[] = {{"overlap", false, read_overlap},
                                                   {NULL, false, NULL}};
    struct subscription *subscription = subscriptions_find(exchange);
    struct document_problem problem;
    struct document_reader reader;
    uint64_t overlap_ms = OVERLAP_MS;
    json_t *json = NULL;
    enum err err = ERR_OK;
    if (subscription == NULL) {
        return;
    }
    if (http_body(exchange->http).len > 0) {
        err = document_parse(http_body(exchange->http), &json, &problem);
    }
    if (err == ERR_OK && json != NULL) {
        document_reader_init(&reader, &problem, &overlap_ms);
        err = document_object(&reader, json, fields);
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
        return;
    }
    subscription_rotate(subscription, api_now_ms(exchange->api) + overlap_ms,
                        turn_record(exchange->api->context.turn));
    LOG_I("api", "subscription_rotated", "subscription=s%llu",
          (unsigned long long)subscription->id);
    commit_secret(exchange, 200, NULL, subscription);
}
