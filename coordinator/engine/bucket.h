/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bucket: a token bucket. Tokens gather at a rate, up to the burst, and are taken out as recipients
 * are leased. Small crumbs are held back until a part of a second's worth is there, so that leases
 * do not become tiny. A value; time comes in.
 */
#ifndef TOCSIN_ENGINE_BUCKET_H
#define TOCSIN_ENGINE_BUCKET_H

#include <stdint.h>

struct bucket {
    double rate_per_s; /* 0: no limit */
    double burst;      /* at most so many gather; at least 1 */
    double tokens;
    uint64_t refilled_ms;
};

/* A bucket that begins empty; burst 0: BUCKET_BURST_S of the rate. */
void bucket_init(struct bucket *bucket, double rate_per_s, double burst, uint64_t now_ms);
/* Another rate from now on; what has gathered stays, as far as the new burst goes. */
void bucket_set_rate(struct bucket *bucket, double rate_per_s, double burst, uint64_t now_ms);
/* How many may be taken now, at most `want`; 0 if none. */
uint32_t bucket_available(struct bucket *bucket, uint32_t want, uint64_t now_ms);
void bucket_take(struct bucket *bucket, uint32_t count);
/* When it makes sense to ask again; now_ms if it does now. */
uint64_t bucket_next_ms(const struct bucket *bucket, uint64_t now_ms);

#endif
