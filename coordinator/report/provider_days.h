/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_days: how many were leased of each provider on its calendar day, whether it has a quota
 * or may be given one. The engine counts; the count goes into the record of the leases themselves,
 * so that it is durable with them.
 *
 * Catalogue: CATALOGUE_COUNTERS, "provider_day/" and the name -> u8 version = 1 · u64 day, counted
 * from 1970-01-01 in the zone of the time · u64 leased.
 */
#ifndef TOCSIN_REPORT_PROVIDER_DAYS_H
#define TOCSIN_REPORT_PROVIDER_DAYS_H

#include <stdint.h>

#include "common/err.h"
#include "common/time_zone.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"
#include "proto/wire.h"

struct provider_day {
    const char *name;       /* borrowed */
    struct time_zone *zone; /* NULL: there is no such provider */
    uint64_t day;
    uint64_t used;     /* as the ledger has it, of this day */
    uint64_t until_ms; /* as the engine was told; 0: not yet */
};

/* Begins zeroed. */
struct provider_days {
    struct provider_day by_number[WIRE_PROVIDERS_MAX];
};

/* A provider, and what the ledger has of it. ERR_IO, ERR_CORRUPT, ERR_NEWER_VERSION,
 * and as time_zone_open. */
enum err provider_days_add(struct provider_days *days, const struct provider_def *def,
                           const char *zone, struct ledger *ledger,
                           struct problem *problem) WARN_UNUSED;
/* Its days begin and end in another zone, from now on: what was leased on the day that goes on
 * counts for the one of that zone, so that rather too many are counted than too few. The engine is
 * told. As time_zone_open; then nothing is changed. */
enum err provider_days_move(struct provider_days *days, struct engine *engine, uint8_t id,
                            const char *zone, uint64_t now_ms, struct record *record,
                            struct problem *problem) WARN_UNUSED;
void provider_days_release(struct provider_days *days);
/* Before the engine runs: a new day begins for those whose day is over. After a day that the ledger
 * knows, and the clock does not yet, that one goes on. */
void provider_days_tell(struct provider_days *days, struct engine *engine, uint64_t now_ms);
/* After the engine ran, and before the turn of its leases is closed. */
void provider_days_note(struct provider_days *days, const struct engine *engine,
                        struct record *record);

#endif
