/* SPDX-License-Identifier: Apache-2.0 */
#include "common/listen_address.h"
#include "tests/unit/unit.h"

static void addresses_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *written;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:7480", "127.0.0.1:7480", true},   {"127.9.9.9:0", "127.9.9.9:0", true},
        {"localhost:65535", "127.0.0.1:65535", true}, {"[::1]:7480", "[::1]:7480", true},
        {"0.0.0.0:80", "0.0.0.0:80", false},          {"[::]:80", "[::]:80", false},
        {"10.1.2.3:80", "10.1.2.3:80", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct listen_address address;
        struct problem problem;
        char written[LISTEN_ADDRESS_CHARS];
        assert_int_equal(listen_address_parse(&address, cases[i].text, &problem), ERR_OK);
        listen_address_write(&address, written);
        assert_string_equal(written, cases[i].written);
        assert_int_equal(listen_address_is_loopback(&address), cases[i].is_loopback);
    }
}

static void anything_else_is_refused_with_an_example(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:80",
        "[::1]",
        "[127.0.0.1]:80",
        "example.org:80",
        "*:80",
        "1.2.3:80",
        "[]:80",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct listen_address address;
        struct problem problem;
        assert_int_equal(listen_address_parse(&address, texts[i], &problem), ERR_INVALID);
        assert_non_null(strstr(problem.text, "\"127.0.0.1:7480\""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(anything_else_is_refused_with_an_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
