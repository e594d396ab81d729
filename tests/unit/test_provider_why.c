/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "coordinator/api/provider_why.h"
#include "tests/unit/unit.h"

static void expect(const struct provider_view *view, const struct provider_limit *limit,
                   const char *expected)
{
    json_t *why = provider_why_json(view, limit);
    char *text = json_dumps(why, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(why);
}

static void nothing_holds_back_who_has_no_limit(void **state)
{
    (void)state;
    struct provider_def def = {.name = "g"};
    expect(&(struct provider_view){.def = &def, .workers = 2, .takers = 1, .campaigns = 3},
           &(struct provider_limit){0}, "[]");
}

static void throttling_says_since_when_and_by_which_answer(void **state)
{
    (void)state;
    struct provider_def def = {.name = "g"};
    expect(&(struct provider_view){.def = &def,
                                   .workers = 1,
                                   .takers = 1,
                                   .rate_now_per_s = 250,
                                   .throttled_per_s = 500,
                                   .throttled_reason = 429,
                                   .lowered_ms = 1700000000000,
                                   .paused_until_ms = 1700000005000},
           &(struct provider_limit){0},
           "[{\"reason\":\"throttled\",\"detail\":\"it refused 500 a second (429: provider "
           "answered); 250 a second are allowed until success raises it again\",\"since\":"
           "\"2023-11-14T22:13:20.000Z\",\"until\":null},{\"reason\":\"paused\",\"detail\":\"it "
           "asked for a pause\",\"since\":null,\"until\":\"2023-11-14T22:13:25.000Z\"}]");
}

static void every_other_reason_has_its_numbers(void **state)
{
    (void)state;
    struct provider_def def = {.name = "g"};
    const struct provider_view view = {.def = &def,
                                       .rate_per_s = 12.5,
                                       .concurrency = 40,
                                       .under_way = 41,
                                       .workers = 3,
                                       .limited_campaigns = 1,
                                       .campaigns = 2,
                                       .unopened = 2};
    json_t *why = provider_why_json(&view, &(struct provider_limit){0});
    static const char *const details[] = {
        "its limit is 12.5 a second, by the settings",
        "40 may be under way, by the settings, and 41 are or may be",
        ("1 of 2 campaigns that send by it have a rate of their "
         "own"),
        "2 workers could not open it", "none of 3 workers takes more now"};
    assert_int_equal(json_array_size(why), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(json_string_value(json_object_get(json_array_get(why, i), "detail")),
                            details[i]);
    }
    json_decref(why);
}

static void a_quota_that_is_used_up_says_until_when(void **state)
{
    (void)state;
    struct provider_def def = {.name = "g"};
    struct provider_view view = {.def = &def,
                                 .workers = 1,
                                 .takers = 1,
                                 .day_quota = 40,
                                 .day_used = 39,
                                 .day_until_ms = 1700000010000};
    expect(&view, &(struct provider_limit){0}, "[]");
    view.day_used = 40;
    expect(&view, &(struct provider_limit){.quota_since_ms = 5},
           "[{\"reason\":\"quota\",\"detail\":\"40 a day may be handed out, set by the API, and 40 "
           "were\","
           "\"since\":null,\"until\":\"2023-11-14T22:13:30.000Z\"}]");
}

static void quiet_hours_say_since_and_until_when(void **state)
{
    (void)state;
    struct provider_def def = {.name = "g"};
    struct provider_view view = {
        .def = &def, .workers = 1, .takers = 1, .quiet = {1700000005000, 1700000010000}};
    expect(&view, &(struct provider_limit){0}, "[]");
    view.quiet_since_ms = 1700000000000;
    expect(
        &view, &(struct provider_limit){0},
        "[{\"reason\":\"quiet_hours\",\"detail\":\"it has quiet hours, by the settings, and gets "
        "nothing\",\"since\":\"2023-11-14T22:13:20.000Z\",\"until\":\"2023-11-14T22:13:30."
        "000Z\"}]");
}

static void an_open_breaker_says_until_when(void **state)
{
    (void)state;
    struct provider_def def = {.name = "g"};
    const struct provider_view view = {.def = &def,
                                       .workers = 1,
                                       .takers = 1,
                                       .breaker = BREAKER_OPEN,
                                       .breaker_reason = 401,
                                       .breaker_until_ms = 1700000005000};
    json_t *why = provider_why_json(&view, &(struct provider_limit){0});
    const json_t *first = json_array_get(why, 0);
    assert_string_equal(json_string_value(json_object_get(first, "reason")), "breaker");
    assert_non_null(strstr(json_string_value(json_object_get(first, "detail")), "401"));
    assert_string_equal(json_string_value(json_object_get(first, "until")),
                        "2023-11-14T22:13:25.000Z");
    json_decref(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_holds_back_who_has_no_limit),
        cmocka_unit_test(throttling_says_since_when_and_by_which_answer),
        cmocka_unit_test(every_other_reason_has_its_numbers),
        cmocka_unit_test(a_quota_that_is_used_up_says_until_when),
        cmocka_unit_test(quiet_hours_say_since_and_until_when),
        cmocka_unit_test(an_open_breaker_says_until_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
