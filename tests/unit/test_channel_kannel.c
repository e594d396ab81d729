/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of settings that cannot work, and what becomes of attempts that never left. */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/channel/channel.h"

static uv_loop_t loop;
static struct problem problem;
static unsigned results;
static enum outcome outcomes[8];

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    assert_true(attempt < 8);
    outcomes[attempt] = result->outcome;
    results++;
}

static enum err open_with(struct channel **out, const char *settings)
{
    struct channel_context context = {.loop = &loop, .result = on_result};
    struct wire_provider provider = {.name = "p", .adapter = "kannel", .settings = settings};
    results = 0;
    problem = (struct problem){0};
    return channel_open(out, &context, &provider, &problem);
}

static void assert_refused(const char *settings, const char *because)
{
    struct channel *channel;
    assert_int_not_equal(open_with(&channel, settings), ERR_OK);
    assert_string_equal(problem.text, because);
}

#define GOOD "\"url\":\"http://127.0.0.1:1/s\",\"user\":\"u\",\"password\":\"env:TOCSIN_TEST_KEY\""

static void settings_that_cannot_work_say_what_would(void **state)
{
    (void)state;
    assert_refused("{}", "provider \"p\": url, such as http://127.0.0.1:13013/cgi-bin/sendsms, is "
                         "missing");
    assert_refused("{\"url\":\"http://h/s\"}",
                   "provider \"p\": user (of Kannel's group sendsms-user) is missing");
    assert_refused("{\"url\":\"h/s\",\"user\":\"u\",\"password\":\"env:TOCSIN_TEST_KEY\"}",
                   "provider \"p\": url must begin with http:// or https://, name a host and have "
                   "no query, not \"h/s\"");
    assert_refused("{" GOOD ",\"receipt_url\":\"http://h/?a=1\"}",
                   "provider \"p\": receipt_url must begin with http:// or https://, name a host "
                   "and have no query, not \"http://h/?a=1\"");
    assert_refused("{" GOOD ",\"from\":\"a\\nb\"}",
                   "provider \"p\": from has a control character in it");
    assert_refused("{" GOOD ",\"numbers\":1001}",
                   "provider \"p\": numbers must be a number from 1 to 1000, not \"1001\"");
    assert_refused("{" GOOD ",\"method\":\"put\"}",
                   "provider \"p\": method must be one of post, get, not \"put\"");
}

static void start(struct channel *channel, uint32_t id, const char *text)
{
    struct attempt attempt = {
        .id = id, .endpoint = slice_str("+4790000001"), .text = slice_str(text)};
    channel->adapter->start(channel, &attempt);
}

/* One under way, one that waits for its connection, one that is being gathered. */
static void whatever_has_not_left_is_deferred_at_the_end(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_with(&channel, "{" GOOD ",\"numbers\":5,\"connections\":1}"), ERR_OK);
    assert_int_equal(channel->adapter->concurrency(channel), 5);
    start(channel, 0, "a");
    start(channel, 1, "b");
    start(channel, 2, "c");
    assert_int_equal(channel->adapter->concurrency(channel), 1); /* texts differ */
    assert_int_equal(results, 0);
    channel->adapter->close(channel);
    assert_int_equal(results, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(outcomes[i], OUTCOME_DEFERRED);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_cannot_work_say_what_would),
        cmocka_unit_test(whatever_has_not_left_is_deferred_at_the_end),
    };
    (void)setenv("TOCSIN_TEST_KEY", "k", 1);
    uv_loop_init(&loop);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    uv_loop_close(&loop);
    return failed;
}
