/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's way from a batch to outcomes: content, attempts, outbox and credit, and all of it at
 * random. test_delivery_session has what passes between it and its coordinator.
 */
#include "tests/unit/delivery_fixture.h"

/* ---- Content ---- */

static void content_is_asked_for_once_for_all_batches_that_wait(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture_batch(fixture, 1, 100);
    fixture_batch(fixture, 2, 100);
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture->sent[WIRE_CONTENT_REQUEST], 1);
    assert_int_equal(fixture->asked_campaign, 5);
    assert_int_equal(fixture->attempt_count, 0);
    fixture_content(fixture, 5, FIXTURE_TEXT);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 200);
    fixture_batch(fixture, 3, 100);
    fixture_pass(fixture, 2000, 50);
    assert_int_equal(fixture->sent[WIRE_CONTENT_REQUEST], 1);
    fixture_assert_all_reported(fixture);
}

static void content_is_asked_for_again_after_a_second(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture_batch(fixture, 1, 1);
    fixture_pass(fixture, 900, 50);
    assert_int_equal(fixture->sent[WIRE_CONTENT_REQUEST], 1);
    fixture_pass(fixture, 400, 50);
    assert_int_equal(fixture->sent[WIRE_CONTENT_REQUEST], 2);
}

static void a_template_that_does_not_parse_rejects_all(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture_batch(fixture, 1, 50);
    fixture_content(fixture, 5, "Dear {{no_such_column}}");
    fixture_batch(fixture, 2, 50);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, REASON_CONTENT_UNKNOWN), 50);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_REJECTED, REASON_CONTENT_UNKNOWN), 50);
    assert_int_equal(fixture->attempt_count, 0);
    fixture_assert_all_reported(fixture);
}

static void a_campaign_without_a_body_for_the_channel_rejects_all(void **state)
{
    struct fixture *fixture = *state;
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_welcome_with(fixture, 1, 2);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 50);
    batch.provider = 1; /* e-mail; the content speaks SMS alone */
    fixture_give(fixture, &batch);
    fixture_content(fixture, 5, FIXTURE_TEXT);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, REASON_CONTENT_UNKNOWN), 50);
    fixture_assert_all_reported(fixture);
}

static void a_damaged_page_is_deferred_as_a_whole(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->page.len -= 10;
    fixture_batch(fixture, 1, 1000);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_DEFERRED, REASON_PAGE_DAMAGED), 1000);
    assert_int_equal(fixture->leases[1].runs, 1);
    fixture_assert_all_reported(fixture);
}

static void a_page_with_fewer_rows_than_the_batch_names_is_damaged(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture_make_page(fixture, 10, NULL, NULL);
    fixture_batch(fixture, 1, 11);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_DEFERRED, REASON_PAGE_DAMAGED), 11);
    fixture_assert_all_reported(fixture);
}

/* ---- Attempts ---- */

static void a_whole_page_answered_at_once_becomes_one_run(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture_batch(fixture, 1, PAGE_RECIPIENTS);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, PAGE_RECIPIENTS);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), PAGE_RECIPIENTS);
    assert_int_equal(fixture->leases[1].runs, 1);
    fixture_assert_all_reported(fixture);
}

static void an_attempt_carries_what_its_recipient_has(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 3, 4);
    static const uint8_t attempts[] = {0, 2, 9, 255};
    static const uint8_t endpoints[] = {0, 1, 0, 1};
    batch.step = 6;
    batch.whole = false;
    bitmap_set(&batch.places, 0);
    bitmap_set(&batch.places, 7);
    bitmap_set(&batch.places, 64);
    bitmap_set(&batch.places, 1023);
    batch.attempts = attempts;
    batch.endpoints = endpoints;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 50, 10);
    static const unsigned places[] = {0, 7, 64, 1023};
    static const char *const numbers[] = {"+4900", "+49117", "+4900", "+49111023"};
    static const char *const keys[] = {"k0", "k7", "k64", "k1023"};
    assert_int_equal(fixture->attempt_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        const struct fixture_attempt *attempt = &fixture->attempts[i];
        assert_int_equal(attempt->ordinal, 3 * PAGE_RECIPIENTS + places[i]);
        assert_int_equal(attempt->token.campaign, 5);
        assert_int_equal(attempt->token.ordinal, attempt->ordinal);
        assert_int_equal(attempt->token.step, 6);
        assert_int_equal(attempt->token.attempt, attempts[i]);
        assert_string_equal(attempt->endpoint, numbers[i]);
        assert_string_equal(attempt->key, keys[i]);
    }
    assert_memory_equal(fixture->attempts[1].text, "Dear Name7, outage ", 19);
    fixture_assert_all_reported(fixture);
}

static void a_missing_endpoint_is_rejected_without_an_attempt(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct bitmap no_phone = {0};
    bitmap_set(&no_phone, 3);
    bitmap_set(&no_phone, 4);
    fixture_make_page(fixture, 10, &no_phone, NULL);
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 8);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, REASON_NO_ENDPOINT), 2);
    assert_int_equal(fixture->leases[1].runs, 3);
    fixture_assert_all_reported(fixture);
}

static void an_endpoint_of_a_rank_that_the_audience_lacks_is_missing(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    static const uint8_t endpoints[] = {0, 2, 200};
    struct wire_batch batch = fixture_make_batch(fixture, 1, 3);
    batch.endpoints = endpoints;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, REASON_NO_ENDPOINT), 2);
    fixture_assert_all_reported(fixture);
}

static void a_missing_variable_is_rejected_and_named(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    struct bitmap no_name = {0};
    bitmap_set(&no_name, 5);
    fixture_make_page(fixture, 10, NULL, &no_name);
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 9);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, REASON_VARIABLE_MISSING), 1);
    assert_string_equal(fixture->leases[1].ref, "first_name");
    fixture_assert_all_reported(fixture);
}

static void no_more_are_under_way_than_the_channel_takes(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->is_answering = false;
    fixture->most_in_flight = 0;
    fixture->concurrency = 7;
    fixture_batch(fixture, 1, 100);
    fixture_pass(fixture, 20, 10);
    assert_int_equal(fixture->attempt_count, 7);
    while (fixture->in_flight > 0) {
        fixture_end(fixture, 1, OUTCOME_ACCEPTED);
        fixture_pass(fixture, 5, 5);
    }
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 100);
    assert_int_equal(fixture->most_in_flight, 7);
    fixture_assert_all_reported(fixture);
}

static void a_result_of_an_unknown_attempt_is_passed_over(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->is_answering = false;
    fixture_batch(fixture, 1, 1);
    (void)fixture_run(fixture);
    uint32_t id = fixture->attempts[0].id;
    fixture_end(fixture, 1, OUTCOME_ACCEPTED);
    const struct attempt_result again = {.outcome = OUTCOME_REJECTED};
    delivery_on_result(fixture->delivery, id, &again, fixture->now_ms);
    delivery_on_result(fixture->delivery, 123456, &again, fixture->now_ms);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 1);
    fixture_assert_all_reported(fixture);
}

/* ---- Outbox and credit ---- */

static void nothing_is_started_while_too_much_is_unconfirmed(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    static char ref[100] = "reference";
    fixture->answer.ref = slice_of(ref, sizeof(ref));
    fixture->is_unconfirmed = true;
    uint64_t lease = 1;
    for (; lease < 100; lease++) {
        fixture_batch(fixture, lease, PAGE_RECIPIENTS);
        fixture_pass(fixture, 30, 10);
    }
    unsigned started = fixture->attempt_count;
    assert_true(started < 99 * PAGE_RECIPIENTS);
    assert_true(fixture_stats(fixture).outbox_bytes >= 8 * 1024 * 1024);
    assert_true(fixture_stats(fixture).outbox_bytes < 10 * 1024 * 1024);
    fixture->is_unconfirmed = false;
    fixture->attempt_count = 0;
    fixture_pass(fixture, 3000, 10);
    fixture_assert_all_reported(fixture);
}

static void credit_grows_with_what_is_completed_up_to_its_limit(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    uint64_t lease = 1;
    for (unsigned turn = 0; turn < 8; turn++) {
        for (unsigned i = 0; i < 8; i++, lease++) {
            fixture_batch(fixture, lease, PAGE_RECIPIENTS);
        }
        fixture->attempt_count = 0;
        fixture_pass(fixture, 60, 20);
    }
    assert_int_equal(fixture->credit[CHANNEL_SMS], 65536);
    fixture_assert_all_reported(fixture);
}

static void credit_shrinks_when_nothing_gets_done(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 2;
    fixture_batch(fixture, 1, PAGE_RECIPIENTS);
    fixture_pass(fixture, 3000, 50);
    assert_int_equal(fixture->credit[CHANNEL_SMS], 1024);
}

static void outcomes_keep_while_the_link_is_down(void **state)
{
    struct fixture *fixture = fixture_ready(state);
    fixture->is_link_down = true;
    fixture_batch(fixture, 1, 100);
    fixture_pass(fixture, 1000, 50);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 0);
    fixture->is_link_down = false;
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 100);
    fixture_assert_all_reported(fixture);
}

/* ---- Anything at any time ---- */

static uint64_t dice_next(uint64_t *dice)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    return *dice;
}

static void how_long_answers_took_is_told(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture->is_answering = false;
    fixture_batch(fixture, 1, 100);
    fixture_content(fixture, 5, FIXTURE_TEXT);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->attempt_count, 100);
    fixture_pass(fixture, 40, 10);
    fixture_end(fixture, 60, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture->leases[1].timed, 60);
    assert_int_equal(fixture->leases[1].latency_ms, 60 * 40);
    fixture_end(fixture, 20, OUTCOME_REJECTED);
    fixture_end(fixture, 20, OUTCOME_UNCERTAIN); /* there was no answer */
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture->leases[1].timed, 80);
    assert_int_equal(fixture->leases[1].latency_ms, 60 * 40 + 20 * 140);
    fixture_assert_all_reported(fixture);
}

/* Else they would wait for one time limit after the other. */
static void what_is_queued_goes_back_when_nobody_answers(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture->is_answering = false;
    fixture->concurrency = 20;
    fixture_batch(fixture, 1, 100);
    fixture_content(fixture, 5, FIXTURE_TEXT);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->attempt_count, 20);
    fixture_end_with(fixture, 7, OUTCOME_UNCERTAIN, REASON_TIMED_OUT_AFTER);
    fixture_end(fixture, 1, OUTCOME_ACCEPTED); /* it does answer */
    fixture_end_with(fixture, 7, OUTCOME_DEFERRED, REASON_CONNECT_FAILED);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->attempt_count, 35);
    fixture_end_with(fixture, 1, OUTCOME_UNCERTAIN, REASON_CONNECTION_LOST);
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture->attempt_count, 35);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_HELD_BACK), 65);
    fixture_end(fixture, 19, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 100, 10);
    fixture_assert_all_reported(fixture);
}

static void give_random_batch(struct fixture *fixture, uint64_t *dice, uint64_t *lease)
{
    if (*lease >= 400) {
        return;
    }
    unsigned count = (unsigned)(dice_next(dice) % 60 + 1);
    fixture->campaign_of_next_lease = 5 + dice_next(dice) % 3;
    struct wire_batch batch = fixture_make_batch(fixture, (*lease)++, count);
    batch.provider = (uint8_t)(dice_next(dice) % 3); /* 2 is unknown */
    batch.spread_ms = dice_next(dice) % 2 == 0 ? 0 : (uint32_t)(dice_next(dice) % 300);
    if (dice_next(dice) % 2 == 0) {
        batch.whole = false;
        for (unsigned i = 0; i < count; i++) {
            bitmap_set(&batch.places, (unsigned)(dice_next(dice) % PAGE_RECIPIENTS));
        }
        batch.count = (uint16_t)bitmap_count(&batch.places);
    }
    fixture_give(fixture, &batch);
    if (dice_next(dice) % 4 == 0) {
        fixture_give(fixture, &batch);
    }
}

static void do_something(struct fixture *fixture, uint64_t *dice, uint64_t *lease)
{
    switch (dice_next(dice) % 12) {
    case 0:
    case 1:
    case 2:
        if (!fixture->is_deaf) {
            give_random_batch(fixture, dice, lease);
        }
        break;
    case 3:
    case 4:
        if (fixture->in_flight > 0) {
            fixture_end(fixture, (unsigned)(dice_next(dice) % fixture->in_flight) + 1,
                        (enum outcome)(dice_next(dice) % OUTCOME_RETURNED));
        }
        break;
    case 5:
        fixture_content(fixture, 5 + dice_next(dice) % 3, FIXTURE_TEXT);
        break;
    case 6:
        fixture_cancel(fixture, 5 + dice_next(dice) % 3, dice_next(dice) % 2 == 0);
        break;
    case 7:
        fixture->is_deaf = dice_next(dice) % 3 == 0;
        break;
    case 8:
        fixture->is_link_down = dice_next(dice) % 3 == 0;
        break;
    case 9:
        if (dice_next(dice) % 8 == 0) {
            fixture_welcome_with(fixture, fixture->epoch + dice_next(dice) % 2, 2);
        }
        break;
    case 10:
        fixture->is_answering = dice_next(dice) % 3 == 0;
        fixture->concurrency = (uint32_t)(dice_next(dice) % 20);
        break;
    default:
        fixture_pass(fixture, dice_next(dice) % 2000, 37);
        break;
    }
    fixture_pass(fixture, dice_next(dice) % 40, 10);
}

static void whatever_happens_every_recipient_is_reported_once(void **state)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct fixture *fixture = *state;
        uint64_t dice = seed * 0x9e3779b97f4a7c15;
        uint64_t lease = 1;
        fixture_join(fixture);
        fixture_welcome_with(fixture, 2, 2);
        for (unsigned step = 0; step < 250; step++) {
            do_something(fixture, &dice, &lease);
        }
        fixture->is_deaf = false;
        fixture->is_link_down = false;
        fixture->is_answering = true;
        fixture->concurrency = 100;
        fixture_welcome_with(fixture, fixture->epoch, 2);
        for (unsigned i = 0; i < 3; i++) {
            if (fixture->in_flight > 0) {
                fixture_end(fixture, fixture->in_flight, OUTCOME_ACCEPTED);
            }
            fixture_content(fixture, 5 + i, FIXTURE_TEXT);
            fixture_pass(fixture, 40000, 100);
        }
        fixture_assert_all_reported(fixture);
        (void)fixture_teardown(state);
        (void)fixture_setup(state);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(content_is_asked_for_once_for_all_batches_that_wait),
        TEST(content_is_asked_for_again_after_a_second),
        TEST(a_template_that_does_not_parse_rejects_all),
        TEST(a_campaign_without_a_body_for_the_channel_rejects_all),
        TEST(a_damaged_page_is_deferred_as_a_whole),
        TEST(a_page_with_fewer_rows_than_the_batch_names_is_damaged),
        TEST(a_whole_page_answered_at_once_becomes_one_run),
        TEST(an_attempt_carries_what_its_recipient_has),
        TEST(a_missing_endpoint_is_rejected_without_an_attempt),
        TEST(an_endpoint_of_a_rank_that_the_audience_lacks_is_missing),
        TEST(a_missing_variable_is_rejected_and_named),
        TEST(no_more_are_under_way_than_the_channel_takes),
        TEST(a_result_of_an_unknown_attempt_is_passed_over),
        TEST(nothing_is_started_while_too_much_is_unconfirmed),
        TEST(credit_grows_with_what_is_completed_up_to_its_limit),
        TEST(credit_shrinks_when_nothing_gets_done),
        TEST(outcomes_keep_while_the_link_is_down),
        TEST(how_long_answers_took_is_told),
        TEST(what_is_queued_goes_back_when_nobody_answers),
        TEST(whatever_happens_every_recipient_is_reported_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
