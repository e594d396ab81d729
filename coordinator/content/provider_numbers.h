/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_numbers: which number a provider has. Journal, leases and snapshots name providers by
 * number, so a number stays with its name as long as the ledger lives, whatever happens to the
 * order of the settings; and what was sent through a provider that the settings no longer have can
 * still be told by name.
 *
 * Catalogue: CATALOGUE_COUNTERS, "provider_numbers" -> u8 version = 1 · u8 count · the names by
 * number, each a blob (empty: free).
 */
#ifndef TOCSIN_CONTENT_PROVIDER_NUMBERS_H
#define TOCSIN_CONTENT_PROVIDER_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"
#include "proto/wire.h"

/* A value, 4 KiB. */
struct provider_numbers {
    char names[WIRE_PROVIDERS_MAX][WIRE_NAME_MAX + 1]; /* by number; "": free */
};

/* What the catalogue knows; nothing at first. ERR_IO, ERR_CORRUPT, ERR_NEWER_VERSION. */
enum err provider_numbers_load(struct provider_numbers *numbers, struct ledger *ledger,
                               struct problem *problem) WARN_UNUSED;
/* The number of each of the names (different ones, of 1 to WIRE_NAME_MAX bytes): the one it had, or
 * else a free one; when there are none left, that of a name that is not among them. True if the
 * table changed: then it must be put into the first record of this life. */
bool provider_numbers_give(struct provider_numbers *numbers, const char *const *names,
                           unsigned count, uint8_t *given);
void provider_numbers_put(const struct provider_numbers *numbers, struct record *record);
/* "" if the number was never given. */
const char *provider_numbers_name(const struct provider_numbers *numbers, uint8_t number);

#endif
