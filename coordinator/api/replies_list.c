/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of replies, the newest first: all, or those of a campaign. A filter may pass over many, so
 * a request looks at so many at most and then says where to go on: a page may have fewer items than
 * `limit`, or none, and yet a `next`.
 */
#include "coordinator/api/exchange.h"
#include "coordinator/api/key_page.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

#define LOOKED_AT_MAX 4096

struct listing {
    json_t *items;
    unsigned limit;
    unsigned looked_at;
    uint64_t next;         /* the first that found no room; 0: there is none */
    int channel;           /* -1: any */
    int class;             /* -1: any */
    const char *recipient; /* NULL: any */
    const char *provider;
};

static json_t *id_json(enum object_kind kind, uint64_t number)
{
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, kind, number);
    return number == 0 ? json_null() : json_string(id);
}

static json_t *text_json(struct slice text)
{
    return json_stringn((const char *)text.data, text.len);
}

static json_t *text_or_null(struct slice text)
{
    return text.len == 0 ? json_null() : text_json(text);
}

json_t *reply_json(const struct reply_record *reply)
{
    const char *found = reply_found_name(reply->found_by);
    const bool is_known = reply->channel < CHANNEL_KINDS;
    return json_pack(
        "{s:o, s:o, s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?}", "id",
        id_json(OBJECT_REPLY, reply->number), "received", exchange_time(reply->at_ms), "class",
        reply_class_name(reply->class), "result", reply_result_name(reply->result), "channel",
        is_known ? channel_kind_name((enum channel_kind)reply->channel) : NULL, "provider",
        text_or_null(reply->provider), "from", text_json(reply->from), "to",
        text_or_null(reply->to), "text", text_json(reply->text), "message_id",
        text_or_null(reply->id), "campaign", id_json(OBJECT_CAMPAIGN, reply->campaign), "recipient",
        reply->campaign == 0 ? json_null() : text_json(reply->key), "ordinal",
        reply->campaign == 0 ? json_null() : json_integer(reply->ordinal), "found_by", found);
}

json_t *reply_counts_json(const struct reply_counts *counts)
{
    json_t *json = json_object();
    for (unsigned class = 0; class < REPLY_CLASSES; class ++) {
        json_object_set_new(json, reply_class_name((enum reply_class) class),
                            json_integer((json_int_t)counts->of[class]));
    }
    return json;
}

/* ---- a page ---- */

static bool passes(const struct listing *listing, const struct reply_record *reply)
{
    return (listing->channel < 0 || reply->channel == (unsigned)listing->channel) &&
           (listing->class < 0 || (int)reply->class == listing->class) &&
           (listing->recipient == NULL || slice_is(reply->key, listing->recipient)) &&
           (listing->provider == NULL || slice_is(reply->provider, listing->provider));
}

static bool take(void *arg, const struct reply_record *reply)
{
    struct listing *listing = arg;
    bool is_wanted = passes(listing, reply);
    if (listing->looked_at == LOOKED_AT_MAX ||
        (is_wanted && json_array_size(listing->items) == listing->limit)) {
        listing->next = reply->number;
        return false;
    }
    listing->looked_at++;
    if (is_wanted) {
        json_array_append_new(listing->items, reply_json(reply));
    }
    return true;
}

/* False: the request was answered. */
static bool read_filter(struct exchange *exchange, struct listing *listing)
{
    const char *channel = query_string_get(&exchange->query, "channel");
    const char *class = query_string_get(&exchange->query, "class");
    enum channel_kind kind = CHANNEL_KINDS;
    enum reply_class wanted = REPLY_OTHER;
    if (channel != NULL && !channel_kind_parse(slice_str(channel), &kind)) {
        exchange_refuse_parameter(exchange, "channel", "there is no channel \"%.64s\"", channel);
        return false;
    }
    if (class != NULL && !reply_class_parse(slice_str(class), &wanted)) {
        exchange_refuse_parameter(exchange, "class",
                                  "class must be other, stop, start, help or ack, not \"%.64s\"",
                                  class);
        return false;
    }
    listing->channel = channel == NULL ? -1 : (int)kind;
    listing->class = class == NULL ? -1 : (int)wanted;
    listing->recipient = query_string_get(&exchange->query, "recipient");
    listing->provider = query_string_get(&exchange->query, "provider");
    return true;
}

static void list_of(struct exchange *exchange, uint64_t campaign, json_t *take_counts)
{
    struct listing *listing = arena_zalloc(exchange->arena, 1, sizeof(*listing));
    struct key_page page = {.list = CURSOR_REPLIES, .scope = campaign};
    if (!read_filter(exchange, listing) || !key_page_read(exchange, 8, 8, &page)) {
        json_decref(take_counts);
        return;
    }
    struct reader from = reader_of(page.from);
    struct buf next = {0};
    listing->limit = page.limit;
    listing->items = json_array();
    enum err err =
        reply_store_each(exchange->api->context.reply_store, campaign,
                         page.from.len == 0 ? UINT64_MAX : reader_be64(&from), take, listing);
    if (listing->next != 0) {
        buf_be64(&next, listing->next);
    }
    if (err == ERR_OK) {
        json_t *answer = key_page_list(&page, listing->items, buf_view(&next));
        if (take_counts != NULL) {
            json_object_set(answer, "counts", take_counts);
        }
        exchange_json(exchange, 200, answer);
    } else {
        json_decref(listing->items);
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
    }
    json_decref(take_counts);
    buf_release(&next);
}

static void list_all(struct exchange *exchange)
{
    const char *id = query_string_get(&exchange->query, "campaign");
    uint64_t campaign = 0;
    if (id != NULL &&
        (!object_id_parse(slice_str(id), OBJECT_CAMPAIGN, &campaign) ||
         campaign_registry_find(exchange->api->context.campaigns, campaign) == NULL)) {
        exchange_refuse_parameter(exchange, "campaign", "there is no campaign \"%.64s\"", id);
        return;
    }
    list_of(exchange, campaign, NULL);
}

void replies_list(struct exchange *exchange)
{
    exchange_read_durable(exchange, list_all);
}

static void list_campaign(struct exchange *exchange)
{
    struct campaign_view view;
    if (exchange_campaign(exchange, &view)) {
        struct reply_counts counts =
            reply_store_counts(exchange->api->context.reply_store, view.def->id);
        list_of(exchange, view.def->id, reply_counts_json(&counts));
    }
}

void replies_of_campaign(struct exchange *exchange)
{
    exchange_read_durable(exchange, list_campaign);
}

static void show(struct exchange *exchange)
{
    struct reply_record reply;
    struct store_value value = {0};
    uint64_t number = 0;
    enum err err = ERR_NOT_FOUND;
    if (object_id_parse(slice_str(exchange->parts[0]), OBJECT_REPLY, &number)) {
        err = reply_store_get(exchange->api->context.reply_store, number, &reply, &value);
    }
    if (err == ERR_OK) {
        exchange_json(exchange, 200, reply_json(&reply));
        store_value_release(&value);
    } else if (err == ERR_NOT_FOUND) {
        exchange_not_found(exchange, "reply", exchange->parts[0]);
    } else {
        exchange_refuse(exchange, 0, &(struct problem){.err = err});
    }
}

void replies_get(struct exchange *exchange)
{
    exchange_read_durable(exchange, show);
}
