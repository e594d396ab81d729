/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: journal, pages, catalogue and snapshots, laid out on a store. It knows the keys and the
 * chain of records; what events mean is the engine's business.
 *
 * Keys (all integers big-endian, so that they sort):
 *     catalogue  u16 partition · u8 kind (enum catalogue_kind) · id bytes
 *     pages      u64 audience · u32 page                              sealed page
 *                u64 audience · u32 0xfffffffe · u32 block            roots of its pages
 *                                                                     (proto/page_rows.h), 1,024
 *                                                                     in each block but the last;
 *                                                                     not of older audiences
 *                u64 audience · u32 0xffffffff · u32 page             holes: 128-byte bitmap of the
 *                                                                     places that are no recipients
 *     lookup     u64 audience · u64 last hash · u32 last ordinal      index block: lookup_block.h
 *                u64 2^63 + audience · u64 last hash · u32 last ordinal
 *                                                                     the same for endpoints
 *     refusals   u64 audience · u64 line                              one refused row
 *     journal    u16 partition · u64 campaign · u32 page · u64 recno  block
 *     records    u16 partition · u64 recno                            header: chain.h
 *     snapshots  u16 partition · u64 campaign · u32 page              u64 recno · state page
 *
 * Reads may come from any thread; ledger_write from the committer only.
 */
#ifndef TOCSIN_LEDGER_LEDGER_H
#define TOCSIN_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/slice.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/store.h"

struct ledger;

/* Stored: add at the end. */
enum catalogue_kind {
    CATALOGUE_CAMPAIGN = 1, /* u64 id -> definition (JSON) */
    CATALOGUE_CAMPAIGN_END, /* u64 id -> closing counts, once finished or cancelled */
    CATALOGUE_AUDIENCE,     /* u64 id -> audience_info */
    CATALOGUE_IDEMPOTENCY,  /* client's key -> answer */
    CATALOGUE_COUNTERS,     /* name -> u64, or as its owner has it */
    CATALOGUE_PROVIDER,     /* name -> what was changed at run time */
    CATALOGUE_SUPPRESSION,  /* content/suppression.h */
    CATALOGUE_SUPPRESSION_REMOVED,
    CATALOGUE_PLAN,         /* name -> content/plan_registry.h */
    CATALOGUE_DELIVERY_KEY, /* content/delivery_keys.h */
    CATALOGUE_REPLY,        /* these four: content/reply_store.h */
    CATALOGUE_REPLY_OF_CAMPAIGN,
    CATALOGUE_REPLY_ID,
    CATALOGUE_REPLY_COUNTS,
    CATALOGUE_REPLY_FORWARD, /* replies that are still to be passed on */
    CATALOGUE_TOKEN,         /* content/token_registry.h */
    CATALOGUE_FEED,          /* these three: content/feed_store.h */
    CATALOGUE_FEED_CAMPAIGN,
    CATALOGUE_FEED_ALARM,
    CATALOGUE_SUBSCRIPTION, /* these three: content/subscription_store.h */
    CATALOGUE_SUBSCRIPTION_STATE,
    CATALOGUE_DEAD_LETTER,
    /* 64 to 79: evidence */
    CATALOGUE_MANIFEST = 64, /* u64 campaign -> evidence/manifest.h */
    CATALOGUE_HEAD,          /* u64 record -> signed head of it (evidence/signed_head.h) */
    CATALOGUE_EVIDENCE_KEY,  /* u64 number, from 1 on -> statement of a key */
    CATALOGUE_AUDIT = 80     /* content/audit_log.h */
};

/* Catalogue key of partition 0 into *buf. */
void ledger_catalogue_key(struct buf *buf, enum catalogue_kind kind, struct slice id);
void ledger_catalogue_key_u64(struct buf *buf, enum catalogue_kind kind, uint64_t id);

/* The store is taken. Makes a new ledger in an empty store (cluster key, format), or checks the one
 * that is there: version, chain head, and that the newest records are whole. ERR_CORRUPT and
 * ERR_NEWER_VERSION with what is damaged. */
enum err ledger_open(struct ledger **out, struct store *take_store,
                     struct problem *problem) WARN_UNUSED;
void ledger_close(struct ledger *ledger); /* NULL is fine; closes the store */
struct store *ledger_store(struct ledger *ledger);

/* Keys of this ledger's own, made when it was: the first for delivery tokens
 * (content/delivery_keys.h), and that for hashing recipient keys. */
const uint8_t *ledger_token_key(const struct ledger *ledger);  /* HASH_KEY_BYTES */
const uint8_t *ledger_lookup_key(const struct ledger *ledger); /* HASH_KEY_BYTES */

/* The newest durable record of a partition: recno 0 and an all-zero hash before the first. */
struct ledger_head {
    uint64_t recno;
    uint64_t epoch;
    uint8_t hash[HASH_DIGEST_BYTES];
};
void ledger_head(struct ledger *ledger, uint16_t partition, struct ledger_head *head);

/* Writes one record (blocks, puts, removes, snapshots and its chained header) as one synced batch.
 * record->recno must be head + 1. ERR_NO_SPACE or ERR_IO: nothing was written, the same record may
 * be tried again. */
enum err ledger_write(struct ledger *ledger, const struct record *record,
                      struct problem *problem) WARN_UNUSED;
/* The same for consecutive records of one partition: one synced batch, all of them or none. Each
 * keeps its own place in the chain. (Group commit.) */
enum err ledger_write_group(struct ledger *ledger, const struct record *const *records,
                            size_t count, struct problem *problem) WARN_UNUSED;

/* Walks; a callback that returns false ends the walk (which then returns ERR_OK). */
typedef bool (*ledger_entry_fn)(void *arg, struct slice id, struct slice value);
enum err ledger_each_entry(struct ledger *ledger, enum catalogue_kind kind, ledger_entry_fn each,
                           void *arg) WARN_UNUSED;
/* From the first id that is not below `from`. */
enum err ledger_each_entry_from(struct ledger *ledger, enum catalogue_kind kind, struct slice from,
                                ledger_entry_fn each, void *arg) WARN_UNUSED;
typedef bool (*ledger_block_fn)(void *arg, uint32_t page, uint64_t recno, struct slice bytes);
enum err ledger_each_block(struct ledger *ledger, uint64_t campaign, ledger_block_fn each,
                           void *arg) WARN_UNUSED;
enum err ledger_each_block_of_page(struct ledger *ledger, uint64_t campaign, uint32_t page,
                                   ledger_block_fn each, void *arg) WARN_UNUSED;
enum err ledger_each_snapshot(struct ledger *ledger, uint64_t campaign, ledger_block_fn each,
                              void *arg) WARN_UNUSED;
/* ERR_NOT_FOUND if the page has none. value->bytes is the state page, *recno what it covers. */
enum err ledger_snapshot(struct ledger *ledger, uint64_t campaign, uint32_t page, uint64_t *recno,
                         struct store_value *value) WARN_UNUSED;
typedef bool (*ledger_record_fn)(void *arg, uint64_t recno, uint64_t epoch, uint64_t time_ms,
                                 const uint8_t hash[HASH_DIGEST_BYTES]);
enum err ledger_each_record(struct ledger *ledger, uint16_t partition, uint64_t from_recno,
                            ledger_record_fn each, void *arg) WARN_UNUSED;
/* The same with the bytes of each header. */
typedef bool (*ledger_header_fn)(void *arg, uint64_t recno, struct slice header);
enum err ledger_each_header(struct ledger *ledger, uint16_t partition, uint64_t from_recno,
                            ledger_header_fn each, void *arg) WARN_UNUSED;
/* One block. ERR_NOT_FOUND. */
enum err ledger_block(struct ledger *ledger, uint16_t partition, uint64_t campaign, uint32_t page,
                      uint64_t recno, struct store_value *value) WARN_UNUSED;
/* Unix time in ms of a partition's newest record, 0 before the first: whoever goes on with the
 * journal is at least as late. */
enum err ledger_newest_time(struct ledger *ledger, uint16_t partition,
                            uint64_t *time_ms) WARN_UNUSED;

enum err ledger_catalogue_get(struct ledger *ledger, enum catalogue_kind kind, struct slice id,
                              struct store_value *value) WARN_UNUSED;

/* A sealed page as it is stored. */
enum err ledger_page(struct ledger *ledger, uint64_t audience, uint32_t page,
                     struct store_value *value) WARN_UNUSED;
/* The roots of all its pages, in their order, behind what is in `roots`. ERR_NOT_FOUND: it was
 * sealed by a version that made none. */
#define LEDGER_ROOTS 1024 /* in a block */
enum err ledger_roots(struct ledger *ledger, uint64_t audience, uint32_t pages,
                      struct buf *roots) WARN_UNUSED;
/* Places of a page that are no recipients; none if there are none. */
enum err ledger_holes(struct ledger *ledger, uint64_t audience, uint32_t page,
                      struct bitmap *holes) WARN_UNUSED;
typedef bool (*ledger_holes_fn)(void *arg, uint32_t page, const struct bitmap *holes);
enum err ledger_each_holes(struct ledger *ledger, uint64_t audience, ledger_holes_fn each,
                           void *arg) WARN_UNUSED;

/* Bulk loading of an audience, from any thread; pages ascending, lookup entries ascending by (hash,
 * ordinal). All of it is invisible until ledger_audience_finish, and gone after
 * ledger_audience_abort or a crash before the catalogue entry is durable (ledger_sweep). Both free.
 */
struct ledger_audience;
struct ledger_audience *ledger_audience_new(struct ledger *ledger, uint64_t audience);
enum err ledger_audience_page(struct ledger_audience *load, uint32_t page,
                              struct slice sealed) WARN_UNUSED;
/* Of each page in turn, or of none. */
enum err ledger_audience_root(struct ledger_audience *load,
                              const uint8_t root[HASH_DIGEST_BYTES]) WARN_UNUSED;
enum err ledger_audience_holes(struct ledger_audience *load, uint32_t page,
                               const struct bitmap *holes) WARN_UNUSED;
enum err ledger_audience_lookup(struct ledger_audience *load, uint64_t hash,
                                uint32_t ordinal) WARN_UNUSED;
/* Of endpoints: audience/endpoint_index.h. Ascending likewise. */
enum err ledger_audience_endpoint(struct ledger_audience *load, uint64_t hash,
                                  uint32_t ordinal) WARN_UNUSED;
enum err ledger_audience_refusal(struct ledger_audience *load, uint64_t line,
                                 struct slice json) WARN_UNUSED;
enum err ledger_audience_finish(struct ledger_audience *load, struct problem *problem) WARN_UNUSED;
void ledger_audience_abort(struct ledger_audience *load);

/* Candidates for a key: every ordinal whose hash is `hash` (the caller compares the key in the
 * page). */
enum err ledger_lookup(struct ledger *ledger, uint64_t audience, uint64_t hash,
                       bool (*each)(void *arg, uint32_t ordinal), void *arg) WARN_UNUSED;
enum err ledger_lookup_endpoint(struct ledger *ledger, uint64_t audience, uint64_t hash,
                                bool (*each)(void *arg, uint32_t ordinal), void *arg) WARN_UNUSED;
/* The same for those from the ordinal `from` on. */
enum err ledger_lookup_endpoint_from(struct ledger *ledger, uint64_t audience, uint64_t hash,
                                     uint32_t from, bool (*each)(void *arg, uint32_t ordinal),
                                     void *arg) WARN_UNUSED;
/* All entries of an index, ascending by (hash, ordinal): of the keys, or of the endpoints. */
typedef bool (*ledger_lookup_fn)(void *arg, uint64_t hash, uint32_t ordinal);
enum err ledger_each_lookup(struct ledger *ledger, uint64_t audience, ledger_lookup_fn each,
                            void *arg) WARN_UNUSED;
enum err ledger_each_endpoint(struct ledger *ledger, uint64_t audience, ledger_lookup_fn each,
                              void *arg) WARN_UNUSED;
enum err ledger_each_refusal(struct ledger *ledger, uint64_t audience, uint64_t from_line,
                             bool (*each)(void *arg, uint64_t line, struct slice json),
                             void *arg) WARN_UNUSED;
/* All that was loaded of an audience that the catalogue does not know. */
enum err ledger_remove_audience(struct ledger *ledger, uint64_t audience) WARN_UNUSED;
/* Removes pages, lookups and refusals of audiences that the catalogue does not know. At start only.
 */
enum err ledger_sweep(struct ledger *ledger) WARN_UNUSED;

/* Reads everything: the store's checksums, the chain from record 1, every block against its root,
 * every page of every audience. report is called for each damage; *records and *pages say how much
 * was read. */
struct ledger_check {
    uint64_t records;
    uint64_t blocks;
    uint64_t pages;
    uint64_t heads; /* signed (evidence/signed_head.h) */
    uint64_t damages;
};
enum err ledger_check(struct ledger *ledger, void (*report)(void *arg, const char *what), void *arg,
                      struct ledger_check *check) WARN_UNUSED;

/* Bytes on disk. */
struct ledger_size {
    uint64_t pages;
    uint64_t lookup;
    uint64_t journal; /* blocks and record headers */
    uint64_t snapshots;
    uint64_t room; /* what may still be written */
};
void ledger_size(struct ledger *ledger, struct ledger_size *size);

#endif
