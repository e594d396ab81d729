/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/bundle_report.h"

#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "evidence/sent_text.h"
#include "proto/channel_kind.h"
#include "proto/outcome.h"

#define STEPS_MAX 256

/* Where the ladder stands while the events are told. */
struct telling {
    const struct bundle *bundle;
    unsigned ranks[STEPS_MAX]; /* of the endpoint now tried, by what the events call the step */
    bool is_sent[CHANNEL_KINDS];
};

static json_t *text_of(const struct buf *buf)
{
    json_t *text = json_stringn((const char *)buf->data, buf->len);
    return text == NULL ? json_null() : text;
}

static json_t *time_json(uint64_t unix_ms)
{
    char text[TEXT_TIME_BYTES + 1];
    text_time_str(text, unix_ms);
    return json_string(text);
}

static json_t *base64_json(const uint8_t *bytes, size_t len)
{
    struct buf text = {0};
    text_base64url(&text, slice_of(bytes, len));
    json_t *json = text_of(&text);
    buf_release(&text);
    return json;
}

static json_t *hash_json(const uint8_t hash[HASH_DIGEST_BYTES])
{
    struct buf text = {0};
    text_hex(&text, slice_of(hash, HASH_DIGEST_BYTES));
    json_t *json = text_of(&text);
    buf_release(&text);
    return json;
}

static json_t *digest_json(struct slice text)
{
    uint8_t digest[HASH_DIGEST_BYTES];
    hash_digest(digest, text);
    return hash_json(digest);
}

/* ---- events ---- */

/* The endpoint of the channel that the ladder has come to; "" if that is not known. */
static const char *endpoint_of(const struct telling *telling, enum channel_kind channel,
                               unsigned rank)
{
    const struct bundle *bundle = telling->bundle;
    int column = page_schema_endpoint(&bundle->schema, channel_kind_field(channel), rank);
    return column < 0 ? "" : bundle->values[column];
}

static void put_provider(struct telling *telling, json_t *json, const struct event *event)
{
    const struct bundle_provider *provider = &telling->bundle->providers[event->provider];
    enum channel_kind channel;
    if (event->lease == 0 || provider->name[0] == '\0') {
        return;
    }
    json_object_set_new(json, "provider", json_string(provider->name));
    if (!channel_kind_parse(slice_str(provider->channel), &channel)) {
        return;
    }
    json_object_set_new(json, "channel", json_string(provider->channel));
    const char *endpoint = endpoint_of(telling, channel, telling->ranks[event->step]);
    if (endpoint[0] != '\0') {
        json_object_set_new(json, "endpoint", json_string(endpoint));
    }
    telling->is_sent[channel] |= event->kind == DELIVERY_EVENT_ACCEPTED ||
                                 event->kind == DELIVERY_EVENT_HELD ||
                                 event->kind == DELIVERY_EVENT_REPEATED;
}

static void follow(struct telling *telling, const struct event *event)
{
    if (event->kind == DELIVERY_EVENT_NEXT_ENDPOINT) {
        telling->ranks[event->step]++;
    } else if (event->kind == DELIVERY_EVENT_CLIMBED) {
        telling->ranks[event->step] = 0;
    } else if (event->kind == DELIVERY_EVENT_RETRIED) {
        memset(telling->ranks, 0, sizeof(telling->ranks));
    }
}

/* Which round begins, for all of them or for him: 2 is the first after the launch's. Why he is in
 * it, the states, stands where others have a reason. */
static bool put_round(json_t *json, const struct bundle_event *entry)
{
    const struct event *event = &entry->event;
    if (entry->is_campaigns ? event->kind != CAMPAIGN_EVENT_ROUND
                            : event->kind != DELIVERY_EVENT_RETRIED) {
        return false;
    }
    uint64_t before = entry->is_campaigns ? event->step : event->worker;
    json_object_set_new(json, "round", json_integer((json_int_t)before + 1));
    return true;
}

static json_t *event_json(struct telling *telling, const struct bundle_event *entry)
{
    const struct event *event = &entry->event;
    const char *name = entry->is_campaigns ? campaign_event_name((enum campaign_event)event->kind)
                                           : delivery_event_name((enum delivery_event)event->kind);
    json_t *json =
        json_pack("{s:o, s:s, s:I, s:b}", "at", time_json(event->at_ms), "event", name, "record",
                  (json_int_t)entry->recno, "of_campaign", entry->is_campaigns);
    if (!put_round(json, entry) && event->reason != REASON_NONE) {
        json_object_set_new(json, "reason", json_integer(event->reason));
        json_object_set_new(json, "detail", json_string(reason_sentence(event->reason)));
    }
    if (entry->is_campaigns) {
        return json;
    }
    put_provider(telling, json, event);
    follow(telling, event);
    if (event->ref.len > 0) {
        struct buf ref = {0};
        text_as_utf8(&ref, slice_of(telling->bundle->refs.data + entry->ref_at, event->ref.len));
        json_object_set_new(json, "ref", text_of(&ref));
        buf_release(&ref);
    }
    return json;
}

/* Within one record the campaign's own events come first, but for its end. */
static int order(const struct bundle_event *entry)
{
    if (!entry->is_campaigns) {
        return 1;
    }
    return entry->event.kind == CAMPAIGN_EVENT_FINISHED ? 2 : 0;
}

static bool is_before(const struct bundle_event *a, const struct bundle_event *b)
{
    return a->recno != b->recno ? a->recno < b->recno : order(a) < order(b);
}

static json_t *timeline_json(struct telling *telling)
{
    const struct bundle *bundle = telling->bundle;
    struct bundle_event *entries =
        mem_copy(bundle->events, bundle->event_count * sizeof(*bundle->events));
    json_t *timeline = json_array();
    for (unsigned i = 1; i < bundle->event_count; i++) {
        struct bundle_event moving = entries[i];
        unsigned at = i;
        for (; at > 0 && is_before(&moving, &entries[at - 1]); at--) {
            entries[at] = entries[at - 1];
        }
        entries[at] = moving;
    }
    for (unsigned i = 0; i < bundle->event_count; i++) {
        json_array_append_new(timeline, event_json(telling, &entries[i]));
    }
    mem_free(entries);
    return timeline;
}

/* ---- texts ---- */

static json_t *sent_json(const struct bundle *bundle, enum channel_kind channel)
{
    struct sent_text sent = {0};
    json_t *json = NULL;
    if (sent_text_make(&sent, bundle, channel)) {
        char *body = json_dumps(sent.body, JSON_COMPACT | JSON_SORT_KEYS);
        struct buf all = {0};
        buf_blob(&all, buf_view(&sent.subject));
        buf_blob(&all, buf_view(&sent.text));
        buf_blob(&all, buf_view(&sent.html));
        json =
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "channel", channel_kind_name(channel),
                      "locale", sent.locale, "subject", text_of(&sent.subject), "text",
                      text_of(&sent.text), "html", text_of(&sent.html), "template_hash",
                      digest_json(slice_str(body)), "hash", digest_json(buf_view(&all)));
        buf_release(&all);
        mem_free(body);
    }
    sent_text_release(&sent);
    return json;
}

static json_t *texts_json(const struct telling *telling)
{
    json_t *texts = json_array();
    for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
        json_t *sent = telling->is_sent[channel]
                           ? sent_json(telling->bundle, (enum channel_kind)channel)
                           : NULL;
        if (sent != NULL) {
            json_array_append_new(texts, sent);
        }
    }
    return texts;
}

/* ---- the rest ---- */

static json_t *values_json(const struct bundle *bundle)
{
    json_t *values = json_object();
    for (unsigned i = 0; i < bundle->schema.count; i++) {
        if (bundle->values[i][0] != '\0') {
            json_object_set_new(values, bundle->schema.columns[i].name,
                                json_string(bundle->values[i]));
        }
    }
    return values;
}

static json_t *counts_json(const struct bundle *bundle)
{
    json_t *counts = json_object();
    for (unsigned kind = 0; kind < DELIVERY_EVENTS; kind++) {
        if (bundle->counts[kind] > 0) {
            json_object_set_new(counts, delivery_event_name((enum delivery_event)kind),
                                json_integer((json_int_t)bundle->counts[kind]));
        }
    }
    return counts;
}

static json_t *heads_json(const struct bundle *bundle)
{
    json_t *heads = json_array();
    for (unsigned i = 0; i < bundle->head_count; i++) {
        const struct signed_head *head = &bundle->heads[i];
        json_array_append_new(heads, json_pack("{s:I, s:o, s:o}", "record", (json_int_t)head->recno,
                                               "hash", hash_json(head->hash), "at",
                                               time_json(head->time_ms)));
    }
    return heads;
}

json_t *bundle_report(const struct bundle *bundle)
{
    struct telling telling = {.bundle = bundle};
    const char *name = json_string_value(json_object_get(bundle->document, "name"));
    json_t *json =
        json_pack("{s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:o}", "campaign",
                  json_sprintf("c%llu", (unsigned long long)bundle->campaign), "name",
                  name == NULL ? "" : name, "public_key",
                  base64_json(bundle->public_key, SIGNING_PUBLIC_BYTES), "first_record",
                  (json_int_t)bundle->first_record, "last_record", (json_int_t)bundle->last_record,
                  "records", (json_int_t)bundle->records, "blocks", (json_int_t)bundle->blocks,
                  "from", time_json(bundle->first_ms), "until", time_json(bundle->last_ms), "ended",
                  bundle->is_ended, "heads", heads_json(bundle));
    if (bundle->has_recipient) {
        json_object_set_new(json, "recipient", json_string(bundle->recipient));
        json_object_set_new(json, "ordinal", json_integer(bundle->ordinal));
        json_object_set_new(json, "values", values_json(bundle));
        json_object_set_new(json, "values_proven", json_boolean(bundle->is_row_proven));
        json_object_set_new(json, "timeline", timeline_json(&telling));
        json_object_set_new(json, "texts", texts_json(&telling));
    } else {
        json_object_set_new(json, "pages", json_integer((json_int_t)bundle->pages));
        json_object_set_new(json, "timeline", timeline_json(&telling));
        json_object_set_new(json, "events", counts_json(bundle));
    }
    return json;
}
