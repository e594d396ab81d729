/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a provider has quiet hours of its own.
 */
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define HOUR_MS   UINT64_C(3600000)
#define MARGIN_MS 5000
#define SLOTS     100
#define FROM_MS   (RIG_NOW_MS + HOUR_MS)
#define UNTIL_MS  (RIG_NOW_MS + 9 * HOUR_MS)
#define DAY_MS    (24 * HOUR_MS)

static const struct rig_fate LATE = {OUTCOME_RETURNED, REASON_NOT_AFTER, 0, NULL};

static void tell(struct rig *rig, uint8_t provider, uint64_t from_ms, uint64_t until_ms)
{
    engine_provider_quiet(rig->engine, provider,
                          &(struct quiet_span){.from_ms = from_ms, .until_ms = until_ms});
}

/* Some providers for SMS, the first with quiet hours in an hour, and a worker. */
static void begin(struct rig *rig, unsigned providers, uint64_t now_ms)
{
    rig_init_with(rig, &(struct engine_settings){.epoch = 1,
                                                 .seed = 1,
                                                 .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                 .lease_ms = RIG_LEASE_MS,
                                                 .quiet_margin_ms = MARGIN_MS});
    rig->now_ms = now_ms;
    for (unsigned i = 0; i < providers; i++) {
        rig_add_provider(rig, (uint8_t)i, 0);
    }
    tell(rig, 0, FROM_MS, UNTIL_MS);
    rig_join(rig, 1, 11, 65536);
}

/* Time goes on, the next hours are told as the coordinator does it, and the worker is heard of. */
static void be_at(struct rig *rig, uint64_t now_ms)
{
    rig->now_ms = now_ms;
    if (now_ms >= UNTIL_MS) {
        tell(rig, 0, FROM_MS + DAY_MS, UNTIL_MS + DAY_MS);
    }
    assert_true(engine_worker_heartbeat(rig->engine, 1, rig->now_ms));
    rig_run(rig, 0);
}

static void launch(struct rig *rig, enum campaign_priority priority)
{
    struct campaign_def def = rig_def(rig, 1, SLOTS);
    def.priority = priority;
    def.plan.steps[0].providers = UINT64_MAX;
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    rig_run(rig, 0);
}

static void nothing_is_leased_in_quiet_hours_whatever_the_priority(void **test)
{
    (void)test;
    static const enum campaign_priority priorities[] = {PRIORITY_CRITICAL, PRIORITY_NORMAL};
    for (unsigned i = 0; i < 2; i++) {
        struct rig rig;
        begin(&rig, 1, FROM_MS - MARGIN_MS);
        launch(&rig, priorities[i]);
        assert_int_equal(rig_leased(&rig), 0);
        struct provider_view view = rig_provider(&rig, 0);
        assert_int_equal(view.quiet_since_ms, FROM_MS - MARGIN_MS);
        assert_int_equal(view.quiet.until_ms, UNTIL_MS);
        be_at(&rig, UNTIL_MS - 1);
        assert_int_equal(rig_leased(&rig), 0);
        assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), SLOTS);
        be_at(&rig, UNTIL_MS);
        assert_int_equal(rig_leased(&rig), SLOTS);
        assert_int_equal(rig_state(&rig, 1, 0).used, 0); /* of his step's time */
        assert_int_equal(rig_provider(&rig, 0).quiet_since_ms, 0);
        rig_check(&rig);
        rig_release(&rig);
    }
}

static void the_batch_before_carries_the_time_when_they_begin(void **test)
{
    (void)test;
    struct rig rig;
    begin(&rig, 1, FROM_MS - MARGIN_MS - 1);
    launch(&rig, PRIORITY_CRITICAL);
    assert_int_equal(rig_leased(&rig), SLOTS);
    assert_int_equal(rig.batches[0].wire.not_after_ms, FROM_MS);
    rig_release(&rig);
}

static void the_sooner_of_the_campaigns_end_and_theirs_holds(void **test)
{
    (void)test;
    for (unsigned minutes = 59; minutes <= 61; minutes += 2) {
        struct rig rig;
        begin(&rig, 1, RIG_NOW_MS);
        struct campaign_def def = rig_def(&rig, 1, SLOTS);
        uint64_t end_ms = RIG_NOW_MS + minutes * UINT64_C(60000);
        def.control.not_after_ms = end_ms;
        rig_add(&rig, &def);
        assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
        rig_run(&rig, 0);
        assert_int_equal(rig.batches[0].wire.not_after_ms, end_ms < FROM_MS ? end_ms : FROM_MS);
        rig_release(&rig);
    }
}

static void what_comes_back_as_they_begin_waits_for_the_morning(void **test)
{
    (void)test;
    struct rig rig;
    struct event event;
    begin(&rig, 1, FROM_MS - MARGIN_MS - 1);
    launch(&rig, PRIORITY_NORMAL);
    struct rig_batch batch = rig.batches[0];
    be_at(&rig, FROM_MS + 10);
    rig_say(&rig, &batch, 0, SLOTS, &LATE);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), SLOTS);
    be_at(&rig, FROM_MS + 2000);
    assert_int_equal(rig_leased(&rig), 0);
    rig_check(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_RELEASED, &event));
    assert_int_equal(event.reason, REASON_PROVIDER_QUIET);
    be_at(&rig, UNTIL_MS);
    assert_int_equal(rig_leased(&rig), SLOTS);
    assert_int_equal(rig_state(&rig, 1, 7).used, 0);
    assert_int_equal(rig_state(&rig, 1, 7).attempt, 0);
    rig_release(&rig);
}

static void another_provider_takes_them(void **test)
{
    (void)test;
    struct rig rig;
    begin(&rig, 2, FROM_MS - MARGIN_MS - 1);
    launch(&rig, PRIORITY_NORMAL);
    assert_int_equal(rig_leased(&rig), SLOTS);
    struct rig_batch batch = rig.batches[0];
    assert_int_equal(batch.wire.provider, 0);
    be_at(&rig, FROM_MS + 10);
    rig_say(&rig, &batch, 0, SLOTS, &LATE);
    be_at(&rig, FROM_MS + 2000);
    assert_int_equal(rig_leased(&rig), SLOTS);
    for (unsigned i = 0; i < rig.batch_count; i++) {
        assert_int_equal(rig.batches[i].wire.provider, 1);
        assert_int_equal(rig.batches[i].wire.not_after_ms, 0);
    }
    rig_check(&rig);
    rig_release(&rig);
}

/* All are leased a moment before the margin, and nothing has left. */
static void lease_just_before(struct rig *rig)
{
    begin(rig, 1, FROM_MS - MARGIN_MS - 1);
    struct campaign_def def = rig_def(rig, 1, SLOTS);
    rig_add(rig, &def);
    assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    (void)engine_run(rig->engine, rig->now_ms);
    assert_int_equal(rig_count(rig, 1, DELIVERY_LEASED), SLOTS);
}

static void a_batch_whose_record_took_too_long_does_not_leave(void **test)
{
    (void)test;
    struct rig rig;
    lease_just_before(&rig);
    rig.now_ms += 2; /* the disk stood still */
    rig_effects(&rig);
    assert_int_equal(rig.batch_count, 0);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), SLOTS);
    rig_check(&rig);
    rig_release(&rig);
}

/* The clock has jumped beyond the hours that were told: the next may have begun. */
static void a_batch_does_not_leave_before_the_next_hours_are_told(void **test)
{
    (void)test;
    struct rig rig;
    lease_just_before(&rig);
    rig.now_ms = UNTIL_MS + 1;
    assert_true(engine_worker_heartbeat(rig.engine, 1, rig.now_ms));
    rig_effects(&rig);
    assert_int_equal(rig.batch_count, 0);
    be_at(&rig, rig.now_ms + RIG_LEASE_MS);
    assert_int_equal(rig_leased(&rig), SLOTS);
    rig_check(&rig);
    rig_release(&rig);
}

/* A coordinator that starts anew may have sent the batch, or not; it is sent no more in quiet
 * hours, and given up in the end. */
static void a_batch_of_a_former_life_is_not_sent_again_at_night(void **test)
{
    (void)test;
    struct rig rig;
    begin(&rig, 1, FROM_MS - MARGIN_MS - 1);
    launch(&rig, PRIORITY_NORMAL);
    rig_close(&rig);
    rig_restart(&rig);
    tell(&rig, 0, FROM_MS, UNTIL_MS);
    rig_join(&rig, 1, 11, 65536);
    for (uint64_t at_ms = FROM_MS; at_ms < UNTIL_MS; at_ms += 10000) {
        be_at(&rig, at_ms);
        assert_int_equal(rig.batch_count, 0);
    }
    be_at(&rig, UNTIL_MS);
    assert_int_equal(rig_leased(&rig), SLOTS);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_breaker_is_not_probed_in_quiet_hours(void **test)
{
    (void)test;
    static const struct rig_fate WRONG = {OUTCOME_MISCONFIGURED, 401, 0, NULL};
    struct rig rig;
    begin(&rig, 1, FROM_MS - MARGIN_MS - 1);
    launch(&rig, PRIORITY_NORMAL);
    rig_say(&rig, &rig.batches[0], 0, SLOTS, &WRONG);
    for (uint64_t at_ms = FROM_MS; at_ms < FROM_MS + HOUR_MS; at_ms += 10000) {
        be_at(&rig, at_ms);
        assert_int_equal(rig_leased(&rig), 0);
    }
    be_at(&rig, UNTIL_MS);
    assert_in_range(rig_leased(&rig), 1, SLOTS - 1);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_leased_in_quiet_hours_whatever_the_priority),
        cmocka_unit_test(the_batch_before_carries_the_time_when_they_begin),
        cmocka_unit_test(the_sooner_of_the_campaigns_end_and_theirs_holds),
        cmocka_unit_test(what_comes_back_as_they_begin_waits_for_the_morning),
        cmocka_unit_test(another_provider_takes_them),
        cmocka_unit_test(a_batch_whose_record_took_too_long_does_not_leave),
        cmocka_unit_test(a_batch_does_not_leave_before_the_next_hours_are_told),
        cmocka_unit_test(a_batch_of_a_former_life_is_not_sent_again_at_night),
        cmocka_unit_test(a_breaker_is_not_probed_in_quiet_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
