/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/rate_meter.h"

#include <string.h>

static void move_to(struct rate_meter *meter, uint64_t now_ms)
{
    uint64_t bucket = now_ms / RATE_METER_BUCKET_MS;
    if (bucket <= meter->bucket) {
        return;
    }
    if (bucket - meter->bucket >= RATE_METER_BUCKETS) {
        memset(meter->count, 0, sizeof(meter->count));
        meter->first = bucket;
    }
    for (uint64_t b = meter->bucket + 1; b <= bucket && b - meter->bucket < RATE_METER_BUCKETS;
         b++) {
        meter->count[b % RATE_METER_BUCKETS] = 0;
    }
    meter->bucket = bucket;
}

void rate_meter_add(struct rate_meter *meter, uint64_t count, uint64_t now_ms)
{
    move_to(meter, now_ms);
    meter->count[meter->bucket % RATE_METER_BUCKETS] += count;
}

double rate_meter_per_s(struct rate_meter *meter, uint64_t now_ms)
{
    move_to(meter, now_ms);
    uint64_t total = 0;
    for (unsigned b = 0; b < RATE_METER_BUCKETS; b++) {
        total += meter->count[b];
    }
    uint64_t buckets = meter->bucket - meter->first;
    if (buckets > RATE_METER_BUCKETS - 1) {
        buckets = RATE_METER_BUCKETS - 1;
    }
    uint64_t window_ms = buckets * RATE_METER_BUCKET_MS + now_ms % RATE_METER_BUCKET_MS + 1;
    return (double)total * 1000.0 / (double)window_ms;
}
