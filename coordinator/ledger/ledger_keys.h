/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_keys: the keys of every family, as drawn at the head of ledger.h. A key is a value of at
 * most KEY_BYTES; all integers in it are big-endian, so that keys sort as their numbers do.
 */
#ifndef TOCSIN_LEDGER_LEDGER_KEYS_H
#define TOCSIN_LEDGER_LEDGER_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "coordinator/ledger/ledger.h"

#define KEY_BYTES 24

struct key {
    uint8_t bytes[KEY_BYTES];
    size_t len;
};

static inline struct slice key_view(const struct key *key)
{
    return slice_of(key->bytes, key->len);
}

/* In place of a page's number: behind it come the holes of the audience. */
#define KEY_HOLES UINT32_C(0xffffffff)

/* Before them the roots of its pages. */
#define KEY_ROOTS UINT32_C(0xfffffffe)

struct key key_catalogue_kind(enum catalogue_kind kind); /* what all keys of a kind begin with */
struct key key_page(uint64_t audience, uint32_t page);
struct key key_holes(uint64_t audience); /* what all holes of an audience begin with */
struct key key_holes_of_page(uint64_t audience, uint32_t page);
struct key key_roots(uint64_t audience, uint32_t block);
struct key key_audience(uint64_t audience); /* what all keys of an audience begin with */
/* The endpoint index of an audience lies in the same family, under a number no audience has. */
#define KEY_ENDPOINTS (UINT64_C(1) << 63)
struct key key_lookup(uint64_t audience, uint64_t hash, uint32_t ordinal);
struct key key_refusal(uint64_t audience, uint64_t line);
struct key key_campaign(uint16_t partition, uint64_t campaign);
struct key key_campaign_page(uint16_t partition, uint64_t campaign, uint32_t page);
struct key key_block(uint16_t partition, uint64_t campaign, uint32_t page, uint64_t recno);
struct key key_record(uint16_t partition, uint64_t recno);
struct key key_partition(uint16_t partition);
struct key key_head(uint16_t partition); /* family meta */

/* The first key behind all that begin with `prefix`; empty (the end of the family) when there is
 * none. */
struct key key_after(const struct key *prefix);

/* The other way round; false if the bytes are no such key. */
struct block_key {
    uint16_t partition;
    uint64_t campaign;
    uint32_t page;
    uint64_t recno;
};
bool key_parse_block(struct slice bytes, struct block_key *key);
bool key_parse_campaign_page(struct slice bytes, struct block_key *key); /* recno 0 */
bool key_parse_record(struct slice bytes, uint16_t *partition, uint64_t *recno);
bool key_parse_head(struct slice bytes, uint16_t *partition);

#endif
