/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and values of all entries lie one after the other in `bytes`; entries hold offsets and not
 * pointers, because `bytes` moves while it grows.
 *
 * Encoded (version 1):
 *     u8 version = 1 · varint partition · varint epoch · varint recno · varint time_ms · varint
 * count count entries: u8 kind (enum record_entry_kind), then block    varint campaign · varint
 * page · blob put      blob key · blob value remove   blob key A blob is a varint length and the
 * bytes. Nothing may follow the last entry.
 *
 * To change the format: (1) raise RECORD_VERSION, (2) keep record_decode reading the versions
 * before, (3) add a record of the old version to the corpus of fuzz_record and to test_record.c.
 */
#include "coordinator/engine/record.h"

#include <assert.h>

#include "common/mem.h"

#define RECORD_VERSION 1
/* The smallest entry: a kind, a length and nothing. */
#define RECORD_ENTRY_BYTES_MIN 2

struct record *record_new(uint16_t partition, uint64_t epoch, uint64_t recno)
{
    struct record *record = mem_zalloc(1, sizeof(*record));
    record->partition = partition;
    record->epoch = epoch;
    record->recno = recno;
    return record;
}

void record_free(struct record *record)
{
    if (record != NULL) {
        buf_release(&record->bytes);
        mem_free(record->entries);
        mem_free(record);
    }
}

bool record_is_empty(const struct record *record)
{
    return record->entry_count == 0;
}

static struct record_entry *record_add(struct record *record, enum record_entry_kind kind,
                                       struct slice key, struct slice value)
{
    assert(record->entry_count < RECORD_BLOCKS_MAX);
    if (record->entry_count == record->entry_cap) {
        record->entry_cap = record->entry_cap == 0 ? 8 : record->entry_cap * 2;
        record->entries = mem_resize(record->entries, record->entry_cap, sizeof(*record->entries));
    }
    struct record_entry *entry = &record->entries[record->entry_count++];
    *entry = (struct record_entry){.kind = kind, .key_len = key.len, .value_len = value.len};
    entry->key_at = record->bytes.len;
    buf_slice(&record->bytes, key);
    entry->value_at = record->bytes.len;
    buf_slice(&record->bytes, value);
    return entry;
}

static void record_add_of_page(struct record *record, enum record_entry_kind kind,
                               uint64_t campaign, uint32_t page, struct slice bytes)
{
    struct record_entry *entry = record_add(record, kind, slice_of(NULL, 0), bytes);
    entry->campaign = campaign;
    entry->page = page;
}

void record_add_block(struct record *record, uint64_t campaign, uint32_t page, struct slice bytes)
{
    record_add_of_page(record, RECORD_BLOCK, campaign, page, bytes);
}

void record_add_snapshot(struct record *record, uint64_t campaign, uint32_t page,
                         struct slice bytes)
{
    record_add_of_page(record, RECORD_SNAPSHOT, campaign, page, bytes);
}

void record_put(struct record *record, struct slice key, struct slice value)
{
    record_add(record, RECORD_PUT, key, value);
}

void record_remove(struct record *record, struct slice key)
{
    record_add(record, RECORD_REMOVE, key, slice_of(NULL, 0));
}

struct slice record_key(const struct record *record, const struct record_entry *entry)
{
    return slice_of(entry->key_len == 0 ? NULL : record->bytes.data + entry->key_at,
                    entry->key_len);
}

struct slice record_value(const struct record *record, const struct record_entry *entry)
{
    return slice_of(entry->value_len == 0 ? NULL : record->bytes.data + entry->value_at,
                    entry->value_len);
}

static uint64_t record_count_shipped(const struct record *record)
{
    uint64_t count = 0;
    for (size_t i = 0; i < record->entry_count; i++) {
        count += record->entries[i].kind != RECORD_SNAPSHOT;
    }
    return count;
}

static void record_encode_entry(const struct record *record, const struct record_entry *entry,
                                struct buf *buf)
{
    buf_u8(buf, (uint8_t)entry->kind);
    switch (entry->kind) {
    case RECORD_BLOCK:
        buf_varint(buf, entry->campaign);
        buf_varint(buf, entry->page);
        buf_blob(buf, record_value(record, entry));
        break;
    case RECORD_PUT:
        buf_blob(buf, record_key(record, entry));
        buf_blob(buf, record_value(record, entry));
        break;
    case RECORD_REMOVE:
        buf_blob(buf, record_key(record, entry));
        break;
    case RECORD_SNAPSHOT:
        assert(false); /* snapshots are not shipped */
        break;
    }
}

void record_encode(const struct record *record, struct buf *buf)
{
    buf_u8(buf, RECORD_VERSION);
    buf_varint(buf, record->partition);
    buf_varint(buf, record->epoch);
    buf_varint(buf, record->recno);
    buf_varint(buf, record->time_ms);
    buf_varint(buf, record_count_shipped(record));
    for (size_t i = 0; i < record->entry_count; i++) {
        if (record->entries[i].kind != RECORD_SNAPSHOT) {
            record_encode_entry(record, &record->entries[i], buf);
        }
    }
}

static bool record_decode_entry(struct record *record, struct reader *reader)
{
    uint8_t kind = reader_u8(reader);
    if (kind == RECORD_BLOCK) {
        uint64_t campaign = reader_varint(reader);
        uint64_t page = reader_varint(reader);
        record_add_block(record, campaign, (uint32_t)page, reader_blob(reader));
        return !reader->bad && page <= UINT32_MAX;
    }
    if (kind == RECORD_PUT) {
        struct slice key = reader_blob(reader);
        record_put(record, key, reader_blob(reader));
        return !reader->bad;
    }
    if (kind == RECORD_REMOVE) {
        record_remove(record, reader_blob(reader));
        return !reader->bad;
    }
    return false;
}

static bool record_decode_entries(struct record *record, struct reader *reader, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (!record_decode_entry(record, reader)) {
            return false;
        }
    }
    return reader_left(reader) == 0;
}

enum err record_decode(struct slice bytes, struct record **out)
{
    *out = NULL;
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    if (reader.bad) {
        return ERR_CORRUPT;
    }
    if (version != RECORD_VERSION) {
        return ERR_UNSUPPORTED;
    }
    uint64_t partition = reader_varint(&reader);
    uint64_t epoch = reader_varint(&reader);
    uint64_t recno = reader_varint(&reader);
    uint64_t time_ms = reader_varint(&reader);
    uint64_t count = reader_varint(&reader);
    if (reader.bad || partition > UINT16_MAX || count > RECORD_BLOCKS_MAX ||
        count > reader_left(&reader) / RECORD_ENTRY_BYTES_MIN) {
        return ERR_CORRUPT;
    }
    struct record *record = record_new((uint16_t)partition, epoch, recno);
    record->time_ms = time_ms;
    if (!record_decode_entries(record, &reader, count)) {
        record_free(record);
        return ERR_CORRUPT;
    }
    *out = record;
    return ERR_OK;
}
