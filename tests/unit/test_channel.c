/* SPDX-License-Identifier: Apache-2.0 */
/* The table of adapters, and the adapter that sends nothing. */
#include "proto/adapter.h"
#include "tests/unit/unit.h"
#include "worker/channel/channel.h"

static uv_loop_t loop;
static struct problem problem;
static unsigned results;
static struct attempt_result last;
static uint32_t last_attempt;

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    results++;
    last_attempt = attempt;
    last = *result;
}

static enum err open_with(struct channel **out, const char *adapter, const char *settings)
{
    struct channel_context context = {.loop = &loop, .result = on_result};
    struct wire_provider provider = {.name = "p", .adapter = adapter, .settings = settings};
    results = 0;
    problem = (struct problem){0};
    return channel_open(out, &context, &provider, &problem);
}

static void start(struct channel *channel, uint32_t id)
{
    struct attempt attempt = {.id = id};
    channel->adapter->start(channel, &attempt);
}

static void every_adapter_of_the_house_is_there(void **state)
{
    (void)state;
    for (const char *const *name = adapter_names(); *name != NULL; name++) {
        struct channel *channel;
        (void)open_with(&channel, *name, "{\"no_such_key\": 1}");
        assert_non_null(strstr(problem.text, "unknown key \"no_such_key\""));
    }
}

static void an_unknown_adapter_gets_the_nearest_name(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_with(&channel, "nul", "{}"), ERR_NOT_FOUND);
    assert_string_equal(problem.text,
                        "provider \"p\": there is no adapter \"nul\"; did you mean \"null\"?");
    assert_null(channel);
}

static void settings_that_are_no_object_are_refused(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_with(&channel, "null", "[1]"), ERR_INVALID);
    assert_int_equal(open_with(&channel, "null", "{\"delay_ms\":"), ERR_INVALID);
    assert_int_equal(open_with(&channel, "null", "{\"delayms\": 1}"), ERR_INVALID);
    assert_string_equal(problem.text,
                        "provider \"p\": unknown key \"delayms\"; did you mean \"delay_ms\"?");
}

static void null_accepts_before_start_returns(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_with(&channel, "null", ""), ERR_OK);
    assert_true(channel->adapter->concurrency(channel) > 0);
    start(channel, 7);
    assert_int_equal(results, 1);
    assert_int_equal(last_attempt, 7);
    assert_int_equal(last.outcome, OUTCOME_ACCEPTED);
    channel->adapter->close(channel);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void null_with_a_delay_accepts_in_order_when_it_is_over(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_with(&channel, "null", "{\"delay_ms\": 5, \"concurrency\": 3}"), ERR_OK);
    assert_int_equal(channel->adapter->concurrency(channel), 3);
    for (uint32_t round = 0; round < 2; round++) {
        results = 0;
        uint64_t before = uv_hrtime();
        for (uint32_t id = 1; id <= 3; id++) {
            start(channel, id);
        }
        assert_int_equal(results, 0);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(results, 3);
        assert_int_equal(last_attempt, 3);
        assert_true(uv_hrtime() - before >= 4000000);
        uv_update_time(&loop);
    }
    channel->adapter->close(channel);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void null_closed_early_gives_its_attempts_up(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_with(&channel, "null", "{\"delay_ms\": 60000}"), ERR_OK);
    start(channel, 1);
    start(channel, 2);
    channel->adapter->close(channel);
    assert_int_equal(results, 2);
    assert_int_equal(last.outcome, OUTCOME_DEFERRED);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static int set_up(void **state)
{
    (void)state;
    return uv_loop_init(&loop);
}

static int tear_down(void **state)
{
    (void)state;
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_adapter_of_the_house_is_there),
        cmocka_unit_test(an_unknown_adapter_gets_the_nearest_name),
        cmocka_unit_test(settings_that_are_no_object_are_refused),
        cmocka_unit_test(null_accepts_before_start_returns),
        cmocka_unit_test(null_with_a_delay_accepts_in_order_when_it_is_over),
        cmocka_unit_test(null_closed_early_gives_its_attempts_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
