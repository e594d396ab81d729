/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns are changed while they run, and a restart knows it. */
#include <string.h>

#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define WORKER 7
#define CREDIT 65536

static void set_rate(struct rig *rig, uint64_t id, double rate_per_s)
{
    const struct campaign_change change = {.fields = 1u << CAMPAIGN_FIELD_RATE,
                                           .rate_per_s = rate_per_s};
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
    const struct campaign_change change = {.fields = 1u << CAMPAIGN_FIELD_RATE, .rate_per_s = 7};
    assert_int_equal(engine_change(rig.engine, 1, &change, rig.now_ms, &problem), ERR_CONFLICT);
    assert_string_equal(problem.text, "campaign c1 is cancelled and cannot be changed");
    assert_int_equal(engine_change(rig.engine, 9, &change, rig.now_ms, &problem), ERR_NOT_FOUND);
    assert_true(rate_of(&rig, 1) == 6);
    rig_check(&rig);
    rig_release(&rig);
}

static enum err change(struct rig *rig, uint64_t id, const struct campaign_change *change)
{
    return engine_change(rig->engine, id, change, rig->now_ms, NULL);
}

static void a_campaign_may_overtake_others_in_mid_run(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig.providers[0].rate_per_s = 1000;
    engine_add_provider(rig.engine, &rig.providers[0]);
    rig_launch(&rig, 1, 100000);
    rig_launch(&rig, 2, 100000);
    rig_join(&rig, 1, WORKER, CREDIT);
    (void)leased_in(&rig, 1000);
    uint32_t before = rig_count(&rig, 1, DELIVERY_ACCEPTED);
    assert_int_equal(change(&rig, 2,
                            &(struct campaign_change){.fields = 1u << CAMPAIGN_FIELD_PRIORITY,
                                                      .priority = PRIORITY_HIGH}),
                     ERR_OK);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_view(&rig, 2).def->priority, PRIORITY_HIGH);
    rig_join(&rig, 1, WORKER, CREDIT);
    (void)leased_in(&rig, 1000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), before);
    assert_int_equal(change(&rig, 2,
                            &(struct campaign_change){.fields = 1u << CAMPAIGN_FIELD_PRIORITY |
                                                                1u << CAMPAIGN_FIELD_WEIGHT,
                                                      .priority = PRIORITY_NORMAL,
                                                      .weight = 3}),
                     ERR_OK);
    uint32_t first = rig_count(&rig, 1, DELIVERY_ACCEPTED);
    uint32_t second = rig_count(&rig, 2, DELIVERY_ACCEPTED);
    (void)leased_in(&rig, 4000);
    first = rig_count(&rig, 1, DELIVERY_ACCEPTED) - first;
    second = rig_count(&rig, 2, DELIVERY_ACCEPTED) - second;
    assert_in_range(second, first * 25 / 10, first * 35 / 10);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_a_critical_one_overrides_keeps_it_from_becoming_one(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem;
    const struct campaign_change critical = {.fields = 1u << CAMPAIGN_FIELD_PRIORITY,
                                             .priority = PRIORITY_CRITICAL};
    rig_init(&rig);
    rig_launch(&rig, 1, 10);
    assert_int_equal(change(&rig, 1, &critical), ERR_OK);
    struct campaign_def def = rig_def(&rig, 2, 10);
    def.cap_messages = 1;
    def.cap_per_ms = 60000;
    rig_add(&rig, &def);
    assert_int_equal(engine_change(rig.engine, 2, &critical, rig.now_ms, &problem), ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "has a frequency cap, which only a critical one"));
    assert_int_equal(rig_view(&rig, 2).def->priority, PRIORITY_NORMAL);
    rig_check(&rig);
    rig_release(&rig);
}

static struct campaign_change not_after(uint64_t at_ms, uint64_t for_ms)
{
    return (struct campaign_change){.fields = 1u << CAMPAIGN_FIELD_NOT_AFTER,
                                    .not_after_ms = at_ms,
                                    .not_after_for_ms = for_ms};
}

static void a_not_after_moves_both_ways(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10);
    def.control.not_after_for_ms = 5000;
    rig_add(&rig, &def);
    uint64_t begun_ms = rig.now_ms;
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    struct campaign_change later = not_after(0, 20000);
    struct campaign_change none = not_after(0, 0);
    struct campaign_change past = not_after(begun_ms + 9999, 0);
    struct campaign_change sooner = not_after(begun_ms + 15000, 0);
    assert_int_equal(change(&rig, 1, &later), ERR_OK);
    assert_true(rig_view(&rig, 1).not_after_ms == begun_ms + 20000);
    rig_run(&rig, 10000);
    assert_false(rig_view(&rig, 1).is_expired);
    rig_check(&rig);
    rig_restart(&rig);
    assert_true(rig_view(&rig, 1).not_after_ms == begun_ms + 20000);
    assert_int_equal(change(&rig, 1, &past), ERR_CONFLICT);
    assert_int_equal(change(&rig, 1, &none), ERR_OK);
    assert_true(rig_view(&rig, 1).not_after_ms == 0);
    assert_int_equal(change(&rig, 1, &sooner), ERR_OK);
    rig_run(&rig, 4999);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED), 0);
    rig_run(&rig, 1);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED), 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_expired_stays_so(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, 10);
    struct campaign_def def = rig_def(&rig, 1, 20);
    def.control.not_after_for_ms = 5000;
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 1);
    rig_run(&rig, 5000);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING); /* some are on their way */
    struct campaign_change later = not_after(0, 20000);
    struct problem problem;
    assert_int_equal(engine_change(rig.engine, 1, &later, rig.now_ms, &problem), ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "has expired by its not_after"));
    rig_check(&rig);
    rig_release(&rig);
}

static void a_scheduled_one_must_reach_somebody(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 20);
    rig_add(&rig, &def);
    assert_int_equal(engine_schedule(rig.engine, 1, rig.now_ms + 9000, rig.now_ms, NULL), ERR_OK);
    struct campaign_change before = not_after(rig.now_ms + 9000, 0);
    struct campaign_change after = not_after(rig.now_ms + 9001, 0);
    assert_int_equal(engine_change(rig.engine, 1, &before, rig.now_ms, &problem), ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "would begin after its not_after"));
    assert_int_equal(change(&rig, 1, &after), ERR_OK);
    rig_run(&rig, 9000);
    assert_true(rig_view(&rig, 1).not_after_ms == rig.now_ms + 1);
    rig_check(&rig);
    rig_release(&rig);
}

static void stop_rules_are_set_in_mid_run(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_launch(&rig, 1, 5000);
    rig_run(&rig, 1);
    const struct rig_fate refused = {OUTCOME_REJECTED, 400, 0, NULL};
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 100, &refused);
    const struct campaign_change rules = {
        .fields = 1u << CAMPAIGN_FIELD_STOP_RULES,
        .stop = {[STOP_FAILED] = {.count = 100, .percent = 99, .of_at_least = 4000000000u},
                 [STOP_COMPLAINED] = {.count = 7, .percent = 1, .of_at_least = 9}}};
    assert_int_equal(change(&rig, 1, &rules), ERR_OK);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_check(&rig);
    rig_restart(&rig);
    assert_memory_equal(rig_view(&rig, 1).def->control.stop, rules.stop, sizeof(rules.stop));
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 100, 1, &refused);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_PAUSED);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 101, 60, &refused);
    const struct campaign_change fewer = {.fields = 1u << CAMPAIGN_FIELD_STOP_RULES,
                                          .stop = {[STOP_FAILED] = {.count = 50}}};
    assert_int_equal(change(&rig, 1, &fewer), ERR_OK); /* which are there already */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_PAUSED);
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
        cmocka_unit_test(a_campaign_may_overtake_others_in_mid_run),
        cmocka_unit_test(what_a_critical_one_overrides_keeps_it_from_becoming_one),
        cmocka_unit_test(a_not_after_moves_both_ways),
        cmocka_unit_test(who_expired_stays_so),
        cmocka_unit_test(a_scheduled_one_must_reach_somebody),
        cmocka_unit_test(stop_rules_are_set_in_mid_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
