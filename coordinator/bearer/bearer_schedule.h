/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bearer_schedule: when a token of a provider is made anew. It is due at once in the beginning,
 * then long before it ends, and after failures in 1, 2, 4, ... 60 seconds. Pure; the time comes in.
 */
#ifndef TOCSIN_BEARER_BEARER_SCHEDULE_H
#define TOCSIN_BEARER_BEARER_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct bearer_schedule {
    uint64_t due_ms;   /* 0: at once */
    unsigned failures; /* since the last token */
    bool is_asking;    /* nothing is due until that has ended */
};

/* Marks it as being made, if it is due. */
bool bearer_schedule_begin(struct bearer_schedule *schedule, uint64_t now_ms);
/* There is one that is good for so long: renewed when three quarters of that are over, a minute of
 * it at least. */
void bearer_schedule_made(struct bearer_schedule *schedule, uint64_t life_ms, uint64_t now_ms);
void bearer_schedule_failed(struct bearer_schedule *schedule, uint64_t now_ms);
/* In how many ms it is due; UINT64_MAX while it is being made. */
uint64_t bearer_schedule_wait_ms(const struct bearer_schedule *schedule, uint64_t now_ms);

#endif
