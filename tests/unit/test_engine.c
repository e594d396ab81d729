/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's front: commands, workers, the turn, restarts. What becomes of attempts is in
 * test_intake.c, who is leased in test_dispatch.c.
 */
#include <stdio.h>

#include "common/mem.h"
#include "coordinator/engine/engine.h"
#include "tests/dice.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};
static const struct rig_fate RETURNED = {.outcome = OUTCOME_RETURNED, .reason = REASON_DRAINED};

/* A launched campaign of 2,500 recipients, all of it leased to worker 1. */
static void leased(struct rig *rig)
{
    rig_init(rig);
    rig_launch(rig, 1, 2500);
    rig_join(rig, 1, 11, 65536);
    rig_run(rig, 1);
    assert_int_equal(rig_leased(rig), 2500);
}

static unsigned count_effects(const struct rig *rig, enum engine_effect_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rig->effect_count; i++) {
        count += rig->effects[i].kind == kind;
    }
    return count;
}

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
    assert_int_equal(count_effects(&rig, ENGINE_CANCEL), 2);
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
    leased(&rig);
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
    leased(&rig);
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
    leased(&rig);
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
    leased(&rig);
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

/* ---- Workers ---- */

static void the_leases_of_a_silent_worker_are_given_up(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    rig_run(&rig, RIG_LEASE_MS - 2);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_run(&rig, 2);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 2500);
    assert_int_equal(rig_leased(&rig), 0);
    struct engine_stats stats;
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.leases_expired, 3);
    assert_int_equal(stats.leases_open, 0);
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_REPEATED, &event));
    assert_int_equal(event.reason, REASON_LEASE_EXPIRED);
    rig_release(&rig);
}

static void any_message_keeps_a_worker_alive(void **test)
{
    (void)test;
    struct rig rig;
    uint32_t credit[CHANNEL_KINDS] = {0};
    leased(&rig);
    struct rig_batch batch = rig.batches[0];
    for (unsigned i = 0; i < 9; i++) {
        rig_run(&rig, RIG_LEASE_MS - 1000);
        if (i % 3 == 0) {
            assert_true(engine_worker_heartbeat(rig.engine, 1, rig.now_ms));
        } else if (i % 3 == 1) {
            engine_worker_credit(rig.engine, 1, credit, rig.now_ms);
        } else {
            rig_say(&rig, &batch, i, 1, &ACCEPTED);
        }
    }
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2497);
    rig_release(&rig);
}

/* The coordinator was held up, not the worker: its heartbeats waited in the queue meanwhile. */
static void a_worker_that_was_given_up_too_early_is_leased_to_again(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    rig_run(&rig, RIG_LEASE_MS * 2);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 2500);
    struct worker_view view;
    assert_true(engine_worker(rig.engine, 0, &view));
    assert_false(view.connected);
    assert_true(engine_worker_heartbeat(rig.engine, 1, rig.now_ms));
    rig_run(&rig, 20);
    assert_int_equal(rig_leased(&rig), 2500);
    assert_true(engine_worker(rig.engine, 0, &view));
    assert_true(view.connected);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_worker_that_stays_away_is_forgotten_and_has_to_say_hello(void **test)
{
    (void)test;
    struct rig rig;
    struct worker_view view;
    leased(&rig);
    rig_run(&rig, RIG_LEASE_MS * 100);
    assert_false(engine_worker(rig.engine, 0, &view));
    assert_false(engine_worker_heartbeat(rig.engine, 1, rig.now_ms));
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 20);
    assert_int_equal(rig_leased(&rig), 2500);
    rig_release(&rig);
}

static void a_restarted_worker_gives_its_leases_up_at_once(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    engine_worker_hello(rig.engine, 2, "w1", 99, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 2500);
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_REPEATED, &event));
    assert_int_equal(event.reason, REASON_WORKER_RESTARTED);
    rig_release(&rig);

    leased(&rig);
    engine_worker_hello(rig.engine, 1, "renamed", 99, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 2500);
    rig_check(&rig);
    rig_release(&rig);
}

/* Its batch still waited for the disk. */
static void what_never_left_is_not_in_doubt(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 500);
    rig_join(&rig, 1, 11, 65536);
    (void)engine_run(rig.engine, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 500);
    engine_worker_hello(rig.engine, 1, "w1", 12, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 500);
    assert_false(rig_state(&rig, 1, 0).uncertain);
    rig_effects(&rig);
    assert_int_equal(rig.batch_count, 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_worker_that_reconnects_keeps_its_leases(void **test)
{
    (void)test;
    struct rig rig;
    struct worker_view view;
    leased(&rig);
    struct rig_batch batch = rig.batches[0];
    rig_say(&rig, &batch, 0, 24, &ACCEPTED);
    engine_worker_hello(rig.engine, 9, "w1", 11, rig.now_ms);
    assert_true(engine_worker(rig.engine, 0, &view));
    assert_int_equal(view.worker, 9);
    assert_int_equal(view.in_hand[CHANNEL_SMS], 2476);
    assert_int_equal(view.credit[CHANNEL_SMS], 0);
    assert_false(engine_worker(rig.engine, 1, &view));
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2476);
    rig_check(&rig);
    rig_release(&rig);
}

/* It may have missed what it was told while the link was down. */
static void a_worker_that_reconnects_hears_what_was_stopped(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    rig_launch(&rig, 2, 500);
    rig_launch(&rig, 3, 500);
    rig_run(&rig, 1);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_cancel(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    rig_effects(&rig);
    engine_worker_hello(rig.engine, 1, "w1", 11, rig.now_ms);
    rig_effects(&rig);
    assert_int_equal(count_effects(&rig, ENGINE_CANCEL), 2);
    for (unsigned i = 0; i < rig.effect_count; i++) {
        assert_int_equal(rig.effects[i].worker, 1);
        assert_int_equal(rig.effects[i].for_good, rig.effects[i].campaign == 2);
    }
    rig_release(&rig);
}

static void whoever_says_bye_leaves_nothing_behind(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    rig_join(&rig, 2, 12, 65536);
    engine_worker_bye(rig.engine, 11, rig.now_ms);
    /* All it knew of is durable before it says so: the rest never reached it, and is not in doubt.
     */
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 2500);
    rig_run(&rig, 20);
    for (unsigned i = 0; i < rig.batch_count; i++) {
        assert_int_equal(rig.batches[i].worker, 2);
    }
    assert_int_equal(rig_leased(&rig), 2500);
    rig_check(&rig);
    rig_release(&rig);
}

/* A BYE that comes late is not the next instance's. */
static void the_next_instance_does_not_leave_with_the_former(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    engine_worker_hello(rig.engine, 1, "w1", 12, rig.now_ms);
    rig_join(&rig, 1, 12, 65536);
    rig_run(&rig, 20);
    assert_int_equal(rig_leased(&rig), 2500);
    engine_worker_bye(rig.engine, 11, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    assert_true(engine_worker_heartbeat(rig.engine, 1, rig.now_ms));
    rig_check(&rig);
    rig_release(&rig);
}

static void strangers_are_passed_over(void **test)
{
    (void)test;
    struct rig rig;
    uint32_t credit[CHANNEL_KINDS] = {1000, 1000, 1000, 1000, 1000, 1000};
    leased(&rig);
    engine_worker_credit(rig.engine, 77, credit, rig.now_ms);
    engine_worker_bye(rig.engine, 77, rig.now_ms);
    assert_false(engine_worker_heartbeat(rig.engine, 77, rig.now_ms));
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_release(&rig);
}

/* ---- Batches that are lost on the way ---- */

static void a_batch_without_an_answer_is_sent_again_ever_more_seldom(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    unsigned sends = 0;
    uint64_t last_ms = rig.now_ms;
    uint64_t last_pause_ms = 0;
    for (unsigned i = 0; i < 600; i++) {
        engine_worker_heartbeat(rig.engine, 1, rig.now_ms);
        rig_run(&rig, 500);
        if (rig.batch_count > 0) {
            assert_int_equal(rig_leased(&rig), 2500);
            assert_true(rig.now_ms - last_ms >= last_pause_ms);
            last_pause_ms = rig.now_ms - last_ms;
            last_ms = rig.now_ms;
            sends++;
        }
    }
    assert_true(sends >= 6 && sends <= 9);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_release(&rig);
}

static void only_those_not_yet_reported_are_sent_again(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    struct rig_batch batch = rig.batches[1];
    rig_say(&rig, &batch, 0, 1000, &ACCEPTED);
    engine_worker_heartbeat(rig.engine, 1, rig.now_ms + 4000);
    rig_run(&rig, 6000);
    unsigned again = 0;
    for (unsigned i = 0; i < rig.batch_count; i++) {
        if (rig.batches[i].wire.lease == batch.wire.lease) {
            again = rig.batches[i].wire.count;
            assert_false(rig.batches[i].wire.whole);
            assert_int_equal(bitmap_next(&rig.batches[i].wire.places, 0), 1000);
        }
    }
    assert_int_equal(again, 24);
    rig_release(&rig);
}

static void what_could_not_be_sent_is_taken_back(void **test)
{
    (void)test;
    struct rig rig;
    struct engine_effect effect;
    struct wire_batch batch;
    uint64_t audience;
    rig_init(&rig);
    rig_launch(&rig, 1, 500);
    rig_join(&rig, 1, 11, 65536);
    (void)engine_run(rig.engine, rig.now_ms);
    assert_true(engine_next_effect(rig.engine, &effect));
    assert_true(engine_lease_batch(rig.engine, effect.lease, rig.now_ms, &batch, &audience));
    engine_lease_unsent(rig.engine, effect.lease, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 500);
    assert_false(rig_state(&rig, 1, 0).uncertain);
    assert_false(engine_lease_batch(rig.engine, effect.lease, rig.now_ms, &batch, &audience));
    engine_lease_unsent(rig.engine, effect.lease, rig.now_ms);
    rig_check(&rig);
    rig_release(&rig);
}

/* It was sent before, so somebody may be at work on it. */
static void what_could_not_be_sent_again_is_left_where_it_is(void **test)
{
    (void)test;
    struct rig rig;
    struct wire_batch batch;
    uint64_t audience;
    leased(&rig);
    uint64_t lease = rig.batches[0].wire.lease;
    assert_true(engine_lease_batch(rig.engine, lease, rig.now_ms, &batch, &audience));
    engine_lease_unsent(rig.engine, lease, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_close(&rig);
    rig_restart(&rig);
    assert_true(engine_lease_batch(rig.engine, lease, rig.now_ms, &batch, &audience));
    engine_lease_unsent(rig.engine, lease, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_release(&rig);
}

static void every_message_of_outcomes_is_confirmed(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    struct rig_batch batch = rig.batches[0];
    rig_effects(&rig);
    rig_say(&rig, &batch, 0, 10, &ACCEPTED);
    rig_say(&rig, &batch, 0, 10, &ACCEPTED);
    rig_say_of_lease(&rig, 1, 12345, 777, 0, 0, 1, &ACCEPTED);
    rig_effects(&rig);
    assert_int_equal(rig.effect_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig.effects[i].kind, ENGINE_DURABLE);
        assert_int_equal(rig.effects[i].seq, i + 1);
        assert_int_equal(rig.effects[i].worker, 1);
    }
    rig_release(&rig);
}

/* ---- Time ---- */

static void a_clock_that_goes_back_stands_still(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
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

/* ---- Restart ---- */

static void leases_of_the_former_life_wait_for_their_worker(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    struct rig_batch batch = rig.batches[0];
    rig_close(&rig);
    rig_restart(&rig);
    rig_run(&rig, RIG_LEASE_MS - 1000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 2500);
    rig_join(&rig, 1, 11, 65536);
    struct worker_view view;
    assert_true(engine_worker(rig.engine, 0, &view));
    assert_int_equal(view.in_hand[CHANNEL_SMS], 2500);
    rig_say(&rig, &batch, 0, 1000, &ACCEPTED);
    rig_say(&rig, &batch, 1000, 24, &RETURNED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 1000);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 24);
    rig_check(&rig);
    rig_release(&rig);
}

static void leases_of_the_former_life_end_when_nobody_comes(void **test)
{
    (void)test;
    struct rig rig;
    leased(&rig);
    rig_close(&rig);
    rig_restart(&rig);
    rig_run(&rig, RIG_LEASE_MS);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 2500);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_was_not_in_the_journal_did_not_happen(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 2500);
    rig_join(&rig, 1, 11, 65536);
    rig_close(&rig);
    rig_run(&rig, 1);
    uint64_t lost = rig.batches[0].wire.lease;
    rig_restart(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 2500);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 1);
    assert_int_equal(rig_leased(&rig), 2500);
    assert_true(rig.batches[0].wire.lease > lost);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_cancelled_campaign_is_cancelled_after_the_restart_too(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_launch(&rig, 1, 5000);
    rig_join(&rig, 1, 11, 1500);
    rig_run(&rig, 1);
    struct rig_batch batch = rig.batches[0];
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    rig_close(&rig);
    rig_restart(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 3500);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 1500);
    rig_join(&rig, 1, 11, 1500);
    rig_effects(&rig);
    assert_int_equal(count_effects(&rig, ENGINE_CANCEL), 1);
    rig_say(&rig, &batch, 0, 1024, &RETURNED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 4524);
    rig_check(&rig);
    rig_release(&rig);
}

static void damaged_blocks_are_refused(void **test)
{
    (void)test;
    struct rig rig;
    struct event_list list;
    struct buf block = {0};
    event_list_init(&list);
    event_block_encode(&list, &block);
    rig_init(&rig);
    struct campaign_def def = rig_def(&rig, 1, 1500);
    rig_add(&rig, &def);
    assert_int_equal(engine_replay_block(rig.engine, 1, 1, buf_view(&block)), ERR_OK);
    assert_int_equal(engine_replay_block(rig.engine, 1, 2, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 1, UINT32_MAX, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 9, 0, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, slice_str("no block")), ERR_UNSUPPORTED);
    assert_int_equal(engine_replay_snapshot(rig.engine, 9, 0, slice_str("x")), ERR_CORRUPT);
    struct event accepted = {.kind = DELIVERY_EVENT_ACCEPTED, .span = 1, .at_ms = rig.now_ms};
    event_list_add(&list, &accepted);
    buf_clear(&block);
    event_block_encode(&list, &block);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, buf_view(&block)), ERR_OK);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, buf_view(&block)), ERR_CORRUPT);
    assert_int_equal(engine_replay_block(rig.engine, 1, RECORD_PAGE_CAMPAIGN, buf_view(&block)),
                     ERR_CORRUPT);
    event_list_clear(&list);
    struct event leased = {.kind = DELIVERY_EVENT_LEASED,
                           .provider = WIRE_PROVIDERS_MAX,
                           .offset = 1,
                           .span = 1,
                           .lease = 77,
                           .worker = 5,
                           .at_ms = rig.now_ms};
    event_list_add(&list, &leased);
    buf_clear(&block);
    event_block_encode(&list, &block);
    assert_int_equal(engine_replay_block(rig.engine, 1, 0, buf_view(&block)), ERR_CORRUPT);
    event_list_release(&list);
    buf_release(&block);
    rig_release(&rig);
}

static void closing_counts_come_back_from_their_bytes(void **test)
{
    (void)test;
    struct campaign_end end = {
        .state = CAMPAIGN_CANCELLED, .launched_ms = 5, .ended_ms = 9, .complained = 77};
    struct campaign_end back;
    struct buf bytes = {0};
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        end.counts[s] = s * 1000;
        end.rungs[0].states[s] = s * 900;
        end.rungs[PLAN_RUNGS_MAX - 1].states[s] = s * 100;
    }
    end.has_rungs = true;
    campaign_end_encode(&end, &bytes);
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_OK);
    assert_memory_equal(end.counts, back.counts, sizeof(end.counts));
    assert_int_equal(back.state, CAMPAIGN_CANCELLED);
    assert_int_equal(back.launched_ms, 5);
    assert_int_equal(back.ended_ms, 9);
    assert_int_equal(back.complained, 77);
    assert_true(back.has_rungs);
    assert_memory_equal(end.rungs, back.rungs, sizeof(end.rungs));
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *copy = mem_copy(bytes.data, len);
        assert_int_equal(campaign_end_decode(slice_of(copy, len), &back), ERR_CORRUPT);
        mem_free(copy);
    }
    buf_u8(&bytes, 0);
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_CORRUPT);
    bytes.len--;
    bytes.data[1] = CAMPAIGN_RUNNING;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_CORRUPT);
    bytes.data[0] = 5;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_UNSUPPORTED);
    bytes.data[0] = 2; /* which ended behind the complaints */
    bytes.data[1] = CAMPAIGN_CANCELLED;
    bytes.len = 2 + 16 + 1 + 4 * DELIVERY_STATES + 21;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_OK);
    assert_int_equal(back.complained, 77);
    assert_false(back.has_rungs);
    bytes.data[0] = 1; /* which ended behind the counts */
    bytes.len -= 21;
    assert_int_equal(campaign_end_decode(buf_view(&bytes), &back), ERR_OK);
    assert_int_equal(back.complained, 0);
    buf_release(&bytes);
}

/* ---- All of it at random, with restarts: the journal alone says where everything stands ---- */

static void random_outcome(struct rig *rig, struct dice *dice)
{
    static const uint16_t REASONS[OUTCOMES] = {200, 503,           429, 400, REASON_TIMED_OUT_AFTER,
                                               401, REASON_DRAINED};
    if (rig->batch_count == 0) {
        return;
    }
    const struct rig_batch *batch = &rig->batches[dice_below(dice, rig->batch_count)];
    unsigned offset = dice_below(dice, PAGE_RECIPIENTS);
    unsigned span = 1 + dice_below(dice, PAGE_RECIPIENTS - offset);
    unsigned outcome = dice_chance(dice, 500) ? OUTCOME_ACCEPTED : dice_below(dice, OUTCOMES);
    bool is_unconnected = outcome == OUTCOME_DEFERRED && dice_chance(dice, 300);
    rig_say(rig, batch, offset, span,
            &(struct rig_fate){(enum outcome)outcome,
                               is_unconnected ? REASON_CONNECT_FAILED : REASONS[outcome],
                               dice_below(dice, 3000), NULL});
}

static void random_step(struct rig *rig, struct dice *dice)
{
    uint64_t campaign = 1 + dice_below(dice, 3);
    switch (dice_below(dice, 24)) {
    case 0:
        (void)!engine_pause(rig->engine, campaign, rig->now_ms, NULL);
        break;
    case 1:
    case 2:
        (void)!engine_resume(rig->engine, campaign, rig->now_ms, NULL);
        break;
    case 3:
        if (dice_chance(dice, 60)) {
            (void)!engine_cancel(rig->engine, campaign, rig->now_ms, NULL);
        }
        break;
    case 4:
        rig_join(rig, 1, 11 + dice_below(dice, 2), dice_below(dice, 4000));
        break;
    case 5:
        engine_worker_bye(rig->engine, dice_chance(dice, 500) ? 11 : 21, rig->now_ms);
        break;
    case 6:
        rig_join(rig, 2, 21, dice_below(dice, 1000));
        break;
    case 7:
        rig_run(rig, dice_below(dice, 20000));
        break;
    case 8:
        rig_close(rig);
        break;
    case 9:
    case 10:
    case 11:
        rig_run(rig, dice_below(dice, 200));
        break;
    default:
        random_outcome(rig, dice);
        break;
    }
}

static void random_campaigns(struct rig *rig, struct dice *dice)
{
    for (uint64_t id = 1; id <= 3; id++) {
        struct campaign_def def = rig_def(rig, id, 1 + dice_below(dice, 2500));
        struct plan_step *step = &def.plan.steps[0];
        struct bitmap holes = {{0}};
        if (dice_chance(dice, 500)) {
            unsigned slots = def.slots < PAGE_RECIPIENTS ? def.slots : PAGE_RECIPIENTS;
            for (unsigned i = 0; i < slots; i += 1 + dice_below(dice, 20)) {
                bitmap_set(&holes, i);
            }
            def.recipients -= bitmap_count(&holes);
        }
        step->endpoint_ranks = (uint8_t)dice_between(dice, 1, 3);
        step->attempts = (uint8_t)dice_between(dice, 1, 6);
        step->on_uncertain = dice_chance(dice, 300) ? PLAN_HOLD : PLAN_RESEND;
        step->backoff_ms = dice_between(dice, 1, 30000);
        step->within_ms = dice_between(dice, 1000, 600000);
        def.priority = (enum campaign_priority)dice_below(dice, PRIORITIES);
        rig_add(rig, &def);
        if (bitmap_count(&holes) > 0) {
            rig_add_holes(rig, id, 0, &holes);
        }
        if (id < 3) {
            assert_int_equal(engine_launch(rig->engine, id, rig->now_ms, NULL), ERR_OK);
        }
    }
}

/* Every page gets an event in every turn, as in a flood of receipts. */
static void pages_are_not_all_due_for_a_snapshot_at_once(void **test)
{
    (void)test;
    enum { PAGES = 256, TURNS = 640, BLOCKS = 64 };
    unsigned all = 0;
    unsigned most = 0;
    struct rig rig;
    rig_init_with(&rig, &(struct engine_settings){.epoch = 1,
                                                  .seed = 1,
                                                  .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                  .lease_ms = RIG_LEASE_MS,
                                                  .snapshot_blocks = BLOCKS});
    rig_add_provider(&rig, 0, 0);
    rig_launch(&rig, 1, PAGES * PAGE_RECIPIENTS);
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        for (uint32_t page = 0; page < PAGES; page++) {
            assert_int_equal(
                engine_acknowledge(rig.engine, 1, page * PAGE_RECIPIENTS + turn, rig.now_ms),
                ERR_OK);
        }
        rig_close(&rig);
        const struct record *record = rig.records[rig.record_count - 1];
        unsigned count = 0;
        for (size_t i = 0; i < record->entry_count; i++) {
            count += record->entries[i].kind == RECORD_SNAPSHOT;
        }
        all += count;
        most = count > most ? count : most;
    }
    assert_in_range(all, PAGES * TURNS / BLOCKS * 9 / 10, PAGES * TURNS / BLOCKS * 12 / 10);
    assert_in_range(most, 1, PAGES / 8);
    rig_restart(&rig);
    rig_check(&rig);
    rig_release(&rig);
}

static void the_journal_alone_says_where_everything_stands(void **test)
{
    (void)test;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct dice dice = {seed};
        struct rig rig;
        rig_init_with(&rig, &(struct engine_settings){.epoch = 1,
                                                      .seed = seed,
                                                      .heartbeat_ms = RIG_HEARTBEAT_MS,
                                                      .lease_ms = RIG_LEASE_MS,
                                                      .snapshot_blocks = dice_below(&dice, 4)});
        rig_add_provider(&rig, 0, 0);
        rig_add_provider(&rig, 1, dice_below(&dice, 500));
        random_campaigns(&rig, &dice);
        rig_join(&rig, 1, 11, 3000);
        for (unsigned i = 0; i < 300; i++) {
            random_step(&rig, &dice);
            if (i % 20 == 0) {
                rig_check(&rig);
            }
            if (dice_chance(&dice, 20)) {
                rig_close(&rig);
                rig_restart(&rig);
                rig_check(&rig);
            }
        }
        rig_check(&rig);
        rig_release(&rig);
    }
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
        cmocka_unit_test(the_leases_of_a_silent_worker_are_given_up),
        cmocka_unit_test(any_message_keeps_a_worker_alive),
        cmocka_unit_test(a_worker_that_was_given_up_too_early_is_leased_to_again),
        cmocka_unit_test(a_worker_that_stays_away_is_forgotten_and_has_to_say_hello),
        cmocka_unit_test(a_restarted_worker_gives_its_leases_up_at_once),
        cmocka_unit_test(what_never_left_is_not_in_doubt),
        cmocka_unit_test(a_worker_that_reconnects_keeps_its_leases),
        cmocka_unit_test(a_worker_that_reconnects_hears_what_was_stopped),
        cmocka_unit_test(whoever_says_bye_leaves_nothing_behind),
        cmocka_unit_test(the_next_instance_does_not_leave_with_the_former),
        cmocka_unit_test(strangers_are_passed_over),
        cmocka_unit_test(a_batch_without_an_answer_is_sent_again_ever_more_seldom),
        cmocka_unit_test(only_those_not_yet_reported_are_sent_again),
        cmocka_unit_test(what_could_not_be_sent_is_taken_back),
        cmocka_unit_test(what_could_not_be_sent_again_is_left_where_it_is),
        cmocka_unit_test(every_message_of_outcomes_is_confirmed),
        cmocka_unit_test(a_clock_that_goes_back_stands_still),
        cmocka_unit_test(the_engine_never_sleeps_long),
        cmocka_unit_test(leases_of_the_former_life_wait_for_their_worker),
        cmocka_unit_test(leases_of_the_former_life_end_when_nobody_comes),
        cmocka_unit_test(what_was_not_in_the_journal_did_not_happen),
        cmocka_unit_test(a_cancelled_campaign_is_cancelled_after_the_restart_too),
        cmocka_unit_test(damaged_blocks_are_refused),
        cmocka_unit_test(closing_counts_come_back_from_their_bytes),
        cmocka_unit_test(pages_are_not_all_due_for_a_snapshot_at_once),
        cmocka_unit_test(the_journal_alone_says_where_everything_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
