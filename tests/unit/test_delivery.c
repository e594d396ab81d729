/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/delivery_fixture.h"

#define TEXT "Dear {{first_name}}, {{campaign}} {{token}}"

/* Joined, with the content of campaign 5 known. */
static struct fixture *ready(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture_batch(fixture, 500, 1);
    fixture_content(fixture, 5, TEXT);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 500, OUTCOME_ACCEPTED, 0), 1);
    fixture->attempt_count = 0;
    return fixture;
}

/* ---- Greeting ---- */

static void hello_is_said_until_it_is_answered(void **state)
{
    struct fixture *fixture = *state;
    delivery_connect(fixture->delivery, fixture->now_ms);
    assert_int_equal(fixture->sent[WIRE_HELLO], 1);
    fixture->is_deaf = true;
    fixture_pass(fixture, 3500, 50); /* after 1 s, then after 2 s more */
    assert_int_equal(fixture->sent[WIRE_HELLO], 3);
    assert_int_equal(fixture->sent[WIRE_CREDIT], 0);
    assert_int_equal(fixture->sent[WIRE_HEARTBEAT], 0);
    fixture->is_deaf = false;
    fixture_welcome(fixture, 1);
    fixture_pass(fixture, 4000, 50);
    assert_int_equal(fixture->sent[WIRE_HELLO], 3);
}

static void a_hello_that_cannot_leave_is_tried_again_soon(void **state)
{
    struct fixture *fixture = *state;
    fixture->is_link_down = true;
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_pass(fixture, 300, 10);
    assert_int_equal(fixture->sent[WIRE_HELLO], 0);
    fixture->is_link_down = false;
    fixture_pass(fixture, 150, 10);
    assert_int_equal(fixture->sent[WIRE_HELLO], 1);
}

static void a_welcome_opens_providers_and_gives_credit_on_their_channels(void **state)
{
    struct fixture *fixture = *state;
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_welcome_with(fixture, 1, 2);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->opened, 2);
    assert_int_equal(fixture->sent[WIRE_CREDIT], 1);
    assert_true(fixture->credit[CHANNEL_SMS] >= 1024);
    assert_true(fixture->credit[CHANNEL_EMAIL] >= 1024);
    assert_int_equal(fixture->credit[CHANNEL_PUSH], 0);
    assert_int_equal(fixture_stats(fixture).epoch, 1);
}

static void a_second_welcome_opens_nothing_twice_and_repeats_the_credit(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture_welcome(fixture, 1);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->opened, 1);
    assert_int_equal(fixture->sent[WIRE_CREDIT], 2);
}

static void a_provider_that_is_gone_is_closed_and_its_batches_returned(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->concurrency = 0;
    fixture_batch(fixture, 1, 20);
    fixture_welcome_with(fixture, 1, 0);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->closed, 1);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_CHANNEL_UNKNOWN), 20);
    assert_int_equal(fixture->credit[CHANNEL_SMS], 0);
    fixture_assert_all_reported(fixture);
}

static void a_provider_that_cannot_be_opened_gets_no_credit_and_the_coordinator_hears_why(
    void **state)
{
    struct fixture *fixture = *state;
    fixture->open_err = ERR_NOT_FOUND;
    fixture->open_why = "secrets.token: env:TOKEN is not set";
    fixture_join(fixture);
    assert_int_equal(fixture->credit[CHANNEL_SMS], 0);
    assert_int_equal(fixture->unopened_count, 1);
    assert_int_equal(fixture->unopened, 0);
    assert_string_equal(fixture->unopened_why, "secrets.token: env:TOKEN is not set");
    fixture->open_err =
        ERR_OK; /* the operator brings the secret, the coordinator says WELCOME again */
    fixture_welcome(fixture, 1);
    fixture_pass(fixture, 50, 10);
    assert_true(fixture->credit[CHANNEL_SMS] > 0);
    assert_int_equal(fixture->unopened_count, 0);
}

/* Else one worker without the secret would open the breaker for those that have it. */
static void what_was_leased_of_a_provider_that_cannot_be_opened_is_returned(void **state)
{
    struct fixture *fixture = *state;
    fixture->open_err = ERR_NOT_FOUND;
    fixture_join(fixture);
    fixture_batch(fixture, 1, 30);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_SECRET_MISSING), 30);
    fixture_assert_all_reported(fixture);
}

static void a_reason_that_was_cut_within_a_character_is_still_said(void **state)
{
    struct fixture *fixture = *state;
    fixture->open_err = ERR_INVALID;
    fixture->open_why = "not \"caf\xc3\", and \xe2\x82";
    fixture_join(fixture);
    assert_string_equal(fixture->unopened_why, "not \"caf?\", and ??");
}

static void a_batch_for_an_unknown_provider_is_misconfigured(void **state)
{
    struct fixture *fixture = ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 10);
    batch.provider = 9;
    fixture_give(fixture, &batch);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_MISCONFIGURED, REASON_CHANNEL_UNKNOWN),
                     10);
    assert_int_equal(fixture_stats(fixture).refused_batches, 1);
    fixture_assert_all_reported(fixture);
}

static void a_refusal_is_remembered_and_hello_repeated_every_five_seconds(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_message refused = {
        .type = WIRE_REFUSED, .refused = {.version_min = 2, .version_max = 3, .why = "too old"}};
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_say(fixture, &refused);
    assert_true(fixture_stats(fixture).refused);
    fixture_pass(fixture, 4900, 100);
    assert_int_equal(fixture->sent[WIRE_HELLO], 1);
    fixture_pass(fixture, 10200, 100);
    assert_int_equal(fixture->sent[WIRE_HELLO], 4);
    fixture_welcome(fixture, 1);
    assert_false(fixture_stats(fixture).refused);
}

static void a_welcome_in_an_unknown_version_counts_as_a_refusal(void **state)
{
    struct fixture *fixture = *state;
    const struct wire_message welcome = {
        .type = WIRE_WELCOME,
        .welcome = {.version = WIRE_VERSION + 1, .epoch = 1, .heartbeat_ms = 1000}};
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_say(fixture, &welcome);
    assert_true(fixture_stats(fixture).refused);
    assert_int_equal(fixture->opened, 0);
}

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
    fixture_content(fixture, 5, TEXT);
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
    fixture_content(fixture, 5, TEXT);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, REASON_CONTENT_UNKNOWN), 50);
    fixture_assert_all_reported(fixture);
}

static void a_damaged_page_is_deferred_as_a_whole(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->page.len -= 10;
    fixture_batch(fixture, 1, 1000);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_DEFERRED, REASON_PAGE_DAMAGED), 1000);
    assert_int_equal(fixture->leases[1].runs, 1);
    fixture_assert_all_reported(fixture);
}

static void a_page_with_fewer_rows_than_the_batch_names_is_damaged(void **state)
{
    struct fixture *fixture = ready(state);
    fixture_make_page(fixture, 10, NULL, NULL);
    fixture_batch(fixture, 1, 11);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_DEFERRED, REASON_PAGE_DAMAGED), 11);
    fixture_assert_all_reported(fixture);
}

/* ---- Attempts ---- */

static void a_whole_page_answered_at_once_becomes_one_run(void **state)
{
    struct fixture *fixture = ready(state);
    fixture_batch(fixture, 1, PAGE_RECIPIENTS);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, PAGE_RECIPIENTS);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), PAGE_RECIPIENTS);
    assert_int_equal(fixture->leases[1].runs, 1);
    fixture_assert_all_reported(fixture);
}

static void an_attempt_carries_what_its_recipient_has(void **state)
{
    struct fixture *fixture = ready(state);
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
    struct fixture *fixture = ready(state);
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
    struct fixture *fixture = ready(state);
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
    struct fixture *fixture = ready(state);
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
    struct fixture *fixture = ready(state);
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

static void a_batch_is_spread_evenly_over_its_time(void **state)
{
    struct fixture *fixture = ready(state);
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

static void the_next_run_is_asked_for_when_the_next_start_is_due(void **state)
{
    struct fixture *fixture = ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 20);
    batch.spread_ms = 1000;
    fixture->is_answering = false;
    fixture_give(fixture, &batch);
    assert_int_equal(fixture_run(fixture), 50);
}

static void a_throttling_answer_holds_the_provider_back_as_long_as_it_says(void **state)
{
    struct fixture *fixture = ready(state);
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
static void who_was_recalled_is_not_started(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 2;
    fixture_batch(fixture, 1, 5);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->in_flight, 2);
    struct wire_message recall = {.type = WIRE_RECALL,
                                  .recall = {.epoch = fixture->epoch, .lease = 1, .place = 3}};
    fixture_say(fixture, &recall);
    recall.recall.place = 0; /* under way already */
    fixture_say(fixture, &recall);
    recall.recall.lease = 77; /* not here (any more) */
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
    struct fixture *fixture = ready(state);
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
    struct fixture *fixture = ready(state);
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

static void a_result_of_an_unknown_attempt_is_passed_over(void **state)
{
    struct fixture *fixture = ready(state);
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

/* ---- Batches that come more than once, or not for us ---- */

static void a_batch_that_comes_again_is_passed_over_while_in_hand_and_afterwards(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture_batch(fixture, 1, 10);
    (void)fixture_run(fixture);
    fixture_batch(fixture, 1, 10);
    fixture_end(fixture, 10, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 50, 10);
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 20000, 500);
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 10);
    fixture_assert_all_reported(fixture);
}

static void a_finished_lease_is_remembered_as_long_as_its_outcomes_are_not_durable(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_unconfirmed = true;
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 300000, 1000);
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 10);
    fixture->is_unconfirmed = false;
    fixture_pass(fixture, 100, 50);
    fixture_assert_all_reported(fixture);
}

static void a_batch_for_another_instance_or_of_a_former_epoch_is_dropped(void **state)
{
    struct fixture *fixture = ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 10);
    batch.instance = FIXTURE_INSTANCE + 1;
    fixture_say(fixture, &(struct wire_message){.type = WIRE_BATCH, .batch = batch});
    batch.instance = FIXTURE_INSTANCE;
    batch.epoch = 0;
    fixture_say(fixture, &(struct wire_message){.type = WIRE_BATCH, .batch = batch});
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 0);
    assert_int_equal(fixture_stats(fixture).refused_batches, 2);
}

static void whoever_is_taken_for_another_instance_says_who_it_is(void **state)
{
    struct fixture *fixture = ready(state);
    struct wire_batch batch = fixture_make_batch(fixture, 1, 10);
    unsigned before = fixture->sent[WIRE_HELLO];
    batch.instance = FIXTURE_INSTANCE + 1;
    fixture_say(fixture, &(struct wire_message){.type = WIRE_BATCH, .batch = batch});
    fixture_say(fixture, &(struct wire_message){.type = WIRE_BATCH, .batch = batch});
    assert_int_equal(fixture->sent[WIRE_HELLO], before + 1);
}

/* ---- Epochs and breaks ---- */

static void a_larger_epoch_returns_what_was_not_started_and_reports_the_rest(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 4;
    fixture_batch(fixture, 1, 10);
    fixture_batch(fixture, 2, 10);
    fixture_pass(fixture, 50, 10);
    fixture_welcome(fixture, 2);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, 0), 6);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_RETURNED, 0), 10);
    fixture_end(fixture, 4, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->outcomes_epoch, 2);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 4);
    assert_int_equal(fixture->attempt_count, 4);
    fixture_assert_all_reported(fixture);
}

static void unconfirmed_outcomes_are_sent_again_once_under_the_new_epoch(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_unconfirmed = true;
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 50, 10);
    unsigned before = fixture->sent[WIRE_OUTCOMES];
    uint64_t seq = fixture->seqs[(fixture->seq_count - 1) % 64];
    fixture_welcome(fixture, 2);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->sent[WIRE_OUTCOMES], before + 1);
    assert_int_equal(fixture->seqs[(fixture->seq_count - 1) % 64], seq);
    assert_int_equal(fixture->outcomes_epoch, 2);
    assert_int_equal(fixture_stats(fixture).resent_messages, 1);
    fixture->is_unconfirmed = false;
    fixture_pass(fixture, 50, 10);
    fixture_welcome(fixture, 3);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->sent[WIRE_OUTCOMES], before + 1);
    fixture_assert_all_reported(fixture);
}

/* Each life counts its messages from 1: what was confirmed to the former one may come late. */
static void a_confirmation_for_a_former_life_confirms_nothing(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_unconfirmed = true;
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 50, 10);
    uint32_t bytes = fixture_stats(fixture).outbox_bytes;
    assert_true(bytes > 0);
    for (uint64_t seq = 1; seq <= fixture->seqs[(fixture->seq_count - 1) % 64]; seq++) {
        fixture_say(fixture,
                    &(struct wire_message){.type = WIRE_OUTCOMES_DURABLE,
                                           .outcomes_durable = {.epoch = fixture->epoch,
                                                                .instance = FIXTURE_INSTANCE + 1,
                                                                .seq = seq}});
    }
    assert_int_equal(fixture_stats(fixture).outbox_bytes, bytes);
    fixture->is_unconfirmed = false;
    fixture_pass(fixture, 10000, 10);
    fixture_assert_all_reported(fixture);
}

static void a_smaller_epoch_is_not_obeyed(void **state)
{
    struct fixture *fixture = ready(state);
    fixture_welcome(fixture, 4);
    fixture_welcome(fixture, 3);
    assert_int_equal(fixture_stats(fixture).epoch, 4);
    fixture->concurrency = 0;
    fixture_batch(fixture, 1, 10);
    const struct wire_message cancel = {.type = WIRE_CANCEL, .cancel = {.epoch = 3, .campaign = 5}};
    fixture_say(fixture, &cancel);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, 0), 0);
}

static void a_message_of_a_larger_epoch_makes_the_worker_say_hello(void **state)
{
    struct fixture *fixture = ready(state);
    unsigned before = fixture->sent[WIRE_HELLO];
    const struct wire_message beat = {.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = 2}};
    fixture_say(fixture, &beat);
    assert_int_equal(fixture->sent[WIRE_HELLO], before + 1);
    fixture_say(fixture, &beat);
    assert_int_equal(fixture->sent[WIRE_HELLO], before + 1);
}

static void after_a_break_in_the_same_epoch_outcomes_are_sent_again_and_work_goes_on(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 5;
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 20, 10);
    fixture->is_link_down = true;
    fixture_end(fixture, 5, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 3000, 100);
    assert_int_equal(fixture->attempt_count, 10); /* it kept working */
    fixture_end(fixture, 5, OUTCOME_REJECTED);
    fixture_pass(fixture, 100, 50);
    fixture->is_link_down = false;
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_welcome(fixture, 1);
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 5);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_REJECTED, 0), 5);
    assert_int_equal(fixture->opened, 1);
    fixture_assert_all_reported(fixture);
}

static void outcomes_lost_on_the_way_are_sent_again_after_five_heartbeats(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_deaf = true;
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 50, 10);
    fixture->is_deaf = false;
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 0);
    fixture_pass(fixture, 4000, 100);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 0);
    fixture_pass(fixture, 2500, 100);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 10);
    fixture_assert_all_reported(fixture);
}

static void silence_makes_it_say_hello_again_and_keep_working(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 1;
    fixture_batch(fixture, 1, 10);
    unsigned before = fixture->sent[WIRE_HELLO];
    fixture->is_deaf = true;
    fixture_pass(fixture, 4900, 100);
    assert_int_equal(fixture->sent[WIRE_HELLO], before);
    fixture_pass(fixture, 200, 100);
    assert_int_equal(fixture->sent[WIRE_HELLO], before + 1);
    fixture_end(fixture, 1, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->attempt_count, 2);
}

static void past_the_lease_time_nothing_is_started_and_the_rest_is_returned_later(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 1;
    fixture_batch(fixture, 1, 10);
    fixture_pass(fixture, 20, 10);
    fixture->is_deaf = true;
    fixture_pass(fixture, FIXTURE_LEASE_MS + 100, 100);
    fixture_end(fixture, 1, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture->attempt_count, 1);
    fixture->is_deaf = false;
    fixture_welcome(fixture, 1);
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, 0), 1);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_LEASE_EXPIRED), 9);
    fixture_assert_all_reported(fixture);
}

static void a_heartbeat_after_the_lease_time_returns_the_rest_too(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->concurrency = 0;
    fixture_batch(fixture, 1, 10);
    fixture->is_deaf = true;
    fixture_pass(fixture, FIXTURE_LEASE_MS + 100, 100);
    fixture->is_deaf = false;
    fixture->concurrency = 10;
    fixture_heartbeat(fixture);
    fixture_welcome(fixture, 1);
    fixture_pass(fixture, 100, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_LEASE_EXPIRED), 10);
    assert_int_equal(fixture->attempt_count, 0);
    fixture_assert_all_reported(fixture);
}

static void heartbeats_leave_at_their_pace_with_the_credit(void **state)
{
    struct fixture *fixture = ready(state);
    unsigned beats = fixture->sent[WIRE_HEARTBEAT];
    unsigned credits = fixture->sent[WIRE_CREDIT];
    fixture_pass(fixture, 10000, 50);
    assert_int_equal(fixture->sent[WIRE_HEARTBEAT], beats + 10);
    assert_true(fixture->sent[WIRE_CREDIT] >= credits + 10);
}

/* ---- Pause, cancel, drain ---- */

static void a_pause_returns_what_is_not_started_of_that_campaign_alone(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 3;
    fixture_batch(fixture, 1, 10);
    fixture->campaign_of_next_lease = 6;
    fixture_batch(fixture, 2, 10); /* waits for its content */
    fixture_batch(fixture, 3, 10);
    (void)fixture_run(fixture);
    fixture_cancel(fixture, 5, false);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_PAUSED), 7);
    fixture_cancel(fixture, 6, true);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_RETURNED, REASON_CAMPAIGN_CANCELLED), 10);
    fixture_end(fixture, 3, OUTCOME_DEFERRED);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_DEFERRED, 0), 3);
    fixture->campaign_of_next_lease = 5; /* resumed */
    fixture_batch(fixture, 4, 3);
    (void)fixture_run(fixture);
    fixture_end(fixture, 3, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 50, 10);
    fixture_assert_all_reported(fixture);
}

static void a_drain_returns_the_rest_and_says_bye_when_all_is_durable(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->is_unconfirmed = true;
    fixture->concurrency = 3;
    fixture_batch(fixture, 1, 10);
    (void)fixture_run(fixture);
    delivery_drain(fixture->delivery, fixture->now_ms);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_DRAINED), 7);
    assert_int_equal(fixture->credit[CHANNEL_SMS], 0);
    fixture_batch(fixture, 2, 10); /* was on its way */
    fixture_end(fixture, 3, OUTCOME_ACCEPTED);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 2, OUTCOME_RETURNED, REASON_DRAINED), 10);
    assert_int_equal(fixture->sent[WIRE_BYE], 0);
    assert_false(delivery_is_done(fixture->delivery));
    fixture->is_unconfirmed = false;
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->sent[WIRE_BYE], 1);
    assert_true(delivery_is_done(fixture->delivery));
    fixture_assert_all_reported(fixture);
}

static void the_coordinator_can_drain_a_worker(void **state)
{
    struct fixture *fixture = ready(state);
    fixture->concurrency = 0;
    fixture_batch(fixture, 1, 10);
    fixture_say(fixture, &(struct wire_message){.type = WIRE_DRAIN, .drain = {.epoch = 1}});
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_RETURNED, REASON_DRAINED), 10);
    assert_true(delivery_is_done(fixture->delivery));
}

static void a_worker_that_never_joined_is_drained_at_once(void **state)
{
    struct fixture *fixture = *state;
    delivery_connect(fixture->delivery, fixture->now_ms);
    delivery_drain(fixture->delivery, fixture->now_ms);
    (void)fixture_run(fixture);
    assert_true(delivery_is_done(fixture->delivery));
    assert_int_equal(fixture->sent[WIRE_BYE], 0);
}

/* ---- Outbox and credit ---- */

static void nothing_is_started_while_too_much_is_unconfirmed(void **state)
{
    struct fixture *fixture = ready(state);
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
    struct fixture *fixture = ready(state);
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
    struct fixture *fixture = ready(state);
    fixture->is_answering = false;
    fixture->concurrency = 2;
    fixture_batch(fixture, 1, PAGE_RECIPIENTS);
    fixture_pass(fixture, 3000, 50);
    assert_int_equal(fixture->credit[CHANNEL_SMS], 1024);
}

static void outcomes_keep_while_the_link_is_down(void **state)
{
    struct fixture *fixture = ready(state);
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
        fixture_content(fixture, 5 + dice_next(dice) % 3, TEXT);
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
            fixture_content(fixture, 5 + i, TEXT);
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
        TEST(hello_is_said_until_it_is_answered),
        TEST(a_hello_that_cannot_leave_is_tried_again_soon),
        TEST(a_welcome_opens_providers_and_gives_credit_on_their_channels),
        TEST(a_second_welcome_opens_nothing_twice_and_repeats_the_credit),
        TEST(a_provider_that_is_gone_is_closed_and_its_batches_returned),
        TEST(a_provider_that_cannot_be_opened_gets_no_credit_and_the_coordinator_hears_why),
        TEST(what_was_leased_of_a_provider_that_cannot_be_opened_is_returned),
        TEST(a_reason_that_was_cut_within_a_character_is_still_said),
        TEST(a_batch_for_an_unknown_provider_is_misconfigured),
        TEST(a_refusal_is_remembered_and_hello_repeated_every_five_seconds),
        TEST(a_welcome_in_an_unknown_version_counts_as_a_refusal),
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
        TEST(a_batch_is_spread_evenly_over_its_time),
        TEST(the_next_run_is_asked_for_when_the_next_start_is_due),
        TEST(a_throttling_answer_holds_the_provider_back_as_long_as_it_says),
        TEST(who_was_recalled_is_not_started),
        TEST(a_throttling_answer_returns_what_is_queued),
        TEST(wrong_credentials_return_what_is_queued_for_the_provider),
        TEST(a_result_of_an_unknown_attempt_is_passed_over),
        TEST(a_batch_that_comes_again_is_passed_over_while_in_hand_and_afterwards),
        TEST(a_finished_lease_is_remembered_as_long_as_its_outcomes_are_not_durable),
        TEST(a_batch_for_another_instance_or_of_a_former_epoch_is_dropped),
        TEST(whoever_is_taken_for_another_instance_says_who_it_is),
        TEST(a_larger_epoch_returns_what_was_not_started_and_reports_the_rest),
        TEST(unconfirmed_outcomes_are_sent_again_once_under_the_new_epoch),
        TEST(a_confirmation_for_a_former_life_confirms_nothing),
        TEST(a_smaller_epoch_is_not_obeyed),
        TEST(a_message_of_a_larger_epoch_makes_the_worker_say_hello),
        TEST(after_a_break_in_the_same_epoch_outcomes_are_sent_again_and_work_goes_on),
        TEST(outcomes_lost_on_the_way_are_sent_again_after_five_heartbeats),
        TEST(silence_makes_it_say_hello_again_and_keep_working),
        TEST(past_the_lease_time_nothing_is_started_and_the_rest_is_returned_later),
        TEST(a_heartbeat_after_the_lease_time_returns_the_rest_too),
        TEST(heartbeats_leave_at_their_pace_with_the_credit),
        TEST(a_pause_returns_what_is_not_started_of_that_campaign_alone),
        TEST(a_drain_returns_the_rest_and_says_bye_when_all_is_durable),
        TEST(the_coordinator_can_drain_a_worker),
        TEST(a_worker_that_never_joined_is_drained_at_once),
        TEST(nothing_is_started_while_too_much_is_unconfirmed),
        TEST(credit_grows_with_what_is_completed_up_to_its_limit),
        TEST(credit_shrinks_when_nothing_gets_done),
        TEST(outcomes_keep_while_the_link_is_down),
        TEST(whatever_happens_every_recipient_is_reported_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
