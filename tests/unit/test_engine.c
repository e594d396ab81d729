/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's front: commands, the turn, time. Workers are in test_engine_workers.c, restarts in
 * test_engine_restart.c; what becomes of attempts is in test_intake.c, who is leased in
 * test_dispatch.c.
 */
#include <stdio.h>

#include "coordinator/engine/engine.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

/* ---- Commands ---- */

typedef enum err (*command_fn)(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                               struct problem *problem);

static const command_fn COMMANDS[] = {engine_launch, engine_pause, engine_resume, engine_cancel};

static void bring_to(struct rig *rig, enum campaign_state state)
{
    rig_init(rig);
    struct campaign_def def = rig_def(rig, 1, state == CAMPAIGN_FINISHED ? 0 : 10);
    rig_add(rig, &def);
    if (state != CAMPAIGN_DRAFT && state != CAMPAIGN_SCHEDULED) {
        assert_int_equal(engine_launch(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    }
    if (state == CAMPAIGN_SCHEDULED) {
        assert_int_equal(engine_schedule(rig->engine, 1, rig->now_ms + 1000, rig->now_ms, NULL),
                         ERR_OK);
    }
    if (state == CAMPAIGN_PAUSED) {
        assert_int_equal(engine_pause(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    }
    if (state == CAMPAIGN_CANCELLED) {
        assert_int_equal(engine_cancel(rig->engine, 1, rig->now_ms, NULL), ERR_OK);
    }
    assert_int_equal(rig_campaign_state(rig, 1), state);
}

static void every_command_meets_every_state(void **test)
{
    (void)test;
    /* Launch, pause, resume, cancel: the state that follows, or -1. */
    static const int EXPECTED[CAMPAIGN_STATES][4] = {
        [CAMPAIGN_DRAFT] = {CAMPAIGN_RUNNING, -1, -1, CAMPAIGN_CANCELLED},
        [CAMPAIGN_RUNNING] = {-1, CAMPAIGN_PAUSED, -1, CAMPAIGN_CANCELLED},
        [CAMPAIGN_PAUSED] = {-1, -1, CAMPAIGN_RUNNING, CAMPAIGN_CANCELLED},
        [CAMPAIGN_FINISHED] = {-1, -1, -1, -1},
        [CAMPAIGN_CANCELLED] = {-1, -1, -1, -1},
        [CAMPAIGN_SCHEDULED] = {CAMPAIGN_RUNNING, -1, -1, CAMPAIGN_CANCELLED},
    };
    for (unsigned state = 0; state < CAMPAIGN_STATES; state++) {
        for (unsigned c = 0; c < 4; c++) {
            struct rig rig;
            struct problem problem = {0};
            bring_to(&rig, (enum campaign_state)state);
            enum err err = COMMANDS[c](rig.engine, 1, rig.now_ms, &problem);
            int expected = EXPECTED[state][c];
            assert_int_equal(err, expected < 0 ? ERR_CONFLICT : ERR_OK);
            assert_int_equal(rig_campaign_state(&rig, 1),
                             expected < 0 ? state : (unsigned)expected);
            if (expected < 0) {
                assert_non_null(
                    strstr(problem.text, campaign_state_name((enum campaign_state)state)));
            }
            rig_check(&rig);
            rig_release(&rig);
        }
    }
}

static void a_campaign_that_is_not_there_is_not_found(void **test)
{
    (void)test;
    struct rig rig;
    struct problem problem = {0};
    struct campaign_view view;
    struct recipient_state state;
    rig_init(&rig);
    for (unsigned c = 0; c < 4; c++) {
        assert_int_equal(COMMANDS[c](rig.engine, 7, rig.now_ms, &problem), ERR_NOT_FOUND);
        assert_non_null(strstr(problem.text, "c7"));
    }
    assert_false(engine_campaign(rig.engine, 7, &view));
    assert_int_equal(engine_recipient(rig.engine, 7, 0, &state), ERR_NOT_FOUND);
    rig_release(&rig);
}

static void an_id_is_given_once(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 5, 10);
    rig_add(&rig, &def);
    assert_int_equal(engine_add_campaign(rig.engine, &def), ERR_EXISTS);
    def = rig_def(&rig, 3, 10);
    rig_add(&rig, &def);
    assert_int_equal(engine_last_campaign(rig.engine), 5);
    assert_int_equal(engine_next_campaign(rig.engine, 0), 3);
    assert_int_equal(engine_next_campaign(rig.engine, 3), 5);
    assert_int_equal(engine_next_campaign(rig.engine, 5), 0);
    rig_release(&rig);
}

static void a_pause_stops_leasing_and_tells_the_workers(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 1024);
    rig_join(&rig, 2, 12, 1024);
    rig_run(&rig, 1);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_accept_all(&rig);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 0);
    assert_int_equal(rig_count_effects(&rig, ENGINE_CANCEL), 2);
    rig_check(&rig);
    assert_int_equal(engine_resume(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 2048);
    rig_check(&rig);
    rig_release(&rig);
}

/* The lease was decided, then came the pause, and only then was the batch to leave. */
static void a_batch_that_the_pause_overtakes_is_taken_back(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 500);
    rig_join(&rig, 1, 11, 65536);
    (void)engine_run(rig.engine, rig.now_ms);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_effects(&rig);
    assert_int_equal(rig.batch_count, 0);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 500);
    assert_false(rig_state(&rig, 1, 0).uncertain);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_paused_campaign_whose_last_outcomes_come_is_finished(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_accept_all(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void cancelling_ends_whoever_waits_and_waits_for_the_rest(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 1500);
    rig_run(&rig, 1);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 3500);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 1500);
    rig_check(&rig);
    struct recipient_state state;
    assert_int_equal(engine_recipient(rig.engine, 1, 4999, &state), ERR_OK);
    assert_int_equal(state.state, DELIVERY_CANCELLED);
    rig_accept_all(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1500);
    rig_check(&rig);
    assert_int_equal(engine_recipient(rig.engine, 1, 4999, &state), ERR_CLOSED);
    rig_release(&rig);
}

static void a_worker_that_dies_in_a_cancelled_campaign_leaves_doubt(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_run(&rig, RIG_LEASE_MS);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 2500);
    rig_check(&rig);
    rig_release(&rig);
}

static void leases_of_a_stopped_campaign_are_not_waited_for_for_ever(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    for (unsigned i = 0; i < 120 && rig_count(&rig, 1, DELIVERY_LEASED) > 0; i++) {
        engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 1000);
        assert_int_equal(rig.batch_count, 0);
    }
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 2500);
    rig_check(&rig);
    rig_release(&rig);
}

static void closing_counts_are_written_once_and_pages_are_dropped(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
    rig_accept_all(&rig);
    rig_check(&rig);
    unsigned puts = 0;
    for (unsigned i = 0; i < rig.record_count; i++) {
        for (size_t j = 0; j < rig.records[i]->entry_count; j++) {
            puts += rig.records[i]->entries[j].kind == RECORD_PUT;
        }
    }
    assert_int_equal(puts, 1);
    struct recipient_state state;
    assert_int_equal(engine_recipient(rig.engine, 1, 0, &state), ERR_CLOSED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 2500);
    rig_launch(&rig, 2, 10);
    rig_close(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 2500);
    assert_int_equal(engine_recipient(rig.engine, 1, 0, &state), ERR_CLOSED);
    rig_release(&rig);
}

/* ---- Time ---- */

static void a_clock_that_goes_back_stands_still(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
    engine_worker_heartbeat(rig.engine, 1, rig.now_ms + 60000);
    (void)engine_run(rig.engine, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_accept_all(&rig);
    struct campaign_view view;
    engine_campaign(rig.engine, 1, &view);
    assert_int_equal(view.ended_ms, rig.now_ms + 60000);
    rig_check(&rig);
    rig_release(&rig);
}

static void the_engine_never_sleeps_long(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    assert_true(engine_run(rig.engine, rig.now_ms) <= 200);
    rig_launch(&rig, 1, 10);
    assert_true(engine_run(rig.engine, rig.now_ms) <= 200);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_meets_every_state),
        cmocka_unit_test(a_campaign_that_is_not_there_is_not_found),
        cmocka_unit_test(an_id_is_given_once),
        cmocka_unit_test(a_pause_stops_leasing_and_tells_the_workers),
        cmocka_unit_test(a_batch_that_the_pause_overtakes_is_taken_back),
        cmocka_unit_test(a_paused_campaign_whose_last_outcomes_come_is_finished),
        cmocka_unit_test(cancelling_ends_whoever_waits_and_waits_for_the_rest),
        cmocka_unit_test(a_worker_that_dies_in_a_cancelled_campaign_leaves_doubt),
        cmocka_unit_test(leases_of_a_stopped_campaign_are_not_waited_for_for_ever),
        cmocka_unit_test(closing_counts_are_written_once_and_pages_are_dropped),
        cmocka_unit_test(a_clock_that_goes_back_stands_still),
        cmocka_unit_test(the_engine_never_sleeps_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
