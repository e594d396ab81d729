/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of settings that make no relay. The mails are a matter of test_mime and of the
 * system tests. */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/channel/channel.h"

static uv_loop_t loop;
static struct problem problem;
static struct attempt_result last;

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    (void)attempt;
    last = *result;
}

static enum err open_smtp(struct channel **channel, const char *settings)
{
    struct channel_context context = {.loop = &loop, .result = on_result};
    struct wire_provider provider = {.name = "mail", .adapter = "smtp", .settings = settings};
    problem = (struct problem){0};
    return channel_open(channel, &context, &provider, &problem);
}

static void close_smtp(struct channel *channel)
{
    channel->adapter->close(channel);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void assert_opens(const char *settings)
{
    struct channel *channel;
    if (open_smtp(&channel, settings) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    close_smtp(channel);
}

static void assert_refused(const char *settings, enum err err, const char *because)
{
    struct channel *channel;
    assert_int_equal(open_smtp(&channel, settings), err);
    assert_string_equal(problem.text, because);
}

static void a_host_and_a_sender_are_enough(void **state)
{
    (void)state;
    assert_opens("{\"host\": \"relay.example\", \"from\": \"n@bank.example\"}");
    assert_opens("{\"host\": \"::1\", \"port\": \"25\", \"from\": \"n@bank.example\","
                 " \"starttls\": false, \"user\": \"u\", \"password\": \"env:TOCSIN_TEST_KEY\","
                 " \"from_name\": \"Bank\", \"reply_to\": \"help@bank.example\","
                 " \"headers\": {\"X-Campaign\": \"{{reference}} {{secret.a}}\"},"
                 " \"secrets\": {\"a\": \"env:TOCSIN_TEST_KEY\"}, \"helo\": \"w1.bank.example\"}");
}

static void mistakes_are_named_with_what_would_be_right(void **state)
{
    (void)state;
    assert_refused("{\"from\": \"n@bank.example\"}", ERR_INVALID,
                   "provider \"mail\": host is missing");
    assert_refused("{\"host\": \"h\"}", ERR_INVALID, "provider \"mail\": from is missing");
    assert_refused("{\"host\": \"h\", \"from\": \"Bank <n@b>\"}", ERR_INVALID,
                   "provider \"mail\": from must be an address such as notices@bank.example, not "
                   "\"Bank <n@b>\"");
    assert_refused("{\"host\": \"h/x\", \"from\": \"n@b\"}", ERR_INVALID,
                   "provider \"mail\": host must be a host's name or address, not \"h/x\"");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"helo\": \"a\\r\\nb\"}", ERR_INVALID,
                   "provider \"mail\": helo must be a host's name or address, not \"a\r\nb\"");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"starttls\": \"on\"}", ERR_INVALID,
                   "provider \"mail\": starttls must be one of off, opportunistic, required, not "
                   "\"on\"");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"user\": \"u\"}", ERR_INVALID,
                   "provider \"mail\": password is missing beside user");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"user\": \"u\", \"password\": \"p\"}",
                   ERR_INVALID,
                   "provider \"mail\": password: a secret is given by reference: env:NAME or "
                   "file:/path");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"user\": \"u\","
                   " \"password\": \"env:TOCSIN_TEST_KEY\", \"starttls\": \"opportunistic\"}",
                   ERR_INVALID,
                   "provider \"mail\": starttls must be required (or off, on a trusted network) "
                   "beside a password, which would else go to whoever suppresses STARTTLS");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"form_name\": \"x\"}", ERR_INVALID,
                   "provider \"mail\": unknown key \"form_name\"; did you mean \"from_name\"?");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"headers\": {\"bcc\": \"x@y\"}}",
                   ERR_INVALID, "provider \"mail\": headers: \"bcc\" is written by Tocsin");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"headers\": {\"X:\": \"x\"}}",
                   ERR_INVALID, "provider \"mail\": headers: \"X:\" is no name of a header");
    assert_refused("{\"host\": \"h\", \"from\": \"n@b\", \"headers\": {\"X\": \"{{\"}}",
                   ERR_INVALID,
                   "provider \"mail\": headers.X: line 1, column 1: after \"{{\" a name must stand "
                   "(letters, digits, \"_\", \"-\", \".\"); write \"\\{{\" for the braces "
                   "themselves");
}

static void an_endpoint_that_is_no_address_is_rejected_unsent(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_smtp(&channel, "{\"host\": \"127.0.0.1\", \"from\": \"n@b\","
                                         " \"headers\": {\"X\": \"{{nobody}}\"}}"),
                     ERR_OK);
    struct attempt attempt = {.id = 1, .endpoint = slice_str("a@b>\r\nRCPT TO:<c@d")};
    channel->adapter->start(channel, &attempt);
    assert_int_equal(last.outcome, OUTCOME_REJECTED);
    assert_int_equal(last.reason, REASON_NO_ENDPOINT);
    attempt.endpoint = slice_str("a@b.example");
    channel->adapter->start(channel, &attempt);
    assert_int_equal(last.outcome, OUTCOME_REJECTED);
    assert_int_equal(last.reason, REASON_VARIABLE_MISSING);
    close_smtp(channel);
}

static int set_up(void **state)
{
    (void)state;
    return setenv("TOCSIN_TEST_KEY", "k3y", 1) == 0 && uv_loop_init(&loop) == 0 ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_and_a_sender_are_enough),
        cmocka_unit_test(mistakes_are_named_with_what_would_be_right),
        cmocka_unit_test(an_endpoint_that_is_no_address_is_rejected_unsent),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
