/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_keys: the keys of delivery tokens. The first was made with the ledger; each rotation
 * adds one. A campaign keeps the key that was the newest when it was created, so that all of its
 * attempts have tokens of one key, and the tokens of one campaign say nothing of those of another
 * key. None is ever forgotten: a link that unsubscribes has no end of its time.
 *
 * Keys are counted from 1. Catalogue: CATALOGUE_DELIVERY_KEY, u64 number, from 2 on -> u8
 * version = 1 · 16 bytes · u64 since, unix ms. A rotation stands in the record before that of any
 * campaign that uses it, or in the same one, so that no crash can separate them.
 */
#ifndef TOCSIN_CONTENT_DELIVERY_KEYS_H
#define TOCSIN_CONTENT_DELIVERY_KEYS_H

#include <stdint.h>

#include "common/err.h"
#include "common/hash.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

#define DELIVERY_KEYS_MAX 1024

struct delivery_key {
    uint8_t bytes[HASH_KEY_BYTES];
    uint64_t since_ms; /* unix time; 0: as long as there is the ledger */
};

struct delivery_keys {
    uint32_t count; /* 1 or more once loaded; the newest has this number */
    struct delivery_key *keys;
};

/* All of them. ERR_IO, ERR_CORRUPT (one is missing), ERR_NEWER_VERSION; the problem says which. */
enum err delivery_keys_load(struct delivery_keys *keys, struct ledger *ledger,
                            struct problem *problem) WARN_UNUSED;
void delivery_keys_release(struct delivery_keys *keys);
/* NULL if there is none of that number; valid until the next rotation. */
const struct delivery_key *delivery_keys_at(const struct delivery_keys *keys, uint32_t number);
/* Makes a new one, which is in the record as well. ERR_LIMIT: there are DELIVERY_KEYS_MAX. */
enum err delivery_keys_rotate(struct delivery_keys *keys, uint64_t now_ms,
                              struct record *record) WARN_UNUSED;

#endif
