/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_spread: how many people something took how long, as a histogram of fixed size: exact below
 * half a second, above it to within 0.4 %, up to more than two years.
 *
 * Buckets are as in the high dynamic range histograms: 256 to each power of two. A value.
 */
#ifndef TOCSIN_REPORT_TIME_SPREAD_H
#define TOCSIN_REPORT_TIME_SPREAD_H

#include <stdint.h>

#define TIME_SPREAD_BUCKETS (256 * 30)
#define TIME_SPREAD_NEVER   UINT64_MAX

/* Zeroed memory is an empty one. */
struct time_spread {
    uint64_t count;
    uint64_t sum_ms;
    uint64_t max_ms;
    uint32_t buckets[TIME_SPREAD_BUCKETS];
};

void time_spread_add(struct time_spread *spread, uint64_t ms);
/* By when the first `rank` (1..) had it, in ms: the upper end of the bucket, but no more than the
 * last of all. TIME_SPREAD_NEVER: there are fewer. */
uint64_t time_spread_rank(const struct time_spread *spread, uint64_t rank);
/* How many had it after `ms` at the latest. */
uint64_t time_spread_until(const struct time_spread *spread, uint64_t ms);
/* The rank of a percentile (1..100) of so many people: the nearest one, rounded up. */
uint64_t time_spread_percent(uint64_t people, unsigned percent);

#endif
