/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "coordinator/ledger/store_rocks_internal.h"

struct store_scan {
    struct store_rocks *rocks;
    rocksdb_readoptions_t *options;
    rocksdb_iterator_t *iterator; /* NULL: there was no database */
    struct buf to;                /* RocksDB does not copy the bound */
    bool has_begun;
};

struct rocks_value {
    struct store_rocks *rocks;
    rocksdb_pinnableslice_t *slice;
};

static void rocks_value_release(void *held)
{
    struct rocks_value *value = held;
    rocksdb_pinnableslice_destroy(value->slice);
    rocks_leave(value->rocks);
    mem_free(value);
}

enum err store_rocks_get(struct store *store, enum store_family family, struct slice key,
                         struct store_value *value)
{
    struct store_rocks *rocks = store_rocks_of(store);
    *value = (struct store_value){0};
    if (!rocks_enter(rocks)) {
        return ERR_IO;
    }
    char *message = NULL;
    rocksdb_pinnableslice_t *slice = rocksdb_get_pinned_cf(
        rocks->db, rocks->reads, rocks->families[family], rocks_chars(key), key.len, &message);
    if (slice == NULL) {
        rocks_leave(rocks);
        return message == NULL ? ERR_NOT_FOUND : rocks_take_message(message);
    }
    struct rocks_value *held = mem_zalloc(1, sizeof(*held));
    *held = (struct rocks_value){rocks, slice};
    size_t len;
    const char *bytes = rocksdb_pinnableslice_value(slice, &len);
    *value = (struct store_value){slice_of(bytes, len), held, rocks_value_release};
    return ERR_OK;
}

struct store_scan *store_rocks_scan(struct store *store, enum store_family family,
                                    struct slice from, struct slice to)
{
    struct store_rocks *rocks = store_rocks_of(store);
    struct store_scan *scan = mem_zalloc(1, sizeof(*scan));
    scan->rocks = rocks;
    if (!rocks_enter(rocks)) {
        return scan;
    }
    scan->options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_fill_cache(scan->options, 0);
    if (to.len > 0) {
        buf_slice(&scan->to, to);
        rocksdb_readoptions_set_iterate_upper_bound(scan->options, rocks_chars(buf_view(&scan->to)),
                                                    to.len);
    }
    scan->iterator = rocksdb_create_iterator_cf(rocks->db, scan->options, rocks->families[family]);
    rocksdb_iter_seek(scan->iterator, rocks_chars(from), from.len);
    return scan;
}

bool store_rocks_scan_next(struct store_scan *scan, struct slice *key, struct slice *value)
{
    if (scan->iterator == NULL) {
        return false;
    }
    if (scan->has_begun) {
        rocksdb_iter_next(scan->iterator);
    }
    scan->has_begun = true;
    if (!rocksdb_iter_valid(scan->iterator)) {
        return false;
    }
    const char *bytes = rocksdb_iter_key(scan->iterator, &key->len);
    key->data = (const uint8_t *)bytes;
    bytes = rocksdb_iter_value(scan->iterator, &value->len);
    value->data = (const uint8_t *)bytes;
    return true;
}

enum err store_rocks_scan_free(struct store_scan *scan)
{
    enum err err = ERR_IO;
    if (scan->iterator != NULL) {
        char *message = NULL;
        rocksdb_iter_get_error(scan->iterator, &message);
        err = rocks_take_message(message);
        rocksdb_iter_destroy(scan->iterator);
        rocksdb_readoptions_destroy(scan->options);
        rocks_leave(scan->rocks);
    }
    buf_release(&scan->to);
    mem_free(scan);
    return err;
}

static unsigned family_by_name(const char *name)
{
    unsigned family = 0;
    while (family < STORE_FAMILIES && strcmp(rocks_family_name(family), name) != 0) {
        family++;
    }
    return family;
}

/* Reads all that lies between the first and the last key of a file, and with it every block of the
 * file. */
static char *verify_file(struct store_rocks *rocks, const rocksdb_livefiles_t *files, int n)
{
    size_t from_len;
    size_t to_len;
    const char *from = rocksdb_livefiles_smallestkey(files, n, &from_len);
    const char *to = rocksdb_livefiles_largestkey(files, n, &to_len);
    unsigned family = family_by_name(rocksdb_livefiles_column_family_name(files, n));
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_fill_cache(options, 0);
    rocksdb_iterator_t *iterator =
        rocksdb_create_iterator_cf(rocks->db, options, rocks->families[family]);
    struct slice last = slice_of(to, to_len);
    bool is_inside = true;
    for (rocksdb_iter_seek(iterator, from, from_len); is_inside && rocksdb_iter_valid(iterator);
         rocksdb_iter_next(iterator)) {
        size_t len;
        const char *key = rocksdb_iter_key(iterator, &len);
        is_inside = !slice_equal(slice_of(key, len), last);
    }
    char *message = NULL;
    rocksdb_iter_get_error(iterator, &message);
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(options);
    return message;
}

enum err store_rocks_verify(struct store *store, void (*report)(void *arg, const char *what),
                            void *arg)
{
    struct store_rocks *rocks = store_rocks_of(store);
    if (!rocks_enter(rocks)) {
        return ERR_IO;
    }
    enum err err = ERR_OK;
    const rocksdb_livefiles_t *files = rocksdb_livefiles(rocks->db);
    for (int i = 0; i < rocksdb_livefiles_count(files); i++) {
        char *message = verify_file(rocks, files, i);
        if (message != NULL) {
            struct buf what = {0};
            buf_printf(&what, "file %s (family %s): %s", rocksdb_livefiles_name(files, i),
                       rocksdb_livefiles_column_family_name(files, i), message);
            report(arg, buf_cstr(&what));
            buf_release(&what);
            rocksdb_free(message);
            err = ERR_CORRUPT;
        }
    }
    rocksdb_livefiles_destroy(files);
    rocks_leave(rocks);
    return err;
}
