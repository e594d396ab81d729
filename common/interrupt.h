/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt: the signals that ask the program to stop, as a flag. The handler does nothing else;
 * whoever waits looks at the flag and leaves in order.
 */
#ifndef TOCSIN_COMMON_INTERRUPT_H
#define TOCSIN_COMMON_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* From now on SIGINT, SIGTERM and SIGHUP set the flag, and a second one ends the process. */
void interrupt_init(void);
bool interrupt_is_asked(void);
/* Sleeps, or returns early with false when the flag is or gets set. */
bool interrupt_sleep_ms(uint32_t ms);

#endif
