/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/throttle.h"

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* When the next one is due, if what was missed more than the slack ago is forgotten. */
static uint64_t throttle_due_us(const struct throttle *throttle, uint64_t now_ms)
{
    uint64_t slack_ms = THROTTLE_SLACK_MS + (throttle->is_gathering ? THROTTLE_GATHER_MS : 0);
    uint64_t floor_ms = now_ms > slack_ms ? now_ms - slack_ms : 0;
    return later(throttle->next_us, floor_ms * 1000);
}

uint32_t throttle_interval_us(uint32_t spread_ms, uint32_t count)
{
    uint64_t interval_us = count == 0 ? 0 : (uint64_t)spread_ms * 1000 / count;
    return interval_us < UINT32_MAX ? (uint32_t)interval_us : UINT32_MAX;
}

uint32_t throttle_allows(const struct throttle *throttle, uint32_t interval_us, uint64_t now_ms)
{
    if (now_ms < throttle->held_until_ms) {
        return 0;
    }
    if (interval_us == 0) {
        return UINT32_MAX;
    }
    uint64_t due_us = throttle_due_us(throttle, now_ms);
    uint64_t now_us = now_ms * 1000;
    return now_us < due_us ? 0 : (uint32_t)((now_us - due_us) / interval_us + 1);
}

void throttle_begin(struct throttle *throttle, uint64_t now_ms)
{
    throttle->next_us = later(throttle->next_us, now_ms * 1000);
}

void throttle_on_started(struct throttle *throttle, uint32_t count, uint32_t interval_us,
                         uint64_t now_ms)
{
    if (interval_us > 0 && count > 0) {
        throttle->next_us = throttle_due_us(throttle, now_ms) + (uint64_t)count * interval_us;
    }
}

void throttle_hold(struct throttle *throttle, uint32_t retry_after_ms, uint64_t now_ms)
{
    uint32_t hold_ms = retry_after_ms == 0 ? THROTTLE_HOLD_MS : retry_after_ms;
    if (hold_ms > THROTTLE_HOLD_MAX_MS) {
        hold_ms = THROTTLE_HOLD_MAX_MS;
    }
    throttle->held_until_ms = later(throttle->held_until_ms, now_ms + hold_ms);
}

uint32_t throttle_wait_ms(const struct throttle *throttle, uint32_t count, uint32_t interval_us,
                          uint64_t now_ms)
{
    uint64_t from_ms = throttle->held_until_ms;
    if (interval_us > 0) {
        uint64_t due_us = throttle_due_us(throttle, now_ms) + (uint64_t)(count - 1) * interval_us;
        from_ms = later(from_ms, (due_us + 999) / 1000);
    }
    uint64_t wait_ms = from_ms > now_ms ? from_ms - now_ms : 0;
    return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
}

uint32_t throttle_gather(uint32_t bulk, uint32_t waiting, uint32_t interval_us)
{
    if (bulk <= 1 || interval_us == 0) {
        return 1;
    }
    uint32_t least = bulk < waiting ? bulk : waiting;
    uint32_t paced = THROTTLE_GATHER_MS * 1000 / interval_us + 1;
    least = least < paced ? least : paced;
    return least == 0 ? 1 : least;
}
