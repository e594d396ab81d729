/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram: how often a value fell into which of some fixed buckets, and the sum of all values. A
 * value; adding is a few integer instructions, allocates nothing and can stand on any path. The
 * buckets are exponential, as a Prometheus histogram wants them (exposition format 0.0.4): bucket i
 * holds what is at most first << i * shift, the last one whatever is more.
 *
 * One that several threads add to needs a lock of its owner's.
 */
#ifndef TOCSIN_COMMON_HISTOGRAM_H
#define TOCSIN_COMMON_HISTOGRAM_H

#include <stdint.h>

#include "common/buf.h"

#define HISTOGRAM_BUCKETS 24

/* What the integers mean. first << (buckets - 1) * shift has at most 63 bits. */
struct histogram_scale {
    uint64_t first;   /* the smallest bound, at least 1 */
    unsigned shift;   /* each bound is 2^shift times the one before, at least 1 */
    unsigned buckets; /* bounds, at most HISTOGRAM_BUCKETS */
    double divisor;   /* so many of the integers are a second, or a byte */
};

extern const struct histogram_scale HISTOGRAM_MS;    /* added in ms, from 1 ms to 2.3 hours */
extern const struct histogram_scale HISTOGRAM_US;    /* added in us, from 64 us to 33.6 s */
extern const struct histogram_scale HISTOGRAM_BYTES; /* from 256 bytes to 1 GiB */

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* by bucket, not cumulative */
    uint64_t sum;
};

/* Smallest i with value <= first << i * shift. */
static inline unsigned histogram_bucket(const struct histogram_scale *scale, uint64_t value)
{
    if (value <= scale->first) {
        return 0;
    }
    uint64_t times = (value - 1) / scale->first; /* at least 1: value > first */
    unsigned bucket = (64u - (unsigned)__builtin_clzll(times) + scale->shift - 1) / scale->shift;
    return bucket < scale->buckets ? bucket : scale->buckets;
}

/* `weight` observations of the same value. */
static inline void histogram_add(struct histogram *histogram, const struct histogram_scale *scale,
                                 uint64_t value, uint64_t weight)
{
    histogram->counts[histogram_bucket(scale, value)] += weight;
    histogram->sum += value * weight;
}

uint64_t histogram_count(const struct histogram *histogram);
/* Adds what the other, of the same scale, has. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);
/* Appends the samples of one series: its buckets, cumulative and with their bounds in seconds or
 * bytes, its sum and its count. labels: `a="b",c="d"`, as they stand between braces, or "". HELP
 * and TYPE are the caller's. */
void histogram_write(const struct histogram *histogram, const struct histogram_scale *scale,
                     const char *name, const char *labels, struct buf *text);

#endif
