/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker and its coordinator: greeting, epochs, breaks, silence, what comes twice, and orders.
 */
#include <string.h>

#include "tests/unit/delivery_fixture.h"

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

static void secrets_that_changed_open_every_provider_anew(void **state)
{
    struct fixture *fixture = *state;
    delivery_connect(fixture->delivery, fixture->now_ms);
    fixture_welcome_with(fixture, 1, 2);
    (void)fixture_run(fixture);
    delivery_reload(fixture->delivery);
    (void)fixture_run(fixture);
    assert_int_equal(fixture->opened, 4);
    assert_int_equal(fixture->closed, 0);
    fixture_batch(fixture, 1, 20);
    fixture_content(fixture, 5, FIXTURE_TEXT);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, REASON_NONE), 20);
}

static void a_secret_that_is_missing_for_a_moment_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture->open_err = ERR_NOT_FOUND;
    delivery_reload(fixture->delivery);
    assert_int_equal(fixture->closed, 0);
    fixture_pass(fixture, 50, 10);
    assert_true(fixture->credit[CHANNEL_SMS] >= 1024);
    fixture_batch(fixture, 1, 20);
    fixture_content(fixture, 5, FIXTURE_TEXT);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture_reported(fixture, 1, OUTCOME_ACCEPTED, REASON_NONE), 20);
}

static void a_secret_that_came_opens_what_could_not_be(void **state)
{
    struct fixture *fixture = *state;
    fixture->open_err = ERR_NOT_FOUND;
    fixture_join(fixture);
    assert_int_equal(fixture->credit[CHANNEL_SMS], 0);
    fixture->open_err = ERR_OK;
    delivery_reload(fixture->delivery);
    fixture_pass(fixture, 50, 10);
    assert_true(fixture->credit[CHANNEL_SMS] >= 1024);
}

static void a_changed_provider_that_cannot_be_opened_is_closed(void **state)
{
    struct fixture *fixture = *state;
    fixture_join(fixture);
    fixture->open_err = ERR_INVALID;
    const struct wire_provider changed = {
        .id = 0, .name = "p0", .channel = CHANNEL_SMS, .adapter = "null", .settings = "{\"x\":1}"};
    const struct wire_message message = {.type = WIRE_WELCOME,
                                         .welcome = {.version = WIRE_VERSION,
                                                     .epoch = 1,
                                                     .heartbeat_ms = FIXTURE_HEARTBEAT_MS,
                                                     .lease_ms = FIXTURE_LEASE_MS,
                                                     .providers = &changed,
                                                     .provider_count = 1}};
    fixture_say(fixture, &message);
    assert_int_equal(fixture->closed, 1);
    fixture_pass(fixture, 50, 10);
    assert_int_equal(fixture->credit[CHANNEL_SMS], 0);
}

static void a_provider_that_is_gone_is_closed_and_its_batches_returned(void **state)
{
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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

/* ---- Batches that come more than once, or not for us ---- */

static void a_batch_that_comes_again_is_passed_over_while_in_hand_and_afterwards(void **state)
{
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
    unsigned before = fixture->sent[WIRE_HELLO];
    const struct wire_message beat = {.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = 2}};
    fixture_say(fixture, &beat);
    assert_int_equal(fixture->sent[WIRE_HELLO], before + 1);
    fixture_say(fixture, &beat);
    assert_int_equal(fixture->sent[WIRE_HELLO], before + 1);
}

static void after_a_break_in_the_same_epoch_outcomes_are_sent_again_and_work_goes_on(void **state)
{
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
    unsigned beats = fixture->sent[WIRE_HEARTBEAT];
    unsigned credits = fixture->sent[WIRE_CREDIT];
    fixture_pass(fixture, 10000, 50);
    assert_int_equal(fixture->sent[WIRE_HEARTBEAT], beats + 10);
    assert_true(fixture->sent[WIRE_CREDIT] >= credits + 10);
}

/* ---- Pause, cancel, drain ---- */

static void a_pause_returns_what_is_not_started_of_that_campaign_alone(void **state)
{
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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
    struct fixture *fixture = fixture_ready(state);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hello_is_said_until_it_is_answered),
        TEST(a_hello_that_cannot_leave_is_tried_again_soon),
        TEST(a_welcome_opens_providers_and_gives_credit_on_their_channels),
        TEST(a_second_welcome_opens_nothing_twice_and_repeats_the_credit),
        TEST(secrets_that_changed_open_every_provider_anew),
        TEST(a_secret_that_is_missing_for_a_moment_changes_nothing),
        TEST(a_secret_that_came_opens_what_could_not_be),
        TEST(a_changed_provider_that_cannot_be_opened_is_closed),
        TEST(a_provider_that_is_gone_is_closed_and_its_batches_returned),
        TEST(a_provider_that_cannot_be_opened_gets_no_credit_and_the_coordinator_hears_why),
        TEST(what_was_leased_of_a_provider_that_cannot_be_opened_is_returned),
        TEST(a_reason_that_was_cut_within_a_character_is_still_said),
        TEST(a_batch_for_an_unknown_provider_is_misconfigured),
        TEST(a_refusal_is_remembered_and_hello_repeated_every_five_seconds),
        TEST(a_welcome_in_an_unknown_version_counts_as_a_refusal),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
