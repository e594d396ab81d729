/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/credit.h"

#include <string.h>

static void credit_advance(struct credit *credit, uint64_t now_ms)
{
    if (now_ms >= credit->bucket_from_ms + (uint64_t)CREDIT_BUCKETS * CREDIT_BUCKET_MS) {
        memset(credit->buckets, 0, sizeof(credit->buckets));
        credit->bucket_from_ms = now_ms;
        return;
    }
    while (now_ms >= credit->bucket_from_ms + CREDIT_BUCKET_MS) {
        credit->at = (credit->at + 1) % CREDIT_BUCKETS;
        credit->buckets[credit->at] = 0;
        credit->bucket_from_ms += CREDIT_BUCKET_MS;
    }
}

void credit_init(struct credit *credit, uint32_t min, uint32_t max, uint64_t now_ms)
{
    *credit = (struct credit){.min = min, .max = max, .bucket_from_ms = now_ms};
}

void credit_on_completed(struct credit *credit, uint32_t recipients, uint64_t now_ms)
{
    credit_advance(credit, now_ms);
    credit->buckets[credit->at] += recipients;
}

uint32_t credit_limit(struct credit *credit, uint32_t in_hand, uint32_t in_flight, uint64_t now_ms)
{
    credit_advance(credit, now_ms);
    uint64_t second = 0;
    for (unsigned i = 0; i < CREDIT_BUCKETS; i++) {
        second += credit->buckets[i];
    }
    /* At the pace of the newest full bucket, or of what the present one holds already. */
    uint64_t newest = credit->buckets[(credit->at + CREDIT_BUCKETS - 1) % CREDIT_BUCKETS];
    if (credit->buckets[credit->at] > newest) {
        newest = credit->buckets[credit->at];
    }
    uint64_t pace = newest * CREDIT_BUCKETS > second ? newest * CREDIT_BUCKETS : second;
    uint64_t limit = pace + 2 * (uint64_t)in_flight;
    if (second == 0 && in_hand == 0) {
        limit = CREDIT_FIRST;
    }
    limit = limit < credit->min ? credit->min : limit;
    return limit > credit->max ? credit->max : (uint32_t)limit;
}
