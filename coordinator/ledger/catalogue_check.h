/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue_check: is the catalogue what the chain says it is? It is told every put and remove,
 * oldest first, and then compares: each key must hold the value that was put last, a removed key
 * must be gone, and nothing else may be there.
 */
#ifndef TOCSIN_LEDGER_CATALOGUE_CHECK_H
#define TOCSIN_LEDGER_CATALOGUE_CHECK_H

#include "coordinator/ledger/chain.h"
#include "coordinator/ledger/ledger_verify.h"

struct catalogue_check;

struct catalogue_check *catalogue_check_new(void);
void catalogue_check_free(struct catalogue_check *check);
/* Takes the changes of one record. */
void catalogue_check_note(struct catalogue_check *check, const struct chain_header *header);
void catalogue_check_compare(struct catalogue_check *check, struct ledger *ledger,
                             struct damages *damages);

#endif
