/* SPDX-License-Identifier: Apache-2.0 */
/* The channels of a worker's providers, opened anew while attempts are under way. */
#include "tests/unit/unit.h"
#include "worker/outlets.h"

static uv_loop_t loop;
static unsigned results[OUTCOMES];

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    (void)attempt;
    results[result->outcome]++;
}

static struct outlets *make_outlets(void)
{
    memset(results, 0, sizeof(results));
    assert_int_equal(uv_loop_init(&loop), 0);
    const struct channel_context context = {.loop = &loop, .result = on_result};
    return outlets_new(&context);
}

static enum err open_null(struct outlets *outlets, const char *adapter, const char *settings)
{
    const struct wire_provider provider = {
        .id = 3, .name = "p", .adapter = adapter, .settings = settings};
    struct problem problem = {0};
    return outlets_open(outlets, &provider, &problem);
}

static void start(struct outlets *outlets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        outlets_start(outlets, &(struct attempt){.id = i, .provider = 3});
    }
}

static void finish(struct outlets *outlets)
{
    outlets_free(outlets);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void what_is_under_way_ends_on_the_old_channel(void **state)
{
    (void)state;
    struct outlets *outlets = make_outlets();
    assert_int_equal(open_null(outlets, "null", "{\"delay_ms\": 20, \"concurrency\": 50}"), ERR_OK);
    start(outlets, 10);
    assert_int_equal(open_null(outlets, "null", "{\"delay_ms\": 20, \"concurrency\": 70}"), ERR_OK);
    assert_int_equal(outlets_concurrency(outlets, 3), 70);
    outlets_sweep(outlets);
    start(outlets, 5);
    while (results[OUTCOME_ACCEPTED] < 15) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    outlets_sweep(outlets);
    assert_int_equal(results[OUTCOME_DEFERRED], 0);
    finish(outlets);
}

static void a_provider_keeps_its_channel_if_it_cannot_be_opened_anew(void **state)
{
    (void)state;
    struct outlets *outlets = make_outlets();
    assert_int_equal(open_null(outlets, "null", "{\"concurrency\": 50}"), ERR_OK);
    assert_int_equal(open_null(outlets, "null", "{\"concurency\": 50}"), ERR_INVALID);
    assert_int_equal(open_null(outlets, "nul", "{}"), ERR_UNSUPPORTED);
    assert_int_equal(outlets_concurrency(outlets, 3), 50);
    outlets_shut(outlets, 3);
    assert_int_equal(outlets_concurrency(outlets, 3), 0);
    finish(outlets);
}

static void a_channel_has_the_token_that_the_one_before_it_was_told(void **state)
{
    (void)state;
    static const char *const settings =
        "{\"project\": \"p\", \"service_account\": \"env:X\", \"url\": \"http://127.0.0.1:1\"}";
    struct outlets *outlets = make_outlets();
    outlets_set_bearer(outlets, 4, "fcm", slice_str("of-another-provider"));
    outlets_set_bearer(outlets, 3, "apns", slice_str("of-another-adapter"));
    assert_int_equal(open_null(outlets, "fcm", settings), ERR_OK);
    start(outlets, 1);
    assert_int_equal(results[OUTCOME_MISCONFIGURED], 1);
    outlets_set_bearer(outlets, 3, "fcm", slice_str("first"));
    outlets_set_bearer(outlets, 3, "fcm", slice_str("second"));
    start(outlets, 1);
    assert_int_equal(open_null(outlets, "fcm", settings), ERR_OK);
    start(outlets, 1);
    assert_int_equal(results[OUTCOME_MISCONFIGURED], 1);
    finish(outlets);
    assert_int_equal(results[OUTCOME_DEFERRED], 2);
}

static void the_end_gives_up_what_is_under_way_and_says_so(void **state)
{
    (void)state;
    struct outlets *outlets = make_outlets();
    assert_int_equal(open_null(outlets, "null", "{\"delay_ms\": 60000}"), ERR_OK);
    start(outlets, 4);
    outlets_shut(outlets, 3);
    assert_int_equal(open_null(outlets, "null", "{\"delay_ms\": 60000}"), ERR_OK);
    start(outlets, 3);
    finish(outlets);
    assert_int_equal(results[OUTCOME_DEFERRED], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_under_way_ends_on_the_old_channel),
        cmocka_unit_test(a_provider_keeps_its_channel_if_it_cannot_be_opened_anew),
        cmocka_unit_test(a_channel_has_the_token_that_the_one_before_it_was_told),
        cmocka_unit_test(the_end_gives_up_what_is_under_way_and_says_so),
    };
    return cmocka_run_group_tests_name("outlets", tests, NULL, NULL);
}
