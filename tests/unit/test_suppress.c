/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must not be sent to is not, wherever he stands, and shows why.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define CREDIT    (64u * 1024)
#define MINUTE_MS 60000u
#define ALL       ENGINE_ALL_CHANNELS

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 550};
static const struct rig_fate DEFERRED = {.outcome = OUTCOME_DEFERRED, .reason = 451};
static const struct rig_fate RECALLED = {.outcome = OUTCOME_RETURNED, .reason = REASON_RECALLED};
static const struct rig_fate NO_ENDPOINT = {.outcome = OUTCOME_REJECTED,
                                            .reason = REASON_NO_ENDPOINT};
static const struct rig_fate UNCERTAIN = {.outcome = OUTCOME_UNCERTAIN,
                                          .reason = REASON_TIMED_OUT_AFTER};

/* SMS with two endpoints, then e-mail with one; not launched. */
static void draft_init(struct rig *rig, enum plan_until until, uint32_t slots)
{
    rig_init(rig);
    rig_add_provider(rig, 1, 0);
    rig->providers[1].channel = CHANNEL_EMAIL;
    engine_add_provider(rig->engine, &rig->providers[1]);
    struct campaign_def def = rig_def(rig, 1, slots);
    def.plan.step_count = 2;
    for (unsigned s = 0; s < 2; s++) {
        plan_step_defaults(&def.plan.steps[s], s == 0 ? CHANNEL_SMS : CHANNEL_EMAIL);
        def.plan.steps[s].within_ms = MINUTE_MS;
        def.plan.steps[s].backoff_ms = 1000;
        def.plan.steps[s].until = until;
        def.plan.steps[s].endpoint_ranks = s == 0 ? 2 : 1;
    }
    rig_add(rig, &def);
    rig_join(rig, 1, 11, CREDIT);
}

static void launch(struct rig *rig)
{
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_run(rig, 0);
}

static void suppress(struct rig *rig, uint32_t ordinal, unsigned channel, unsigned rank,
                     uint16_t reason)
{
    assert_int_equal(engine_suppress(rig->engine, 1, ordinal, channel, rank, reason, rig->now_ms),
                     ERR_OK);
}

static bool is_in_batch(const struct rig *rig, unsigned place)
{
    for (unsigned b = 0; b < rig->batch_count; b++) {
        const struct wire_batch *wire = &rig->batches[b].wire;
        if (wire->whole ? place < wire->count : bitmap_has(&wire->places, place)) {
            return true;
        }
    }
    return false;
}

static void who_is_suppressed_before_the_launch_is_never_leased(void **test)
{
    (void)test;
    struct rig rig;
    struct event event;
    draft_init(&rig, PLAN_ACCEPTED, 100);
    suppress(&rig, 7, ALL, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    assert_int_equal(rig_state(&rig, 1, 7).state, DELIVERY_SUPPRESSED);
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 99);
    assert_false(is_in_batch(&rig, 7));
    rig_accept_all(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_SUPPRESSED), 1);
    rig_check(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_SUPPRESSED, &event));
    assert_int_equal(event.reason, REASON_OPTED_OUT);
    assert_int_equal(event.offset, 7);
    rig_release(&rig);
}

static void a_campaign_of_suppressed_people_ends_at_its_launch(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACCEPTED, 3);
    for (unsigned i = 0; i < 3; i++) {
        suppress(&rig, i, ALL, ENGINE_ALL_RANKS, REASON_LEGAL);
    }
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_DRAFT);
    launch(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_leased(&rig), 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void an_endpoint_that_is_barred_is_passed_by(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACCEPTED, 4);
    suppress(&rig, 0, CHANNEL_SMS, 0, REASON_BOUNCED); /* on to the second number */
    suppress(&rig, 1, CHANNEL_SMS, ENGINE_ALL_RANKS, REASON_OPTED_OUT); /* on to e-mail */
    suppress(&rig, 2, CHANNEL_SMS, 1, REASON_INVALID);                  /* nothing yet */
    assert_int_equal(rig_state(&rig, 1, 0).endpoint, 1);
    assert_int_equal(rig_state(&rig, 1, 1).step, 1);
    assert_int_equal(rig_state(&rig, 1, 2).step, 0);
    launch(&rig);
    assert_int_equal(rig_leased(&rig), 4);
    for (unsigned b = 0; b < rig.batch_count; b++) {
        const struct rig_batch *batch = &rig.batches[b];
        if (batch->wire.step == 1) {
            assert_int_equal(batch->wire.count, 1);
            assert_true(bitmap_has(&batch->wire.places, 1));
        } else {
            assert_int_equal(batch->endpoints[0], 1);
            assert_int_equal(batch->endpoints[1], 0);
            rig_say(&rig, batch, 2, 1, &REJECTED); /* his second number is barred */
        }
    }
    assert_int_equal(rig_state(&rig, 1, 2).step, 1);
    assert_int_equal(rig_state(&rig, 1, 2).endpoint, 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void with_nothing_left_he_is_suppressed_unless_he_was_tried(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACCEPTED, 3);
    suppress(&rig, 0, CHANNEL_SMS, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    suppress(&rig, 0, CHANNEL_EMAIL, 0, REASON_BOUNCED);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_SUPPRESSED);
    suppress(&rig, 1, CHANNEL_EMAIL, 0, REASON_BOUNCED);
    suppress(&rig, 2, CHANNEL_EMAIL, 0, REASON_BOUNCED);
    launch(&rig);
    assert_int_equal(rig.batch_count, 1);
    const struct rig_batch first = rig.batches[0];
    rig_say(&rig, &first, 1, 1, &REJECTED);
    rig_say(&rig, &first, 2, 1, &NO_ENDPOINT);
    rig_run(&rig, 10);
    const struct rig_batch second = rig.batches[0];
    rig_say(&rig, &second, 1, 1, &REJECTED);
    rig_say(&rig, &second, 2, 1, &NO_ENDPOINT);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_FAILED);
    assert_int_equal(rig_state(&rig, 1, 2).state, DELIVERY_SUPPRESSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

/* Of two people. */
static void find_no_endpoints(struct rig *rig)
{
    for (unsigned round = 0; round < 4 && rig->batch_count > 0; round++) {
        for (unsigned b = 0; b < rig->batch_count; b++) {
            const struct rig_batch next = rig->batches[b];
            rig_say(rig, &next, 0, 2, &NO_ENDPOINT);
        }
        rig_run(rig, 10);
    }
}

static void who_has_no_other_endpoint_than_a_barred_one_is_not_unreachable(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACCEPTED, 2);
    suppress(&rig, 0, CHANNEL_SMS, 0, REASON_OPTED_OUT);
    launch(&rig);
    find_no_endpoints(&rig);
    struct event event;
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_SUPPRESSED);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_UNREACHABLE);
    rig_check(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_SUPPRESSED, &event));
    assert_int_equal(event.reason, REASON_OPTED_OUT);
    rig_release(&rig);
}

static void a_bar_that_the_plan_does_not_come_by_explains_nothing(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACCEPTED, 2);
    suppress(&rig, 0, CHANNEL_VOICE, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    suppress(&rig, 0, CHANNEL_EMAIL, 1, REASON_BOUNCED);
    suppress(&rig, 1, CHANNEL_VOICE, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    suppress(&rig, 1, CHANNEL_EMAIL, 0, REASON_BOUNCED);
    launch(&rig);
    find_no_endpoints(&rig);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_UNREACHABLE);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_SUPPRESSED);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_is_with_a_worker_is_called_back_and_its_word_counts(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACKNOWLEDGED, 4);
    launch(&rig);
    const struct rig_batch first = rig.batches[0];
    for (unsigned i = 0; i < 4; i++) {
        suppress(&rig, i, ALL, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    }
    rig_effects(&rig);
    assert_int_equal(rig.effect_count, 4);
    assert_int_equal(rig.effects[2].kind, ENGINE_RECALL);
    assert_int_equal(rig.effects[2].page, first.wire.page);
    assert_int_equal(rig.effects[2].place, 2);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_LEASED);
    rig_say(&rig, &first, 0, 1, &RECALLED);
    rig_say(&rig, &first, 1, 1, &ACCEPTED);
    rig_say(&rig, &first, 2, 1, &UNCERTAIN);
    rig_say(&rig, &first, 3, 1, &DEFERRED);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_SUPPRESSED);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_ACCEPTED); /* and nothing follows */
    assert_int_equal(rig_state(&rig, 1, 2).state, DELIVERY_UNCERTAIN);
    assert_int_equal(rig_state(&rig, 1, 3).state, DELIVERY_SUPPRESSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_has_not_left_yet_does_not_leave(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACCEPTED, 3);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    while (engine_run(rig.engine, rig.now_ms) == 0) {
    }
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_LEASED);
    suppress(&rig, 1, ALL, ENGINE_ALL_RANKS, REASON_MANUAL);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_SUPPRESSED);
    rig_effects(&rig);
    assert_int_equal(rig_leased(&rig), 2);
    assert_false(is_in_batch(&rig, 1));
    rig_check(&rig);
    rig_release(&rig);
}

static void a_batch_sent_again_leaves_him_out_and_calls_him_back_again(void **test)
{
    (void)test;
    struct rig rig;
    unsigned recalls = 0;
    draft_init(&rig, PLAN_ACCEPTED, 3);
    launch(&rig);
    const struct rig_batch first = rig.batches[0];
    suppress(&rig, 1, ALL, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    rig_effects(&rig);
    bool is_sent_again = false;
    for (unsigned i = 0; i < 8; i++) {
        (void)engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 1000);
        is_sent_again |= rig.batch_count == 1;
        assert_false(is_in_batch(&rig, 1));
        for (unsigned e = 0; e < rig.effect_count; e++) {
            recalls += rig.effects[e].kind == ENGINE_RECALL;
        }
    }
    assert_true(is_sent_again);
    assert_true(recalls >= 1);
    rig_say(&rig, &first, 0, 1, &ACCEPTED);
    rig_say(&rig, &first, 2, 1, &ACCEPTED);
    for (unsigned i = 0; i < 300; i++) { /* the worker never says what became of him */
        (void)engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 1000);
        assert_false(is_in_batch(&rig, 1));
    }
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_UNCERTAIN);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_was_reached_stays_so_and_climbs_no_more(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACKNOWLEDGED, 2);
    launch(&rig);
    rig_accept_all(&rig);
    suppress(&rig, 0, ALL, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    suppress(&rig, 1, CHANNEL_EMAIL, 0, REASON_OPTED_OUT);
    struct recipient_state state = rig_state(&rig, 1, 0);
    assert_int_equal(state.state, DELIVERY_ACCEPTED);
    assert_false(recipient_is_open(&state));
    for (unsigned i = 0; i < 70; i++) {
        (void)engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 1000);
        assert_int_equal(rig_leased(&rig), 0);
    }
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_ACCEPTED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_restart_and_snapshots_know_who_is_barred(void **test)
{
    (void)test;
    for (uint32_t blocks = 0; blocks < 2; blocks++) {
        struct rig rig;
        draft_init(&rig, PLAN_ACCEPTED, 3);
        rig.settings.snapshot_blocks = blocks;
        rig_restart(&rig);
        rig_join(&rig, 1, 12, CREDIT);
        suppress(&rig, 2, CHANNEL_SMS, 1, REASON_INVALID);
        launch(&rig);
        suppress(&rig, 1, ALL, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
        rig_check(&rig);
        rig_restart(&rig);
        struct bar bar;
        assert_true(engine_bar(rig.engine, 1, 2, 0, &bar));
        assert_int_equal(bar.channel, CHANNEL_SMS);
        assert_int_equal(bar.rank, 1);
        assert_int_equal(bar.reason, REASON_INVALID);
        assert_false(engine_bar(rig.engine, 1, 2, 1, &bar));
        assert_true(engine_bar(rig.engine, 1, 1, 0, &bar));
        assert_false(engine_bar(rig.engine, 1, 0, 0, &bar));
        assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_LEASED);
        rig_check(&rig);
        rig_release(&rig);
    }
}

static void twice_is_as_good_as_once_and_strangers_are_refused(void **test)
{
    (void)test;
    struct rig rig;
    draft_init(&rig, PLAN_ACCEPTED, 2);
    suppress(&rig, 0, CHANNEL_SMS, 1, REASON_INVALID);
    rig_close(&rig);
    suppress(&rig, 0, CHANNEL_SMS, 1, REASON_MANUAL);
    assert_false(engine_has_events(rig.engine));
    assert_int_equal(engine_suppress(rig.engine, 1, 2, ALL, ALL, REASON_LEGAL, rig.now_ms),
                     ERR_NOT_FOUND);
    assert_int_equal(engine_suppress(rig.engine, 9, 0, ALL, ALL, REASON_LEGAL, rig.now_ms),
                     ERR_NOT_FOUND);
    launch(&rig);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1, rig.now_ms), ERR_OK);
    suppress(&rig, 1, ALL, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_ACKNOWLEDGED);
    suppress(&rig, 0, ALL, ENGINE_ALL_RANKS, REASON_OPTED_OUT);
    const struct rig_batch first = rig.batches[0];
    rig_say(&rig, &first, 0, 1, &RECALLED);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 0, rig.now_ms), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_ACKNOWLEDGED);
    rig_run(&rig, 0);
    assert_int_equal(engine_suppress(rig.engine, 1, 1, ALL, ALL, REASON_LEGAL, rig.now_ms),
                     ERR_CLOSED);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_suppressed_before_the_launch_is_never_leased),
        cmocka_unit_test(a_campaign_of_suppressed_people_ends_at_its_launch),
        cmocka_unit_test(an_endpoint_that_is_barred_is_passed_by),
        cmocka_unit_test(with_nothing_left_he_is_suppressed_unless_he_was_tried),
        cmocka_unit_test(who_has_no_other_endpoint_than_a_barred_one_is_not_unreachable),
        cmocka_unit_test(a_bar_that_the_plan_does_not_come_by_explains_nothing),
        cmocka_unit_test(what_is_with_a_worker_is_called_back_and_its_word_counts),
        cmocka_unit_test(what_has_not_left_yet_does_not_leave),
        cmocka_unit_test(a_batch_sent_again_leaves_him_out_and_calls_him_back_again),
        cmocka_unit_test(who_was_reached_stays_so_and_climbs_no_more),
        cmocka_unit_test(a_restart_and_snapshots_know_who_is_barred),
        cmocka_unit_test(twice_is_as_good_as_once_and_strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
