/* SPDX-License-Identifier: Apache-2.0 */
/* Which campaigns, states and times get no further round. */
#include <string.h>

#include "proto/token.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/retry_fixture.h"
#include "tests/unit/unit.h"

static const struct rig_fate REFUSED = {OUTCOME_REJECTED, 400, 0, NULL};

/* ---- What is refused ---- */

static void assert_refused(struct rig *rig, unsigned states, const char *part)
{
    struct problem problem = {0};
    assert_int_equal(engine_reopen(rig->engine, 1, states, rig->now_ms, &problem), ERR_CONFLICT);
    if (strstr(problem.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", problem.text, part);
    }
}

static void only_what_has_finished_is_retried(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 10);
    rig_add(&rig, &def);
    assert_int_equal(engine_reopen(rig.engine, 9, ALL, rig.now_ms, NULL), ERR_NOT_FOUND);
    assert_refused(&rig, ALL, "is draft and cannot be retried");
    assert_int_equal(engine_launch(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_refused(&rig, ALL, "is running and cannot be retried: only one that has finished can");
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_refused(&rig, ALL, "is paused");
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_refused(&rig, ALL, "was cancelled");
    rig_release(&rig);
}

static void a_retry_of_nobody_says_so(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_launch(&rig, 1, 10);
    rig_run(&rig, 10);
    rig_accept_all(&rig);
    assert_refused(&rig, ALL,
                   "nobody of campaign c1 is failed, unreachable or uncertain: there is nobody to "
                   "retry");
    rig_release(&rig);
}

static void what_is_as_old_as_its_times_can_tell_is_not_retried(void **test)
{
    (void)test;
    struct rig rig;
    finish_first_round(&rig, &(struct campaign_control){0});
    uint64_t latest_ms = RIG_NOW_MS + UINT64_C(300) * 86400000;
    assert_true(latest_ms > rig.now_ms);
    rig.now_ms = latest_ms;
    assert_int_equal(engine_reopen(rig.engine, 1, ALL, rig.now_ms, NULL), ERR_OK);
    engine_reopen_give_up(rig.engine, 1);
    rig.now_ms++;
    assert_refused(&rig, ALL, "was made more than 300 days ago and is not retried");
    rig_release(&rig);
}

static void two_retries_at_a_time_are_one_too_many(void **test)
{
    (void)test;
    struct rig rig;
    finish_first_round(&rig, &(struct campaign_control){0});
    assert_int_equal(engine_reopen(rig.engine, 1, ALL, rig.now_ms, NULL), ERR_OK);
    assert_refused(&rig, ALL, "is being retried already");
    rig_wake(&rig, 1);
    rig_run(&rig, 2 * SPAN_MS);
    rig_close(&rig);
    assert_true(engine_page_is_awake(rig.engine, 1, 0)); /* as long as it takes */
    engine_reopen_give_up(rig.engine, 1);
    rig_run(&rig, 10);
    rig_close(&rig);
    assert_false(engine_page_is_awake(rig.engine, 1, 0));
    assert_int_equal(rig_retry(&rig, 1, ALL, NULL), ERR_OK);
    assert_refused(&rig, ALL, "is running");
    rig_check(&rig);
    rig_release(&rig);
}

static void there_are_fifteen_rounds_and_no_more(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_launch(&rig, 1, 10);
    for (unsigned round = 0; round < ENGINE_ROUNDS_MAX; round++) {
        rig_run(&rig, 10);
        assert_int_equal(rig.batches[0].wire.round, round);
        rig_say(&rig, &rig.batches[0], 0, 1024, &REFUSED);
        assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
        if (round + 1 < ENGINE_ROUNDS_MAX) {
            assert_int_equal(rig_retry(&rig, 1, ALL, NULL), ERR_OK);
        }
    }
    assert_true(ENGINE_ROUNDS_MAX <= TOKEN_ROUNDS);
    assert_refused(&rig, ALL, "has had its 15 rounds");
    rig_check(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_view(&rig, 1).round, ENGINE_ROUNDS_MAX - 1);
    assert_refused(&rig, ALL, "has had its 15 rounds");
    rig_release(&rig);
}

static void a_round_begins_its_time_anew_but_not_after_a_fixed_end(void **test)
{
    (void)test;
    struct rig rig;
    finish_first_round(&rig, &(struct campaign_control){.not_after_for_ms = SPAN_MS});
    rig.now_ms += 2 * SPAN_MS;
    assert_int_equal(rig_retry(&rig, 1, ALL, NULL), ERR_OK);
    assert_true(rig_view(&rig, 1).not_after_ms == rig.now_ms + SPAN_MS);
    rig_check(&rig);
    rig_run(&rig, SPAN_MS);
    rig_run(&rig, SPAN_MS);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_EXPIRED) + rig_count(&rig, 1, DELIVERY_UNCERTAIN),
                     18);
    assert_refused(&rig, ALL, "ended by its not_after");
    rig_check(&rig);
    rig_release(&rig);
    finish_first_round(&rig, &(struct campaign_control){.not_after_ms = RIG_NOW_MS + SPAN_MS});
    rig.now_ms += SPAN_MS;
    assert_refused(&rig, ALL, "has passed");
    rig_release(&rig);
}

static void stop_rules_leave_out_who_failed_before(void **test)
{
    (void)test;
    struct rig rig;
    struct campaign_control control = {.stop = {[STOP_FAILED] = {.count = 15}}};
    finish_first_round(&rig, &control);
    assert_int_equal(rig_retry(&rig, 1, ALL, NULL), ERR_OK);
    rig_close(&rig);
    rig_restart(&rig);
    rig_join(&rig, 1, WORKER, CREDIT);
    rig_run(&rig, 10);
    rig_say(&rig, &rig.batches[0], 0, 10, &REFUSED); /* the same again are no more than before */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_RUNNING);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_has_finished_is_retried),
        cmocka_unit_test(a_retry_of_nobody_says_so),
        cmocka_unit_test(what_is_as_old_as_its_times_can_tell_is_not_retried),
        cmocka_unit_test(two_retries_at_a_time_are_one_too_many),
        cmocka_unit_test(there_are_fifteen_rounds_and_no_more),
        cmocka_unit_test(a_round_begins_its_time_anew_but_not_after_a_fixed_end),
        cmocka_unit_test(stop_rules_leave_out_who_failed_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
