/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/signing_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#define SEED_CHARS     43
#define FILE_MAX_BYTES 1024

static void wipe(struct buf *text)
{
    if (text->len > 0) {
        sodium_memzero(text->data, text->len);
    }
    buf_release(text);
}

static void warn_of_readers(const char *path)
{
    struct stat stat_of;
    if (stat(path, &stat_of) == 0 && (stat_of.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        LOG_W("evidence", "key_exposed", "file=\"%s\" mode=%03o remedy=\"chmod 600\"", path,
              (unsigned)stat_of.st_mode & 0777);
    }
}

enum err signing_file_read(const char *path, struct signing_key *key, struct problem *problem)
{
    struct buf text = {0};
    uint8_t seed[SIGNING_SEED_BYTES];
    size_t seed_len = 0;
    enum err err = file_read(&text, path, FILE_MAX_BYTES, problem);
    if (err == ERR_OK) {
        size_t len = text.len;
        while (len > 0 && (text.data[len - 1] == '\n' || text.data[len - 1] == '\r')) {
            len--;
        }
        if (len != SEED_CHARS ||
            !text_base64url_decode(slice_of(text.data, len), seed, sizeof(seed), &seed_len)) {
            err = problem_set(problem, ERR_INVALID,
                              "%s holds no key for evidence (%d characters of base64url): restore "
                              "it, or remove it, and a new one is made that the one before does "
                              "not vouch for",
                              path, SEED_CHARS);
        }
    }
    if (err == ERR_OK) {
        signing_key_of_seed(key, seed);
        warn_of_readers(path);
    }
    sodium_memzero(seed, sizeof(seed));
    wipe(&text);
    return err;
}

static enum err cannot(const char *path, struct problem *problem)
{
    enum err err = err_from_errno(errno);
    return problem_set(problem, err, "%s cannot be written: %s", path, err_sentence(err));
}

/* The name, too, is on disk: the ledger says who signs before anything else does. */
static bool sync_directory(const char *path)
{
    const char *end = strrchr(path, '/');
    char *name = end == NULL ? mem_copy_str(".") : mem_copy_strn(path, (size_t)(end - path) + 1);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    mem_free(name);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_synced;
}

/* All of it or nothing stands at `path` afterwards. */
static enum err write_line(const char *path, const char *part, const char *line,
                           struct problem *problem)
{
    (void)unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return cannot(path, problem);
    }
    bool is_written = dprintf(fd, "%s\n", line) == SEED_CHARS + 1 && fsync(fd) == 0;
    if (close(fd) != 0 || !is_written || rename(part, path) != 0) {
        enum err err = cannot(path, problem);
        (void)unlink(part);
        return err;
    }
    return sync_directory(path) ? ERR_OK : cannot(path, problem);
}

enum err signing_file_make(const char *path, struct signing_key *key, struct problem *problem)
{
    uint8_t seed[SIGNING_SEED_BYTES];
    struct buf line = {0};
    struct buf part = {0};
    randombytes_buf(seed, sizeof(seed));
    text_base64url(&line, slice_of(seed, sizeof(seed)));
    buf_printf(&part, "%s.part", path);
    enum err err = write_line(path, buf_cstr(&part), buf_cstr(&line), problem);
    if (err == ERR_OK) {
        signing_key_of_seed(key, seed);
    }
    sodium_memzero(seed, sizeof(seed));
    wipe(&line);
    buf_release(&part);
    return err;
}
