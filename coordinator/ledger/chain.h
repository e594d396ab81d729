/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain: what makes the journal tamper-evident. Each record has a header; a header holds the hash
 * of the header before it and the root over the record's own entries. Whoever knows the hash of the
 * newest header can check every block that was ever written.
 *
 * All digests are BLAKE2b-256 (RFC 7693).
 *     digest of an entry  u8 kind · varint key length · key · value
 *                         kind: 0 block, 1 put, 2 remove (no value)
 *                         key: the entry's key in its family
 *     root                the digests of the blocks in the order of the record, then those of
 *                         its puts and removes
 *     hash of a record    its summary, then the digest of its list of blocks, then the digest of
 *                         the digests of its changes, each as it stands in the header
 *                         (version 1: the bytes of its header)
 * Snapshots are a cache and no part of it.
 *
 * The hash is taken in parts so that a record can be shown to somebody who may not see all of it:
 * the summary and the list of blocks name nobody, but the key of a change may be somebody's number.
 * In place of a change its digest is shown.
 *
 * Header (version 2):
 *     summary: u8 version = 2 · varint partition · varint recno · varint epoch · varint time_ms
 *     32 bytes hash of the record before (zeros for record 1) · 32 bytes root
 *     varint blocks · varint changes · varint bytes of the list of blocks (not in version 1)
 *     each block:  varint 2 * zigzag(page - page of the block before) + (another campaign?)
 *                  varint campaign, if another than that of the block before
 *                  4 bytes, the first of its digest
 *     each change: u8 kind (1 put, 2 remove) · blob key · 32 bytes digest, if a put
 *
 * Before the first block are campaign 0 and page 0. A put's digest stands in full because its
 * value may be overwritten later and the root must stay computable. Of a block four bytes do: they
 * name the damaged one, the root convicts. With one block of 2 kB a page that is under 0.1 bytes
 * a recipient.
 *
 * To change the format: (1) raise CHAIN_VERSION; (2) keep chain_open and chain_next reading the
 * versions before, and the digests computed as that version says; (3) add a header of the old
 * version to the corpus of fuzz_chain and to test_ledger.c; (4) write the change down in
 * docs/ledger.md; (5) if an older program must not open such a store, raise LEDGER_FORMAT in
 * ledger.c as well.
 */
#ifndef TOCSIN_LEDGER_CHAIN_H
#define TOCSIN_LEDGER_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/slice.h"
#include "coordinator/engine/record.h"

#define CHAIN_VERSION 2

/* Memory reused from record to record. Zeroed memory is a valid one. */
struct chain_scratch {
    struct buf entry;
    struct buf digests;
    struct buf list;
};
void chain_scratch_release(struct chain_scratch *scratch);

/* Appends the header of `record`, which follows the record whose hash is prev. */
void chain_seal(const struct record *record, const uint8_t prev[HASH_DIGEST_BYTES],
                struct chain_scratch *scratch, struct buf *header);
/* Of any bytes; those that are no header have the digest of themselves. */
void chain_hash(uint8_t hash[HASH_DIGEST_BYTES], struct slice header);

/* Where a block lies. */
struct chain_place {
    uint16_t partition;
    uint64_t campaign;
    uint32_t page;
    uint64_t recno;
};

/* The digest of one entry, as its header's root takes it. `scratch` is memory to be reused. */
void chain_digest(uint8_t digest[HASH_DIGEST_BYTES], enum record_entry_kind kind, struct slice key,
                  struct slice value, struct buf *scratch);

/* The digest of a block by its place. */
void chain_block_digest(uint8_t digest[HASH_DIGEST_BYTES], const struct chain_place *place,
                        struct slice bytes, struct buf *scratch);

/* A header that was read; points into its bytes. */
struct chain_header {
    uint8_t version;
    uint16_t partition;
    uint64_t recno;
    uint64_t epoch;
    uint64_t time_ms;
    const uint8_t *prev; /* HASH_DIGEST_BYTES */
    const uint8_t *root; /* HASH_DIGEST_BYTES */
    uint64_t blocks;
    uint64_t changes;
    struct slice summary; /* version 2: what stands before the entries */
    size_t block_bytes;   /* version 2: of the entries, those that are blocks */
    struct slice entries;
};

/* Checks every bound. ERR_CORRUPT, or ERR_UNSUPPORTED for another version. */
enum err chain_open(struct chain_header *header, struct slice bytes) WARN_UNUSED;

/* The same for a summary (version 2) whose entries lie elsewhere: `entries` is then empty. */
enum err chain_open_summary(struct chain_header *header, struct slice summary) WARN_UNUSED;

/* What of a header of version 2 is hashed. `digests` gets those of its changes, one after the
 * other. False for another version. */
struct chain_parts {
    struct slice summary;
    struct slice blocks;
};
bool chain_split(const struct chain_header *header, struct chain_parts *parts, struct buf *digests);
/* The hash of a record by its parts. */
void chain_join(uint8_t hash[HASH_DIGEST_BYTES], const struct chain_parts *parts,
                struct slice digests);

/* One entry of a header. */
struct chain_entry {
    enum record_entry_kind kind;
    uint64_t campaign;     /* block */
    uint32_t page;         /* block */
    const uint8_t *check;  /* block: CHAIN_CHECK_BYTES, the first of its digest */
    struct slice key;      /* put, remove */
    const uint8_t *digest; /* put: HASH_DIGEST_BYTES */
    struct slice bytes;    /* put, remove: as it stands in the header */
};
#define CHAIN_CHECK_BYTES 4

/* Walks the entries: blocks first, then changes. */
struct chain_cursor {
    struct reader reader;
    uint64_t blocks;
    uint64_t changes;
    uint64_t campaign;
    uint32_t page;
};
struct chain_cursor chain_cursor_of(const struct chain_header *header);
/* Over a list of so many blocks alone, and over one change alone. */
struct chain_cursor chain_cursor_of_blocks(struct slice list, uint64_t blocks);
struct chain_cursor chain_cursor_of_change(struct slice bytes);
/* Every entry was read and nothing is left over? */
bool chain_is_read(const struct chain_cursor *cursor);
bool chain_next(struct chain_cursor *cursor, struct chain_entry *entry);

#endif
