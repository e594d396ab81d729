/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/intake_fixture.h"

#include "tests/unit/unit.h"

struct plan_step leased_with(struct rig *rig, void (*change)(struct plan_step *step))
{
    rig_init(rig);
    struct campaign_def def = rig_def(rig, 1, 100);
    if (change != NULL) {
        change(&def.plan.steps[0]);
    }
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, 65536);
    rig_run(rig, 1);
    assert_int_equal(rig_leased(rig), 100);
    return def.plan.steps[0];
}

void say(struct rig *rig, unsigned offset, unsigned span, const struct rig_fate *fate)
{
    rig_say(rig, &rig->batches[0], offset, span, fate);
}

bool wait_for_lease(struct rig *rig, uint32_t ordinal)
{
    for (unsigned i = 0; i < 20000; i++) {
        engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, 100);
        for (unsigned b = 0; b < rig->batch_count; b++) {
            if (bitmap_has(&rig->batches[b].wire.places, ordinal)) {
                rig->batches[0] = rig->batches[b];
                return true;
            }
        }
        if (delivery_state_is_final((enum delivery_state)rig_state(rig, 1, ordinal).state)) {
            return false;
        }
    }
    return false;
}

enum delivery_state state_of(struct rig *rig, uint32_t ordinal)
{
    return (enum delivery_state)rig_state(rig, 1, ordinal).state;
}

void little_time(struct plan_step *step)
{
    step->within_ms = 60000;
    step->attempts = 15;
}

void wait_for_expiry(struct rig *rig)
{
    rig_run(rig, RIG_LEASE_MS + 1);
}
