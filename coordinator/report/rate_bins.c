/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/rate_bins.h"

#define WINDOW_MS 1000

void rate_bins_init(struct rate_bins *bins)
{
    *bins = (struct rate_bins){.width_ms = RATE_BINS_LEAST_MS};
}

static void widen(struct rate_bins *bins)
{
    for (unsigned i = 0; i < RATE_BINS / 2; i++) {
        bins->bins[i] = bins->bins[2 * i] + bins->bins[2 * i + 1];
    }
    for (unsigned i = RATE_BINS / 2; i < RATE_BINS; i++) {
        bins->bins[i] = 0;
    }
    bins->width_ms *= 2;
}

void rate_bins_add(struct rate_bins *bins, uint64_t at_ms, uint32_t count)
{
    while (at_ms / bins->width_ms >= RATE_BINS) {
        widen(bins);
    }
    bins->bins[at_ms / bins->width_ms] += count;
    bins->count += count;
    bins->last_ms = at_ms > bins->last_ms ? at_ms : bins->last_ms;
}

struct rate_peak rate_bins_peak(const struct rate_bins *bins)
{
    uint64_t wide = WINDOW_MS / bins->width_ms;
    unsigned window = wide > 1 ? (unsigned)wide : 1;
    uint64_t in_window = 0;
    uint64_t most = 0;
    struct rate_peak peak = {.window_ms = window * bins->width_ms};
    for (unsigned i = 0; i < RATE_BINS; i++) {
        in_window += bins->bins[i];
        in_window -= i >= window ? bins->bins[i - window] : 0;
        if (in_window > most) {
            most = in_window;
            peak.at_ms = i + 1 > window ? (uint64_t)(i + 1 - window) * bins->width_ms : 0;
        }
    }
    peak.per_s = (double)most * 1000.0 / (double)peak.window_ms;
    return peak;
}
