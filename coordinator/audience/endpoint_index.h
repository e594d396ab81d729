/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint_index: who of an audience has an endpoint. Beside the lookup index of the keys lies one
 * of the endpoints: sorted blocks of (keyed 64-bit hash of field and value, ordinal), built at
 * sealing. The rank of the endpoint (0 for `phone`, 1 for `phone.2`) is folded into the hash, so
 * that it needs no room: the hash of one rank gives that of every other.
 *
 * An endpoint is known by its hash and never compared: of ten million endpoints against a million
 * others, the odds that any two different ones are taken for the same are below one to a million.
 * E-mail addresses are the same in whatever case.
 *
 * Places of duplicate rows are in it too: they are holes, and no recipients.
 */
#ifndef TOCSIN_AUDIENCE_ENDPOINT_INDEX_H
#define TOCSIN_AUDIENCE_ENDPOINT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/audience/audience.h"
#include "proto/page.h"

#define ENDPOINT_RANKS_MAX 16

static inline bool endpoint_is_field(enum page_field field)
{
    return field == PAGE_FIELD_EMAIL || field == PAGE_FIELD_PHONE || field == PAGE_FIELD_PUSH ||
           field == PAGE_FIELD_WEBHOOK;
}

/* Of a normalised value at rank 0. key: ledger_lookup_key. */
uint64_t endpoint_hash(const uint8_t key[HASH_KEY_BYTES], enum page_field field,
                       struct slice value);
/* From rank 0 to `rank`, and back. */
uint64_t endpoint_hash_at(uint64_t hash, unsigned rank);

/* Everybody of the audience who has this endpoint, by ascending rank and ordinal; a callback that
 * returns false ends it. One seek for each rank that the audience has. */
typedef bool (*endpoint_index_fn)(void *arg, uint32_t ordinal, unsigned rank);
enum err endpoint_index_find(struct ledger *ledger, const struct audience_info *info,
                             enum page_field field, struct slice value, endpoint_index_fn each,
                             void *arg) WARN_UNUSED;
/* The same for a hash of rank 0. */
enum err endpoint_index_find_hash(struct ledger *ledger, const struct audience_info *info,
                                  enum page_field field, uint64_t hash, endpoint_index_fn each,
                                  void *arg) WARN_UNUSED;
/* The same from a rank and an ordinal in it on. */
struct endpoint_place {
    unsigned rank;
    uint32_t ordinal;
};
enum err endpoint_index_find_from(struct ledger *ledger, const struct audience_info *info,
                                  enum page_field field, uint64_t hash, struct endpoint_place from,
                                  endpoint_index_fn each, void *arg) WARN_UNUSED;

#endif
