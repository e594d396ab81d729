/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns are changed while they run, and a restart knows it. */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define WORKER 7
#define CREDIT 65536

static void set_rate(struct rig *rig, uint64_t id, double rate_per_s)
{
    const struct campaign_change change = {1u << CAMPAIGN_FIELD_RATE, rate_per_s};
    assert_int_equal(engine_change(rig->engine, id, &change, rig->now_ms, NULL), ERR_OK);
}

static double rate_of(struct rig *rig, uint64_t id)
{
    struct campaign_view view;
    assert_true(engine_campaign(rig->engine, id, &view));
    return view.def->rate_per_s;
}

/* Leased in so many milliseconds, of all campaigns. */
static unsigned leased_in(struct rig *rig, unsigned ms)
{
    unsigned leased = 0;
    for (unsigned i = 0; i < ms; i += 10) {
        rig_run(rig, 10);
        leased += rig_leased(rig);
        rig_accept_all(rig);
    }
    return leased;
}

static void a_campaign_keeps_its_own_rate(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 100000);
    def.rate_per_s = 1000;
    rig_add(&rig, &def);
    rig_join(&rig, 1, WORKER, CREDIT);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    unsigned leased = leased_in(&rig, 3000);
    assert_in_range(leased, 2850, 3100);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_slow_campaign_holds_up_no_other(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10000);
    def.rate_per_s = 10;
    def.priority = PRIORITY_HIGH;
    rig_add(&rig, &def);
    rig_join(&rig, 1, WORKER, CREDIT);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_launch(&rig, 2, 5000);
    rig_run(&rig, 200);
    for (unsigned i = 0; i < rig.batch_count; i++) {
        assert_int_equal(rig.batches[i].wire.spread_ms, 0); /* in the lane of both */
    }
    rig_accept_all(&rig);
    (void)leased_in(&rig, 1000);
    assert_int_equal(rig_campaign_state(&rig, 2), CAMPAIGN_FINISHED);
    assert_in_range(rig_count(&rig, 1, DELIVERY_ACCEPTED), 9, 14);
    rig_release(&rig);
}

static void it_says_when_it_wants_to_run_again(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10000);
    def.rate_per_s = 10;
    rig_add(&rig, &def);
    rig_join(&rig, 1, WORKER, CREDIT);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 1000);
    assert_true(rig_leased(&rig) > 0);
    assert_in_range(engine_run(rig.engine, rig.now_ms), 90, 101);
    rig_release(&rig);
}

static void a_rate_changes_in_mid_run_and_over_a_restart(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    struct campaign_def def = rig_def(&rig, 1, 200000);
    def.rate_per_s = 1000;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    (void)leased_in(&rig, 1000);
    set_rate(&rig, 1, 200.5);
    assert_in_range(leased_in(&rig, 2000), 390, 440);
    rig_check(&rig);
    rig_restart(&rig);
    assert_true(rate_of(&rig, 1) == 200.5);
    rig_join(&rig, 1, WORKER, CREDIT);
    assert_in_range(leased_in(&rig, 2000), 360, 420); /* the bucket began empty */
    set_rate(&rig, 1, 0);
    assert_true(leased_in(&rig, 10) > 10000);
    rig_check(&rig);
    rig_restart(&rig);
    assert_true(rate_of(&rig, 1) == 0);
    rig_release(&rig);
}

static void drafts_and_paused_ones_can_be_changed_and_ended_ones_cannot(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10);
    rig_add(&rig, &def);
    set_rate(&rig, 1, 5);
    rig_check(&rig);
    rig_restart(&rig);
    assert_true(rate_of(&rig, 1) == 5);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_DRAFT);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    set_rate(&rig, 1, 6);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_PAUSED);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    const struct campaign_change change = {1u << CAMPAIGN_FIELD_RATE, 7};
    assert_int_equal(engine_change(rig.engine, 1, &change, rig.now_ms, &problem), ERR_CONFLICT);
    assert_string_equal(problem.text, "campaign c1 is cancelled and cannot be changed");
    assert_int_equal(engine_change(rig.engine, 9, &change, rig.now_ms, &problem), ERR_NOT_FOUND);
    assert_true(rate_of(&rig, 1) == 6);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_keeps_its_own_rate),
        cmocka_unit_test(a_slow_campaign_holds_up_no_other),
        cmocka_unit_test(it_says_when_it_wants_to_run_again),
        cmocka_unit_test(a_rate_changes_in_mid_run_and_over_a_restart),
        cmocka_unit_test(drafts_and_paused_ones_can_be_changed_and_ended_ones_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
