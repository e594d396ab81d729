/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {OUTCOME_ACCEPTED, 202, 0, NULL};
static const struct rig_fate RETURNED = {OUTCOME_RETURNED, 0, 0, NULL};

static void start(struct rig *rig)
{
    rig_init(rig);
    rig_launch(rig, 1, 5000);
    rig_join(rig, 1, 11, 1024);
    rig_join(rig, 2, 12, 1024);
    rig_run(rig, 1);
}

/* How many workers are to return what they have not sent of campaign 1. */
static unsigned called_back(const struct rig *rig)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rig->effect_count; i++) {
        const struct engine_effect *effect = &rig->effects[i];
        count += effect->kind == ENGINE_CANCEL && effect->campaign == 1 && !effect->for_good;
    }
    return count;
}

static void less_may_be_under_way_from_one_moment_to_the_next(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    assert_int_equal(rig_leased(&rig), 2048);
    struct rig_batch first = rig.batches[0];
    struct rig_batch second = rig.batches[1];
    engine_provider_concurrency(rig.engine, 0, 3000, rig.now_ms);
    rig_run(&rig, 0);
    assert_int_equal(called_back(&rig), 0); /* it is more than there are */
    engine_provider_concurrency(rig.engine, 0, 50, rig.now_ms);
    rig_run(&rig, 0);
    assert_int_equal(called_back(&rig), 2);
    assert_int_equal(rig_provider(&rig, 0).concurrency, 50);
    rig_say(&rig, &first, 0, 1014, &RETURNED);
    rig_say(&rig, &second, 0, 1004, &RETURNED);
    rig_run(&rig, 10);
    assert_int_equal(called_back(&rig), 0);
    assert_int_equal(rig_leased(&rig), 20); /* 30 are in flight */
    rig_say(&rig, &first, 1014, 10, &ACCEPTED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 10);
    engine_provider_concurrency(rig.engine, 0, 0, rig.now_ms);
    rig_run(&rig, 0);
    assert_true(rig_leased(&rig) > 1000);
    rig_check(&rig);
    rig_release(&rig);
}

static void who_left_before_there_was_a_limit_counts(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    uint32_t ordinal = rig.batches[0].wire.page * PAGE_RECIPIENTS;
    assert_int_equal(engine_acknowledge(rig.engine, 1, ordinal, rig.now_ms), ERR_OK);
    engine_provider_concurrency(rig.engine, 0, 1000, rig.now_ms);
    assert_int_equal(rig_provider(&rig, 0).under_way, 2048);
    rig_release(&rig);
}

static void a_quota_counts_what_the_day_had_before_it(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    engine_provider_day(rig.engine, 0, engine_provider_used(rig.engine, 0), rig.now_ms + 3600000);
    engine_provider_quota(rig.engine, 0, 2548);
    rig_accept_all(&rig);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 500);
    rig_accept_all(&rig);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 0);
    engine_provider_quota(rig.engine, 0, 2000); /* less than were leased */
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 0);
    engine_provider_quota(rig.engine, 0, 2648);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 100);
    engine_provider_quota(rig.engine, 0, 0);
    rig_run(&rig, 10);
    assert_true(rig_leased(&rig) > 1000);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_lies_with_workers_comes_back_as_quiet_hours_begin(void **test)
{
    (void)test;
    struct rig rig;
    start(&rig);
    struct rig_batch batch = rig.batches[0];
    const struct quiet_span night = {rig.now_ms + 1000, rig.now_ms + 60000};
    engine_provider_quiet(rig.engine, 0, &night);
    rig_run(&rig, 999);
    assert_int_equal(called_back(&rig), 0);
    rig_run(&rig, 1);
    assert_int_equal(called_back(&rig), 2);
    rig_run(&rig, 1);
    assert_int_equal(called_back(&rig), 0); /* once is enough */
    rig_say(&rig, &batch, 0, 1024, &RETURNED);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 0);
    /* Who was away may still have some. */
    rig_join(&rig, 2, 12, 1024);
    rig_effects(&rig);
    assert_int_equal(called_back(&rig), 1);
    engine_provider_quiet(rig.engine, 0, &(struct quiet_span){UINT64_MAX, UINT64_MAX});
    rig_run(&rig, 0);
    assert_true(rig_leased(&rig) >= 1000);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(less_may_be_under_way_from_one_moment_to_the_next),
        cmocka_unit_test(who_left_before_there_was_a_limit_counts),
        cmocka_unit_test(a_quota_counts_what_the_day_had_before_it),
        cmocka_unit_test(what_lies_with_workers_comes_back_as_quiet_hours_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
