/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/time_spread.h"

#include <assert.h>

#define SUB_BITS 8
#define SUB      (1u << SUB_BITS)

/* Values below 2 * SUB have a bucket each; those of [2^(SUB_BITS + n), 2^(SUB_BITS + n + 1)) share
 * SUB buckets of 2^n. */
static unsigned bucket_of(uint64_t ms)
{
    unsigned n = 0;
    while (ms >> n >= UINT64_C(2) * SUB) {
        n++;
    }
    uint64_t bucket = (uint64_t)n * SUB + (ms >> n);
    return bucket < TIME_SPREAD_BUCKETS ? (unsigned)bucket : TIME_SPREAD_BUCKETS - 1;
}

/* The largest value of the bucket. */
static uint64_t end_of(unsigned bucket)
{
    if (bucket < 2 * SUB) {
        return bucket;
    }
    unsigned n = bucket / SUB - 1;
    return ((uint64_t)(bucket - n * SUB + 1) << n) - 1;
}

void time_spread_add(struct time_spread *spread, uint64_t ms)
{
    spread->count++;
    spread->sum_ms += ms;
    spread->max_ms = ms > spread->max_ms ? ms : spread->max_ms;
    spread->buckets[bucket_of(ms)]++;
}

uint64_t time_spread_rank(const struct time_spread *spread, uint64_t rank)
{
    uint64_t seen = 0;
    assert(rank > 0);
    if (rank > spread->count) {
        return TIME_SPREAD_NEVER;
    }
    unsigned bucket = 0;
    for (; bucket < TIME_SPREAD_BUCKETS; bucket++) {
        seen += spread->buckets[bucket];
        if (seen >= rank) {
            break;
        }
    }
    uint64_t end = end_of(bucket);
    return end < spread->max_ms ? end : spread->max_ms;
}

uint64_t time_spread_until(const struct time_spread *spread, uint64_t ms)
{
    uint64_t seen = 0;
    unsigned last = bucket_of(ms);
    if (ms >= spread->max_ms) {
        return spread->count;
    }
    for (unsigned bucket = 0; bucket <= last; bucket++) {
        seen += spread->buckets[bucket];
    }
    return seen;
}

uint64_t time_spread_percent(uint64_t people, unsigned percent)
{
    uint64_t rank = (people * percent + 99) / 100;
    return rank == 0 ? 1 : rank;
}
