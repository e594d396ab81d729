/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_verify: one partition's chain compared with the blocks that are stored. Used for the
 * newest records at every opening, and for all of them by ledger_check.
 */
#ifndef TOCSIN_LEDGER_LEDGER_VERIFY_H
#define TOCSIN_LEDGER_LEDGER_VERIFY_H

#include <stdint.h>

#include "coordinator/ledger/chain.h"
#include "coordinator/ledger/ledger_internal.h"

/* Where damages go, one sentence each. */
struct damages {
    void (*report)(void *arg, const char *what);
    void *arg;
    uint64_t count;
};
void damages_report(struct damages *damages, const char *format, ...) PRINTF_LIKE(2, 3);

/* Called for each header that could be read, oldest first. May be NULL. */
typedef void (*verify_record_fn)(void *arg, const struct chain_header *header);

/* One verification over any number of chains. */
struct verification {
    struct damages *damages;
    verify_record_fn each;
    void *arg;
    uint64_t records; /* that were read */
    uint64_t blocks;
};

/* Verifies the records from from_recno (1 or later) to the head: that none is missing, that each
 * holds the hash of the one before, that its blocks are there and match its root, and that the
 * newest is the head. */
void ledger_verify_chain(struct ledger *ledger, uint16_t partition, uint64_t from_recno,
                         struct verification *verification);

#endif
