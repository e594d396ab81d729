/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in RocksDB. The only user of rocksdb/c.h.
 *
 * Durability. Every write goes through the write-ahead log and is synced before it returns. The log
 * is replayed with "tolerate a corrupted tail": a record that ends early at the end of the log is
 * the write that nobody was promised; anything else that is wrong in it refuses to open. (RocksDB's
 * default, "point in time", would silently drop all that follows a damage, synced or not; "absolute
 * consistency" would refuse every torn tail.) Never set here, because they can lose synced data:
 * disableWAL, manual_wal_flush, wal_bytes_per_sync.
 *
 * Full disk. Before each write the room is looked at, so RocksDB hardly ever meets ENOSPC. If a
 * write fails all the same, RocksDB refuses all further ones, and its C interface has no Resume:
 * the store then is `broken`, goes on serving reads, and the next write closes and opens the
 * database again, when there is room and when nobody reads (a value or a scan that is held keeps
 * its user counted). Whatever of the failed batch reached the log is then replayed whole or not at
 * all; the caller writes the same batch again, and putting the same keys twice changes nothing.
 *
 * Bulk. Sorted keys go into files of their own (bulk/), are synced, and become part of the database
 * by a hard link: no log, no memtable, no compaction.
 *
 * Background. What is written gathers in memtables of a few MiB, is written out when they are full,
 * and is merged later on: small, so that memory stays as it is and each time takes little; by
 * threads that are nicer than those on whom requests wait.
 *
 * Traps: rocksdb_close with an open iterator aborts the process (`users` is asserted); a database
 * must be opened with all families that it has.
 */
#include <assert.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "coordinator/ledger/log_tail.h"
#include "coordinator/ledger/store_dir.h"
#include "coordinator/ledger/store_rocks_internal.h"
#include "coordinator/ledger/table_tail.h"

#define CACHE_BYTES (16u << 20)
/* Of the threads that write memtables out and merge tables: who waits for an answer comes first.
 * Not more, or with all cores busy for long they would fall behind, and writes would be stopped. */
#define BACKGROUND_NICE 5
/* A write must leave at least this much, for the manifest and the files' own overhead. */
#define ROOM_MARGIN_BYTES (256u << 10)

struct store_batch {
    rocksdb_writebatch_t *batch;
    struct store_rocks *rocks;
};

struct rocks_opening {
    struct store_rocks *rocks;
    bool is_read_only;
    char *message;
};

static void *rocks_open_here(void *arg)
{
    struct rocks_opening *opening = arg;
    struct store_rocks *rocks = opening->rocks;
    id_t self = (id_t)gettid();
    if (getpriority(PRIO_PROCESS, self) < BACKGROUND_NICE) {
        (void)setpriority(PRIO_PROCESS, self, BACKGROUND_NICE); /* of this thread only */
    }
    const char *names[ROCKS_FAMILIES];
    const rocksdb_options_t *options[ROCKS_FAMILIES];
    for (unsigned i = 0; i < ROCKS_FAMILIES; i++) {
        names[i] = rocks_family_name(i);
        options[i] = rocks->options[i];
    }
    const rocksdb_options_t *of_db = rocks->options[STORE_FAMILIES];
    rocks->db = opening->is_read_only
                    ? rocksdb_open_for_read_only_column_families(of_db, rocks->dir, ROCKS_FAMILIES,
                                                                 names, options, rocks->families, 0,
                                                                 &opening->message)
                    : rocksdb_open_column_families(of_db, rocks->dir, ROCKS_FAMILIES, names,
                                                   options, rocks->families, &opening->message);
    return NULL;
}

/* *message stays NULL, or is what RocksDB says. RocksDB starts its threads when it first opens a
 * database, and they inherit how nice the thread is that does it. */
static void rocks_open_db(struct store_rocks *rocks, bool is_read_only, char **message)
{
    struct rocks_opening opening = {rocks, is_read_only, NULL};
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, rocks_open_here, &opening);
    assert(!failed);
    (void)pthread_join(thread, NULL);
    *message = opening.message;
}

static void rocks_close_db(struct store_rocks *rocks)
{
    assert(rocks->users == 0);
    if (rocks->db == NULL) {
        return;
    }
    for (unsigned i = 0; i < ROCKS_FAMILIES; i++) {
        rocksdb_column_family_handle_destroy(rocks->families[i]);
    }
    rocksdb_close(rocks->db);
    rocks->db = NULL;
}

/* False if there is no database: opening it again failed. */
bool rocks_enter(struct store_rocks *rocks)
{
    pthread_mutex_lock(&rocks->lock);
    while (rocks->is_reopening) {
        pthread_cond_wait(&rocks->reopened, &rocks->lock);
    }
    bool has_db = rocks->db != NULL;
    rocks->users += has_db;
    pthread_mutex_unlock(&rocks->lock);
    return has_db;
}

void rocks_leave(struct store_rocks *rocks)
{
    pthread_mutex_lock(&rocks->lock);
    assert(rocks->users > 0);
    rocks->users--;
    pthread_mutex_unlock(&rocks->lock);
}

/* After a write of any kind failed: RocksDB will take no other before it is opened again. */
static void rocks_break(struct store_rocks *rocks)
{
    if (rocks->is_read_only) {
        return; /* it never takes a write */
    }
    pthread_mutex_lock(&rocks->lock);
    rocks->is_broken = true;
    pthread_mutex_unlock(&rocks->lock);
    disk_room_forget(&rocks->room);
}

/* If the database cannot be opened for writing, then at least for reading. */
static enum err rocks_reopen(struct store_rocks *rocks, struct problem *problem)
{
    uint64_t since_ms = clock_monotonic_ms();
    char *message = NULL;
    rocks_close_db(rocks);
    rocks_open_db(rocks, false, &message);
    if (message == NULL) {
        LOG_W("store", "reopened", "dir=%s ms=%" PRIu64, rocks->dir,
              clock_monotonic_ms() - since_ms);
        return ERR_OK;
    }
    enum err err = rocks_err(message) == ERR_NO_SPACE ? rocks_no_room(rocks, problem) : ERR_IO;
    if (err == ERR_IO) {
        rocks_open_problem(rocks->dir, message, problem);
    }
    LOG_E("store", "not_reopened", "dir=%s reason=\"%s\"", rocks->dir, message);
    rocksdb_free(message);
    message = NULL;
    rocks_open_db(rocks, true, &message);
    if (message != NULL) {
        LOG_E("store", "not_readable", "dir=%s reason=\"%s\"", rocks->dir, message);
        rocksdb_free(message);
    }
    return err;
}

/* The writer's: if the store is broken, opens it again. Never waits for readers, who may be waiting
 * for others. */
static enum err rocks_repair(struct store_rocks *rocks, struct problem *problem)
{
    pthread_mutex_lock(&rocks->lock);
    bool is_broken = rocks->is_broken;
    bool is_free = rocks->users == 0;
    rocks->is_reopening = is_broken && is_free;
    pthread_mutex_unlock(&rocks->lock);
    if (!is_broken) {
        return ERR_OK;
    }
    if (!is_free) {
        return problem_set(problem, ERR_IO,
                           "The store in %s failed and opens again once its readers are done.",
                           rocks->dir);
    }
    enum err err = rocks_reopen(rocks, problem);
    pthread_mutex_lock(&rocks->lock);
    rocks->is_broken = err != ERR_OK;
    rocks->is_reopening = false;
    pthread_cond_broadcast(&rocks->reopened);
    pthread_mutex_unlock(&rocks->lock);
    return err;
}

enum err rocks_check_room(struct store_rocks *rocks, uint64_t bytes, struct problem *problem)
{
    if (disk_room_left(&rocks->room) < bytes + ROOM_MARGIN_BYTES) {
        return rocks_no_room(rocks, problem);
    }
    return ERR_OK;
}

enum err rocks_failed(struct store_rocks *rocks, char *take_message, const char *doing,
                      struct problem *problem)
{
    enum err err = rocks_err(take_message) == ERR_NO_SPACE ? ERR_NO_SPACE : ERR_IO;
    if (err == ERR_NO_SPACE) {
        rocks_no_room(rocks, problem);
    } else {
        problem_set(problem, err, "%s the store in %s failed: %.*s.", doing, rocks->dir,
                    ROCKS_TEXT_MAX, take_message);
    }
    rocks_take_message(take_message);
    rocks_break(rocks);
    return err;
}

static struct store_batch *store_rocks_batch_new(struct store *store)
{
    struct store_batch *batch = mem_zalloc(1, sizeof(*batch));
    batch->batch = rocksdb_writebatch_create();
    batch->rocks = store_rocks_of(store);
    return batch;
}

static void store_rocks_batch_put(struct store_batch *batch, enum store_family family,
                                  struct slice key, struct slice value)
{
    rocksdb_writebatch_put_cf(batch->batch, batch->rocks->families[family], rocks_chars(key),
                              key.len, rocks_chars(value), value.len);
}

static void store_rocks_batch_remove(struct store_batch *batch, enum store_family family,
                                     struct slice key)
{
    rocksdb_writebatch_delete_cf(batch->batch, batch->rocks->families[family], rocks_chars(key),
                                 key.len);
}

static void store_rocks_batch_free(struct store_batch *batch)
{
    if (batch != NULL) {
        rocksdb_writebatch_destroy(batch->batch);
        mem_free(batch);
    }
}

enum err rocks_write(struct store_rocks *rocks, rocksdb_writebatch_t *batch,
                     struct problem *problem)
{
    size_t bytes;
    rocksdb_writebatch_data(batch, &bytes);
    enum err err = rocks_check_room(rocks, bytes, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (!rocks_enter(rocks)) {
        return problem_set(problem, ERR_IO, "The store in %s is not open.", rocks->dir);
    }
    char *message = NULL;
    rocksdb_write(rocks->db, rocks->synced, batch, &message);
    rocks_leave(rocks);
    if (message != NULL) {
        return rocks_failed(rocks, message, "Writing to", problem);
    }
    disk_room_take(&rocks->room, bytes);
    return ERR_OK;
}

static enum err rocks_try_write(struct store_rocks *rocks, rocksdb_writebatch_t *batch,
                                struct problem *problem)
{
    enum err err = rocks_check_room(rocks, 0, problem);
    if (err == ERR_OK) {
        err = rocks_repair(rocks, problem);
    }
    return err == ERR_OK ? rocks_write(rocks, batch, problem) : err;
}

/* The first failure may be an old one: a flush that met the full disk minutes ago. So once more, on
 * a database that was opened again. */
static enum err store_rocks_write(struct store *store, struct store_batch *batch,
                                  struct problem *problem)
{
    struct store_rocks *rocks = store_rocks_of(store);
    enum err err = rocks_try_write(rocks, batch->batch, problem);
    if (err != ERR_OK && rocks_try_write(rocks, batch->batch, NULL) == ERR_OK) {
        return ERR_OK;
    }
    return err;
}

static uint64_t store_rocks_room(struct store *store)
{
    return disk_room_left(&store_rocks_of(store)->room);
}

static uint64_t store_rocks_family_bytes(struct store *store, enum store_family family)
{
    static const char *const properties[] = {"rocksdb.live-sst-files-size",
                                             "rocksdb.cur-size-all-mem-tables"};
    struct store_rocks *rocks = store_rocks_of(store);
    uint64_t bytes = 0;
    if (!rocks_enter(rocks)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
        uint64_t value = 0;
        if (rocksdb_property_int_cf(rocks->db, rocks->families[family], properties[i], &value) ==
            0) {
            bytes += value;
        }
    }
    rocks_leave(rocks);
    return bytes;
}

static void store_rocks_close(struct store *store)
{
    struct store_rocks *rocks = store_rocks_of(store);
    rocks_close_db(rocks);
    for (unsigned i = 0; i < ROCKS_FAMILIES; i++) {
        rocksdb_options_destroy(rocks->options[i]);
    }
    rocksdb_cache_destroy(rocks->cache);
    rocksdb_envoptions_destroy(rocks->env);
    rocksdb_writeoptions_destroy(rocks->synced);
    rocksdb_readoptions_destroy(rocks->reads);
    disk_room_release(&rocks->room);
    pthread_mutex_destroy(&rocks->lock);
    pthread_cond_destroy(&rocks->reopened);
    if (rocks->lock_fd >= 0) {
        close(rocks->lock_fd);
    }
    mem_free(rocks->dir);
    mem_free(rocks);
}

static const struct store_ops store_rocks_ops = {
    .batch_new = store_rocks_batch_new,
    .batch_put = store_rocks_batch_put,
    .batch_remove = store_rocks_batch_remove,
    .batch_free = store_rocks_batch_free,
    .write = store_rocks_write,
    .get = store_rocks_get,
    .scan = store_rocks_scan,
    .scan_next = store_rocks_scan_next,
    .scan_free = store_rocks_scan_free,
    .bulk_new = store_rocks_bulk_new,
    .bulk_put = store_rocks_bulk_put,
    .bulk_finish = store_rocks_bulk_finish,
    .bulk_abort = store_rocks_bulk_abort,
    .remove_range = store_rocks_remove_range,
    .room = store_rocks_room,
    .family_bytes = store_rocks_family_bytes,
    .verify = store_rocks_verify,
    .close = store_rocks_close,
};

static struct store_rocks *rocks_new(const struct store_rocks_settings *settings)
{
    struct store_rocks *rocks = mem_zalloc(1, sizeof(*rocks));
    rocks->store.ops = &store_rocks_ops;
    rocks->dir = mem_copy_str(settings->dir);
    rocks->is_read_only = settings->read_only;
    rocks->lock_fd = -1;
    rocks->cache = rocksdb_cache_create_lru(CACHE_BYTES);
    for (unsigned i = 0; i < ROCKS_FAMILIES; i++) {
        rocks->options[i] = rocks_options_new(i, settings, rocks->cache);
    }
    rocks->env = rocksdb_envoptions_create();
    rocks->synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(rocks->synced, 1);
    rocks->reads = rocksdb_readoptions_create();
    disk_room_init(&rocks->room, settings->dir, settings->reserve_bytes);
    pthread_mutex_init(&rocks->lock, NULL);
    pthread_cond_init(&rocks->reopened, NULL);
    return rocks;
}

/* RocksDB reads a store beside its writer, but not whole: the writer removes tables and logs that
 * the reader has yet to come to, and they would look damaged. Where no lock can be had (a read-only
 * file system), nobody writes either. */
static enum err rocks_keep_writers_out(struct store_rocks *rocks, struct problem *problem)
{
    if (store_dir_lock(rocks->dir, &rocks->lock_fd) != ERR_LOCKED) {
        return ERR_OK;
    }
    return rocks_in_use(rocks->dir, store_dir_holder(rocks->dir), problem);
}

/* A store that is refused as damaged may only have a torn log: then that is cut off. */
static enum err rocks_open_first(struct store_rocks *rocks, struct problem *problem)
{
    char *message = NULL;
    rocks_open_db(rocks, rocks->is_read_only, &message);
    if (message == NULL) {
        return ERR_OK;
    }
    enum err err = rocks_open_problem(rocks->dir, message, problem);
    rocksdb_free(message);
    if (err == ERR_CORRUPT && !rocks->is_read_only && log_tail_cut(rocks->dir)) {
        message = NULL;
        rocks_open_db(rocks, false, &message);
        if (message == NULL) {
            return ERR_OK;
        }
        err = rocks_open_problem(rocks->dir, message, problem);
        rocksdb_free(message);
    }
    return err;
}

enum err store_rocks_open(struct store **out, const struct store_rocks_settings *settings,
                          struct problem *problem)
{
    *out = NULL;
    bool may_create = settings->create && !settings->read_only;
    enum err err = store_dir_prepare(settings->dir, may_create, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct store_rocks *rocks = rocks_new(settings);
    if (settings->read_only) {
        err = rocks_keep_writers_out(rocks, problem);
    }
    if (err == ERR_OK) {
        err = log_tail_check(settings->dir, problem);
    }
    if (err == ERR_OK) {
        err = table_tail_check(settings->dir, problem);
    }
    if (err == ERR_OK) {
        err = rocks_open_first(rocks, problem);
    }
    if (err == ERR_OK && !settings->read_only) {
        err = store_dir_clear_bulk(settings->dir, problem);
    }
    if (err != ERR_OK) {
        store_rocks_close(&rocks->store);
        return err;
    }
    *out = &rocks->store;
    return ERR_OK;
}
