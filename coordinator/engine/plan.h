/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: the ladder a campaign follows: steps that a recipient climbs one by one until he was
 * reached as the step wants it. A value.
 */
#ifndef TOCSIN_ENGINE_PLAN_H
#define TOCSIN_ENGINE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "proto/channel_kind.h"
#include "proto/outcome.h"

#define PLAN_STEPS_MAX     8
#define PLAN_ATTEMPTS_MAX  15
#define PLAN_WITHIN_MAX_MS (30ull * 24 * 3600 * 1000)

enum plan_on_uncertain { PLAN_RESEND, PLAN_HOLD };
/* What ends the ladder: the provider took the message, its receipt says that it arrived, or the
 * recipient said so himself. */
enum plan_until { PLAN_ACCEPTED, PLAN_DELIVERED, PLAN_ACKNOWLEDGED };

struct plan_step {
    enum channel_kind channel;
    uint64_t providers;     /* bit i: provider i may be used; all of the channel's by default */
    uint8_t attempts;       /* per endpoint, 1..PLAN_ATTEMPTS_MAX */
    uint8_t endpoint_ranks; /* how many endpoints of the channel the audience has at most */
    uint32_t backoff_ms;    /* before the second attempt; doubles with each further one */
    uint32_t backoff_max_ms;
    uint64_t within_ms; /* how long the step may take: for retries, and for what it waits for */
    enum plan_on_uncertain on_uncertain;
    enum plan_until until;
};

struct plan {
    unsigned step_count;
    struct plan_step steps[PLAN_STEPS_MAX];
};

/* 5 attempts, backoff 30 s to 15 min, within 4 h, resend, until accepted. */
void plan_step_defaults(struct plan_step *step, enum channel_kind channel);
/* How long to wait before the next attempt: min(backoff * 2^attempt, max), less up to half of it by
 * `dice` (equal jitter), but at least retry_after_ms. */
uint64_t plan_backoff_ms(const struct plan_step *step, unsigned attempt, uint32_t retry_after_ms,
                         uint64_t dice);

#endif
