/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate_meter: how many a second, over the last few seconds. A value of 8 half-second buckets; time
 * comes in.
 */
#ifndef TOCSIN_ENGINE_RATE_METER_H
#define TOCSIN_ENGINE_RATE_METER_H

#include <stdint.h>

#define RATE_METER_BUCKETS   8
#define RATE_METER_BUCKET_MS 500

struct rate_meter {
    uint64_t bucket; /* number of the newest bucket: time / RATE_METER_BUCKET_MS */
    uint64_t first;  /* number of the first bucket ever counted in */
    uint64_t count[RATE_METER_BUCKETS];
};

void rate_meter_add(struct rate_meter *meter, uint64_t count, uint64_t now_ms);
double rate_meter_per_s(struct rate_meter *meter, uint64_t now_ms);

#endif
