/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A family is a sorted array of pointers to pairs; a pair is immutable and counted. Whoever reads
 * holds references, so a value or a scan stays as it was while writes replace pairs in the array: a
 * scan copies the pointers of its range when it starts. Simple before fast: this is for tests and
 * the simulation.
 *
 * The contents outlive a ledger when somebody else holds the store too (store_mem_ref): that is how
 * the simulation crashes a coordinator and starts it again on what was durable.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/ledger/store.h"

struct mem_pair {
    atomic_uint refs;
    size_t key_len;
    size_t value_len;
    uint8_t bytes[]; /* key, value */
};

struct mem_family {
    struct mem_pair **pairs;
    size_t count;
    size_t cap;
};

struct store_mem {
    struct store store;
    atomic_uint refs;
    pthread_mutex_t lock; /* everything below */
    struct mem_family families[STORE_FAMILIES];
    unsigned failing_writes;
    enum err failing_with;
};

enum mem_change_kind { MEM_PUT, MEM_REMOVE };

struct mem_change {
    enum mem_change_kind kind;
    enum store_family family;
    struct mem_pair *pair; /* for MEM_REMOVE: the key alone */
};

struct store_batch {
    struct mem_change *changes;
    size_t count;
    size_t cap;
};

struct store_scan {
    struct mem_pair **pairs;
    size_t count;
    size_t next;
};

struct store_bulk {
    struct store_mem *mem;
    struct store_batch batch;
    enum store_family family;
};

static struct store_mem *store_mem_of(struct store *store)
{
    return (struct store_mem *)store;
}

static struct mem_pair *pair_new(struct slice key, struct slice value)
{
    struct mem_pair *pair = mem_alloc(sizeof(*pair) + key.len + value.len);
    atomic_init(&pair->refs, 1);
    pair->key_len = key.len;
    pair->value_len = value.len;
    if (key.len > 0) {
        memcpy(pair->bytes, key.data, key.len);
    }
    if (value.len > 0) {
        memcpy(pair->bytes + key.len, value.data, value.len);
    }
    return pair;
}

static struct mem_pair *pair_ref(struct mem_pair *pair)
{
    atomic_fetch_add(&pair->refs, 1);
    return pair;
}

static void pair_unref(void *held)
{
    struct mem_pair *pair = held;
    if (atomic_fetch_sub(&pair->refs, 1) == 1) {
        mem_free(pair);
    }
}

static struct slice pair_key(const struct mem_pair *pair)
{
    return slice_of(pair->bytes, pair->key_len);
}

static struct slice pair_value(const struct mem_pair *pair)
{
    return slice_of(pair->bytes + pair->key_len, pair->value_len);
}

static int key_compare(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    if (order != 0 || a.len == b.len) {
        return order;
    }
    return a.len < b.len ? -1 : 1;
}

/* The first place whose key is not before `key`. */
static size_t family_find(const struct mem_family *family, struct slice key)
{
    size_t low = 0;
    size_t high = family->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (key_compare(pair_key(family->pairs[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool family_has(const struct mem_family *family, size_t at, struct slice key)
{
    return at < family->count && slice_equal(pair_key(family->pairs[at]), key);
}

/* Where a range ends; an empty key is the end of the family. */
static size_t family_find_end(const struct mem_family *family, struct slice to)
{
    return to.len == 0 ? family->count : family_find(family, to);
}

static void family_remove_range(struct mem_family *family, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        pair_unref(family->pairs[i]);
    }
    if (from < to) {
        memmove(&family->pairs[from], &family->pairs[to],
                (family->count - to) * sizeof(struct mem_pair *));
        family->count -= to - from;
    }
}

static void family_put(struct mem_family *family, struct mem_pair *pair)
{
    size_t at = family_find(family, pair_key(pair));
    if (family_has(family, at, pair_key(pair))) {
        pair_unref(family->pairs[at]);
        family->pairs[at] = pair_ref(pair);
        return;
    }
    if (family->count == family->cap) {
        family->cap = family->cap == 0 ? 16 : family->cap * 2;
        family->pairs = mem_resize(family->pairs, family->cap, sizeof(struct mem_pair *));
    }
    memmove(&family->pairs[at + 1], &family->pairs[at],
            (family->count - at) * sizeof(struct mem_pair *));
    family->pairs[at] = pair_ref(pair);
    family->count++;
}

static void family_apply(struct mem_family *families, const struct mem_change *change)
{
    struct mem_family *family = &families[change->family];
    if (change->kind == MEM_PUT) {
        family_put(family, change->pair);
        return;
    }
    size_t at = family_find(family, pair_key(change->pair));
    if (family_has(family, at, pair_key(change->pair))) {
        family_remove_range(family, at, at + 1);
    }
}

static void batch_add(struct store_batch *batch, enum mem_change_kind kind,
                      enum store_family family, struct slice key, struct slice value)
{
    if (batch->count == batch->cap) {
        batch->cap = batch->cap == 0 ? 16 : batch->cap * 2;
        batch->changes = mem_resize(batch->changes, batch->cap, sizeof(*batch->changes));
    }
    batch->changes[batch->count++] = (struct mem_change){kind, family, pair_new(key, value)};
}

static void batch_release(struct store_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        pair_unref(batch->changes[i].pair);
    }
    mem_free(batch->changes);
    *batch = (struct store_batch){0};
}

static void store_mem_apply(struct store_mem *mem, const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        family_apply(mem->families, &batch->changes[i]);
    }
}

static struct store_batch *store_mem_batch_new(struct store *store)
{
    (void)store;
    return mem_zalloc(1, sizeof(struct store_batch));
}

static void store_mem_batch_put(struct store_batch *batch, enum store_family family,
                                struct slice key, struct slice value)
{
    batch_add(batch, MEM_PUT, family, key, value);
}

static void store_mem_batch_remove(struct store_batch *batch, enum store_family family,
                                   struct slice key)
{
    batch_add(batch, MEM_REMOVE, family, key, slice_of(NULL, 0));
}

static void store_mem_batch_free(struct store_batch *batch)
{
    if (batch != NULL) {
        batch_release(batch);
        mem_free(batch);
    }
}

static enum err store_mem_write(struct store *store, struct store_batch *batch,
                                struct problem *problem)
{
    struct store_mem *mem = store_mem_of(store);
    enum err err = ERR_OK;
    pthread_mutex_lock(&mem->lock);
    if (mem->failing_writes > 0) {
        mem->failing_writes--;
        err = mem->failing_with;
    } else {
        store_mem_apply(mem, batch);
    }
    pthread_mutex_unlock(&mem->lock);
    if (err == ERR_OK) {
        return ERR_OK;
    }
    return problem_set(problem, err,
                       "Writing to the store in memory failed as a test asked it to.");
}

static enum err store_mem_get(struct store *store, enum store_family family, struct slice key,
                              struct store_value *value)
{
    struct store_mem *mem = store_mem_of(store);
    *value = (struct store_value){0};
    pthread_mutex_lock(&mem->lock);
    struct mem_family *in = &mem->families[family];
    size_t at = family_find(in, key);
    if (family_has(in, at, key)) {
        struct mem_pair *pair = pair_ref(in->pairs[at]);
        *value = (struct store_value){pair_value(pair), pair, pair_unref};
    }
    pthread_mutex_unlock(&mem->lock);
    return value->held == NULL ? ERR_NOT_FOUND : ERR_OK;
}

static struct store_scan *store_mem_scan(struct store *store, enum store_family family,
                                         struct slice from, struct slice to)
{
    struct store_mem *mem = store_mem_of(store);
    struct store_scan *scan = mem_zalloc(1, sizeof(*scan));
    pthread_mutex_lock(&mem->lock);
    struct mem_family *in = &mem->families[family];
    size_t first = family_find(in, from);
    size_t end = family_find_end(in, to);
    scan->count = end > first ? end - first : 0;
    scan->pairs = mem_zalloc(scan->count, sizeof(struct mem_pair *));
    for (size_t i = 0; i < scan->count; i++) {
        scan->pairs[i] = pair_ref(in->pairs[first + i]);
    }
    pthread_mutex_unlock(&mem->lock);
    return scan;
}

static bool store_mem_scan_next(struct store_scan *scan, struct slice *key, struct slice *value)
{
    if (scan->next == scan->count) {
        return false;
    }
    const struct mem_pair *pair = scan->pairs[scan->next++];
    *key = pair_key(pair);
    *value = pair_value(pair);
    return true;
}

static enum err store_mem_scan_free(struct store_scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        pair_unref(scan->pairs[i]);
    }
    mem_free(scan->pairs);
    mem_free(scan);
    return ERR_OK;
}

static struct store_bulk *store_mem_bulk_new(struct store *store, enum store_family family)
{
    struct store_bulk *bulk = mem_zalloc(1, sizeof(*bulk));
    bulk->mem = store_mem_of(store);
    bulk->family = family;
    return bulk;
}

static enum err store_mem_bulk_put(struct store_bulk *bulk, struct slice key, struct slice value)
{
    struct store_batch *batch = &bulk->batch;
    assert(batch->count == 0 ||
           key_compare(pair_key(batch->changes[batch->count - 1].pair), key) < 0);
    batch_add(batch, MEM_PUT, bulk->family, key, value);
    return ERR_OK;
}

static void store_mem_bulk_abort(struct store_bulk *bulk)
{
    batch_release(&bulk->batch);
    mem_free(bulk);
}

static enum err store_mem_bulk_finish(struct store_bulk *bulk, struct problem *problem)
{
    (void)problem;
    pthread_mutex_lock(&bulk->mem->lock);
    store_mem_apply(bulk->mem, &bulk->batch);
    pthread_mutex_unlock(&bulk->mem->lock);
    store_mem_bulk_abort(bulk);
    return ERR_OK;
}

static enum err store_mem_remove_range(struct store *store, enum store_family family,
                                       struct slice from, struct slice to)
{
    struct store_mem *mem = store_mem_of(store);
    pthread_mutex_lock(&mem->lock);
    struct mem_family *in = &mem->families[family];
    family_remove_range(in, family_find(in, from), family_find_end(in, to));
    pthread_mutex_unlock(&mem->lock);
    return ERR_OK;
}

static uint64_t store_mem_room(struct store *store)
{
    (void)store;
    return UINT64_MAX;
}

static uint64_t store_mem_family_bytes(struct store *store, enum store_family family)
{
    struct store_mem *mem = store_mem_of(store);
    uint64_t bytes = 0;
    pthread_mutex_lock(&mem->lock);
    const struct mem_family *in = &mem->families[family];
    for (size_t i = 0; i < in->count; i++) {
        bytes += in->pairs[i]->key_len + in->pairs[i]->value_len;
    }
    pthread_mutex_unlock(&mem->lock);
    return bytes;
}

static enum err store_mem_verify(struct store *store, void (*report)(void *arg, const char *what),
                                 void *arg)
{
    (void)store;
    (void)report;
    (void)arg;
    return ERR_OK;
}

static void store_mem_close(struct store *store)
{
    struct store_mem *mem = store_mem_of(store);
    if (atomic_fetch_sub(&mem->refs, 1) > 1) {
        return;
    }
    for (unsigned i = 0; i < STORE_FAMILIES; i++) {
        family_remove_range(&mem->families[i], 0, mem->families[i].count);
        mem_free(mem->families[i].pairs);
    }
    pthread_mutex_destroy(&mem->lock);
    mem_free(mem);
}

static const struct store_ops store_mem_ops = {
    .batch_new = store_mem_batch_new,
    .batch_put = store_mem_batch_put,
    .batch_remove = store_mem_batch_remove,
    .batch_free = store_mem_batch_free,
    .write = store_mem_write,
    .get = store_mem_get,
    .scan = store_mem_scan,
    .scan_next = store_mem_scan_next,
    .scan_free = store_mem_scan_free,
    .bulk_new = store_mem_bulk_new,
    .bulk_put = store_mem_bulk_put,
    .bulk_finish = store_mem_bulk_finish,
    .bulk_abort = store_mem_bulk_abort,
    .remove_range = store_mem_remove_range,
    .room = store_mem_room,
    .family_bytes = store_mem_family_bytes,
    .verify = store_mem_verify,
    .close = store_mem_close,
};

struct store *store_mem_new(void)
{
    struct store_mem *mem = mem_zalloc(1, sizeof(*mem));
    mem->store.ops = &store_mem_ops;
    atomic_init(&mem->refs, 1);
    pthread_mutex_init(&mem->lock, NULL);
    return &mem->store;
}

struct store *store_mem_ref(struct store *store)
{
    atomic_fetch_add(&store_mem_of(store)->refs, 1);
    return store;
}

void store_mem_fail_writes(struct store *store, unsigned writes, enum err err)
{
    struct store_mem *mem = store_mem_of(store);
    pthread_mutex_lock(&mem->lock);
    mem->failing_writes = err == ERR_OK ? 0 : writes;
    mem->failing_with = err;
    pthread_mutex_unlock(&mem->lock);
}
