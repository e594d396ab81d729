/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_clock: unix time that never goes back, for the core. It follows the machine's clock by
 * running a sixteenth faster or slower, and jumps only ahead, when it is far behind.
 */
#ifndef TOCSIN_WORKER_WORKER_CLOCK_H
#define TOCSIN_WORKER_WORKER_CLOCK_H

#include <stdint.h>

#define WORKER_CLOCK_JUMP_MS  60000 /* so far behind, the machine's clock has been set */
#define WORKER_CLOCK_EXACT_MS 20    /* so near, it runs at its own pace */

struct worker_clock {
    uint64_t base_ms; /* the time at mono_ms */
    uint64_t mono_ms;
    int pace; /* sixteenths of a millisecond gained per millisecond: -1, 0 or 1 */
};

/* mono_ms: a clock that never goes back; unix_ms: the machine's idea of the time. */
void worker_clock_init(struct worker_clock *clock, uint64_t mono_ms, uint64_t unix_ms);
/* The time, from the monotonic clock alone: cheap. */
uint64_t worker_clock_now(const struct worker_clock *clock, uint64_t mono_ms);
/* Adjusts the pace; to be called about once a second. */
void worker_clock_follow(struct worker_clock *clock, uint64_t mono_ms, uint64_t unix_ms);

#endif
