/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credit: how many recipients of one channel a worker asks for, so that it has about a second of
 * work in hand: what it completed in the last second, and twice what is under way (so that a
 * channel that takes seconds to answer can fill its concurrency). A value; time comes in.
 */
#ifndef TOCSIN_WORKER_CREDIT_H
#define TOCSIN_WORKER_CREDIT_H

#include <stdint.h>

#define CREDIT_BUCKETS   8
#define CREDIT_BUCKET_MS 125  /* all buckets together are a second */
#define CREDIT_FIRST     8192 /* asked for while nothing is known */

struct credit {
    uint32_t min;
    uint32_t max;
    uint32_t buckets[CREDIT_BUCKETS]; /* completed; a ring */
    unsigned at;
    uint64_t bucket_from_ms; /* when the bucket `at` began */
};

void credit_init(struct credit *credit, uint32_t min, uint32_t max, uint64_t now_ms);
void credit_on_completed(struct credit *credit, uint32_t recipients, uint64_t now_ms);
/* in_hand: leased and not yet reported; in_flight: of those, under way. */
uint32_t credit_limit(struct credit *credit, uint32_t in_hand, uint32_t in_flight, uint64_t now_ms);

#endif
