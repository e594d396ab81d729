/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format ("log_format.h" of RocksDB): blocks of 32 KiB, in them fragments
 *     u32 masked CRC-32C of type and payload · u16 length · u8 type · payload
 * all little-endian; a block's last 6 bytes or fewer are zeros. Types: 1 a whole entry, 2 its first
 * fragment, 3 a middle one, 4 the last.
 *
 * An entry is synced before the next one is written, so only the last one can be torn. Of it:
 *     it ends before its length says, and its CRC fits what is there    the length was damaged
 *     it ends before its length says, otherwise                         torn: RocksDB drops it
 *     a CRC does not fit, and a whole page of it is zeros               torn: pages that were never
 *                                                                       written; it is cut off here
 *     a CRC does not fit, otherwise                                     damaged: RocksDB refuses
 * If another entry begins behind it, it is not the last one, and damaged: RocksDB would drop all
 * that follow a wrong length in the last block of a log. Other damage before the last entry is
 * RocksDB's to find.
 */
#include "coordinator/ledger/log_tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"
#include "coordinator/ledger/store_dir.h"

#define BLOCK_BYTES  32768
#define HEADER_BYTES 7
#define PAGE_BYTES   4096
/* A page that the end of the file cuts off counts as unwritten from so many zeros on. */
#define PAGE_ZEROS_MIN 8
/* More than one write ever is: a longer end is not torn. */
#define TORN_BYTES_MAX (64u << 20)

#define CRC_POLYNOMIAL UINT32_C(0x82f63b78) /* Castagnoli, reflected */
#define CRC_MASK_DELTA UINT32_C(0xa282ead8)

enum fragment_type { FRAGMENT_WHOLE = 1, FRAGMENT_FIRST, FRAGMENT_MIDDLE, FRAGMENT_LAST };

/* A log in memory, and how far it was walked. */
struct log_walk {
    uint32_t crc_table[256];
    const uint8_t *bytes;
    size_t len;
    size_t at;       /* the next fragment */
    size_t entry_at; /* the entry that it belongs to */
};

struct fragment {
    uint32_t crc;
    size_t len;
    unsigned type;
};

static void crc_init(uint32_t table[256])
{
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
        }
        table[n] = crc;
    }
}

static uint32_t crc_masked(const uint32_t table[256], const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xff];
    }
    crc = ~crc;
    return ((crc >> 15) | (crc << 17)) + CRC_MASK_DELTA;
}

/* The CRC of a fragment begins at its type. */
static bool fragment_fits(const struct log_walk *walk, size_t at, size_t len, uint32_t crc)
{
    return crc_masked(walk->crc_table, walk->bytes + at + HEADER_BYTES - 1, len + 1) == crc;
}

static size_t block_left(size_t at)
{
    return BLOCK_BYTES - at % BLOCK_BYTES;
}

/* The fragment at walk->at, after the zeros that end a block; false if not even its header is
 * whole. */
static bool fragment_read(struct log_walk *walk, struct fragment *fragment)
{
    if (block_left(walk->at) < HEADER_BYTES) {
        walk->at += block_left(walk->at);
    }
    if (walk->at + HEADER_BYTES > walk->len) {
        return false;
    }
    struct reader reader = reader_of(slice_of(walk->bytes + walk->at, HEADER_BYTES));
    fragment->crc = reader_u32(&reader);
    fragment->len = reader_u16(&reader);
    fragment->type = reader_u8(&reader);
    return true;
}

static bool fragment_ends_inside(const struct log_walk *walk, const struct fragment *fragment)
{
    size_t bytes = HEADER_BYTES + fragment->len;
    return bytes <= block_left(walk->at) && walk->at + bytes <= walk->len;
}

/* Finds where the last entry begins. Lengths are trusted here: a wrong one does not fit its CRC. */
static void walk_to_last_entry(struct log_walk *walk)
{
    struct fragment fragment;
    bool is_inside = false; /* an entry that has begun */
    while (fragment_read(walk, &fragment)) {
        if (!is_inside) {
            walk->entry_at = walk->at;
        }
        if (fragment.type == 0 || !fragment_ends_inside(walk, &fragment)) {
            return;
        }
        is_inside = fragment.type == FRAGMENT_FIRST || fragment.type == FRAGMENT_MIDDLE;
        walk->at += HEADER_BYTES + fragment.len;
    }
    if (!is_inside && walk->at < walk->len) {
        walk->entry_at = walk->at; /* a few bytes of a header */
    }
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Is a whole page of the file, from the last entry on, zeros? The first page counts from the entry
 * on. */
static bool has_unwritten_page(const struct log_walk *walk)
{
    for (size_t from = walk->entry_at; from < walk->len;) {
        size_t to = from - from % PAGE_BYTES + PAGE_BYTES;
        to = to < walk->len ? to : walk->len;
        if (to - from >= PAGE_ZEROS_MIN && is_zero(walk->bytes + from, to - from)) {
            return true;
        }
        from = to;
    }
    return false;
}

/* Does an entry begin anywhere behind the place where the last one seemed to begin? */
static bool has_entry_behind(struct log_walk *walk)
{
    struct fragment fragment;
    for (size_t at = walk->entry_at + 1; at + HEADER_BYTES <= walk->len; at++) {
        walk->at = at;
        if (block_left(at) >= HEADER_BYTES && fragment_read(walk, &fragment) &&
            (fragment.type == FRAGMENT_WHOLE || fragment.type == FRAGMENT_FIRST) &&
            fragment_ends_inside(walk, &fragment) &&
            fragment_fits(walk, at, fragment.len, fragment.crc)) {
            return true;
        }
    }
    return false;
}

enum tail { TAIL_WHOLE, TAIL_TORN, TAIL_UNWRITTEN, TAIL_DAMAGED };

/* Of a fragment that ends before its length says. */
static enum tail tail_of_short(const struct log_walk *walk, const struct fragment *fragment)
{
    size_t there = walk->len - walk->at;
    there = there < block_left(walk->at) ? there : block_left(walk->at);
    if (fragment_fits(walk, walk->at, there - HEADER_BYTES, fragment->crc)) {
        return TAIL_DAMAGED;
    }
    return has_unwritten_page(walk) ? TAIL_UNWRITTEN : TAIL_TORN;
}

/* The fragments of the last entry, one after the other. */
static enum tail tail_of_entry(struct log_walk *walk)
{
    struct fragment fragment;
    for (walk->at = walk->entry_at; walk->at < walk->len;) {
        if (!fragment_read(walk, &fragment)) {
            return TAIL_TORN;
        }
        if (!fragment_ends_inside(walk, &fragment)) {
            return tail_of_short(walk, &fragment);
        }
        if (!fragment_fits(walk, walk->at, fragment.len, fragment.crc)) {
            return has_unwritten_page(walk) ? TAIL_UNWRITTEN : TAIL_DAMAGED;
        }
        walk->at += HEADER_BYTES + fragment.len;
    }
    return TAIL_WHOLE;
}

/* Do all fragments before the last entry fit their CRC? */
static bool is_sound_before(struct log_walk *walk)
{
    struct fragment fragment;
    for (walk->at = 0; walk->at < walk->entry_at;) {
        if (!fragment_read(walk, &fragment) || !fragment_ends_inside(walk, &fragment) ||
            !fragment_fits(walk, walk->at, fragment.len, fragment.crc)) {
            return false;
        }
        walk->at += HEADER_BYTES + fragment.len;
    }
    return true;
}

static enum tail log_tail(struct log_walk *walk)
{
    walk_to_last_entry(walk);
    enum tail tail = tail_of_entry(walk);
    if (tail == TAIL_WHOLE || tail == TAIL_DAMAGED) {
        return tail;
    }
    bool is_last = walk->len - walk->entry_at <= TORN_BYTES_MAX && !has_entry_behind(walk);
    bool is_sound = tail == TAIL_TORN || is_sound_before(walk);
    return is_last && is_sound ? tail : TAIL_DAMAGED;
}

/* A log that is open, in memory. */
struct log_file {
    int fd;
    const char *path;
    struct log_walk walk;
};

/* What is done with each log; false ends the walk over them. */
typedef bool (*log_file_fn)(void *arg, struct log_file *file);

static bool log_refuse_damaged(void *arg, struct log_file *file)
{
    struct problem *problem = arg;
    if (log_tail(&file->walk) != TAIL_DAMAGED) {
        return true;
    }
    problem_set(problem, ERR_CORRUPT,
                "The store is damaged: the last entry of %s, at byte %zu, is not the one that was "
                "written. Restore the directory from a copy.",
                file->path, file->walk.entry_at);
    return false;
}

static bool log_cut_unwritten(void *arg, struct log_file *file)
{
    bool *has_cut = arg;
    struct log_walk *walk = &file->walk;
    if (log_tail(walk) == TAIL_UNWRITTEN) {
        LOG_W("store", "cut_torn_tail", "file=%s at=%zu bytes=%zu", file->path, walk->entry_at,
              walk->len - walk->entry_at);
        *has_cut =
            (ftruncate(file->fd, (off_t)walk->entry_at) == 0 && fsync(file->fd) == 0) || *has_cut;
    }
    return true;
}

/* A file that cannot be read is RocksDB's to report. */
static bool log_visit(const char *path, int flags, log_file_fn visit, void *arg)
{
    bool goes_on = true;
    struct stat status;
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        return true;
    }
    size_t len = fstat(fd, &status) == 0 ? (size_t)status.st_size : 0;
    void *bytes = len == 0 ? MAP_FAILED : mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes != MAP_FAILED) {
        struct log_file file = {.fd = fd, .path = path, .walk = {.bytes = bytes, .len = len}};
        crc_init(file.walk.crc_table);
        goes_on = visit(arg, &file);
        munmap(bytes, len);
    }
    close(fd);
    return goes_on;
}

/* The manifest in use; what else stands in CURRENT is RocksDB's to judge. */
static bool current_manifest(const char *dir, char name[NAME_MAX + 1])
{
    struct buf path = {0};
    buf_printf(&path, "%s/CURRENT", dir);
    int fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
    buf_release(&path);
    if (fd < 0) {
        return false;
    }
    ssize_t len = read(fd, name, NAME_MAX);
    close(fd);
    if (len < 1 || name[len - 1] != '\n') {
        return false;
    }
    name[len - 1] = '\0';
    return strchr(name, '/') == NULL && strncmp(name, "MANIFEST-", strlen("MANIFEST-")) == 0;
}

static bool is_log(const char *name)
{
    size_t len = strlen(name);
    return len > strlen(".log") && strcmp(name + len - strlen(".log"), ".log") == 0;
}

static void log_visit_all(const char *dir, int flags, log_file_fn visit, void *arg)
{
    char manifest[NAME_MAX + 1] = {0};
    if (!current_manifest(dir, manifest)) {
        manifest[0] = '\0';
    }
    DIR *stream = opendir(dir);
    if (stream == NULL) {
        return;
    }
    struct buf path = {0};
    bool goes_on = true;
    const struct dirent *entry;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream */
    while (goes_on && (entry = readdir(stream)) != NULL) {
        if (is_log(entry->d_name) || strcmp(entry->d_name, manifest) == 0) {
            buf_clear(&path);
            buf_printf(&path, "%s/%s", dir, entry->d_name);
            goes_on = log_visit(buf_cstr(&path), flags, visit, arg);
        }
    }
    buf_release(&path);
    closedir(stream);
}

enum err log_tail_check(const char *dir, struct problem *problem)
{
    struct problem found = {0};
    log_visit_all(dir, O_RDONLY, log_refuse_damaged, &found);
    return found.err == ERR_OK ? ERR_OK : problem_set(problem, found.err, "%s", found.text);
}

bool log_tail_cut(const char *dir)
{
    bool has_cut = false;
    int lock = -1;
    if (store_dir_lock(dir, &lock) == ERR_OK) {
        log_visit_all(dir, O_RDWR, log_cut_unwritten, &has_cut);
        close(lock);
    }
    return has_cut;
}
