/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/turn_rig.h"

#include "tests/unit/unit.h"

void turn_rig_open(struct turn_rig *rig, struct stores *stores)
{
    struct problem problem;
    struct ledger_head head;
    assert_int_equal(ledger_open(&rig->ledger, stores_open(stores), &problem), ERR_OK);
    ledger_head(rig->ledger, 0, &head);
    rig->turn = turn_new(0, head.epoch + 1, head.recno + 1);
    rig->changelog = changelog_mem_new(rig->ledger, turn_on_durable, rig->turn);
    turn_set_changelog(rig->turn, rig->changelog);
}

void turn_rig_close(struct turn_rig *rig)
{
    rig->changelog->ops->close(rig->changelog);
    turn_free(rig->turn);
    ledger_close(rig->ledger);
}

void turn_rig_write(struct turn_rig *rig, uint64_t now_ms)
{
    turn_close(rig->turn, now_ms);
    while (changelog_mem_step(rig->changelog)) {
    }
}
