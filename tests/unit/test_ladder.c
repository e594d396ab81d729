/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans of several steps: who climbs when, who does not, and how a ladder ends.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define CREDIT    (64u * 1024)
#define MINUTE_MS 60000u

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 400};
static const struct rig_fate NO_ENDPOINT = {.outcome = OUTCOME_REJECTED,
                                            .reason = REASON_NO_ENDPOINT};
static const struct rig_fate UNCERTAIN = {.outcome = OUTCOME_UNCERTAIN,
                                          .reason = REASON_TIMED_OUT_AFTER};

/* Provider 0 sends SMS, 1 e-mail, 2 calls; a ladder over the first `steps` of them, each a minute
 * long, with one attempt, but for those on the channels that it does without. */
static void ladder_init_without(struct rig *rig, unsigned without, unsigned steps,
                                enum plan_until until, uint32_t slots)
{
    static const enum channel_kind CHANNELS[] = {CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_VOICE};
    rig_init(rig);
    rig_add_provider(rig, 1, 0);
    rig_add_provider(rig, 2, 0);
    struct campaign_def def = rig_def(rig, 1, slots);
    def.plan.step_count = steps;
    def.plan.without = without;
    for (unsigned s = 0; s < steps; s++) {
        plan_step_defaults(&def.plan.steps[s], CHANNELS[s]);
        def.plan.steps[s].attempts = 1;
        def.plan.steps[s].within_ms = MINUTE_MS;
        def.plan.steps[s].until = until;
    }
    for (uint8_t p = 1; p < 3; p++) {
        rig->providers[p].channel = CHANNELS[p];
        engine_add_provider(rig->engine, &rig->providers[p]);
    }
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, CREDIT);
    rig_run(rig, 0);
}

static void ladder_init(struct rig *rig, unsigned steps, enum plan_until until, uint32_t slots)
{
    ladder_init_without(rig, 0, steps, until, slots);
}

static void pass(struct rig *rig, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 1000) {
        (void)engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, ms - passed < 1000 ? ms - passed : 1000);
    }
}

static void say_all(struct rig *rig, const struct rig_fate *fate)
{
    for (unsigned b = 0; b < rig->batch_count; b++) {
        rig_say(rig, &rig->batches[b], 0, rig->batches[b].wire.count, fate);
    }
}

static void assert_batch(const struct rig *rig, unsigned number, uint8_t step, uint32_t count)
{
    assert_true(number < rig->batch_count);
    assert_int_equal(rig->batches[number].wire.step, step);
    assert_int_equal(rig->batches[number].wire.provider, step);
    assert_int_equal(rig->batches[number].wire.count, count);
}

static void who_cannot_be_sent_to_climbs_at_once(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 3, PLAN_ACCEPTED, 100);
    assert_batch(&rig, 0, 0, 100);
    const struct rig_batch first = rig.batches[0];
    rig_say(&rig, &first, 0, 60, &ACCEPTED);
    rig_say(&rig, &first, 60, 30, &REJECTED);
    rig_say(&rig, &first, 90, 10, &NO_ENDPOINT);
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 1);
    assert_batch(&rig, 0, 1, 40);
    assert_int_equal(rig.batches[0].attempts[0], 0);
    rig_accept_all(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 100);
    rig_check(&rig);
    rig_release(&rig);
}

static void after_the_last_step_he_has_failed_or_was_never_reachable(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACCEPTED, 3);
    const struct rig_batch first = rig.batches[0];
    rig_say(&rig, &first, 0, 1, &REJECTED);
    rig_say(&rig, &first, 1, 2, &NO_ENDPOINT);
    rig_run(&rig, 10);
    const struct rig_batch second = rig.batches[0];
    rig_say(&rig, &second, 0, 2, &NO_ENDPOINT);
    rig_say(&rig, &second, 2, 1, &REJECTED);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_FAILED);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_UNREACHABLE);
    assert_int_equal(rig_state(&rig, 1, 2).state, DELIVERY_FAILED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_does_not_acknowledge_in_time_climbs_and_not_before(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 100);
    rig_accept_all(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    pass(&rig, MINUTE_MS - 10);
    assert_int_equal(rig.batch_count, 0);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 7, rig.now_ms), ERR_OK);
    pass(&rig, 20);
    assert_batch(&rig, 0, 1, 99);
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS + 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 1);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 99);
    rig_check(&rig);
    rig_release(&rig);
}

static void an_acknowledgement_ends_the_ladder_wherever_he_stands(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 4);
    const struct rig_batch first = rig.batches[0];
    assert_int_equal(engine_acknowledge(rig.engine, 1, 0, rig.now_ms), ERR_OK); /* leased */
    rig_say(&rig, &first, 1, 3, &ACCEPTED);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1, rig.now_ms), ERR_OK); /* accepted */
    pass(&rig, MINUTE_MS - 10);
    pass(&rig, 20);
    assert_batch(&rig, 0, 1, 2);
    const struct rig_batch second = rig.batches[0];
    assert_int_equal(engine_acknowledge(rig.engine, 1, 2, rig.now_ms), ERR_OK); /* one step on */
    rig_say(&rig, &second, 2, 1, &ACCEPTED); /* what the worker says of him comes too late */
    rig_say(&rig, &second, 3, 1, &REJECTED);
    rig_say(&rig, &first, 0, 1, &ACCEPTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 3);
    assert_int_equal(rig_state(&rig, 1, 3).state, DELIVERY_ACCEPTED); /* by the first step */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    struct worker_view worker;
    assert_true(engine_worker(rig.engine, 0, &worker));
    assert_int_equal(worker.in_hand[CHANNEL_SMS] + worker.in_hand[CHANNEL_EMAIL], 0);
    rig_check(&rig);
    rig_release(&rig);
}

/* Worker 1 was given up and holds its batch still; the coordinator hears of it no more. */
static void what_was_handed_out_and_given_up_is_called_back_wherever_it_may_be(void **test)
{
    (void)test;
    struct rig rig;
    struct engine_effect effect;
    bool is_told[3] = {false};
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 4);
    assert_int_equal(rig.batch_count, 1);
    for (unsigned i = 0; i < 2 * RIG_LEASE_MS / 1000; i++) {
        rig_run(&rig, 1000);
    }
    rig_join(&rig, 2, 22, 65536);
    rig_run(&rig, 1000);
    while (engine_next_effect(rig.engine, &effect)) {
    }
    assert_int_equal(engine_acknowledge(rig.engine, 1, 3, rig.now_ms), ERR_OK);
    while (engine_next_effect(rig.engine, &effect)) {
        assert_int_equal(effect.kind, ENGINE_RECALL);
        assert_int_equal(effect.campaign, 1);
        assert_int_equal(effect.page, 0);
        assert_int_equal(effect.place, 3);
        is_told[effect.worker] = true;
    }
    assert_true(is_told[1] && is_told[2]);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_was_handed_out_is_called_back(void **test)
{
    (void)test;
    struct rig rig;
    struct engine_effect effect;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 4);
    const struct rig_batch first = rig.batches[0];
    rig_say(&rig, &first, 0, 1, &ACCEPTED);
    while (engine_next_effect(rig.engine, &effect)) {
    }
    assert_int_equal(engine_acknowledge(rig.engine, 1, 0, rig.now_ms), ERR_OK); /* it has left */
    assert_false(engine_next_effect(rig.engine, &effect));
    assert_int_equal(engine_acknowledge(rig.engine, 1, 3, rig.now_ms), ERR_OK);
    assert_true(engine_next_effect(rig.engine, &effect));
    assert_int_equal(effect.kind, ENGINE_RECALL);
    assert_int_equal(effect.worker, 1);
    assert_int_equal(effect.campaign, first.wire.campaign);
    assert_int_equal(effect.page, first.wire.page);
    assert_int_equal(effect.place, 3);
    assert_false(engine_next_effect(rig.engine, &effect));
    rig_check(&rig);
    rig_release(&rig);
}

static void an_acknowledgement_comes_once_and_of_recipients_alone(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 4);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 3, rig.now_ms), ERR_OK);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 3, rig.now_ms), ERR_OK);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 4, rig.now_ms), ERR_NOT_FOUND);
    assert_int_equal(engine_acknowledge(rig.engine, 9, 0, rig.now_ms), ERR_NOT_FOUND);
    rig_close(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_ACKNOWLEDGED), 1);
    struct campaign_def draft = rig_def(&rig, 2, 4);
    rig_add(&rig, &draft);
    assert_int_equal(engine_acknowledge(rig.engine, 2, 0, rig.now_ms), ERR_CONFLICT);
    rig_release(&rig);
}

/* Nothing of an e-mail's trouble holds up the calls: each step has its own providers. */
static void a_step_without_a_provider_keeps_nobody_on_another_waiting(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 3, PLAN_ACKNOWLEDGED, 2048);
    rig_say(&rig, &rig.batches[0], 0, 1024, &ACCEPTED);
    rig_say(&rig, &rig.batches[1], 0, 1024, &REJECTED);
    rig_run(&rig, 10);
    assert_batch(&rig, 0, 1, 1024);
    say_all(&rig, &(struct rig_fate){.outcome = OUTCOME_MISCONFIGURED, .reason = 535});
    pass(&rig, MINUTE_MS + 100); /* the first page climbs to the step that cannot send */
    for (unsigned b = 0; b < rig.batch_count; b++) {
        assert_int_equal(rig.batches[b].wire.step, 1);
        assert_true(rig.batches[b].wire.count <= 8); /* a probe */
    }
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_is_held_on_an_open_step_climbs_when_it_is_over(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 2);
    say_all(&rig, &UNCERTAIN);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 2);
    pass(&rig, MINUTE_MS - 10);
    pass(&rig, 20);
    assert_batch(&rig, 0, 1, 2);
    say_all(&rig, &REJECTED);
    /* He may have been reached by the first: nobody says that he was not. */
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 2);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void nobody_climbs_while_the_campaign_is_paused_or_cancelled(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 10);
    rig_accept_all(&rig);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    pass(&rig, 2 * MINUTE_MS);
    assert_int_equal(rig.batch_count, 0);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    pass(&rig, 10);
    assert_batch(&rig, 0, 1, 10);
    const struct rig_batch second = rig.batches[0];
    rig_say(&rig, &second, 0, 5, &ACCEPTED);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_say(&rig, &second, 5, 5, &(struct rig_fate){.outcome = OUTCOME_RETURNED});
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_CANCELLED);
    /* The last five were reached on the first step; nothing takes that back. */
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 10);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_restart_knows_who_stands_where_and_for_how_long(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 3000);
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS / 2);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 2999, rig.now_ms), ERR_OK);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, 12, CREDIT);
    pass(&rig, MINUTE_MS / 2 - 10);
    assert_int_equal(rig.batch_count, 0);
    pass(&rig, 20);
    assert_int_equal(rig_leased(&rig), 2999);
    rig_check(&rig);
    rig_release(&rig);
}

/* Folded by hand, as a report folds it from the journal. */
static void wake(struct rig *rig, uint32_t page, unsigned count, enum delivery_state state)
{
    struct recipient_state states[PAGE_RECIPIENTS] = {{0}};
    struct page_rest rest = {0};
    for (unsigned i = 0; i < count; i++) {
        states[i].state = state & 15u;
    }
    engine_wake_page(rig->engine, 1, page, states, NULL, count, &rest, rig->now_ms);
}

static void an_acknowledgement_after_the_end_is_counted_once(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 1, PLAN_ACCEPTED, 1500);
    rig_accept_all(&rig);
    rig_close(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1100, rig.now_ms), ERR_CLOSED);
    wake(&rig, 1, 1500 - 1024, DELIVERY_ACCEPTED);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1100, rig.now_ms), ERR_OK);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 3, rig.now_ms), ERR_CLOSED);
    rig_close(&rig);
    /* The record is under way: what was woken still knows. */
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1100, rig.now_ms), ERR_OK);
    assert_false(engine_has_events(rig.engine));
    assert_int_equal(engine_acknowledge(rig.engine, 1, 3, rig.now_ms), ERR_CLOSED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 1);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1499);
    rig_check(&rig);
    pass(&rig, 2 * MINUTE_MS);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1100, rig.now_ms), ERR_CLOSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_close(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 1);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1499);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_acknowledges_before_his_page_was_sent_keeps_nobody_else_waiting(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 100);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 7, rig.now_ms), ERR_OK);
    rig_join(&rig, 1, 11, CREDIT);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 99);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_acknowledges_on_a_page_that_was_cancelled_unsent_is_counted_once(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 2048);
    rig_join(&rig, 1, 11, 1024);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 1024);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 2000, rig.now_ms), ERR_OK);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 1);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 1023);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_comes_late_of_an_earlier_step_settles_the_end_and_no_other_step(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init(&rig, 2, PLAN_ACKNOWLEDGED, 2);
    const struct rig_batch first = rig.batches[0];
    say_all(&rig, &UNCERTAIN);
    pass(&rig, MINUTE_MS - 10);
    pass(&rig, 20);
    assert_batch(&rig, 0, 1, 2);
    const struct rig_batch second = rig.batches[0];
    rig_say(&rig, &second, 0, 1, &REJECTED);
    rig_say(&rig, &second, 1, 1, &UNCERTAIN);
    rig_say(&rig, &first, 0, 2, &ACCEPTED);
    assert_int_equal(rig_state(&rig, 1, 0).state, DELIVERY_ACCEPTED);
    assert_int_equal(rig_state(&rig, 1, 1).state, DELIVERY_UNCERTAIN);
    struct campaign_view view;
    assert_true(engine_campaign(rig.engine, 1, &view));
    assert_int_equal(view.open, 1);
    rig_check(&rig);
    rig_release(&rig);
}

static void everybody_begins_behind_what_is_left_out(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init_without(&rig, 1u << CHANNEL_SMS, 3, PLAN_ACKNOWLEDGED, 2000);
    assert_int_equal(rig.batch_count, 2);
    assert_batch(&rig, 0, 1, 1024);
    assert_batch(&rig, 1, 1, 976);
    assert_int_equal(rig_state(&rig, 1, 0).step, 1);
    say_all(&rig, &ACCEPTED);
    pass(&rig, MINUTE_MS - 20);
    pass(&rig, 40);
    assert_batch(&rig, 0, 2, 1024);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_climbs_passes_over_what_is_left_out(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init_without(&rig, 1u << CHANNEL_EMAIL, 3, PLAN_ACKNOWLEDGED, 10);
    assert_batch(&rig, 0, 0, 10);
    const struct rig_batch first = rig.batches[0];
    rig_say(&rig, &first, 0, 4, &REJECTED);
    rig_say(&rig, &first, 4, 6, &ACCEPTED);
    rig_run(&rig, 10);
    assert_batch(&rig, 0, 2, 4); /* at once */
    say_all(&rig, &ACCEPTED);
    pass(&rig, MINUTE_MS - 20);
    pass(&rig, 40);
    assert_batch(&rig, 0, 2, 6); /* when their time is over */
    rig_check(&rig);
    rig_release(&rig);
}

static void a_ladder_ends_with_the_last_step_that_is_not_left_out(void **test)
{
    (void)test;
    struct rig rig;
    ladder_init_without(&rig, 1u << CHANNEL_VOICE, 3, PLAN_ACCEPTED, 10);
    say_all(&rig, &REJECTED);
    rig_run(&rig, 10);
    assert_batch(&rig, 0, 1, 10);
    say_all(&rig, &REJECTED);
    rig_run(&rig, 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 10);
    rig_check(&rig);
    rig_release(&rig);
}

/* The first of two steps is sent so many times more. */
static void repeat_init(struct rig *rig, unsigned times, uint32_t slots)
{
    rig_init(rig);
    rig_add_provider(rig, 1, 0);
    struct campaign_def def = rig_def(rig, 1, slots);
    def.plan.step_count = 1;
    plan_step_defaults(&def.plan.steps[0], CHANNEL_SMS);
    def.plan.steps[0].attempts = 1;
    def.plan.steps[0].within_ms = 3 * MINUTE_MS;
    def.plan.steps[0].until = PLAN_ACKNOWLEDGED;
    plan_repeat_last(&def.plan, times, MINUTE_MS);
    plan_step_defaults(&def.plan.steps[def.plan.step_count++], CHANNEL_EMAIL);
    rig->providers[1].channel = CHANNEL_EMAIL;
    engine_add_provider(rig->engine, &rig->providers[1]);
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, CREDIT);
    rig_run(rig, 0);
}

static void a_ladder_has_as_many_rungs_as_a_plan_may(void **test)
{
    (void)test;
    struct rig rig;
    repeat_init(&rig, PLAN_RUNGS_MAX - 2, 2);
    for (uint8_t rung = 0; rung < PLAN_RUNGS_MAX; rung++) {
        assert_int_equal(rig.batch_count, 1);
        assert_int_equal(rig.batches[0].wire.step, rung);
        rig_accept_all(&rig);
        rig_check(&rig); /* also after a restart */
        pass(&rig, (rung < PLAN_RUNGS_MAX - 2 ? MINUTE_MS : 3 * MINUTE_MS) - 10);
        pass(&rig, 20);
    }
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_release(&rig);
}

static void a_step_is_sent_again_until_acknowledged_and_then_climbs(void **test)
{
    (void)test;
    struct rig rig;
    repeat_init(&rig, 2, 10);
    for (uint8_t sending = 0; sending < 3; sending++) {
        assert_int_equal(rig.batch_count, 1);
        assert_int_equal(rig.batches[0].wire.step, sending); /* a token of its own */
        assert_int_equal(rig.batches[0].wire.provider, 0);
        assert_int_equal(rig.batches[0].wire.count, 10u - sending);
        rig_accept_all(&rig);
        assert_int_equal(engine_acknowledge(rig.engine, 1, sending, rig.now_ms), ERR_OK);
        pass(&rig, (sending < 2 ? MINUTE_MS : 3 * MINUTE_MS) - 10);
        assert_int_equal(rig.batch_count, 0);
        pass(&rig, 20);
    }
    assert_int_equal(rig.batches[0].wire.step, 3);
    assert_int_equal(rig.batches[0].wire.provider, 1);
    assert_int_equal(rig.batches[0].wire.count, 7);
    rig_accept_all(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACKNOWLEDGED), 3);
    rig_check(&rig);
    rig_release(&rig);
}

static void whom_the_message_cannot_be_sent_to_passes_over_its_repetitions(void **test)
{
    (void)test;
    struct rig rig;
    repeat_init(&rig, 2, 3);
    const struct rig_batch first = rig.batches[0];
    rig_say(&rig, &first, 0, 1, &REJECTED);
    rig_say(&rig, &first, 1, 1, &NO_ENDPOINT);
    rig_say(&rig, &first, 2, 1, &ACCEPTED);
    rig_run(&rig, 10);
    assert_int_equal(rig.batch_count, 1);
    assert_int_equal(rig.batches[0].wire.step, 3);
    assert_int_equal(rig.batches[0].wire.count, 2);
    rig_accept_all(&rig);
    pass(&rig, MINUTE_MS + 10);
    const struct rig_batch again = rig.batches[0];
    assert_int_equal(again.wire.step, 1);
    rig_say(&rig, &again, 2, 1, &REJECTED);
    rig_run(&rig, 10);
    assert_int_equal(rig.batches[0].wire.step, 3);
    rig_say(&rig, &rig.batches[0], 2, 1, &REJECTED);
    assert_int_equal(rig_state(&rig, 1, 2).state, DELIVERY_ACCEPTED); /* by the first sending */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_cannot_be_sent_to_climbs_at_once),
        cmocka_unit_test(after_the_last_step_he_has_failed_or_was_never_reachable),
        cmocka_unit_test(who_does_not_acknowledge_in_time_climbs_and_not_before),
        cmocka_unit_test(an_acknowledgement_ends_the_ladder_wherever_he_stands),
        cmocka_unit_test(what_was_handed_out_and_given_up_is_called_back_wherever_it_may_be),
        cmocka_unit_test(what_was_handed_out_is_called_back),
        cmocka_unit_test(an_acknowledgement_comes_once_and_of_recipients_alone),
        cmocka_unit_test(a_step_without_a_provider_keeps_nobody_on_another_waiting),
        cmocka_unit_test(who_is_held_on_an_open_step_climbs_when_it_is_over),
        cmocka_unit_test(nobody_climbs_while_the_campaign_is_paused_or_cancelled),
        cmocka_unit_test(who_acknowledges_before_his_page_was_sent_keeps_nobody_else_waiting),
        cmocka_unit_test(who_acknowledges_on_a_page_that_was_cancelled_unsent_is_counted_once),
        cmocka_unit_test(what_comes_late_of_an_earlier_step_settles_the_end_and_no_other_step),
        cmocka_unit_test(a_ladder_has_as_many_rungs_as_a_plan_may),
        cmocka_unit_test(a_step_is_sent_again_until_acknowledged_and_then_climbs),
        cmocka_unit_test(whom_the_message_cannot_be_sent_to_passes_over_its_repetitions),
        cmocka_unit_test(a_restart_knows_who_stands_where_and_for_how_long),
        cmocka_unit_test(an_acknowledgement_after_the_end_is_counted_once),
        cmocka_unit_test(everybody_begins_behind_what_is_left_out),
        cmocka_unit_test(who_climbs_passes_over_what_is_left_out),
        cmocka_unit_test(a_ladder_ends_with_the_last_step_that_is_not_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
