/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cap_merge: who of an audience had so many messages of other campaigns. How many each recipient of
 * the other audiences had is counted first, one byte a recipient; then the sorted indexes of all
 * audiences are read side by side, and where the hash of a key is the same, it is the same contact.
 * No recipient is looked up.
 *
 * Two different keys have the same 64 bits of a keyed hash once in many millions of audiences; then
 * one of the two may be spared a message too many.
 */
#ifndef TOCSIN_REPORT_CAP_MERGE_H
#define TOCSIN_REPORT_CAP_MERGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "common/err.h"
#include "coordinator/ledger/ledger.h"

/* Messages to the recipients of one audience, of all campaigns that sent to it. */
struct cap_tally {
    uint64_t audience;
    uint32_t slots;
    uint8_t *counts; /* by ordinal; stays at 255 */
};

void cap_tally_init(struct cap_tally *tally, uint64_t audience, uint32_t slots);
void cap_tally_release(struct cap_tally *tally);
/* One message more to each of these places of a page. */
void cap_tally_add(struct cap_tally *tally, uint32_t page, const struct bitmap *messaged);

/* Sets in capped[page] who of `audience` had `messages` or more. Stops early with ERR_CLOSED when
 * *is_stopped. From any thread. ERR_CORRUPT, ERR_IO. */
enum err cap_merge(struct ledger *ledger, uint64_t audience, uint32_t slots,
                   const struct cap_tally *tallies, unsigned count, uint32_t messages,
                   const atomic_bool *is_stopped, struct bitmap *capped) WARN_UNUSED;

#endif
