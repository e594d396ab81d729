/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/under_way.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define LIMIT 40

static const struct rig_fate ACCEPTED = {OUTCOME_ACCEPTED, 202, 0, NULL};

static void no_limit_gives_all_that_is_wanted(void **test)
{
    (void)test;
    struct under_way under_way = {.leased = 5000};
    assert_int_equal(under_way_room(&under_way, 0, 1024, RIG_NOW_MS), 1024);
}

static void crumbs_are_left_unless_no_more_is_wanted(void **test)
{
    (void)test;
    struct under_way under_way = {.leased = LIMIT - 4};
    assert_int_equal(under_way_room(&under_way, LIMIT, 1024, RIG_NOW_MS), 0);
    assert_int_equal(under_way_room(&under_way, LIMIT, 4, RIG_NOW_MS), 4);
    under_way.leased--;
    assert_int_equal(under_way_room(&under_way, LIMIT, 1024, RIG_NOW_MS), 5);
    under_way = (struct under_way){.leased = 1};
    assert_int_equal(under_way_room(&under_way, 2, 1024, RIG_NOW_MS), 1);
    assert_int_equal(under_way_room(&under_way, 1, 1024, RIG_NOW_MS), 0);
}

static void what_was_lost_counts_for_a_minute(void **test)
{
    (void)test;
    struct under_way under_way = {0};
    under_way_lose(&under_way, 7, RIG_NOW_MS);
    under_way_lose(&under_way, 3, RIG_NOW_MS + 30000);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 59999), 10);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 80000), 3);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 110000), 0);
    under_way_lose(&under_way, 1, RIG_NOW_MS + 110000);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3600000), 0);
}

static void a_clock_that_is_set_ahead_frees_nothing(void **test)
{
    (void)test;
    struct under_way under_way = {0};
    under_way_lose(&under_way, 7, RIG_NOW_MS);
    under_way_lose(&under_way, 3, RIG_NOW_MS + 30000);
    under_way_skip(&under_way, 3600000);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3600000 + 59999), 10);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3600000 + 80000), 3);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3600000 + 130000), 0);
    under_way_lose(&under_way, 1, RIG_NOW_MS + 30000);
    under_way_skip(&under_way, 30000);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 30000 + 3600000), 1);
}

static void start(struct rig *rig)
{
    rig_init_with(
        rig, &(struct engine_settings){.epoch = 1, .heartbeat_ms = 1000, .lease_ms = RIG_LEASE_MS});
    rig_add_provider(rig, 0, 0);
    rig->providers[0].concurrency = LIMIT;
    engine_add_provider(rig->engine, &rig->providers[0]);
    rig_launch(rig, 1, 5000);
    rig_join(rig, 1, 11, 65536);
    rig_join(rig, 2, 12, 65536);
}

static void no_more_are_leased_than_may_be_under_way(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), LIMIT);
    assert_int_equal(rig_provider(&rig, 0).under_way, LIMIT);
    struct rig_batch batch = rig.batches[0];
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 0);
    rig_say(&rig, &batch, 0, 10, &ACCEPTED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 10);
    for (unsigned i = 0; i < 300; i++) {
        assert_true(rig_count(&rig, 1, DELIVERY_LEASED) <= LIMIT);
        rig_accept_all(&rig);
        rig_run(&rig, 10);
    }
    assert_true(rig_count(&rig, 1, DELIVERY_ACCEPTED) > 2900);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_lost_worker_and_a_restart_free_nothing_at_once(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), LIMIT);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 2, 12, 65536);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 0); /* the leases of the former life count */
    unsigned waited_ms = 0;
    while (rig_leased(&rig) == 0 && waited_ms < 200000) {
        engine_worker_heartbeat(rig.engine, 2, rig.now_ms);
        rig_run(&rig, 500);
        waited_ms += 500;
    }
    assert_in_range(waited_ms, RIG_LEASE_MS + 59000, RIG_LEASE_MS + 81000);
    rig_release(&rig);
}

static void who_acknowledges_meanwhile_may_still_be_under_way(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    rig_run(&rig, 1);
    uint32_t first = rig.batches[0].wire.page * PAGE_RECIPIENTS;
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(engine_acknowledge(rig.engine, 1, first + i, rig.now_ms), ERR_OK);
    }
    struct rig_batch batch = rig.batches[0];
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(rig_provider(&rig, 0).under_way, LIMIT);
    /* As soon as their outcomes come they are not, and once only. */
    for (unsigned times = 0; times < 2; times++) {
        rig_say(&rig, &batch, 0, 10, &ACCEPTED);
        assert_int_equal(rig_provider(&rig, 0).under_way, LIMIT - 10);
    }
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 10);
    rig_release(&rig);
}

static void a_lease_that_all_have_left_is_heard_of(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    uint32_t first = batch.wire.page * PAGE_RECIPIENTS;
    for (uint32_t i = 0; i < LIMIT; i++) {
        assert_int_equal(engine_acknowledge(rig.engine, 1, first + i, rig.now_ms), ERR_OK);
    }
    assert_int_equal(rig_provider(&rig, 0).under_way, LIMIT);
    rig_say(&rig, &batch, 0, LIMIT, &ACCEPTED);
    assert_int_equal(rig_provider(&rig, 0).under_way, 0);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), LIMIT);
    rig_release(&rig);
}

static void who_left_and_is_not_heard_of_counts_for_a_minute(void **test)
{
    (void)test;
    struct under_way under_way = {0};
    under_way_leave(&under_way, 5, 10, 3, RIG_NOW_MS);
    under_way_hear(&under_way, 4, 0, 1024);
    under_way_hear(&under_way, 5, 13, 1000);
    under_way_hear(&under_way, 5, 11, 1);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 59999), 2);
    under_way_skip(&under_way, 3600000);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3600000 + 59999), 2);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3600000 + 100001), 0);
    under_way_leave(&under_way, 6, 0, UNDER_WAY_LEFT_MAX + 5, RIG_NOW_MS + 3700000);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3700000), UNDER_WAY_LEFT_MAX + 5);
    under_way_hear(&under_way, 6, 0, 1024);
    assert_int_equal(under_way_count(&under_way, RIG_NOW_MS + 3700000), 5); /* as good as lost */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit_gives_all_that_is_wanted),
        cmocka_unit_test(crumbs_are_left_unless_no_more_is_wanted),
        cmocka_unit_test(what_was_lost_counts_for_a_minute),
        cmocka_unit_test(a_clock_that_is_set_ahead_frees_nothing),
        cmocka_unit_test(no_more_are_leased_than_may_be_under_way),
        cmocka_unit_test(a_lost_worker_and_a_restart_free_nothing_at_once),
        cmocka_unit_test(who_acknowledges_meanwhile_may_still_be_under_way),
        cmocka_unit_test(a_lease_that_all_have_left_is_heard_of),
        cmocka_unit_test(who_left_and_is_not_heard_of_counts_for_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
