/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_internal: what the files of the ledger share and nobody else sees.
 */
#ifndef TOCSIN_LEDGER_LEDGER_INTERNAL_H
#define TOCSIN_LEDGER_LEDGER_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "coordinator/ledger/chain.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/ledger_keys.h"

struct partition_head {
    uint16_t partition;
    struct ledger_head head;
};

struct ledger {
    struct store *store;
    uint8_t token_key[HASH_KEY_BYTES];
    uint8_t lookup_key[HASH_KEY_BYTES];
    pthread_mutex_t lock; /* heads: the committer writes them, anybody reads */
    struct partition_head *heads;
    size_t head_count;
    uint32_t format;              /* of the store; of the committer, once it is open */
    struct chain_scratch scratch; /* of the committer */
    struct buf header;            /* of the committer */
};

/* How many partitions there are, and the n-th of them. */
size_t ledger_partitions(struct ledger *ledger);
uint16_t ledger_partition(struct ledger *ledger, size_t n);

#endif
