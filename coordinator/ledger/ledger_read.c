/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks and single reads. A walk over a campaign visits the partitions one after the other; on one
 * machine there is only partition 0.
 */
#include <string.h>

#include "coordinator/ledger/ledger_internal.h"
#include "coordinator/ledger/lookup_block.h"

/* One call of a walk: false ends it, with *err when the value was damaged. */
typedef bool (*visit_fn)(void *arg, struct slice key, struct slice value, enum err *err);

static enum err ledger_visit(struct ledger *ledger, enum store_family family,
                             const struct key *from, const struct key *prefix, visit_fn visit,
                             void *arg)
{
    struct store *store = ledger->store;
    struct key to = key_after(prefix);
    struct store_scan *scan = store->ops->scan(store, family, key_view(from), key_view(&to));
    struct slice key;
    struct slice value;
    enum err err = ERR_OK;
    while (store->ops->scan_next(scan, &key, &value) && visit(arg, key, value, &err)) {
    }
    enum err read = store->ops->scan_free(scan);
    return read != ERR_OK ? read : err;
}

/* --- catalogue --- */

struct entry_visit {
    ledger_entry_fn each;
    void *arg;
    size_t prefix_len;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): one of the visits */
static bool visit_entry(void *arg, struct slice key, struct slice value, enum err *err)
{
    (void)err;
    const struct entry_visit *visit = arg;
    struct slice id = slice_of(key.data + visit->prefix_len, key.len - visit->prefix_len);
    return visit->each(visit->arg, id, value);
}

enum err ledger_each_entry(struct ledger *ledger, enum catalogue_kind kind, ledger_entry_fn each,
                           void *arg)
{
    struct key prefix = key_catalogue_kind(kind);
    struct entry_visit visit = {each, arg, prefix.len};
    return ledger_visit(ledger, STORE_CATALOGUE, &prefix, &prefix, visit_entry, &visit);
}

enum err ledger_each_entry_from(struct ledger *ledger, enum catalogue_kind kind, struct slice from,
                                ledger_entry_fn each, void *arg)
{
    struct key prefix = key_catalogue_kind(kind);
    struct key end = key_after(&prefix);
    struct buf first = {0};
    ledger_catalogue_key(&first, kind, from);
    struct entry_visit visit = {each, arg, prefix.len};
    struct store *store = ledger->store;
    struct store_scan *scan =
        store->ops->scan(store, STORE_CATALOGUE, buf_view(&first), key_view(&end));
    struct slice key;
    struct slice value;
    enum err err = ERR_OK;
    while (store->ops->scan_next(scan, &key, &value) && visit_entry(&visit, key, value, &err)) {
    }
    enum err read = store->ops->scan_free(scan);
    buf_release(&first);
    return read != ERR_OK ? read : err;
}

enum err ledger_catalogue_get(struct ledger *ledger, enum catalogue_kind kind, struct slice id,
                              struct store_value *value)
{
    struct buf key = {0};
    ledger_catalogue_key(&key, kind, id);
    enum err err = ledger->store->ops->get(ledger->store, STORE_CATALOGUE, buf_view(&key), value);
    buf_release(&key);
    return err;
}

/* --- journal and snapshots --- */

struct block_visit {
    ledger_block_fn each;
    void *arg;
    bool goes_on;
};

static bool visit_block(void *arg, struct slice key, struct slice value, enum err *err)
{
    struct block_visit *visit = arg;
    struct block_key block;
    if (!key_parse_block(key, &block)) {
        *err = ERR_CORRUPT;
        return false;
    }
    visit->goes_on = visit->each(visit->arg, block.page, block.recno, value);
    return visit->goes_on;
}

static bool visit_snapshot(void *arg, struct slice key, struct slice value, enum err *err)
{
    struct block_visit *visit = arg;
    struct block_key block;
    struct reader reader = reader_of(value);
    uint64_t recno = reader_u64(&reader);
    if (!key_parse_campaign_page(key, &block) || reader.bad) {
        *err = ERR_CORRUPT;
        return false;
    }
    struct slice state = reader_bytes(&reader, reader_left(&reader));
    visit->goes_on = visit->each(visit->arg, block.page, recno, state);
    return visit->goes_on;
}

static enum err ledger_each_of_campaign(struct ledger *ledger, enum store_family family,
                                        uint64_t campaign, visit_fn each_visit,
                                        struct block_visit *visit)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && visit->goes_on && i < ledger_partitions(ledger); i++) {
        struct key prefix = key_campaign(ledger_partition(ledger, i), campaign);
        err = ledger_visit(ledger, family, &prefix, &prefix, each_visit, visit);
    }
    return err;
}

enum err ledger_each_block(struct ledger *ledger, uint64_t campaign, ledger_block_fn each,
                           void *arg)
{
    struct block_visit visit = {each, arg, true};
    return ledger_each_of_campaign(ledger, STORE_JOURNAL, campaign, visit_block, &visit);
}

enum err ledger_each_snapshot(struct ledger *ledger, uint64_t campaign, ledger_block_fn each,
                              void *arg)
{
    struct block_visit visit = {each, arg, true};
    return ledger_each_of_campaign(ledger, STORE_SNAPSHOTS, campaign, visit_snapshot, &visit);
}

enum err ledger_each_block_of_page(struct ledger *ledger, uint64_t campaign, uint32_t page,
                                   ledger_block_fn each, void *arg)
{
    struct block_visit visit = {each, arg, true};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && visit.goes_on && i < ledger_partitions(ledger); i++) {
        struct key prefix = key_campaign_page(ledger_partition(ledger, i), campaign, page);
        err = ledger_visit(ledger, STORE_JOURNAL, &prefix, &prefix, visit_block, &visit);
    }
    return err;
}

enum err ledger_snapshot(struct ledger *ledger, uint64_t campaign, uint32_t page, uint64_t *recno,
                         struct store_value *value)
{
    enum err err = ERR_NOT_FOUND;
    *value = (struct store_value){0};
    for (size_t i = 0; err == ERR_NOT_FOUND && i < ledger_partitions(ledger); i++) {
        struct key key = key_campaign_page(ledger_partition(ledger, i), campaign, page);
        err = ledger->store->ops->get(ledger->store, STORE_SNAPSHOTS, key_view(&key), value);
    }
    if (err != ERR_OK) {
        return err;
    }
    struct reader reader = reader_of(value->bytes);
    *recno = reader_u64(&reader);
    if (reader.bad) {
        store_value_release(value);
        return ERR_CORRUPT;
    }
    value->bytes = reader_bytes(&reader, reader_left(&reader));
    return ERR_OK;
}

/* --- records --- */

struct record_visit {
    ledger_record_fn each;
    void *arg;
};

static bool visit_record(void *arg, struct slice key, struct slice value, enum err *err)
{
    (void)key;
    const struct record_visit *visit = arg;
    struct chain_header header;
    *err = chain_open(&header, value);
    if (*err != ERR_OK) {
        return false;
    }
    uint8_t hash[HASH_DIGEST_BYTES];
    chain_hash(hash, value);
    return visit->each(visit->arg, header.recno, header.epoch, header.time_ms, hash);
}

enum err ledger_each_record(struct ledger *ledger, uint16_t partition, uint64_t from_recno,
                            ledger_record_fn each, void *arg)
{
    struct record_visit visit = {each, arg};
    struct key from = key_record(partition, from_recno);
    struct key prefix = key_partition(partition);
    return ledger_visit(ledger, STORE_RECORDS, &from, &prefix, visit_record, &visit);
}

struct header_visit {
    ledger_header_fn each;
    void *arg;
};

static bool visit_header(void *arg, struct slice key, struct slice value, enum err *err)
{
    const struct header_visit *visit = arg;
    uint16_t partition;
    uint64_t recno;
    if (!key_parse_record(key, &partition, &recno)) {
        *err = ERR_CORRUPT;
        return false;
    }
    return visit->each(visit->arg, recno, value);
}

enum err ledger_each_header(struct ledger *ledger, uint16_t partition, uint64_t from_recno,
                            ledger_header_fn each, void *arg)
{
    struct header_visit visit = {each, arg};
    struct key from = key_record(partition, from_recno);
    struct key prefix = key_partition(partition);
    return ledger_visit(ledger, STORE_RECORDS, &from, &prefix, visit_header, &visit);
}

enum err ledger_block(struct ledger *ledger, uint16_t partition, uint64_t campaign, uint32_t page,
                      uint64_t recno, struct store_value *value)
{
    struct key key = key_block(partition, campaign, page, recno);
    return ledger->store->ops->get(ledger->store, STORE_JOURNAL, key_view(&key), value);
}

static bool take_time(void *arg, uint64_t recno, uint64_t epoch, uint64_t time_ms,
                      const uint8_t *hash)
{
    (void)recno;
    (void)epoch;
    (void)hash;
    *(uint64_t *)arg = time_ms;
    return true;
}

enum err ledger_newest_time(struct ledger *ledger, uint16_t partition, uint64_t *time_ms)
{
    struct ledger_head head;
    ledger_head(ledger, partition, &head);
    *time_ms = 0;
    return ledger_each_record(ledger, partition, head.recno, take_time, time_ms);
}

/* --- audiences --- */

enum err ledger_page(struct ledger *ledger, uint64_t audience, uint32_t page,
                     struct store_value *value)
{
    struct key key = key_page(audience, page);
    return ledger->store->ops->get(ledger->store, STORE_PAGES, key_view(&key), value);
}

enum err ledger_roots(struct ledger *ledger, uint64_t audience, uint32_t pages, struct buf *roots)
{
    uint32_t blocks = pages / LEDGER_ROOTS + (pages % LEDGER_ROOTS != 0);
    size_t before = roots->len;
    enum err err = ERR_OK;
    for (uint32_t block = 0; err == ERR_OK && block < blocks; block++) {
        struct store_value value = {0};
        struct key key = key_roots(audience, block);
        err = ledger->store->ops->get(ledger->store, STORE_PAGES, key_view(&key), &value);
        if (err == ERR_OK) {
            buf_slice(roots, value.bytes);
        }
        store_value_release(&value);
    }
    bool is_whole = roots->len - before == (size_t)pages * HASH_DIGEST_BYTES;
    return err == ERR_OK && !is_whole ? ERR_CORRUPT : err;
}

static bool read_holes(struct slice value, struct bitmap *holes)
{
    struct reader reader = reader_of(value);
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        holes->words[w] = reader_u64(&reader);
    }
    return !reader.bad && reader_left(&reader) == 0;
}

enum err ledger_holes(struct ledger *ledger, uint64_t audience, uint32_t page, struct bitmap *holes)
{
    struct store_value value = {0};
    struct key key = key_holes_of_page(audience, page);
    enum err err = ledger->store->ops->get(ledger->store, STORE_PAGES, key_view(&key), &value);
    bitmap_clear_all(holes);
    if (err == ERR_OK && !read_holes(value.bytes, holes)) {
        err = ERR_CORRUPT;
    }
    store_value_release(&value);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

struct holes_visit {
    ledger_holes_fn each;
    void *arg;
};

static bool visit_holes(void *arg, struct slice key, struct slice value, enum err *err)
{
    const struct holes_visit *visit = arg;
    struct reader key_reader = reader_of(key);
    reader_bytes(&key_reader, key_holes(0).len);
    uint32_t page = reader_be32(&key_reader);
    struct bitmap holes;
    if (key_reader.bad || reader_left(&key_reader) > 0 || !read_holes(value, &holes)) {
        *err = ERR_CORRUPT;
        return false;
    }
    return visit->each(visit->arg, page, &holes);
}

enum err ledger_each_holes(struct ledger *ledger, uint64_t audience, ledger_holes_fn each,
                           void *arg)
{
    struct holes_visit visit = {each, arg};
    struct key prefix = key_holes(audience);
    return ledger_visit(ledger, STORE_PAGES, &prefix, &prefix, visit_holes, &visit);
}

struct lookup_visit {
    uint64_t hash;
    uint32_t from;
    bool (*each)(void *arg, uint32_t ordinal);
    void *arg;
};

/* The walk begins at the block that ends at `hash` or behind it; it goes on while blocks end with
 * `hash`. */
static bool visit_lookup(void *arg, struct slice key, struct slice value, enum err *err)
{
    (void)key;
    const struct lookup_visit *visit = arg;
    struct lookup_block_view view;
    lookup_block_open(&view, value);
    while (lookup_block_next(&view) && view.hash <= visit->hash) {
        bool is_it = view.hash == visit->hash && view.ordinal >= visit->from;
        if (is_it && !visit->each(visit->arg, view.ordinal)) {
            return false;
        }
    }
    *err = view.bad ? ERR_CORRUPT : ERR_OK;
    return !view.bad && view.hash <= visit->hash;
}

static enum err lookup_from(struct ledger *ledger, uint64_t audience, uint64_t hash, uint32_t from,
                            bool (*each)(void *arg, uint32_t ordinal), void *arg)
{
    struct lookup_visit visit = {hash, from, each, arg};
    struct key first = key_lookup(audience, hash, from);
    struct key prefix = key_audience(audience);
    return ledger_visit(ledger, STORE_LOOKUP, &first, &prefix, visit_lookup, &visit);
}

enum err ledger_lookup(struct ledger *ledger, uint64_t audience, uint64_t hash,
                       bool (*each)(void *arg, uint32_t ordinal), void *arg)
{
    return lookup_from(ledger, audience, hash, 0, each, arg);
}

enum err ledger_lookup_endpoint(struct ledger *ledger, uint64_t audience, uint64_t hash,
                                bool (*each)(void *arg, uint32_t ordinal), void *arg)
{
    return lookup_from(ledger, audience | KEY_ENDPOINTS, hash, 0, each, arg);
}

enum err ledger_lookup_endpoint_from(struct ledger *ledger, uint64_t audience, uint64_t hash,
                                     uint32_t from, bool (*each)(void *arg, uint32_t ordinal),
                                     void *arg)
{
    return lookup_from(ledger, audience | KEY_ENDPOINTS, hash, from, each, arg);
}

struct index_visit {
    ledger_lookup_fn each;
    void *arg;
};

static bool visit_index(void *arg, struct slice key, struct slice value, enum err *err)
{
    (void)key;
    const struct index_visit *visit = arg;
    struct lookup_block_view view;
    lookup_block_open(&view, value);
    while (lookup_block_next(&view)) {
        if (!visit->each(visit->arg, view.hash, view.ordinal)) {
            return false;
        }
    }
    *err = view.bad ? ERR_CORRUPT : ERR_OK;
    return !view.bad;
}

enum err ledger_each_lookup(struct ledger *ledger, uint64_t audience, ledger_lookup_fn each,
                            void *arg)
{
    struct index_visit visit = {each, arg};
    struct key prefix = key_audience(audience);
    return ledger_visit(ledger, STORE_LOOKUP, &prefix, &prefix, visit_index, &visit);
}

enum err ledger_each_endpoint(struct ledger *ledger, uint64_t audience, ledger_lookup_fn each,
                              void *arg)
{
    return ledger_each_lookup(ledger, audience | KEY_ENDPOINTS, each, arg);
}

struct refusal_visit {
    bool (*each)(void *arg, uint64_t line, struct slice json);
    void *arg;
};

static bool visit_refusal(void *arg, struct slice key, struct slice value, enum err *err)
{
    const struct refusal_visit *visit = arg;
    struct reader reader = reader_of(key);
    reader_be64(&reader);
    uint64_t line = reader_be64(&reader);
    if (reader.bad) {
        *err = ERR_CORRUPT;
        return false;
    }
    return visit->each(visit->arg, line, value);
}

enum err ledger_each_refusal(struct ledger *ledger, uint64_t audience, uint64_t from_line,
                             bool (*each)(void *arg, uint64_t line, struct slice json), void *arg)
{
    struct refusal_visit visit = {each, arg};
    struct key from = key_refusal(audience, from_line);
    struct key prefix = key_audience(audience);
    return ledger_visit(ledger, STORE_REFUSALS, &from, &prefix, visit_refusal, &visit);
}
