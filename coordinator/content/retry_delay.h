/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry_delay: how long to wait before a webhook is tried again.
 */
#ifndef TOCSIN_CONTENT_RETRY_DELAY_H
#define TOCSIN_CONTENT_RETRY_DELAY_H

#include <stdint.h>

/* From a try that failed to the next one: seconds at first, and at last two hours, each a little
 * shorter or longer by `salt`, so that those that failed together do not all come together again.
 * tries: so far, 1 or more. */
uint64_t retry_delay_ms(uint64_t tries, uint64_t salt);

#endif
