/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/api_rig.h"

static void a_limit_that_was_set_holds_until_it_is_taken_back(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/providers/gateway";
    expect_get(house, path, 200,
               "\"rate_per_s\":0.0,\"limit\":{\"settings\":{\"rate\":0.0,\"burst\":null,"
               "\"concurrency\":null,\"quota\":null,\"quota_zone\":null,\"quiet_hours\":null},"
               "\"override\":null}");
    expect(house, "PATCH", path, "", "{\"rate\":500,\"burst\":20}", 200,
           "\"override\":{\"rate\":500.0,\"burst\":20.0,\"since\":\"2023-11-14T22:13:20.000Z\"}");
    expect_get(house, path, 200, "\"rate_now_per_s\":500.0");
    expect_get(house, "/v1/providers?limit=1", 200, "\"override\":{\"rate\":500.0");
    expect_get(house, "/v1/providers/relay", 200, "\"override\":null");
    house_crash(house);
    expect_get(house, path, 200, "\"rate_now_per_s\":500.0");
    expect_get(house, path, 200, "\"since\":\"2023-11-14T22:13:20.000Z\"");
    expect(house, "PATCH", path, "", "{\"rate\":0.25}", 200,
           "\"override\":{\"rate\":0.25,\"burst\":null,");
    /* A small one is no "none", which 0 stands for. */
    expect(house, "PATCH", path, "", "{\"rate\":0.001}", 200, "\"rate_per_s\":0.001,");
    expect_get(house, path, 200, "\"rate_now_per_s\":0.001,");
    expect(house, "PATCH", path, "", "{\"rate\":null}", 200, "\"override\":null");
    expect_get(house, path, 200, "\"rate_now_per_s\":0.0");
    expect(house, "PATCH", path, "", "{\"rate\":7}", 200, "\"rate_per_s\":7.0");
    expect(house, "DELETE", "/v1/providers/gateway/limit", "", "", 200, "\"override\":null");
    expect(house, "DELETE", "/v1/providers/gateway/limit", "", "", 200, "\"override\":null");
    house_crash(house);
    expect_get(house, path, 200, "\"override\":null");
    expect_get(house, path, 200, "\"rate_now_per_s\":0.0");
}

/* 22:13 UTC is in the night of Oslo, an hour ahead; it ends at 06:00 UTC. */
static void each_limit_is_set_and_taken_back_alone(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/providers/gateway";
    expect(house, "PATCH", path, "", "{\"concurrency\":40}", 200, "\"concurrency\":40,");
    expect(house, "PATCH", path, "", "{\"quota\":500,\"quota_zone\":\"Europe/Oslo\"}", 200,
           "\"quota\":{\"per_day\":500,\"used\":0,\"until\":\"2023-11-14T23:00:00.000Z\"}");
    expect(house, "PATCH", path, "",
           "{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Oslo\"}}", 200,
           "\"until\":\"2023-11-15T06:00:00.000Z\"}");
    expect_get(house, path, 200, "it has quiet hours, set by the API, and gets nothing");
    static const char all[] =
        "\"override\":{\"concurrency\":40,\"quota\":500,\"quota_zone\":\"Europe/Oslo\","
        "\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Oslo\"},"
        "\"concurrency_since\":\"2023-11-14T22:13:20.000Z\","
        "\"quota_since\":\"2023-11-14T22:13:20.000Z\","
        "\"quiet_hours_since\":\"2023-11-14T22:13:20.000Z\"}";
    expect_get(house, path, 200, all);
    house_crash(house);
    expect_get(house, path, 200, all);
    expect_get(house, path, 200, "\"concurrency\":40,\"under_way\"");
    expect_get(house, path, 200, "\"per_day\":500,");
    expect_get(house, path, 200, "\"until\":\"2023-11-15T06:00:00.000Z\"}");
    expect_get(house, "/v1/providers/relay", 200, "\"override\":null");
    expect(
        house, "PATCH", path, "", "{\"rate\":7,\"quota\":null,\"quiet_hours\":\"none\"}", 200,
        "\"override\":{\"rate\":7.0,\"burst\":null,\"concurrency\":40,\"quiet_hours\":\"none\",");
    expect_get(house, path, 200, "\"quiet_hours\":null,\"quota\":null,\"concurrency\":40,");
    expect(house, "PATCH", path, "", "{\"rate\":null,\"quiet_hours\":null}", 200,
           "\"override\":{\"concurrency\":40,\"concurrency_since\"");
    expect(house, "PATCH", path, "", "{\"concurrency\":\"none\"}", 200,
           "\"override\":{\"concurrency\":\"none\",\"concurrency_since\"");
    expect_get(house, path, 200, "\"concurrency\":null,\"under_way\"");
    expect(house, "DELETE", "/v1/providers/gateway/limit", "", "", 200, "\"override\":null");
    house_crash(house);
    expect_get(house, path, 200, "\"override\":null");
}

static void a_provider_says_why_it_is_at_its_rate(void **state)
{
    struct house *house = *state;
    static const char path[] = "/v1/providers/gateway";
    expect_get(house, path, 200, "\"concurrency\":null,\"under_way\":0");
    expect_get(house, path, 200, "\"why\":[{\"reason\":\"no_worker\"");
    expect(house, "PATCH", path, "", "{\"rate\":500}", 200,
           "\"why\":[{\"reason\":\"limit\",\"detail\":\"its limit is 500 a second, set by the "
           "API\",\"since\":\"2023-11-14T22:13:20.000Z\",\"until\":null}");
    expect_get(house, "/metrics", 200,
               "tocsin_provider_held_back{provider=\"gateway\",reason=\"limit\"} 1");
    expect_get(house, "/metrics", 200,
               "tocsin_provider_held_back{provider=\"gateway\",reason=\"breaker\"} 0");
    expect_get(house, "/metrics", 200, "tocsin_provider_under_way{provider=\"gateway\"} 0");
}

static void what_is_no_limit_is_refused(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *body;
        unsigned status;
        const char *says;
    } cases[] = {
        {"{\"rate\":-1}", 422, "from 0.001 to 10000000"},
        {"{\"rate\":0}", 422, "to send nothing, pause the campaigns"},
        {"{\"rate\":1e9}", 422, "\"pointer\":\"/rate\""},
        {"{\"rate\":\"fast\"}", 422, "must be a number"},
        {"{\"rate\":true}", 422, "must be a number"},
        {"{\"rate\":5,\"burst\":0}", 422, "one and 30 ms' worth"},
        {"{\"rate\":5,\"burst\":-3}", 422, "\"pointer\":\"/burst\""},
        {"{\"rate\":5,\"burts\":3}", 422, "burst"},
        {"{\"burst\":5}", 422, "\\\"rate\\\""},
        {"{\"rate\":null,\"burst\":5}", 422, "has its own"},
        {"{}", 422, "says nothing to change"},
        {"{\"concurrency\":0}", 422, "from 1 to 1000000 (recipients under way at once)"},
        {"{\"concurrency\":1000001}", 422, "\"pointer\":\"/concurrency\""},
        {"{\"concurrency\":2.5}", 422, "must be a whole number"},
        {"{\"concurrency\":\"non\"}", 422, "\\\"none\\\" for any number"},
        {"{\"concurency\":4}", 422, "did you mean"},
        {"{\"quota\":0}", 422, "from 1 to 1000000000 (recipients a day)"},
        {"{\"quota\":-5,\"rate\":7}", 422, "\"pointer\":\"/quota\""},
        {"{\"quota\":5,\"quota_zone\":\"Europe/Olso\"}", 422, "there is no time zone"},
        {"{\"quota\":5,\"quota_zone\":7}", 422, "\"pointer\":\"/quota_zone\""},
        {"{\"quota_zone\":\"UTC\"}", 422, "needs its \\\"quota\\\""},
        {"{\"quota\":\"none\",\"quota_zone\":\"UTC\"}", 422, "needs its \\\"quota\\\""},
        {"{\"quiet_hours\":5}", 422, "\"pointer\":\"/quiet_hours\""},
        {"{\"quiet_hours\":{\"from\":\"22:00\"}}", 422, "\\\"to\\\""},
        {"{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"25:00\"}}", 422,
         "\"pointer\":\"/quiet_hours/to\""},
        {"{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"22:00\"}}", 422, "are the same time"},
        {"{\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"channels\":[\"sms\"]}}", 422,
         "\"pointer\":\"/quiet_hours/channels\""},
        {"[]", 400, "object"},
        {"{\"rate\":", 400, "\"line\":1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, "PATCH", "/v1/providers/gateway", "", cases[i].body, cases[i].status,
               cases[i].says);
    }
    expect(house, "PATCH", "/v1/providers/nobody", "", "{\"rate\":5}", 404, "no provider");
    expect(house, "DELETE", "/v1/providers/nobody/limit", "", "", 404, "no provider");
    expect_get(house, "/v1/providers/nobody", 404, "no provider");
    expect_get(house, "/v1/providers/gateway", 200, "\"override\":null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_limit_that_was_set_holds_until_it_is_taken_back),
        HOUSE_TEST(what_is_no_limit_is_refused),
        HOUSE_TEST(each_limit_is_set_and_taken_back_alone),
        HOUSE_TEST(a_provider_says_why_it_is_at_its_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
