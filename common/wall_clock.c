/* SPDX-License-Identifier: Apache-2.0 */
#include "common/wall_clock.h"

#define WALL_CLOCK_SIXTEENTH 16

void wall_clock_init(struct wall_clock *clock, uint64_t mono_ms, uint64_t unix_ms)
{
    *clock = (struct wall_clock){.base_ms = unix_ms, .mono_ms = mono_ms};
}

uint64_t wall_clock_now(const struct wall_clock *clock, uint64_t mono_ms)
{
    uint64_t elapsed_ms = mono_ms > clock->mono_ms ? mono_ms - clock->mono_ms : 0;
    uint64_t now_ms = clock->base_ms + elapsed_ms;
    if (clock->pace > 0) {
        now_ms += elapsed_ms / WALL_CLOCK_SIXTEENTH;
    } else if (clock->pace < 0) {
        now_ms -= elapsed_ms / WALL_CLOCK_SIXTEENTH;
    }
    return now_ms;
}

uint64_t wall_clock_follow(struct wall_clock *clock, uint64_t mono_ms, uint64_t unix_ms)
{
    uint64_t now_ms = wall_clock_now(clock, mono_ms);
    uint64_t jumped_ms = 0;
    clock->pace = 0;
    if (unix_ms > now_ms + WALL_CLOCK_JUMP_MS) {
        jumped_ms = unix_ms - now_ms;
        now_ms = unix_ms;
    } else if (unix_ms > now_ms + WALL_CLOCK_EXACT_MS) {
        clock->pace = 1;
    } else if (now_ms > unix_ms + WALL_CLOCK_EXACT_MS) {
        clock->pace = -1;
    }
    clock->base_ms = now_ms;
    clock->mono_ms = mono_ms > clock->mono_ms ? mono_ms : clock->mono_ms;
    return jumped_ms;
}
