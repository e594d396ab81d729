/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_limits: limits of providers that were set while we run. Each holds in place of that of
 * the settings, over restarts too, until it is taken back.
 *
 * Catalogue: CATALOGUE_PROVIDER, name -> u8 version = 2 · u64 rate · u64 burst, both in thousandths
 * · u64 since, unix ms · u64 since · u32 concurrency · u64 since · u32 quota · blob its zone · u64
 * since · u16 from · u16 to · blob zone of the quiet hours (empty: there are none). What has a
 * `since` of 0 is as the settings have it, and so is all of it without an entry. Version 1 ended
 * after the first `since`.
 */
#ifndef TOCSIN_CONTENT_PROVIDER_LIMITS_H
#define TOCSIN_CONTENT_PROVIDER_LIMITS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/content/respect_document.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"

#define PROVIDER_RATE_LEAST      0.001
#define PROVIDER_RATE_MAX        10e6 /* recipients per second, and of a burst */
#define PROVIDER_CONCURRENCY_MAX 1000000
#define PROVIDER_QUOTA_MAX       1000000000

/* Each part with its time, 0: the settings hold. */
struct provider_limit {
    double rate_per_s;
    double burst; /* 0: as engine.h has it */
    uint64_t since_ms;
    uint32_t concurrency; /* recipients under way; 0: any number */
    uint64_t concurrency_since_ms;
    uint32_t day_quota;                    /* recipients a day; 0: any number */
    char quota_zone[RESPECT_ZONE_MAX + 1]; /* "": that of the settings */
    uint64_t quota_since_ms;
    struct quiet_hours quiet_hours; /* none if `channels` is 0 */
    uint64_t quiet_since_ms;
};

/* Is any part of it set? */
bool provider_limit_is_set(const struct provider_limit *limit);

/* Changes what the document names, and leaves the rest as it is:
 *     {"rate":500,"burst":20,"concurrency":40,"quota":10000,"quota_zone":"Europe/Oslo",
 *      "quiet_hours":{"from":"22:00","to":"07:00","zone":"Europe/Oslo"}}
 * null takes a part back; "none", of all but the rate, says that there is no such limit. A rate
 * from 0.001 and a burst from 1 to PROVIDER_RATE_MAX, kept to the thousandth. ERR_INVALID. */
enum err provider_limit_read(struct provider_limit *limit, json_t *json, uint64_t now_ms,
                             struct document_problem *problem) WARN_UNUSED;
/* What is set of it, as provider_limit_read takes it; a burst of 0 is null. */
json_t *provider_limit_show(const struct provider_limit *limit);
/* What the catalogue has of one provider; all 0 if nothing. ERR_IO, ERR_CORRUPT, ERR_NEWER_VERSION.
 */
enum err provider_limit_load(struct provider_limit *limit, struct ledger *ledger, const char *name,
                             struct problem *problem) WARN_UNUSED;
/* Into the catalogue, or out of it if nothing is set. */
void provider_limit_put(const struct provider_limit *limit, const char *name,
                        struct record *record);

#endif
