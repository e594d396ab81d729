/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker_clock.h"

#define WORKER_CLOCK_SIXTEENTH 16

void worker_clock_init(struct worker_clock *clock, uint64_t mono_ms, uint64_t unix_ms)
{
    *clock = (struct worker_clock){.base_ms = unix_ms, .mono_ms = mono_ms};
}

uint64_t worker_clock_now(const struct worker_clock *clock, uint64_t mono_ms)
{
    uint64_t elapsed_ms = mono_ms > clock->mono_ms ? mono_ms - clock->mono_ms : 0;
    uint64_t now_ms = clock->base_ms + elapsed_ms;
    if (clock->pace > 0) {
        now_ms += elapsed_ms / WORKER_CLOCK_SIXTEENTH;
    } else if (clock->pace < 0) {
        now_ms -= elapsed_ms / WORKER_CLOCK_SIXTEENTH;
    }
    return now_ms;
}

void worker_clock_follow(struct worker_clock *clock, uint64_t mono_ms, uint64_t unix_ms)
{
    uint64_t now_ms = worker_clock_now(clock, mono_ms);
    clock->pace = 0;
    if (unix_ms > now_ms + WORKER_CLOCK_JUMP_MS) {
        now_ms = unix_ms;
    } else if (unix_ms > now_ms + WORKER_CLOCK_EXACT_MS) {
        clock->pace = 1;
    } else if (now_ms > unix_ms + WORKER_CLOCK_EXACT_MS) {
        clock->pace = -1;
    }
    clock->base_ms = now_ms;
    clock->mono_ms = mono_ms > clock->mono_ms ? mono_ms : clock->mono_ms;
}
