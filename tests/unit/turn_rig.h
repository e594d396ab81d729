/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn_rig: a ledger on one of the stores (stores.h) and a turn over it, whose records become
 * durable when a test says so.
 */
#ifndef TOCSIN_TESTS_UNIT_TURN_RIG_H
#define TOCSIN_TESTS_UNIT_TURN_RIG_H

#include <stdint.h>

#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/turn.h"
#include "tests/unit/stores.h"

struct turn_rig {
    struct ledger *ledger;
    struct turn *turn;
    struct changelog *changelog;
};

void turn_rig_open(struct turn_rig *rig, struct stores *stores);
void turn_rig_close(struct turn_rig *rig);
/* Closes the turn; all that was decided is on disk. */
void turn_rig_write(struct turn_rig *rig, uint64_t now_ms);

#endif
