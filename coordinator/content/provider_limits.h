/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_limits: limits of providers that were set while we run. They hold in place of those of
 * the settings, over restarts too, until they are taken back.
 *
 * Catalogue: CATALOGUE_PROVIDER, name -> u8 version = 1 · u64 rate · u64 burst, both in
 * thousandths · u64 since, unix ms. Without an entry the settings hold.
 */
#ifndef TOCSIN_CONTENT_PROVIDER_LIMITS_H
#define TOCSIN_CONTENT_PROVIDER_LIMITS_H

#include <jansson.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"
#include "proto/wire.h"

#define PROVIDER_RATE_MAX 10e6 /* recipients per second, and of a burst */

struct provider_limit {
    double rate_per_s;
    double burst;      /* 0: as engine.h has it */
    uint64_t since_ms; /* 0: the settings hold */
};

/* A value. */
struct provider_limits {
    struct provider_limit by_number[WIRE_PROVIDERS_MAX]; /* as provider_numbers.h has them */
};

/* {"rate":500,"burst":20}: since_ms stays 0 if rate is null, which takes the limit back. A rate
 * from 0.001 and a burst from 1 to PROVIDER_RATE_MAX, kept to the thousandth; else ERR_INVALID. */
enum err provider_limit_read(struct provider_limit *limit, json_t *json, uint64_t now_ms,
                             struct document_problem *problem) WARN_UNUSED;
/* What the catalogue has of one provider; all 0 if nothing. ERR_IO, ERR_CORRUPT, ERR_NEWER_VERSION.
 */
enum err provider_limit_load(struct provider_limit *limit, struct ledger *ledger, const char *name,
                             struct problem *problem) WARN_UNUSED;
/* Into the catalogue, or out of it if since_ms is 0. */
void provider_limit_put(const struct provider_limit *limit, const char *name,
                        struct record *record);

#endif
