/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "coordinator/identity/signin_guard.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

static int setup(void **state)
{
    assert_true(sodium_init() >= 0);
    *state = signin_guard_new();
    return 0;
}

static int teardown(void **state)
{
    signin_guard_free(*state);
    return 0;
}

static uint32_t fail_at(struct signin_guard *guard, const char *text, uint64_t now_ms)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(&address, &in, sizeof(in));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        memcpy(&address, &in6, sizeof(in6));
    }
    return signin_guard_fail(guard, (const struct sockaddr *)&address, now_ms);
}

static void use_up(struct signin_guard *guard, const char *address, uint64_t now_ms)
{
    for (unsigned i = 0; i < SIGNIN_FREE + 1; i++) {
        assert_int_equal(fail_at(guard, address, now_ms), 0);
    }
}

static void the_wait_grows_with_every_failure(void **state)
{
    struct signin_guard *guard = *state;
    uint64_t now_ms = NOW_MS;
    uint32_t before_ms = 500;
    use_up(guard, "192.0.2.1", now_ms);
    for (unsigned i = 0; i < 7; i++) {
        uint32_t ms = fail_at(guard, "192.0.2.1", now_ms);
        assert_int_equal(ms, before_ms * 2);
        assert_int_equal(fail_at(guard, "192.0.2.1", now_ms + ms - 1), 1); /* nor does it grow */
        before_ms = ms;
        now_ms += ms;
        assert_int_equal(fail_at(guard, "192.0.2.1", now_ms), 0);
    }
}

static void no_wait_is_longer_than_five_minutes(void **state)
{
    struct signin_guard *guard = *state;
    uint64_t now_ms = NOW_MS;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t ms = fail_at(guard, "192.0.2.1", now_ms);
        assert_true(ms <= SIGNIN_WAIT_MAX_MS);
        now_ms += ms;
    }
}

static void failures_are_forgotten(void **state)
{
    struct signin_guard *guard = *state;
    use_up(guard, "192.0.2.1", NOW_MS);
    assert_true(fail_at(guard, "192.0.2.1", NOW_MS) > 0);
    use_up(guard, "192.0.2.1", NOW_MS + UINT64_C(1) * (SIGNIN_FREE + 1) * SIGNIN_FORGET_MS);
    for (unsigned i = 0; i < 1000; i++) { /* one now and then is never slowed */
        assert_int_equal(fail_at(guard, "192.0.2.7", NOW_MS + (uint64_t)i * SIGNIN_FORGET_MS), 0);
    }
}

static void addresses_do_not_wait_for_each_other(void **state)
{
    struct signin_guard *guard = *state;
    use_up(guard, "192.0.2.1", NOW_MS);
    assert_true(fail_at(guard, "192.0.2.1", NOW_MS) > 0);
    assert_true(fail_at(guard, "::ffff:192.0.2.1", NOW_MS) > 0); /* the same */
    assert_int_equal(fail_at(guard, "192.0.2.2", NOW_MS), 0);
    use_up(guard, "2001:db8:0:1::1", NOW_MS);
    assert_true(fail_at(guard, "2001:db8:0:1:ffff::2", NOW_MS) > 0); /* the same household */
    assert_int_equal(fail_at(guard, "2001:db8:0:2::1", NOW_MS), 0);
}

static void many_addresses_take_no_more_memory(void **state)
{
    struct signin_guard *guard = *state;
    struct sockaddr_in in = {.sin_family = AF_INET};
    for (uint32_t i = 1; i < 100000; i++) {
        in.sin_addr.s_addr = i;
        assert_int_equal(signin_guard_fail(guard, (const struct sockaddr *)&in, NOW_MS + i), 0);
    }
}

#define GUARD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD_TEST(the_wait_grows_with_every_failure),
        GUARD_TEST(no_wait_is_longer_than_five_minutes),
        GUARD_TEST(failures_are_forgotten),
        GUARD_TEST(addresses_do_not_wait_for_each_other),
        GUARD_TEST(many_addresses_take_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
