/* SPDX-License-Identifier: Apache-2.0 */
/* What campaigns do by themselves: begin, expire, stop, and take the place of others. */
#include <string.h>

#include "coordinator/engine/fold.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

#define SPAN_MS 10000u /* short of the lease time */
#define WORKER  7
#define CREDIT  65536

static const struct rig_fate ACCEPTED = {OUTCOME_ACCEPTED, 202, 0, NULL};

static const struct rig_fate RETURNED = {OUTCOME_RETURNED, REASON_CAMPAIGN_CANCELLED, 0, NULL};
static const struct rig_fate UNSURE = {OUTCOME_UNCERTAIN, REASON_TIMED_OUT_AFTER, 0, NULL};

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

/* ---- start_at ---- */

static void nothing_is_leased_before_the_start_and_at_once_then(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    add_with(&rig, 1, 10, &(struct campaign_control){.start_at_ms = rig.now_ms + SPAN_MS});
    launch(&rig, 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_SCHEDULED);
    assert_int_equal(rig_view(&rig, 1).starts_ms, rig.now_ms + SPAN_MS);
    rig_check(&rig);
    rig_run(&rig, SPAN_MS - 1);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(engine_run(rig.engine, rig.now_ms), 1); /* it knows when to be called again */
    rig_run(&rig, 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    assert_int_equal(rig_view(&rig, 1).starts_ms, 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_start_that_passed_while_nobody_was_there_is_made_up_for(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    add_with(&rig, 1, 10, &(struct campaign_control){0});
    assert_int_equal(engine_schedule(rig.engine, 1, rig.now_ms + SPAN_MS, rig.now_ms, NULL),
                     ERR_OK);
    rig_close(&rig);
    rig.now_ms += 2 * SPAN_MS;
    rig_restart(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_SCHEDULED);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 10);
    rig_check(&rig);
    rig_release(&rig);
}

static void whose_not_after_passed_while_nobody_was_there_reaches_nobody(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    add_with(&rig, 1, 10,
             &(struct campaign_control){.start_at_ms = rig.now_ms + SPAN_MS,
                                        .not_after_ms = rig.now_ms + 2 * SPAN_MS});
    launch(&rig, 1);
    rig_close(&rig);
    rig.now_ms += 3 * SPAN_MS;
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED), 10);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_scheduled_campaign_can_be_moved_started_and_cancelled(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    for (uint64_t id = 1; id <= 2; id++) {
        add_with(&rig, id, 10, &(struct campaign_control){.start_at_ms = rig.now_ms + SPAN_MS});
        launch(&rig, id);
    }
    assert_int_equal(engine_schedule(rig.engine, 1, rig.now_ms + 2 * SPAN_MS, rig.now_ms, NULL),
                     ERR_OK);
    assert_int_equal(engine_cancel(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, SPAN_MS);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(rig_count(&rig, 2, DELIVERY_CANCELLED), 10);
    launch(&rig, 1); /* now */
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 10);
    assert_int_equal(engine_schedule(rig.engine, 1, rig.now_ms + SPAN_MS, rig.now_ms, NULL),
                     ERR_CONFLICT);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_campaign_that_would_reach_nobody_is_not_launched(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem = {0};
    rig_init(&rig);
    add_with(&rig, 1, 10, &(struct campaign_control){.not_after_ms = rig.now_ms + SPAN_MS});
    assert_int_equal(engine_schedule(rig.engine, 1, rig.now_ms + SPAN_MS, rig.now_ms, &problem),
                     ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "not_after"));
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_DRAFT);
    rig_release(&rig);
}

/* ---- not_after ---- */

static void whoever_was_not_sent_to_in_time_expires(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, 2048);
    add_with(&rig, 1, 5000, &(struct campaign_control){.not_after_for_ms = SPAN_MS});
    launch(&rig, 1);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 2048);
    struct rig_batch first = rig.batches[0];
    struct rig_batch second = rig.batches[1];
    assert_int_equal(first.wire.not_after_ms, rig_view(&rig, 1).not_after_ms);
    rig_say(&rig, &first, 0, 1024, &ACCEPTED);
    rig_run(&rig, SPAN_MS - 2);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED), 0);
    unsigned leased = rig_count(&rig, 1, DELIVERY_LEASED);
    rig_run(&rig, 1);
    assert_true(rig_view(&rig, 1).is_expired);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED), 5000 - 1024 - leased);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING); /* some are on their way */
    assert_true(rig_count_effects(&rig, ENGINE_CANCEL) >= 1);
    rig_check(&rig);
    rig_say(&rig, &second, 0, 500, &ACCEPTED);
    rig_say(&rig, &second, 500, 24, &UNSURE);
    rig_say(&rig, &second, 524, 500, &RETURNED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1524);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 24);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_cancellation_after_the_end_of_time_counts_nobody_twice(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, 1024);
    add_with(&rig, 1, 5000, &(struct campaign_control){.not_after_for_ms = SPAN_MS});
    launch(&rig, 1);
    rig_run(&rig, 1);
    rig_run(&rig, SPAN_MS);
    unsigned leased = rig_count(&rig, 1, DELIVERY_LEASED);
    assert_true(leased > 0);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, &problem), ERR_OK);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_CANCELLED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED), 5000 - leased);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_lease_that_returns_after_not_after_ends_the_campaign(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    add_with(&rig, 1, 10, &(struct campaign_control){.not_after_for_ms = 5000});
    launch(&rig, 1);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    rig_run(&rig, 6000);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_run(&rig, 2000);
    assert_int_equal(rig.batch_count, 0); /* never sent again */
    rig_say_of_lease(&rig, 1, batch.wire.lease, 1, 0, 0, 10, &RETURNED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED), 10);
    struct event event;
    rig_close(&rig);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_EXPIRED, &event));
    assert_int_equal(event.reason, REASON_NOT_AFTER);
    rig_check(&rig);
    rig_release(&rig);
}

static void open_ladders_end_and_keep_what_was_accepted(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    struct campaign_def def = rig_def(&rig, 1, 10);
    def.control.not_after_for_ms = SPAN_MS;
    def.plan.step_count = 2;
    def.plan.steps[1] = def.plan.steps[0];
    def.plan.steps[0].until = PLAN_ACKNOWLEDGED;
    def.plan.steps[0].within_ms = 10 * SPAN_MS;
    rig_add(&rig, &def);
    launch(&rig, 1);
    rig_run(&rig, 1);
    rig_accept_all(&rig);
    assert_int_equal(rig_view(&rig, 1).open, 10);
    rig_run(&rig, SPAN_MS);
    assert_int_equal(rig_view(&rig, 1).open, 0);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 10);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_paused_campaign_expires_too(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    add_with(&rig, 1, 10, &(struct campaign_control){.not_after_for_ms = 5000});
    launch(&rig, 1);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 5000);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(
        campaign_over(&(struct campaign_view){.state = CAMPAIGN_FINISHED, .is_expired = true}),
        DELIVERY_EVENT_EXPIRED);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_an_end_keeps_is_read_back(void **test)
{
    (void)test;
    struct buf buf = {0};
    struct campaign_end end = {
        .state = CAMPAIGN_CANCELLED, .is_expired = true, .not_after_ms = 17, .superseded_by = 9};
    struct campaign_end read;
    campaign_end_encode(&end, &buf);
    assert_int_equal(campaign_end_decode(buf_view(&buf), &read), ERR_OK);
    assert_true(read.is_expired);
    assert_int_equal(read.not_after_ms, 17);
    assert_int_equal(read.superseded_by, 9);
    buf.data[0] = 1; /* of before, without them */
    assert_int_equal(campaign_end_decode(slice_of(buf.data, buf.len - 23), &read), ERR_OK);
    assert_false(read.is_expired);
    buf_release(&buf);
}

/* ---- the clock ---- */

static void a_clock_set_an_hour_ahead_makes_nobody_uncertain(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_launch(&rig, 1, 10);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    engine_skip(rig.engine, 3600000);
    rig_run(&rig, 3600000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 10);
    rig_say(&rig, &batch, 0, 10, &ACCEPTED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- supersede ---- */

static void a_launch_cancels_what_it_supersedes_in_the_same_turn(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, 1024);
    rig_launch(&rig, 1, 3000);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    add_with(&rig, 2, 10, &(struct campaign_control){.supersedes = 1});
    rig_close(&rig);
    unsigned records = rig.record_count;
    launch(&rig, 2);
    rig_close(&rig);
    assert_int_equal(rig.record_count, records + 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_CANCELLED);
    assert_int_equal(rig_view(&rig, 1).superseded_by, 2);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 3000 - 1024);
    rig_say(&rig, &batch, 0, 1024, &RETURNED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 3000);
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_view(&rig, 1).superseded_by, 2);
    rig_release(&rig);
}

static void who_supersedes_an_ended_campaign_just_begins(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 0);
    add_with(&rig, 2, 10, &(struct campaign_control){.supersedes = 1});
    launch(&rig, 2);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_campaign_state(&rig, 2), CAMPAIGN_RUNNING);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- stop rules ---- */

#define DAY_MS UINT64_C(86400000)

static void nothing_begins_later_than_its_times_can_tell(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem = {0};
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10);
    rig_add(&rig, &def);
    def = rig_def(&rig, 2, 10);
    rig_add(&rig, &def);
    uint64_t latest_ms = rig.now_ms + 300 * DAY_MS;
    assert_int_equal(engine_schedule(rig.engine, 1, FOLD_NEVER_MS, rig.now_ms, &problem),
                     ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "more than 300 days after it was made"));
    assert_int_equal(engine_schedule(rig.engine, 1, latest_ms + 1, rig.now_ms, &problem),
                     ERR_CONFLICT);
    assert_int_equal(engine_schedule(rig.engine, 1, latest_ms, rig.now_ms, &problem), ERR_OK);
    rig.now_ms = latest_ms + 1;
    assert_int_equal(engine_launch(rig.engine, 2, rig.now_ms, &problem), ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "was made more than 300 days ago"));
    assert_int_equal(rig_campaign_state(&rig, 2), CAMPAIGN_DRAFT);
    rig_run(&rig, 0); /* what was scheduled in time begins, a little late */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_check(&rig);
    rig_release(&rig);
}

/* Who was paused for so long that the time of his next step cannot be told any more waits for it:
 * it is not taken for one that has passed. */
static void after_a_pause_of_years_no_step_is_early(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10);
    def.plan.step_count = 2;
    for (unsigned s = 0; s < 2; s++) {
        plan_step_defaults(&def.plan.steps[s], CHANNEL_SMS);
        def.plan.steps[s].until = PLAN_ACKNOWLEDGED;
        def.plan.steps[s].within_ms = 3600000;
    }
    rig_add(&rig, &def);
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig.now_ms += 498 * DAY_MS;
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_int_equal(rig_leased(&rig), 10);
    rig_accept_all(&rig);
    rig_run(&rig, 1000);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(rig_state(&rig, 1, 0).step, 0);
    struct campaign_view view;
    assert_true(engine_campaign(rig.engine, 1, &view));
    assert_int_equal(view.climb_ms, 0);
    rig_check(&rig);
    rig_restart(&rig);
    rig_run(&rig, 1000);
    assert_int_equal(rig_state(&rig, 1, 0).step, 0);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_leased_before_the_start_and_at_once_then),
        cmocka_unit_test(a_start_that_passed_while_nobody_was_there_is_made_up_for),
        cmocka_unit_test(whose_not_after_passed_while_nobody_was_there_reaches_nobody),
        cmocka_unit_test(a_scheduled_campaign_can_be_moved_started_and_cancelled),
        cmocka_unit_test(a_campaign_that_would_reach_nobody_is_not_launched),
        cmocka_unit_test(nothing_begins_later_than_its_times_can_tell),
        cmocka_unit_test(after_a_pause_of_years_no_step_is_early),
        cmocka_unit_test(whoever_was_not_sent_to_in_time_expires),
        cmocka_unit_test(a_cancellation_after_the_end_of_time_counts_nobody_twice),
        cmocka_unit_test(a_lease_that_returns_after_not_after_ends_the_campaign),
        cmocka_unit_test(open_ladders_end_and_keep_what_was_accepted),
        cmocka_unit_test(a_paused_campaign_expires_too),
        cmocka_unit_test(what_an_end_keeps_is_read_back),
        cmocka_unit_test(a_clock_set_an_hour_ahead_makes_nobody_uncertain),
        cmocka_unit_test(a_launch_cancels_what_it_supersedes_in_the_same_turn),
        cmocka_unit_test(who_supersedes_an_ended_campaign_just_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
