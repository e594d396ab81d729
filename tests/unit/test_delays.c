/* SPDX-License-Identifier: Apache-2.0 */
/* How long recipients wait on their way, as the engine measures it. */
#include "coordinator/engine/delays.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate DEFERRED = {.outcome = OUTCOME_DEFERRED, .reason = 503};
static const struct rig_fate RETURNED = {.outcome = OUTCOME_RETURNED};

static const struct histogram *waits(const struct rig *rig, enum campaign_priority priority)
{
    return &engine_delays(rig->engine)->due_to_lease[0][priority];
}

static const struct histogram *outcomes(const struct rig *rig)
{
    return &engine_delays(rig->engine)->lease_to_outcome[0][PRIORITY_NORMAL];
}

static void assert_histogram(const struct histogram *histogram, uint64_t count, uint64_t sum)
{
    assert_int_equal(histogram_count(histogram), count);
    assert_int_equal(histogram->sum, sum);
}

static void who_has_no_worker_waits_from_the_launch_on(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 3000);
    rig_run(&rig, 700);
    assert_int_equal(engine_longest_due_ms(rig.engine, PRIORITY_NORMAL), 700);
    assert_int_equal(engine_longest_due_ms(rig.engine, PRIORITY_CRITICAL), 0);
    assert_histogram(waits(&rig, PRIORITY_NORMAL), 0, 0);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 300);
    assert_histogram(waits(&rig, PRIORITY_NORMAL), 3000, UINT64_C(3000) * 1000);
    assert_histogram(waits(&rig, PRIORITY_CRITICAL), 0, 0);
    assert_int_equal(engine_longest_due_ms(rig.engine, PRIORITY_NORMAL), 0);
    rig_release(&rig);
}

static void a_pause_is_no_wait(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 1024);
    rig_run(&rig, 1000);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 60000);
    assert_int_equal(engine_longest_due_ms(rig.engine, PRIORITY_NORMAL), 0);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 20);
    assert_int_equal(engine_longest_due_ms(rig.engine, PRIORITY_NORMAL), 20);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_histogram(waits(&rig, PRIORITY_NORMAL), 1024, UINT64_C(1024) * 20);
    rig_release(&rig);
}

static void who_is_tried_again_waits_from_his_own_time_on(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 100);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_histogram(waits(&rig, PRIORITY_NORMAL), 100, 0);
    rig.now_ms += 250;
    rig_say(&rig, &rig.batches[0], 0, 60, &ACCEPTED);
    rig_say(&rig, &rig.batches[0], 60, 40, &DEFERRED);
    assert_histogram(outcomes(&rig), 100, UINT64_C(100) * 250);
    uint64_t last_ms = 0;
    for (unsigned i = 0; i < 200 && rig_count(&rig, 1, DELIVERY_RETRYING) > 0; i++) {
        (void)engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 500);
        last_ms = engine_longest_due_ms(rig.engine, PRIORITY_NORMAL);
    }
    assert_int_equal(last_ms, 0);
    assert_int_equal(histogram_count(waits(&rig, PRIORITY_NORMAL)), 140);
    assert_true(waits(&rig, PRIORITY_NORMAL)->sum <= UINT64_C(40) * 510);
    rig_release(&rig);
}

static void what_comes_back_unsent_and_what_was_leased_before_are_no_outcomes(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 1024);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 24, &RETURNED);
    assert_histogram(outcomes(&rig), 0, 0);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, 11, 65536);
    rig_say(&rig, &batch, 24, 1000, &ACCEPTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1000);
    assert_histogram(outcomes(&rig), 0, 0);
    rig_release(&rig);
}

static void an_acknowledgement_is_measured_from_the_outcome(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 100);
    def.priority = PRIORITY_CRITICAL;
    def.plan.steps[0].until = PLAN_ACKNOWLEDGED;
    def.plan.steps[0].within_ms = 600000;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    rig.now_ms += 100;
    rig_say(&rig, &rig.batches[0], 0, 50, &ACCEPTED);
    const struct histogram *answers =
        &engine_delays(rig.engine)->sent_to_acknowledged[CHANNEL_SMS][PRIORITY_CRITICAL];
    uint64_t at_ms = rig.now_ms + 42000;
    assert_int_equal(engine_acknowledge(rig.engine, 1, 7, at_ms), ERR_OK);
    assert_int_equal(histogram_count(answers), 1);
    assert_true(answers->sum > 42000 - 20 && answers->sum <= 42000);
    assert_int_equal(engine_acknowledge(rig.engine, 1, 7, at_ms + 1000), ERR_OK); /* once */
    assert_int_equal(engine_acknowledge(rig.engine, 1, 77, at_ms), ERR_OK);       /* not sent yet */
    assert_int_equal(histogram_count(answers), 1);
    assert_int_equal(engine_delays(rig.engine)->acknowledged[PRIORITY_CRITICAL], 2);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_no_worker_waits_from_the_launch_on),
        cmocka_unit_test(a_pause_is_no_wait),
        cmocka_unit_test(who_is_tried_again_waits_from_his_own_time_on),
        cmocka_unit_test(what_comes_back_unsent_and_what_was_leased_before_are_no_outcomes),
        cmocka_unit_test(an_acknowledgement_is_measured_from_the_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
