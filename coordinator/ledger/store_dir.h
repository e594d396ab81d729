/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_dir: the directory of a store, looked at before RocksDB does. RocksDB would take a
 * directory that has lost its CURRENT file for an empty one and delete what is in it; here that is
 * a damage.
 */
#ifndef TOCSIN_LEDGER_STORE_DIR_H
#define TOCSIN_LEDGER_STORE_DIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"

/* Beside the store's own files, on the same file system: sorted files before they are taken in. */
#define STORE_DIR_BULK "bulk"

/* ERR_OK: there is a store, or (create) an empty directory for one. ERR_NOT_FOUND, ERR_CORRUPT,
 * ERR_IO, ERR_NO_SPACE. */
enum err store_dir_prepare(const char *dir, bool create, struct problem *problem) WARN_UNUSED;
/* Makes bulk/ and removes what broken-off loads left there. */
enum err store_dir_clear_bulk(const char *dir, struct problem *problem) WARN_UNUSED;
/* The process that holds the store's lock, or 0. Never to be called by a process that holds it
 * itself: POSIX would drop its lock. */
pid_t store_dir_holder(const char *dir);
/* Takes the lock that RocksDB takes, for work on the files without it: closing *fd gives it back.
 * ERR_LOCKED: somebody else holds it; ERR_IO: it cannot be taken here, as on a read-only file
 * system. The same caution. */
enum err store_dir_lock(const char *dir, int *fd) WARN_UNUSED;

#endif
