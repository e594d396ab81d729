/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real sockets on loopback. Both ends share a loop unless a test needs one of them asleep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

enum { DEADLINE_MS = 20000, FRAME_MAX = 4 * 1024 * 1024 };

struct node {
    struct bus *bus;
    unsigned got; /* messages */
    unsigned misplaced;
    struct buf peer; /* of the last message */
    struct buf frame;
    struct buf payload;
    bool answers;
    bool is_counted; /* frames are numbers that must count upwards */
    bool closes;
};

struct fixture {
    uv_loop_t loop;
    uv_timer_t tick; /* the loop never sleeps longer than this */
    struct node router;
    struct node dealer;
    char directory[32];
    char ipc[64];
};

static const struct slice none = {NULL, 0};

static void keep(struct buf *buf, struct slice slice)
{
    buf_clear(buf);
    buf_slice(buf, slice);
}

static void on_message(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct node *node = arg;
    keep(&node->peer, peer);
    keep(&node->frame, frame);
    keep(&node->payload, payload);
    if (node->is_counted) {
        uint32_t number = 0;
        assert_int_equal(frame.len, sizeof(number));
        memcpy(&number, frame.data, sizeof(number));
        node->misplaced += number != node->got;
    }
    node->got++;
    if (node->answers) {
        assert_true(bus_send(node->bus, peer, frame, payload));
    }
    if (node->closes) {
        bus_close(node->bus, 0);
        node->bus = NULL;
    }
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static int set_up(void **state)
{
    struct fixture *fixture = mem_zalloc(1, sizeof(*fixture));
    uv_loop_init(&fixture->loop);
    uv_timer_init(&fixture->loop, &fixture->tick);
    uv_timer_start(&fixture->tick, on_tick, 10, 10);
    snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/test_bus.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->ipc, sizeof(fixture->ipc), "ipc://%s/bus", fixture->directory);
    *state = fixture;
    return 0;
}

static void node_release(struct node *node)
{
    if (node->bus != NULL) {
        bus_close(node->bus, 0);
    }
    buf_release(&node->peer);
    buf_release(&node->frame);
    buf_release(&node->payload);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    node_release(&fixture->dealer);
    node_release(&fixture->router);
    uv_close((uv_handle_t *)&fixture->tick, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    unlink(fixture->ipc + strlen("ipc://"));
    rmdir(fixture->directory);
    mem_free(fixture);
    return 0;
}

static struct bus_settings router_settings(const char *endpoint)
{
    return (struct bus_settings){
        .endpoint = endpoint, .bind = true, .frame_max_bytes = FRAME_MAX, .high_water = 1000};
}

static struct bus_settings dealer_settings(const char *endpoint)
{
    return (struct bus_settings){
        .endpoint = endpoint, .name = "w1", .frame_max_bytes = FRAME_MAX, .high_water = 1000};
}

static void open_node(struct node *node, uv_loop_t *loop, struct bus_settings settings)
{
    struct problem problem = {0};
    enum err err = bus_open(&node->bus, loop, &settings, on_message, node, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(err, ERR_OK);
}

static void open_pair(struct fixture *fixture, const char *endpoint)
{
    open_node(&fixture->router, &fixture->loop, router_settings(endpoint));
    open_node(&fixture->dealer, &fixture->loop, dealer_settings(bus_endpoint(fixture->router.bus)));
}

static void run_until(struct fixture *fixture, const unsigned *count, unsigned value)
{
    uint64_t from_ms = clock_monotonic_ms();
    while (*count < value && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    assert_int_equal(*count, value);
}

static void run_for(struct fixture *fixture, uint64_t ms)
{
    for (uint64_t from_ms = clock_monotonic_ms(); clock_monotonic_ms() - from_ms < ms;) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
}

/* Tries until the bus takes it. */
static void send_soon(struct fixture *fixture, struct node *node, struct slice peer,
                      struct slice frame)
{
    uint64_t from_ms = clock_monotonic_ms();
    bool sent = false;
    while (!sent && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        sent = bus_send(node->bus, peer, frame, none);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    assert_true(sent);
}

static void greet(struct fixture *fixture)
{
    unsigned before = fixture->router.got;
    send_soon(fixture, &fixture->dealer, none, slice_str("hello"));
    run_until(fixture, &fixture->router.got, before + 1);
}

static void exchange(struct fixture *fixture)
{
    greet(fixture);
    assert_slice_is(buf_view(&fixture->router.peer), "w1");
    assert_slice_is(buf_view(&fixture->router.frame), "hello");
    assert_int_equal(fixture->router.payload.len, 0);
    assert_true(
        bus_send(fixture->router.bus, slice_str("w1"), slice_str("batch"), slice_str("page")));
    run_until(fixture, &fixture->dealer.got, 1);
    assert_int_equal(fixture->dealer.peer.len, 0);
    assert_slice_is(buf_view(&fixture->dealer.frame), "batch");
    assert_slice_is(buf_view(&fixture->dealer.payload), "page");
}

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

static void expect_refusal(struct fixture *fixture, struct bus_settings settings, enum err expected,
                           const char *words)
{
    struct bus *bus = NULL;
    struct problem problem = {0};
    enum err err = bus_open(&bus, &fixture->loop, &settings, on_message, NULL, &problem);
    if (bus != NULL) {
        bus_close(bus, 0);
    }
    assert_int_equal(err, expected);
    assert_null(bus);
    assert_non_null(strstr(problem.text, words));
}

static void an_address_in_use_is_a_conflict(void **state)
{
    struct fixture *fixture = *state;
    open_node(&fixture->router, &fixture->loop, router_settings("tcp://127.0.0.1:0"));
    expect_refusal(fixture, router_settings(bus_endpoint(fixture->router.bus)), ERR_CONFLICT,
                   "in use");
}

static void a_path_in_use_is_a_conflict_and_stays_with_its_owner(void **state)
{
    struct fixture *fixture = *state;
    open_pair(fixture, fixture->ipc);
    expect_refusal(fixture, router_settings(fixture->ipc), ERR_CONFLICT, "in use");
    greet(fixture);
}

static void a_path_that_a_crash_left_behind_is_taken(void **state)
{
    struct fixture *fixture = *state;
    const char *path = fixture->ipc + strlen("ipc://");
    FILE *left = fopen(path, "w");
    assert_non_null(left);
    assert_int_equal(fclose(left), 0);
    open_pair(fixture, fixture->ipc);
    greet(fixture);
}

static void a_malformed_endpoint_is_refused(void **state)
{
    struct fixture *fixture = *state;
    expect_refusal(fixture, router_settings("127.0.0.1:7400"), ERR_INVALID, "tcp://host:port");
    expect_refusal(fixture, router_settings("inproc://bus"), ERR_INVALID, "tcp://host:port");
    expect_refusal(fixture, router_settings("tcp://127.0.0.1"), ERR_INVALID, "tcp://host:port");
    expect_refusal(fixture, router_settings("tcp://127.0.0.1:65536"), ERR_INVALID,
                   "tcp://host:port");
    expect_refusal(fixture, router_settings("tcp://127.0.0.1.7:0"), ERR_INVALID, "cannot listen");
    expect_refusal(fixture, dealer_settings("tcp://127.0.0.1:*"), ERR_INVALID, "tcp://host:port");
    expect_refusal(fixture, dealer_settings("tcp://127.0.0.1:0"), ERR_INVALID, "tcp://host:port");
    expect_refusal(fixture, dealer_settings("tcp://:7400"), ERR_INVALID, "tcp://host:port");
    char path[200];
    snprintf(path, sizeof(path), "ipc:///%0150d", 0);
    expect_refusal(fixture, router_settings(path), ERR_INVALID, "cannot listen");
    expect_refusal(fixture, dealer_settings(path), ERR_INVALID, "cannot connect");
    char large[400];
    snprintf(large, sizeof(large), "tcp://%0300d:1", 0);
    expect_refusal(fixture, router_settings(large), ERR_INVALID, "tcp://host:port");
}

static void a_dealer_without_a_proper_name_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct bus_settings settings = dealer_settings(fixture->ipc);
    settings.name = NULL;
    expect_refusal(fixture, settings, ERR_INVALID, "name must have 1 to 255");
    settings.name = "";
    expect_refusal(fixture, settings, ERR_INVALID, "name must have 1 to 255");
    char name[BUS_PEER_MAX + 2];
    snprintf(name, sizeof(name), "%0256d", 0);
    settings.name = name;
    expect_refusal(fixture, settings, ERR_INVALID, "has 256");
}

struct key_pair {
    char public_key[BUS_KEY_CHARS + 1];
    char secret_key[BUS_KEY_CHARS + 1];
};

static struct key_pair make_keys(void)
{
    struct key_pair pair;
    bus_keypair(pair.public_key, pair.secret_key);
    return pair;
}

static void keys_come_as_z85(void **state)
{
    (void)state;
    struct key_pair pair = make_keys();
    assert_true(bus_key_is_valid(pair.public_key));
    assert_true(bus_key_is_valid(pair.secret_key));
    assert_false(bus_key_is_valid(""));
    assert_false(bus_key_is_valid("short"));
    pair.public_key[3] = '"'; /* not of the alphabet */
    assert_false(bus_key_is_valid(pair.public_key));
}

static void keys_that_do_not_fit_together_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct key_pair pair = make_keys();
    struct key_pair other = make_keys();
    const char *const allowed[] = {other.public_key, NULL};
    struct bus_settings good = router_settings(fixture->ipc);
    good.secret_key = pair.secret_key;
    good.public_key = pair.public_key;
    good.allowed_keys = allowed;

    struct bus_settings settings = good;
    settings.secret_key = NULL;
    expect_refusal(fixture, settings, ERR_INVALID, "no secret key");
    settings = good;
    settings.secret_key = "short";
    expect_refusal(fixture, settings, ERR_INVALID, "the secret key is not a CURVE key");
    settings = good;
    settings.public_key = "short";
    expect_refusal(fixture, settings, ERR_INVALID, "the public key is not a CURVE key");
    settings = good;
    settings.public_key = other.public_key;
    expect_refusal(fixture, settings, ERR_INVALID, "does not belong");
    settings = good;
    settings.allowed_keys = NULL;
    expect_refusal(fixture, settings, ERR_INVALID, "no list of allowed keys");
    const char *const bad[] = {other.public_key, "short", NULL};
    settings.allowed_keys = bad;
    expect_refusal(fixture, settings, ERR_INVALID, "the allowed key is not a CURVE key");

    settings = dealer_settings(fixture->ipc);
    settings.secret_key = other.secret_key;
    expect_refusal(fixture, settings, ERR_INVALID, "not the server's key");
    settings.server_key = "short";
    expect_refusal(fixture, settings, ERR_INVALID, "the server's key is not a CURVE key");
}

/* A router that lets in `allowed` alone. */
static void open_curve_router(struct fixture *fixture, const struct key_pair *server,
                              const char *allowed)
{
    struct key_pair another = make_keys();
    const char *const keys[] = {another.public_key, allowed, NULL};
    struct bus_settings settings = router_settings("tcp://127.0.0.1:0");
    settings.secret_key = server->secret_key;
    settings.public_key = server->public_key;
    settings.allowed_keys = keys;
    open_node(&fixture->router, &fixture->loop, settings);
}

static struct bus_settings curve_dealer_settings(const struct fixture *fixture,
                                                 const struct key_pair *server,
                                                 const struct key_pair *client)
{
    struct bus_settings settings = dealer_settings(bus_endpoint(fixture->router.bus));
    settings.secret_key = client->secret_key;
    settings.server_key = server->public_key;
    return settings;
}

static void the_right_key_is_let_in(void **state)
{
    struct fixture *fixture = *state;
    struct key_pair server = make_keys();
    struct key_pair client = make_keys();
    open_curve_router(fixture, &server, client.public_key);
    open_node(&fixture->dealer, &fixture->loop, curve_dealer_settings(fixture, &server, &client));
    exchange(fixture);
    assert_int_equal(bus_refused(fixture->router.bus), 0);
}

static void a_wrong_key_is_refused_and_counted(void **state)
{
    struct fixture *fixture = *state;
    struct key_pair server = make_keys();
    struct key_pair client = make_keys();
    struct key_pair stranger = make_keys();
    open_curve_router(fixture, &server, client.public_key);
    open_node(&fixture->dealer, &fixture->loop, curve_dealer_settings(fixture, &server, &stranger));
    uint64_t from_ms = clock_monotonic_ms();
    while (bus_refused(fixture->router.bus) == 0 && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    assert_int_equal(bus_refused(fixture->router.bus), 1);
    run_for(fixture, 100);
    assert_false(bus_send(fixture->dealer.bus, none, slice_str("hello"), none));
    /* a stranger keeps nobody else out */
    bus_close(fixture->dealer.bus, 0);
    open_node(&fixture->dealer, &fixture->loop, curve_dealer_settings(fixture, &server, &client));
    greet(fixture);
}

static void a_peer_without_a_key_is_not_let_in(void **state)
{
    struct fixture *fixture = *state;
    struct key_pair server = make_keys();
    struct key_pair client = make_keys();
    open_curve_router(fixture, &server, client.public_key);
    open_node(&fixture->dealer, &fixture->loop, dealer_settings(bus_endpoint(fixture->router.bus)));
    for (unsigned i = 0; i < 50; i++) {
        run_for(fixture, 10);
        (void)bus_send(fixture->dealer.bus, none, slice_str("hello"), none);
    }
    assert_int_equal(fixture->router.got, 0);
}

static void a_server_with_another_key_is_not_trusted(void **state)
{
    struct fixture *fixture = *state;
    struct key_pair server = make_keys();
    struct key_pair expected = make_keys();
    struct key_pair client = make_keys();
    open_curve_router(fixture, &server, client.public_key);
    open_node(&fixture->dealer, &fixture->loop, curve_dealer_settings(fixture, &expected, &client));
    for (unsigned i = 0; i < 50; i++) {
        run_for(fixture, 10);
        assert_false(bus_send(fixture->dealer.bus, none, slice_str("hello"), none));
    }
    assert_int_equal(fixture->router.got, 0);
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
        BUS_TEST(an_address_in_use_is_a_conflict),
        BUS_TEST(a_path_in_use_is_a_conflict_and_stays_with_its_owner),
        BUS_TEST(a_path_that_a_crash_left_behind_is_taken),
        BUS_TEST(a_malformed_endpoint_is_refused),
        BUS_TEST(a_dealer_without_a_proper_name_is_refused),
        cmocka_unit_test(keys_come_as_z85),
        BUS_TEST(keys_that_do_not_fit_together_are_refused),
        BUS_TEST(the_right_key_is_let_in),
        BUS_TEST(a_wrong_key_is_refused_and_counted),
        BUS_TEST(a_peer_without_a_key_is_not_let_in),
        BUS_TEST(a_server_with_another_key_is_not_trusted),
    };
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
