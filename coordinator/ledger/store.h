/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: sorted keys and values in families, behind a small table of functions. store_rocks keeps
 * them in RocksDB, store_mem in memory for tests and the simulation (where it can be told to fail).
 * Keys are compared as bytes. Reads and bulk loads may come from any thread; store_write from one
 * thread at a time.
 */
#ifndef TOCSIN_LEDGER_STORE_H
#define TOCSIN_LEDGER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

/* Names are the column families' on disk: add at the end, never rename. */
#define STORE_FAMILY_MAP(X)                                                                        \
    X(META, "meta")           /* format, keys, chain heads */                                      \
    X(CATALOGUE, "catalogue") /* campaigns, audiences, idempotency keys */                         \
    X(PAGES, "pages")         /* sealed pages and holes; bulk-loaded */                            \
    X(LOOKUP, "lookup")       /* (hash, ordinal) index blocks; bulk-loaded */                      \
    X(JOURNAL, "journal")     /* blocks of events */                                               \
    X(RECORDS, "records")     /* record headers: the chain */                                      \
    X(SNAPSHOTS, "snapshots") /* state pages: a cache of the fold */                               \
    X(REFUSALS, "refusals")   /* rows that an audience refused */

enum store_family {
#define STORE_FAMILY_MEMBER(name, word) STORE_##name,
    STORE_FAMILY_MAP(STORE_FAMILY_MEMBER)
#undef STORE_FAMILY_MEMBER
        STORE_FAMILIES
};

struct store; /* the first member of every kind of store is `const struct store_ops *ops` */

/* Puts and deletes that become durable together or not at all. */
struct store_batch; /* opaque; made by the store */

/* A value that was read; stays valid until released, also across writes. */
struct store_value {
    struct slice bytes;
    void *held;
    void (*release)(void *held);
};

struct store_scan; /* an open iterator over [from, to) of one family, a consistent view; an empty
                      `to`: to the end */
struct store_bulk; /* sorted keys on their way into the store beside the WAL */

struct store_ops {
    struct store_batch *(*batch_new)(struct store *store);
    void (*batch_put)(struct store_batch *batch, enum store_family family, struct slice key,
                      struct slice value);
    void (*batch_remove)(struct store_batch *batch, enum store_family family, struct slice key);
    void (*batch_free)(struct store_batch *batch);
    /* Durable (synced) when it returns ERR_OK. ERR_NO_SPACE or ERR_IO: nothing of it is there, and
     * the same batch may be written again. */
    enum err (*write)(struct store *store, struct store_batch *batch, struct problem *problem);

    /* ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT. */
    enum err (*get)(struct store *store, enum store_family family, struct slice key,
                    struct store_value *value);

    struct store_scan *(*scan)(struct store *store, enum store_family family, struct slice from,
                               struct slice to);
    /* False at the end or on error; scan_free gives the error. Slices are valid until the next
     * call. */
    bool (*scan_next)(struct store_scan *scan, struct slice *key, struct slice *value);
    enum err (*scan_free)(struct store_scan *scan);

    /* Keys strictly ascending within one bulk. Nothing is visible before bulk_finish returned
     * ERR_OK; then it is synced. bulk_finish and bulk_abort both free. */
    struct store_bulk *(*bulk_new)(struct store *store, enum store_family family);
    enum err (*bulk_put)(struct store_bulk *bulk, struct slice key, struct slice value);
    enum err (*bulk_finish)(struct store_bulk *bulk, struct problem *problem);
    void (*bulk_abort)(struct store_bulk *bulk);
    /* Everything in [from, to) of a family, cheap for large ranges. */
    enum err (*remove_range)(struct store *store, enum store_family family, struct slice from,
                             struct slice to);

    /* Bytes that may still be written before ERR_NO_SPACE is to be expected (free room less the
     * reserve). */
    uint64_t (*room)(struct store *store);
    /* Live bytes of a family on disk (estimate). */
    uint64_t (*family_bytes)(struct store *store, enum store_family family);
    /* Reads everything and verifies checksums; calls report for each damage. */
    enum err (*verify)(struct store *store, void (*report)(void *arg, const char *what), void *arg);
    void (*close)(struct store *store);
};

struct store {
    const struct store_ops *ops;
};

static inline void store_value_release(struct store_value *value)
{
    if (value->release != NULL) {
        value->release(value->held);
    }
    *value = (struct store_value){0};
}

struct store_rocks_settings {
    const char *dir;
    bool create;    /* make the directory and an empty store if there is none */
    bool read_only; /* takes no write; nobody else may have it open meanwhile */
    /* Free room that is never used up: below it, writes give ERR_NO_SPACE early. RocksDB's own
     * work (flushes, compactions) lives on it: three times memtable_bytes is a good measure. */
    uint64_t reserve_bytes;
    size_t memtable_bytes; /* memory for what is only in the log yet; 0: 16 MiB */
};

/* ERR_LOCKED, ERR_NOT_FOUND, ERR_CORRUPT, ERR_NEWER_VERSION, ERR_IO, ERR_NO_SPACE; *problem says
 * what and where. */
enum err store_rocks_open(struct store **out, const struct store_rocks_settings *settings,
                          struct problem *problem) WARN_UNUSED;

struct store *store_mem_new(void);
/* One more holder of the same contents: each calls close, the last one frees. A simulated crash
 * keeps one. */
struct store *store_mem_ref(struct store *store);
/* The next `writes` calls of write() fail with err (ERR_OK: none). For tests. */
void store_mem_fail_writes(struct store *store, unsigned writes, enum err err);

#endif
