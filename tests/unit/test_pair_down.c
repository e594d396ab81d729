/* SPDX-License-Identifier: Apache-2.0 */
/* A pair of steps, and channels that are down. */
#include "tests/unit/engine_rig.h"
#include "tests/unit/pair_fixture.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 400};
static const struct rig_fate REFUSED = {.outcome = OUTCOME_MISCONFIGURED, .reason = 401};

static const struct rig_fate UNCERTAIN = {.outcome = OUTCOME_UNCERTAIN,
                                          .reason = REASON_TIMED_OUT_AFTER};

static const struct rig_fate NO_ENDPOINT = {.outcome = OUTCOME_REJECTED,
                                            .reason = REASON_NO_ENDPOINT};

/* ---- A channel that is down ---- */

static void down_init(struct rig *rig, enum plan_until until, unsigned climbing, uint32_t slots)
{
    rig_make(rig);
    struct campaign_def def = pair_def(rig, until, slots);
    for (unsigned s = 0; s < VOICE; s++) {
        bool is_climbing = (climbing >> (s >= EMAIL) & 1) != 0;
        def.plan.steps[s].if_down = is_climbing ? PLAN_DOWN_CLIMB : PLAN_DOWN_WAIT;
    }
    start(rig, &def);
}

/* Who waits on the step that is down gives it up; the ladder waits for the other one. */
static void one_that_is_down_is_given_up_and_the_other_goes_on(void **test)
{
    (void)test;
    for (unsigned down = 0; down < 2; down++) {
        struct rig rig;
        down_init(&rig, PLAN_ACKNOWLEDGED, 1u << down, 1500);
        unsigned sent[RUNGS] = {0};
        const struct rig_fate *const fates[3] = {down == 0 ? &REFUSED : &ACCEPTED,
                                                 down == 1 ? &REFUSED : &ACCEPTED, &ACCEPTED};
        for (unsigned b = 0; b < rig.batch_count; b++) {
            rig_say(&rig, &rig.batches[b], 0, PAGE_RECIPIENTS,
                    fates[rig.batches[b].wire.step >= EMAIL]);
        }
        pass(&rig, GRACE_MS - 1000, fates, sent);
        assert_int_equal(track(&rig, 0, down == 1).state, DELIVERY_WAITING);
        pass(&rig, 3000, fates, sent);
        assert_int_equal(track(&rig, 0, down == 1).state, DELIVERY_FAILED);
        assert_int_equal(track(&rig, 1499, down == 1).state, DELIVERY_FAILED);
        struct event event;
        rig_check(&rig);
        assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_FAILED, &event));
        assert_int_equal(event.reason, REASON_CHANNEL_DOWN);
        assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_FAILED), 1500);
        assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1500); /* by the other one */
        assert_int_equal(sent[VOICE], 0);
        pass(&rig, 3 * MINUTE_MS, fates, sent);
        assert_int_equal(sent[VOICE], 1500);
        rig_check(&rig);
        rig_release(&rig);
    }
}

static void while_both_are_down_the_ladder_climbs(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_ACKNOWLEDGED, 3, 3000);
    unsigned sent[RUNGS] = {0};
    static const struct rig_fate *const fates[3] = {&REFUSED, &REFUSED, &ACCEPTED};
    for (unsigned b = 0; b < rig.batch_count; b++) {
        rig_say(&rig, &rig.batches[b], 0, PAGE_RECIPIENTS, &REFUSED);
    }
    pass(&rig, GRACE_MS + 3000, fates, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[VOICE] = 3000});
    assert_int_equal(rig_state(&rig, 1, 2999).tried, 1);
    rig_check(&rig);
    rig_release(&rig);
}

static void where_the_plan_does_not_say_so_they_wait(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_ACKNOWLEDGED, 1, 10);
    unsigned sent[RUNGS] = {0};
    static const struct rig_fate *const fates[3] = {&REFUSED, &REFUSED, &ACCEPTED};
    for (unsigned b = 0; b < rig.batch_count; b++) {
        rig_say(&rig, &rig.batches[b], 0, PAGE_RECIPIENTS, &REFUSED);
    }
    pass(&rig, 4 * GRACE_MS, fates, sent);
    assert_int_equal(track(&rig, 0, false).state, DELIVERY_FAILED);
    assert_int_equal(track(&rig, 0, true).state, DELIVERY_WAITING);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 10);
    assert_int_equal(sent[VOICE], 0);
    rig_check(&rig);
    rig_release(&rig);
}

/* Who may have been reached stays in doubt, and waits where that would be all that is wanted. */
static void who_is_in_doubt_stays_so(void **test)
{
    (void)test;
    for (unsigned until = PLAN_ACCEPTED; until <= PLAN_ACKNOWLEDGED; until += PLAN_ACKNOWLEDGED) {
        struct rig rig;
        down_init(&rig, (enum plan_until)until, 1, 20);
        unsigned sent[RUNGS] = {0};
        static const struct rig_fate *const fates[3] = {&REFUSED, &REJECTED, &ACCEPTED};
        const struct rig_batch sms = batch_of(&rig, SMS);
        const struct rig_batch email = batch_of(&rig, EMAIL);
        rig_say(&rig, &sms, 0, 5, &UNCERTAIN);
        rig_say(&rig, &sms, 5, 15, &REFUSED);
        rig_say(&rig, &email, 0, 20, &REJECTED);
        pass(&rig, 4 * GRACE_MS, fates, sent);
        bool is_waiting = until == PLAN_ACCEPTED;
        assert_int_equal(sent[VOICE], is_waiting ? 15 : 20);
        assert_int_equal(track(&rig, 0, false).before,
                         is_waiting ? BEFORE_NOTHING : BEFORE_DOUBTED);
        rig_check(&rig);
        rig_release(&rig);
    }
}

/* On a repetition it is the same; what the first sending reached is kept. */
static void a_repetition_is_given_up_as_well(void **test)
{
    (void)test;
    struct rig rig;
    down_init(&rig, PLAN_ACKNOWLEDGED, 1, 10);
    unsigned sent[RUNGS] = {0};
    static const struct rig_fate *const fates[3] = {&REFUSED, &ACCEPTED, &ACCEPTED};
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS + 2 * GRACE_MS, fates, sent);
    assert_int_equal(track(&rig, 0, false).state, DELIVERY_FAILED);
    assert_int_equal(track(&rig, 0, false).step, SMS_1);
    assert_int_equal(track(&rig, 0, true).step, EMAIL_1);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 10);
    rig_check(&rig);
    pass(&rig, MINUTE_MS, fates, sent);
    assert_int_equal(sent[VOICE], 10);
    rig_release(&rig);
}

/* ---- Whom nothing but what was down can reach ---- */

static void set_unopened(struct rig *rig, uint64_t instance, unsigned providers)
{
    struct wire_unopened unopened[3];
    unsigned count = 0;
    for (uint8_t p = 0; p < 3; p++) {
        if ((providers >> p & 1) != 0) {
            unopened[count++] = (struct wire_unopened){.provider = p, .why = "no secret"};
        }
    }
    engine_worker_hello(rig->engine, 1, "w1", instance, rig->now_ms);
    engine_worker_unopened(rig->engine, 1, unopened, count);
    engine_worker_credit(
        rig->engine, 1,
        (const uint32_t[CHANNEL_KINDS]){
            [CHANNEL_SMS] = CREDIT, [CHANNEL_EMAIL] = CREDIT, [CHANNEL_VOICE] = CREDIT},
        rig->now_ms);
}

/* Both were given up without a try, and there is nobody to call: he goes back to both. */
static void who_gave_up_both_goes_back_to_both(void **test)
{
    (void)test;
    struct rig rig;
    rig_make(&rig);
    struct campaign_def def = pair_def(&rig, PLAN_ACCEPTED, 1500);
    for (unsigned s = 0; s < VOICE; s++) {
        def.plan.steps[s].if_down = PLAN_DOWN_CLIMB;
    }
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    set_unopened(&rig, 11, 3);
    unsigned sent[RUNGS] = {0};
    static const struct rig_fate *const fates[3] = {&ACCEPTED, &NO_ENDPOINT, &NO_ENDPOINT};
    pass(&rig, 4 * GRACE_MS, fates, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[VOICE] = 1500});
    assert_int_equal(track(&rig, 0, false).state, DELIVERY_WAITING);
    assert_int_equal(track(&rig, 1499, true).state, DELIVERY_WAITING);
    assert_int_equal(track(&rig, 1499, true).step, EMAIL);
    struct event event;
    rig_check(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_CLIMBED, &event));
    assert_int_equal(event.reason, REASON_PASSED_BY);
    rig_restart(&rig);
    set_unopened(&rig, 12, 1);
    pass(&rig, 4 * GRACE_MS, fates, sent); /* he waits for the SMS alone */
    assert_sent(sent, (const unsigned[RUNGS]){[VOICE] = 1500, [EMAIL] = 1500});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 1500);
    set_unopened(&rig, 12, 0);
    pass(&rig, 1000, fates, sent);
    assert_int_equal(sent[SMS], 1500);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1500);
    rig_check(&rig);
    rig_release(&rig);
}

/* What he passed by is before the pair, on whose steps he has nothing. */
static void who_has_neither_of_both_goes_back_to_what_was_before(void **test)
{
    (void)test;
    struct rig rig;
    rig_make(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10);
    def.plan.step_count = 0;
    add_step(&def.plan, CHANNEL_VOICE, false, PLAN_ACCEPTED, 0);
    add_step(&def.plan, CHANNEL_SMS, false, PLAN_ACCEPTED, 0);
    add_step(&def.plan, CHANNEL_EMAIL, true, PLAN_ACCEPTED, 0);
    def.plan.steps[0].if_down = PLAN_DOWN_CLIMB;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    set_unopened(&rig, 11, 4);
    unsigned sent[RUNGS] = {0};
    static const struct rig_fate *const fates[3] = {&NO_ENDPOINT, &NO_ENDPOINT, &NO_ENDPOINT};
    pass(&rig, 4 * GRACE_MS, fates, sent);
    assert_sent(sent, (const unsigned[RUNGS]){[1] = 10, [2] = 10});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 10);
    assert_int_equal(rig_state(&rig, 1, 0).step, 0);
    rig_check(&rig);
    set_unopened(&rig, 11, 0);
    pass(&rig, 2000, fates, sent);
    assert_sent(sent, (const unsigned[RUNGS]){10, 20, 20});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNREACHABLE), 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_down_is_given_up_and_the_other_goes_on),
        cmocka_unit_test(while_both_are_down_the_ladder_climbs),
        cmocka_unit_test(where_the_plan_does_not_say_so_they_wait),
        cmocka_unit_test(who_is_in_doubt_stays_so),
        cmocka_unit_test(a_repetition_is_given_up_as_well),
        cmocka_unit_test(who_gave_up_both_goes_back_to_both),
        cmocka_unit_test(who_has_neither_of_both_goes_back_to_what_was_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
