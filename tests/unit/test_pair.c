/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans with a step with_previous: both messages go at once, each goes on for itself, and the
 * ladder climbs when both have come to nothing. After each, a restart gives the same.
 */
#include "coordinator/engine/pair.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define CREDIT    (64u * 1024)
#define MINUTE_MS 60000u

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 400};
static const struct rig_fate NO_ENDPOINT = {.outcome = OUTCOME_REJECTED,
                                            .reason = REASON_NO_ENDPOINT};

static const enum channel_kind CHANNELS[] = {CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_VOICE,
                                             CHANNEL_PUSH};

/* Provider i sends step i, which lasts a minute; the steps in the bits of `beside` start together
 * with the ones before. */
static struct campaign_def pairs_def(struct rig *rig, unsigned steps, unsigned beside,
                                     enum plan_until until, uint32_t slots)
{
    struct campaign_def def = rig_def(rig, 1, slots);
    def.plan.step_count = steps;
    for (unsigned s = 0; s < steps; s++) {
        plan_step_defaults(&def.plan.steps[s], CHANNELS[s]);
        def.plan.steps[s].attempts = 1;
        def.plan.steps[s].within_ms = MINUTE_MS;
        def.plan.steps[s].until = until;
        def.plan.steps[s].with_previous = (beside >> s & 1) != 0;
    }
    return def;
}

static void pairs_start(struct rig *rig, const struct campaign_def *def)
{
    for (uint8_t p = 1; p < 4; p++) {
        rig_add_provider(rig, p, 0);
        rig->providers[p].channel = CHANNELS[p];
        engine_add_provider(rig->engine, &rig->providers[p]);
    }
    rig_add(rig, def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, CREDIT);
    rig_run(rig, 0);
}

static void pairs_init(struct rig *rig, unsigned steps, unsigned beside, enum plan_until until,
                       uint32_t slots)
{
    const struct engine_settings settings = {.epoch = 1,
                                             .seed = 7,
                                             .heartbeat_ms = RIG_HEARTBEAT_MS,
                                             .lease_ms = RIG_LEASE_MS,
                                             .snapshot_blocks = 2};
    rig_init_with(rig, &settings);
    rig_add_provider(rig, 0, 0);
    struct campaign_def def = pairs_def(rig, steps, beside, until, slots);
    pairs_start(rig, &def);
}

static void pass(struct rig *rig, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 1000) {
        (void)engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, ms - passed < 1000 ? ms - passed : 1000);
    }
}

/* The batch of a step, of those of the last run. */
static struct rig_batch batch_of(const struct rig *rig, unsigned step)
{
    unsigned i = 0;
    while (i < rig->batch_count && rig->batches[i].wire.step != step) {
        i++;
    }
    assert_true(i < rig->batch_count);
    return rig->batches[i];
}

static struct recipient_state track(struct rig *rig, uint32_t ordinal, bool is_side)
{
    struct recipient_state state = {.state = DELIVERY_NONE};
    (void)engine_track(rig->engine, 1, ordinal, is_side, &state);
    return state;
}

static uint32_t open_of(struct rig *rig)
{
    struct campaign_view view;
    assert_true(engine_campaign(rig->engine, 1, &view));
    return view.open;
}

static void both_messages_go_at_once_and_the_ladder_climbs_when_both_are_over(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_ACKNOWLEDGED, 1500);
    assert_int_equal(rig_leased(&rig), 3000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 1500);
    const struct rig_batch sms = batch_of(&rig, 0);
    const struct rig_batch email = batch_of(&rig, 1);
    assert_int_not_equal(sms.wire.lease, email.wire.lease);
    assert_int_equal(sms.wire.page, email.wire.page);
    rig_accept_all(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1500);
    assert_int_equal(open_of(&rig), 1500);
    rig_check(&rig);
    pass(&rig, MINUTE_MS - 1000);
    assert_int_equal(rig.batch_count, 0);
    rig_run(&rig, 1020);
    assert_int_equal(batch_of(&rig, 2).wire.step, 2);
    assert_int_equal(rig_leased(&rig), 1500);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 1500);
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS + 1000);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1500);
    rig_check(&rig);
    rig_release(&rig);
}

static void one_that_fails_leaves_the_other_its_time(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_ACKNOWLEDGED, 3);
    const struct rig_batch sms = batch_of(&rig, 0);
    const struct rig_batch email = batch_of(&rig, 1);
    rig_say(&rig, &sms, 0, 2, &REJECTED);
    rig_say(&rig, &sms, 2, 1, &ACCEPTED);
    rig_say(&rig, &email, 0, 1, &ACCEPTED);
    rig_say(&rig, &email, 1, 2, &NO_ENDPOINT);
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 1); /* of the one whom nothing was taken of */
    const struct rig_batch voice = batch_of(&rig, 2);
    assert_int_equal(voice.wire.count, 1);
    assert_true(bitmap_has(&voice.wire.places, 1));
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_ACCEPTED);
    assert_int_equal(rig_state(&rig, 1, 2).state, DELIVERY_ACCEPTED);
    assert_int_equal(open_of(&rig), 2);
    rig_check(&rig);
    pass(&rig, MINUTE_MS - 1000);
    rig_run(&rig, 1020);
    assert_int_equal(batch_of(&rig, 2).wire.count, 2);
    assert_int_equal(track(&rig, 0, false).step, 2);
    assert_int_equal(track(&rig, 2, false).step, 2);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_one_of_them_waits_for_keeps_the_ladder(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_ACCEPTED, 4);
    const struct rig_batch sms = batch_of(&rig, 0);
    const struct rig_batch email = batch_of(&rig, 1);
    rig_say(&rig, &sms, 0, 1, &ACCEPTED);
    rig_say(&rig, &sms, 1, 3, &REJECTED);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_ACCEPTED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    assert_int_equal(open_of(&rig), 1); /* the e-mail is still under way */
    rig_say(&rig, &email, 0, 1, &REJECTED);
    rig_say(&rig, &email, 1, 2, &ACCEPTED);
    rig_say(&rig, &email, 3, 1, &REJECTED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 1);
    rig_accept_all(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 4);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

/* The page of the other step has the same number, and its message may not have left yet. */
static void a_bar_on_one_channel_calls_back_only_its_step(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_ACKNOWLEDGED, 2);
    const struct rig_batch email = batch_of(&rig, 1);
    rig_effects(&rig);
    assert_int_equal(engine_suppress(rig.engine, 1, 0, CHANNEL_EMAIL, ENGINE_ALL_RANKS,
                                     REASON_OPTED_OUT, rig.now_ms),
                     ERR_OK);
    rig_effects(&rig);
    unsigned recalls = 0;
    for (unsigned i = 0; i < rig.effect_count; i++) {
        if (rig.effects[i].kind == ENGINE_RECALL) {
            assert_int_equal(rig.effects[i].step, email.wire.step + 1);
            recalls++;
        }
    }
    assert_int_equal(recalls, 1);
    rig_release(&rig);
}

static void a_receipt_of_one_step_calls_back_only_that_step(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_ACKNOWLEDGED, 2);
    const struct rig_batch sms = batch_of(&rig, 0);
    rig_effects(&rig);
    const struct receipt receipt = {.campaign = 1,
                                    .ordinal = 0,
                                    .provider = sms.wire.provider,
                                    .step = sms.wire.step,
                                    .kind = RECEIPT_DELIVERED};
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_OK);
    rig_effects(&rig);
    unsigned recalls = 0;
    for (unsigned i = 0; i < rig.effect_count; i++) {
        if (rig.effects[i].kind == ENGINE_RECALL) {
            assert_int_equal(rig.effects[i].step, sms.wire.step + 1);
            recalls++;
        }
    }
    assert_int_equal(recalls, 1);
    rig_check(&rig);
    rig_release(&rig);
}

static void an_acknowledgement_ends_both(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_ACKNOWLEDGED, 2);
    const struct rig_batch sms = batch_of(&rig, 0);
    const struct rig_batch email = batch_of(&rig, 1);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 0, rig.now_ms), ERR_OK);
    rig_effects(&rig);
    unsigned recalls = 0;
    for (unsigned i = 0; i < rig.effect_count; i++) {
        bool is_recall = rig.effects[i].kind == ENGINE_RECALL;
        assert_true(!is_recall || (rig.effects[i].page == 0 && rig.effects[i].place == 0));
        assert_true(!is_recall || rig.effects[i].step == 0);
        recalls += is_recall;
    }
    assert_int_equal(recalls, 2); /* each may lie with another worker */
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 1);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_ACKNOWLEDGED);
    rig_say(&rig, &sms, 0, 2, &ACCEPTED);
    rig_say(&rig, &email, 0, 1, &REJECTED);
    rig_say(&rig, &email, 1, 1, &ACCEPTED);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1, rig.now_ms), ERR_OK);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 2);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_pair_further_on_begins_with_the_climb(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 4, 4, PLAN_ACKNOWLEDGED, 10); /* sms > email+voice > push */
    assert_int_equal(rig.batch_count, 1);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_NONE);
    rig_say(&rig, &rig.batches[0], 0, 10, &REJECTED);
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 2);
    assert_int_equal(batch_of(&rig, 1).wire.count, 10);
    assert_int_equal(batch_of(&rig, 2).wire.count, 10);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_LEASED);
    assert_int_equal(track(&rig, 0, true).step, 2);
    rig_release(&rig);
}

static void two_pairs_follow_each_other(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 4, 2 | 8, PLAN_ACKNOWLEDGED, 10);
    assert_int_equal(rig_leased(&rig), 20);
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS - 1000);
    rig_run(&rig, 1020);
    assert_int_equal(batch_of(&rig, 2).wire.count, 10);
    assert_int_equal(batch_of(&rig, 3).wire.count, 10);
    for (unsigned b = 0; b < 2; b++) {
        rig_say(&rig, &rig.batches[b], 0, 10, &REJECTED);
    }
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 10); /* by the first pair */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void without_one_of_them_it_is_a_step_like_others(void **test)
{
    (void)test;
    for (unsigned left_out = 0; left_out < 2; left_out++) {
        struct rig rig;
        rig_init(&rig);
        struct campaign_def def = pairs_def(&rig, 3, 2, PLAN_ACCEPTED, 10);
        def.plan.without = 1u << CHANNELS[left_out];
        pairs_start(&rig, &def);
        assert_int_equal(rig.batch_count, 1);
        assert_int_equal(rig.batches[0].wire.step, 1 - left_out);
        rig_say(&rig, &rig.batches[0], 0, 10, &REJECTED);
        rig_run(&rig, 10);
        assert_int_equal(batch_of(&rig, 2).wire.count, 10);
        rig_check(&rig);
        rig_release(&rig);
    }
}

/* ---- Receipts ---- */

static enum err receive(struct rig *rig, uint32_t ordinal, uint8_t step, enum receipt_kind kind)
{
    const struct receipt receipt = {
        .campaign = 1, .ordinal = ordinal, .step = step, .provider = step, .kind = kind};
    return engine_receipt(rig->engine, &receipt, rig->now_ms);
}

static void a_delivery_of_one_keeps_the_ladder_also_when_it_comes_late(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_DELIVERED, 3);
    rig_accept_all(&rig);
    assert_int_equal(receive(&rig, 0, 1, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_DELIVERED);
    pass(&rig, MINUTE_MS - 1000);
    rig_run(&rig, 1020);
    const struct rig_batch voice = batch_of(&rig, 2);
    assert_int_equal(rig_leased(&rig), 2);
    assert_false(bitmap_has(&voice.wire.places, 0));
    rig_check(&rig);
    assert_int_equal(receive(&rig, 1, 1, RECEIPT_DELIVERED), ERR_OK); /* of the side */
    assert_int_equal(receive(&rig, 2, 0, RECEIPT_DELIVERED), ERR_OK); /* of the ladder */
    assert_int_equal(rig_count(&rig, 1, DELIVERY_DELIVERED), 3);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void one_that_bounces_is_as_one_that_fails(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 2, PLAN_ACKNOWLEDGED, 2);
    rig_accept_all(&rig);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_BOUNCED), ERR_OK);
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 0);
    assert_int_equal(receive(&rig, 0, 1, RECEIPT_BOUNCED), ERR_OK);
    rig_run(&rig, 10);
    assert_int_equal(batch_of(&rig, 2).wire.count, 1);
    assert_int_equal(receive(&rig, 1, 0, RECEIPT_COMPLAINED), ERR_OK);
    assert_int_equal(receive(&rig, 1, 1, RECEIPT_COMPLAINED), ERR_OK);
    struct campaign_view view;
    assert_true(engine_campaign(rig.engine, 1, &view));
    assert_int_equal(view.complained, 1); /* people, not messages */
    assert_int_equal(receive(&rig, 1, 3, RECEIPT_DELIVERED), ERR_NOT_FOUND);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Suppression, and what comes late ---- */

static void who_is_suppressed_on_one_channel_is_sent_the_other(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = pairs_def(&rig, 3, 2, PLAN_ACKNOWLEDGED, 3);
    rig_add(&rig, &def);
    for (uint8_t p = 1; p < 4; p++) {
        rig_add_provider(&rig, p, 0);
        rig.providers[p].channel = CHANNELS[p];
        engine_add_provider(rig.engine, &rig.providers[p]);
    }
    assert_int_equal(engine_suppress(rig.engine, 1, 0, CHANNEL_EMAIL, ENGINE_ALL_RANKS,
                                     REASON_OPTED_OUT, rig.now_ms),
                     ERR_OK);
    assert_int_equal(engine_suppress(rig.engine, 1, 1, ENGINE_ALL_CHANNELS, ENGINE_ALL_RANKS,
                                     REASON_OPTED_OUT, rig.now_ms),
                     ERR_OK);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, CREDIT);
    rig_run(&rig, 0);
    const struct rig_batch sms = batch_of(&rig, 0);
    const struct rig_batch email = batch_of(&rig, 1);
    assert_int_equal(sms.wire.count, 2);
    assert_int_equal(email.wire.count, 1);
    assert_true(bitmap_has(&email.wire.places, 2));
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_SUPPRESSED);
    rig_check(&rig);
    assert_int_equal(engine_suppress(rig.engine, 1, 2, ENGINE_ALL_CHANNELS, ENGINE_ALL_RANKS,
                                     REASON_OPTED_OUT, rig.now_ms),
                     ERR_OK);
    const struct rig_fate recalled = {.outcome = OUTCOME_RETURNED, .reason = REASON_RECALLED};
    rig_say_of_lease(&rig, 1, sms.wire.lease, 1, 0, 2, 1, &recalled);
    rig_say_of_lease(&rig, 1, email.wire.lease, 1, 0, 2, 1, &recalled);
    assert_int_equal(rig_state(&rig, 1, 2).state, DELIVERY_SUPPRESSED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 1);
    rig_check(&rig);
    rig_release(&rig);
}

/* A lease that was given up says of which of the two messages it was. */
static void a_late_outcome_settles_its_own_message(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = pairs_def(&rig, 2, 2, PLAN_ACCEPTED, 1);
    def.plan.steps[0].on_uncertain = PLAN_HOLD;
    def.plan.steps[1].on_uncertain = PLAN_HOLD;
    pairs_start(&rig, &def);
    const struct rig_batch email = batch_of(&rig, 1);
    rig_run(&rig, RIG_LEASE_MS + 1000);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_UNCERTAIN);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);

    rig_init(&rig);
    def.plan.steps[0].within_ms = def.plan.steps[1].within_ms = 60 * MINUTE_MS;
    def.plan.steps[0].until = PLAN_ACKNOWLEDGED;
    pairs_start(&rig, &def);
    const struct rig_batch late = batch_of(&rig, 1);
    assert_int_equal(late.wire.lease & 1, email.wire.lease & 1);
    rig_run(&rig, RIG_LEASE_MS + 1000);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_UNCERTAIN);
    rig_say_of_lease(&rig, 1, late.wire.lease, 1, 0, 0, 1, &ACCEPTED);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_ACCEPTED);
    assert_int_equal(track(&rig, 0, false).state, DELIVERY_UNCERTAIN);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Rounds ---- */

static void retry(struct rig *rig, unsigned states)
{
    assert_int_equal(rig_retry(rig, 1, states, NULL), ERR_OK);
}

/* He starts anew on both steps, with other tokens. What is heard of the round before is of it. */
static void another_round_begins_the_pair_anew(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 2, 2, PLAN_ACCEPTED, 2);
    rig_say(&rig, &rig.batches[0], 0, 2, &REJECTED);
    rig_say(&rig, &rig.batches[1], 0, 1, &REJECTED);
    rig_say(&rig, &rig.batches[1], 1, 1, &ACCEPTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    retry(&rig, 1u << DELIVERY_FAILED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_run(&rig, 10);
    for (unsigned step = 0; step < 2; step++) {
        const struct rig_batch batch = batch_of(&rig, step);
        assert_int_equal(batch.wire.count, 1);
        assert_true(bitmap_has(&batch.wire.places, 0));
        assert_int_equal(batch.wire.round, 1);
    }
    rig_check(&rig);
    assert_int_equal(receive(&rig, 0, 1, RECEIPT_BOUNCED), ERR_OK); /* of round 0 */
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_LEASED);
    rig_accept_all(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 2);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

/* In the new round he stands before the pair: what he came to beside it is of the round before. */
static void another_round_comes_to_a_later_pair_again(void **test)
{
    (void)test;
    struct rig rig;
    pairs_init(&rig, 3, 4, PLAN_ACCEPTED, 1);
    rig_say(&rig, &rig.batches[0], 0, 1, &REJECTED);
    rig_run(&rig, 10);
    for (unsigned b = 0; b < 2; b++) {
        rig_say(&rig, &rig.batches[b], 0, 1, &REJECTED);
    }
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 1);
    retry(&rig, 1u << DELIVERY_FAILED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 1);
    assert_int_equal(rig_state(&rig, 1, 0).step, 0);
    rig_check(&rig);
    rig_run(&rig, 10);
    rig_say(&rig, &rig.batches[0], 0, 1, &REJECTED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 2);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_LEASED);
    rig_release(&rig);
}

/* ---- What both come to ---- */

static struct recipient_state a_track(unsigned state, unsigned before, unsigned step, bool is_open)
{
    return (struct recipient_state){
        .state = state & 15u, .before = before & 3u, .step = step & 7u, .due_cs = is_open};
}

/* Step 1 stands beside step 0; and step 2 beside step 1. */
static const struct plan PAIR_LATER = {.step_count = 3, .steps = {[2] = {.with_previous = true}}};
static const struct plan PAIR = {.step_count = 3, .steps = {[1] = {.with_previous = true}}};

/* Whoever has something under way is counted among those who are left, and nobody else is. */
static void he_is_left_while_one_of_his_tracks_is(void **test)
{
    (void)test;
    for (unsigned i = 0; i < DELIVERY_STATES * DELIVERY_STATES * 64; i++) {
        struct recipient_state ladder =
            a_track(i % DELIVERY_STATES, i / DELIVERY_STATES / DELIVERY_STATES % 4, 1,
                    i / DELIVERY_STATES / DELIVERY_STATES / 4 % 2);
        struct recipient_state side = a_track(i / DELIVERY_STATES % DELIVERY_STATES, 0,
                                              i / DELIVERY_STATES / DELIVERY_STATES / 8 % 2 * 2,
                                              i / DELIVERY_STATES / DELIVERY_STATES / 16 % 2);
        bool is_side_left = side.step == 2 && track_is_under_way(&side);
        if (ladder.state == DELIVERY_NONE || ladder.state == DELIVERY_ACKNOWLEDGED ||
            side.state == DELIVERY_ACKNOWLEDGED || (side.step == 0 && track_is_under_way(&side))) {
            continue; /* there is no such pair, or nothing more happens on it */
        }
        struct recipient_state both = pair_state(&PAIR_LATER, &ladder, &side);
        assert_int_equal(track_is_under_way(&both), track_is_under_way(&ladder) || is_side_left);
    }
}

static void the_more_advanced_of_both_is_shown(void **test)
{
    (void)test;
    static const enum delivery_state ORDER[] = {
        DELIVERY_UNREACHABLE, DELIVERY_SUPPRESSED, DELIVERY_FAILED,    DELIVERY_EXPIRED,
        DELIVERY_CANCELLED,   DELIVERY_WAITING,    DELIVERY_RETRYING,  DELIVERY_LEASED,
        DELIVERY_UNCERTAIN,   DELIVERY_ACCEPTED,   DELIVERY_DELIVERED, DELIVERY_ACKNOWLEDGED};
    unsigned count = sizeof(ORDER) / sizeof(ORDER[0]);
    for (unsigned a = 0; a < count; a++) {
        for (unsigned b = 0; b < count; b++) {
            struct recipient_state ladder = a_track(ORDER[a], BEFORE_NOTHING, 0, false);
            struct recipient_state side = a_track(ORDER[b], BEFORE_NOTHING, 1, false);
            ladder.tried = side.tried = 1;
            assert_int_equal(pair_state(&PAIR, &ladder, &side).state, ORDER[a > b ? a : b]);
        }
    }
    /* What was reached before is not forgotten, and neither is the step beside when the ladder goes
     * on; but then it is the ladder that is looked at. */
    struct recipient_state ladder = a_track(DELIVERY_FAILED, BEFORE_REACHED, 2, false);
    struct recipient_state side = a_track(DELIVERY_FAILED, BEFORE_NOTHING, 1, false);
    assert_int_equal(pair_state(&PAIR, &ladder, &side).state, DELIVERY_ACCEPTED);
    ladder = a_track(DELIVERY_WAITING, BEFORE_NOTHING, 2, false);
    side = a_track(DELIVERY_DELIVERED, BEFORE_NOTHING, 1, false);
    assert_int_equal(pair_state(&PAIR, &ladder, &side).state, DELIVERY_WAITING);
    ladder.state = DELIVERY_UNREACHABLE;
    side.state = DELIVERY_FAILED; /* given up without a try */
    assert_int_equal(pair_state(&PAIR, &ladder, &side).state, DELIVERY_FAILED);
    ladder.state = DELIVERY_SUPPRESSED;
    assert_int_equal(pair_state(&PAIR, &ladder, &side).state, DELIVERY_SUPPRESSED);
    ladder.state = DELIVERY_UNREACHABLE;
    side.state = DELIVERY_DELIVERED;
    assert_int_equal(pair_state(&PAIR, &ladder, &side).state, DELIVERY_DELIVERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_messages_go_at_once_and_the_ladder_climbs_when_both_are_over),
        cmocka_unit_test(one_that_fails_leaves_the_other_its_time),
        cmocka_unit_test(what_one_of_them_waits_for_keeps_the_ladder),
        cmocka_unit_test(a_bar_on_one_channel_calls_back_only_its_step),
        cmocka_unit_test(a_receipt_of_one_step_calls_back_only_that_step),
        cmocka_unit_test(an_acknowledgement_ends_both),
        cmocka_unit_test(a_pair_further_on_begins_with_the_climb),
        cmocka_unit_test(two_pairs_follow_each_other),
        cmocka_unit_test(without_one_of_them_it_is_a_step_like_others),
        cmocka_unit_test(a_delivery_of_one_keeps_the_ladder_also_when_it_comes_late),
        cmocka_unit_test(one_that_bounces_is_as_one_that_fails),
        cmocka_unit_test(who_is_suppressed_on_one_channel_is_sent_the_other),
        cmocka_unit_test(a_late_outcome_settles_its_own_message),
        cmocka_unit_test(another_round_begins_the_pair_anew),
        cmocka_unit_test(another_round_comes_to_a_later_pair_again),
        cmocka_unit_test(he_is_left_while_one_of_his_tracks_is),
        cmocka_unit_test(the_more_advanced_of_both_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
