/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a restart reads besides events. The first byte says what the rest is: 0 the closing counts
 * of a campaign, 1 the snapshot of a page of 976 recipients (the second of a campaign of 2,000), 2
 * a block of events of that page.
 */
#include <assert.h>
#include <stdlib.h>

#include "coordinator/engine/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine *engine_with_campaign(void)
{
    struct engine *engine =
        engine_new(&(struct engine_settings){.epoch = 1, .heartbeat_ms = 1000, .lease_ms = 15000});
    struct campaign_def def = {.id = 1,
                               .audience = 1,
                               .created_ms = 1,
                               .slots = 2000,
                               .recipients = 2000,
                               .weight = 1,
                               .plan = {.step_count = 1}};
    plan_step_defaults(&def.plan.steps[0], CHANNEL_SMS);
    enum err err = engine_add_campaign(engine, &def);
    assert(err == ERR_OK);
    return engine;
}

/* Whatever was taken for whole adds up. */
static void check_counts(struct engine *engine)
{
    struct campaign_view view;
    uint32_t sum = 0;
    bool is_there = engine_campaign(engine, 1, &view);
    assert(is_there);
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        sum += view.counts[s];
    }
    assert(sum <= 2000);
}

static void read_end(struct slice bytes)
{
    struct campaign_end end;
    struct buf back = {0};
    if (campaign_end_decode(bytes, &end) == ERR_OK) {
        assert(end.state == CAMPAIGN_FINISHED || end.state == CAMPAIGN_CANCELLED);
        campaign_end_encode(&end, &back);
        assert(campaign_end_decode(buf_view(&back), &end) == ERR_OK);
    }
    buf_release(&back);
}

static void replay(struct slice bytes, bool is_snapshot)
{
    struct engine *engine = engine_with_campaign();
    enum err err = is_snapshot ? engine_replay_snapshot(engine, 1, 1, bytes)
                               : engine_replay_block(engine, 1, 1, bytes);
    if (err == ERR_OK) {
        engine_recovered(engine, 1000);
        check_counts(engine);
        (void)engine_run(engine, 100000);
        check_counts(engine);
    }
    engine_free(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct slice rest = slice_of(data + 1, size - 1);
    switch (data[0]) {
    case 0:
        read_end(rest);
        break;
    case 1:
        replay(rest, true);
        break;
    default:
        replay(rest, false);
        break;
    }
    return 0;
}
