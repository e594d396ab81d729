/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry_sort: recipients by the hash of their key, sorted, and duplicates taken out. Pure.
 */
#ifndef TOCSIN_AUDIENCE_ENTRY_SORT_H
#define TOCSIN_AUDIENCE_ENTRY_SORT_H

#include <stddef.h>
#include <stdint.h>

#define ENTRY_MARK_BITS 8

struct entry {
    uint64_t word; /* the lower 56 bits of the hash · 8 bits that the caller wants back */
    uint32_t tie;  /* 32 more bits of the hash */
    uint32_t ordinal;
};

static inline uint64_t entry_hash(const struct entry *entry)
{
    return entry->word >> ENTRY_MARK_BITS;
}

/* Ascending by hash (56 bits), then by ordinal. The hashes are taken to be evenly spread below
 * their first same_bits, in which all are alike. */
void entry_sort(struct entry *entries, size_t count, unsigned same_bits);

/* Of sorted entries, keeps the first of each key (hash and tie) in front, in order, and returns how
 * many; calls `drop` for the others. */
typedef void (*entry_drop_fn)(void *arg, const struct entry *entry);
size_t entry_unique(struct entry *entries, size_t count, entry_drop_fn drop, void *arg);

#endif
