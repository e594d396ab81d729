/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_lost: how many recipients of each provider may be under way without a lease, kept over
 * restarts: a coordinator that starts anew would give their places to others, while the requests of
 * a worker that was lost shortly before may still be open. The count goes into the record of the
 * events that changed it. A new life cannot know how long ago they were lost, so they count in full
 * once more.
 *
 * Catalogue: CATALOGUE_COUNTERS, "provider_lost" -> u8 version = 1 · u8 count · for each provider
 * that has any u8 number, u32 recipients.
 */
#ifndef TOCSIN_REPORT_PROVIDER_LOST_H
#define TOCSIN_REPORT_PROVIDER_LOST_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"
#include "proto/wire.h"

/* Begins zeroed. */
struct provider_lost {
    uint32_t by_number[WIRE_PROVIDERS_MAX]; /* as the ledger has them */
};

/* The engine has recovered, and is told of those that the ledger knows. ERR_IO, ERR_CORRUPT,
 * ERR_NEWER_VERSION. */
enum err provider_lost_load(struct provider_lost *lost, struct engine *engine,
                            struct ledger *ledger, struct problem *problem) WARN_UNUSED;
/* As a turn is closed. */
void provider_lost_note(struct provider_lost *lost, struct engine *engine, struct record *record);

#endif
