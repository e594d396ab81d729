/* SPDX-License-Identifier: Apache-2.0 */
/* Who may be connected for how long, and who makes room for whom. */
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "coordinator/http/http_server.h"
#include "tests/unit/http_peer.h"
#include "tests/unit/http_rig.h"
#include "tests/unit/unit.h"

static void a_slow_head_is_answered_408_and_an_idle_client_closed(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    settings.head_ms = 300;
    open_server(fixture, &settings);
    struct http_peer slow = connect_to(fixture);
    struct http_peer idle = connect_to(fixture);
    struct http_peer used = connect_to(fixture);
    http_peer_say(&used, "GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_say(&slow, "GET /a HTTP/1.1\r\nHo");
    http_peer_expect_close(&slow);
    http_peer_expect_close(&idle);
    http_peer_expect_close(&used);
    assert_true(http_peer_has(&slow, "HTTP/1.1 408 "));
    assert_true(http_peer_has(&slow, "\r\n\r\nthe head was not complete in time"));
    assert_int_equal(idle.got.len, 0);
    assert_true(http_peer_has(&used, "GET /a"));
    assert_false(http_peer_has(&used, "408"));
    http_peer_release(&slow);
    http_peer_release(&idle);
    http_peer_release(&used);
}

static void idle_connections_do_not_stand_in_the_way(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct http_peer idle[300];
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 300; i++) {
        idle[i] = connect_to(fixture);
        turn(fixture);
    }
    while (http_server_connections(fixture->server) < 300) {
        turn(fixture);
    }
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "GET /a");
    /* All at once: more events than libmicrohttpd looks at in one call. */
    for (unsigned i = 0; i < 300; i++) {
        assert_true(send(idle[i].fd, "GET /b HTTP/1.1\r\nHost: t\r\n\r\n", 29, 0) == 29);
    }
    for (unsigned i = 0; i < 300; i++) {
        http_peer_expect(&idle[i], "GET /b");
        http_peer_release(&idle[i]);
    }
    http_peer_release(&client);
}

static void one_address_has_so_many_connections_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct http_peer clients[5];
    settings.connections_per_address = 4;
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 5; i++) {
        clients[i] = connect_to(fixture);
        turn(fixture);
    }
    http_peer_expect_close(&clients[4]);
    assert_int_equal(http_server_connections(fixture->server), 4);
    for (unsigned i = 0; i < 5; i++) {
        http_peer_release(&clients[i]);
    }
}

/* Some send nothing, some a head that never ends: newcomers do not wait for their deadlines. */
static void who_is_idle_longest_makes_room(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct http_peer idle[8];
    settings.connections_max = 8;
    settings.connections_per_address = 8;
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 8; i++) {
        idle[i] = connect_to(fixture);
        http_peer_say(&idle[i], i % 2 == 0 ? "" : "GET /a HTTP/1.1\r\nX-Slow: ");
        turn(fixture);
    }
    while (http_server_connections(fixture->server) < 8) {
        turn(fixture);
    }
    http_peer_say(&idle[0], "GET /first HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&idle[0], "GET /first");
    for (unsigned i = 0; i < 7; i++) {
        struct http_peer client = connect_to(fixture);
        http_peer_say(&client, "GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
        http_peer_expect(&client, "GET /a");
        http_peer_expect_close(&idle[i + 1]);
        http_peer_release(&idle[i + 1]);
        idle[i + 1] = client;
    }
    assert_int_equal(http_server_evictions(fixture->server), 7);
    http_peer_say(&idle[0], "GET /again HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&idle[0], "GET /again"); /* it was of use after all the others */
    for (unsigned i = 0; i < 8; i++) {
        http_peer_release(&idle[i]);
    }
}

static void a_server_closes_though_an_answer_waits(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer client = connect_to(fixture);
    http_peer_say(&client, "GET /tail HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_expect(&client, "200 OK");
    close_server(fixture);
    assert_null(fixture->tailing);
    http_peer_release(&client);
}

static void turn_until_connected(struct fixture *fixture, unsigned count)
{
    uint64_t end_ms = clock_monotonic_ms() + HTTP_PEER_PATIENCE_MS;
    while (http_server_connections(fixture->server) < count) {
        turn(fixture);
        assert_true(clock_monotonic_ms() < end_ms);
    }
}

/* Those that were idle for the longest time have just sent a request that nobody has read, and in
 * the same moment others come that need room. */
static void a_request_that_has_come_is_answered_though_others_need_room(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct http_peer idle[8];
    struct http_peer others[4];
    settings.connections_max = 8;
    settings.connections_per_address = 8;
    open_server(fixture, &settings);
    for (unsigned i = 0; i < 8; i++) {
        idle[i] = connect_to(fixture);
        turn_until_connected(fixture, i + 1);
    }
    for (unsigned i = 0; i < 4; i++) {
        others[i] = connect_to(fixture);
        assert_true(send(idle[i].fd, "GET /old HTTP/1.1\r\nHost: t\r\n\r\n", 31, 0) == 31);
    }
    for (unsigned i = 0; i < 4; i++) {
        http_peer_expect(&idle[i], "GET /old");
        http_peer_say(&others[i], "GET /new HTTP/1.1\r\nHost: t\r\n\r\n");
        http_peer_expect(&others[i], "GET /new");
        http_peer_expect_close(&idle[4 + i]); /* of no use to anybody */
    }
    assert_int_equal(http_server_evictions(fixture->server), 4);
    for (unsigned i = 0; i < 8; i++) {
        http_peer_release(&idle[i]);
        if (i < 4) {
            http_peer_release(&others[i]);
        }
    }
}

/* As many as the library takes at all, every one waiting for an answer: room comes with the
 * answers, and whoever waited outside is let in without anybody's doing. */
static void a_listener_full_of_requests_takes_others_when_they_are_answered(void **state)
{
    enum { FULL = 8 + 128, OUTSIDE = 100 };
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    struct http_peer busy[FULL];
    struct http_peer outside[OUTSIDE];
    settings.connections_max = 8;
    settings.connections_per_address = 8;
    open_server(fixture, &settings);
    for (unsigned i = 0; i < FULL; i++) {
        busy[i] = connect_to(fixture);
        http_peer_say(&busy[i], "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
        while (fixture->waiting_count <= i) {
            turn(fixture);
        }
    }
    for (unsigned i = 0; i < OUTSIDE; i++) {
        outside[i] = connect_to(fixture);
        assert_true(send(outside[i].fd, "GET /a HTTP/1.1\r\nHost: t\r\n\r\n", 29, 0) == 29);
    }
    for (unsigned i = 0; i < 10; i++) {
        turn(fixture);
    }
    for (unsigned i = 0; i < FULL; i++) {
        http_reply(fixture->waiting[i], 200, "text/plain", slice_str("at last"));
    }
    for (unsigned i = 0; i < OUTSIDE; i++) {
        http_peer_expect(&outside[i], "GET /a");
    }
    for (unsigned i = 0; i < FULL; i++) {
        http_peer_expect(&busy[i], "at last");
        http_peer_release(&busy[i]);
    }
    uint64_t end_ms = clock_monotonic_ms() + HTTP_PEER_PATIENCE_MS;
    while (http_server_connections(fixture->server) > 8) {
        turn(fixture);
        assert_true(clock_monotonic_ms() < end_ms);
    }
    for (unsigned i = 0; i < OUTSIDE; i++) {
        http_peer_release(&outside[i]);
    }
}

static void closing_breaks_off_what_is_under_way(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer waiting = connect_to(fixture);
    struct http_peer sending = connect_to(fixture);
    struct http_peer idle = connect_to(fixture);
    http_peer_say(&waiting, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    http_peer_say(&sending, "POST /stream HTTP/1.1\r\nHost: t\r\nContent-Length: 20\r\n\r\n01234");
    while (fixture->waiting_count == 0 || fixture->streamed == 0 ||
           http_server_connections(fixture->server) < 3) {
        turn(fixture);
    }
    close_server(fixture);
    assert_int_equal(fixture->unanswered, 2);
    http_peer_release(&waiting);
    http_peer_release(&sending);
    http_peer_release(&idle);
}

static void after_quiescing_what_is_under_way_is_still_answered(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    struct http_peer waiting = connect_to(fixture);
    struct http_peer idle = connect_to(fixture);
    http_peer_say(&waiting, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    while (fixture->waiting_count == 0 || http_server_connections(fixture->server) < 2) {
        turn(fixture);
    }
    http_server_quiesce(fixture->server);
    http_peer_expect_close(&idle);
    http_reply(fixture->waiting[0], 200, "text/plain", slice_str("still here"));
    http_peer_expect(&waiting, "still here");
    assert_true(http_peer_has(&waiting, "Connection: close"));
    http_peer_expect_close(&waiting);
    http_peer_release(&waiting);
    http_peer_release(&idle);
}

static void a_port_in_use_is_said_so(void **state)
{
    struct fixture *fixture = *state;
    struct http_settings settings = test_settings();
    open_server(fixture, &settings);
    settings.listen = *http_server_address(fixture->server);
    const struct http_handler handler = {fixture, on_head, on_request, on_finished, refuse, NULL};
    struct http_server *second = NULL;
    struct problem problem;
    assert_int_equal(http_server_open(&second, &fixture->loop, &settings, &handler, &problem),
                     ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "in use by another process"));
    assert_null(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slow_head_is_answered_408_and_an_idle_client_closed),
        TEST(idle_connections_do_not_stand_in_the_way),
        TEST(one_address_has_so_many_connections_and_no_more),
        TEST(who_is_idle_longest_makes_room),
        TEST(a_request_that_has_come_is_answered_though_others_need_room),
        TEST(a_listener_full_of_requests_takes_others_when_they_are_answered),
        TEST(a_server_closes_though_an_answer_waits),
        TEST(closing_breaks_off_what_is_under_way),
        TEST(after_quiescing_what_is_under_way_is_still_answered),
        TEST(a_port_in_use_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
