/* SPDX-License-Identifier: Apache-2.0 */
#include "common/histogram.h"

#include <inttypes.h>

const struct histogram_scale HISTOGRAM_MS = {.first = 1, .shift = 1, .buckets = 24, .divisor = 1e3};
const struct histogram_scale HISTOGRAM_US = {
    .first = 64, .shift = 1, .buckets = 20, .divisor = 1e6};
const struct histogram_scale HISTOGRAM_BYTES = {
    .first = 256, .shift = 2, .buckets = 12, .divisor = 1};

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;
    for (unsigned i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        count += histogram->counts[i];
    }
    return count;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    for (unsigned i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        histogram->counts[i] += other->counts[i];
    }
    histogram->sum += other->sum;
}

void histogram_write(const struct histogram *histogram, const struct histogram_scale *scale,
                     const char *name, const char *labels, struct buf *text)
{
    const char *comma = labels[0] == '\0' ? "" : ",";
    const char *open = labels[0] == '\0' ? "" : "{";
    const char *close = labels[0] == '\0' ? "" : "}";
    uint64_t below = 0;
    for (unsigned i = 0; i < scale->buckets; i++) {
        below += histogram->counts[i];
        double bound = (double)(scale->first << i * scale->shift) / scale->divisor;
        buf_printf(text, "%s_bucket{%s%sle=\"%.10g\"} %" PRIu64 "\n", name, labels, comma, bound,
                   below);
    }
    uint64_t count = histogram_count(histogram);
    buf_printf(text, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, count);
    buf_printf(text, "%s_sum%s%s%s %.10g\n", name, open, labels, close,
               (double)histogram->sum / scale->divisor);
    buf_printf(text, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels, close, count);
}
