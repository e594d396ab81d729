/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/retry_fixture.h"

#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {OUTCOME_ACCEPTED, 202, 0, NULL};
static const struct rig_fate REFUSED = {OUTCOME_REJECTED, 400, 0, NULL};
static const struct rig_fate NO_PHONE = {OUTCOME_REJECTED, REASON_NO_ENDPOINT, 0, NULL};
static const struct rig_fate UNSURE = {OUTCOME_UNCERTAIN, REASON_TIMED_OUT_AFTER, 0, NULL};

void finish_first_round(struct rig *rig, const struct campaign_control *control)
{
    rig_init(rig);
    rig_join(rig, 1, WORKER, CREDIT);
    struct campaign_def def = rig_def(rig, 1, 1500);
    def.control = *control;
    def.plan.steps[0].on_uncertain = PLAN_HOLD;
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_run(rig, 1);
    assert_int_equal(rig->batch_count, 2);
    struct rig_batch first = rig->batches[0];
    struct rig_batch second = rig->batches[1];
    rig_say(rig, &first, 0, 10, &REFUSED);
    rig_say(rig, &first, 10, 5, &UNSURE);
    rig_say(rig, &first, 15, 3, &NO_PHONE);
    rig_say(rig, &first, 18, 1024 - 18, &ACCEPTED);
    rig_say(rig, &second, 0, 1024, &ACCEPTED);
    assert_int_equal(rig_campaign_state(rig, 1), CAMPAIGN_FINISHED);
    rig_close(rig);
}
