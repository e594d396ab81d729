/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_fixture: a ledger on one of the stores (stores.h), and an example of what it holds.
 */
#ifndef TOCSIN_TESTS_UNIT_LEDGER_FIXTURE_H
#define TOCSIN_TESTS_UNIT_LEDGER_FIXTURE_H

#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/ledger_keys.h"
#include "stores.h"

struct ledger *open_ledger(struct stores *stores);
void write_record(struct ledger *ledger, struct record *take_record);
struct record *next_record(struct ledger *ledger);
void put_campaign(struct record *record, uint64_t id, const char *value);
/* Three records: campaigns 7 and 8 with blocks, changes and a snapshot. */
void write_example(struct ledger *ledger);
void note_damage(void *arg, const char *what);
void announce_audience(struct ledger *ledger, uint64_t audience);
struct ledger_audience *load_example(struct ledger *ledger, uint64_t audience);
bool note_ordinal(void *arg, uint32_t ordinal);
void raw_put(struct ledger *ledger, enum store_family family, struct slice key, struct slice value);
void raw_remove(struct ledger *ledger, enum store_family family, struct slice key);

#endif
