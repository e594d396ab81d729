/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "coordinator/ledger/changelog.h"
#include "coordinator/link/link.h"
#include "coordinator/link/peers.h"
#include "tests/unit/link_fixture.h"
#include "tests/unit/unit.h"

/* ---- Hello ---- */

static void a_hello_is_answered_with_all_that_a_worker_must_know(void **state)
{
    struct fixture *fixture = *state;
    say_hello(fixture, "w1", INSTANCE);
    const struct wire_welcome *welcome = &take_message(fixture, "w1", WIRE_WELCOME)->welcome;
    assert_int_equal(welcome->version, WIRE_VERSION);
    assert_int_equal(welcome->epoch, EPOCH);
    assert_int_equal(welcome->heartbeat_ms, HEARTBEAT_MS);
    assert_int_equal(welcome->lease_ms, LEASE_MS);
    assert_int_equal(welcome->provider_count, 1);
    assert_int_equal(welcome->providers[0].id, 3);
    assert_string_equal(welcome->providers[0].adapter, "null");
    struct worker_view view;
    assert_true(engine_worker(fixture->engine, 0, &view));
    assert_string_equal(view.name, "w1");
    assert_int_equal(view.instance, INSTANCE);
}

static void a_worker_of_another_version_is_refused_and_told_why(void **state)
{
    struct fixture *fixture = *state;
    struct worker_view view;
    say(fixture, "w9",
        &(struct wire_message){.type = WIRE_HELLO,
                               .hello = {.version_min = WIRE_VERSION + 1,
                                         .version_max = WIRE_VERSION + 2,
                                         .name = "w9",
                                         .instance = INSTANCE,
                                         .build = "later"}});
    const struct wire_refused *refused = &take_message(fixture, "w9", WIRE_REFUSED)->refused;
    assert_int_equal(refused->version_min, WIRE_VERSION_MIN);
    assert_int_equal(refused->version_max, WIRE_VERSION);
    assert_non_null(strstr(refused->why, "update the older of the two"));
    assert_int_equal(stats_of(fixture).refused, 1);
    assert_int_equal(lines_with(logged(fixture), "worker_refused worker=w9"), 1);
    assert_false(engine_worker(fixture->engine, 0, &view));
}

static void a_worker_that_says_bye_is_gone_and_its_leases_are_given_to_the_next(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    become_durable(fixture);
    take_message(fixture, "w1", WIRE_BATCH);
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_BYE, .bye = {.epoch = EPOCH, .instance = INSTANCE}});
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
    assert_int_equal(count_of(fixture, DELIVERY_UNCERTAIN), 0);
    say_hello(fixture, "w2", INSTANCE + 1);
    say_credit(fixture, "w2", EPOCH);
    take_message(fixture, "w2", WIRE_WELCOME);
    fixture->now_ms += 10; /* what is due is known to 10 ms */
    turn_over(fixture);
    become_durable(fixture);
    assert_int_equal(take_message(fixture, "w2", WIRE_BATCH)->batch.count, 10);
}

/* ---- Heartbeats, credit, content ---- */

static void a_heartbeat_is_answered_unless_its_sender_must_say_hello(void **state)
{
    struct fixture *fixture = *state;
    say_heartbeat(fixture, "w1", EPOCH);
    assert_null(take_sent(fixture));
    say_heartbeat(fixture, "w1", EPOCH - 1);
    assert_int_equal(take_message(fixture, "w1", WIRE_HEARTBEAT)->heartbeat.epoch, EPOCH);
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
    say_heartbeat(fixture, "w1", EPOCH);
    assert_int_equal(take_message(fixture, "w1", WIRE_HEARTBEAT)->heartbeat.epoch, EPOCH);
}

static void credit_of_another_epoch_counts_for_nothing(void **state)
{
    struct fixture *fixture = *state;
    launch(fixture, 10);
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
    say_credit(fixture, "w1", EPOCH - 1);
    turn_over(fixture);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
    say_credit(fixture, "w1", EPOCH);
    turn_over(fixture);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 10);
}

static void content_is_given_if_there_is_such_a_campaign(void **state)
{
    struct fixture *fixture = *state;
    struct wire_message message = {.type = WIRE_CONTENT_REQUEST,
                                   .content_request = {.epoch = EPOCH, .campaign = 1}};
    say(fixture, "w1", &message);
    const struct wire_content *content = &take_message(fixture, "w1", WIRE_CONTENT)->content;
    assert_int_equal(content->epoch, EPOCH);
    assert_string_equal(content->bodies[0].text, "Hello");
    message.content_request.campaign = 2;
    say(fixture, "w1", &message);
    assert_null(take_sent(fixture));
    assert_int_equal(lines_with(logged(fixture), "content_unknown campaign=c2"), 1);
}

/* ---- Tokens of providers ---- */

static void beat(struct fixture *fixture, const char *name)
{
    say(fixture, name,
        &(struct wire_message){.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = EPOCH}});
}

static void expect_bearer(const struct fixture *fixture, unsigned at, const char *adapter,
                          const char *token)
{
    assert_in_range(at, 0, fixture->sent_count - 1);
    const struct wire_message *message = &fixture->sent[at].message;
    assert_int_equal(message->type, WIRE_BEARER);
    assert_int_equal(message->bearer.epoch, EPOCH);
    assert_int_equal(message->bearer.provider, 3);
    assert_string_equal(message->bearer.adapter, adapter);
    assert_slice_is(message->bearer.token, token);
}

static void expect_sent(struct fixture *fixture, enum wire_type first, unsigned count)
{
    assert_int_equal(fixture->sent_count, count);
    assert_int_equal(fixture->sent[0].message.type, first);
    fixture->sent_count = 0;
}

static void a_token_is_told_behind_the_welcome_and_when_it_is_new(void **state)
{
    struct fixture *fixture = *state;
    link_set_bearer(fixture->link, 3, "fcm", slice_str("first"));
    say_hello(fixture, "w1", INSTANCE);
    expect_bearer(fixture, 1, "fcm", "first");
    expect_sent(fixture, WIRE_WELCOME, 2);
    beat(fixture, "w1");
    expect_sent(fixture, WIRE_HEARTBEAT, 1);
    link_set_bearer(fixture->link, 3, "fcm", slice_str("second"));
    expect_bearer(fixture, 0, "fcm", "second");
    expect_sent(fixture, WIRE_BEARER, 1);
    say_hello(fixture, "w1", INSTANCE);
    expect_bearer(fixture, 1, "fcm", "second");
    expect_sent(fixture, WIRE_WELCOME, 2);
}

static void each_adapter_of_a_provider_has_a_token_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    link_set_bearer(fixture->link, 3, "fcm", slice_str("f"));
    link_set_bearer(fixture->link, 3, "apns", slice_str("a"));
    say_hello(fixture, "w1", INSTANCE);
    expect_bearer(fixture, 1, "apns", "a");
    expect_bearer(fixture, 2, "fcm", "f");
    expect_sent(fixture, WIRE_WELCOME, 3);
}

static void a_token_that_found_no_room_is_told_at_the_next_heartbeat(void **state)
{
    struct fixture *fixture = *state;
    say_hello(fixture, "w1", INSTANCE);
    expect_sent(fixture, WIRE_WELCOME, 1);
    fixture->is_full = true;
    link_set_bearer(fixture->link, 3, "fcm", slice_str("first"));
    beat(fixture, "w1");
    assert_null(take_sent(fixture));
    fixture->is_full = false;
    beat(fixture, "w1");
    expect_bearer(fixture, 1, "fcm", "first");
    expect_sent(fixture, WIRE_HEARTBEAT, 2);
}

static void who_was_not_welcomed_is_told_no_token(void **state)
{
    struct fixture *fixture = *state;
    say_credit(fixture, "w1", EPOCH);
    assert_null(take_sent(fixture));
    link_set_bearer(fixture->link, 3, "fcm", slice_str("first"));
    assert_null(take_sent(fixture));
}

/* ---- What waits for the disk ---- */

static void a_batch_leaves_when_its_lease_is_durable(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 10);
    assert_null(take_sent(fixture));
    become_durable(fixture);
    const struct sent *sent = take_sent(fixture);
    assert_int_equal(sent->message.type, WIRE_BATCH);
    assert_int_equal(sent->message.batch.epoch, EPOCH);
    assert_int_equal(sent->message.batch.instance, INSTANCE);
    assert_int_equal(sent->message.batch.count, 10);
    assert_slice_is(buf_view(&sent->payload), PAGE_BYTES);
}

static void outcomes_are_confirmed_when_they_are_durable(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    become_durable(fixture);
    const struct wire_batch *batch = &take_message(fixture, "w1", WIRE_BATCH)->batch;
    const struct outcome_run run = {.span = 10, .outcome = OUTCOME_ACCEPTED};
    const struct wire_outcome_group group = {
        .lease = batch->lease, .campaign = 1, .page = 0, .run_count = 1, .runs = &run};
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_OUTCOMES,
                               .outcomes = {.epoch = EPOCH - 1, /* any epoch's are taken */
                                            .instance = INSTANCE,
                                            .seq = 5,
                                            .group_count = 1,
                                            .groups = &group}});
    assert_int_equal(count_of(fixture, DELIVERY_ACCEPTED), 10);
    turn_over(fixture);
    assert_null(take_sent(fixture));
    become_durable(fixture);
    const struct wire_outcomes_durable *durable =
        &take_message(fixture, "w1", WIRE_OUTCOMES_DURABLE)->outcomes_durable;
    assert_int_equal(durable->epoch, EPOCH);
    assert_int_equal(durable->instance, INSTANCE);
    assert_int_equal(durable->seq, 5);
}

static void a_pause_is_told_when_it_is_durable_and_its_batches_stay_here(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    assert_int_equal(engine_pause(fixture->engine, 1, fixture->now_ms, NULL), ERR_OK);
    link_take_effects(fixture->link);
    turn_over(fixture);
    assert_null(take_sent(fixture));
    become_durable(fixture);
    const struct wire_cancel *cancel = &take_message(fixture, "w1", WIRE_CANCEL)->cancel;
    assert_int_equal(cancel->campaign, 1);
    assert_false(cancel->for_good);
    assert_int_equal(stats_of(fixture).unsent_batches, 1);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
}

static void what_waits_for_the_disk_at_the_end_is_dropped(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    assert_null(take_sent(fixture)); /* the batch waits; tear_down frees link and turn */
}

#define LINK_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(a_hello_is_answered_with_all_that_a_worker_must_know),
        LINK_TEST(a_worker_of_another_version_is_refused_and_told_why),
        LINK_TEST(a_worker_that_says_bye_is_gone_and_its_leases_are_given_to_the_next),
        LINK_TEST(a_heartbeat_is_answered_unless_its_sender_must_say_hello),
        LINK_TEST(credit_of_another_epoch_counts_for_nothing),
        LINK_TEST(content_is_given_if_there_is_such_a_campaign),
        LINK_TEST(a_token_is_told_behind_the_welcome_and_when_it_is_new),
        LINK_TEST(each_adapter_of_a_provider_has_a_token_of_its_own),
        LINK_TEST(a_token_that_found_no_room_is_told_at_the_next_heartbeat),
        LINK_TEST(who_was_not_welcomed_is_told_no_token),
        LINK_TEST(a_batch_leaves_when_its_lease_is_durable),
        LINK_TEST(outcomes_are_confirmed_when_they_are_durable),
        LINK_TEST(a_pause_is_told_when_it_is_durable_and_its_batches_stay_here),
        LINK_TEST(what_waits_for_the_disk_at_the_end_is_dropped),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
