/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_cache: reports of campaigns that have ended, as JSON text, as long as nothing of the
 * campaign has changed. A few of them; the oldest goes. Loop's thread only.
 */
#ifndef TOCSIN_API_REPORT_CACHE_H
#define TOCSIN_API_REPORT_CACHE_H

#include <stdint.h>

struct report_cache;

/* What a report is of. */
struct report_cache_key {
    uint64_t campaign;
    uint64_t events; /* of campaign_view, when the reading began or before */
    const char *by;  /* "": nothing */
};

void report_cache_free(struct report_cache *cache); /* NULL is fine */
/* NULL: it is not there, or no longer true. Valid until the next report_cache_put. */
const char *report_cache_find(const struct report_cache *cache, const struct report_cache_key *key);
/* Makes *cache if it is NULL; copies. */
void report_cache_put(struct report_cache **cache, const struct report_cache_key *key,
                      const char *json);

#endif
