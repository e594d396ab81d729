/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hashes are keyed, so nobody can choose them: they are evenly spread, and a radix sort from
 * the most significant digit is done after one or two rounds. It works in place (McIlroy, Bostic,
 * McIlroy, "Engineering Radix Sort", 1993: the American flag sort): digits are counted, which gives
 * each digit its range, and then every entry is moved where it belongs along the cycles of the
 * permutation. Ranges of a few entries are left to an insertion sort.
 *
 * Only one thing is not evenly spread: a key that comes a million times. When no bits are left to
 * tell entries apart, a heap sort puts them into the order of their ordinals, in place as well.
 */
#include "coordinator/audience/entry_sort.h"

#include <stdbool.h>
#include <string.h>

enum {
    HASH_BITS = 64 - ENTRY_MARK_BITS,
    DIGIT_BITS_MAX = 11,
    FEW = 24, /* entries that an insertion sort sorts best */
    TIES_MAX = 8
};

static inline bool is_before(const struct entry *a, const struct entry *b)
{
    uint64_t a_hash = entry_hash(a);
    uint64_t b_hash = entry_hash(b);
    return a_hash != b_hash ? a_hash < b_hash : a->ordinal < b->ordinal;
}

static void insertion_sort(struct entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct entry entry = entries[i];
        size_t at = i;
        for (; at > 0 && is_before(&entry, &entries[at - 1]); at--) {
            entries[at] = entries[at - 1];
        }
        entries[at] = entry;
    }
}

static void sift_down(struct entry *entries, size_t at, size_t count)
{
    struct entry entry = entries[at];
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        child += child + 1 < count && is_before(&entries[child], &entries[child + 1]);
        if (!is_before(&entry, &entries[child])) {
            break;
        }
        entries[at] = entries[child];
        at = child;
    }
    entries[at] = entry;
}

static void heap_sort(struct entry *entries, size_t count)
{
    for (size_t at = count / 2; at-- > 0;) {
        sift_down(entries, at, count);
    }
    for (size_t last = count; last-- > 1;) {
        struct entry entry = entries[0];
        entries[0] = entries[last];
        entries[last] = entry;
        sift_down(entries, 0, last);
    }
}

/* Which bits of the hash tell the ranges of one round apart. */
struct digit {
    unsigned skip; /* bits above it */
    unsigned bits;
};

static inline size_t digit_of(const struct entry *entry, struct digit digit)
{
    return (size_t)(entry->word << digit.skip >> (64 - digit.bits));
}

/* About four entries a range: more ranges would not stay in the cache. */
static struct digit digit_for(size_t count, unsigned skip)
{
    struct digit digit = {skip, 1};
    while (digit.bits < DIGIT_BITS_MAX && skip + digit.bits < HASH_BITS &&
           count >> (digit.bits + 2) > 0) {
        digit.bits++;
    }
    return digit;
}

/* Moves every entry into the range of its digit; ends[d] becomes where range d ends. */
static void partition(struct entry *entries, size_t count, struct digit digit, size_t *ends)
{
    size_t next[1 << DIGIT_BITS_MAX];
    size_t digits = (size_t)1 << digit.bits;
    memset(ends, 0, digits * sizeof(ends[0]));
    for (size_t i = 0; i < count; i++) {
        ends[digit_of(&entries[i], digit)]++;
    }
    size_t sum = 0;
    for (size_t d = 0; d < digits; d++) {
        next[d] = sum;
        sum += ends[d];
        ends[d] = sum;
    }
    for (size_t d = 0; d < digits; d++) {
        while (next[d] < ends[d]) {
            struct entry entry = entries[next[d]];
            size_t to = digit_of(&entry, digit);
            for (; to != d; to = digit_of(&entry, digit)) {
                struct entry displaced = entries[next[to]];
                entries[next[to]++] = entry;
                entry = displaced;
            }
            entries[next[d]++] = entry;
        }
    }
}

void entry_sort(struct entry *entries, size_t count, unsigned same_bits)
{
    if (count <= FEW) {
        insertion_sort(entries, count);
        return;
    }
    if (same_bits >= HASH_BITS) {
        heap_sort(entries, count);
        return;
    }
    size_t ends[1 << DIGIT_BITS_MAX];
    struct digit digit = digit_for(count, same_bits);
    partition(entries, count, digit, ends);
    size_t from = 0;
    for (size_t d = 0; d < (size_t)1 << digit.bits; d++) {
        entry_sort(entries + from, ends[d] - from, same_bits + digit.bits);
        from = ends[d];
    }
}

/* Has the key of this entry come among those of the same hash? Two keys of one hash are a wonder;
 * TIES_MAX of them do not happen. */
struct ties {
    uint32_t seen[TIES_MAX];
    unsigned count;
};

static bool ties_has(struct ties *ties, uint32_t tie)
{
    for (unsigned i = 0; i < ties->count; i++) {
        if (ties->seen[i] == tie) {
            return true;
        }
    }
    if (ties->count < TIES_MAX) {
        ties->seen[ties->count++] = tie;
    }
    return false;
}

size_t entry_unique(struct entry *entries, size_t count, entry_drop_fn drop, void *arg)
{
    size_t kept = 0;
    struct ties ties = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || entry_hash(&entries[i]) != entry_hash(&entries[i - 1])) {
            ties.count = 0;
        }
        if (ties_has(&ties, entries[i].tie)) {
            drop(arg, &entries[i]);
        } else {
            entries[kept++] = entries[i];
        }
    }
    return kept;
}
