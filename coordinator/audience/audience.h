/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audience: from an upload's bytes to a sealed audience.
 *
 * An import is fed bytes from the loop's thread as they arrive. Threads of its own decompress,
 * parse, check and normalise rows, build pages, compress them and write them beside the store's
 * log; when the last byte has come the import finds duplicate keys, writes the lookup index and
 * finishes the bulk load. Memory is flat, whatever the size of the body. Nothing is visible until
 * the caller has made the catalogue entry durable.
 *
 *     accepted + duplicates + refused == rows, always.
 */
#ifndef TOCSIN_AUDIENCE_AUDIENCE_H
#define TOCSIN_AUDIENCE_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/err.h"
#include "coordinator/ledger/ledger.h"
#include "proto/page.h"
#include "proto/page_rows.h"

#define AUDIENCE_NAME_MAX 128

/* A sealed audience as the catalogue knows it. A value. */
struct audience_info {
    uint64_t id;
    char name[AUDIENCE_NAME_MAX + 1];
    uint64_t created_ms;
    uint64_t rows;       /* data rows read */
    uint64_t accepted;   /* recipients: members of the audience */
    uint64_t duplicates; /* rows whose key came before: the first one counts */
    uint64_t refused;
    uint64_t refused_kept; /* of these, how many are listed (REFUSALS_MAX) */
    uint32_t pages;
    uint32_t slots;      /* places in all pages: accepted + duplicates; the duplicates are holes */
    uint64_t page_bytes; /* sealed pages on disk */
    uint64_t with_field[PAGE_FIELDS]; /* recipients that have at least one value of a field */
    struct page_schema schema;
    bool has_root;                     /* false: it was sealed by a version that made none */
    bool has_secret;                   /* else the root is that of an older form */
    uint8_t root[HASH_DIGEST_BYTES];   /* evidence/manifest.h */
    uint8_t secret[ROWS_SECRET_BYTES]; /* that its rows are salted with (proto/page_rows.h) */
};

void audience_info_encode(const struct audience_info *info, struct buf *buf);
enum err audience_info_decode(struct slice bytes, struct audience_info *info) WARN_UNUSED;

enum audience_format { AUDIENCE_CSV, AUDIENCE_NDJSON };
enum audience_encoding { AUDIENCE_IDENTITY, AUDIENCE_GZIP, AUDIENCE_ZSTD };

/* What to do when a row is refused. */
enum audience_on_error { AUDIENCE_STOP, AUDIENCE_SKIP, AUDIENCE_SKIP_UP_TO };

struct audience_mapping {
    char target[PAGE_NAME_MAX + 1];     /* "id", "phone.2" */
    char source[PAGE_NAME_MAX * 4 + 1]; /* as the file calls it: "customer_no" */
};

struct audience_settings {
    uint64_t id;
    const char *name;
    enum audience_format format;
    enum audience_encoding encoding;
    enum audience_on_error on_error;
    uint64_t refused_max; /* AUDIENCE_SKIP_UP_TO */
    unsigned mapping_count;
    const struct audience_mapping *mappings;
    enum page_codec codec;
    unsigned threads;     /* that compress pages; 0: as many as fit the machine */
    const char *temp_dir; /* for what does not fit into memory; NULL: $TMPDIR, else /var/tmp */
};

struct audience_import;

/* Called in the loop's thread, once: info on success (catalogue entry still to be made), else
 * *problem: what, which line and column, what would be right. The import is freed after it returns.
 */
typedef void (*audience_done_fn)(void *arg, const struct audience_info *info,
                                 const struct problem *problem);
/* There is room again after audience_import_feed said false. Loop's thread. */
typedef void (*audience_room_fn)(void *arg);

struct audience_import *audience_import_new(struct ledger *ledger, uv_loop_t *loop,
                                            const struct audience_settings *settings,
                                            audience_room_fn room, audience_done_fn done,
                                            void *arg);
/* Copies. False: the bytes were taken, but feed no more until room was called (back-pressure).
 * After a failure the bytes are dropped and `done` comes. */
bool audience_import_feed(struct audience_import *import, struct slice bytes);
/* The body is complete; `done` follows. */
void audience_import_end(struct audience_import *import);
/* The upload broke off: leaves nothing behind; `done` comes with ERR_CLOSED. */
void audience_import_abort(struct audience_import *import);
/* For progress. Any time between new and done. */
struct audience_progress {
    uint64_t bytes;
    uint64_t rows;
    uint64_t refused;
    uint64_t duplicates; /* known only at the end */
};
void audience_import_progress(struct audience_import *import, struct audience_progress *progress);

/* "id=customer_no,phone=Mobile" -> mappings (at most max); the count, or -1 with *problem. */
int audience_mappings_parse(const char *text, struct audience_mapping *mappings, unsigned max,
                            struct problem *problem);

/* Finds recipients by key, again and again: keeps the keys of pages that it has read, up to 8 MiB.
 * One thread. */
struct audience_finder;
struct audience_finder *audience_finder_new(struct ledger *ledger);
void audience_finder_free(struct audience_finder *finder);
/* The ordinal of a recipient by key. ERR_NOT_FOUND. */
enum err audience_find(struct audience_finder *finder, const struct audience_info *info,
                       struct slice key, uint32_t *ordinal) WARN_UNUSED;
/* Pages read so far: what finding has cost. */
unsigned audience_finder_opened(const struct audience_finder *finder);
/* The same without anything kept, from any thread. */
enum err audience_lookup(struct ledger *ledger, const struct audience_info *info, struct slice key,
                         uint32_t *ordinal) WARN_UNUSED;

#endif
