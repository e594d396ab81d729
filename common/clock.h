/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: the time, for shells only. The engine and the worker's core never call it: time comes in
 * as an argument.
 */
#ifndef TOCSIN_COMMON_CLOCK_H
#define TOCSIN_COMMON_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. May jump when the machine's clock is set. */
uint64_t clock_unix_ms(void);
/* Milliseconds, never going back; origin unspecified. */
uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);

#endif
