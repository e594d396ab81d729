/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota: what a provider lets us send now. A token bucket charged when a batch is leased (so that
 * the sum over all workers can never exceed the limit), a ceiling that throttling answers lower and
 * success raises again (additive increase, multiplicative decrease), a pause that Retry-After asks
 * for, and a circuit breaker that opens on configuration errors and on unreachable providers. A
 * value; time comes in.
 */
#ifndef TOCSIN_ENGINE_QUOTA_H
#define TOCSIN_ENGINE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/engine/rate_meter.h"

#define QUOTA_TROUBLES_MAX 20 /* recipients in a row without a connection that open the breaker */

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct quota {
    double rate_per_s; /* the limit as it was set; 0: none */
    double burst;
    double tokens;
    double ceiling_per_s;   /* lowered limit; 0: none */
    double throttled_per_s; /* the rate that was too much when it was last lowered */
    uint64_t refilled_ms;
    uint64_t paused_until_ms;
    uint64_t lowered_ms;
    enum breaker_state breaker;
    uint16_t breaker_reason;
    uint32_t breaker_ms;     /* configured */
    uint32_t breaker_now_ms; /* doubles while probes fail */
    uint64_t breaker_until_ms;
    unsigned troubles;
    bool probe_out; /* the one batch that a half-open breaker lets through */
    struct rate_meter sent;
};

void quota_init(struct quota *quota, double rate_per_s, double burst, uint32_t breaker_ms,
                uint64_t now_ms);
/* Another limit, from now on. What has gathered stays, as far as the new burst goes; what
 * throttling answers have lowered stays lowered. */
void quota_set_limit(struct quota *quota, double rate_per_s, double burst, uint64_t now_ms);
/* After a restart nobody knows what was sent a moment ago: the bucket begins empty. */
void quota_start_empty(struct quota *quota, uint64_t now_ms);
/* How many may be sent now, at most `want`; 0 if none. Small crumbs are held back until 15 ms'
 * worth is there. */
uint32_t quota_available(struct quota *quota, uint32_t want, uint64_t now_ms);
void quota_charge(struct quota *quota, uint32_t count, uint64_t now_ms);
/* Over how long `count` should be spread; 0 without a limit. */
uint32_t quota_spread_ms(const struct quota *quota, uint32_t count);
/* How long it takes to send what may gather at most; 0 without a limit. */
uint32_t quota_burst_ms(const struct quota *quota);
/* When it makes sense to ask again; UINT64_MAX if that depends on other events. */
uint64_t quota_next_ms(const struct quota *quota, uint64_t now_ms);
/* The rate allowed now; 0: no limit. */
double quota_rate_now(const struct quota *quota);

void quota_on_success(struct quota *quota);
void quota_on_throttled(struct quota *quota, uint32_t retry_after_ms, uint64_t now_ms);
/* Wrong credentials or route: opens at once. */
void quota_on_misconfigured(struct quota *quota, uint16_t reason, uint64_t now_ms);
/* No connection: opens after QUOTA_TROUBLES_MAX in a row. */
void quota_on_trouble(struct quota *quota, uint16_t reason, uint64_t now_ms);
/* A batch came back without having been tried. */
void quota_on_untried(struct quota *quota);

#endif
