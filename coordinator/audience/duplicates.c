/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting a billion keys does not fit into memory; sorting a thousandth of them does. Every
 * recipient is an entry of 16 bytes (56 bits of hash and a mark, 32 more bits of hash, the
 * ordinal), and the first ten bits of its hash choose one of 1,024 buckets; the hash is keyed,
 * hence the buckets are equally full. A bucket collects its entries in a chunk of 8 KiB; full
 * chunks are put away (chunk_store: in memory up to a limit, then in one nameless file). In the end
 * each bucket is fetched, sorted, freed of duplicates, and its keys are handed on: bucket after
 * bucket, so all keys come in the order of their hashes, which is the order of the index.
 *
 * Threads sort ahead while the caller hands on: they take bucket after bucket, at most RING of them
 * at a time, each into the place of the ring that its number gives it.
 *
 * One bucket can grow without bounds: when one key comes a million times (`n/a`, `0`). Whenever
 * ENTRIES_MAX entries are gathered they are sorted and freed of duplicates in between, which leaves
 * hardly any of such a key. Chunks are fetched in the order they were filled, so the lowest ordinal
 * of a key is always among those that stay.
 *
 * Refused: a hash table (8 to 16 bytes a recipient, all in memory, a cache miss each), sorting by
 * RocksDB (4 µs a key), a Bloom filter (still needs the exact answer).
 */
#include "coordinator/audience/duplicates.h"

#include <assert.h>
#include <uv.h>

#include "common/mem.h"
#include "coordinator/audience/chunk_store.h"
#include "coordinator/audience/entry_sort.h"

enum {
    BUCKET_BITS = 10,
    BUCKETS = 1 << BUCKET_BITS,
    SAME_BITS = BUCKET_BITS - ENTRY_MARK_BITS, /* of those that an entry holds */
    CHUNK_ENTRIES = CHUNK_BYTES / sizeof(struct entry),
    ENTRIES_MAX = 4 * 1024 * 1024,
    RING = 8,
    THREADS_MAX = 4,
    FEW = 100000 /* entries that are not worth a thread */
};

_Static_assert(BUCKET_BITS >= ENTRY_MARK_BITS,
               "the bits that make room for the mark are the bucket's");

struct bucket {
    struct entry *filling; /* a chunk */
    unsigned used;
    uint32_t *chunks; /* full ones, oldest first */
    uint32_t count;
    uint32_t cap;
};

/* A bucket that is sorted and waits for its turn. */
struct sorted {
    struct entry *entries;
    size_t count;
    size_t cap;
    bool is_ready;
};

struct duplicates {
    struct chunk_store *chunks;
    uint64_t count;
    struct bucket buckets[BUCKETS];
    /* While resolving. */
    const struct duplicates_sink *sink;
    uv_mutex_t lock; /* of all below, and held while sink->duplicate is called */
    uv_cond_t changed;
    unsigned taken;  /* buckets that a thread has begun with */
    unsigned handed; /* buckets that are done */
    struct problem problem;
    struct sorted ring[RING];
};

/* Gathering */

static enum err put_away(struct duplicates *duplicates, struct bucket *bucket,
                         struct problem *problem)
{
    uint32_t number = chunk_store_count(duplicates->chunks);
    enum err err = chunk_store_put(duplicates->chunks, bucket->filling, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (bucket->count == bucket->cap) {
        bucket->cap = bucket->cap == 0 ? 16 : bucket->cap * 2;
        bucket->chunks = mem_resize(bucket->chunks, bucket->cap, sizeof(*bucket->chunks));
    }
    bucket->chunks[bucket->count++] = number;
    bucket->used = 0;
    return ERR_OK;
}

struct duplicates *duplicates_new(const char *dir, size_t memory_bytes)
{
    struct duplicates *duplicates = mem_zalloc(1, sizeof(*duplicates));
    duplicates->chunks = chunk_store_new(dir, memory_bytes);
    return duplicates;
}

void duplicates_free(struct duplicates *duplicates)
{
    if (duplicates == NULL) {
        return;
    }
    for (unsigned b = 0; b < BUCKETS; b++) {
        mem_free(duplicates->buckets[b].filling);
        mem_free(duplicates->buckets[b].chunks);
    }
    for (unsigned i = 0; i < RING; i++) {
        mem_free(duplicates->ring[i].entries);
    }
    chunk_store_free(duplicates->chunks);
    mem_free(duplicates);
}

enum err duplicates_add_one(struct duplicates *duplicates, struct hash128 hash, uint8_t mark,
                            uint32_t ordinal, struct problem *problem)
{
    struct bucket *bucket = &duplicates->buckets[hash.low >> (64 - BUCKET_BITS)];
    if (bucket->filling == NULL) {
        bucket->filling = mem_alloc(CHUNK_BYTES);
    }
    bucket->filling[bucket->used++] = (struct entry){
        .word = hash.low << ENTRY_MARK_BITS | mark,
        .tie = (uint32_t)hash.high,
        .ordinal = ordinal,
    };
    duplicates->count++;
    return bucket->used == CHUNK_ENTRIES ? put_away(duplicates, bucket, problem) : ERR_OK;
}

enum err duplicates_add(struct duplicates *duplicates, const struct hash128 *hashes,
                        const uint8_t *marks, unsigned count, uint32_t first,
                        struct problem *problem)
{
    enum err err = ERR_OK;
    for (unsigned i = 0; i < count && err == ERR_OK; i++) {
        err = duplicates_add_one(duplicates, hashes[i], marks[i], first + i, problem);
    }
    return err;
}

/* Sorting a bucket */

struct drop {
    struct duplicates *duplicates;
    bool is_locked;
};

static void drop_duplicate(void *arg, const struct entry *entry)
{
    struct drop *drop = arg;
    const struct duplicates_sink *sink = drop->duplicates->sink;
    if (!drop->is_locked) {
        uv_mutex_lock(&drop->duplicates->lock);
        drop->is_locked = true;
    }
    sink->duplicate(sink->arg, entry->ordinal, (uint8_t)entry->word);
}

static void sort_and_drop(struct duplicates *duplicates, struct sorted *sorted)
{
    struct drop drop = {duplicates, false};
    entry_sort(sorted->entries, sorted->count, SAME_BITS);
    sorted->count = entry_unique(sorted->entries, sorted->count, drop_duplicate, &drop);
    if (drop.is_locked) {
        uv_mutex_unlock(&duplicates->lock);
    }
}

/* Room for `more` entries. What is there is first made smaller if it is a lot. */
static struct entry *make_room(struct duplicates *duplicates, struct sorted *sorted, size_t more)
{
    if (sorted->count + more > ENTRIES_MAX && sorted->count + more > sorted->cap) {
        sort_and_drop(duplicates, sorted);
    }
    if (sorted->count + more > sorted->cap) {
        size_t cap = sorted->count + more + sorted->count / 2;
        sorted->entries = mem_resize(sorted->entries, cap, sizeof(*sorted->entries));
        sorted->cap = cap;
    }
    return sorted->entries + sorted->count;
}

static enum err sort_bucket(struct duplicates *duplicates, const struct bucket *bucket,
                            struct sorted *sorted, struct problem *problem)
{
    sorted->count = 0;
    size_t all = (size_t)bucket->count * CHUNK_ENTRIES + bucket->used;
    (void)make_room(duplicates, sorted, all < ENTRIES_MAX ? all : ENTRIES_MAX);
    for (uint32_t i = 0; i < bucket->count; i++) {
        struct entry *to = make_room(duplicates, sorted, CHUNK_ENTRIES);
        enum err err = chunk_store_get(duplicates->chunks, bucket->chunks[i], to, problem);
        if (err != ERR_OK) {
            return err;
        }
        sorted->count += CHUNK_ENTRIES;
    }
    struct entry *to = make_room(duplicates, sorted, bucket->used);
    if (bucket->used > 0) {
        memcpy(to, bucket->filling, bucket->used * sizeof(*to));
    }
    sorted->count += bucket->used;
    sort_and_drop(duplicates, sorted);
    return ERR_OK;
}

/* The bits of the hash that a bucket's entries do not hold. */
static uint64_t hash_top(unsigned bucket)
{
    return (uint64_t)bucket << (64 - BUCKET_BITS) & ~(UINT64_MAX >> ENTRY_MARK_BITS);
}

static enum err hand_on(const struct duplicates_sink *sink, unsigned bucket,
                        const struct sorted *sorted)
{
    uint64_t top = hash_top(bucket);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sorted->count; i++) {
        const struct entry *entry = &sorted->entries[i];
        err = sink->unique(sink->arg, top | entry_hash(entry), entry->ordinal);
    }
    return err;
}

/* Threads */

/* The next bucket for a thread, once there is a place for it; BUCKETS when there is nothing more to
 * do. With the lock. */
static unsigned take_bucket(struct duplicates *duplicates)
{
    while (duplicates->problem.err == ERR_OK && duplicates->taken < BUCKETS &&
           duplicates->taken - duplicates->handed >= RING) {
        uv_cond_wait(&duplicates->changed, &duplicates->lock);
    }
    return duplicates->problem.err == ERR_OK && duplicates->taken < BUCKETS ? duplicates->taken++
                                                                            : BUCKETS;
}

static void sort_buckets(void *arg)
{
    struct duplicates *duplicates = arg;
    uv_mutex_lock(&duplicates->lock);
    for (;;) {
        unsigned number = take_bucket(duplicates);
        if (number == BUCKETS) {
            break;
        }
        uv_mutex_unlock(&duplicates->lock);
        struct sorted *sorted = &duplicates->ring[number % RING];
        struct problem problem = {.err = ERR_OK};
        enum err err = sort_bucket(duplicates, &duplicates->buckets[number], sorted, &problem);
        uv_mutex_lock(&duplicates->lock);
        if (err != ERR_OK && duplicates->problem.err == ERR_OK) {
            duplicates->problem = problem;
        }
        sorted->is_ready = true;
        uv_cond_broadcast(&duplicates->changed);
    }
    uv_mutex_unlock(&duplicates->lock);
}

/* Hands the sorted buckets on in order. With the lock. */
static void hand_on_buckets(struct duplicates *duplicates)
{
    while (duplicates->handed < BUCKETS) {
        struct sorted *sorted = &duplicates->ring[duplicates->handed % RING];
        while (!sorted->is_ready && duplicates->problem.err == ERR_OK) {
            uv_cond_wait(&duplicates->changed, &duplicates->lock);
        }
        if (duplicates->problem.err != ERR_OK) {
            return;
        }
        uv_mutex_unlock(&duplicates->lock);
        enum err err = hand_on(duplicates->sink, duplicates->handed, sorted);
        uv_mutex_lock(&duplicates->lock);
        sorted->is_ready = false;
        duplicates->handed++;
        duplicates->problem.err = err;
        uv_cond_broadcast(&duplicates->changed);
    }
}

static void resolve_with_threads(struct duplicates *duplicates, unsigned threads)
{
    uv_thread_t sorters[THREADS_MAX];
    threads = threads > THREADS_MAX ? THREADS_MAX : threads;
    for (unsigned i = 0; i < threads; i++) {
        int failed = uv_thread_create(&sorters[i], sort_buckets, duplicates);
        assert(failed == 0);
    }
    uv_mutex_lock(&duplicates->lock);
    hand_on_buckets(duplicates);
    uv_mutex_unlock(&duplicates->lock);
    for (unsigned i = 0; i < threads; i++) {
        uv_thread_join(&sorters[i]);
    }
}

static void resolve_alone(struct duplicates *duplicates)
{
    struct problem *problem = &duplicates->problem;
    struct sorted *sorted = &duplicates->ring[0];
    for (unsigned b = 0; problem->err == ERR_OK && b < BUCKETS; b++) {
        if (sort_bucket(duplicates, &duplicates->buckets[b], sorted, problem) == ERR_OK) {
            problem->err = hand_on(duplicates->sink, b, sorted);
        }
    }
}

enum err duplicates_resolve(struct duplicates *duplicates, unsigned threads,
                            const struct duplicates_sink *sink, struct problem *problem)
{
    duplicates->sink = sink;
    uv_mutex_init(&duplicates->lock);
    uv_cond_init(&duplicates->changed);
    if (threads == 0 || duplicates->count < FEW) {
        resolve_alone(duplicates);
    } else {
        resolve_with_threads(duplicates, threads);
    }
    uv_cond_destroy(&duplicates->changed);
    uv_mutex_destroy(&duplicates->lock);
    *problem = duplicates->problem;
    return problem->err;
}
