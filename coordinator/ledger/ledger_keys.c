/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/ledger_keys.h"

#include <assert.h>

#include "common/buf.h"

#define PARTITION_BYTES 2
#define CAMPAIGN_BYTES  8
#define PAGE_BYTES      4
#define RECNO_BYTES     8

static const char head_prefix[] = "head";
#define HEAD_PREFIX_BYTES (sizeof(head_prefix) - 1)

static void key_add(struct key *key, uint64_t value, size_t bytes)
{
    assert(key->len + bytes <= KEY_BYTES);
    for (size_t i = 0; i < bytes; i++) {
        key->bytes[key->len++] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

struct key key_catalogue_kind(enum catalogue_kind kind)
{
    struct key key = key_partition(0);
    key_add(&key, (uint64_t)kind, 1);
    return key;
}

struct key key_audience(uint64_t audience)
{
    struct key key = {.len = 0};
    key_add(&key, audience, 8);
    return key;
}

struct key key_page(uint64_t audience, uint32_t page)
{
    assert(page < KEY_ROOTS);
    struct key key = key_audience(audience);
    key_add(&key, page, PAGE_BYTES);
    return key;
}

struct key key_holes(uint64_t audience)
{
    struct key key = key_audience(audience);
    key_add(&key, KEY_HOLES, PAGE_BYTES);
    return key;
}

struct key key_holes_of_page(uint64_t audience, uint32_t page)
{
    struct key key = key_holes(audience);
    key_add(&key, page, PAGE_BYTES);
    return key;
}

struct key key_roots(uint64_t audience, uint32_t block)
{
    struct key key = key_audience(audience);
    key_add(&key, KEY_ROOTS, PAGE_BYTES);
    key_add(&key, block, PAGE_BYTES);
    return key;
}

struct key key_lookup(uint64_t audience, uint64_t hash, uint32_t ordinal)
{
    struct key key = key_audience(audience);
    key_add(&key, hash, 8);
    key_add(&key, ordinal, 4);
    return key;
}

struct key key_refusal(uint64_t audience, uint64_t line)
{
    struct key key = key_audience(audience);
    key_add(&key, line, 8);
    return key;
}

struct key key_partition(uint16_t partition)
{
    struct key key = {.len = 0};
    key_add(&key, partition, PARTITION_BYTES);
    return key;
}

struct key key_campaign(uint16_t partition, uint64_t campaign)
{
    struct key key = key_partition(partition);
    key_add(&key, campaign, CAMPAIGN_BYTES);
    return key;
}

struct key key_campaign_page(uint16_t partition, uint64_t campaign, uint32_t page)
{
    struct key key = key_campaign(partition, campaign);
    key_add(&key, page, PAGE_BYTES);
    return key;
}

struct key key_block(uint16_t partition, uint64_t campaign, uint32_t page, uint64_t recno)
{
    struct key key = key_campaign_page(partition, campaign, page);
    key_add(&key, recno, RECNO_BYTES);
    return key;
}

struct key key_record(uint16_t partition, uint64_t recno)
{
    struct key key = key_partition(partition);
    key_add(&key, recno, RECNO_BYTES);
    return key;
}

struct key key_head(uint16_t partition)
{
    struct key key = {.len = HEAD_PREFIX_BYTES};
    memcpy(key.bytes, head_prefix, HEAD_PREFIX_BYTES);
    key_add(&key, partition, PARTITION_BYTES);
    return key;
}

struct key key_after(const struct key *prefix)
{
    struct key key = *prefix;
    while (key.len > 0 && key.bytes[key.len - 1] == UINT8_MAX) {
        key.len--;
    }
    if (key.len > 0) {
        key.bytes[key.len - 1]++;
    }
    return key;
}

bool key_parse_campaign_page(struct slice bytes, struct block_key *key)
{
    struct reader reader = reader_of(bytes);
    key->partition = reader_be16(&reader);
    key->campaign = reader_be64(&reader);
    key->page = reader_be32(&reader);
    key->recno = 0;
    return !reader.bad && reader_left(&reader) == 0;
}

bool key_parse_block(struct slice bytes, struct block_key *key)
{
    struct reader reader = reader_of(bytes);
    key->partition = reader_be16(&reader);
    key->campaign = reader_be64(&reader);
    key->page = reader_be32(&reader);
    key->recno = reader_be64(&reader);
    return !reader.bad && reader_left(&reader) == 0;
}

bool key_parse_record(struct slice bytes, uint16_t *partition, uint64_t *recno)
{
    struct reader reader = reader_of(bytes);
    *partition = reader_be16(&reader);
    *recno = reader_be64(&reader);
    return !reader.bad && reader_left(&reader) == 0;
}

bool key_parse_head(struct slice bytes, uint16_t *partition)
{
    struct reader reader = reader_of(bytes);
    struct slice prefix = reader_bytes(&reader, HEAD_PREFIX_BYTES);
    *partition = reader_be16(&reader);
    return !reader.bad && reader_left(&reader) == 0 && slice_is(prefix, head_prefix);
}
