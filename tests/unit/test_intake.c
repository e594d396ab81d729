/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a worker says of an attempt to what becomes of the recipient.
 */
#include "coordinator/engine/engine.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/intake_fixture.h"
#include "tests/unit/unit.h"

static void accepted_is_the_end(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 60, &ACCEPTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 60);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 40);
    rig_check(&rig);
    say(&rig, 60, 40, &ACCEPTED);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_check(&rig);
    rig_release(&rig);
}

static void what_is_known_is_passed_over(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 60, &ACCEPTED);
    say(&rig, 0, 60, &ACCEPTED);
    say(&rig, 10, 10, &REJECTED);
    say(&rig, 30, 40, &DEFERRED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 60);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_RETRYING), 10);
    struct engine_stats stats;
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.outcomes_known, 2);
    assert_int_equal(rig_provider(&rig, 0).outcomes[OUTCOME_ACCEPTED], 60);
    assert_int_equal(rig_provider(&rig, 0).outcomes[OUTCOME_REJECTED], 0);
    assert_int_equal(rig_provider(&rig, 0).outcomes[OUTCOME_DEFERRED], 10);
    rig_check(&rig);
    rig_release(&rig);
}

static void the_provider_s_reference_is_kept_in_the_journal(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 7, 1, &(struct rig_fate){OUTCOME_ACCEPTED, 202, 0, "queue-id-42"});
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_ACCEPTED, &event));
    assert_int_equal(event.offset, 7);
    assert_int_equal(event.reason, 202);
    assert_int_equal(event.ref.len, strlen("queue-id-42"));
    rig_release(&rig);
}

/* ---- Deferred ---- */

static void a_deferral_is_tried_again_with_the_next_number(void **test)
{
    (void)test;
    struct rig rig;
    struct plan_step step = leased_with(&rig, NULL);
    say(&rig, 0, 99, &ACCEPTED);
    uint64_t from_ms = rig.now_ms;
    say(&rig, 99, 1, &DEFERRED);
    assert_int_equal(state_of(&rig, 99), DELIVERY_RETRYING);
    assert_true(wait_for_lease(&rig, 99));
    assert_true(rig.now_ms - from_ms >= step.backoff_ms / 2);
    assert_true(rig.now_ms - from_ms <= step.backoff_ms + 200);
    assert_int_equal(rig.batches[0].attempts[0], 1);
    rig_check(&rig);
    rig_release(&rig);
}

static void the_last_attempt_fails(void **test)
{
    (void)test;
    struct rig rig;
    struct plan_step step = leased_with(&rig, NULL);
    say(&rig, 0, 99, &ACCEPTED);
    for (unsigned attempt = 0; attempt < step.attempts; attempt++) {
        assert_int_equal(rig_state(&rig, 1, 99).attempt, attempt);
        say(&rig, 99, 1, &DEFERRED);
        bool is_leased = wait_for_lease(&rig, 99);
        assert_int_equal(is_leased, attempt + 1u < step.attempts);
    }
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_FAILED, &event));
    assert_int_equal(event.reason, 503);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 1);
    assert_int_equal(rig_campaign_state(&rig, 1), CAMPAIGN_FINISHED);
    rig_release(&rig);
}

static void one_attempt_only(struct plan_step *step)
{
    step->attempts = 1;
}

static void a_plan_of_one_attempt_retries_nothing(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, one_attempt_only);
    say(&rig, 0, 1, &DEFERRED);
    say(&rig, 1, 1, &UNCERTAIN);
    assert_int_equal(state_of(&rig, 0), DELIVERY_FAILED);
    assert_int_equal(state_of(&rig, 1), DELIVERY_UNCERTAIN);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_recipient_whose_time_is_over_has_expired(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, little_time);
    say(&rig, 0, 99, &ACCEPTED);
    uint64_t from_ms = rig.now_ms;
    while (state_of(&rig, 99) == DELIVERY_LEASED) {
        say(&rig, 99, 1, &DEFERRED);
        wait_for_lease(&rig, 99);
    }
    assert_int_equal(state_of(&rig, 99), DELIVERY_EXPIRED);
    assert_true(rig.now_ms - from_ms <= 62000);
    rig_check(&rig);
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_EXPIRED, &event));
    assert_int_equal(event.reason, REASON_TIME_USED);
    rig_release(&rig);
}

static void a_retry_after_beyond_the_time_expires_at_once(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, little_time);
    say(&rig, 0, 1, &(struct rig_fate){OUTCOME_DEFERRED, 503, 61000, NULL});
    assert_int_equal(state_of(&rig, 0), DELIVERY_EXPIRED);
    rig_release(&rig);
}

static void without_a_connection_no_attempt_is_used(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 99, &ACCEPTED);
    for (unsigned i = 0; i < 10; i++) {
        say(&rig, 99, 1, &UNCONNECTED);
        assert_int_equal(state_of(&rig, 99), DELIVERY_WAITING);
        assert_true(wait_for_lease(&rig, 99));
        assert_int_equal(rig.batches[0].attempts[0], 0);
    }
    rig_check(&rig);
    rig_release(&rig);
}

static void a_provider_out_of_reach_does_not_keep_recipients_for_ever(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, little_time);
    say(&rig, 0, 99, &ACCEPTED);
    for (unsigned i = 0; i < 100 && state_of(&rig, 99) == DELIVERY_LEASED; i++) {
        say(&rig, 99, 1, &UNCONNECTED);
        wait_for_lease(&rig, 99);
    }
    assert_int_equal(state_of(&rig, 99), DELIVERY_EXPIRED);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Throttled, misconfigured, returned ---- */

static void throttling_costs_nothing_and_stops_the_provider(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    uint64_t from_ms = rig.now_ms;
    say(&rig, 0, 100, &(struct rig_fate){OUTCOME_THROTTLED, 429, 7000, NULL});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 100);
    assert_int_equal(rig_provider(&rig, 0).paused_until_ms, from_ms + 7000);
    assert_true(wait_for_lease(&rig, 0));
    assert_true(rig.now_ms - from_ms >= 7000 && rig.now_ms - from_ms < 7300);
    assert_int_equal(rig.batches[0].attempts[0], 0);
    assert_int_equal(rig_state(&rig, 1, 0).used, 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_misconfigured_provider_fails_nobody(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    uint64_t from_ms = rig.now_ms;
    say(&rig, 0, 100, &(struct rig_fate){OUTCOME_MISCONFIGURED, 401, 0, NULL});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_WAITING), 100);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_OPEN);
    assert_int_equal(rig_provider(&rig, 0).breaker_reason, 401);
    assert_true(wait_for_lease(&rig, 0));
    assert_true(rig.now_ms - from_ms >= 30000);
    assert_int_equal(rig_leased(&rig), 8);
    rig_check(&rig);
    say(&rig, 0, 8, &ACCEPTED);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_CLOSED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 92);
    rig_release(&rig);
}

static void what_is_returned_goes_again_at_once(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 100, &RETURNED);
    rig_run(&rig, 10);
    assert_int_equal(rig_leased(&rig), 100);
    assert_int_equal(rig_state(&rig, 1, 0).used, 0);
    rig_check(&rig);
    rig_release(&rig);
}

static void another_provider_takes_over_from_one_that_is_broken(void **test)
{
    (void)test;
    struct rig rig;
    rig_init(&rig);
    rig_add_provider(&rig, 1, 0);
    rig_launch(&rig, 1, 1000);
    rig_join(&rig, 1, 11, 65536);
    rig_run(&rig, 0);
    assert_int_equal(rig.batches[0].wire.provider, 0);
    say(&rig, 0, 1000, &(struct rig_fate){OUTCOME_MISCONFIGURED, 401, 0, NULL});
    rig_run(&rig, 10);
    assert_int_equal(rig.batches[0].wire.provider, 1);
    assert_int_equal(rig_leased(&rig), 1000);
    rig_release(&rig);
}

/* ---- Rejected ---- */

static void three_endpoints(struct plan_step *step)
{
    step->endpoint_ranks = 3;
}

static void a_refused_endpoint_gives_way_to_the_next(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, three_endpoints);
    say(&rig, 0, 99, &ACCEPTED);
    say(&rig, 99, 1, &DEFERRED);
    assert_true(wait_for_lease(&rig, 99));
    for (unsigned endpoint = 0; endpoint < 3; endpoint++) {
        assert_int_equal(rig_state(&rig, 1, 99).endpoint, endpoint);
        assert_int_equal(rig.batches[0].endpoints[0], endpoint);
        /* Tokens are made of these: none is like another. */
        assert_int_equal(rig.batches[0].attempts[0], endpoint << 4 | (endpoint == 0 ? 1 : 0));
        say(&rig, 99, 1, &REJECTED);
        if (endpoint < 2) {
            rig_run(&rig, 10);
        }
    }
    assert_int_equal(state_of(&rig, 99), DELIVERY_FAILED);
    rig_check(&rig);
    rig_release(&rig);
}

static void a_message_that_can_never_work_tries_no_other_endpoint(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, three_endpoints);
    say(&rig, 0, 1, &(struct rig_fate){OUTCOME_REJECTED, REASON_VARIABLE_MISSING, 0, "name"});
    say(&rig, 1, 1, &(struct rig_fate){OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE, 0, NULL});
    assert_int_equal(state_of(&rig, 0), DELIVERY_FAILED);
    assert_int_equal(state_of(&rig, 1), DELIVERY_FAILED);
    rig_check(&rig);
    rig_release(&rig);
}

static void whoever_never_had_an_endpoint_is_unreachable(void **test)
{
    (void)test;
    static const struct rig_fate NO_ENDPOINT = {OUTCOME_REJECTED, REASON_NO_ENDPOINT, 0, NULL};
    struct rig rig;
    leased_with(&rig, three_endpoints);
    say(&rig, 0, 2, &NO_ENDPOINT);
    rig_run(&rig, 10);
    rig_say(&rig, &rig.batches[0], 0, 1, &REJECTED);
    rig_say(&rig, &rig.batches[0], 1, 1, &NO_ENDPOINT);
    rig_run(&rig, 10);
    rig_say(&rig, &rig.batches[0], 0, 2, &NO_ENDPOINT);
    assert_int_equal(state_of(&rig, 0), DELIVERY_FAILED);
    assert_int_equal(state_of(&rig, 1), DELIVERY_UNREACHABLE);
    rig_check(&rig);
    rig_release(&rig);
}

/* ---- Cancelled ---- */

static void in_a_cancelled_campaign_nothing_is_sent_again(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, three_endpoints);
    assert_int_equal(engine_cancel(rig.engine, 1, rig.now_ms, NULL), ERR_OK);
    say(&rig, 0, 10, &DEFERRED);
    say(&rig, 10, 10, &RETURNED);
    say(&rig, 20, 10, &(struct rig_fate){OUTCOME_THROTTLED, 429, 5, NULL});
    say(&rig, 30, 10, &(struct rig_fate){OUTCOME_MISCONFIGURED, 401, 0, NULL});
    say(&rig, 40, 10, &REJECTED);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_CANCELLED), 50);
    rig_close(&rig);
    /* What the provider answered stays in the journal; that it ends him is another event. */
    struct event event;
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_DEFERRED, &event));
    assert_int_equal(event.reason, DEFERRED.reason);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_NEXT_ENDPOINT, &event));
    assert_int_equal(event.reason, REJECTED.reason);
    assert_true(rig_last_event(&rig, 1, DELIVERY_EVENT_CANCELLED, &event));
    assert_int_equal(event.reason, REASON_CAMPAIGN_CANCELLED);
    assert_int_equal(event.lease, 0);
    say(&rig, 50, 10, &UNCERTAIN);
    say(&rig, 60, 10, &ACCEPTED);
    say(&rig, 70, 10, &(struct rig_fate){OUTCOME_REJECTED, REASON_VARIABLE_MISSING, 0, NULL});
    assert_int_equal(rig_count(&rig, 1, DELIVERY_UNCERTAIN), 10);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_ACCEPTED), 10);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_FAILED), 10);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 20);
    rig_check(&rig);
    say(&rig, 80, 20, &RETURNED);
    rig_check(&rig);
    assert_int_equal(rig_count(&rig, 1, DELIVERY_LEASED), 0);
    rig_run(&rig, 100000);
    assert_int_equal(rig_leased(&rig), 0);
    rig_release(&rig);
}

/* ---- What providers are told ---- */

static void counts_of_a_provider_are_those_of_recipients(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 30, &ACCEPTED);
    say(&rig, 20, 20, &ACCEPTED);
    wait_for_expiry(&rig);
    struct provider_view view = rig_provider(&rig, 0);
    assert_int_equal(view.outcomes[OUTCOME_ACCEPTED], 40);
    assert_int_equal(view.outcomes[OUTCOME_UNCERTAIN], 60);
    rig_release(&rig);
}

static void unreachable_providers_open_their_breaker(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 19, &UNCONNECTED);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_CLOSED);
    say(&rig, 19, 1, &UNCONNECTED);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_OPEN);
    rig_release(&rig);
}

static void a_provider_that_answers_nothing_opens_its_breaker(void **test)
{
    (void)test;
    struct rig rig;
    leased_with(&rig, NULL);
    say(&rig, 0, 6, &UNCERTAIN);
    say(&rig, 6, 1, &ACCEPTED); /* it does answer */
    say(&rig, 7, 6, &UNCERTAIN);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_CLOSED);
    say(&rig, 13, 1, &UNCERTAIN);
    struct provider_view view = rig_provider(&rig, 0);
    assert_int_equal(view.breaker, BREAKER_OPEN);
    assert_int_equal(view.breaker_reason, UNCERTAIN.reason);
    rig_release(&rig);
    /* That a worker was lost is not the provider's fault. */
    leased_with(&rig, NULL);
    wait_for_expiry(&rig);
    assert_int_equal(rig_provider(&rig, 0).outcomes[OUTCOME_UNCERTAIN], 100);
    assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_CLOSED);
    rig_release(&rig);
}

/* What our own checks find says nothing of the provider. */
static void our_own_refusals_do_not_close_a_breaker(void **test)
{
    (void)test;
    static const struct rig_fate OURS[] = {
        {OUTCOME_REJECTED, REASON_NO_ENDPOINT, 0, NULL},
        {OUTCOME_REJECTED, REASON_VARIABLE_MISSING, 0, NULL},
        {OUTCOME_DEFERRED, REASON_PAGE_DAMAGED, 0, NULL},
        {OUTCOME_RETURNED, REASON_NONE, 0, NULL},
    };
    for (unsigned i = 0; i < sizeof(OURS) / sizeof(OURS[0]); i++) {
        struct rig rig;
        leased_with(&rig, NULL);
        say(&rig, 0, 100, &(struct rig_fate){OUTCOME_MISCONFIGURED, 401, 0, NULL});
        assert_true(wait_for_lease(&rig, 0));
        assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_PROBING);
        say(&rig, 0, 1, &OURS[i]);
        assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_PROBING);
        say(&rig, 1, 7, &REJECTED);
        assert_int_equal(rig_provider(&rig, 0).breaker, BREAKER_CLOSED);
        rig_release(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_is_the_end),
        cmocka_unit_test(what_is_known_is_passed_over),
        cmocka_unit_test(the_provider_s_reference_is_kept_in_the_journal),
        cmocka_unit_test(a_deferral_is_tried_again_with_the_next_number),
        cmocka_unit_test(the_last_attempt_fails),
        cmocka_unit_test(a_plan_of_one_attempt_retries_nothing),
        cmocka_unit_test(a_recipient_whose_time_is_over_has_expired),
        cmocka_unit_test(a_retry_after_beyond_the_time_expires_at_once),
        cmocka_unit_test(without_a_connection_no_attempt_is_used),
        cmocka_unit_test(a_provider_out_of_reach_does_not_keep_recipients_for_ever),
        cmocka_unit_test(throttling_costs_nothing_and_stops_the_provider),
        cmocka_unit_test(a_misconfigured_provider_fails_nobody),
        cmocka_unit_test(what_is_returned_goes_again_at_once),
        cmocka_unit_test(another_provider_takes_over_from_one_that_is_broken),
        cmocka_unit_test(a_refused_endpoint_gives_way_to_the_next),
        cmocka_unit_test(a_message_that_can_never_work_tries_no_other_endpoint),
        cmocka_unit_test(whoever_never_had_an_endpoint_is_unreachable),
        cmocka_unit_test(in_a_cancelled_campaign_nothing_is_sent_again),
        cmocka_unit_test(counts_of_a_provider_are_those_of_recipients),
        cmocka_unit_test(unreachable_providers_open_their_breaker),
        cmocka_unit_test(a_provider_that_answers_nothing_opens_its_breaker),
        cmocka_unit_test(our_own_refusals_do_not_close_a_breaker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
