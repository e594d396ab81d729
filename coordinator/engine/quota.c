/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/quota.h"

/* A window of a second holds at most the rate and the burst, and must hold hardly more than the
 * rate. Tokens are handed out in half of what gathers, so that none are lost between two looks;
 * nor, where one takes long to gather, in the time until the next look. */
#define BURST_S            0.03
#define BURST_LEAST        1.0
#define CRUMB_S            0.015
#define THROTTLE_MIN_MS    1000
#define THROTTLE_MAX_MS    (3600u * 1000)
#define CEILING_MIN_PER_S  1.0
#define REGAIN_SHARE_PER_S 0.05
#define CEILING_FREE       16.0 /* times the rate that was too much: it is not any more */
#define PROBE_RECIPIENTS   8
#define TROUBLE_FIRST_MS   1000 /* sooner than after a wrong configuration */

static double burst_for(double rate_per_s, double burst)
{
    double size = burst > 0 ? burst : BURST_LEAST + rate_per_s * BURST_S;
    return size < BURST_LEAST ? BURST_LEAST : size;
}

void quota_init(struct quota *quota, double rate_per_s, double burst, uint32_t breaker_ms,
                uint64_t now_ms)
{
    *quota = (struct quota){
        .rate_per_s = rate_per_s,
        .burst = burst_for(rate_per_s, burst),
        .refilled_ms = now_ms,
        .breaker_ms = breaker_ms,
        .breaker_now_ms = breaker_ms,
    };
    quota->tokens = quota->burst;
}

void quota_start_empty(struct quota *quota, uint64_t now_ms)
{
    quota->tokens = 0;
    quota->refilled_ms = now_ms;
}

double quota_rate_now(const struct quota *quota)
{
    if (quota->ceiling_per_s > 0 &&
        (quota->rate_per_s <= 0 || quota->ceiling_per_s < quota->rate_per_s)) {
        return quota->ceiling_per_s;
    }
    return quota->rate_per_s;
}

static void regain(struct quota *quota, double seconds)
{
    if (quota->ceiling_per_s <= 0) {
        return;
    }
    double known_per_s = quota->ceiling_per_s > quota->throttled_per_s ? quota->ceiling_per_s
                                                                       : quota->throttled_per_s;
    double free_per_s =
        quota->rate_per_s > 0 ? quota->rate_per_s : quota->throttled_per_s * CEILING_FREE;
    quota->ceiling_per_s += known_per_s * REGAIN_SHARE_PER_S * seconds;
    if (quota->ceiling_per_s >= free_per_s) {
        quota->ceiling_per_s = 0;
    }
}

static void refill(struct quota *quota, uint64_t now_ms)
{
    if (now_ms <= quota->refilled_ms) {
        return;
    }
    double seconds = (double)(now_ms - quota->refilled_ms) / 1000.0;
    quota->refilled_ms = now_ms;
    double rate = quota_rate_now(quota);
    quota->tokens += rate * seconds;
    if (rate <= 0 || quota->tokens > quota->burst) {
        quota->tokens = quota->burst;
    }
    if (now_ms >= quota->paused_until_ms) {
        regain(quota, seconds);
    }
}

void quota_set_limit(struct quota *quota, double rate_per_s, double burst, uint64_t now_ms)
{
    refill(quota, now_ms);
    quota->rate_per_s = rate_per_s;
    quota->burst = burst_for(rate_per_s > 0 ? rate_per_s : quota->ceiling_per_s, burst);
    if (quota->tokens > quota->burst) {
        quota->tokens = quota->burst;
    }
}

static uint32_t probe_available(struct quota *quota, uint32_t want, uint64_t now_ms)
{
    if (quota->breaker == BREAKER_OPEN && now_ms >= quota->breaker_until_ms) {
        quota->breaker = BREAKER_PROBING;
        quota->probe_out = false;
    }
    if (quota->breaker == BREAKER_OPEN || quota->probe_out) {
        return 0;
    }
    return want < PROBE_RECIPIENTS ? want : PROBE_RECIPIENTS;
}

uint32_t quota_available(struct quota *quota, uint32_t want, uint64_t now_ms)
{
    refill(quota, now_ms);
    if (now_ms < quota->paused_until_ms) {
        return 0;
    }
    if (quota->breaker != BREAKER_CLOSED) {
        want = probe_available(quota, want, now_ms);
    }
    double rate = quota_rate_now(quota);
    if (rate <= 0 || want == 0) {
        return want;
    }
    double crumb = rate * CRUMB_S < quota->burst ? rate * CRUMB_S : quota->burst;
    if (quota->tokens < 1 || (quota->tokens < crumb && quota->tokens < want)) {
        return 0;
    }
    return quota->tokens < want ? (uint32_t)quota->tokens : want;
}

void quota_charge(struct quota *quota, uint32_t count, uint64_t now_ms)
{
    if (quota_rate_now(quota) > 0) {
        quota->tokens -= count;
    }
    if (quota->breaker == BREAKER_PROBING) {
        quota->probe_out = true;
    }
    rate_meter_add(&quota->sent, count, now_ms);
}

uint32_t quota_spread_ms(const struct quota *quota, uint32_t count)
{
    double rate = quota_rate_now(quota);
    return rate <= 0 ? 0 : (uint32_t)((double)count * 1000.0 / rate);
}

uint32_t quota_burst_ms(const struct quota *quota)
{
    double rate = quota_rate_now(quota);
    double ms = rate <= 0 ? 0 : quota->burst * 1000.0 / rate;
    return ms < UINT32_MAX / 2 ? (uint32_t)ms : UINT32_MAX / 2;
}

uint64_t quota_next_ms(const struct quota *quota, uint64_t now_ms)
{
    if (now_ms < quota->paused_until_ms) {
        return quota->paused_until_ms;
    }
    if (quota->breaker == BREAKER_OPEN) {
        return quota->breaker_until_ms;
    }
    double rate = quota_rate_now(quota);
    if (rate <= 0 || quota->probe_out) {
        return UINT64_MAX;
    }
    double crumb = rate * CRUMB_S < quota->burst ? rate * CRUMB_S : quota->burst;
    double missing = (crumb < 1 ? 1 : crumb) - quota->tokens;
    return missing <= 0 ? now_ms : now_ms + (uint64_t)(missing * 1000.0 / rate) + 1;
}

static void breaker_open(struct quota *quota, uint16_t reason, uint32_t first_ms, uint64_t now_ms)
{
    bool failed_probe = quota->breaker == BREAKER_PROBING;
    if (quota->breaker == BREAKER_OPEN) {
        return;
    }
    uint32_t wait_ms = failed_probe ? quota->breaker_now_ms * 2 : first_ms;
    quota->breaker_now_ms = wait_ms < quota->breaker_ms ? wait_ms : quota->breaker_ms;
    quota->breaker = BREAKER_OPEN;
    quota->breaker_reason = reason;
    quota->breaker_until_ms = now_ms + quota->breaker_now_ms;
    quota->probe_out = false;
}

void quota_on_success(struct quota *quota)
{
    quota->troubles = 0;
    if (quota->breaker == BREAKER_PROBING) {
        quota->breaker = BREAKER_CLOSED;
        quota->probe_out = false;
    }
}

void quota_on_throttled(struct quota *quota, uint32_t retry_after_ms, uint64_t now_ms)
{
    uint32_t wait_ms = retry_after_ms > THROTTLE_MIN_MS ? retry_after_ms : THROTTLE_MIN_MS;
    wait_ms = wait_ms < THROTTLE_MAX_MS ? wait_ms : THROTTLE_MAX_MS;
    quota->troubles = 0;
    quota->probe_out = false;
    if (now_ms + wait_ms > quota->paused_until_ms) {
        quota->paused_until_ms = now_ms + wait_ms;
    }
    if (quota->lowered_ms != 0 && now_ms < quota->lowered_ms + wait_ms) {
        return; /* many answers of one moment halve once */
    }
    quota->lowered_ms = now_ms;
    double measured = rate_meter_per_s(&quota->sent, now_ms);
    double present = quota_rate_now(quota) > 0 ? quota_rate_now(quota) : measured;
    quota->throttled_per_s = present;
    quota->ceiling_per_s = present / 2 > CEILING_MIN_PER_S ? present / 2 : CEILING_MIN_PER_S;
    if (quota->rate_per_s <= 0) {
        /* A bucket of its own size while the ceiling holds. */
        quota->burst = burst_for(quota->ceiling_per_s, 0);
    }
    quota->tokens = 0;
}

void quota_on_misconfigured(struct quota *quota, uint16_t reason, uint64_t now_ms)
{
    breaker_open(quota, reason, quota->breaker_ms, now_ms);
}

void quota_on_trouble(struct quota *quota, uint16_t reason, uint64_t now_ms)
{
    quota->troubles++;
    if (quota->breaker == BREAKER_PROBING || quota->troubles >= QUOTA_TROUBLES_MAX) {
        breaker_open(quota, reason, TROUBLE_FIRST_MS, now_ms);
        quota->troubles = 0;
    }
}

void quota_on_untried(struct quota *quota)
{
    if (quota->breaker == BREAKER_PROBING) {
        quota->probe_out = false;
    }
}
