/* SPDX-License-Identifier: Apache-2.0 */
/* Providers whose requests take many recipients: what is gathered, and for how long. */
#include "tests/unit/delivery_fixture.h"
#include "worker/throttle.h"

static struct fixture *bulk_ready(void **state, uint32_t bulk)
{
    struct fixture *fixture = *state;
    fixture->form = (struct delivery_form){.bulk = bulk, .is_merged = true};
    (void)fixture_ready(state);
    fixture->request_count = 0;
    return fixture;
}

static unsigned gathered(const struct fixture *fixture)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fixture->request_count; i++) {
        count += fixture->requests[i].count;
        assert_true(fixture->requests[i].at_ms > 0);
    }
    return count;
}

static void a_message_goes_as_its_parts_with_each_ones_values(void **state)
{
    struct fixture *fixture = bulk_ready(state, 10);
    fixture_batch(fixture, 1, 3);
    fixture_pass(fixture, 20, 10);
    assert_int_equal(fixture->attempt_count, 3);
    assert_int_equal(fixture->request_count, 1);
    assert_int_equal(memcmp(fixture->attempts[2].text, "Dear Name2, outage ", 19), 0);
    assert_int_equal(strlen(fixture->attempts[2].text), 19 + TOKEN_CHARS);
    fixture_assert_all_reported(fixture);
}

static void who_lacks_a_variable_is_rejected_before_the_request(void **state)
{
    struct fixture *fixture = bulk_ready(state, 10);
    struct bitmap no_name = {0};
    bitmap_set(&no_name, 1);
    fixture_make_page(fixture, 3, NULL, &no_name);
    fixture_batch(fixture, 1, 3);
    fixture_pass(fixture, 20, 10);
    assert_int_equal(gathered(fixture), 2);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, REASON_VARIABLE_MISSING), 1);
    assert_string_equal(fixture->leases[1].ref, "first_name");
    fixture_assert_all_reported(fixture);
}

static void without_a_pace_requests_are_full_across_pages(void **state)
{
    struct fixture *fixture = bulk_ready(state, 500);
    for (unsigned lease = 1; lease <= 5; lease++) {
        fixture_batch(fixture, lease, 1024);
    }
    fixture_pass(fixture, 50, 5);
    assert_int_equal(gathered(fixture), 5 * 1024);
    assert_int_equal(fixture->request_count, 11);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(fixture->requests[i].count, 500);
    }
    fixture_assert_all_reported(fixture);
}

static void campaigns_do_not_share_a_request(void **state)
{
    struct fixture *fixture = bulk_ready(state, 500);
    fixture_batch(fixture, 1, 10);
    fixture->campaign_of_next_lease = 6;
    fixture_batch(fixture, 2, 10);
    fixture_content(fixture, 6, FIXTURE_TEXT);
    fixture_pass(fixture, 50, 5);
    assert_int_equal(fixture->request_count, 2);
    assert_int_equal(fixture->requests[0].count, 10);
    fixture_assert_all_reported(fixture);
}

static void nobody_is_started_whom_no_connection_could_take(void **state)
{
    struct fixture *fixture = bulk_ready(state, 100);
    fixture->is_answering = false;
    fixture->connections = 3;
    fixture_batch(fixture, 1, 1024);
    fixture_pass(fixture, 50, 5);
    assert_int_equal(fixture->attempt_count, 300);
    /* Requests of few take a connection each, however many attempts may be under way. */
    fixture->request_count = 2;
    fixture_end(fixture, 100, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 50, 5);
    assert_int_equal(fixture->attempt_count, 400);
    /* Who was not started can still be called back. */
    fixture_cancel(fixture, 5, true);
    fixture_end(fixture, 300, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 50, 5);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_CAMPAIGN_CANCELLED),
                     624);
    fixture_assert_all_reported(fixture);
}

/* 10,000 a second: each 40 ms some 400 of them. */
static void under_a_pace_it_is_waited_a_little_for_company(void **state)
{
    struct fixture *fixture = bulk_ready(state, 1000);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 1000);
    uint64_t from_ms = fixture->now_ms;
    batch.spread_ms = 100;
    fixture_give(fixture, &batch);
    batch = fixture_make_batch(fixture, 2, 1000);
    batch.spread_ms = 100;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 250, 1);
    assert_int_equal(gathered(fixture), 2000);
    assert_in_range(fixture->request_count, 5, 6);
    unsigned sent = 0;
    for (unsigned i = 0; i < fixture->request_count; i++) {
        const struct fixture_request *request = &fixture->requests[i];
        sent += request->count;
        assert_true(sent <= (request->at_ms - from_ms) * 10 + 1);
        assert_true(sent == 2000 || sent + 20 >= (request->at_ms - from_ms) * 10);
    }
    fixture_assert_all_reported(fixture);
}

static void the_last_of_a_slow_pace_go_when_they_are_due(void **state)
{
    struct fixture *fixture = bulk_ready(state, 50);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 10); /* 10 a second */
    batch.spread_ms = 1000;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 1100, 1);
    assert_int_equal(fixture->request_count, 10);
    assert_int_equal(gathered(fixture), 10);
    fixture_assert_all_reported(fixture);
}

static void a_request_is_sent_when_it_is_full_or_nobody_waits(void **state)
{
    (void)state;
    assert_int_equal(throttle_gather(0, 100, 10), 1);
    assert_int_equal(throttle_gather(1, 100, 10), 1);
    assert_int_equal(throttle_gather(50, 1000, 0), 1);
    assert_int_equal(throttle_gather(50, 1000, 10), 50);
    assert_int_equal(throttle_gather(50, 7, 10), 7);
    assert_int_equal(throttle_gather(50, 0, 10), 1);
    assert_int_equal(throttle_gather(1000, 5000, 100), 401);
    assert_int_equal(throttle_gather(1000, 5000, 100000), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_goes_as_its_parts_with_each_ones_values),
        TEST(who_lacks_a_variable_is_rejected_before_the_request),
        TEST(without_a_pace_requests_are_full_across_pages),
        TEST(campaigns_do_not_share_a_request),
        TEST(nobody_is_started_whom_no_connection_could_take),
        TEST(under_a_pace_it_is_waited_a_little_for_company),
        TEST(the_last_of_a_slow_pace_go_when_they_are_due),
        TEST(a_request_is_sent_when_it_is_full_or_nobody_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
