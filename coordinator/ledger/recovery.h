/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery: at a restart, brings the engine to where the journal ends. The engine already knows the
 * campaigns (engine_add_campaign); here it is given their closing counts, or the snapshots of their
 * pages and the blocks after them.
 */
#ifndef TOCSIN_LEDGER_RECOVERY_H
#define TOCSIN_LEDGER_RECOVERY_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"

struct recovery {
    uint64_t campaigns; /* that were still open */
    uint64_t snapshots;
    uint64_t blocks;
    uint64_t blocks_covered; /* by a snapshot */
};

/* One campaign with its audience's holes. ERR_CORRUPT with the campaign, page and record that do
 * not fit. Does not call engine_recovered. */
enum err recovery_campaign(struct ledger *ledger, struct engine *engine,
                           const struct campaign_def *def, struct recovery *recovery,
                           struct problem *problem) WARN_UNUSED;

/* Where a campaign's closing counts stand in the catalogue: for engine_set_end_key. */
void recovery_end_key(struct buf *key, uint64_t campaign);

#endif
