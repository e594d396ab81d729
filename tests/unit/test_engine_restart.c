/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal alone says to the next process. */
#include "common/mem.h"
#include "coordinator/engine/engine.h"
#include "tests/dice.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate RETURNED = {.outcome = OUTCOME_RETURNED, .reason = REASON_DRAINED};

/* ---- Restart ---- */

static void leases_of_the_former_life_wait_for_their_worker(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
    struct rig_batch batch = rig.batches[0];
    rig_close(&rig);
    rig_restart(&rig);
    rig_run(&rig, RIG_LEASE_MS - 1000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_join(&rig, 1, 11, 65536);
    struct worker_view view;
    assert_true(engine_worker(rig.engine, 0, &view));
    assert_int_equal(view.in_hand[CHANNEL_SMS], 2500);
    rig_say(&rig, &batch, 0, 1000, &ACCEPTED);
    rig_say(&rig, &batch, 1000, 24, &RETURNED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 24);
    rig_check(&rig);
    rig_release(&rig);
}

static void leases_of_the_former_life_end_when_nobody_comes(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
    rig_close(&rig);
    rig_restart(&rig);
    rig_run(&rig, RIG_LEASE_MS);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 2500);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_was_not_in_the_journal_did_not_happen(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 2500);
    rig_join(&rig, 1, 11, 65536);
    rig_close(&rig);
    rig_run(&rig, 1);
    uint64_t lost = rig.batches[0].wire.lease;
    rig_restart(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 2500);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 2500);
    assert_true(rig.batches[0].wire.lease > lost);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_cancelled_campaign_is_cancelled_after_the_restart_too(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 1500);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_close(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 3500);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 1500);
    rig_join(&rig, 1, 11, 1500);
    rig_effects(&rig);
    assert_int_equal(rig_count_effects(&rig, ENGINE_CANCEL), 1);
    rig_say(&rig, &batch, 0, 1024, &RETURNED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 4524);
    rig_check(&rig);
    rig_release(&rig);
}

static void damaged_blocks_are_refused(void **test)
{
    (void)test;
    struct rig rig;
    struct event_list list;
    struct buf block = {0};
    event_list_init(&list);
    event_block_encode(&list, &block);
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 1500);
    rig_add(&rig, &def);
    assert_int_equal(engine_replay_block(rig.engine, 1, 1, buf_view(&block)), ERR_OK);
    assert_int_equal(engine_replay_block(rig.engine, 1, 2, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 1, UINT32_MAX, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 9, 0, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, slice_str("no block")), ERR_UNSUPPORTED);
    assert_int_equal(engine_replay_snapshot(rig.engine, 9, 0, slice_str("x")), ERR_CORRUPT);
    struct event accepted = {.kind = DELIVERY_EVENT_ACCEPTED, .span = 1, .at_ms = rig.now_ms};
    event_list_add(&list, &accepted);
    buf_clear(&block);
    event_block_encode(&list, &block);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, buf_view(&block)), ERR_OK);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 1, RECORD_PAGE_CAMPAIGN, buf_view(&block)),
                     ERR_CORRUPT);
    event_list_clear(&list);
    struct event leased = {.kind = DELIVERY_EVENT_LEASED,
                           .provider = WIRE_PROVIDERS_MAX,
                           .offset = 1,
                           .span = 1,
                           .lease = 77,
                           .worker = 5,
                           .at_ms = rig.now_ms};
    event_list_add(&list, &leased);
    buf_clear(&block);
    event_block_encode(&list, &block);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, buf_view(&block)), ERR_CORRUPT);
    event_list_release(&list);
    buf_release(&block);
    rig_release(&rig);
}

static void closing_counts_come_back_from_their_bytes(void **test)
{
    (void)test;
    struct campaign_end end = {
        .state = CAMPAIGN_CANCELLED, .launched_ms = 5, .ended_ms = 9, .complained = 77};
    struct campaign_end back;
    struct buf bytes = {0};
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        end.counts[s] = s * 1000;
        end.rungs[0].states[s] = s * 900;
        end.rungs[PLAN_RUNGS_MAX - 1].states[s] = s * 100;
    }
    end.has_rungs = true;
    campaign_end_encode(&end, &bytes);
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_OK);
    assert_memory_equal(end.counts, back.counts, sizeof(end.counts));
    assert_int_equal(back.state, CAMPAIGN_CANCELLED);
    assert_int_equal(back.launched_ms, 5);
    assert_int_equal(back.ended_ms, 9);
    assert_int_equal(back.complained, 77);
    assert_true(back.has_rungs);
    assert_memory_equal(end.rungs, back.rungs, sizeof(end.rungs));
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *copy = mem_copy(bytes.data, len);
        assert_int_equal(campaign_end_decode(slice_of(copy, len), &back), ERR_CORRUPT);
        mem_free(copy);
    }
    buf_u8(&bytes, 0);
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_CORRUPT);
    bytes.len--;
    bytes.data[1] = CAMPAIGN_RUNNING;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_CORRUPT);
    bytes.data[0] = 5;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_UNSUPPORTED);
    bytes.data[0] = 2; /* which ended behind the complaints */
    bytes.data[1] = CAMPAIGN_CANCELLED;
    bytes.len = 2 + 16 + 1 + 4 * DELIVERY_STATES + 21;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_OK);
    assert_int_equal(back.complained, 77);
    assert_false(back.has_rungs);
    bytes.data[0] = 1; /* which ended behind the counts */
    bytes.len -= 21;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_OK);
    assert_int_equal(back.complained, 0);
    buf_release(&bytes);
}

/* ---- All of it at random, with restarts: the journal alone says where everything stands ---- */

static void random_outcome(struct rig *rig, struct dice *dice)
{
    static const uint16_t REASONS[OUTCOMES] = {200, 503,           429, 400, REASON_TIMED_OUT_AFTER,
                                               401, REASON_DRAINED};
    if (rig->batch_count == 0) {
        return;
    }
    const struct rig_batch *batch = &rig->batches[dice_below(dice, rig->batch_count)];
    unsigned offset = dice_below(dice, PAGE_RECIPIENTS);
    unsigned span = 1 + dice_below(dice, PAGE_RECIPIENTS - offset);
    unsigned outcome = dice_chance(dice, 500) ? OUTCOME_ACCEPTED : dice_below(dice, OUTCOMES);
    bool is_unconnected = outcome == OUTCOME_DEFERRED && dice_chance(dice, 300);
    rig_say(rig, batch, offset, span,
            &(struct rig_fate){(enum outcome)outcome,
                               is_unconnected ? REASON_CONNECT_FAILED : REASONS[outcome],
                               dice_below(dice, 3000), NULL});
}

static void random_step(struct rig *rig, struct dice *dice)
{
    uint64_t campaign = 1 + dice_below(dice, 3);
    switch (dice_below(dice, 24)) {
    case 0:
        (void)!engine_pause(rig->engine, campaign, rig->now_ms, NULL);
        break;
    case 1:
    case 2:
        (void)!engine_resume(rig->engine, campaign, rig->now_ms, NULL);
        break;
    case 3:
        if (dice_chance(dice, 60)) {
            (void)!engine_cancel(rig->engine, campaign, rig->now_ms, NULL);
        }
        break;
    case 4:
        rig_join(rig, 1, 11 + dice_below(dice, 2), dice_below(dice, 4000));
        break;
    case 5:
        engine_worker_bye(rig->engine, dice_chance(dice, 500) ? 11 : 21, rig->now_ms);
        break;
    case 6:
        rig_join(rig, 2, 21, dice_below(dice, 1000));
        break;
    case 7:
        rig_run(rig, dice_below(dice, 20000));
        break;
    case 8:
        rig_close(rig);
        break;
    case 9:
    case 10:
    case 11:
        rig_run(rig, dice_below(dice, 200));
        break;
    default:
        random_outcome(rig, dice);
        break;
    }
}

static void random_campaigns(struct rig *rig, struct dice *dice)
{
    for (uint64_t id = 1; id <= 3; id++) {
        struct campaign_def def = rig_def(rig, id, 1 + dice_below(dice, 2500));
        struct plan_step *step = &def.plan.steps[0];
        struct bitmap holes = {{0}};
        if (dice_chance(dice, 500)) {
            unsigned slots = def.slots < PAGE_RECIPIENTS ? def.slots : PAGE_RECIPIENTS;
            for (unsigned i = 0; i < slots; i += 1 + dice_below(dice, 20)) {
                bitmap_set(&holes, i);
            }
            def.recipients -= bitmap_count(&holes);
        }
        step->endpoint_ranks = (uint8_t)dice_between(dice, 1, 3);
        step->attempts = (uint8_t)dice_between(dice, 1, 6);
        step->on_uncertain = dice_chance(dice, 300) ? PLAN_HOLD : PLAN_RESEND;
        step->backoff_ms = dice_between(dice, 1, 30000);
        step->within_ms = dice_between(dice, 1000, 600000);
        def.priority = (enum campaign_priority)dice_below(dice, PRIORITIES);
        rig_add(rig, &def);
        if (bitmap_count(&holes) > 0) {
            rig_add_holes(rig, id, 0, &holes);
        }
        if (id < 3) {
            assert_int_equal(engine_launch(rig->engine, id, rig->now_ms, NULL), ERR_OK);
        }
    }
}

/* Every page gets an event in every turn, as in a flood of receipts. */
static void pages_are_not_all_due_for_a_snapshot_at_once(void **test)
{
    (void)test;
    enum { PAGES = 256, TURNS = 640, BLOCKS = 64 };
    unsigned all = 0;
    unsigned most = 0;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){.epoch = 1,
                                                  .seed = 1,
                                                  .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                  .lease_ms = RIG_LEASE_MS,
                                                  .snapshot_blocks = BLOCKS});
    rig_add_provider(&rig, 0, 0);
    rig_launch(&rig, 1, PAGES * PAGE_RECIPIENTS);
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        for (uint32_t page = 0; page < PAGES; page++) {
            assert_int_equal(
                engine_acknowledge(rig.engine, 1, page * PAGE_RECIPIENTS + turn, rig.now_ms),
                ERR_OK);
        }
        rig_close(&rig);
        const struct record *record = rig.records[rig.record_count - 1];
        unsigned count = 0;
        for (size_t i = 0; i < record->entry_count; i++) {
            count += record->entries[i].kind == RECORD_SNAPSHOT;
        }
        all += count;
        most = count > most ? count : most;
    }
    assert_in_range(all, PAGES * TURNS / BLOCKS * 9 / 10, PAGES * TURNS / BLOCKS * 12 / 10);
    assert_in_range(most, 1, PAGES / 8);
    rig_restart(&rig);
    rig_check(&rig);
    rig_release(&rig);
}

static void the_journal_alone_says_where_everything_stands(void **test)
{
    (void)test;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct dice dice = {seed};
        struct rig rig;
        rig_init_with(&rig, &(struct engine_settings){.epoch = 1,
                                                      .seed = seed,
                                                      .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                      .lease_ms = RIG_LEASE_MS,
                                                      .snapshot_blocks = dice_below(&dice, 4)});
        rig_add_provider(&rig, 0, 0);
        rig_add_provider(&rig, 1, dice_below(&dice, 500));
        random_campaigns(&rig, &dice);
        rig_join(&rig, 1, 11, 3000);
        for (unsigned i = 0; i < 300; i++) {
            random_step(&rig, &dice);
            if (i % 20 == 0) {
                rig_check(&rig);
            }
            if (dice_chance(&dice, 20)) {
                rig_close(&rig);
                rig_restart(&rig);
                rig_check(&rig);
            }
        }
        rig_check(&rig);
        rig_release(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leases_of_the_former_life_wait_for_their_worker),
        cmocka_unit_test(leases_of_the_former_life_end_when_nobody_comes),
        cmocka_unit_test(what_was_not_in_the_journal_did_not_happen),
        cmocka_unit_test(a_cancelled_campaign_is_cancelled_after_the_restart_too),
        cmocka_unit_test(damaged_blocks_are_refused),
        cmocka_unit_test(closing_counts_come_back_from_their_bytes),
        cmocka_unit_test(pages_are_not_all_due_for_a_snapshot_at_once),
        cmocka_unit_test(the_journal_alone_says_where_everything_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
