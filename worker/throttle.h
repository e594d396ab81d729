/* SPDX-License-Identifier: Apache-2.0 */
/*
 * throttle: when a provider's next attempt may start. It paces the recipients of a batch evenly
 * over the batch's spread, one batch after the other, and holds everything back while the provider
 * has asked for it. A value; time comes in. The rate itself is the coordinator's: it leases no
 * more than the provider's limit and says over how long to spread it.
 */
#ifndef TOCSIN_WORKER_THROTTLE_H
#define TOCSIN_WORKER_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

/* What was not started in time may be caught up with at once, but not more than this much of it. */
#define THROTTLE_SLACK_MS 20
/* A request for many is worth waiting for, but for no longer than this: what starts together then
 * stays below a twentieth of what the provider takes in a second. */
#define THROTTLE_GATHER_MS 40
/* Held so long after a throttling answer that names no time, and so long at most. */
#define THROTTLE_HOLD_MS     1000
#define THROTTLE_HOLD_MAX_MS 30000

/* Zeroed memory allows everything. */
struct throttle {
    uint64_t next_us;       /* unix time at which the next paced attempt is due */
    uint64_t held_until_ms; /* nothing starts before */
    bool is_gathering;      /* what THROTTLE_GATHER_MS held back is not lost, either */
};

/* Time between two recipients of a batch; 0 if they may start together. */
uint32_t throttle_interval_us(uint32_t spread_ms, uint32_t count);
/* How many attempts, interval_us apart, may start now. UINT32_MAX if it does not matter. */
uint32_t throttle_allows(const struct throttle *throttle, uint32_t interval_us, uint64_t now_ms);
/* Work comes after a time without any, or is not to begin before now_ms: nothing has been missed.
 */
void throttle_begin(struct throttle *throttle, uint64_t now_ms);
void throttle_on_started(struct throttle *throttle, uint32_t count, uint32_t interval_us,
                         uint64_t now_ms);
/* The provider asked everybody to slow down. retry_after_ms: 0 if it did not say for how long. */
void throttle_hold(struct throttle *throttle, uint32_t retry_after_ms, uint64_t now_ms);
/* In how many ms throttle_allows will be `count` (at least 1) or more; 0: it is now. */
uint32_t throttle_wait_ms(const struct throttle *throttle, uint32_t count, uint32_t interval_us,
                          uint64_t now_ms);
/* How many of those that wait, interval_us apart, are to start together, if one request takes
 * `bulk`: as many as it takes, or as wait, or as the pace gives in THROTTLE_GATHER_MS. */
uint32_t throttle_gather(uint32_t bulk, uint32_t waiting, uint32_t interval_us);

#endif
