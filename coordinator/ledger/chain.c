/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/chain.h"

#include <assert.h>
#include <string.h>

/* The smallest block and the smallest change in a header; counts are compared with what is left. */
#define CHAIN_BLOCK_BYTES_MIN  (1 + CHAIN_CHECK_BYTES)
#define CHAIN_CHANGE_BYTES_MIN 2
/* The key of a block: be16 partition, be64 campaign, be32 page, be64 record (ledger_keys.h). */
#define CHAIN_BLOCK_KEY_BYTES 22

/* The numbers of enum record_entry_kind are part of what is hashed and stored. */
_Static_assert(RECORD_BLOCK == 0 && RECORD_PUT == 1 && RECORD_REMOVE == 2, "kinds are stored");

void chain_scratch_release(struct chain_scratch *scratch)
{
    buf_release(&scratch->entry);
    buf_release(&scratch->digests);
    buf_release(&scratch->list);
}

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (value & 1 ? UINT64_MAX : 0));
}

void chain_digest(uint8_t digest[HASH_DIGEST_BYTES], enum record_entry_kind kind, struct slice key,
                  struct slice value, struct buf *scratch)
{
    buf_clear(scratch);
    buf_u8(scratch, (uint8_t)kind);
    buf_blob(scratch, key);
    buf_slice(scratch, value);
    hash_digest(digest, buf_view(scratch));
}

static void put_be(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

void chain_block_digest(uint8_t digest[HASH_DIGEST_BYTES], const struct chain_place *place,
                        struct slice bytes, struct buf *scratch)
{
    uint8_t key[CHAIN_BLOCK_KEY_BYTES];
    put_be(key, place->partition, 2);
    put_be(key + 2, place->campaign, 8);
    put_be(key + 10, place->page, 4);
    put_be(key + 14, place->recno, 8);
    chain_digest(digest, RECORD_BLOCK, slice_of(key, sizeof(key)), bytes, scratch);
}

static uint8_t *chain_digest_add(struct chain_scratch *scratch, enum record_entry_kind kind,
                                 struct slice key, struct slice value)
{
    uint8_t *digest = buf_reserve(&scratch->digests, HASH_DIGEST_BYTES);
    chain_digest(digest, kind, key, value, &scratch->entry);
    scratch->digests.len += HASH_DIGEST_BYTES;
    return digest;
}

static uint64_t chain_seal_blocks(const struct record *record, struct chain_scratch *scratch,
                                  struct buf *header)
{
    uint64_t count = 0;
    uint64_t campaign = 0;
    uint32_t page = 0;
    for (size_t i = 0; i < record->entry_count; i++) {
        const struct record_entry *entry = &record->entries[i];
        if (entry->kind != RECORD_BLOCK) {
            continue;
        }
        bool other = entry->campaign != campaign;
        buf_varint(header, zigzag((int64_t)entry->page - (int64_t)page) * 2 + other);
        if (other) {
            buf_varint(header, entry->campaign);
        }
        campaign = entry->campaign;
        page = entry->page;
        const struct chain_place place = {record->partition, campaign, page, record->recno};
        uint8_t *digest = buf_reserve(&scratch->digests, HASH_DIGEST_BYTES);
        chain_block_digest(digest, &place, record_value(record, entry), &scratch->entry);
        scratch->digests.len += HASH_DIGEST_BYTES;
        buf_append(header, digest, CHAIN_CHECK_BYTES);
        count++;
    }
    return count;
}

static uint64_t chain_seal_changes(const struct record *record, struct chain_scratch *scratch,
                                   struct buf *header)
{
    uint64_t count = 0;
    for (size_t i = 0; i < record->entry_count; i++) {
        const struct record_entry *entry = &record->entries[i];
        if (entry->kind != RECORD_PUT && entry->kind != RECORD_REMOVE) {
            continue;
        }
        struct slice key = record_key(record, entry);
        const uint8_t *digest =
            chain_digest_add(scratch, entry->kind, key, record_value(record, entry));
        buf_u8(header, (uint8_t)entry->kind);
        buf_blob(header, key);
        if (entry->kind == RECORD_PUT) {
            buf_append(header, digest, HASH_DIGEST_BYTES);
        }
        count++;
    }
    return count;
}

static void chain_count(const struct record *record, uint64_t *blocks, uint64_t *changes)
{
    *blocks = 0;
    *changes = 0;
    for (size_t i = 0; i < record->entry_count; i++) {
        enum record_entry_kind kind = record->entries[i].kind;
        *blocks += kind == RECORD_BLOCK;
        *changes += kind == RECORD_PUT || kind == RECORD_REMOVE;
    }
}

void chain_seal(const struct record *record, const uint8_t prev[HASH_DIGEST_BYTES],
                struct chain_scratch *scratch, struct buf *header)
{
    uint64_t blocks;
    uint64_t changes;
    chain_count(record, &blocks, &changes);
    buf_clear(&scratch->digests);
    buf_u8(header, CHAIN_VERSION);
    buf_varint(header, record->partition);
    buf_varint(header, record->recno);
    buf_varint(header, record->epoch);
    buf_varint(header, record->time_ms);
    buf_append(header, prev, HASH_DIGEST_BYTES);
    size_t root_at = header->len; /* known last, stands first */
    buf_reserve(header, HASH_DIGEST_BYTES);
    header->len += HASH_DIGEST_BYTES;
    buf_varint(header, blocks);
    buf_varint(header, changes);
    buf_clear(&scratch->list);
    uint64_t sealed = chain_seal_blocks(record, scratch, &scratch->list);
    assert(sealed == blocks);
    buf_varint(header, scratch->list.len);
    buf_slice(header, buf_view(&scratch->list));
    sealed = chain_seal_changes(record, scratch, header);
    assert(sealed == changes);
    hash_digest(header->data + root_at, buf_view(&scratch->digests));
}

void chain_hash(uint8_t hash[HASH_DIGEST_BYTES], struct slice header)
{
    struct chain_header read;
    struct chain_parts parts;
    struct buf digests = {0};
    if (chain_open(&read, header) == ERR_OK && chain_split(&read, &parts, &digests)) {
        chain_join(hash, &parts, buf_view(&digests));
    } else {
        hash_digest(hash, header);
    }
    buf_release(&digests);
}

bool chain_split(const struct chain_header *header, struct chain_parts *parts, struct buf *digests)
{
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    if (header->version < 2) {
        return false;
    }
    parts->summary = header->summary;
    parts->blocks = slice_of(header->entries.data, header->block_bytes);
    cursor.reader = reader_of(slice_of(header->entries.data + header->block_bytes,
                                       header->entries.len - header->block_bytes));
    cursor.blocks = 0;
    while (chain_next(&cursor, &entry)) {
        hash_digest(buf_reserve(digests, HASH_DIGEST_BYTES), entry.bytes);
        digests->len += HASH_DIGEST_BYTES;
    }
    return true;
}

void chain_join(uint8_t hash[HASH_DIGEST_BYTES], const struct chain_parts *parts,
                struct slice digests)
{
    struct buf joined = {0};
    buf_slice(&joined, parts->summary);
    uint8_t *into = buf_reserve(&joined, (size_t)2 * HASH_DIGEST_BYTES);
    hash_digest(into, parts->blocks);
    hash_digest(into + HASH_DIGEST_BYTES, digests);
    joined.len += (size_t)2 * HASH_DIGEST_BYTES;
    hash_digest(hash, buf_view(&joined));
    buf_release(&joined);
}

/* All but the entries. */
static enum err chain_read_summary(struct chain_header *header, struct reader *reader)
{
    const uint8_t *from = reader->at;
    *header = (struct chain_header){.version = reader_u8(reader)};
    if (!reader->bad && (header->version == 0 || header->version > CHAIN_VERSION)) {
        return ERR_UNSUPPORTED;
    }
    uint64_t partition = reader_varint(reader);
    header->partition = (uint16_t)partition;
    header->recno = reader_varint(reader);
    header->epoch = reader_varint(reader);
    header->time_ms = reader_varint(reader);
    header->prev = reader_bytes(reader, HASH_DIGEST_BYTES).data;
    header->root = reader_bytes(reader, HASH_DIGEST_BYTES).data;
    header->blocks = reader_varint(reader);
    header->changes = reader_varint(reader);
    if (header->version > 1) {
        header->block_bytes = (size_t)reader_varint(reader);
        header->summary = slice_of(from, (size_t)(reader->at - from));
    }
    return reader->bad || partition > UINT16_MAX ? ERR_CORRUPT : ERR_OK;
}

enum err chain_open_summary(struct chain_header *header, struct slice summary)
{
    struct reader reader = reader_of(summary);
    enum err err = chain_read_summary(header, &reader);
    if (err != ERR_OK) {
        return err;
    }
    return header->version < 2 || reader_left(&reader) > 0 ? ERR_CORRUPT : ERR_OK;
}

enum err chain_open(struct chain_header *header, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    enum err err = chain_read_summary(header, &reader);
    if (err != ERR_OK) {
        return err;
    }
    size_t left = reader_left(&reader);
    if (header->blocks > left / CHAIN_BLOCK_BYTES_MIN ||
        header->changes > left / CHAIN_CHANGE_BYTES_MIN || header->block_bytes > left) {
        return ERR_CORRUPT;
    }
    header->entries = slice_of(reader.at, left);
    struct chain_cursor cursor = chain_cursor_of(header);
    struct chain_entry entry;
    const uint8_t *blocks_end = cursor.reader.at;
    while (chain_next(&cursor, &entry)) {
        blocks_end = entry.kind == RECORD_BLOCK ? cursor.reader.at : blocks_end;
    }
    bool is_parted =
        header->version < 2 || (size_t)(blocks_end - header->entries.data) == header->block_bytes;
    return chain_is_read(&cursor) && is_parted ? ERR_OK : ERR_CORRUPT;
}

struct chain_cursor chain_cursor_of(const struct chain_header *header)
{
    return (struct chain_cursor){
        .reader = reader_of(header->entries),
        .blocks = header->blocks,
        .changes = header->changes,
    };
}

struct chain_cursor chain_cursor_of_blocks(struct slice list, uint64_t blocks)
{
    return (struct chain_cursor){.reader = reader_of(list), .blocks = blocks};
}

struct chain_cursor chain_cursor_of_change(struct slice bytes)
{
    return (struct chain_cursor){.reader = reader_of(bytes), .changes = 1};
}

bool chain_is_read(const struct chain_cursor *cursor)
{
    return cursor->blocks == 0 && cursor->changes == 0 && !cursor->reader.bad &&
           reader_left(&cursor->reader) == 0;
}

static bool chain_next_block(struct chain_cursor *cursor, struct chain_entry *entry)
{
    uint64_t step = reader_varint(&cursor->reader);
    if (step & 1) {
        cursor->campaign = reader_varint(&cursor->reader);
    }
    int64_t delta = unzigzag(step >> 1);
    if (delta < -(int64_t)cursor->page || delta > (int64_t)UINT32_MAX - (int64_t)cursor->page) {
        return false;
    }
    cursor->page = (uint32_t)((int64_t)cursor->page + delta);
    entry->kind = RECORD_BLOCK;
    entry->campaign = cursor->campaign;
    entry->page = cursor->page;
    entry->check = reader_bytes(&cursor->reader, CHAIN_CHECK_BYTES).data;
    if (cursor->reader.bad) {
        return false;
    }
    cursor->blocks--;
    return true;
}

static bool chain_next_change(struct chain_cursor *cursor, struct chain_entry *entry)
{
    const uint8_t *from = cursor->reader.at;
    uint8_t kind = reader_u8(&cursor->reader);
    entry->key = reader_blob(&cursor->reader);
    if (kind == RECORD_PUT) {
        entry->digest = reader_bytes(&cursor->reader, HASH_DIGEST_BYTES).data;
    }
    if (cursor->reader.bad || (kind != RECORD_PUT && kind != RECORD_REMOVE)) {
        return false;
    }
    entry->kind = (enum record_entry_kind)kind;
    entry->bytes = slice_of(from, (size_t)(cursor->reader.at - from));
    cursor->changes--;
    return true;
}

bool chain_next(struct chain_cursor *cursor, struct chain_entry *entry)
{
    *entry = (struct chain_entry){0};
    if (cursor->blocks > 0) {
        return chain_next_block(cursor, entry);
    }
    if (cursor->changes > 0) {
        return chain_next_change(cursor, entry);
    }
    return false;
}
