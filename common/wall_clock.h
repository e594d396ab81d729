/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wall_clock: unix time that never goes back, for the cores. It follows the machine's clock by
 * running a sixteenth faster or slower, and jumps only ahead, when it is far behind. So when the
 * machine's clock is set back, nothing stands still: time goes on a little slower until both agree.
 */
#ifndef TOCSIN_COMMON_WALL_CLOCK_H
#define TOCSIN_COMMON_WALL_CLOCK_H

#include <stdint.h>

#define WALL_CLOCK_JUMP_MS  60000 /* so far behind, the machine's clock has been set */
#define WALL_CLOCK_EXACT_MS 20    /* so near, it runs at its own pace */

struct wall_clock {
    uint64_t base_ms; /* the time at mono_ms */
    uint64_t mono_ms;
    int pace; /* sixteenths of a millisecond gained per millisecond: -1, 0 or 1 */
};

/* mono_ms: a clock that never goes back; unix_ms: the machine's idea of the time. */
void wall_clock_init(struct wall_clock *clock, uint64_t mono_ms, uint64_t unix_ms);
/* The time, from the monotonic clock alone: cheap. */
uint64_t wall_clock_now(const struct wall_clock *clock, uint64_t mono_ms);
/* Adjusts the pace; to be called about once a second. By how many milliseconds it jumped ahead; 0:
 * it did not. */
uint64_t wall_clock_follow(struct wall_clock *clock, uint64_t mono_ms, uint64_t unix_ms);

#endif
