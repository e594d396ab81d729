/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, the chain's heads, and writing. Reading is ledger_read.c, bulk loading
 * ledger_audience.c, checking ledger_verify.c and ledger_check.c.
 *
 * The head of a partition (family meta) is written in the same batch as the record it names: either
 * both are durable or neither. So a torn tail of the log costs what nobody was promised, and a
 * store whose newest record is not the one that its head names is damaged.
 *
 * Family meta:
 *     "format"      u32 LEDGER_FORMAT
 *     "token_key"   16 bytes, random
 *     "lookup_key"  16 bytes, random
 *     "head" · be16 partition   u8 version = 1 · u64 recno · u64 epoch · 32 bytes hash
 *
 * To change what is stored so that an older program must not open it: (1) raise LEDGER_FORMAT, (2)
 * make ledger_open bring a store of the format before to the new one or read both, (3) write the
 * change down in docs/ledger.md.
 */
#include "coordinator/ledger/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/ledger/ledger_internal.h"
#include "coordinator/ledger/ledger_verify.h"

/* 2: headers of version 2 (chain.h). A store of format 1 becomes one of 2 with the first record
 * that is written to it. */
#define LEDGER_FORMAT 2
#define HEAD_VERSION  1
/* Records that are verified at every opening: the ones that a crash or a failing disk can have
 * touched last. */
#define LEDGER_OPEN_RECORDS 16

static const char meta_format[] = "format";
static const char meta_token_key[] = "token_key";
static const char meta_lookup_key[] = "lookup_key";

void ledger_catalogue_key(struct buf *buf, enum catalogue_kind kind, struct slice id)
{
    struct key key = key_catalogue_kind(kind);
    buf_slice(buf, key_view(&key));
    buf_slice(buf, id);
}

void ledger_catalogue_key_u64(struct buf *buf, enum catalogue_kind kind, uint64_t id)
{
    struct key key = key_catalogue_kind(kind);
    buf_slice(buf, key_view(&key));
    buf_be64(buf, id);
}

size_t ledger_partitions(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    size_t count = ledger->head_count;
    pthread_mutex_unlock(&ledger->lock);
    return count;
}

uint16_t ledger_partition(struct ledger *ledger, size_t n)
{
    pthread_mutex_lock(&ledger->lock);
    assert(n < ledger->head_count);
    uint16_t partition = ledger->heads[n].partition;
    pthread_mutex_unlock(&ledger->lock);
    return partition;
}

void ledger_head(struct ledger *ledger, uint16_t partition, struct ledger_head *head)
{
    *head = (struct ledger_head){0};
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < ledger->head_count; i++) {
        if (ledger->heads[i].partition == partition) {
            *head = ledger->heads[i].head;
        }
    }
    pthread_mutex_unlock(&ledger->lock);
}

static void ledger_set_head(struct ledger *ledger, uint16_t partition,
                            const struct ledger_head *head)
{
    pthread_mutex_lock(&ledger->lock);
    size_t at = 0;
    while (at < ledger->head_count && ledger->heads[at].partition != partition) {
        at++;
    }
    if (at == ledger->head_count) {
        ledger->heads = mem_resize(ledger->heads, at + 1, sizeof(*ledger->heads));
        ledger->head_count++;
    }
    ledger->heads[at] = (struct partition_head){partition, *head};
    pthread_mutex_unlock(&ledger->lock);
}

static void head_encode(const struct ledger_head *head, struct buf *buf)
{
    buf_u8(buf, HEAD_VERSION);
    buf_u64(buf, head->recno);
    buf_u64(buf, head->epoch);
    buf_append(buf, head->hash, HASH_DIGEST_BYTES);
}

static bool head_decode(struct slice bytes, struct ledger_head *head)
{
    struct reader reader = reader_of(bytes);
    uint8_t version = reader_u8(&reader);
    head->recno = reader_u64(&reader);
    head->epoch = reader_u64(&reader);
    struct slice hash = reader_bytes(&reader, HASH_DIGEST_BYTES);
    if (reader.bad || reader_left(&reader) > 0 || version != HEAD_VERSION || head->recno == 0) {
        return false;
    }
    memcpy(head->hash, hash.data, HASH_DIGEST_BYTES);
    return true;
}

/* --- opening --- */

static enum err ledger_damaged(struct problem *problem, const char *what)
{
    return problem_set(
        problem, ERR_CORRUPT,
        "The ledger is damaged: %s. Restore the store from a copy, or check it to list "
        "every damage.",
        what);
}

static enum err ledger_unreadable(struct problem *problem, enum err err, const char *what)
{
    if (err == ERR_CORRUPT) {
        return ledger_damaged(problem, what);
    }
    return problem_set(problem, err, "Reading the ledger failed (%s): %s.", err_sentence(err),
                       what);
}

static enum err meta_get(struct ledger *ledger, const char *name, struct store_value *value)
{
    return ledger->store->ops->get(ledger->store, STORE_META, slice_str(name), value);
}

static enum err ledger_read_key(struct ledger *ledger, const char *name,
                                uint8_t key[HASH_KEY_BYTES], struct problem *problem)
{
    struct store_value value;
    enum err err = meta_get(ledger, name, &value);
    if (err == ERR_OK && value.bytes.len == HASH_KEY_BYTES) {
        memcpy(key, value.bytes.data, HASH_KEY_BYTES);
        store_value_release(&value);
        return ERR_OK;
    }
    store_value_release(&value);
    bool is_damage = err == ERR_OK || err == ERR_NOT_FOUND;
    return ledger_unreadable(problem, is_damage ? ERR_CORRUPT : err,
                             "family meta has lost one of the ledger's own keys");
}

static enum err ledger_check_format(struct slice bytes, uint32_t *found, struct problem *problem)
{
    struct reader reader = reader_of(bytes);
    uint32_t format = reader_u32(&reader);
    *found = format;
    if (reader.bad || format == 0) {
        return ledger_damaged(problem, "family meta holds no valid format number");
    }
    if (format > LEDGER_FORMAT) {
        return problem_set(problem, ERR_NEWER_VERSION,
                           "The ledger has format %" PRIu32 " and this program knows formats up to "
                           "%d: it was written by a newer version. Start that version instead.",
                           format, LEDGER_FORMAT);
    }
    return ERR_OK;
}

static enum err ledger_read_heads(struct ledger *ledger, struct problem *problem)
{
    struct store *store = ledger->store;
    struct slice from = slice_str("head");
    struct slice to = slice_str("heae");
    struct store_scan *scan = store->ops->scan(store, STORE_META, from, to);
    struct slice key;
    struct slice value;
    bool is_whole = true;
    while (is_whole && store->ops->scan_next(scan, &key, &value)) {
        uint16_t partition;
        struct ledger_head head;
        is_whole = key_parse_head(key, &partition) && head_decode(value, &head);
        if (is_whole) {
            ledger_set_head(ledger, partition, &head);
        }
    }
    enum err err = store->ops->scan_free(scan);
    if (err != ERR_OK) {
        return ledger_unreadable(problem, err, "family meta cannot be read");
    }
    return is_whole ? ERR_OK
                    : ledger_damaged(problem, "the head of a chain in family meta is no head");
}

/* Keeps the first damage for the problem's text. */
static void ledger_first_damage(void *arg, const char *what)
{
    struct problem *first = arg;
    if (first->err == ERR_OK) {
        problem_set(first, ERR_CORRUPT, "%s", what);
    }
}

static enum err ledger_verify_newest(struct ledger *ledger, struct problem *problem)
{
    struct problem first = {0};
    struct damages damages = {ledger_first_damage, &first, 0};
    struct verification verification = {.damages = &damages};
    for (size_t i = 0; i < ledger_partitions(ledger); i++) {
        uint16_t partition = ledger_partition(ledger, i);
        struct ledger_head head;
        ledger_head(ledger, partition, &head);
        uint64_t from = head.recno > LEDGER_OPEN_RECORDS ? head.recno - LEDGER_OPEN_RECORDS + 1 : 1;
        ledger_verify_chain(ledger, partition, from, &verification);
    }
    return damages.count == 0 ? ERR_OK : ledger_damaged(problem, first.text);
}

static enum err ledger_read(struct ledger *ledger, struct problem *problem)
{
    enum err err = ledger_read_key(ledger, meta_token_key, ledger->token_key, problem);
    if (err == ERR_OK) {
        err = ledger_read_key(ledger, meta_lookup_key, ledger->lookup_key, problem);
    }
    if (err == ERR_OK) {
        err = ledger_read_heads(ledger, problem);
    }
    if (err == ERR_OK) {
        err = ledger_verify_newest(ledger, problem);
    }
    return err;
}

/* A store without a format must hold nothing at all. */
static enum err ledger_check_is_empty(struct ledger *ledger, struct problem *problem)
{
    struct store *store = ledger->store;
    for (unsigned family = 0; family < STORE_FAMILIES; family++) {
        struct store_scan *scan = store->ops->scan(store, (enum store_family)family,
                                                   slice_of(NULL, 0), slice_of(NULL, 0));
        struct slice key;
        struct slice value;
        bool has_any = store->ops->scan_next(scan, &key, &value);
        enum err err = store->ops->scan_free(scan);
        if (err != ERR_OK) {
            return ledger_unreadable(problem, err, "a family of a new ledger cannot be read");
        }
        if (has_any) {
            return ledger_damaged(problem, "family meta has lost the format number");
        }
    }
    return ERR_OK;
}

static enum err ledger_create(struct ledger *ledger, struct problem *problem)
{
    enum err err = ledger_check_is_empty(ledger, problem);
    if (err != ERR_OK) {
        return err;
    }
    randombytes_buf(ledger->token_key, HASH_KEY_BYTES);
    randombytes_buf(ledger->lookup_key, HASH_KEY_BYTES);
    struct buf format = {0};
    buf_u32(&format, LEDGER_FORMAT);
    ledger->format = LEDGER_FORMAT;
    struct store *store = ledger->store;
    struct store_batch *batch = store->ops->batch_new(store);
    store->ops->batch_put(batch, STORE_META, slice_str(meta_format), buf_view(&format));
    store->ops->batch_put(batch, STORE_META, slice_str(meta_token_key),
                          slice_of(ledger->token_key, HASH_KEY_BYTES));
    store->ops->batch_put(batch, STORE_META, slice_str(meta_lookup_key),
                          slice_of(ledger->lookup_key, HASH_KEY_BYTES));
    err = store->ops->write(store, batch, problem);
    store->ops->batch_free(batch);
    buf_release(&format);
    return err;
}

enum err ledger_open(struct ledger **out, struct store *take_store, struct problem *problem)
{
    struct ledger *ledger = mem_zalloc(1, sizeof(*ledger));
    ledger->store = take_store;
    pthread_mutex_init(&ledger->lock, NULL);
    struct store_value format;
    enum err err = meta_get(ledger, meta_format, &format);
    if (err == ERR_OK) {
        err = ledger_check_format(format.bytes, &ledger->format, problem);
        store_value_release(&format);
        if (err == ERR_OK) {
            err = ledger_read(ledger, problem);
        }
    } else if (err == ERR_NOT_FOUND) {
        err = ledger_create(ledger, problem);
    } else {
        err = ledger_unreadable(problem, err, "family meta cannot be read");
    }
    if (err != ERR_OK) {
        ledger_close(ledger);
        ledger = NULL;
    }
    *out = ledger;
    return err;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    ledger->store->ops->close(ledger->store);
    chain_scratch_release(&ledger->scratch);
    buf_release(&ledger->header);
    mem_free(ledger->heads);
    pthread_mutex_destroy(&ledger->lock);
    sodium_memzero(ledger->token_key, HASH_KEY_BYTES);
    sodium_memzero(ledger->lookup_key, HASH_KEY_BYTES);
    mem_free(ledger);
}

struct store *ledger_store(struct ledger *ledger)
{
    return ledger->store;
}

const uint8_t *ledger_token_key(const struct ledger *ledger)
{
    return ledger->token_key;
}

const uint8_t *ledger_lookup_key(const struct ledger *ledger)
{
    return ledger->lookup_key;
}

/* --- writing --- */

static void write_block(struct ledger *ledger, struct store_batch *batch,
                        const struct record *record, const struct record_entry *entry)
{
    struct key key = key_block(record->partition, entry->campaign, entry->page, record->recno);
    ledger->store->ops->batch_put(batch, STORE_JOURNAL, key_view(&key),
                                  record_value(record, entry));
}

static void write_snapshot(struct ledger *ledger, struct store_batch *batch,
                           const struct record *record, const struct record_entry *entry)
{
    struct key key = key_campaign_page(record->partition, entry->campaign, entry->page);
    struct buf *value = &ledger->scratch.entry;
    buf_clear(value);
    buf_u64(value, record->recno);
    buf_slice(value, record_value(record, entry));
    ledger->store->ops->batch_put(batch, STORE_SNAPSHOTS, key_view(&key), buf_view(value));
}

static void write_entry(struct ledger *ledger, struct store_batch *batch,
                        const struct record *record, const struct record_entry *entry)
{
    const struct store_ops *ops = ledger->store->ops;
    switch (entry->kind) {
    case RECORD_BLOCK:
        write_block(ledger, batch, record, entry);
        break;
    case RECORD_PUT:
        ops->batch_put(batch, STORE_CATALOGUE, record_key(record, entry),
                       record_value(record, entry));
        break;
    case RECORD_REMOVE:
        ops->batch_remove(batch, STORE_CATALOGUE, record_key(record, entry));
        break;
    case RECORD_SNAPSHOT:
        write_snapshot(ledger, batch, record, entry);
        break;
    }
}

static int block_compare(const void *left, const void *right)
{
    const struct record_entry *a = left;
    const struct record_entry *b = right;
    if (a->campaign != b->campaign) {
        return a->campaign < b->campaign ? -1 : 1;
    }
    return a->page == b->page ? 0 : a->page < b->page ? -1 : 1;
}

static size_t record_blocks(const struct record *record, struct record_entry *blocks)
{
    size_t count = 0;
    for (size_t i = 0; i < record->entry_count; i++) {
        if (record->entries[i].kind == RECORD_BLOCK) {
            blocks[count++] = record->entries[i];
        }
    }
    return count;
}

/* A page has one block in a record: a second one would overwrite the first. */
static bool record_has_a_page_twice(const struct record *record)
{
    struct record_entry *blocks = mem_zalloc(record->entry_count, sizeof(*blocks));
    size_t count = record_blocks(record, blocks);
    qsort(blocks, count, sizeof(*blocks), block_compare);
    bool twice = false;
    for (size_t i = 1; i < count; i++) {
        twice = twice || block_compare(&blocks[i - 1], &blocks[i]) == 0;
    }
    mem_free(blocks);
    return twice;
}

/* Adds a record to the batch and moves *head on to it. */
static void write_record(struct ledger *ledger, struct store_batch *batch,
                         const struct record *record, struct ledger_head *head)
{
    assert(record->recno == head->recno + 1);
    assert(record->epoch >= head->epoch);
    assert(!record_has_a_page_twice(record));
    for (size_t i = 0; i < record->entry_count; i++) {
        write_entry(ledger, batch, record, &record->entries[i]);
    }
    buf_clear(&ledger->header);
    chain_seal(record, head->hash, &ledger->scratch, &ledger->header);
    struct key key = key_record(record->partition, record->recno);
    ledger->store->ops->batch_put(batch, STORE_RECORDS, key_view(&key), buf_view(&ledger->header));
    head->recno = record->recno;
    head->epoch = record->epoch;
    chain_hash(head->hash, buf_view(&ledger->header));
}

/* With the first record that an older program could not read. */
static void raise_format(struct ledger *ledger, struct store_batch *batch)
{
    struct buf format = {0};
    buf_u32(&format, LEDGER_FORMAT);
    ledger->store->ops->batch_put(batch, STORE_META, slice_str(meta_format), buf_view(&format));
    buf_release(&format);
}

enum err ledger_write_group(struct ledger *ledger, const struct record *const *records,
                            size_t count, struct problem *problem)
{
    assert(count > 0);
    struct store *store = ledger->store;
    struct store_batch *batch = store->ops->batch_new(store);
    uint16_t partition = records[0]->partition;
    struct ledger_head head;
    ledger_head(ledger, partition, &head);
    for (size_t i = 0; i < count; i++) {
        assert(records[i]->partition == partition);
        write_record(ledger, batch, records[i], &head);
    }
    struct key key = key_head(partition);
    buf_clear(&ledger->header);
    head_encode(&head, &ledger->header);
    store->ops->batch_put(batch, STORE_META, key_view(&key), buf_view(&ledger->header));
    if (ledger->format < LEDGER_FORMAT) {
        raise_format(ledger, batch);
    }
    enum err err = store->ops->write(store, batch, problem);
    store->ops->batch_free(batch);
    if (err == ERR_OK) {
        ledger->format = LEDGER_FORMAT;
        ledger_set_head(ledger, partition, &head);
    }
    return err;
}

enum err ledger_write(struct ledger *ledger, const struct record *record, struct problem *problem)
{
    return ledger_write_group(ledger, &record, 1, problem);
}

void ledger_size(struct ledger *ledger, struct ledger_size *size)
{
    struct store *store = ledger->store;
    size->pages = store->ops->family_bytes(store, STORE_PAGES);
    size->lookup = store->ops->family_bytes(store, STORE_LOOKUP);
    size->journal = store->ops->family_bytes(store, STORE_JOURNAL) +
                    store->ops->family_bytes(store, STORE_RECORDS);
    size->snapshots = store->ops->family_bytes(store, STORE_SNAPSHOTS);
    size->room = store->ops->room(store);
}
