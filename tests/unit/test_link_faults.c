/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that cannot be sent, garbage, and peers without end. */
#include <sodium.h>
#include <stdio.h>

#include "coordinator/ledger/changelog.h"
#include "coordinator/link/link.h"
#include "coordinator/link/peers.h"
#include "tests/unit/link_fixture.h"
#include "tests/unit/unit.h"

/* ---- Batches that cannot be sent ---- */

static void expect_unsent(struct fixture *fixture)
{
    assert_null(take_sent(fixture));
    assert_int_equal(stats_of(fixture).unsent_batches, 1);
    assert_int_equal(stats_of(fixture).sent[WIRE_BATCH], 0);
    assert_int_equal(count_of(fixture, DELIVERY_LEASED), 0);
    assert_int_equal(count_of(fixture, DELIVERY_WAITING) + count_of(fixture, DELIVERY_RETRYING),
                     10);
}

static void a_batch_whose_page_cannot_be_read_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->page_err = ERR_CORRUPT;
    become_durable(fixture);
    assert_null(take_sent(fixture));
    assert_int_equal(stats_of(fixture).sent[WIRE_BATCH], 0);
    assert_int_equal(count_of(fixture, DELIVERY_RETRYING), 10);
    assert_int_equal(lines_with(logged(fixture), "page_unreadable audience=a101 page=0"), 1);
}

static uint64_t leases_in_a_lease_time(struct fixture *fixture)
{
    struct engine_stats stats;
    uint64_t end_ms = fixture->now_ms + LEASE_MS;
    while (fixture->now_ms < end_ms) {
        turn_over(fixture);
        become_durable(fixture);
    }
    engine_stats(fixture->engine, &stats);
    return stats.leases;
}

static void a_page_that_cannot_be_read_is_not_leased_without_end(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->page_err = ERR_CORRUPT;
    assert_in_range(leases_in_a_lease_time(fixture), 1, 20);
}

/* It died a moment ago, with room for more: each try would be a lease and a release on the disk. */
static void who_cannot_be_reached_is_not_leased_to_until_it_speaks(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->is_full = true;
    assert_int_equal(leases_in_a_lease_time(fixture), 1);
}

static void a_batch_for_a_queue_that_is_full_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    join_and_lease(fixture, 10);
    fixture->is_full = true;
    become_durable(fixture);
    expect_unsent(fixture);
}

/* ---- Garbage, and peers without end ---- */

static void garbage_is_counted_and_named_once_in_a_thousand(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 1001; i++) {
        link_on_frames(fixture->link, slice_str("a stranger"), slice_str("garbage"),
                       slice_of(NULL, 0));
    }
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_CANCEL, .cancel = {.epoch = 1, .campaign = 1}});
    assert_null(take_sent(fixture));
    assert_int_equal(stats_of(fixture).garbage, 1002);
    const char *log = logged(fixture);
    assert_int_equal(lines_with(log, "garbage peer=a?stranger count="), 2);
    assert_int_equal(lines_with(log, "count=1001 "), 1);
}

static void what_is_not_for_a_coordinator_is_garbage(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "w1",
        &(struct wire_message){.type = WIRE_CANCEL, .cancel = {.epoch = 1, .campaign = 1}});
    assert_int_equal(stats_of(fixture).garbage, 1);
    assert_int_equal(lines_with(logged(fixture), "CANCEL is not for a coordinator"), 1);
}

static void strangers_take_no_place(void **state)
{
    struct fixture *fixture = *state;
    char name[16];
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        link_on_frames(fixture->link, slice_str(name), slice_str("garbage"), slice_of(NULL, 0));
    }
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
}

/* It was silent, and many came meanwhile. It says hello, and its leases are its own again. */
static void a_worker_that_was_forgotten_may_come_back(void **state)
{
    struct fixture *fixture = *state;
    char name[16];
    join_and_lease(fixture, 10);
    become_durable(fixture);
    take_message(fixture, "w1", WIRE_BATCH);
    fixture->now_ms += LEASE_MS;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        say_heartbeat(fixture, name, EPOCH);
    }
    fixture->now_ms += LEASE_MS;
    say_heartbeat(fixture, "w1", EPOCH);
    assert_null(take_sent(fixture));
    say_hello(fixture, "w1", INSTANCE);
    take_message(fixture, "w1", WIRE_WELCOME);
    struct worker_view view;
    assert_true(engine_worker(fixture->engine, 0, &view));
    assert_int_equal(view.in_hand[CHANNEL_SMS], 10);
    assert_false(engine_worker(fixture->engine, 1, &view));
}

#define LINK_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(a_batch_whose_page_cannot_be_read_is_taken_back),
        LINK_TEST(a_batch_for_a_queue_that_is_full_is_taken_back),
        LINK_TEST(a_page_that_cannot_be_read_is_not_leased_without_end),
        LINK_TEST(who_cannot_be_reached_is_not_leased_to_until_it_speaks),
        LINK_TEST(garbage_is_counted_and_named_once_in_a_thousand),
        LINK_TEST(what_is_not_for_a_coordinator_is_garbage),
        LINK_TEST(strangers_take_no_place),
        LINK_TEST(a_worker_that_was_forgotten_may_come_back),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
