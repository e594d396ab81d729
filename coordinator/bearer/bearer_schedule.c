/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/bearer/bearer_schedule.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   60000
#define DOUBLINGS_MAX  6
#define RENEW_LEAST_MS                                                                             \
    60000 /* whatever life a token endpoint gives, it is not asked more often                      \
           */

bool bearer_schedule_begin(struct bearer_schedule *schedule, uint64_t now_ms)
{
    if (schedule->is_asking || now_ms < schedule->due_ms) {
        return false;
    }
    schedule->is_asking = true;
    return true;
}

void bearer_schedule_made(struct bearer_schedule *schedule, uint64_t life_ms, uint64_t now_ms)
{
    uint64_t renew_ms = life_ms / 4 * 3;
    schedule->is_asking = false;
    schedule->failures = 0;
    schedule->due_ms = now_ms + (renew_ms < RENEW_LEAST_MS ? RENEW_LEAST_MS : renew_ms);
}

void bearer_schedule_failed(struct bearer_schedule *schedule, uint64_t now_ms)
{
    unsigned doublings = schedule->failures < DOUBLINGS_MAX ? schedule->failures : DOUBLINGS_MAX;
    uint64_t wait_ms = (uint64_t)RETRY_FIRST_MS << doublings;
    schedule->is_asking = false;
    schedule->failures++;
    schedule->due_ms = now_ms + (wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS);
}

uint64_t bearer_schedule_wait_ms(const struct bearer_schedule *schedule, uint64_t now_ms)
{
    if (schedule->is_asking) {
        return UINT64_MAX;
    }
    return schedule->due_ms > now_ms ? schedule->due_ms - now_ms : 0;
}
