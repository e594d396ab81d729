/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/content/retry_delay.h"
#include "tests/unit/api_rig.h"

#define KEY        "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
#define HOUR_MS    UINT64_C(3600000)
#define GIVE_UP_MS (24 * HOUR_MS)

/* Nobody listens there. */
static char nowhere[] = "http://127.0.0.1:1/hook";
static char private_url[] = "http://10.255.255.1/hook";
static char key[] = "env:TOCSIN_TEST_KEY";

static void forward_to(struct house *house, char *url, bool allow_private)
{
    assert_int_equal(setenv("TOCSIN_TEST_KEY", KEY, 1), 0);
    house->reply_rules.forward = (struct reply_forward_rules){
        .url = url,
        .classes = 1u << REPLY_OTHER | 1u << REPLY_HELP,
        .keys = {key},
        .key_count = 1,
        .allow_http = true,
        .allow_private = allow_private,
        .timeout_ms = 2000,
        .give_up_after_ms = GIVE_UP_MS,
    };
    house_crash(house);
    house->tick_ms = 1;
}

static void reply(struct house *house, const char *text)
{
    char body[128];
    (void)snprintf(body, sizeof(body),
                   "{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"%s\"}", text);
    expect(house, "POST", "/v1/replies", "", body, 200, "result");
}

static unsigned metric(struct house *house, const char *name)
{
    char line[128];
    struct answer answer = ask(house, "GET", "/metrics", "", "");
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(answer.text, line);
    assert_non_null(at);
    unsigned number = (unsigned)strtoul(at + strlen(line), NULL, 10);
    answer_release(&answer);
    return number;
}

/* The clock runs as fast as the loop turns, so tries may follow each other quickly. */
static void wait_for(struct house *house, const char *name, unsigned at_least)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < 200 && (seen = metric(house, name)) < at_least; i++) {
        house_turn_for(house, 5);
    }
    assert_true(seen >= at_least);
}

#define FAILED   "tocsin_reply_forwards_total{result=\"failed\"}"
#define GIVEN_UP "tocsin_reply_forwards_total{result=\"given_up\"}"
#define WAITING  "tocsin_reply_forwards_waiting"

static void what_cannot_be_passed_on_waits_and_is_given_up_in_the_end(void **state)
{
    struct house *house = *state;
    forward_to(house, nowhere, true);
    reply(house, "Who is this?");
    reply(house, "STOP"); /* not of a class that is passed on */
    reply(house, "help");
    wait_for(house, FAILED, 2);
    assert_int_equal(metric(house, WAITING), 2);
    house_crash(house);
    assert_int_equal(metric(house, WAITING), 2);
    house->now_ms += HOUR_MS; /* the next try, in another life */
    wait_for(house, FAILED, 2);
    assert_int_equal(metric(house, GIVEN_UP), 0);
    house->now_ms += GIVE_UP_MS;
    wait_for(house, GIVEN_UP, 2);
    assert_int_equal(metric(house, WAITING), 0);
    expect_get(house, "/v1/replies?class=other", 200, "Who is this?"); /* it is kept */
    house_crash(house);
    assert_int_equal(metric(house, WAITING), 0);
}

/* It fails at once, and not after the two seconds that nobody would answer for. */
static void a_private_address_is_not_called(void **state)
{
    struct house *house = *state;
    forward_to(house, private_url, false);
    reply(house, "Hello?");
    house->tick_ms = 0;
    uint64_t begin_ms = clock_monotonic_ms();
    house->now_ms += 10;
    wait_for(house, FAILED, 1);
    assert_true(clock_monotonic_ms() - begin_ms < 1500);
}

static void without_a_key_all_waits(void **state)
{
    struct house *house = *state;
    forward_to(house, nowhere, true);
    assert_int_equal(setenv("TOCSIN_TEST_KEY", "whsec_short", 1), 0);
    house_crash(house);
    reply(house, "Hello?");
    house_turn_for(house, 50);
    assert_int_equal(metric(house, FAILED), 0);
    assert_int_equal(metric(house, WAITING), 1);
    assert_int_equal(setenv("TOCSIN_TEST_KEY", KEY, 1), 0);
    api_reload_secrets(house->api);
    wait_for(house, FAILED, 1);
}

static void what_is_not_kept_any_more_is_not_passed_on(void **state)
{
    struct house *house = *state;
    forward_to(house, nowhere, true);
    reply(house, "Hello?");
    wait_for(house, FAILED, 1);
    house->now_ms += REPLIES_KEPT_MS + HOUR_MS;
    wait_for(house, GIVEN_UP, 1);
    expect_get(house, "/v1/replies", 200, "\"items\":[]");
    assert_int_equal(metric(house, WAITING), 0);
}

static void tries_become_rarer_and_are_spread(void **state)
{
    uint64_t before_ms = 0;
    (void)state;
    for (unsigned tries = 1; tries < 300; tries++) {
        uint64_t least_ms = UINT64_MAX;
        uint64_t most_ms = 0;
        for (uint64_t number = 1; number <= 100; number++) {
            uint64_t delay_ms = retry_delay_ms(tries, number);
            least_ms = delay_ms < least_ms ? delay_ms : least_ms;
            most_ms = delay_ms > most_ms ? delay_ms : most_ms;
        }
        assert_true(least_ms >= before_ms || tries > 7);
        assert_true(most_ms > least_ms && most_ms <= 7200000 + 720000);
        before_ms = least_ms;
    }
    assert_in_range(retry_delay_ms(1, 7), 4500, 5500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(what_cannot_be_passed_on_waits_and_is_given_up_in_the_end),
        HOUSE_TEST(a_private_address_is_not_called),
        HOUSE_TEST(without_a_key_all_waits),
        HOUSE_TEST(what_is_not_kept_any_more_is_not_passed_on),
        cmocka_unit_test(tries_become_rarer_and_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
