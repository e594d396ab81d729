/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stores: the same test on a store in memory and on one in RocksDB, which lives in a directory of
 * its own. The initial state of a test is a struct store_kind; its state is a struct stores.
 */
#ifndef TOCSIN_TESTS_UNIT_STORES_H
#define TOCSIN_TESTS_UNIT_STORES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "coordinator/ledger/store.h"

enum store_kind { STORE_IN_MEMORY, STORE_IN_ROCKS };

#define STORES_PATH_MAX 256

struct stores {
    enum store_kind kind;
    char dir[STORES_PATH_MAX]; /* empty for memory */
    struct store *mem;         /* one holder of the store in memory, so that it outlives a close */
};

/* A new empty place for a store. */
void stores_init(struct stores *stores, enum store_kind kind);
/* Removes it. */
void stores_release(struct stores *stores);
/* Opens it; the caller closes it. Fails the test if it cannot. */
struct store *stores_open(struct stores *stores);
enum err stores_try_open(struct stores *stores, struct store **store, struct problem *problem);

/* For cmocka: *state holds an enum store_kind * before and a struct stores * after. */
int stores_setup(void **state);
int stores_teardown(void **state);

/* Two rows of a table of tests: one for each kind. */
extern enum store_kind stores_kinds[2];
#define STORES_TEST(fn)                                                                            \
    {#fn " (memory)", fn, stores_setup, stores_teardown, &stores_kinds[0]},                        \
    {                                                                                              \
#fn " (rocksdb)", fn, stores_setup, stores_teardown, &stores_kinds[1]                      \
    }
#define STORES_TEST_MEMORY(fn)                                                                     \
    {                                                                                              \
#fn " (memory)", fn, stores_setup, stores_teardown, &stores_kinds[0]                       \
    }
#define STORES_TEST_ROCKS(fn)                                                                      \
    {                                                                                              \
#fn " (rocksdb)", fn, stores_setup, stores_teardown, &stores_kinds[1]                      \
    }

/* Starts this program anew with two arguments: a child that is only forked would have RocksDB's
 * thread pools without their threads. The process id; the caller waits for it. */
pid_t stores_spawn(const char *role, const char *dir, int pipe_fd);

/* A new empty directory below $TMPDIR, and its removal with all that is in it. */
void scratch_dir_make(char path[STORES_PATH_MAX]);
void scratch_dir_remove(const char *path);
void scratch_dir_copy(const char *from, const char *to);

#endif
