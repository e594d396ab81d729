/* SPDX-License-Identifier: Apache-2.0 */
/* When attempts start, are held back, or are recalled before they do. */
#include "tests/unit/delivery_fixture.h"

static void a_batch_is_spread_evenly_over_its_time(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 100);
    batch.spread_ms = 1000;
    fixture_give(fixture, &batch);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->attempt_count, 1);
    fixture_pass(fixture, 495, 5);
    assert_int_equal(fixture->attempt_count, 50);
    fixture_pass(fixture, 500, 5);
    assert_int_equal(fixture->attempt_count, 100);
    fixture_pass(fixture, 50, 5);
    fixture_assert_all_reported(fixture);
}

/* The coordinator is heard of again at once: what is tested is not that the lease has lapsed. */
static void who_was_held_up_returns_what_was_paced(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 100);
    batch.spread_ms = 1000;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 495, 5);
    unsigned before = fixture->attempt_count;
    fixture->now_ms += 10000;
    batch = fixture_make_batch(fixture, 2, 100); /* it had waited in the socket */
    batch.spread_ms = 1000;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 100, 5);
    assert_int_equal(fixture->attempt_count, before);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_HELD_UP), 100 - before);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_RETURNED, REASON_HELD_UP), 100);
    fixture_pass(fixture, 200, 5);
    batch = fixture_make_batch(fixture, 3, 100);
    batch.spread_ms = 1000;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 1100, 5);
    assert_int_equal(fixture->attempt_count, before + 100);
    fixture_assert_all_reported(fixture);
}

static void a_batch_waits_for_its_time(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 100);
    batch.spread_ms = 100;
    batch.wait_ms = 200;
    fixture_give(fixture, &batch);
    batch = fixture_make_batch(fixture, 2, 100);
    batch.spread_ms = 100;
    batch.wait_ms = 250; /* that is too soon for one after the other */
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 195, 5);
    assert_int_equal(fixture->attempt_count, 0);
    fixture_pass(fixture, 5, 5);
    assert_int_equal(fixture->attempt_count, 1); /* and nothing was missed meanwhile */
    fixture_pass(fixture, 95, 5);
    assert_in_range(fixture->attempt_count, 95, 96);
    fixture_pass(fixture, 100, 5);
    assert_in_range(fixture->attempt_count, 195, 196);
    fixture_pass(fixture, 50, 5);
    fixture_assert_all_reported(fixture);
}

/* The provider answers slowly, and others have been leased what comes next. */
static void what_is_late_for_its_pace_goes_back(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->concurrency = 10;
    fixture->is_answering = false;
    struct wire_batch batch = fixture_make_batch(fixture, 1, 100);
    batch.spread_ms = 100;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 195, 5);
    assert_int_equal(fixture->attempt_count, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_HELD_UP), 0);
    fixture_pass(fixture, 30, 5);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_HELD_UP), 90);
    assert_int_equal(fixture->attempt_count, 10);
}

static void who_was_held_up_keeps_what_has_no_pace(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture_pass(fixture, 10, 5);
    fixture->now_ms += 10000;
    fixture_batch(fixture, 1, 100);
    fixture_pass(fixture, 100, 5);
    assert_int_equal(fixture->attempt_count, 100);
    fixture_assert_all_reported(fixture);
}

static void the_next_run_is_asked_for_when_the_next_start_is_due(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 20);
    batch.spread_ms = 1000;
    fixture->is_answering = false;
    fixture_give(fixture, &batch);
    assert_int_equal(fixture_run(fixture), 50);
}

static void a_throttling_answer_holds_the_provider_back_as_long_as_it_says(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->answer = (struct attempt_result){
        .outcome = OUTCOME_THROTTLED, .reason = 429, .retry_after_ms = 3000};
    fixture_batch(fixture, 1, 1);
    fixture_pass(fixture, 100, 20);
    fixture_batch(fixture, 2, 10);
    fixture_pass(fixture, 2800, 20);
    assert_int_equal(fixture->attempt_count, 1);
    fixture->answer = (struct attempt_result){.outcome = OUTCOME_ACCEPTED};
    fixture_pass(fixture, 200, 20);
    assert_int_equal(fixture->attempt_count, 11);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_THROTTLED, 429), 1);
    fixture_assert_all_reported(fixture);
}

/* It was leased before the provider's rate was lowered, to be sent as fast as it goes: the
 * coordinator leases it again at the pace that is right. */
static void who_is_late_gets_no_old_news(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 10);
    fixture->concurrency = 4;
    fixture->is_answering = false;
    batch.not_after_ms = fixture->now_ms + 1000;
    fixture_give(fixture, &batch);
    fixture_run(fixture);
    assert_int_equal(fixture->in_flight, 4);
    fixture->now_ms += 2000; /* frozen: no message came in between */
    fixture_end(fixture, 4, OUTCOME_ACCEPTED);
    fixture_run(fixture);
    assert_int_equal(fixture->in_flight, 0);
    fixture_pass(fixture, 100, 20);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 4);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_NOT_AFTER), 6);
    fixture_assert_all_reported(fixture);
}

/* The older one's lease was given up, and the worker does not know. */
static void who_was_recalled_is_not_started_from_any_batch(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 1;
    struct wire_batch batch = fixture_make_batch(fixture, 1, 3);
    fixture_give(fixture, &batch);
    batch = fixture_make_batch(fixture, 2, 3);
    batch.page = 1;
    fixture_give(fixture, &batch);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->in_flight, 1);
    const struct wire_message recall = {.type = WIRE_RECALL,
                                        .recall = {.epoch = fixture->epoch,
                                                   .campaign = fixture->campaign_of_next_lease,
                                                   .page = 1,
                                                   .place = 2}};
    fixture_say(fixture, &recall);
    for (unsigned i = 0; i < 4; i++) {
        fixture_end(fixture, 1, OUTCOME_ACCEPTED);
        (void)fixture_run(fixture);
    }
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 4);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_RECALLED), 1);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_RETURNED, REASON_RECALLED), 1);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_ACCEPTED, 0), 2);
}

/* Both steps of a pair have the same pages. */
static void who_was_recalled_on_one_step_is_started_on_the_other(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 1;
    struct wire_batch batch = fixture_make_batch(fixture, 1, 3);
    batch.step = 0;
    fixture_give(fixture, &batch);
    batch = fixture_make_batch(fixture, 2, 3);
    batch.page = 1;
    batch.step = 1;
    fixture_give(fixture, &batch);
    (void)fixture_run(fixture);
    const struct wire_message recall = {.type = WIRE_RECALL,
                                        .recall = {.epoch = fixture->epoch,
                                                   .campaign = fixture->campaign_of_next_lease,
                                                   .page = 1,
                                                   .place = 2,
                                                   .step = 1}};
    fixture_say(fixture, &recall);
    for (unsigned i = 0; i < 5; i++) {
        fixture_end(fixture, 1, OUTCOME_ACCEPTED);
        (void)fixture_run(fixture);
    }
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 5);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_RECALLED), 1);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_ACCEPTED, 0), 3);
}

static void who_was_recalled_is_not_started(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 2;
    fixture_batch(fixture, 1, 5);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->in_flight, 2);
    struct wire_message recall = {
        .type = WIRE_RECALL,
        .recall = {.epoch = fixture->epoch,
                   .campaign = fixture->campaign_of_next_lease,
                   .page = 1, /* the fixture's leases have pages of their number */
                   .place = 3}};
    fixture_say(fixture, &recall);
    recall.recall.place = 0; /* under way already */
    fixture_say(fixture, &recall);
    recall.recall.place = 4;
    recall.recall.page = 2; /* of another page, */
    fixture_say(fixture, &recall);
    recall.recall.page = 1; /* and of another campaign */
    recall.recall.campaign++;
    fixture_say(fixture, &recall);
    for (unsigned i = 0; i < 4; i++) {
        fixture_end(fixture, 1, OUTCOME_ACCEPTED);
        (void)fixture_run(fixture);
    }
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 4);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_RECALLED), 1);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 4);
    fixture_assert_all_reported(fixture);
}

static void a_throttling_answer_returns_what_is_queued(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->answer = (struct attempt_result){.outcome = OUTCOME_THROTTLED, .reason = 429};
    fixture_batch(fixture, 1, 100);
    fixture_batch(fixture, 2, 100);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 1);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_THROTTLED, 429), 1);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_HELD_BACK), 99);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_RETURNED, REASON_HELD_BACK), 100);
    fixture_assert_all_reported(fixture);
}

static void wrong_credentials_return_what_is_queued_for_the_provider(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->answer = (struct attempt_result){.outcome = OUTCOME_MISCONFIGURED, .reason = 401};
    fixture_batch(fixture, 1, 100);
    fixture_batch(fixture, 2, 100);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 1);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_MISCONFIGURED, 401), 1);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_HELD_BACK), 99);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_RETURNED, REASON_HELD_BACK), 100);
    fixture->answer = (struct attempt_result){.outcome = OUTCOME_ACCEPTED};
    fixture_batch(fixture, 3, 10);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 3, OUTCOME_ACCEPTED, 0), 10);
    fixture_assert_all_reported(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_spread_evenly_over_its_time),
        TEST(who_was_held_up_returns_what_was_paced),
        TEST(a_batch_waits_for_its_time),
        TEST(what_is_late_for_its_pace_goes_back),
        TEST(who_was_held_up_keeps_what_has_no_pace),
        TEST(the_next_run_is_asked_for_when_the_next_start_is_due),
        TEST(a_throttling_answer_holds_the_provider_back_as_long_as_it_says),
        TEST(who_is_late_gets_no_old_news),
        TEST(who_was_recalled_is_not_started),
        TEST(who_was_recalled_is_not_started_from_any_batch),
        TEST(who_was_recalled_on_one_step_is_started_on_the_other),
        TEST(a_throttling_answer_returns_what_is_queued),
        TEST(wrong_credentials_return_what_is_queued_for_the_provider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
