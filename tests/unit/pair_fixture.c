/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/pair_fixture.h"

#include "tests/unit/unit.h"

/* How long after its breaker opened a probe is sent; then nobody climbs for a while. */
#define BREAKER_MS (10u * MINUTE_MS)

void add_step(struct plan *plan, enum channel_kind channel, bool is_beside, enum plan_until until,
              unsigned repeats)
{
    struct plan_step *step = &plan->steps[plan->step_count];
    plan_step_defaults(step, channel);
    step->with_previous = is_beside;
    step->until = until;
    step->attempts = 2;
    step->within_ms = MINUTE_MS;
    plan->step_count++;
    plan_repeat_last(plan, repeats, MINUTE_MS);
}

struct campaign_def pair_def(const struct rig *rig, enum plan_until until, uint32_t slots)
{
    struct campaign_def def = rig_def(rig, 1, slots);
    def.plan.step_count = 0;
    add_step(&def.plan, CHANNEL_SMS, false, until, 2);
    add_step(&def.plan, CHANNEL_EMAIL, true, until, 1);
    add_step(&def.plan, CHANNEL_VOICE, false, until, 0);
    return def;
}

void rig_make(struct rig *rig)
{
    static const enum channel_kind CHANNELS[] = {CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_VOICE};
    rig_init_with(rig, &(struct engine_settings){.epoch = 1,
                                                 .seed = 7,
                                                 .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                 .lease_ms = RIG_LEASE_MS,
                                                 .snapshot_blocks = 2,
                                                 .down_grace_ms = GRACE_MS});
    for (uint8_t p = 0; p < 3; p++) {
        rig_add_provider(rig, p, 0);
        rig->providers[p].channel = CHANNELS[p];
        rig->providers[p].breaker_ms = BREAKER_MS;
        engine_add_provider(rig->engine, &rig->providers[p]);
    }
}

void start(struct rig *rig, const struct campaign_def *def)
{
    rig_add(rig, def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, CREDIT);
    rig_run(rig, 0);
}

void pass(struct rig *rig, uint64_t ms, const struct rig_fate *const fates[3], unsigned sent[RUNGS])
{
    for (uint64_t passed = 0; passed < ms; passed += 500) {
        (void)engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, 500);
        for (unsigned b = 0; b < rig->batch_count; b++) {
            unsigned step = rig->batches[b].wire.step;
            const struct rig_fate *fate = fates[step == VOICE ? 2 : step >= EMAIL];
            sent[step] += rig->batches[b].wire.count;
            if (fate != NULL) {
                rig_say(rig, &rig->batches[b], 0, PAGE_RECIPIENTS, fate);
            }
        }
    }
}

struct rig_batch batch_of(const struct rig *rig, unsigned step)
{
    unsigned i = 0;
    while (i < rig->batch_count && rig->batches[i].wire.step != step) {
        i++;
    }
    assert_true(i < rig->batch_count);
    return rig->batches[i];
}

struct recipient_state track(struct rig *rig, uint32_t ordinal, bool is_side)
{
    struct recipient_state state = {.state = DELIVERY_NONE};
    (void)engine_track(rig->engine, 1, ordinal, is_side, &state);
    return state;
}

void assert_sent(const unsigned sent[RUNGS], const unsigned expected[RUNGS])
{
    for (unsigned s = 0; s < RUNGS; s++) {
        assert_int_equal(sent[s], expected[s]);
    }
}
