/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookup_scan: the whole index of an audience, ascending by (hash, ordinal), one block in memory at
 * a time. From any thread.
 */
#ifndef TOCSIN_LEDGER_LOOKUP_SCAN_H
#define TOCSIN_LEDGER_LOOKUP_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct ledger;
struct lookup_scan;

struct lookup_scan *lookup_scan_new(struct ledger *ledger, uint64_t audience);
/* The next recipient: the keyed hash of his key, and his ordinal. False at the end, or when
 * something is wrong: lookup_scan_free says what. */
bool lookup_scan_next(struct lookup_scan *scan, uint64_t *hash, uint32_t *ordinal);
/* ERR_OK, ERR_CORRUPT, ERR_IO. NULL is fine. */
enum err lookup_scan_free(struct lookup_scan *scan);

#endif
