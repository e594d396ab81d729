/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_numbers: which number a provider has. Journal, leases and snapshots name providers by
 * number, so a number stays with its name as long as the ledger lives, whatever happens to the
 * order of the settings; and what was sent through a provider that the settings no longer have can
 * still be told by name.
 *
 * Catalogue: CATALOGUE_COUNTERS, "provider." and the name -> u64 number.
 */
#ifndef TOCSIN_CONTENT_PROVIDER_NUMBERS_H
#define TOCSIN_CONTENT_PROVIDER_NUMBERS_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"
#include "proto/wire.h"

/* A value, 4 KiB. */
struct provider_numbers {
    char names[WIRE_PROVIDERS_MAX][WIRE_NAME_MAX + 1]; /* by number; "": free */
};

/* What the catalogue knows. ERR_IO, ERR_CORRUPT. */
enum err provider_numbers_load(struct provider_numbers *numbers, struct ledger *ledger,
                               struct problem *problem) WARN_UNUSED;
/* Gives each of the names (different ones, of at most WIRE_NAME_MAX bytes) its number in given[]:
 * the one it had, or else a free one; when there are none left, that of a name that is not among
 * them. What is new is put into the record. */
void provider_numbers_give(struct provider_numbers *numbers, const char *const *names,
                           unsigned count, uint8_t *given, struct record *record);
/* "" if the number was never given. */
const char *provider_numbers_name(const struct provider_numbers *numbers, uint8_t number);

#endif
