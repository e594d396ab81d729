/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that are silent, lost, back or strangers, and batches that are lost on the way. */
#include "coordinator/engine/engine.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static const struct rig_fate ACCEPTED = {.outcome = OUTCOME_ACCEPTED, .reason = 200};

/* ---- Workers ---- */

static void the_leases_of_a_silent_worker_are_given_up(void **test)
{
    (void)test;
    struct rig rig;
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
    engine_worker_hello(rig.engine, 2, "w1", 99, rig.now_ms);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 2500);
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_REPEATED, &event));
    assert_int_equal(event.reason, REASON_WORKER_RESTARTED);
    rig_release(&rig);

    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
    rig_launch(&rig, 2, 500);
    rig_launch(&rig, 3, 500);
    rig_run(&rig, 1);
    assert_int_equal(engine_pause(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    assert_int_equal(engine_cancel(rig.engine, 2, rig.now_ms, NULL), ERR_OK);
    rig_effects(&rig);
    engine_worker_hello(rig.engine, 1, "w1", 11, rig.now_ms);
    rig_effects(&rig);
    assert_int_equal(rig_count_effects(&rig, ENGINE_CANCEL), 2);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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
    rig_init_leased(&rig, 2500);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
