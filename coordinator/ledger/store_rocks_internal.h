/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_rocks_internal: what the files of the RocksDB store share and nobody else sees.
 */
#ifndef TOCSIN_LEDGER_STORE_ROCKS_INTERNAL_H
#define TOCSIN_LEDGER_STORE_ROCKS_INTERNAL_H

#include <pthread.h>
#include <rocksdb/c.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/slice.h"
#include "coordinator/ledger/disk_room.h"
#include "coordinator/ledger/store.h"

/* Ours and RocksDB's "default", which stays empty. */
#define ROCKS_FAMILIES (STORE_FAMILIES + 1)
/* Of a message of RocksDB in a problem's text. */
#define ROCKS_TEXT_MAX 200

struct store_rocks {
    struct store store;
    char *dir;
    bool is_read_only;
    int lock_fd; /* of the directory's lock, which RocksDB does not take for reading only; or -1 */
    rocksdb_options_t *options[ROCKS_FAMILIES];
    rocksdb_cache_t *cache;
    rocksdb_envoptions_t *env;
    rocksdb_writeoptions_t *synced;
    rocksdb_readoptions_t *reads;
    struct disk_room room;
    atomic_uint bulk_files; /* names of files in bulk/ */

    pthread_mutex_t lock; /* everything below */
    pthread_cond_t reopened;
    rocksdb_t *db; /* NULL when opening again failed */
    rocksdb_column_family_handle_t *families[ROCKS_FAMILIES];
    unsigned users; /* calls, values and scans that the database must outlive */
    bool is_broken;
    bool is_reopening;
};

static inline struct store_rocks *store_rocks_of(struct store *store)
{
    return (struct store_rocks *)store;
}

static inline const char *rocks_chars(struct slice slice)
{
    return slice.len == 0 ? "" : (const char *)slice.data;
}

/* --- store_rocks.c --- */

/* Keeps the database from being closed until rocks_leave. False if there is none: opening it again
 * failed. */
bool rocks_enter(struct store_rocks *rocks);
void rocks_leave(struct store_rocks *rocks);
/* ERR_NO_SPACE if writing so many bytes would touch the reserve. */
enum err rocks_check_room(struct store_rocks *rocks, uint64_t bytes, struct problem *problem);
/* One synced batch. */
enum err rocks_write(struct store_rocks *rocks, rocksdb_writebatch_t *batch,
                     struct problem *problem);
/* After a write of any kind failed: RocksDB will take no other before it is opened again.
 * ERR_NO_SPACE or ERR_IO. */
enum err rocks_failed(struct store_rocks *rocks, char *take_message, const char *doing,
                      struct problem *problem);

/* --- store_rocks_options.c --- */

const char *rocks_family_name(unsigned family);
rocksdb_options_t *rocks_options_new(unsigned family, const struct store_rocks_settings *settings,
                                     rocksdb_cache_t *cache);

/* --- store_rocks_error.c --- */

/* ERR_NO_SPACE, ERR_CORRUPT or ERR_IO. */
enum err rocks_err(const char *message);
/* The same for a message that is logged and freed; ERR_OK for NULL. */
enum err rocks_take_message(char *take_message);
/* ERR_LOCKED. */
enum err rocks_in_use(const char *dir, pid_t holder, struct problem *problem);
enum err rocks_open_problem(const char *dir, const char *message, struct problem *problem);
enum err rocks_no_room(const struct store_rocks *rocks, struct problem *problem);

/* --- store_rocks_read.c --- */

enum err store_rocks_get(struct store *store, enum store_family family, struct slice key,
                         struct store_value *value);
struct store_scan *store_rocks_scan(struct store *store, enum store_family family,
                                    struct slice from, struct slice to);
bool store_rocks_scan_next(struct store_scan *scan, struct slice *key, struct slice *value);
enum err store_rocks_scan_free(struct store_scan *scan);
enum err store_rocks_verify(struct store *store, void (*report)(void *arg, const char *what),
                            void *arg);

/* --- store_rocks_bulk.c --- */

struct store_bulk *store_rocks_bulk_new(struct store *store, enum store_family family);
enum err store_rocks_bulk_put(struct store_bulk *bulk, struct slice key, struct slice value);
enum err store_rocks_bulk_finish(struct store_bulk *bulk, struct problem *problem);
void store_rocks_bulk_abort(struct store_bulk *bulk);
enum err store_rocks_remove_range(struct store *store, enum store_family family, struct slice from,
                                  struct slice to);

#endif
