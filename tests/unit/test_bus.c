/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real sockets on loopback. Both ends share a loop unless a test needs one of them asleep.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/mem.h"
#include "tests/unit/bus_fixture.h"
#include "tests/unit/unit.h"

static const struct slice none = {NULL, 0};

static void messages_go_both_ways_over_tcp(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, "tcp://127.0.0.1:0");
    exchange(fixture);
}

static void messages_go_both_ways_over_ipc(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    exchange(fixture);
}

static void a_wildcard_port_is_resolved(void **state)
{
    struct fixture *fixture = *state;
    open_node(&fixture->router, &fixture->loop, router_settings("tcp://127.0.0.1:*"));
    const char *endpoint = bus_endpoint(fixture->router.bus);
    assert_memory_equal(endpoint, "tcp://127.0.0.1:", 16);
    assert_in_range(strtoul(endpoint + 16, NULL, 10), 1024, 65535);
}

static void a_dealer_that_is_not_connected_takes_nothing(void **state)
{
    struct fixture *fixture = *state;
    open_node(&fixture->dealer, &fixture->loop, dealer_settings(fixture->ipc));
    assert_false(bus_send(fixture->dealer.bus, none, slice_str("hello"), none));
    run_for(fixture, 50);
    assert_false(bus_send(fixture->dealer.bus, none, slice_str("hello"), none));
    /* and connects when somebody listens at last */
    open_node(&fixture->router, &fixture->loop, router_settings(fixture->ipc));
    greet(fixture);
}

static void an_unknown_peer_is_reported(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    greet(fixture);
    assert_false(bus_send(fixture->router.bus, slice_str("w2"), slice_str("batch"), none));
    assert_true(bus_send(fixture->router.bus, slice_str("w1"), slice_str("batch"), none));
}

static void a_peer_that_went_is_reported(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    greet(fixture);
    bus_close(fixture->dealer.bus, 0);
    fixture->dealer.bus = NULL;
    run_for(fixture, 100);
    assert_false(bus_send(fixture->router.bus, slice_str("w1"), slice_str("batch"), none));
}

static void a_full_queue_is_reported_and_drains(void **state)
{
    struct fixture *fixture = *state;
    uv_loop_t asleep; /* the dealer's */
    uv_loop_init(&asleep);
    struct bus_settings router = router_settings(fixture->ipc);
    struct bus_settings dealer = dealer_settings(fixture->ipc);
    router.high_water = 4;
    dealer.high_water = 4;
    open_node(&fixture->router, &fixture->loop, router);
    open_node(&fixture->dealer, &asleep, dealer);
    greet(fixture);

    const size_t len = 1000000;
    char *large = mem_zalloc(1, len);
    unsigned sent = 0;
    while (
        bus_send(fixture->router.bus, slice_str("w1"), slice_str("batch"), slice_of(large, len))) {
        sent++;
        assert_in_range(sent, 1, 1000);
        usleep(1000); /* for libzmq's thread */
    }
    mem_free(large);
    assert_in_range(sent, 4, 100);
    uint64_t from_ms = clock_monotonic_ms();
    while (fixture->dealer.got < sent && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        uv_run(&asleep, UV_RUN_NOWAIT);
    }
    assert_int_equal(fixture->dealer.got, sent);
    send_soon(fixture, &fixture->router, slice_str("w1"), slice_str("again"));
    bus_close(fixture->dealer.bus, 0);
    fixture->dealer.bus = NULL;
    uv_run(&asleep, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&asleep), 0);
}

static void a_restarted_peer_takes_over_its_name(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    greet(fixture);
    struct node old = fixture->dealer; /* still connected, as after a crash of its host */
    fixture->dealer = (struct node){0};
    open_node(&fixture->dealer, &fixture->loop, dealer_settings(fixture->ipc));
    greet(fixture);
    assert_true(bus_send(fixture->router.bus, slice_str("w1"), slice_str("to the new"), none));
    run_until(fixture, &fixture->dealer.got, 1);
    assert_int_equal(old.got, 0);
    node_release(&old);
}

static void a_dealer_finds_a_router_that_was_restarted(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    greet(fixture);
    bus_close(fixture->router.bus, 0);
    run_for(fixture, 50);
    assert_false(bus_send(fixture->dealer.bus, none, slice_str("lost"), none));
    assert_int_equal(bus_connections(fixture->dealer.bus), 1);
    open_node(&fixture->router, &fixture->loop, router_settings(fixture->ipc));
    greet(fixture);
    assert_slice_is(buf_view(&fixture->router.frame), "hello");
    run_for(fixture, 20);
    assert_int_equal(bus_connections(fixture->dealer.bus), 2);
}

static void many_messages_arrive_in_order(void **state)
{
    enum { MESSAGES = 20000 };
    struct fixture *fixture = *state;
    open_pair(fixture, "tcp://127.0.0.1:0");
    greet(fixture);
    fixture->router.got = 0;
    fixture->router.is_counted = true;
    fixture->router.answers = true;
    fixture->dealer.is_counted = true;
    uint32_t number = 0;
    uint64_t from_ms = clock_monotonic_ms();
    while (fixture->dealer.got < MESSAGES && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        /* Never more under way than one direction's queue holds: the router must be able to answer.
         */
        while (number < MESSAGES && number < fixture->dealer.got + 500 &&
               bus_send(fixture->dealer.bus, none, slice_of(&number, sizeof(number)), none)) {
            number++;
        }
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    assert_int_equal(fixture->router.got, MESSAGES);
    assert_int_equal(fixture->dealer.got, MESSAGES);
    assert_int_equal(fixture->router.misplaced, 0);
    assert_int_equal(fixture->dealer.misplaced, 0);
}

static void a_flood_does_not_starve_the_loop(void **state)
{
    enum { MESSAGES = 900 };
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    greet(fixture);
    fixture->router.got = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        assert_true(bus_send(fixture->dealer.bus, none, slice_str("flood"), none));
    }
    usleep(100 * 1000); /* all of it lies in the router's queue now */
    unsigned most = 0;
    uint64_t from_ms = clock_monotonic_ms();
    while (fixture->router.got < MESSAGES && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        unsigned before = fixture->router.got;
        uv_run(&fixture->loop, UV_RUN_ONCE);
        unsigned taken = fixture->router.got - before;
        most = taken > most ? taken : most;
    }
    assert_int_equal(fixture->router.got, MESSAGES);
    assert_in_range(most, 1, 2 * 64); /* a turn of the idle handle and one of the poll handle */
}

static void what_is_too_large_breaks_the_connection_which_then_is_made_anew(void **state)
{
    struct fixture *fixture = *state;
    struct bus_settings dealer = dealer_settings(fixture->ipc);
    dealer.frame_max_bytes = 1000;
    open_node(&fixture->router, &fixture->loop, router_settings(fixture->ipc));
    open_node(&fixture->dealer, &fixture->loop, dealer);
    greet(fixture);
    static const char large[1001];
    assert_true(
        bus_send(fixture->router.bus, slice_str("w1"), slice_of(large, sizeof(large)), none));
    run_for(fixture, 300);
    assert_false(bus_send(fixture->dealer.bus, none, slice_str("hello"), none));
    greet(fixture);
    assert_true(bus_send(fixture->router.bus, slice_str("w1"), slice_str("small"), none));
    run_until(fixture, &fixture->dealer.got, 1);
    assert_slice_is(buf_view(&fixture->dealer.frame), "small");
}

static void a_bus_may_be_closed_in_its_callback(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    greet(fixture);
    fixture->dealer.closes = true;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(bus_send(fixture->router.bus, slice_str("w1"), slice_str("drain"), none));
    }
    run_until(fixture, &fixture->dealer.got, 1);
    run_for(fixture, 50);
    assert_int_equal(fixture->dealer.got, 1);
}

static void what_was_sent_before_closing_still_leaves(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    greet(fixture);
    for (unsigned i = 0; i < 100; i++) {
        assert_true(bus_send(fixture->dealer.bus, none, slice_str("bye"), none));
    }
    bus_close(fixture->dealer.bus, 2000);
    fixture->dealer.bus = NULL;
    run_until(fixture, &fixture->router.got, 101);
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUS_TEST(messages_go_both_ways_over_tcp),
        BUS_TEST(messages_go_both_ways_over_ipc),
        BUS_TEST(a_wildcard_port_is_resolved),
        BUS_TEST(a_dealer_that_is_not_connected_takes_nothing),
        BUS_TEST(an_unknown_peer_is_reported),
        BUS_TEST(a_peer_that_went_is_reported),
        BUS_TEST(a_full_queue_is_reported_and_drains),
        BUS_TEST(a_restarted_peer_takes_over_its_name),
        BUS_TEST(a_dealer_finds_a_router_that_was_restarted),
        BUS_TEST(many_messages_arrive_in_order),
        BUS_TEST(a_flood_does_not_starve_the_loop),
        BUS_TEST(what_is_too_large_breaks_the_connection_which_then_is_made_anew),
        BUS_TEST(a_bus_may_be_closed_in_its_callback),
        BUS_TEST(what_was_sent_before_closing_still_leaves),
    };
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
