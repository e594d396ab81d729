/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table with open addressing and linear probing; equal hashes of other channels or kinds stand
 * side by side in a run. A removed entry leaves a mark, so that runs are not cut; marks go when the
 * table is made anew, at three quarters full.
 */
#include "coordinator/content/suppression_list.h"

#include <string.h>
#include <uv.h>

#include "common/mem.h"
#include "coordinator/audience/endpoint_index.h"

#define SLOTS_MIN 1024u
#define RANK_ALL  255

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_REMOVED };

struct slot {
    uint64_t hash;
    uint32_t until_s; /* 0: for good */
    uint16_t reason;
    uint8_t channel;
    uint8_t kind : 4;
    uint8_t state : 4;
};
_Static_assert(sizeof(struct slot) == 16, "an entry costs 16 bytes");

struct suppression_list {
    struct ledger *ledger;
    uv_rwlock_t lock; /* of all below */
    struct slot *slots;
    size_t cap;  /* a power of two, or 0 */
    size_t used; /* taken and removed */
    uint64_t count;
};

struct suppression_list *suppression_list_new(struct ledger *ledger)
{
    struct suppression_list *list = mem_zalloc(1, sizeof(*list));
    list->ledger = ledger;
    uv_rwlock_init(&list->lock);
    return list;
}

void suppression_list_free(struct suppression_list *list)
{
    if (list != NULL) {
        uv_rwlock_destroy(&list->lock);
        mem_free(list->slots);
        mem_free(list);
    }
}

uint64_t suppression_list_count(const struct suppression_list *list)
{
    return list->count;
}

/* ---- the table ---- */

static void put_slot(struct suppression_list *list, const struct slot *slot)
{
    size_t at = slot->hash & (list->cap - 1);
    while (list->slots[at].state != SLOT_FREE) {
        at = (at + 1) & (list->cap - 1);
    }
    list->slots[at] = *slot;
    list->used++;
}

static void make_room(struct suppression_list *list)
{
    if (list->used + 1 <= list->cap / 4 * 3) {
        return;
    }
    struct slot *before = list->slots;
    size_t cap = list->cap;
    list->cap = SLOTS_MIN;
    while (list->count + 1 > list->cap / 2) {
        list->cap *= 2;
    }
    list->slots = mem_zalloc(list->cap, sizeof(*list->slots));
    list->used = 0;
    for (size_t i = 0; i < cap; i++) {
        if (before[i].state == SLOT_TAKEN) {
            put_slot(list, &before[i]);
        }
    }
    mem_free(before);
}

/* Of the run of a hash: the next that is taken, at *at or behind it; NULL at its end. */
static struct slot *next_in_run(const struct suppression_list *list, uint64_t hash, size_t *at)
{
    for (; list->cap > 0 && list->slots[*at].state != SLOT_FREE;
         *at = (*at + 1) & (list->cap - 1)) {
        struct slot *slot = &list->slots[*at];
        if (slot->hash == hash && slot->state == SLOT_TAKEN) {
            return slot;
        }
    }
    return NULL;
}

static struct slot *find_slot(const struct suppression_list *list, const struct slot *wanted)
{
    size_t at = list->cap == 0 ? 0 : wanted->hash & (list->cap - 1);
    struct slot *slot = next_in_run(list, wanted->hash, &at);
    while (slot != NULL && (slot->kind != wanted->kind || slot->channel != wanted->channel)) {
        at = (at + 1) & (list->cap - 1);
        slot = next_in_run(list, wanted->hash, &at);
    }
    return slot;
}

static bool is_over(const struct slot *slot, uint64_t now_ms)
{
    return slot->until_s != 0 && (uint64_t)slot->until_s * 1000 <= now_ms;
}

static uint64_t hash_of(const struct suppression_list *list, const struct suppression *entry)
{
    const uint8_t *key = ledger_lookup_key(list->ledger);
    if (entry->kind == SUPPRESSION_CONTACT) {
        return hash_keyed128(key, slice_str(entry->value)).low; /* as in the index of the keys */
    }
    return endpoint_hash(key, channel_kind_field((enum channel_kind)entry->channel),
                         slice_str(entry->value));
}

static struct slot slot_of(const struct suppression_list *list, const struct suppression *entry)
{
    uint64_t until_s = (entry->until_ms + 999) / 1000;
    return (struct slot){
        .hash = hash_of(list, entry),
        .until_s = until_s > UINT32_MAX ? 0 : (uint32_t)until_s,
        .reason = entry->reason,
        .state = SLOT_TAKEN,
        .kind = entry->kind & 0xfu,
        .channel = entry->channel,
    };
}

/* ---- changes ---- */

static bool add(struct suppression_list *list, const struct suppression *entry, uint64_t now_ms)
{
    struct slot slot = slot_of(list, entry);
    uv_rwlock_wrlock(&list->lock);
    struct slot *there = find_slot(list, &slot);
    bool is_new = there == NULL || is_over(there, now_ms);
    if (there != NULL && is_new) {
        *there = slot;
    } else if (is_new) {
        make_room(list);
        put_slot(list, &slot);
        list->count++;
    }
    uv_rwlock_wrunlock(&list->lock);
    return is_new;
}

static void key_of(const struct suppression *entry, struct buf *key)
{
    struct buf id = {0};
    suppression_id(entry, &id);
    ledger_catalogue_key(key, CATALOGUE_SUPPRESSION, buf_view(&id));
    buf_release(&id);
}

bool suppression_list_add(struct suppression_list *list, const struct suppression *entry,
                          uint64_t now_ms, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    if (!add(list, entry, now_ms)) {
        return false;
    }
    key_of(entry, &key);
    suppression_encode(entry, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    return true;
}

static void keep_for_the_record(const struct suppression *entry, const char *by, uint64_t now_ms,
                                struct record *record)
{
    struct buf id = {0};
    struct buf key = {0};
    struct buf value = {0};
    buf_be64(&id, now_ms);
    suppression_id(entry, &id);
    ledger_catalogue_key(&key, CATALOGUE_SUPPRESSION_REMOVED, buf_view(&id));
    suppression_encode(entry, &value);
    buf_blob(&value, slice_str(by));
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&id);
    buf_release(&key);
    buf_release(&value);
}

bool suppression_list_remove(struct suppression_list *list, const struct suppression *entry,
                             const char *by, uint64_t now_ms, struct record *record)
{
    struct slot slot = slot_of(list, entry);
    struct buf key = {0};
    uv_rwlock_wrlock(&list->lock);
    struct slot *there = find_slot(list, &slot);
    if (there != NULL) {
        there->state = SLOT_REMOVED;
        list->count--;
    }
    uv_rwlock_wrunlock(&list->lock);
    if (there == NULL) {
        return false;
    }
    key_of(entry, &key);
    record_remove(record, buf_view(&key));
    buf_release(&key);
    keep_for_the_record(entry, by, now_ms, record);
    return true;
}

bool suppression_list_has(struct suppression_list *list, const struct suppression *entry,
                          uint64_t now_ms)
{
    struct slot slot = slot_of(list, entry);
    uv_rwlock_rdlock(&list->lock);
    const struct slot *there = find_slot(list, &slot);
    bool has = there != NULL && !is_over(there, now_ms);
    uv_rwlock_rdunlock(&list->lock);
    return has;
}

enum err suppression_list_read(struct suppression_list *list, struct suppression *entry)
{
    struct buf id = {0};
    struct store_value value = {0};
    suppression_id(entry, &id);
    enum err err = ledger_catalogue_get(list->ledger, CATALOGUE_SUPPRESSION, buf_view(&id), &value);
    if (err == ERR_OK) {
        err = suppression_decode(buf_view(&id), value.bytes, entry);
        store_value_release(&value);
    }
    buf_release(&id);
    return err;
}

struct loading {
    struct suppression_list *list;
    struct suppression entry;
    enum err err;
};

static bool load_entry(void *arg, struct slice id, struct slice value)
{
    struct loading *loading = arg;
    loading->err = suppression_decode(id, value, &loading->entry);
    if (loading->err == ERR_OK) {
        (void)add(loading->list, &loading->entry, 0);
    }
    return loading->err == ERR_OK;
}

enum err suppression_list_load(struct suppression_list *list, struct problem *problem)
{
    struct loading *loading = mem_zalloc(1, sizeof(*loading));
    loading->list = list;
    enum err err = ledger_each_entry(list->ledger, CATALOGUE_SUPPRESSION, load_entry, loading);
    err = err == ERR_OK ? loading->err : err;
    mem_free(loading);
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err, "the suppression list cannot be read: %s",
                                       err_sentence(err));
}

/* ---- who of an audience is on it ---- */

void suppression_hits_release(struct suppression_hits *hits)
{
    mem_free(hits->hits);
    *hits = (struct suppression_hits){0};
}

static void add_hit(struct suppression_hits *hits, const struct suppression_hit *hit)
{
    if (hits->count == hits->cap) {
        hits->cap = hits->cap == 0 ? 64 : hits->cap * 2;
        hits->hits = mem_resize(hits->hits, hits->cap, sizeof(*hits->hits));
    }
    hits->hits[hits->count++] = *hit;
}

struct matching {
    struct suppression_list *list;
    struct suppression_hits *hits;
    unsigned channels;
    unsigned ranks; /* as many as any field of the audience has */
    uint64_t now_ms;
};

static void match(const struct matching *matching, enum suppression_kind kind, uint64_t hash,
                  uint32_t ordinal, unsigned rank)
{
    const struct suppression_list *list = matching->list;
    size_t at = list->cap == 0 ? 0 : hash & (list->cap - 1);
    const struct slot *slot = NULL;
    while ((slot = next_in_run(list, hash, &at)) != NULL) {
        bool is_asked = slot->channel == SUPPRESSION_ALL_CHANNELS ||
                        (matching->channels >> slot->channel & 1) != 0;
        if (slot->kind == kind && is_asked && !is_over(slot, matching->now_ms)) {
            add_hit(matching->hits,
                    &(struct suppression_hit){ordinal, slot->channel, (uint8_t)rank, slot->reason});
        }
        at = (at + 1) & (list->cap - 1);
    }
}

static bool match_endpoint(void *arg, uint64_t hash, uint32_t ordinal)
{
    const struct matching *matching = arg;
    uv_rwlock_rdlock(&matching->list->lock);
    for (unsigned rank = 0; rank < matching->ranks; rank++) {
        match(matching, SUPPRESSION_ENDPOINT, endpoint_hash_at(hash, rank), ordinal, rank);
    }
    uv_rwlock_rdunlock(&matching->list->lock);
    return true;
}

static bool match_contact(void *arg, uint64_t hash, uint32_t ordinal)
{
    const struct matching *matching = arg;
    uv_rwlock_rdlock(&matching->list->lock);
    match(matching, SUPPRESSION_CONTACT, hash, ordinal, RANK_ALL);
    uv_rwlock_rdunlock(&matching->list->lock);
    return true;
}

enum err suppression_list_match(struct suppression_list *list, const struct audience_info *info,
                                unsigned channels, uint64_t now_ms, struct suppression_hits *hits)
{
    struct matching matching = {.list = list, .hits = hits, .channels = channels, .now_ms = now_ms};
    for (unsigned c = 0; c < info->schema.count; c++) {
        const struct page_column *column = &info->schema.columns[c];
        if (endpoint_is_field(column->field) && column->rank >= matching.ranks) {
            matching.ranks = column->rank + 1;
        }
    }
    enum err err = ledger_each_lookup(list->ledger, info->id, match_contact, &matching);
    if (err == ERR_OK && matching.ranks > 0) {
        err = ledger_each_endpoint(list->ledger, info->id, match_endpoint, &matching);
    }
    return err;
}

struct finding {
    struct suppression_hits *hits;
    const struct suppression *entry;
};

static bool take_found(void *arg, uint32_t ordinal, unsigned rank)
{
    const struct finding *finding = arg;
    add_hit(finding->hits, &(struct suppression_hit){ordinal, finding->entry->channel,
                                                     (uint8_t)rank, finding->entry->reason});
    return true;
}

enum err suppression_list_find(struct suppression_list *list, const struct audience_info *info,
                               const struct suppression *entry, struct suppression_hits *hits)
{
    struct finding finding = {hits, entry};
    uint32_t ordinal = 0;
    if (entry->kind == SUPPRESSION_ENDPOINT) {
        return endpoint_index_find(list->ledger, info,
                                   channel_kind_field((enum channel_kind)entry->channel),
                                   slice_str(entry->value), take_found, &finding);
    }
    enum err err = audience_lookup(list->ledger, info, slice_str(entry->value), &ordinal);
    if (err == ERR_OK) {
        (void)take_found(&finding, ordinal, RANK_ALL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
