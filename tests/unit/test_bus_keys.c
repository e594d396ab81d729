/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, and where a bus may listen. */
#include <stdio.h>
#include <string.h>

#include "common/bus.h"
#include "common/clock.h"
#include "tests/unit/bus_fixture.h"
#include "tests/unit/unit.h"

static const struct slice none = {NULL, 0};

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
