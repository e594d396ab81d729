/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/mem.h"
#include "coordinator/ledger/store_dir.h"
#include "coordinator/ledger/store_rocks_internal.h"

#define BULK_FILE_BYTES (128u << 20)

struct store_bulk {
    struct store_rocks *rocks;
    enum store_family family;
    rocksdb_sstfilewriter_t *writer; /* of the last file, while it is being filled */
    uint64_t writer_bytes;
    char **paths;
    size_t path_count;
    enum err err; /* of the first failure; the bulk can then only be aborted */
};

struct store_bulk *store_rocks_bulk_new(struct store *store, enum store_family family)
{
    struct store_bulk *bulk = mem_zalloc(1, sizeof(*bulk));
    bulk->rocks = store_rocks_of(store);
    bulk->family = family;
    return bulk;
}

static char *bulk_new_path(struct store_bulk *bulk)
{
    struct buf path = {0};
    buf_printf(&path, "%s/%s/%u.sst", bulk->rocks->dir, STORE_DIR_BULK,
               atomic_fetch_add(&bulk->rocks->bulk_files, 1));
    bulk->paths = mem_resize(bulk->paths, bulk->path_count + 1, sizeof(*bulk->paths));
    bulk->paths[bulk->path_count] = mem_copy_str(buf_cstr(&path));
    buf_release(&path);
    return bulk->paths[bulk->path_count++];
}

static enum err bulk_open_file(struct store_bulk *bulk)
{
    char *message = NULL;
    bulk->writer =
        rocksdb_sstfilewriter_create(bulk->rocks->env, bulk->rocks->options[bulk->family]);
    bulk->writer_bytes = 0;
    rocksdb_sstfilewriter_open(bulk->writer, bulk_new_path(bulk), &message);
    return rocks_take_message(message);
}

/* RocksDB syncs the file when it finishes it; that the bulk is synced before it is announced is too
 * dear to be left to that. */
static enum err bulk_sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    bool is_synced = fsync(fd) == 0;
    return close(fd) == 0 && is_synced ? ERR_OK : ERR_IO;
}

static enum err bulk_close_file(struct store_bulk *bulk)
{
    char *message = NULL;
    rocksdb_sstfilewriter_finish(bulk->writer, &message);
    rocksdb_sstfilewriter_destroy(bulk->writer);
    bulk->writer = NULL;
    enum err err = rocks_take_message(message);
    return err != ERR_OK ? err : bulk_sync_file(bulk->paths[bulk->path_count - 1]);
}

static enum err bulk_put(struct store_bulk *bulk, struct slice key, struct slice value)
{
    struct store_rocks *rocks = bulk->rocks;
    uint64_t bytes = key.len + value.len;
    enum err err = rocks_check_room(rocks, bytes, NULL);
    if (err == ERR_OK && bulk->writer != NULL && bulk->writer_bytes >= BULK_FILE_BYTES) {
        err = bulk_close_file(bulk);
    }
    if (err == ERR_OK && bulk->writer == NULL) {
        err = bulk_open_file(bulk);
    }
    if (err != ERR_OK) {
        return err;
    }
    char *message = NULL;
    rocksdb_sstfilewriter_put(bulk->writer, rocks_chars(key), key.len, rocks_chars(value),
                              value.len, &message);
    assert(message == NULL || strstr(message, "strict ascending") == NULL);
    bulk->writer_bytes += bytes;
    disk_room_take(&rocks->room, bytes);
    return rocks_take_message(message);
}

enum err store_rocks_bulk_put(struct store_bulk *bulk, struct slice key, struct slice value)
{
    if (bulk->err == ERR_OK) {
        bulk->err = bulk_put(bulk, key, value);
    }
    return bulk->err;
}

static enum err bulk_ingest(struct store_bulk *bulk, struct problem *problem)
{
    struct store_rocks *rocks = bulk->rocks;
    if (!rocks_enter(rocks)) {
        return problem_set(problem, ERR_IO, "The store in %s is not open.", rocks->dir);
    }
    rocksdb_ingestexternalfileoptions_t *options = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(options, 1);
    char *message = NULL;
    rocksdb_ingest_external_file_cf(rocks->db, rocks->families[bulk->family],
                                    (const char *const *)bulk->paths, bulk->path_count, options,
                                    &message);
    rocksdb_ingestexternalfileoptions_destroy(options);
    rocks_leave(rocks);
    return message == NULL ? ERR_OK : rocks_failed(rocks, message, "Bulk loading into", problem);
}

void store_rocks_bulk_abort(struct store_bulk *bulk)
{
    if (bulk->writer != NULL) {
        rocksdb_sstfilewriter_destroy(bulk->writer);
    }
    for (size_t i = 0; i < bulk->path_count; i++) {
        unlink(bulk->paths[i]); /* gone already when it was taken in */
        mem_free(bulk->paths[i]);
    }
    mem_free(bulk->paths);
    mem_free(bulk);
}

enum err store_rocks_bulk_finish(struct store_bulk *bulk, struct problem *problem)
{
    enum err err = bulk->err;
    if (err == ERR_OK && bulk->writer != NULL) {
        err = bulk_close_file(bulk);
    }
    if (err == ERR_NO_SPACE) {
        rocks_no_room(bulk->rocks, problem);
    } else if (err != ERR_OK) {
        problem_set(problem, err, "Bulk loading into the store in %s failed: %s.", bulk->rocks->dir,
                    err_sentence(err));
    } else if (bulk->path_count > 0) {
        err = bulk_ingest(bulk, problem);
    }
    store_rocks_bulk_abort(bulk);
    return err;
}

/* Files that lie wholly in the range go at once: mostly that is all there is. */
static enum err range_remove_files(struct store_rocks *rocks, enum store_family family,
                                   struct slice from, struct slice to)
{
    if (!rocks_enter(rocks)) {
        return ERR_IO;
    }
    char *message = NULL;
    rocksdb_delete_file_in_range_cf(rocks->db, rocks->families[family], rocks_chars(from), from.len,
                                    rocks_chars(to), to.len, &message);
    rocks_leave(rocks);
    return rocks_take_message(message);
}

/* A tombstone hides what is left. It stays for good in a family that is not compacted, so only if
 * there is something. */
static enum err range_hide(struct store_rocks *rocks, enum store_family family, struct slice from,
                           struct slice to)
{
    if (!rocks_enter(rocks)) {
        return ERR_IO;
    }
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    rocksdb_writebatch_delete_range_cf(batch, rocks->families[family], rocks_chars(from), from.len,
                                       rocks_chars(to), to.len);
    rocks_leave(rocks);
    enum err err = rocks_write(rocks, batch, NULL);
    rocksdb_writebatch_destroy(batch);
    return err;
}

enum err store_rocks_remove_range(struct store *store, enum store_family family, struct slice from,
                                  struct slice to)
{
    struct store_rocks *rocks = store_rocks_of(store);
    assert(to.len > 0);
    enum err err = range_remove_files(rocks, family, from, to);
    if (err != ERR_OK) {
        return err;
    }
    struct slice key;
    struct slice value;
    struct store_scan *scan = store_rocks_scan(store, family, from, to);
    bool has_any = store_rocks_scan_next(scan, &key, &value);
    err = store_rocks_scan_free(scan);
    return err == ERR_OK && has_any ? range_hide(rocks, family, from, to) : err;
}
