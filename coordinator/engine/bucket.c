/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/bucket.h"

/* Tokens are handed out in half of what gathers, so that none are lost between two looks. */
#define BURST_S 0.1
#define CRUMB_S 0.05

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double burst_for(double rate_per_s, double burst)
{
    return larger(burst > 0 ? burst : rate_per_s * BURST_S, 1);
}

static double crumb_of(const struct bucket *bucket)
{
    return larger(smaller(bucket->rate_per_s * CRUMB_S, bucket->burst), 1);
}

static void refill(struct bucket *bucket, uint64_t now_ms)
{
    if (now_ms > bucket->refilled_ms) {
        double seconds = (double)(now_ms - bucket->refilled_ms) / 1000.0;
        bucket->tokens = smaller(bucket->tokens + bucket->rate_per_s * seconds, bucket->burst);
        bucket->refilled_ms = now_ms;
    }
}

void bucket_init(struct bucket *bucket, double rate_per_s, double burst, uint64_t now_ms)
{
    *bucket = (struct bucket){
        .rate_per_s = rate_per_s, .burst = burst_for(rate_per_s, burst), .refilled_ms = now_ms};
}

void bucket_set_rate(struct bucket *bucket, double rate_per_s, double burst, uint64_t now_ms)
{
    refill(bucket, now_ms);
    bucket->rate_per_s = rate_per_s;
    bucket->burst = burst_for(rate_per_s, burst);
    bucket->tokens = smaller(bucket->tokens, bucket->burst);
}

uint32_t bucket_available(struct bucket *bucket, uint32_t want, uint64_t now_ms)
{
    refill(bucket, now_ms);
    if (bucket->rate_per_s <= 0) {
        return want;
    }
    if (bucket->tokens < 1 || (bucket->tokens < crumb_of(bucket) && bucket->tokens < want)) {
        return 0;
    }
    return bucket->tokens < want ? (uint32_t)bucket->tokens : want;
}

void bucket_take(struct bucket *bucket, uint32_t count)
{
    if (bucket->rate_per_s > 0) {
        bucket->tokens -= count;
    }
}

uint64_t bucket_next_ms(const struct bucket *bucket, uint64_t now_ms)
{
    double missing = crumb_of(bucket) - bucket->tokens;
    return bucket->rate_per_s <= 0 || missing <= 0
               ? now_ms
               : now_ms + (uint64_t)(missing * 1000.0 / bucket->rate_per_s) + 1;
}
