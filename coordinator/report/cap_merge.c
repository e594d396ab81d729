/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/cap_merge.h"

#include "common/mem.h"
#include "coordinator/ledger/lookup_scan.h"
#include "proto/page.h"

void cap_tally_init(struct cap_tally *tally, uint64_t audience, uint32_t slots)
{
    *tally = (struct cap_tally){audience, slots, mem_zalloc(slots, 1)};
}

void cap_tally_release(struct cap_tally *tally)
{
    mem_free(tally->counts);
    *tally = (struct cap_tally){0};
}

void cap_tally_add(struct cap_tally *tally, uint32_t page, const struct bitmap *messaged)
{
    for (unsigned i = bitmap_next(messaged, 0); i < BITMAP_BITS; i = bitmap_next(messaged, i + 1)) {
        uint64_t ordinal = (uint64_t)page * PAGE_RECIPIENTS + i;
        if (ordinal < tally->slots && tally->counts[ordinal] < UINT8_MAX) {
            tally->counts[ordinal]++;
        }
    }
}

/* One of the other audiences, at its first entry that was not passed yet. */
struct cursor {
    const struct cap_tally *tally;
    struct lookup_scan *scan;
    bool is_there; /* hash and ordinal are an entry's */
    uint64_t hash;
    uint32_t ordinal;
    uint64_t summed_hash; /* the one that `sum` was last asked for */
    bool has_sum;
    uint32_t sum;
};

static void step(struct cursor *cursor)
{
    cursor->is_there = lookup_scan_next(cursor->scan, &cursor->hash, &cursor->ordinal);
}

/* Messages to whoever has this hash. Asked for ascending hashes, and for one maybe more than once.
 */
static uint32_t sum_of(struct cursor *cursor, uint64_t hash)
{
    if (cursor->has_sum && cursor->summed_hash == hash) {
        return cursor->sum;
    }
    while (cursor->is_there && cursor->hash < hash) {
        step(cursor);
    }
    cursor->has_sum = true;
    cursor->summed_hash = hash;
    cursor->sum = 0;
    while (cursor->is_there && cursor->hash == hash) {
        bool is_known = cursor->ordinal < cursor->tally->slots;
        cursor->sum += is_known ? cursor->tally->counts[cursor->ordinal] : 0;
        step(cursor);
    }
    return cursor->sum;
}

static void note(const struct cap_found *found, uint32_t ordinal, uint32_t sum, uint32_t messages)
{
    if (sum >= messages) {
        bitmap_set(&found->capped[ordinal / PAGE_RECIPIENTS], ordinal % PAGE_RECIPIENTS);
    }
    if (found->had != NULL) {
        found->had[ordinal] = (uint8_t)(sum < UINT8_MAX ? sum : UINT8_MAX);
    }
}

/* The audience's own index leads. */
static enum err merge(struct ledger *ledger, uint64_t audience, uint32_t slots,
                      struct cursor *cursors, unsigned count, uint32_t messages,
                      const atomic_bool *is_stopped, const struct cap_found *found)
{
    struct lookup_scan *own = lookup_scan_new(ledger, audience);
    uint64_t hash;
    uint32_t ordinal;
    while (!atomic_load_explicit(is_stopped, memory_order_relaxed) &&
           lookup_scan_next(own, &hash, &ordinal)) {
        uint32_t sum = 0;
        for (unsigned i = 0; i < count; i++) {
            sum += sum_of(&cursors[i], hash);
        }
        if (ordinal < slots) {
            note(found, ordinal, sum, messages);
        }
    }
    return lookup_scan_free(own);
}

enum err cap_merge(struct ledger *ledger, uint64_t audience, uint32_t slots,
                   const struct cap_tally *tallies, unsigned count, uint32_t messages,
                   const atomic_bool *is_stopped, const struct cap_found *found)
{
    struct cursor *cursors = mem_zalloc(count + 1, sizeof(*cursors));
    for (unsigned i = 0; i < count; i++) {
        cursors[i].tally = &tallies[i];
        cursors[i].scan = lookup_scan_new(ledger, tallies[i].audience);
        step(&cursors[i]);
    }
    enum err err = merge(ledger, audience, slots, cursors, count, messages, is_stopped, found);
    for (unsigned i = 0; i < count; i++) {
        enum err read = lookup_scan_free(cursors[i].scan);
        err = err != ERR_OK ? err : read;
    }
    mem_free(cursors);
    return err == ERR_OK && atomic_load(is_stopped) ? ERR_CLOSED : err;
}
