/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "coordinator/ledger/store_dir.h"
#include "coordinator/ledger/store_rocks_internal.h"

static bool message_has(const char *message, const char *part)
{
    return strstr(message, part) != NULL;
}

enum err rocks_err(const char *message)
{
    if (message_has(message, "No space left") || message_has(message, "Disk quota exceeded")) {
        return ERR_NO_SPACE;
    }
    return strncmp(message, "Corruption", strlen("Corruption")) == 0 ? ERR_CORRUPT : ERR_IO;
}

/* While opening, a file that is not there or makes no sense is a damage too. */
static enum err rocks_open_err(const char *message)
{
    if (message_has(message, "lock hold by current process") ||
        message_has(message, "While lock file")) {
        return ERR_LOCKED;
    }
    if (message_has(message, "Column families not opened")) {
        return ERR_NEWER_VERSION;
    }
    enum err err = rocks_err(message);
    bool is_of_disk = strncmp(message, "IO error", strlen("IO error")) == 0 &&
                      !message_has(message, "No such file");
    return err == ERR_IO && !is_of_disk ? ERR_CORRUPT : err;
}

enum err rocks_in_use(const char *dir, pid_t holder, struct problem *problem)
{
    return problem_set(problem, ERR_LOCKED,
                       "The store in %s is in use by another process (pid %ld). Stop it first.",
                       dir, (long)holder);
}

enum err rocks_open_problem(const char *dir, const char *message, struct problem *problem)
{
    enum err err = rocks_open_err(message);
    switch (err) {
    case ERR_LOCKED: {
        pid_t holder = message_has(message, "While lock file") ? store_dir_holder(dir) : 0;
        return rocks_in_use(dir, holder > 0 ? holder : getpid(), problem);
    }
    case ERR_NEWER_VERSION:
        return problem_set(problem, err,
                           "The store in %s was written by a newer version: it has families that "
                           "this program does not know. Start that version instead.",
                           dir);
    case ERR_CORRUPT:
        return problem_set(problem, err,
                           "The store in %s is damaged: %.*s. Restore the directory from a copy.",
                           dir, ROCKS_TEXT_MAX, message);
    default:
        return problem_set(problem, err, "Cannot open the store in %s: %.*s.", dir, ROCKS_TEXT_MAX,
                           message);
    }
}

/* Takes a message of RocksDB: its err, and ERR_OK for NULL. */
enum err rocks_take_message(char *take_message)
{
    if (take_message == NULL) {
        return ERR_OK;
    }
    enum err err = rocks_err(take_message);
    LOG_E("store", "failed", "reason=\"%s\"", take_message);
    rocksdb_free(take_message);
    return err;
}

enum err rocks_no_room(const struct store_rocks *rocks, struct problem *problem)
{
    return problem_set(problem, ERR_NO_SPACE,
                       "There is no room left on the disk of %s: less than %" PRIu64
                       " MiB are free, which are kept in reserve. Make room; writing goes on by "
                       "itself.",
                       rocks->dir, (rocks->room.reserve_bytes >> 20) + 1);
}
