/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/store_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"

/* What a directory holds, by the names of RocksDB's files. */
struct dir_contents {
    bool has_current;
    bool has_log;  /* a write-ahead log */
    bool has_past; /* tables, or the options that are written at the end of every opening */
};

static bool name_ends(const char *name, const char *end)
{
    size_t len = strlen(name);
    size_t end_len = strlen(end);
    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static void dir_note(struct dir_contents *contents, const char *name)
{
    contents->has_current = contents->has_current || strcmp(name, "CURRENT") == 0;
    contents->has_log = contents->has_log || name_ends(name, ".log");
    contents->has_past = contents->has_past || name_ends(name, ".sst") ||
                         strncmp(name, "OPTIONS-", strlen("OPTIONS-")) == 0;
}

static enum err dir_read(const char *path, struct dir_contents *contents)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT ? ERR_NOT_FOUND : err_from_errno(errno);
    }
    const struct dirent *entry;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream */
    while ((entry = readdir(dir)) != NULL) {
        dir_note(contents, entry->d_name);
    }
    closedir(dir);
    return ERR_OK;
}

/* Only the owner: the store holds people's addresses. */
static enum err dir_make(const char *path, struct problem *problem)
{
    if (mkdir(path, S_IRWXU) == 0 || errno == EEXIST) {
        return ERR_OK;
    }
    int error = errno;
    char reason[128];
    return problem_set(problem, err_from_errno(error), "Cannot make the directory %s: %s.", path,
                       strerror_r(error, reason, sizeof(reason)));
}

enum err store_dir_prepare(const char *dir, bool create, struct problem *problem)
{
    struct dir_contents contents = {0};
    enum err err = dir_read(dir, &contents);
    if (err == ERR_NOT_FOUND && create) {
        return dir_make(dir, problem);
    }
    if (err == ERR_NOT_FOUND) {
        return problem_set(problem, err, "There is no directory %s. Is the path right?", dir);
    }
    if (err != ERR_OK) {
        return problem_set(problem, err, "Cannot read the directory %s: %s.", dir,
                           err_sentence(err));
    }
    /* A store that was opened once always has a log; what a crash left of making one has no past.
     */
    if (contents.has_current && contents.has_past && !contents.has_log) {
        return problem_set(problem, ERR_CORRUPT,
                           "The store in %s is damaged: its write-ahead log (*.log) is missing. "
                           "Restore the directory from a copy.",
                           dir);
    }
    if (!contents.has_current && (contents.has_log || contents.has_past)) {
        return problem_set(problem, ERR_CORRUPT,
                           "The store in %s is damaged: the file CURRENT is missing. Restore the "
                           "directory from a copy.",
                           dir);
    }
    if (!contents.has_current && !create) {
        return problem_set(problem, ERR_NOT_FOUND, "There is no store in %s. Is the path right?",
                           dir);
    }
    return ERR_OK;
}

static enum err dir_clear(const char *path, struct problem *problem)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return problem_set(problem, err_from_errno(errno), "Cannot read the directory %s.", path);
    }
    const struct dirent *entry;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream */
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            unlinkat(dirfd(dir), entry->d_name, 0); /* what stays is swept the next time */
        }
    }
    closedir(dir);
    return ERR_OK;
}

enum err store_dir_clear_bulk(const char *dir, struct problem *problem)
{
    struct buf path = {0};
    buf_printf(&path, "%s/%s", dir, STORE_DIR_BULK);
    enum err err = dir_make(buf_cstr(&path), problem);
    if (err == ERR_OK) {
        err = dir_clear(buf_cstr(&path), problem);
    }
    buf_release(&path);
    return err;
}

static int lock_open(const char *dir)
{
    struct buf path = {0};
    buf_printf(&path, "%s/LOCK", dir);
    int fd = open(buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    buf_release(&path);
    return fd;
}

pid_t store_dir_holder(const char *dir)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = lock_open(dir);
    if (fd < 0) {
        return 0;
    }
    bool is_held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return is_held ? lock.l_pid : 0;
}

enum err store_dir_lock(const char *dir, int *fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *fd = lock_open(dir);
    if (*fd < 0) {
        return ERR_IO;
    }
    if (fcntl(*fd, F_SETLK, &lock) == 0) {
        return ERR_OK;
    }
    enum err err = errno == EAGAIN || errno == EACCES ? ERR_LOCKED : ERR_IO;
    close(*fd);
    *fd = -1;
    return err;
}
