/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: every kind in every state, of the present attempt and of an earlier one; in any order,
 * any number of times, early, and after the end. After each, a restart gives the same.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define CREDIT    (64u * 1024)
#define MINUTE_MS 60000u

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate REJECTED = {.outcome = OUTCOME_REJECTED, .reason = 400};
static const struct rig_fate UNCERTAIN = {.outcome = OUTCOME_UNCERTAIN,
                                          .reason = REASON_TIMED_OUT_AFTER};

/* Two steps of a minute, SMS by provider 0 and e-mail by 1; the first batch is out. */
static void receipts_init_with(struct rig *rig, enum plan_until until, enum plan_until last,
                               uint32_t slots)
{
    rig_init(rig);
    rig_add_provider(rig, 1, 0);
    rig->providers[1].channel = CHANNEL_EMAIL;
    engine_add_provider(rig->engine, &rig->providers[1]);
    struct campaign_def def = rig_def(rig, 1, slots);
    def.plan.step_count = 2;
    for (unsigned s = 0; s < 2; s++) {
        plan_step_defaults(&def.plan.steps[s], s == 0 ? CHANNEL_SMS : CHANNEL_EMAIL);
        def.plan.steps[s].attempts = 1;
        def.plan.steps[s].within_ms = MINUTE_MS;
        def.plan.steps[s].until = s == 0 ? until : last;
    }
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_join(rig, 1, 11, CREDIT);
    rig_run(rig, 0);
}

static void receipts_init(struct rig *rig, enum plan_until until, uint32_t slots)
{
    receipts_init_with(rig, until, until, slots);
}

static enum err receive(struct rig *rig, uint32_t ordinal, uint8_t step, enum receipt_kind kind)
{
    const struct receipt receipt = {
        .campaign = 1, .ordinal = ordinal, .step = step, .provider = step, .kind = kind};
    return engine_receipt(rig->engine, &receipt, rig->now_ms);
}

static void pass(struct rig *rig, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 1000) {
        (void)engine_worker_heartbeat(rig->engine, 1, rig->now_ms);
        rig_run(rig, ms - passed < 1000 ? ms - passed : 1000);
    }
}

/* Those whose time is over climb in this run. */
static void pass_step(struct rig *rig)
{
    pass(rig, MINUTE_MS - 1000);
    rig_run(rig, 1020);
}

static void climb(struct rig *rig)
{
    rig_accept_all(rig);
    pass_step(rig);
    assert_int_equal(rig->batches[0].wire.step, 1);
}

static void assert_stands(struct rig *rig, uint32_t ordinal, enum delivery_state state,
                          unsigned step, bool is_open)
{
    const struct recipient_state is = rig_state(rig, 1, ordinal);
    assert_string_equal(delivery_state_name((enum delivery_state)is.state),
                        delivery_state_name(state));
    assert_int_equal(is.step, step);
    assert_int_equal(recipient_is_open(&is), is_open);
}

static void delivered_ends_a_ladder_that_waits_for_it(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init(&rig, PLAN_DELIVERED, 3);
    rig_accept_all(&rig);
    assert_stands(&rig, 0, DELIVERY_ACCEPTED, 0, true);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_DELIVERED, 0, false);
    rig_check(&rig);
    pass_step(&rig);
    assert_int_equal(rig_leased(&rig), 2); /* who has none climbs */
    rig_check(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_DELIVERED), 1);
    struct event climbed;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_CLIMBED, &climbed));
    assert_int_equal(climbed.reason, REASON_NOT_DELIVERED);
    rig_check(&rig);
    rig_release(&rig);
}

static void delivered_waits_on_where_an_acknowledgement_is_wanted(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init(&rig, PLAN_ACKNOWLEDGED, 2);
    rig_accept_all(&rig);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_DELIVERED, 0, true);
    pass_step(&rig);
    assert_int_equal(rig_leased(&rig), 2);
    /* What was delivered once does not end as less. */
    const struct rig_batch second = rig.batches[0];
    rig_say(&rig, &second, 0, 2, &REJECTED);
    assert_stands(&rig, 0, DELIVERY_DELIVERED, 1, false);
    assert_stands(&rig, 1, DELIVERY_ACCEPTED, 1, false);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_receipt_that_overtakes_the_outcome_proves_the_attempt(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init(&rig, PLAN_DELIVERED, 3);
    const struct rig_batch first = rig.batches[0];
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_ACCEPTED), ERR_OK);
    assert_int_equal(receive(&rig, 1, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(receive(&rig, 2, 0, RECEIPT_BOUNCED), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_ACCEPTED, 0, true);
    assert_stands(&rig, 1, DELIVERY_DELIVERED, 0, false);
    assert_stands(&rig, 2, DELIVERY_WAITING, 1, false);
    struct worker_view worker;
    assert_true(engine_worker(rig.engine, 0, &worker));
    assert_int_equal(worker.in_hand[CHANNEL_SMS], 0);
    rig_check(&rig);
    rig_say(&rig, &first, 0, 3, &UNCERTAIN); /* all of that is known */
    assert_stands(&rig, 0, DELIVERY_ACCEPTED, 0, true);
    assert_stands(&rig, 1, DELIVERY_DELIVERED, 0, false);
    rig_check(&rig);
    rig_release(&rig);
}

/* One recipient is out as the probe of a provider whose breaker was open; a second one waits. */
static void probe_init(struct rig *rig)
{
    static const struct rig_fate MISCONFIGURED = {.outcome = OUTCOME_MISCONFIGURED, .reason = 401};
    receipts_init(rig, PLAN_DELIVERED, 1);
    rig_say(rig, &rig->batches[0], 0, 1, &MISCONFIGURED);
    assert_int_equal(rig_provider(rig, 0).breaker, BREAKER_OPEN);
    for (unsigned s = 0; s < 60 && rig_provider(rig, 0).breaker == BREAKER_OPEN; s++) {
        pass(rig, 1000);
    }
    assert_int_equal(rig_provider(rig, 0).breaker, BREAKER_PROBING);
    assert_stands(rig, 0, DELIVERY_LEASED, 0, false);
}

static void a_receipt_of_the_probe_closes_the_breaker(void **test)
{
    (void)test;
    for (unsigned kind = RECEIPT_ACCEPTED; kind <= RECEIPT_BOUNCED; kind++) {
        struct rig rig;
        probe_init(&rig);
        assert_int_equal(receive(&rig, 0, 0, (enum receipt_kind)kind), ERR_OK);
        assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_CLOSED);
        rig_check(&rig);
        rig_release(&rig);
    }
}

static void a_probe_that_was_acknowledged_goes_again(void **test)
{
    (void)test;
    struct rig rig;
    probe_init(&rig);
    struct campaign_def second = rig_def(&rig, 2, 1);
    rig_add(&rig, &second);
    assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 0); /* one probe at a time */
    assert_int_equal(engine_acknowledge(rig.engine, 1, 0, rig.now_ms), ERR_OK);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_PROBING);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 1);
    rig_accept_all(&rig);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_CLOSED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_late_outcome_of_what_bounced_does_not_settle_the_next_endpoint(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 1);
    def.plan.steps[0].endpoint_ranks = 2;
    def.plan.steps[0].until = PLAN_DELIVERED;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, CREDIT);
    rig_run(&rig, 0);
    const struct rig_batch first = rig.batches[0];
    const struct receipt receipt = {.campaign = 1, .kind = RECEIPT_BOUNCED};
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_OK);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 1);
    const struct rig_batch second = rig.batches[0];
    rig_say(&rig, &second, 0, 1, &UNCERTAIN);
    assert_int_equal(rig_state(&rig, 1, 0).endpoint, 1);
    assert_true(rig_state(&rig, 1, 0).uncertain);
    rig_say(&rig, &first, 0, 1, &ACCEPTED);
    assert_stands(&rig, 0, DELIVERY_RETRYING, 0, false);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_bounce_goes_on_to_the_next_endpoint_then_to_the_next_step(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 1);
    def.plan.steps[0].endpoint_ranks = 2;
    def.plan.steps[0].until = PLAN_DELIVERED;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, CREDIT);
    rig_run(&rig, 0);
    rig_accept_all(&rig);
    struct receipt receipt = {.campaign = 1, .kind = RECEIPT_FAILED, .reason = 550};
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_OK);
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_OK);
    assert_int_equal(rig_state(&rig, 1, 0).endpoint, 1);
    rig_run(&rig, 10);
    rig_accept_all(&rig);
    receipt.attempt = 0x20;
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_NOT_FOUND);
    receipt.attempt = 0x10;
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_FAILED, 0, false);
    rig_check(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_BOUNCED), 2);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    /* The first one did arrive after all. */
    receipt = (struct receipt){.campaign = 1, .kind = RECEIPT_DELIVERED};
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_DELIVERED, 0, false);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_late_delivery_of_an_earlier_step_ends_the_ladder(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init(&rig, PLAN_DELIVERED, 2);
    climb(&rig);
    rig_effects(&rig);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_ACCEPTED), ERR_OK);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_BOUNCED), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_LEASED, 1, false);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_DELIVERED, 1, false);
    rig_effects(&rig);
    assert_int_equal(rig.effect_count, 1);
    assert_int_equal(rig.effects[0].kind, ENGINE_RECALL);
    rig_check(&rig);
    rig_release(&rig);
}

static void an_earlier_delivery_is_remembered_while_the_ladder_goes_on(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init(&rig, PLAN_ACKNOWLEDGED, 1);
    climb(&rig);
    const struct rig_batch second = rig.batches[0];
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_CONFIRMED), 0); /* turn is open */
    assert_stands(&rig, 0, DELIVERY_LEASED, 1, false);
    rig_check(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_CONFIRMED), 1);
    rig_say(&rig, &second, 0, 1, &REJECTED);
    assert_stands(&rig, 0, DELIVERY_DELIVERED, 1, false);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_was_delivered_ends_so_though_the_last_step_is_only_accepted(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init_with(&rig, PLAN_ACKNOWLEDGED, PLAN_ACCEPTED, 4);
    rig_accept_all(&rig);
    assert_int_equal(receive(&rig, 1, 0, RECEIPT_DELIVERED), ERR_OK);
    assert_int_equal(receive(&rig, 2, 0, RECEIPT_DELIVERED), ERR_OK);
    pass_step(&rig);
    assert_int_equal(rig_leased(&rig), 4);
    const struct rig_batch second = rig.batches[0];
    assert_int_equal(receive(&rig, 2, 1, RECEIPT_ACCEPTED), ERR_OK); /* before its outcome */
    rig_say(&rig, &second, 0, 4, &ACCEPTED);
    assert_stands(&rig, 0, DELIVERY_ACCEPTED, 1, false);
    assert_stands(&rig, 1, DELIVERY_DELIVERED, 1, false);
    assert_stands(&rig, 2, DELIVERY_DELIVERED, 1, false);
    assert_stands(&rig, 3, DELIVERY_ACCEPTED, 1, false);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    /* What the last step met is kept too. */
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_ACCEPTED), 8);
    rig_release(&rig);
}

static void the_outcome_of_what_bounced_settles_no_doubt_of_an_earlier_step(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init(&rig, PLAN_ACKNOWLEDGED, 2);
    rig_say(&rig, &rig.batches[0], 0, 2, &UNCERTAIN);
    pass_step(&rig);
    assert_int_equal(rig_leased(&rig), 2);
    const struct rig_batch second = rig.batches[0];
    assert_int_equal(receive(&rig, 0, 1, RECEIPT_BOUNCED), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_UNCERTAIN, 1, false);
    rig_say(&rig, &second, 1, 1, &ACCEPTED); /* with which its lease is gone */
    rig_say(&rig, &second, 0, 1, &ACCEPTED);
    assert_stands(&rig, 0, DELIVERY_UNCERTAIN, 1, false);
    rig_check(&rig);
    rig_release(&rig);
}

static void the_doubt_of_an_endpoint_outlives_the_bounce_of_the_next(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 1);
    def.plan.steps[0].endpoint_ranks = 2;
    def.plan.steps[0].until = PLAN_DELIVERED;
    def.plan.steps[0].backoff_ms = 10;
    def.plan.steps[0].backoff_max_ms = 10;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, CREDIT);
    rig_run(&rig, 0);
    rig_say(&rig, &rig.batches[0], 0, 1, &UNCERTAIN);
    rig_run(&rig, 20);
    rig_say(&rig, &rig.batches[0], 0, 1, &REJECTED);
    rig_run(&rig, 10);
    rig_say(&rig, &rig.batches[0], 0, 1, &ACCEPTED);
    assert_stands(&rig, 0, DELIVERY_ACCEPTED, 0, true);
    const struct receipt receipt = {.campaign = 1, .attempt = 0x10, .kind = RECEIPT_BOUNCED};
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_UNCERTAIN, 0, false);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_complaint_counts_once_and_moves_nobody(void **test)
{
    (void)test;
    struct rig rig;
    struct campaign_view view;
    receipts_init(&rig, PLAN_ACKNOWLEDGED, 2);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_COMPLAINED), ERR_OK);
    assert_int_equal(receive(&rig, 0, 0, RECEIPT_COMPLAINED), ERR_OK);
    assert_stands(&rig, 0, DELIVERY_LEASED, 0, false);
    assert_true(engine_campaign(rig.engine, 1, &view));
    assert_int_equal(view.complained, 1);
    rig_check(&rig);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 1, rig.now_ms), ERR_OK);
    assert_int_equal(receive(&rig, 1, 0, RECEIPT_COMPLAINED), ERR_OK);
    assert_stands(&rig, 1, DELIVERY_ACKNOWLEDGED, 0, false);
    rig_check(&rig);
    rig_restart(&rig);
    assert_true(engine_campaign(rig.engine, 1, &view));
    assert_int_equal(view.complained, 2);
    rig_release(&rig);
}

static void who_is_unknown_is_refused(void **test)
{
    (void)test;
    struct rig rig;
    receipts_init(&rig, PLAN_DELIVERED, 1);
    struct campaign_def draft = rig_def(&rig, 2, 1);
    rig_add(&rig, &draft);
    struct receipt receipt = {.campaign = 2, .kind = RECEIPT_DELIVERED};
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_CONFLICT);
    receipt.campaign = 3;
    assert_int_equal(engine_receipt(rig.engine, &receipt, rig.now_ms), ERR_NOT_FOUND);
    assert_int_equal(receive(&rig, 1, 0, RECEIPT_DELIVERED), ERR_NOT_FOUND);
    assert_int_equal(receive(&rig, 0, 1, RECEIPT_DELIVERED), ERR_NOT_FOUND);
    rig_release(&rig);
}

/* Brings somebody into a state on step 1, having been accepted on step 0; false if none gets there
 * so. */
static bool bring(struct rig *rig, enum delivery_state state)
{
    climb(rig);
    const struct rig_batch second = rig->batches[0];
    switch (state) {
    case DELIVERY_LEASED:
        return true;
    case DELIVERY_ACCEPTED:
        rig_say(rig, &second, 0, 1, &ACCEPTED);
        return true;
    case DELIVERY_UNCERTAIN:
        rig_say(rig, &second, 0, 1, &UNCERTAIN);
        return true;
    case DELIVERY_DELIVERED:
        return receive(rig, 0, 1, RECEIPT_DELIVERED) == ERR_OK;
    case DELIVERY_ACKNOWLEDGED:
        return engine_acknowledge(rig->engine, 1, 0, rig->now_ms) == ERR_OK;
    default:
        return false;
    }
}

/* How high a state stands: no receipt brings anybody down, but a bounce of what was only accepted.
 */
static unsigned height(enum delivery_state state)
{
    return state == DELIVERY_ACKNOWLEDGED ? 4 : state == DELIVERY_DELIVERED ? 3 : 0;
}

static void no_receipt_is_a_step_back_and_each_counts_once(void **test)
{
    (void)test;
    for (unsigned until = PLAN_ACCEPTED; until <= PLAN_ACKNOWLEDGED; until++) {
        for (unsigned s = 0; s < DELIVERY_STATES; s++) {
            for (unsigned kind = 0; kind < RECEIPT_KINDS * 2; kind++) {
                struct rig rig;
                if (until == PLAN_ACCEPTED) {
                    continue; /* nobody climbs */
                }
                receipts_init(&rig, (enum plan_until)until, 1);
                if (!bring(&rig, (enum delivery_state)s)) {
                    rig_release(&rig);
                    break;
                }
                rig_check(&rig);
                struct recipient_state before = rig_state(&rig, 1, 0);
                uint8_t step = kind >= RECEIPT_KINDS ? 1 : 0;
                enum receipt_kind of = (enum receipt_kind)(kind % RECEIPT_KINDS);
                assert_int_equal(receive(&rig, 0, step, of), ERR_OK);
                struct recipient_state once = rig_state(&rig, 1, 0);
                assert_true(height((enum delivery_state)once.state) >=
                            height((enum delivery_state)before.state));
                rig_check(&rig);
                unsigned records = rig.record_count;
                assert_int_equal(receive(&rig, 0, step, of), ERR_OK);
                struct recipient_state twice = rig_state(&rig, 1, 0);
                assert_memory_equal(&once, &twice, sizeof(once));
                rig_check(&rig);
                assert_int_equal(rig.record_count, records);
                rig_restart(&rig);
                rig_release(&rig);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivered_ends_a_ladder_that_waits_for_it),
        cmocka_unit_test(delivered_waits_on_where_an_acknowledgement_is_wanted),
        cmocka_unit_test(a_receipt_that_overtakes_the_outcome_proves_the_attempt),
        cmocka_unit_test(a_receipt_of_the_probe_closes_the_breaker),
        cmocka_unit_test(a_probe_that_was_acknowledged_goes_again),
        cmocka_unit_test(a_late_outcome_of_what_bounced_does_not_settle_the_next_endpoint),
        cmocka_unit_test(a_bounce_goes_on_to_the_next_endpoint_then_to_the_next_step),
        cmocka_unit_test(a_late_delivery_of_an_earlier_step_ends_the_ladder),
        cmocka_unit_test(an_earlier_delivery_is_remembered_while_the_ladder_goes_on),
        cmocka_unit_test(who_was_delivered_ends_so_though_the_last_step_is_only_accepted),
        cmocka_unit_test(the_outcome_of_what_bounced_settles_no_doubt_of_an_earlier_step),
        cmocka_unit_test(the_doubt_of_an_endpoint_outlives_the_bounce_of_the_next),
        cmocka_unit_test(a_complaint_counts_once_and_moves_nobody),
        cmocka_unit_test(who_is_unknown_is_refused),
        cmocka_unit_test(no_receipt_is_a_step_back_and_each_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
