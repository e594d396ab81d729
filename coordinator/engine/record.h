/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: what one commit turn wants to make durable, in one piece and in one order.
 *
 * It holds journal blocks (one page's events of this turn, see event.h), catalogue entries to put
 * or to remove (campaigns, audiences, idempotency keys: small values under a key), and snapshots (a
 * cache of the fold; not part of the chain). A record is a value that is built by the engine's
 * thread, handed over whole to the changelog, and never changed after. Records of one partition are
 * numbered 1, 2, 3, ... without gaps.
 */
#ifndef TOCSIN_ENGINE_RECORD_H
#define TOCSIN_ENGINE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

/* In place of a page's number: events of the campaign as a whole. */
#define RECORD_PAGE_CAMPAIGN UINT32_C(0xfffffffe)

#define RECORD_BLOCKS_MAX (1u << 20)

enum record_entry_kind { RECORD_BLOCK, RECORD_PUT, RECORD_REMOVE, RECORD_SNAPSHOT };

struct record_entry {
    enum record_entry_kind kind;
    uint64_t campaign; /* block, snapshot */
    uint32_t page;     /* block, snapshot */
    size_t key_at;     /* put, remove: where in `bytes` */
    size_t key_len;
    size_t value_at;
    size_t value_len;
};

struct record {
    uint16_t partition;
    uint64_t epoch;
    uint64_t recno;
    uint64_t time_ms; /* when it was handed over */
    struct record_entry *entries;
    size_t entry_count;
    size_t entry_cap;
    struct buf bytes; /* keys and values of all entries */
};

struct record *record_new(uint16_t partition, uint64_t epoch, uint64_t recno);
void record_free(struct record *record);
bool record_is_empty(const struct record *record);
void record_add_block(struct record *record, uint64_t campaign, uint32_t page, struct slice bytes);
void record_add_snapshot(struct record *record, uint64_t campaign, uint32_t page,
                         struct slice bytes);
void record_put(struct record *record, struct slice key, struct slice value);
void record_remove(struct record *record, struct slice key);
struct slice record_key(const struct record *record, const struct record_entry *entry);
struct slice record_value(const struct record *record, const struct record_entry *entry);

/* One contiguous value, for a changelog that ships records: version 1, all fields, entries in
 * order, without snapshots. record_decode checks every bound; ERR_CORRUPT or ERR_UNSUPPORTED. */
void record_encode(const struct record *record, struct buf *buf);
enum err record_decode(struct slice bytes, struct record **out) WARN_UNUSED;

#endif
