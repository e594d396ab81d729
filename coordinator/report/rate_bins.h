/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate_bins: how many in each moment since the beginning, in any order, in memory of fixed size:
 * bins of 100 ms that become twice as wide whenever something is later than the last of them. A
 * value.
 */
#ifndef TOCSIN_REPORT_RATE_BINS_H
#define TOCSIN_REPORT_RATE_BINS_H

#include <stdint.h>

#define RATE_BINS          4096
#define RATE_BINS_LEAST_MS 100

struct rate_bins {
    uint64_t width_ms;
    uint64_t count;
    uint64_t last_ms; /* of the latest */
    uint32_t bins[RATE_BINS];
};

struct rate_peak {
    double per_s;
    uint64_t at_ms;     /* when the busiest time began, */
    uint64_t window_ms; /* and how long it was: a second, or a bin if that is longer */
};

void rate_bins_init(struct rate_bins *bins);
void rate_bins_add(struct rate_bins *bins, uint64_t at_ms, uint32_t count);
struct rate_peak rate_bins_peak(const struct rate_bins *bins);

#endif
