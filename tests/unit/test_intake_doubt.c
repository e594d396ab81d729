/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts of which nobody knows whether they were made, and outcomes that come late. */
#include "coordinator/engine/engine.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/intake_fixture.h"
#include "tests/unit/unit.h"

/* ---- Uncertain ---- */

static void what_is_uncertain_is_repeated_with_the_same_number(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 99, &ACCEPTED);
    say(&rig, 99, 1, &DEFERRED);
    assert_true(wait_for_lease(&rig, 99));
    say(&rig, 99, 1, &UNCERTAIN);
    assert_true(rig_state(&rig, 1, 99).uncertain);
    assert_int_equal(state_of(&rig, 99), DELIVERY_RETRYING);
    assert_true(wait_for_lease(&rig, 99));
    assert_int_equal(rig.batches[0].attempts[0], 1);
    rig_check(&rig);
    assert_int_equal(rig_count_events(&rig, 1, DELIVERY_EVENT_REPEATED), 1);
    struct campaign_view view;
    engine_campaign(rig.engine, 1, &view);
    assert_int_equal(view.repeated, 1);
    rig_release(&rig);
}

static void hold(struct plan_step *step)
{
    step->on_uncertain = PLAN_HOLD;
}

static void what_is_uncertain_is_held_if_the_plan_says_so(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, hold);
    say(&rig, 0, 99, &ACCEPTED);
    say(&rig, 99, 1, &UNCERTAIN);
    assert_int_equal(state_of(&rig, 99), DELIVERY_UNCERTAIN);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

/* Under another token the provider could not know that it has this message already. */
static void a_deferral_in_doubt_keeps_the_token(void **test)
{
    (void)test;
    struct rig rig;
    struct plan_step step = leased_with(&rig, NULL);
    say(&rig, 0, 99, &ACCEPTED);
    say(&rig, 99, 1, &UNCERTAIN);
    for (unsigned i = 2; i < step.attempts; i++) {
        assert_true(wait_for_lease(&rig, 99));
        assert_int_equal(rig.batches[0].attempts[0], 0);
        say(&rig, 99, 1, &DEFERRED);
        assert_int_equal(state_of(&rig, 99), DELIVERY_RETRYING);
    }
    assert_true(wait_for_lease(&rig, 99));
    say(&rig, 99, 1, &DEFERRED);
    assert_int_equal(state_of(&rig, 99), DELIVERY_UNCERTAIN);
    rig_check(&rig);
    rig_release(&rig);
}

static void endless_doubt_ends_as_held(void **test)
{
    (void)test;
    struct rig rig;
    struct plan_step step = leased_with(&rig, NULL);
    say(&rig, 0, 99, &ACCEPTED);
    unsigned repeats = 0;
    do {
        say(&rig, 99, 1, &UNCERTAIN);
        repeats++;
    } while (wait_for_lease(&rig, 99));
    assert_int_equal(repeats, step.attempts);
    assert_int_equal(state_of(&rig, 99), DELIVERY_UNCERTAIN);
    rig_check(&rig);
    rig_release(&rig);
}

/* Nobody who may have been reached is ever said not to have been. */
static void doubt_is_not_hidden_by_time(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, little_time);
    say(&rig, 0, 99, &ACCEPTED);
    say(&rig, 99, 1, &UNCERTAIN);
    for (unsigned i = 0; i < 100 && wait_for_lease(&rig, 99); i++) {
        say(&rig, 99, 1, &UNCONNECTED);
    }
    assert_int_equal(state_of(&rig, 99), DELIVERY_UNCERTAIN);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Late outcomes ---- */

static void a_late_acceptance_settles_who_is_held(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, hold);
    struct rig_batch batch = rig.batches[0];
    say(&rig, 0, 50, &ACCEPTED);
    wait_for_expiry(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 50);
    /* It is over, and what comes now is only history. */
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_say(&rig, &batch, 50, 50, &ACCEPTED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_late_acceptance_saves_a_repetition(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    struct rig_batch batch = rig.batches[0];
    say(&rig, 0, 50, &ACCEPTED);
    wait_for_expiry(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 50);
    rig_say(&rig, &batch, 50, 30, &ACCEPTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 80);
    struct engine_stats stats;
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.late_outcomes, 30);
    rig_check(&rig);
    rig_join(&rig, 2, 12, 65536);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 20);
    rig_release(&rig);
}

static void other_late_outcomes_change_nothing(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    struct rig_batch batch = rig.batches[0];
    wait_for_expiry(&rig);
    rig_say(&rig, &batch, 0, 10, &REJECTED);
    rig_say(&rig, &batch, 10, 10, &DEFERRED);
    rig_say(&rig, &batch, 20, 10, &RETURNED);
    rig_say(&rig, &batch, 30, 10, &UNCERTAIN);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 100);
    rig_check(&rig);
    rig_release(&rig);
}

/* Somebody else has the lease by now: what he says counts. */
static void a_late_acceptance_does_not_take_a_lease_away(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    struct rig_batch batch = rig.batches[0];
    wait_for_expiry(&rig);
    rig_join(&rig, 2, 12, 65536);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 100);
    rig_say(&rig, &batch, 0, 100, &ACCEPTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 100);
    rig_check(&rig);
    rig_say(&rig, &rig.batches[0], 0, 100, &ACCEPTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 100);
    rig_check(&rig);
    rig_release(&rig);
}

static void nonsense_of_workers_changes_nothing(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    uint64_t lease = rig.batches[0].wire.lease;
    rig_say_of_lease(&rig, 1, lease, 99, 0, 0, 10, &ACCEPTED);
    rig_say_of_lease(&rig, 1, lease, 1, 7, 0, 10, &ACCEPTED);
    rig_say_of_lease(&rig, 1, lease + 5, 1, 0, 0, 10, &ACCEPTED);
    rig_say_of_lease(&rig, 1, 0, 1, UINT32_MAX, 1000, 24, &ACCEPTED);
    rig_say_of_lease(&rig, 1, lease, 1, 0, 100, 924, &ACCEPTED);
    rig_say_of_lease(&rig, 77, lease, 1, 0, 100, 924, &REJECTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 100);
    rig_check(&rig);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_uncertain_is_repeated_with_the_same_number),
        cmocka_unit_test(what_is_uncertain_is_held_if_the_plan_says_so),
        cmocka_unit_test(a_deferral_in_doubt_keeps_the_token),
        cmocka_unit_test(endless_doubt_ends_as_held),
        cmocka_unit_test(doubt_is_not_hidden_by_time),
        cmocka_unit_test(a_late_acceptance_settles_who_is_held),
        cmocka_unit_test(a_late_acceptance_saves_a_repetition),
        cmocka_unit_test(other_late_outcomes_change_nothing),
        cmocka_unit_test(a_late_acceptance_does_not_take_a_lease_away),
        cmocka_unit_test(nonsense_of_workers_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
