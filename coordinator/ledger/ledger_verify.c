/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/ledger_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A chain on its way from record to record. */
struct chain_walk {
    struct ledger *ledger;
    struct damages *damages;
    struct chain_scratch scratch;
    struct verification *verification;
    uint16_t partition;
    uint64_t next;                   /* the record that must come now */
    bool has_prev;                   /* false for the first of a walk that begins in the middle */
    uint8_t prev[HASH_DIGEST_BYTES]; /* hash of the record before */
};

void damages_report(struct damages *damages, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    damages->count++;
    damages->report(damages->arg, text);
}

static void walk_damage(struct chain_walk *walk, uint64_t recno, const char *what)
{
    damages_report(walk->damages, "record %" PRIu64 " of partition %u %s", recno,
                   (unsigned)walk->partition, what);
}

static void walk_block_damage(struct chain_walk *walk, uint64_t recno,
                              const struct chain_entry *entry, const char *what)
{
    if (entry->page == RECORD_PAGE_CAMPAIGN) {
        damages_report(walk->damages,
                       "record %" PRIu64 " of partition %u: the block of campaign %" PRIu64
                       " for the campaign as a whole %s",
                       recno, (unsigned)walk->partition, entry->campaign, what);
        return;
    }
    damages_report(walk->damages,
                   "record %" PRIu64 " of partition %u: the block of campaign %" PRIu64
                   ", page %" PRIu32 " %s",
                   recno, (unsigned)walk->partition, entry->campaign, entry->page, what);
}

/* Adds the digest of a stored block to those the root is taken over; false if it was reported. */
static bool walk_block(struct chain_walk *walk, uint64_t recno, const struct chain_entry *entry)
{
    struct store *store = walk->ledger->store;
    struct key key = key_block(walk->partition, entry->campaign, entry->page, recno);
    struct store_value value;
    enum err err = store->ops->get(store, STORE_JOURNAL, key_view(&key), &value);
    if (err != ERR_OK) {
        walk_block_damage(walk, recno, entry,
                          err == ERR_NOT_FOUND ? "is missing" : "cannot be read");
        return false;
    }
    struct buf *digests = &walk->scratch.digests;
    uint8_t *digest = buf_reserve(digests, HASH_DIGEST_BYTES);
    chain_digest(digest, RECORD_BLOCK, key_view(&key), value.bytes, &walk->scratch.entry);
    digests->len += HASH_DIGEST_BYTES;
    store_value_release(&value);
    walk->verification->blocks++;
    if (memcmp(digest, entry->check, CHAIN_CHECK_BYTES) != 0) {
        walk_block_damage(walk, recno, entry, "is not the one that was written");
        return false;
    }
    return true;
}

static void walk_change(struct chain_walk *walk, const struct chain_entry *entry)
{
    struct buf *digests = &walk->scratch.digests;
    uint8_t *digest = buf_reserve(digests, HASH_DIGEST_BYTES);
    if (entry->kind == RECORD_PUT) {
        memcpy(digest, entry->digest, HASH_DIGEST_BYTES);
    } else {
        chain_digest(digest, entry->kind, entry->key, slice_of(NULL, 0), &walk->scratch.entry);
    }
    digests->len += HASH_DIGEST_BYTES;
}

static void walk_entries(struct chain_walk *walk, const struct chain_header *header)
{
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    bool is_whole = true;
    buf_clear(&walk->scratch.digests);
    while (chain_next(&cursor, &entry)) {
        if (entry.kind == RECORD_BLOCK) {
            is_whole = walk_block(walk, header->recno, &entry) && is_whole;
        } else {
            walk_change(walk, &entry);
        }
    }
    uint8_t root[HASH_DIGEST_BYTES];
    hash_digest(root, buf_view(&walk->scratch.digests));
    /* A block that was reported spoils the root too; one damage is told once. */
    if (is_whole && memcmp(root, header->root, HASH_DIGEST_BYTES) != 0) {
        walk_damage(walk, header->recno, "does not match the root in its header");
    }
}

/* Is this the header that must come now? Reports gaps. */
static void walk_place(struct chain_walk *walk, uint64_t recno)
{
    if (recno == walk->next) {
        return;
    }
    if (recno == walk->next + 1) {
        walk_damage(walk, walk->next, "is missing");
    } else {
        damages_report(walk->damages,
                       "records %" PRIu64 " to %" PRIu64 " of partition %u are missing", walk->next,
                       recno - 1, (unsigned)walk->partition);
    }
    walk->has_prev = false;
}

static void walk_header(struct chain_walk *walk, uint64_t recno, struct slice bytes)
{
    walk_place(walk, recno);
    walk->next = recno + 1;
    struct chain_header header;
    enum err err = chain_open(&header, bytes);
    if (err == ERR_UNSUPPORTED) {
        walk_damage(walk, recno, "has a header of a version that this program does not know");
    } else if (err != ERR_OK || header.recno != recno || header.partition != walk->partition) {
        walk_damage(walk, recno, "has a header that cannot be read");
    } else {
        if (walk->has_prev && memcmp(header.prev, walk->prev, HASH_DIGEST_BYTES) != 0) {
            walk_damage(walk, recno, "does not follow the record before: the chain is broken here");
        }
        walk_entries(walk, &header);
        walk->verification->records++;
        if (walk->verification->each != NULL) {
            walk->verification->each(walk->verification->arg, &header);
        }
    }
    chain_hash(walk->prev, bytes);
    walk->has_prev = true;
}

static void walk_head(struct chain_walk *walk, const struct ledger_head *head)
{
    if (walk->next <= head->recno) {
        damages_report(walk->damages,
                       "records %" PRIu64 " to %" PRIu64 " of partition %u are missing", walk->next,
                       head->recno, (unsigned)walk->partition);
    } else if (walk->has_prev && memcmp(walk->prev, head->hash, HASH_DIGEST_BYTES) != 0) {
        walk_damage(walk, head->recno, "is not the one that the chain's head names");
    }
}

static enum err walk_headers(struct chain_walk *walk, uint64_t head_recno)
{
    struct store *store = walk->ledger->store;
    struct key from = key_record(walk->partition, walk->next);
    struct key whole = key_partition(walk->partition);
    struct key to = key_after(&whole);
    struct store_scan *scan =
        store->ops->scan(store, STORE_RECORDS, key_view(&from), key_view(&to));
    struct slice key;
    struct slice value;
    while (store->ops->scan_next(scan, &key, &value)) {
        uint16_t partition;
        uint64_t recno;
        if (!key_parse_record(key, &partition, &recno)) {
            damages_report(walk->damages, "family records holds a key that is none");
        } else if (recno > head_recno) {
            walk_damage(walk, recno, "lies behind the head of the chain");
        } else {
            walk_header(walk, recno, value);
        }
    }
    return store->ops->scan_free(scan);
}

void ledger_verify_chain(struct ledger *ledger, uint16_t partition, uint64_t from_recno,
                         struct verification *verification)
{
    struct damages *damages = verification->damages;
    struct ledger_head head;
    ledger_head(ledger, partition, &head);
    struct chain_walk walk = {
        .ledger = ledger,
        .damages = damages,
        .verification = verification,
        .partition = partition,
        .next = from_recno,
        .has_prev = from_recno == 1, /* record 1 follows a hash of zeros */
    };
    enum err err = walk_headers(&walk, head.recno);
    if (err != ERR_OK) {
        damages_report(damages, "the records from %" PRIu64 " of partition %u cannot be read: %s",
                       walk.next, (unsigned)partition, err_sentence(err));
    } else {
        walk_head(&walk, &head);
    }
    chain_scratch_release(&walk.scratch);
}
