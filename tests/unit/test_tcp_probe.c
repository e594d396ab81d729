/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/tcp_probe.h"
#include "tests/unit/unit.h"

static void assert_place(const char *address, const char *host, const char *port)
{
    struct tcp_place place;
    assert_true(tcp_place_parse(&place, address));
    assert_string_equal(place.host, host);
    assert_string_equal(place.port, port);
}

static void addresses_are_read_in_every_form(void **state)
{
    (void)state;
    assert_place("127.0.0.1:7480", "127.0.0.1", "7480");
    assert_place("tcp://127.0.0.1:7400", "127.0.0.1", "7400");
    assert_place("http://sms.example/send?a=b:c", "sms.example", "80");
    assert_place("https://user:secret@sms.example:8443/", "sms.example", "8443");
    assert_place("smtp://relay.example", "relay.example", "25");
    assert_place("[::1]:25", "::1", "25");
    assert_place("https://[2001:db8::1]/x", "2001:db8::1", "443");
}

static void what_names_no_place_is_refused(void **state)
{
    (void)state;
    struct tcp_place place;
    assert_false(tcp_place_parse(&place, ""));
    assert_false(tcp_place_parse(&place, "ipc:///run/tocsin.sock"));
    assert_false(tcp_place_parse(&place, "tcp://127.0.0.1:*"));
    assert_false(tcp_place_parse(&place, "127.0.0.1"));
    assert_false(tcp_place_parse(&place, "127.0.0.1:70000"));
    assert_false(tcp_place_parse(&place, "http://:80/"));
    assert_false(tcp_place_parse(&place, "[::1"));
}

static void a_listener_is_found_and_its_port_is_not_free(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    struct tcp_place place = {.host = "127.0.0.1"};
    struct problem problem;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(place.port, sizeof(place.port), "%u", (unsigned)ntohs(address.sin_port));
    assert_int_equal(tcp_probe_connect(&place, &problem), ERR_OK);
    assert_int_equal(tcp_probe_listen(&place, &problem), ERR_BUSY);
    assert_non_null(strstr(problem.text, "somebody listens there already"));
    (void)close(fd);
    assert_int_equal(tcp_probe_connect(&place, &problem), ERR_CLOSED);
    assert_non_null(strstr(problem.text, "nobody listens there"));
    assert_int_equal(tcp_probe_listen(&place, &problem), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_in_every_form),
        cmocka_unit_test(what_names_no_place_is_refused),
        cmocka_unit_test(a_listener_is_found_and_its_port_is_not_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
