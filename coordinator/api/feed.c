/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts, and how campaigns stand, wait in a queue, in the order of their records, until what they
 * tell of is durable. The list has them from then on, between whatever else is published: of each
 * thing that stands somehow, one item, which moves to the end when there is a newer one. So the
 * list is as long as there are things and facts, however slow a stream is; a stream only remembers
 * how far it has come.
 */
#include "coordinator/api/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/api_state.h"

#define SOURCE_CHARS 45 /* "urn:uuid:" and 36 */

/* A thing of which it is told how it stands. */
struct topic {
    UT_hash_handle hh;
    struct feed_item *item;  /* that is published; NULL: none is yet */
    struct waiting *waiting; /* one that is not; NULL: there is none */
    char *data;              /* as it was written last */
    char name[];             /* "kind subject" */
};

struct waiting {
    uint64_t recno;
    struct feed_item *item;
    struct topic *topic; /* of what is no fact; NULL: it was forgotten meanwhile */
    struct waiting *next;
};

struct feed {
    struct api *api;
    struct feed_store store;
    struct feed_item *items; /* the oldest first */
    unsigned fact_count;     /* of them */
    struct topic *topics;
    struct waiting *first; /* facts that are not durable yet */
    struct waiting *last;
    uint64_t seq;
    uint64_t standing; /* how many of no fact were written */
    uint64_t published;
    char source[SOURCE_CHARS + 1];
    struct buf scratch;
};

/* ---- writing ---- */

static void write_envelope(const struct feed *feed, struct buf *json, const char *id,
                           const struct feed_event *event)
{
    buf_printf(json, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"%s\",\"type\":\"%s%s\"",
               id, feed->source, FEED_TYPE_PREFIX, feed_kind_word(event->kind));
    if (event->subject.len > 0) {
        buf_str(json, ",\"subject\":\"");
        text_json_escape(json, event->subject);
        buf_str(json, "\"");
    }
    buf_str(json, ",\"time\":\"");
    text_time(json, event->at_ms);
    buf_str(json, "\",\"datacontenttype\":\"application/json\",\"data\":");
    buf_slice(json, event->data);
    buf_str(json, "}");
}

static void fact_id(char id[32], uint64_t number)
{
    (void)snprintf(id, 32, "e%" PRIu64, number);
}

void feed_write_fact(const struct feed *feed, const struct feed_event *event, struct buf *json)
{
    char id[32];
    fact_id(id, event->number);
    write_envelope(feed, json, id, event);
}

void feed_write_gap(const struct feed *feed, uint64_t from, uint64_t to, struct buf *json)
{
    char id[64];
    struct buf data = {0};
    (void)snprintf(id, sizeof(id), "gap-e%" PRIu64, to);
    buf_printf(&data,
               "{\"from\":\"e%" PRIu64 "\",\"to\":\"e%" PRIu64
               "\",\"detail\":\"these are not kept any more: read anew what you show\"}",
               from, to);
    const struct feed_event event = {
        .kind = FEED_STREAM_GAP, .at_ms = api_now_ms(feed->api), .data = buf_view(&data)};
    write_envelope(feed, json, id, &event);
    buf_release(&data);
}

void feed_write_frame(const struct feed *feed, const struct feed_event *event, struct buf *frame)
{
    buf_printf(frame, "id: e%" PRIu64 "\nevent: %s%s\ndata: ", event->number, FEED_TYPE_PREFIX,
               feed_kind_word(event->kind));
    feed_write_fact(feed, event, frame);
    buf_str(frame, "\n\n");
}

/* What is no fact is named by the life of the coordinator, and counted in it. */
static void write_standing(struct feed *feed, const struct feed_event *event, struct buf *frame)
{
    char id[64];
    (void)snprintf(id, sizeof(id), "s%" PRIu64 ".%" PRIu64, feed->api->context.epoch,
                   ++feed->standing);
    buf_printf(frame, "event: %s%s\ndata: ", FEED_TYPE_PREFIX, feed_kind_word(event->kind));
    write_envelope(feed, frame, id, event);
    buf_str(frame, "\n\n");
}

static char *dump(json_t *take_data)
{
    char *text = json_dumps(take_data, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(take_data);
    return text;
}

void feed_write_notice(struct feed *feed, enum feed_kind kind, uint64_t number, json_t *take_data,
                       struct buf *frame)
{
    char *data = dump(take_data);
    const struct feed_event event = {
        .kind = kind, .at_ms = api_now_ms(feed->api), .data = slice_str(data)};
    buf_printf(frame, "id: e%" PRIu64 "\n", number);
    write_standing(feed, &event, frame);
    free(data);
}

/* ---- items ---- */

static struct feed_item *item_new(const struct feed_event *event, struct slice text)
{
    struct feed_item *item = mem_alloc(sizeof(*item) + text.len);
    *item = (struct feed_item){.refs = 1,
                               .number = event->number,
                               .kind = event->kind,
                               .campaign = event->campaign,
                               .len = text.len};
    memcpy(item->text, text.data, text.len);
    return item;
}

void feed_item_unref(struct feed_item *item)
{
    if (item != NULL && --item->refs == 0) {
        mem_free(item);
    }
}

static void unlist(struct feed *feed, struct feed_item *item)
{
    DL_DELETE(feed->items, item);
    feed->fact_count -= item->number != 0;
    feed_item_unref(item);
}

static void publish(struct feed *feed, struct feed_item *take_item)
{
    take_item->seq = ++feed->seq;
    DL_APPEND(feed->items, take_item);
    if (take_item->number == 0) {
        return;
    }
    feed->published = take_item->number;
    feed->fact_count++;
    for (struct feed_item *item = feed->items; feed->fact_count > FEED_FACTS_MAX;) {
        struct feed_item *next = item->next;
        if (item->number != 0) {
            unlist(feed, item);
        }
        item = next;
    }
}

/* In place of what was published of the same thing. */
static void publish_standing(struct feed *feed, struct topic *topic, struct feed_item *take_item)
{
    if (topic->item != NULL) {
        unlist(feed, topic->item);
    }
    topic->item = take_item;
    publish(feed, take_item);
}

/* ---- what waits ---- */

static void end_waiting(struct feed *feed, struct waiting *waiting)
{
    if (waiting->item->number != 0) {
        publish(feed, waiting->item);
    } else if (waiting->topic != NULL) {
        waiting->topic->waiting = NULL;
        publish_standing(feed, waiting->topic, waiting->item);
    } else {
        feed_item_unref(waiting->item);
    }
    mem_free(waiting);
}

static void on_durable(void *arg)
{
    struct feed *feed = arg;
    const uint64_t durable = turn_durable(feed->api->context.turn);
    while (feed->first != NULL && feed->first->recno <= durable) {
        struct waiting *waiting = feed->first;
        feed->first = waiting->next;
        end_waiting(feed, waiting);
    }
}

/* Until all that was decided so far is durable. One call for each record. Facts are few, and news:
 * they do not wait for others. */
static void wait_for(struct feed *feed, struct topic *topic, struct feed_item *take_item)
{
    struct turn *turn = feed->api->context.turn;
    struct waiting *waiting = mem_zalloc(1, sizeof(*waiting));
    waiting->recno = turn_newest(turn);
    bool is_awaited = feed->first != NULL && feed->last->recno == waiting->recno;
    waiting->item = take_item;
    waiting->topic = topic;
    if (topic != NULL) {
        topic->waiting = waiting;
    }
    if (feed->first == NULL) {
        feed->first = waiting;
    } else {
        feed->last->next = waiting;
    }
    feed->last = waiting;
    if (!is_awaited) {
        turn_when_durable(turn, topic == NULL, on_durable, feed);
    }
}

/* ---- facts ---- */

/* As much of it as is UTF-8. */
static struct slice subject_of(const char *subject)
{
    struct slice slice = slice_str(subject);
    size_t bad_at;
    return text_is_utf8(slice, &bad_at) ? slice : slice_of(slice.data, bad_at);
}

uint64_t feed_tell(struct feed *feed, enum feed_kind kind, uint64_t campaign, const char *subject,
                   json_t *take_data)
{
    char *data = dump(take_data);
    struct feed_event event = {.kind = kind,
                               .at_ms = api_now_ms(feed->api),
                               .campaign = campaign,
                               .subject = subject_of(subject),
                               .data = slice_str(data)};
    feed_store_add(&feed->store, &event, turn_record(feed->api->context.turn));
    buf_clear(&feed->scratch);
    feed_write_frame(feed, &event, &feed->scratch);
    wait_for(feed, NULL, item_new(&event, buf_view(&feed->scratch)));
    free(data);
    return event.number;
}

/* ---- how things stand ---- */

/* NOLINTBEGIN(readability-function-*): uthash's macros are counted */
static struct topic *find_topic(const struct feed *feed, const char *name)
{
    struct topic *topic = NULL;
    HASH_FIND_STR(feed->topics, name, topic);
    return topic;
}

static struct topic *add_topic(struct feed *feed, const char *name)
{
    size_t len = strlen(name);
    struct topic *topic = mem_zalloc(1, sizeof(*topic) + len + 1);
    memcpy(topic->name, name, len + 1);
    HASH_ADD_STR(feed->topics, name, topic);
    return topic;
}

static void remove_topic(struct feed *feed, struct topic *topic)
{
    HASH_DEL(feed->topics, topic);
    if (topic->item != NULL) {
        unlist(feed, topic->item);
    }
    if (topic->waiting != NULL) {
        topic->waiting->topic = NULL;
    }
    free(topic->data);
    mem_free(topic);
}
/* NOLINTEND(readability-function-*) */

static const char *topic_name(struct feed *feed, enum feed_kind kind, const char *subject)
{
    buf_clear(&feed->scratch);
    buf_printf(&feed->scratch, "%u %s", (unsigned)kind, subject);
    return buf_cstr(&feed->scratch);
}

/* NULL: there is nothing new to say of it, or what was said last waits for the disk. */
static struct feed_item *renew_topic(struct feed *feed, struct topic *topic,
                                     struct feed_event *event, json_t *take_data)
{
    char *data = dump(take_data);
    if (topic->waiting != NULL || (topic->data != NULL && strcmp(topic->data, data) == 0)) {
        free(data);
        return NULL;
    }
    free(topic->data);
    topic->data = data;
    event->at_ms = api_now_ms(feed->api);
    event->data = slice_str(data);
    buf_clear(&feed->scratch);
    write_standing(feed, event, &feed->scratch);
    return item_new(event, buf_view(&feed->scratch));
}

static struct topic *give_topic(struct feed *feed, enum feed_kind kind, const char *subject)
{
    const char *name = topic_name(feed, kind, subject);
    struct topic *topic = find_topic(feed, name);
    return topic != NULL ? topic : add_topic(feed, name);
}

void feed_show(struct feed *feed, enum feed_kind kind, const char *subject, json_t *take_data)
{
    struct feed_event event = {.kind = kind, .subject = subject_of(subject)};
    struct topic *topic = give_topic(feed, kind, subject);
    struct feed_item *item = renew_topic(feed, topic, &event, take_data);
    if (item != NULL) {
        publish_standing(feed, topic, item);
    }
}

void feed_show_campaign(struct feed *feed, uint64_t campaign, const char *subject,
                        json_t *take_data)
{
    struct feed_event event = {
        .kind = FEED_CAMPAIGN_PROGRESS, .campaign = campaign, .subject = subject_of(subject)};
    struct topic *topic = give_topic(feed, event.kind, subject);
    struct feed_item *item = renew_topic(feed, topic, &event, take_data);
    if (item != NULL) {
        wait_for(feed, topic, item);
    }
}

void feed_forget(struct feed *feed, enum feed_kind kind, const char *subject)
{
    struct topic *topic = find_topic(feed, topic_name(feed, kind, subject));
    if (topic != NULL) {
        remove_topic(feed, topic);
    }
}

/* ---- asking ---- */

struct feed_store *feed_store_of(struct feed *feed)
{
    return &feed->store;
}

uint64_t feed_seq(const struct feed *feed)
{
    return feed->seq;
}

uint64_t feed_published(const struct feed *feed)
{
    return feed->published;
}

uint64_t feed_listed(const struct feed *feed)
{
    const struct feed_item *item = feed->items;
    while (item != NULL && item->number == 0) {
        item = item->next;
    }
    return item == NULL ? feed->published + 1 : item->number;
}

bool feed_filter_takes(const struct feed_filter *filter, enum feed_kind kind, uint64_t campaign)
{
    return (filter->kinds >> kind & 1) != 0 &&
           (filter->campaign == 0 || filter->campaign == campaign);
}

/* From the end: most streams have all but the newest. */
struct feed_item *feed_after(struct feed *feed, uint64_t seq, uint64_t number,
                             const struct feed_filter *filter)
{
    if (feed->items == NULL || feed->items->prev->seq <= seq) {
        return NULL;
    }
    struct feed_item *item = feed->items->prev;
    while (item != feed->items && item->prev->seq > seq) {
        item = item->prev;
    }
    for (; item != NULL; item = item->next) {
        bool is_told = item->number != 0 && item->number <= number;
        if (!is_told && feed_filter_takes(filter, item->kind, item->campaign)) {
            item->refs++;
            return item;
        }
    }
    return NULL;
}

/* ---- life ---- */

/* No two clusters have one in common: a UUID of version 8 (RFC 9562) from a keyed hash. */
static void name_source(struct feed *feed)
{
    const struct hash128 hash =
        hash_keyed128(ledger_lookup_key(feed->api->context.ledger), slice_str("events"));
    (void)snprintf(feed->source, sizeof(feed->source), "urn:uuid:%08x-%04x-8%03x-%04x-%012" PRIx64,
                   (unsigned)(hash.high >> 32), (unsigned)(hash.high >> 16 & 0xffff),
                   (unsigned)(hash.high & 0xfff), (unsigned)(0x8000 | (hash.low >> 48 & 0x3fff)),
                   hash.low & UINT64_C(0xffffffffffff));
}

enum err feed_open(struct feed **out, struct api *api, struct problem *problem)
{
    struct feed *feed = mem_zalloc(1, sizeof(*feed));
    feed->api = api;
    feed->store.ledger = api->context.ledger;
    feed->store.kept_max = api->context.events_kept;
    enum err err = feed_store_load(&feed->store, problem);
    if (err != ERR_OK) {
        mem_free(feed);
        return err;
    }
    if (feed->store.newest == 0) { /* nothing was ever told: what came before is not told now */
        feed->store.reply = reply_store_newest(api->context.reply_store);
    }
    feed->published = feed->store.newest;
    name_source(feed);
    *out = feed;
    return ERR_OK;
}

void feed_free(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    while (feed->topics != NULL) {
        remove_topic(feed, feed->topics);
    }
    while (feed->items != NULL) {
        unlist(feed, feed->items);
    }
    while (feed->first != NULL) {
        struct waiting *waiting = feed->first;
        feed->first = waiting->next;
        feed_item_unref(waiting->item);
        mem_free(waiting);
    }
    buf_release(&feed->scratch);
    mem_free(feed);
}
