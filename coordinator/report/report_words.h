/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_words: what the figures of a report mean, in words for people, and numbers as they read
 * them. Functions that write append to a buffer.
 */
#ifndef TOCSIN_REPORT_REPORT_WORDS_H
#define TOCSIN_REPORT_REPORT_WORDS_H

#include <stdint.h>

#include "common/buf.h"
#include "coordinator/engine/delivery_state.h"
#include "coordinator/report/report_tally.h"

struct report_definition {
    const char *name;     /* of the figure in the JSON form */
    const char *sentence; /* what it counts, and of how many */
};

/* Ends with a name of NULL. */
extern const struct report_definition report_definitions[];

/* The name that the JSON form has for it, and what it means. */
const char *report_means_name(enum report_means means);
const char *report_means_meaning(enum report_means means);
const char *report_state_meaning(enum delivery_state state);

void report_put_count(struct buf *buf, double count); /* "1,234,567"; with a minus if negative */
/* "61.2 %"; 100 and 0 only if it is exactly that. */
void report_put_share(struct buf *buf, double share);
/* "0.4 s", "12.3 s", "4 min 12 s", "2 h 5 min", "3 d 4 h" */
void report_put_seconds(struct buf *buf, double seconds);
void report_put_rate(struct buf *buf, double per_s); /* "3.4", "84,312" */
/* "2026-11-29 18:05:00 UTC" of an RFC 3339 time in UTC; anything else as it is. */
void report_put_time(struct buf *buf, const char *time);

#endif
