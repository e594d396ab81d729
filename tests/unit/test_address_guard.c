/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "net/address_guard.h"
#include "tests/unit/unit.h"

static bool admits(const struct address_guard *guard, const char *text)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1) {
        return address_guard_admits(guard, (struct sockaddr *)&ipv4);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1);
    return address_guard_admits(guard, (struct sockaddr *)&ipv6);
}

static void assert_all(const struct address_guard *guard, const char *const *texts, bool admitted)
{
    for (; *texts != NULL; texts++) {
        if (admits(guard, *texts) != admitted) {
            fail_msg("%s was %s", *texts, admitted ? "refused" : "admitted");
        }
    }
}

/* First and last of each network. */
static const char *const private_texts[] = {"0.0.0.0",
                                            "0.255.255.255",
                                            "10.0.0.0",
                                            "10.255.255.255",
                                            "100.64.0.0",
                                            "100.127.255.255",
                                            "127.0.0.1",
                                            "127.255.255.255",
                                            "169.254.0.0",
                                            "169.254.169.254",
                                            "172.16.0.0",
                                            "172.31.255.255",
                                            "192.0.0.0",
                                            "192.0.0.255",
                                            "192.0.2.1",
                                            "192.88.99.1",
                                            "192.168.0.0",
                                            "192.168.255.255",
                                            "198.18.0.0",
                                            "198.19.255.255",
                                            "198.51.100.1",
                                            "203.0.113.1",
                                            "224.0.0.0",
                                            "239.255.255.255",
                                            "240.0.0.0",
                                            "255.255.255.255",
                                            "::",
                                            "::1",
                                            "::7f00:1",
                                            "::ffff:127.0.0.1",
                                            "::ffff:10.0.0.1",
                                            "::ffff:169.254.169.254",
                                            "::ffff:0:127.0.0.1",
                                            "64:ff9b::127.0.0.1",
                                            "64:ff9b::10.1.2.3",
                                            "64:ff9b:1::1",
                                            "100::1",
                                            "2001::1",
                                            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                                            "2001:1ff:ffff::",
                                            "2001:db8::1",
                                            "2002:7f00:1::",
                                            "2002:808:808::1",
                                            "3fff::1",
                                            "3fff:fff:ffff::",
                                            "4000::1",
                                            "5f00::1",
                                            "fc00::1",
                                            "fdff:ffff::1",
                                            "fe80::1",
                                            "febf::1",
                                            "fec0::1",
                                            "ff02::1",
                                            NULL};

/* The neighbours of those networks, and some that people know. */
static const char *const public_texts[] = {"1.0.0.0",
                                           "8.8.8.8",
                                           "9.255.255.255",
                                           "11.0.0.0",
                                           "100.63.255.255",
                                           "100.128.0.0",
                                           "126.255.255.255",
                                           "128.0.0.0",
                                           "169.253.255.255",
                                           "169.255.0.0",
                                           "172.15.255.255",
                                           "172.32.0.0",
                                           "191.255.255.255",
                                           "192.0.1.0",
                                           "192.0.3.0",
                                           "192.88.98.255",
                                           "192.167.255.255",
                                           "192.169.0.0",
                                           "198.17.255.255",
                                           "198.20.0.0",
                                           "203.0.112.255",
                                           "223.255.255.255",
                                           "::ffff:8.8.8.8",
                                           "64:ff9b::8.8.8.8",
                                           "2000::1",
                                           "2001:200::1",
                                           "2001:4860:4860::8888",
                                           "2003::1",
                                           "2606:4700::1111",
                                           "3ffe:ffff::1",
                                           "3fff:1000::1",
                                           NULL};

static void what_is_not_public_is_refused(void **state)
{
    (void)state;
    const struct address_guard guard = {0};
    assert_all(&guard, private_texts, false);
    assert_all(&guard, public_texts, true);
}

static void all_can_be_let_in(void **state)
{
    (void)state;
    const struct address_guard guard = {.allow_all = true};
    assert_all(&guard, private_texts, true);
    assert_all(&guard, public_texts, true);
}

static struct address_network network_of(const char *text)
{
    struct address_network network;
    if (!address_network_read(slice_str(text), &network)) {
        fail_msg("%s is no network", text);
    }
    return network;
}

static void networks_can_be_let_in(void **state)
{
    (void)state;
    const struct address_network networks[] = {network_of("10.1.0.0/16"), network_of("192.168.7.9"),
                                               network_of("172.20.8.0/21"), network_of("fd12::/48"),
                                               network_of("::1")};
    const struct address_guard guard = {.allowed = networks, .allowed_count = 5};
    static const char *const in[] = {"10.1.0.0",    "10.1.255.255",     "192.168.7.9",
                                     "172.20.15.1", "::ffff:10.1.2.3",  "fd12::1",
                                     "::1",         "fd12:0:0:ffff::1", NULL};
    static const char *const out[] = {"10.0.255.255", "10.2.0.0",   "192.168.7.8", "172.20.16.0",
                                      "172.20.7.255", "fd12:0:1::", "::2",         "127.0.0.1",
                                      "64:ff9b::1",   NULL};
    assert_all(&guard, in, true);
    assert_all(&guard, out, false);
    assert_all(&guard, public_texts, true);
}

static void what_is_no_network_is_not_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "/8",         "10.0.0.0/",   "10.0.0.0/33", "10.0.0.0/-1",  "10.0.0.0/8/8",
        "10.0.0/8",   "10.0.0.1/8", "10.0.0.0/7x", "010.0.0.0/8", "localhost",    "::1/129",
        "fd12::1/48", "fd12:::/48", "[::1]",       "10.0.0.0 /8", "fe80::1%eth0", "10.128.0.0/8",
        "10.0.0.0/ 8"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address_network network;
        if (address_network_read(slice_str(texts[i]), &network)) {
            fail_msg("\"%s\" was taken for a network", texts[i]);
        }
    }
    assert_int_equal(network_of("0.0.0.0/0").bits, 96);
    assert_int_equal(network_of("::/0").bits, 0);
    assert_int_equal(network_of("255.255.255.255/32").bits, 128);
}

static void other_kinds_of_addresses_are_refused(void **state)
{
    (void)state;
    const struct address_guard guard = {.allow_all = true};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_false(address_guard_admits(&guard, (struct sockaddr *)&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_public_is_refused),
        cmocka_unit_test(all_can_be_let_in),
        cmocka_unit_test(networks_can_be_let_in),
        cmocka_unit_test(what_is_no_network_is_not_read),
        cmocka_unit_test(other_kinds_of_addresses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
