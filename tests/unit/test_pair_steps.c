/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of steps that are sent again, or given up while their channel is down: on its track each
 * goes through its repetitions, and the ladder climbs when both are through. After each, a restart
 * gives the same.
 */
#include "coordinator/engine/pair.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/pair_fixture.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 400};

static const struct rig_fate NO_ENDPOINT = {.outcome = OUTCOME_REJECTED,
                                            .reason = REASON_NO_ENDPOINT};

static void pair_init(struct rig *rig, enum plan_until until, uint32_t slots)
{
    rig_make(rig);
    struct campaign_def def = pair_def(rig, until, slots);
    start(rig, &def);
}

static const struct rig_fate *const ALL_ACCEPTED[3] = {&ACCEPTED, &ACCEPTED, &ACCEPTED};

/* ---- Repetitions ---- */

static void each_is_sent_again_on_its_track_and_the_ladder_climbs_after_both(void **test)
{
    (void)test;
    struct rig rig;
    pair_init(&rig, PLAN_ACKNOWLEDGED, 1500);
    unsigned sent[RUNGS] = {0};
    assert_int_equal(rig_leased(&rig), 3000);
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS - 1000, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){0});
    pass(&rig, 2000, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[SMS_1] = 1500, [EMAIL_1] = 1500});
    rig_check(&rig);
    assert_int_equal(track(&rig, 0, false).step, SMS_1);
    assert_int_equal(track(&rig, 0, true).step, EMAIL_1);
    assert_int_equal(track(&rig, 0, true).before, BEFORE_REACHED);
    rig_restart(&rig);
    rig_join(&rig, 1, 12, CREDIT);
    pass(&rig, MINUTE_MS, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[SMS_1] = 1500, [EMAIL_1] = 1500, [SMS_2] = 1500});
    struct recipient_state side = track(&rig, 0, true);
    assert_false(track_is_under_way(&side));
    pass(&rig, MINUTE_MS - 3000, ALL_ACCEPTED, sent);
    assert_int_equal(sent[VOICE], 0);
    pass(&rig, 4000, ALL_ACCEPTED, sent);
    assert_int_equal(sent[VOICE], 1500);
    assert_int_equal(sent[SMS] + sent[EMAIL], 0);
    pass(&rig, MINUTE_MS, ALL_ACCEPTED, sent);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1500);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_acknowledges_any_of_them_is_sent_nothing_again(void **test)
{
    (void)test;
    struct rig rig;
    pair_init(&rig, PLAN_ACKNOWLEDGED, 3);
    unsigned sent[RUNGS] = {0};
    rig_accept_all(&rig);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 0, rig.now_ms), ERR_OK);
    pass(&rig, MINUTE_MS + 1000, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[SMS_1] = 2, [EMAIL_1] = 2});
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1, rig.now_ms), ERR_OK);
    pass(&rig, 3 * MINUTE_MS, ALL_ACCEPTED, sent);
    assert_sent(sent,
                (const unsigned[RUNGS]){[SMS_1] = 2, [EMAIL_1] = 2, [SMS_2] = 1, [VOICE] = 1});
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 2);
    rig_check(&rig);
    rig_release(&rig);
}

static void whom_one_cannot_be_sent_to_is_sent_the_other_again(void **test)
{
    (void)test;
    struct rig rig;
    pair_init(&rig, PLAN_ACKNOWLEDGED, 2);
    unsigned sent[RUNGS] = {0};
    const struct rig_batch sms = batch_of(&rig, SMS);
    const struct rig_batch email = batch_of(&rig, EMAIL);
    rig_say(&rig, &sms, 0, 2, &REJECTED);
    rig_say(&rig, &email, 0, 1, &ACCEPTED);
    rig_say(&rig, &email, 1, 1, &REJECTED); /* nothing is left of the pair */
    pass(&rig, MINUTE_MS + 1000, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[EMAIL_1] = 1, [VOICE] = 1});
    assert_int_equal(track(&rig, 0, false).state, DELIVERY_FAILED);
    assert_int_equal(track(&rig, 0, false).step, SMS);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_ACCEPTED);
    pass(&rig, MINUTE_MS, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[EMAIL_1] = 1, [VOICE] = 2});
    rig_check(&rig);
    rig_release(&rig);
}

/* A repetition that fails leaves what was reached before. */
static void what_an_earlier_time_reached_is_kept(void **test)
{
    (void)test;
    struct rig rig;
    rig_make(&rig);
    struct campaign_def def = pair_def(&rig, PLAN_ACKNOWLEDGED, 1);
    def.plan.step_count = VOICE; /* the pair is the end */
    start(&rig, &def);
    unsigned sent[RUNGS] = {0};
    const struct rig_batch sms = batch_of(&rig, SMS);
    const struct rig_batch email = batch_of(&rig, EMAIL);
    rig_say(&rig, &sms, 0, 1, &ACCEPTED);
    rig_say(&rig, &email, 0, 1, &NO_ENDPOINT);
    pass(&rig, MINUTE_MS + 1000, (const struct rig_fate *const[3]){&REJECTED, &REJECTED, NULL},
         sent);
    assert_int_equal(sent[SMS_1], 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1);
    rig_check(&rig);
    rig_release(&rig);
}

static enum err receive(struct rig *rig, uint32_t ordinal, uint8_t step, enum receipt_kind kind)
{
    const struct receipt receipt = {
        .campaign = 1, .ordinal = ordinal, .step = step, .provider = step >= EMAIL, .kind = kind};
    return engine_receipt(rig->engine, &receipt, rig->now_ms);
}

/* It is of an earlier sending of the same step: he has what it waits for, on that track alone. */
static void a_delivery_of_an_earlier_time_ends_its_track(void **test)
{
    (void)test;
    struct rig rig;
    pair_init(&rig, PLAN_DELIVERED, 2);
    unsigned sent[RUNGS] = {0};
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS + 1000, ALL_ACCEPTED, sent);
    assert_int_equal(receive(&rig, 0, EMAIL, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(receive(&rig, 1, SMS, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_DELIVERED);
    assert_int_equal(track(&rig, 0, false).state, DELIVERY_ACCEPTED);
    assert_int_equal(track(&rig, 1, false).state, DELIVERY_DELIVERED);
    assert_int_equal(track(&rig, 1, true).state, DELIVERY_ACCEPTED);
    pass(&rig, 3 * MINUTE_MS, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[SMS_1] = 2, [EMAIL_1] = 2, [SMS_2] = 1});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_DELIVERED), 2);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void another_round_begins_with_the_first_sending_of_both(void **test)
{
    (void)test;
    struct rig rig;
    pair_init(&rig, PLAN_ACKNOWLEDGED, 1);
    unsigned sent[RUNGS] = {0};
    static const struct rig_fate *const ALL_REJECTED[3] = {&REJECTED, &REJECTED, &REJECTED};
    rig_say(&rig, &rig.batches[0], 0, 1, &REJECTED);
    rig_say(&rig, &rig.batches[1], 0, 1, &REJECTED);
    pass(&rig, 1000, ALL_REJECTED, sent);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 1);
    assert_int_equal(rig_retry(&rig, 1, 1u << DELIVERY_FAILED, NULL), ERR_OK);
    pass(&rig, MINUTE_MS + 2000, ALL_ACCEPTED, sent);
    assert_sent(sent, (const unsigned[RUNGS]){
                          [SMS] = 1, [EMAIL] = 1, [SMS_1] = 1, [EMAIL_1] = 1, [VOICE] = 1});
    rig_check(&rig);
    rig_release(&rig);
}

static void without_one_of_them_the_other_repeats_alone(void **test)
{
    (void)test;
    for (unsigned left_out = 0; left_out < 2; left_out++) {
        struct rig rig;
        rig_make(&rig);
        struct campaign_def def = pair_def(&rig, PLAN_ACKNOWLEDGED, 10);
        def.plan.without = 1u << (left_out == 0 ? CHANNEL_SMS : CHANNEL_EMAIL);
        start(&rig, &def);
        unsigned sent[RUNGS] = {0};
        assert_int_equal(rig_leased(&rig), 10);
        rig_accept_all(&rig);
        pass(&rig, 3 * MINUTE_MS + 1000, ALL_ACCEPTED, sent);
        assert_sent(sent, left_out == 0
                              ? (const unsigned[RUNGS]){[EMAIL_1] = 10, [VOICE] = 10}
                              : (const unsigned[RUNGS]){[SMS_1] = 10, [SMS_2] = 10, [VOICE] = 10});
        rig_check(&rig);
        rig_release(&rig);
    }
}

/* Who stands where, of each message for itself. */
static void assert_on_rung(struct rig *rig, unsigned step, enum delivery_state state,
                           uint32_t people, uint32_t open)
{
    struct campaign_view view;
    assert_true(engine_campaign(rig->engine, 1, &view));
    assert_int_equal(view.rungs[step].states[state], people);
    assert_int_equal(view.rungs[step].open, open);
    uint32_t sums[2] = {0, 0};
    for (unsigned s = 0; s < RUNGS; s++) {
        for (unsigned i = DELIVERY_WAITING; i < DELIVERY_STATES; i++) {
            sums[s == EMAIL || s == EMAIL_1] += view.rungs[s].states[i];
        }
    }
    assert_int_equal(sums[0], view.def->recipients);
    assert_int_equal(sums[1], view.def->recipients);
}

static void each_message_is_counted_where_it_stands(void **test)
{
    (void)test;
    struct rig rig;
    rig_make(&rig);
    struct bitmap holes = {{0}};
    bitmap_set(&holes, 7);
    struct campaign_def def = pair_def(&rig, PLAN_ACKNOWLEDGED, 1500);
    def.recipients--;
    rig_add(&rig, &def);
    rig_add_holes(&rig, 1, 0, &holes);
    assert_on_rung(&rig, SMS, DELIVERY_WAITING, 1499, 0);
    assert_on_rung(&rig, EMAIL, DELIVERY_WAITING, 1499, 0);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, CREDIT);
    rig_run(&rig, 0);
    assert_on_rung(&rig, EMAIL, DELIVERY_LEASED, 1499, 0);
    for (unsigned b = 0; b < rig.batch_count; b++) {
        rig_say(&rig, &rig.batches[b], 0, PAGE_RECIPIENTS,
                rig.batches[b].wire.step == SMS ? &ACCEPTED : &REJECTED);
    }
    assert_on_rung(&rig, SMS, DELIVERY_ACCEPTED, 1499, 1499);
    assert_on_rung(&rig, EMAIL, DELIVERY_FAILED, 1499, 0);
    unsigned sent[RUNGS] = {0};
    pass(&rig, MINUTE_MS + 1000, ALL_ACCEPTED, sent);
    assert_on_rung(&rig, SMS, DELIVERY_ACCEPTED, 0, 0);
    assert_on_rung(&rig, SMS_1, DELIVERY_ACCEPTED, 1499, 1499);
    assert_on_rung(&rig, EMAIL, DELIVERY_FAILED, 1499, 0);
    rig_check(&rig);
    rig_restart(&rig);
    assert_on_rung(&rig, SMS_1, DELIVERY_ACCEPTED, 1499, 1499);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_on_rung(&rig, SMS_1, DELIVERY_ACCEPTED, 1499, 0);
    rig_release(&rig);
}

/* ---- The plan ---- */

static void both_have_their_places_in_the_plan(void **test)
{
    (void)test;
    struct rig rig;
    rig_make(&rig);
    struct campaign_def def = pair_def(&rig, PLAN_ACKNOWLEDGED, 1);
    struct plan *plan = &def.plan;
    assert_int_equal(plan->step_count, RUNGS);
    assert_int_equal(plan_begins_after_ms(plan, RUNGS), 4 * MINUTE_MS);
    static const unsigned BEGIN_MINUTES[RUNGS] = {0, 1, 2, 0, 1, 3};
    for (unsigned s = 0; s < RUNGS; s++) {
        assert_int_equal(plan_is_beside(plan, s), s == EMAIL || s == EMAIL_1);
        assert_int_equal(plan_has_beside(plan, s), s < EMAIL);
        assert_int_equal(plan_is_paired(plan, s), s < VOICE);
        assert_int_equal(plan_first_of_pair(plan, s), s < VOICE ? SMS : VOICE);
        assert_int_equal(plan_has_repetition(plan, s), s == SMS || s == SMS_1 || s == EMAIL);
        assert_int_equal(plan_begins_after_ms(plan, s), BEGIN_MINUTES[s] * MINUTE_MS);
    }
    assert_int_equal(plan_beside(plan, SMS_2), EMAIL);
    assert_int_equal(plan_next_of_pair(plan, SMS), VOICE);
    plan->without = 1u << CHANNEL_VOICE;
    assert_int_equal(plan_next_of_pair(plan, SMS), RUNGS);
    plan->without = 1u << CHANNEL_SMS;
    assert_false(plan_has_pair(plan));
    assert_int_equal(plan_first(plan), EMAIL);
    assert_int_equal(plan_begins_after_ms(plan, VOICE), 2 * MINUTE_MS);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_sent_again_on_its_track_and_the_ladder_climbs_after_both),
        cmocka_unit_test(who_acknowledges_any_of_them_is_sent_nothing_again),
        cmocka_unit_test(whom_one_cannot_be_sent_to_is_sent_the_other_again),
        cmocka_unit_test(what_an_earlier_time_reached_is_kept),
        cmocka_unit_test(a_delivery_of_an_earlier_time_ends_its_track),
        cmocka_unit_test(another_round_begins_with_the_first_sending_of_both),
        cmocka_unit_test(without_one_of_them_the_other_repeats_alone),
        cmocka_unit_test(each_message_is_counted_where_it_stands),
        cmocka_unit_test(both_have_their_places_in_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
