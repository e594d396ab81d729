/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger shows what is durable, and the same message may come again before it is. So what was
 * added stays in a list, in the order of its records, until its record is durable: that is as much
 * as one or two records hold.
 */
#include "coordinator/content/reply_store.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <uthash.h>

#include "common/log.h"
#include "common/mem.h"

#define VERSION        1
#define SWEEP_AT_ONCE  64
#define COUNTERS_ENTRY "replies"

struct campaign_counts {
    UT_hash_handle hh;
    uint64_t campaign;
    struct reply_counts counts;
    bool is_changed;
};

/* Not durable yet. */
struct flight {
    struct hash128 id;
    bool has_id;
    uint64_t recno;
    struct reply_record reply; /* without its texts */
    struct flight *next;
};

struct reply_store {
    struct ledger *ledger;
    uint64_t newest;       /* number; 0: there was none */
    uint64_t oldest;       /* none with a smaller number is kept */
    uint64_t oldest_at_ms; /* when it came; 0: unknown */
    bool is_changed;
    struct campaign_counts *counts;
    struct flight *first;
    struct flight **last;
};

struct reply_store *reply_store_new(struct ledger *ledger)
{
    struct reply_store *store = mem_zalloc(1, sizeof(*store));
    store->ledger = ledger;
    store->oldest = 1;
    store->last = &store->first;
    return store;
}

/* NOLINTBEGIN(readability-function-*): uthash's macros are counted */
void reply_store_free(struct reply_store *store)
{
    struct campaign_counts *counts;
    struct campaign_counts *next;
    if (store == NULL) {
        return;
    }
    HASH_ITER(hh, store->counts, counts, next)
    {
        HASH_DEL(store->counts, counts);
        mem_free(counts);
    }
    while (store->first != NULL) {
        struct flight *flight = store->first;
        store->first = flight->next;
        mem_free(flight);
    }
    mem_free(store);
}

static struct campaign_counts *find_counts(const struct reply_store *store, uint64_t campaign)
{
    struct campaign_counts *counts = NULL;
    HASH_FIND(hh, store->counts, &campaign, sizeof(campaign), counts);
    return counts;
}

static struct campaign_counts *give_counts(struct reply_store *store, uint64_t campaign)
{
    struct campaign_counts *counts = find_counts(store, campaign);
    if (counts == NULL) {
        counts = mem_zalloc(1, sizeof(*counts));
        counts->campaign = campaign;
        HASH_ADD(hh, store->counts, campaign, sizeof(campaign), counts);
    }
    return counts;
}
/* NOLINTEND(readability-function-*) */

struct reply_counts reply_store_counts(const struct reply_store *store, uint64_t campaign)
{
    const struct campaign_counts *counts = find_counts(store, campaign);
    return counts == NULL ? (struct reply_counts){0} : counts->counts;
}

uint64_t reply_store_newest(const struct reply_store *store)
{
    return store->newest;
}

uint64_t reply_store_kept(const struct reply_store *store)
{
    return store->newest + 1 - store->oldest;
}

/* ---- keys ---- */

static void key_of(struct buf *key, uint64_t number)
{
    ledger_catalogue_key_u64(key, CATALOGUE_REPLY, ~number);
}

static void campaign_id(struct buf *id, uint64_t campaign, uint64_t number)
{
    buf_be64(id, campaign);
    buf_be64(id, ~number);
}

static struct hash128 hash_of(const struct reply_store *store, struct slice provider,
                              struct slice id)
{
    struct buf text = {0};
    buf_blob(&text, provider);
    buf_slice(&text, id);
    struct hash128 hash = hash_keyed128(ledger_lookup_key(store->ledger), buf_view(&text));
    buf_release(&text);
    return hash;
}

static void hash_id(struct buf *id, struct hash128 hash)
{
    buf_be64(id, hash.high);
    buf_be64(id, hash.low);
}

/* ---- the start ---- */

static bool load_counts(void *arg, struct slice id, struct slice value)
{
    struct reply_store *store = arg;
    struct reader key = reader_of(id);
    struct reader reader = reader_of(value);
    struct campaign_counts *counts = give_counts(store, reader_be64(&key));
    if (reader_u8(&reader) == VERSION) {
        unsigned classes = reader_u8(&reader);
        for (unsigned class = 0; class < classes; class ++) {
            uint64_t count = reader_u64(&reader);
            if (class < REPLY_CLASSES) {
                counts->counts.of[class] = count;
            }
        }
    }
    return true;
}

static bool load_newest(void *arg, struct slice id, struct slice value)
{
    struct reply_store *store = arg;
    struct reader key = reader_of(id);
    uint64_t number = ~reader_be64(&key);
    (void)value;
    store->newest = number > store->newest ? number : store->newest;
    return false;
}

enum err reply_store_load(struct reply_store *store, struct problem *problem)
{
    struct store_value value = {0};
    enum err err =
        ledger_catalogue_get(store->ledger, CATALOGUE_COUNTERS, slice_str(COUNTERS_ENTRY), &value);
    if (err == ERR_OK) {
        struct reader reader = reader_of(value.bytes);
        if (reader_u8(&reader) == VERSION) {
            store->newest = reader_u64(&reader);
            store->oldest = reader_u64(&reader);
        }
        store_value_release(&value);
    }
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        err = ledger_each_entry(store->ledger, CATALOGUE_REPLY, load_newest, store);
    }
    if (err == ERR_OK) {
        err = ledger_each_entry(store->ledger, CATALOGUE_REPLY_COUNTS, load_counts, store);
    }
    return err == ERR_OK
               ? ERR_OK
               : problem_set(problem, err, "the replies cannot be read: %s", err_sentence(err));
}

/* ---- adding ---- */

static void forget_durable(struct reply_store *store, const struct turn *turn)
{
    while (store->first != NULL && store->first->recno <= turn_durable(turn)) {
        struct flight *flight = store->first;
        store->first = flight->next;
        if (store->first == NULL) {
            store->last = &store->first;
        }
        mem_free(flight);
    }
}

static void put_index(struct reply_store *store, const struct reply_record *reply,
                      struct record *record, struct flight *flight)
{
    struct buf id = {0};
    struct buf key = {0};
    struct buf value = {0};
    if (reply->campaign != 0) {
        campaign_id(&id, reply->campaign, reply->number);
        ledger_catalogue_key(&key, CATALOGUE_REPLY_OF_CAMPAIGN, buf_view(&id));
        buf_u8(&value, (uint8_t)reply->class);
        record_put(record, buf_view(&key), buf_view(&value));
    }
    if (reply->id.len > 0) {
        flight->id = hash_of(store, reply->provider, reply->id);
        flight->has_id = true;
        buf_clear(&id);
        buf_clear(&key);
        buf_clear(&value);
        hash_id(&id, flight->id);
        ledger_catalogue_key(&key, CATALOGUE_REPLY_ID, buf_view(&id));
        buf_u64(&value, reply->number);
        record_put(record, buf_view(&key), buf_view(&value));
    }
    buf_release(&id);
    buf_release(&key);
    buf_release(&value);
}

void reply_store_add(struct reply_store *store, struct reply_record *reply, struct turn *turn)
{
    struct record *record = turn_record(turn);
    struct flight *flight = mem_zalloc(1, sizeof(*flight));
    struct buf key = {0};
    struct buf value = {0};
    forget_durable(store, turn);
    reply->number = ++store->newest;
    key_of(&key, reply->number);
    reply_record_encode(reply, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    put_index(store, reply, record, flight);
    buf_release(&key);
    buf_release(&value);
    flight->reply = (struct reply_record){.number = reply->number,
                                          .class = reply->class,
                                          .result = reply->result,
                                          .campaign = reply->campaign,
                                          .ordinal = reply->ordinal};
    flight->recno = turn_open(turn);
    *store->last = flight;
    store->last = &flight->next;
    struct campaign_counts *counts = give_counts(store, reply->campaign);
    counts->counts.of[reply->class]++;
    counts->is_changed = true;
    store->is_changed = true;
}

/* ---- asking ---- */

enum err reply_store_get(struct reply_store *store, uint64_t number, struct reply_record *reply,
                         struct store_value *value)
{
    struct buf id = {0};
    buf_be64(&id, ~number);
    enum err err = ledger_catalogue_get(store->ledger, CATALOGUE_REPLY, buf_view(&id), value);
    buf_release(&id);
    if (err != ERR_OK) {
        return err;
    }
    err = reply_record_decode(value->bytes, reply);
    reply->number = number;
    if (err != ERR_OK) {
        store_value_release(value);
    }
    return err;
}

static enum err find_durable(struct reply_store *store, struct hash128 hash,
                             struct reply_record *reply)
{
    struct buf id = {0};
    struct store_value value = {0};
    hash_id(&id, hash);
    enum err err = ledger_catalogue_get(store->ledger, CATALOGUE_REPLY_ID, buf_view(&id), &value);
    buf_release(&id);
    if (err != ERR_OK) {
        return err;
    }
    struct reader reader = reader_of(value.bytes);
    uint64_t number = reader_u64(&reader);
    store_value_release(&value);
    err = reply_store_get(store, number, reply, &value);
    if (err == ERR_OK) { /* the texts go */
        *reply = (struct reply_record){.number = number,
                                       .class = reply->class,
                                       .result = reply->result,
                                       .campaign = reply->campaign,
                                       .ordinal = reply->ordinal};
        store_value_release(&value);
    }
    return err;
}

enum err reply_store_find(struct reply_store *store, struct turn *turn, struct slice provider,
                          struct slice id, struct reply_record *reply)
{
    struct hash128 hash = hash_of(store, provider, id);
    forget_durable(store, turn);
    for (const struct flight *flight = store->first; flight != NULL; flight = flight->next) {
        if (flight->has_id && flight->id.low == hash.low && flight->id.high == hash.high) {
            *reply = flight->reply;
            return ERR_OK;
        }
    }
    return find_durable(store, hash, reply);
}

/* ---- walking ---- */

struct walk {
    struct reply_store *store;
    uint64_t campaign;
    reply_store_fn each;
    void *arg;
    enum err err;
};

static bool walk_all(void *arg, struct slice id, struct slice value)
{
    struct walk *walk = arg;
    struct reader key = reader_of(id);
    struct reply_record reply;
    walk->err = reply_record_decode(value, &reply);
    reply.number = ~reader_be64(&key);
    return walk->err == ERR_OK && walk->each(walk->arg, &reply);
}

static bool walk_campaign(void *arg, struct slice id, struct slice index)
{
    struct walk *walk = arg;
    struct reader key = reader_of(id);
    struct reply_record reply;
    struct store_value value = {0};
    (void)index;
    if (reader_be64(&key) != walk->campaign) {
        return false;
    }
    enum err err = reply_store_get(walk->store, ~reader_be64(&key), &reply, &value);
    if (err == ERR_NOT_FOUND) {
        return true;
    }
    walk->err = err;
    bool goes_on = err == ERR_OK && walk->each(walk->arg, &reply);
    store_value_release(&value);
    return goes_on;
}

enum err reply_store_each(struct reply_store *store, uint64_t campaign, uint64_t from,
                          reply_store_fn each, void *arg)
{
    struct walk walk = {.store = store, .campaign = campaign, .each = each, .arg = arg};
    struct buf id = {0};
    enum err err;
    if (campaign == 0) {
        buf_be64(&id, ~from);
        err =
            ledger_each_entry_from(store->ledger, CATALOGUE_REPLY, buf_view(&id), walk_all, &walk);
    } else {
        campaign_id(&id, campaign, from);
        err = ledger_each_entry_from(store->ledger, CATALOGUE_REPLY_OF_CAMPAIGN, buf_view(&id),
                                     walk_campaign, &walk);
    }
    buf_release(&id);
    return err == ERR_OK ? walk.err : err;
}

/* ---- in every turn ---- */

static void note_counts(struct campaign_counts *counts, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_REPLY_COUNTS, counts->campaign);
    buf_u8(&value, VERSION);
    buf_u8(&value, REPLY_CLASSES);
    for (unsigned class = 0; class < REPLY_CLASSES; class ++) {
        buf_u64(&value, counts->counts.of[class]);
    }
    record_put(record, buf_view(&key), buf_view(&value));
    counts->is_changed = false;
    buf_release(&key);
    buf_release(&value);
}

void reply_store_note(struct reply_store *store, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    if (!store->is_changed) {
        return;
    }
    struct campaign_counts *counts;
    struct campaign_counts *next;
    HASH_ITER(hh, store->counts, counts, next)
    {
        if (counts->is_changed) {
            note_counts(counts, record);
        }
    }
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(COUNTERS_ENTRY));
    buf_u8(&value, VERSION);
    buf_u64(&value, store->newest);
    buf_u64(&value, store->oldest);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    store->is_changed = false;
}

static void remove_key(struct record *record, enum catalogue_kind kind, const struct buf *id)
{
    struct buf key = {0};
    ledger_catalogue_key(&key, kind, buf_view(id));
    record_remove(record, buf_view(&key));
    buf_release(&key);
}

static void remove_reply(struct reply_store *store, const struct reply_record *reply,
                         struct record *record)
{
    struct buf id = {0};
    buf_be64(&id, ~reply->number);
    remove_key(record, CATALOGUE_REPLY, &id);
    if (reply->campaign != 0) {
        buf_clear(&id);
        campaign_id(&id, reply->campaign, reply->number);
        remove_key(record, CATALOGUE_REPLY_OF_CAMPAIGN, &id);
    }
    if (reply->id.len > 0) {
        buf_clear(&id);
        hash_id(&id, hash_of(store, reply->provider, reply->id));
        remove_key(record, CATALOGUE_REPLY_ID, &id);
    }
    buf_release(&id);
}

/* False: it is to stay, or cannot be read just now. */
static bool sweep_oldest(struct reply_store *store, uint64_t before_ms, struct turn *turn)
{
    struct reply_record reply = {0};
    struct store_value value = {0};
    enum err err = reply_store_get(store, store->oldest, &reply, &value);
    if (err == ERR_OK) {
        store->oldest_at_ms = reply.at_ms;
        if (reply.at_ms < before_ms) {
            remove_reply(store, &reply, turn_record(turn));
        }
        bool stays = reply.at_ms >= before_ms;
        store_value_release(&value);
        if (stays) {
            return false;
        }
    } else if (err != ERR_NOT_FOUND) {
        LOG_E("replies", "unreadable", "reply=r%" PRIu64 " err=%s", store->oldest, err_name(err));
        return false;
    }
    store->oldest++;
    store->oldest_at_ms = 0;
    store->is_changed = true;
    return true;
}

bool reply_store_sweep(struct reply_store *store, uint64_t before_ms, struct turn *turn)
{
    if (store->oldest > store->newest || store->oldest_at_ms >= before_ms) {
        return false;
    }
    forget_durable(store, turn);
    uint64_t end = store->first == NULL ? store->newest + 1 : store->first->reply.number;
    for (unsigned i = 0; i < SWEEP_AT_ONCE; i++) {
        if (store->oldest >= end || !sweep_oldest(store, before_ms, turn)) {
            return false;
        }
    }
    return true;
}
