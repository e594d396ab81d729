/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns that stop themselves. */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define WORKER 7
#define CREDIT 65536

static const struct rig_fate ACCEPTED = {OUTCOME_ACCEPTED, 202, 0, NULL};
static const struct rig_fate REFUSED = {OUTCOME_REJECTED, 400, 0, NULL};

static void add_with(struct rig *rig, uint64_t id, uint32_t slots,
                     const struct campaign_control *control)
{
    struct campaign_def def = rig_def(rig, id, slots);
    def.control = *control;
    rig_add(rig, &def);
}

static void launch(struct rig *rig, uint64_t id)
{
    assert_int_equal(engine_launch(rig->engine, id, rig->now_ms, NULL), ERR_OK);
}

/* ---- stop rules ---- */

static void begin_with_rule(struct rig *rig, struct stop_rule rule)
{
    rig_init(rig);
    rig_join(rig, 1, WORKER, 1024);
    struct campaign_control control = {.stop = {[STOP_FAILED] = rule}};
    add_with(rig, 1, 3000, &control);
    launch(rig, 1);
    rig_run(rig, 1);
}

static void a_campaign_stops_itself_when_more_than_so_many_fail(void **test)
{
    (void)test;
    struct rig rig;
    begin_with_rule(&rig, (struct stop_rule){.count = 10});
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 10, &REFUSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_say(&rig, &batch, 10, 1, &REFUSED);
    struct campaign_view view = rig_view(&rig, 1);
    assert_int_equal(view.state, CAMPAIGN_PAUSED);
    assert_true(view.is_stopped);
    assert_int_equal(view.stop_cause, STOP_FAILED);
    assert_int_equal(view.stop_count, 11);
    assert_int_equal(view.stop_of, 11);
    rig_check(&rig);
    rig_restart(&rig);
    assert_true(rig_view(&rig, 1).is_stopped);
    rig_release(&rig);
}

static void after_a_resume_a_rule_measures_anew(void **test)
{
    (void)test;
    struct rig rig;
    begin_with_rule(&rig, (struct stop_rule){.count = 10});
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 11, &REFUSED);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_false(rig_view(&rig, 1).is_stopped);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, 1024);
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 11, 10, &REFUSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 21, 1, &REFUSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_PAUSED);
    rig_check(&rig);
    rig_release(&rig);
}

static enum err complain(struct rig *rig, uint32_t ordinal)
{
    const struct receipt receipt = {.campaign = 1, .ordinal = ordinal, .kind = RECEIPT_COMPLAINED};
    return engine_receipt(rig->engine, &receipt, rig->now_ms);
}

static void a_campaign_stops_itself_when_more_than_so_many_complain(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, 1024);
    struct campaign_control control = {
        .stop = {[STOP_FAILED] = {.count = 1}, [STOP_COMPLAINED] = {.count = 2}}};
    add_with(&rig, 1, 3000, &control);
    launch(&rig, 1);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 100, &ACCEPTED);
    rig_say(&rig, &batch, 100, 1, &REFUSED);
    for (uint32_t ordinal = 0; ordinal < 2; ordinal++) {
        assert_int_equal(complain(&rig, ordinal), ERR_OK);
    }
    assert_int_equal(complain(&rig, 1), ERR_OK); /* again: counted once */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    assert_int_equal(complain(&rig, 2), ERR_OK);
    struct campaign_view view = rig_view(&rig, 1);
    assert_int_equal(view.state, CAMPAIGN_PAUSED);
    assert_int_equal(view.stop_cause, STOP_COMPLAINED);
    assert_int_equal(view.stop_count, 3);
    assert_int_equal(view.stop_of, 101);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_view(&rig, 1).stop_cause, STOP_COMPLAINED);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_close(&rig);
    rig_restart(&rig);
    for (uint32_t ordinal = 3; ordinal < 5; ordinal++) { /* from here on both measure anew */
        assert_int_equal(complain(&rig, ordinal), ERR_OK);
    }
    rig_join(&rig, 1, WORKER, 1024);
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 101, 1, &REFUSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    assert_int_equal(complain(&rig, 5), ERR_OK);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_PAUSED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_share_of_complaints_stops_it_too(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, 1024);
    struct campaign_control control = {
        .stop = {[STOP_COMPLAINED] = {.percent = 1, .of_at_least = 100}}};
    add_with(&rig, 1, 3000, &control);
    launch(&rig, 1);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 99, &ACCEPTED);
    assert_int_equal(complain(&rig, 0), ERR_OK);
    rig_say(&rig, &batch, 99, 1, &ACCEPTED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING); /* 1 % is not more than 1 % */
    assert_int_equal(complain(&rig, 1), ERR_OK);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_PAUSED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_share_counts_once_enough_were_tried(void **test)
{
    (void)test;
    struct rig rig;
    begin_with_rule(&rig, (struct stop_rule){.percent = 5, .of_at_least = 200});
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 10, &REFUSED);
    rig_say(&rig, &batch, 10, 189, &ACCEPTED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING); /* 5.03 % of 199 */
    rig_say(&rig, &batch, 199, 1, &ACCEPTED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING); /* 5 % are not more than 5 % */
    rig_say(&rig, &batch, 200, 1, &REFUSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_PAUSED);
    rig_check(&rig);
    rig_release(&rig);
}

/* Who climbs is not accepted any more, and was tried all the same. */
static void a_share_holds_after_a_resume_while_people_climb(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    struct campaign_def def = rig_def(&rig, 1, 200);
    def.control.stop[STOP_FAILED] = (struct stop_rule){.percent = 5, .of_at_least = 50};
    def.plan.steps[0].until = PLAN_ACKNOWLEDGED;
    def.plan.steps[0].within_ms = 500;
    def.plan.steps[1] = def.plan.steps[0];
    def.plan.step_count = 2;
    rig_add(&rig, &def);
    launch(&rig, 1);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 100, &ACCEPTED);
    rig_say(&rig, &batch, 100, 100, &REFUSED); /* these climb at once */
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 100);
    batch = rig.batches[0];
    rig_run(&rig, 500);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 100); /* and now the others too */
    rig_say(&rig, &batch, 100, 10, &REFUSED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_say(&rig, &batch, 110, 1, &REFUSED);
    assert_true(rig_view(&rig, 1).is_stopped);
    assert_int_equal(rig_view(&rig, 1).stop_count, 11);
    assert_int_equal(rig_view(&rig, 1).stop_of, 200);
    rig_check(&rig);
    rig_release(&rig);
}

/* Six of a hundred had failed; the next six are six of the other ones. */
static void a_share_leaves_out_who_had_failed_before_the_resume(void **test)
{
    (void)test;
    struct rig rig;
    begin_with_rule(&rig, (struct stop_rule){.percent = 5, .of_at_least = 100});
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 94, &ACCEPTED);
    rig_say(&rig, &batch, 94, 6, &REFUSED);
    assert_int_equal(rig_view(&rig, 1).stop_of, 100);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, 1024);
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 100, 5, &REFUSED);
    assert_int_equal(rig_campaign_state(&rig, 1),
                     CAMPAIGN_RUNNING); /* 5 of 99 are too few to tell */
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 105, 1, &REFUSED);
    assert_int_equal(rig_view(&rig, 1).stop_count, 6);
    assert_int_equal(rig_view(&rig, 1).stop_of, 100);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_stops_itself_when_more_than_so_many_fail),
        cmocka_unit_test(after_a_resume_a_rule_measures_anew),
        cmocka_unit_test(a_campaign_stops_itself_when_more_than_so_many_complain),
        cmocka_unit_test(a_share_of_complaints_stops_it_too),
        cmocka_unit_test(a_share_counts_once_enough_were_tried),
        cmocka_unit_test(a_share_holds_after_a_resume_while_people_climb),
        cmocka_unit_test(a_share_leaves_out_who_had_failed_before_the_resume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
