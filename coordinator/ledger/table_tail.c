/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format ("format.h" and "block_builder.cc" of RocksDB):
 *     footer, the last 53 bytes: u8 checksum type · handle of the metaindex · handle of the index ·
 *                                zeros up to byte 41 · u32 version · u64 magic number
 *     handle:                    varint offset · varint size
 *     a block:                   entries, then u32 places of some of them, then u32 how many
 * places; the highest bit of that number says that a hash index follows an entry: varint bytes
 * shared with the key before · varint bytes of the key that differ · varint bytes of the value ·
 * key · value No block of properties has a hash index. Whatever does not fit this picture is left
 * to RocksDB.
 */
#include "coordinator/ledger/table_tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/slice.h"

#define FOOTER_BYTES     53
#define MAGIC            UINT64_C(0x88e241b785f4cff7)
#define METAINDEX_MAX    4096 /* bytes; a handful of entries */
#define COUNT_BYTES      4
#define HASH_INDEX_BIT   (UINT32_C(1) << 31)
#define PROPERTIES_ENTRY "rocksdb.properties"

struct handle {
    uint64_t offset;
    uint64_t size;
};

static struct handle handle_read(struct reader *reader)
{
    struct handle handle;
    handle.offset = reader_varint(reader);
    handle.size = reader_varint(reader);
    return handle;
}

static bool read_at(int fd, uint64_t offset, uint8_t *bytes, size_t len)
{
    return offset <= INT64_MAX && pread(fd, bytes, len, (off_t)offset) == (ssize_t)len;
}

static bool read_metaindex_handle(int fd, uint64_t file_bytes, struct handle *handle)
{
    uint8_t footer[FOOTER_BYTES];
    if (file_bytes < FOOTER_BYTES ||
        !read_at(fd, file_bytes - FOOTER_BYTES, footer, FOOTER_BYTES)) {
        return false;
    }
    struct reader end = reader_of(slice_of(footer + FOOTER_BYTES - 8, 8));
    struct reader reader = reader_of(slice_of(footer + 1, FOOTER_BYTES - 1));
    *handle = handle_read(&reader);
    return !reader.bad && reader_u64(&end) == MAGIC && handle->size >= COUNT_BYTES &&
           handle->size <= METAINDEX_MAX;
}

static bool find_properties(struct slice metaindex, struct handle *handle)
{
    struct reader reader = reader_of(metaindex);
    while (reader_left(&reader) > 0) {
        uint64_t shared = reader_varint(&reader);
        uint64_t key_bytes = reader_varint(&reader);
        uint64_t value_bytes = reader_varint(&reader);
        struct slice key = reader_bytes(&reader, key_bytes);
        struct reader value = reader_of(reader_bytes(&reader, value_bytes));
        if (reader.bad || shared != 0) {
            return false;
        }
        if (slice_is(key, PROPERTIES_ENTRY)) {
            *handle = handle_read(&value);
            return !value.bad && handle->size >= COUNT_BYTES;
        }
    }
    return false;
}

static bool has_impossible_properties(int fd, uint64_t file_bytes)
{
    struct handle handle;
    uint8_t metaindex[METAINDEX_MAX];
    uint8_t count[COUNT_BYTES];
    if (!read_metaindex_handle(fd, file_bytes, &handle) ||
        !read_at(fd, handle.offset, metaindex, handle.size) ||
        !find_properties(slice_of(metaindex, handle.size), &handle) || handle.size > file_bytes ||
        handle.offset > file_bytes ||
        !read_at(fd, handle.offset + handle.size - COUNT_BYTES, count, COUNT_BYTES)) {
        return false;
    }
    struct reader reader = reader_of(slice_of(count, COUNT_BYTES));
    return (reader_u32(&reader) & HASH_INDEX_BIT) != 0;
}

static bool table_is_damaged(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_damaged =
        fstat(fd, &status) == 0 && has_impossible_properties(fd, (uint64_t)status.st_size);
    close(fd);
    return is_damaged;
}

static bool is_table(const char *name)
{
    size_t len = strlen(name);
    return len > strlen(".sst") && strcmp(name + len - strlen(".sst"), ".sst") == 0;
}

enum err table_tail_check(const char *dir, struct problem *problem)
{
    DIR *stream = opendir(dir);
    if (stream == NULL) {
        return ERR_OK; /* RocksDB will say so */
    }
    struct buf path = {0};
    enum err err = ERR_OK;
    const struct dirent *entry;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream */
    while (err == ERR_OK && (entry = readdir(stream)) != NULL) {
        buf_clear(&path);
        buf_printf(&path, "%s/%s", dir, entry->d_name);
        if (is_table(entry->d_name) && table_is_damaged(buf_cstr(&path))) {
            err = problem_set(problem, ERR_CORRUPT,
                              "The store is damaged: the properties of the table %s make no sense. "
                              "Restore the directory from a copy.",
                              buf_cstr(&path));
        }
    }
    buf_release(&path);
    closedir(stream);
    return err;
}
