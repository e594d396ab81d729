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

/* What is found: who of the audience had so many messages or more, by page; and how many each had,
 * by ordinal, up to 255 (NULL: nobody wants to know). */
struct cap_found {
    struct bitmap *capped;
    uint8_t *had;
};

/* Of `audience`. Stops early with ERR_CLOSED when *is_stopped. From any thread. ERR_CORRUPT,
 * ERR_IO. */
enum err cap_merge(struct ledger *ledger, uint64_t audience, uint32_t slots,
                   const struct cap_tally *tallies, unsigned count, uint32_t messages,
                   const atomic_bool *is_stopped, const struct cap_found *found) WARN_UNUSED;

#endif
