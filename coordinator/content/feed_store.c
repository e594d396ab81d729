/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/feed_store.h"

#include <string.h>

#define VERSION        1
#define COUNTERS_ENTRY "events"
#define REMOVE_AT_ONCE                                                                             \
    16 /* with each that is added: more than one only after kept_max was lowered */

/* ---- the start ---- */

static enum err read_counters(struct feed_store *store)
{
    struct store_value value = {0};
    enum err err =
        ledger_catalogue_get(store->ledger, CATALOGUE_COUNTERS, slice_str(COUNTERS_ENTRY), &value);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader reader = reader_of(value.bytes);
    if (reader_u8(&reader) == VERSION) {
        store->newest = reader_u64(&reader);
        store->oldest = reader_u64(&reader);
        store->reply = reader_u64(&reader);
    } else {
        err = ERR_UNSUPPORTED;
    }
    err = reader.bad ? ERR_CORRUPT : err;
    store_value_release(&value);
    return err;
}

enum err feed_store_load(struct feed_store *store, struct problem *problem)
{
    store->newest = 0;
    store->oldest = 1;
    store->reply = 0;
    enum err err = read_counters(store);
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err, "the events that are kept cannot be read: %s",
                                       err_sentence(err));
}

/* ---- adding ---- */

static void put_counters(const struct feed_store *store, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(COUNTERS_ENTRY));
    buf_u8(&value, VERSION);
    buf_u64(&value, store->newest);
    buf_u64(&value, store->oldest);
    buf_u64(&value, store->reply);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static void remove_oldest(struct feed_store *store, struct record *record)
{
    struct buf key = {0};
    for (unsigned i = 0; i < REMOVE_AT_ONCE && store->newest + 1 - store->oldest > store->kept_max;
         i++) {
        buf_clear(&key);
        ledger_catalogue_key_u64(&key, CATALOGUE_FEED, store->oldest++);
        record_remove(record, buf_view(&key));
    }
    buf_release(&key);
}

void feed_store_add(struct feed_store *store, struct feed_event *event, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    event->number = ++store->newest;
    ledger_catalogue_key_u64(&key, CATALOGUE_FEED, event->number);
    buf_u8(&value, VERSION);
    buf_u8(&value, (uint8_t)event->kind);
    buf_u64(&value, event->at_ms);
    buf_u64(&value, event->campaign);
    buf_blob(&value, event->subject);
    buf_blob(&value, event->data);
    record_put(record, buf_view(&key), buf_view(&value));
    remove_oldest(store, record);
    put_counters(store, record);
    buf_release(&key);
    buf_release(&value);
}

/* ---- walking ---- */

struct walk {
    feed_store_fn each;
    void *arg;
    enum err err;
};

static bool walk_event(void *arg, struct slice id, struct slice value)
{
    struct walk *walk = arg;
    struct reader key = reader_of(id);
    struct reader reader = reader_of(value);
    struct feed_event event = {.number = reader_be64(&key)};
    unsigned version = reader_u8(&reader);
    unsigned kind = reader_u8(&reader);
    event.at_ms = reader_u64(&reader);
    event.campaign = reader_u64(&reader);
    event.subject = reader_blob(&reader);
    event.data = reader_blob(&reader);
    if (key.bad || reader.bad) {
        walk->err = ERR_CORRUPT;
        return false;
    }
    if (version != VERSION || kind >= FEED_KINDS) {
        return true; /* of a newer version: nobody here knows what it says */
    }
    event.kind = (enum feed_kind)kind;
    return walk->each(walk->arg, &event);
}

enum err feed_store_each(const struct feed_store *store, uint64_t from, feed_store_fn each,
                         void *arg)
{
    struct walk walk = {each, arg, ERR_OK};
    struct buf id = {0};
    buf_be64(&id, from);
    enum err err =
        ledger_each_entry_from(store->ledger, CATALOGUE_FEED, buf_view(&id), walk_event, &walk);
    buf_release(&id);
    return err == ERR_OK ? walk.err : err;
}

/* ---- how campaigns were told last ---- */

void feed_mark_put(uint64_t campaign, const struct feed_mark *mark, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_FEED_CAMPAIGN, campaign);
    buf_u8(&value, VERSION);
    buf_u8(&value, mark->state);
    buf_u8(&value, mark->round);
    buf_u8(&value, mark->is_expired);
    buf_u64(&value, mark->terms);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

struct mark_walk {
    feed_mark_fn each;
    void *arg;
};

static bool walk_mark(void *arg, struct slice id, struct slice value)
{
    const struct mark_walk *walk = arg;
    struct reader key = reader_of(id);
    struct reader reader = reader_of(value);
    struct feed_mark mark;
    uint64_t campaign = reader_be64(&key);
    if (reader_u8(&reader) != VERSION) {
        return true; /* as if it had never been told */
    }
    mark.state = reader_u8(&reader);
    mark.round = reader_u8(&reader);
    mark.is_expired = reader_u8(&reader);
    mark.terms = reader_u64(&reader);
    return key.bad || reader.bad || walk->each(walk->arg, campaign, &mark);
}

enum err feed_mark_each(struct ledger *ledger, feed_mark_fn each, void *arg)
{
    struct mark_walk walk = {each, arg};
    return ledger_each_entry(ledger, CATALOGUE_FEED_CAMPAIGN, walk_mark, &walk);
}

/* ---- alarms that are on ---- */

void feed_alarm_put(struct slice name, uint64_t since_ms, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_FEED_ALARM, name);
    buf_u8(&value, VERSION);
    buf_u64(&value, since_ms);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

void feed_alarm_remove(struct slice name, struct record *record)
{
    struct buf key = {0};
    ledger_catalogue_key(&key, CATALOGUE_FEED_ALARM, name);
    record_remove(record, buf_view(&key));
    buf_release(&key);
}

struct alarm_walk {
    feed_alarm_fn each;
    void *arg;
};

static bool walk_alarm(void *arg, struct slice id, struct slice value)
{
    const struct alarm_walk *walk = arg;
    struct reader reader = reader_of(value);
    bool is_known = reader_u8(&reader) == VERSION;
    uint64_t since_ms = reader_u64(&reader);
    return !is_known || reader.bad || walk->each(walk->arg, id, since_ms);
}

enum err feed_alarm_each(struct ledger *ledger, feed_alarm_fn each, void *arg)
{
    struct alarm_walk walk = {each, arg};
    return ledger_each_entry(ledger, CATALOGUE_FEED_ALARM, walk_alarm, &walk);
}
