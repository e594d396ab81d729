/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/time_zone.h"
#include "common/time_zone_rule.h"
#include "tests/unit/unit.h"

#define MINUTE_MS UINT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)

/* 2026 in UTC; the comments say what the clocks on the wall show. */
#define JAN_1     UINT64_C(1767225600000)
#define MAR_29_1H UINT64_C(1774746000000) /* Oslo: 02:00 becomes 03:00 */
#define OCT_25_1H UINT64_C(1792890000000) /* Oslo: 03:00 becomes 02:00 */

static struct time_zone *zone_of(const char *name)
{
    struct time_zone *zone = NULL;
    struct problem problem = {0};
    if (time_zone_open(name, &zone, &problem) != ERR_OK) {
        fail_msg("%s: %s", name, problem.text);
    }
    return zone;
}

static struct day_span span_of(const char *text)
{
    struct day_span span = {0};
    assert_true(day_span_parse(slice_str(text), &span));
    return span;
}

static void utc_needs_no_file_and_never_changes(void **state)
{
    (void)state;
    struct time_zone *zone = zone_of("UTC");
    assert_int_equal(time_zone_offset_s(zone, JAN_1), 0);
    assert_true(time_zone_change_ms(zone, JAN_1) == UINT64_MAX);
    assert_int_equal(time_zone_day(zone, JAN_1), 20454);
    assert_int_equal(time_zone_day(zone, JAN_1 - 1), 20453);
    assert_true(time_zone_next_day_ms(zone, JAN_1) == JAN_1 + 24 * HOUR_MS);
    time_zone_free(zone);
}

static void summer_time_begins_and_ends_to_the_second(void **state)
{
    (void)state;
    struct time_zone *zone = zone_of("Europe/Oslo");
    assert_int_equal(time_zone_offset_s(zone, MAR_29_1H - 1), 3600);
    assert_int_equal(time_zone_offset_s(zone, MAR_29_1H), 7200);
    assert_int_equal(time_zone_offset_s(zone, OCT_25_1H - 1), 7200);
    assert_int_equal(time_zone_offset_s(zone, OCT_25_1H), 3600);
    assert_true(time_zone_change_ms(zone, JAN_1) == MAR_29_1H);
    assert_true(time_zone_change_ms(zone, MAR_29_1H) == OCT_25_1H);
    time_zone_free(zone);
}

static void the_rule_goes_on_after_the_last_change_of_the_file(void **state)
{
    (void)state;
    struct time_zone *zone = zone_of("America/New_York");
    /* 2060-07-01 and 2060-12-01, 12:00 UTC */
    assert_int_equal(time_zone_offset_s(zone, UINT64_C(2855995200000)), -4 * 3600);
    assert_int_equal(time_zone_offset_s(zone, UINT64_C(2869214400000)), -5 * 3600);
    time_zone_free(zone);
}

static void zones_of_the_south_and_of_odd_minutes_are_right(void **state)
{
    (void)state;
    struct time_zone *zone = zone_of("Australia/Lord_Howe");
    assert_int_equal(time_zone_offset_s(zone, JAN_1), 11 * 3600);
    assert_int_equal(time_zone_offset_s(zone, JAN_1 + 181 * 24 * HOUR_MS), 37800);
    time_zone_free(zone);
    zone = zone_of("Asia/Kathmandu");
    assert_int_equal(time_zone_offset_s(zone, JAN_1), 20700);
    assert_true(time_zone_change_ms(zone, JAN_1) == UINT64_MAX);
    time_zone_free(zone);
}

static void a_day_may_have_23_or_25_hours(void **state)
{
    (void)state;
    struct time_zone *zone = zone_of("Europe/Oslo");
    uint64_t spring = MAR_29_1H - 2 * HOUR_MS; /* 00:00 */
    assert_true(time_zone_next_day_ms(zone, spring) == spring + 23 * HOUR_MS);
    assert_true(time_zone_next_day_ms(zone, spring - 1) == spring);
    uint64_t autumn = OCT_25_1H - 3 * HOUR_MS;
    assert_true(time_zone_next_day_ms(zone, autumn) == autumn + 25 * HOUR_MS);
    time_zone_free(zone);
}

static void a_span_over_midnight_ends_in_the_morning(void **state)
{
    (void)state;
    struct time_zone *zone = zone_of("Europe/Oslo");
    struct day_span night = span_of("22:00-07:00");
    uint64_t until = 0;
    assert_true(day_span_covers(&night, zone, JAN_1, &until)); /* 01:00 */
    assert_true(until == JAN_1 + 6 * HOUR_MS);
    assert_false(day_span_covers(&night, zone, until, &until));
    assert_true(until == JAN_1 + 21 * HOUR_MS);
    assert_true(day_span_covers(&night, zone, until, NULL));
    assert_true(day_span_covers(&night, zone, until + 1, NULL));
    /* The night in which the clock jumps is an hour shorter, the other one an hour longer. */
    assert_true(day_span_covers(&night, zone, MAR_29_1H - 4 * HOUR_MS, &until));
    assert_true(until == MAR_29_1H + 4 * HOUR_MS);
    assert_true(day_span_covers(&night, zone, OCT_25_1H - 4 * HOUR_MS, &until));
    assert_true(until == OCT_25_1H + 5 * HOUR_MS);
    time_zone_free(zone);
}

static void a_span_that_the_clock_jumps_over_does_not_come(void **state)
{
    (void)state;
    struct time_zone *zone = zone_of("Europe/Oslo");
    struct day_span span = span_of("02:10-02:50");
    uint64_t until = 0;
    assert_false(day_span_covers(&span, zone, MAR_29_1H - HOUR_MS, &until));
    assert_true(until == MAR_29_1H + 23 * HOUR_MS + 10 * MINUTE_MS);
    /* In autumn it comes twice. */
    assert_false(day_span_covers(&span, zone, OCT_25_1H - HOUR_MS, &until));
    assert_true(until == OCT_25_1H - 50 * MINUTE_MS);
    assert_true(day_span_covers(&span, zone, until, &until));
    assert_true(until == OCT_25_1H - 10 * MINUTE_MS);
    assert_false(day_span_covers(&span, zone, until, &until));
    assert_true(until == OCT_25_1H + 10 * MINUTE_MS);
    time_zone_free(zone);
}

static void spans_are_written_as_they_are_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "22:00",       "22:00-07:0",  "22:00-22:00", "24:30-07:00",
        "2200-0700", "25:00-07:00", "22:60-07:00", "22:00+07:00", "00:00-24:00"};
    char text[DAY_SPAN_CHARS + 1];
    struct day_span span = span_of("22:05-07:00");
    day_span_write(text, &span);
    assert_string_equal(text, "22:05-07:00");
    span = span_of("18:00-24:00");
    day_span_write(text, &span);
    assert_string_equal(text, "18:00-00:00");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(day_span_parse(slice_str(bad[i]), &span));
    }
}

static void what_is_no_zone_is_refused_with_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum err err;
    } cases[] = {
        {"Europe/Olso", ERR_NOT_FOUND},    {"Mars/Base", ERR_NOT_FOUND}, {"", ERR_INVALID},
        {"../../etc/passwd", ERR_INVALID}, {"/etc/passwd", ERR_INVALID}, {"Europe/", ERR_INVALID},
        {"tzdata.zi", ERR_INVALID},        {"Europe Oslo", ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct time_zone *zone = NULL;
        struct problem problem = {0};
        assert_int_equal(time_zone_open(cases[i].name, &zone, &problem), cases[i].err);
        assert_null(zone);
        assert_non_null(strstr(problem.text, cases[i].name));
        assert_non_null(strstr(problem.text, "Europe/Oslo"));
    }
    struct time_zone *zone = NULL;
    struct problem problem = {0};
    assert_true(time_zone_open("Europe", &zone, &problem) != ERR_OK); /* a directory */
    assert_null(zone);
}

static void rules_of_every_form_are_read(void **state)
{
    (void)state;
    struct time_zone_rule rule;
    int64_t next = 0;
    /* Ireland writes its winter as a negative summer. */
    assert_true(time_zone_rule_parse(slice_str("IST-1GMT0,M10.5.0,M3.5.0/1"), &rule));
    assert_int_equal(time_zone_rule_offset_s(&rule, JAN_1 / 1000, &next), 0);
    assert_true(next == (int64_t)(MAR_29_1H / 1000));
    assert_int_equal(time_zone_rule_offset_s(&rule, MAR_29_1H / 1000, NULL), 3600);
    /* A rule may keep summer time for ever. */
    assert_true(time_zone_rule_parse(slice_str("EST5EDT,0/0,J365/25"), &rule));
    assert_int_equal(time_zone_rule_offset_s(&rule, JAN_1 / 1000 + 100 * 86400, NULL), -4 * 3600);
    assert_true(time_zone_rule_parse(slice_str("<+0330>-3:30"), &rule));
    assert_int_equal(time_zone_rule_offset_s(&rule, 0, &next), 12600);
    assert_true(next == INT64_MAX);
    /* J60 is 1 March in every year, 59 is 29 February or 1 March. */
    assert_true(time_zone_rule_parse(slice_str("AAA0BBB,J60/0,59/0"), &rule));
    static const char *const bad[] = {"",
                                      "C",
                                      "CET",
                                      "CET-1CEST",
                                      "CET-25",
                                      "CET-1CEST,",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "<+03-3",
                                      "CET-1x",
                                      "CET-1CEST,M3.5.0,M10.5.0/168",
                                      "CET-1CEST,J0,J10",
                                      "CET-1CEST,M3.5.0,M10.5.0 "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(time_zone_rule_parse(slice_str(bad[i]), &rule));
    }
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1"
                      "\0\0\0\0\0\0\0"
                      "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1"
                      "\0\0\x0e\x10\0\0\0"
                      "\nCET-1\n";
    size_t len = sizeof(bytes) - 1;
    struct time_zone *zone = NULL;
    assert_int_equal(time_zone_parse(slice_of(bytes, len), &zone), ERR_OK);
    assert_int_equal(time_zone_offset_s(zone, JAN_1), 3600);
    time_zone_free(zone);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(time_zone_parse(slice_of(bytes, cut), &zone), ERR_INVALID);
    }
    bytes[4] = '1';
    assert_int_equal(time_zone_parse(slice_of(bytes, len), &zone), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utc_needs_no_file_and_never_changes),
        cmocka_unit_test(summer_time_begins_and_ends_to_the_second),
        cmocka_unit_test(the_rule_goes_on_after_the_last_change_of_the_file),
        cmocka_unit_test(zones_of_the_south_and_of_odd_minutes_are_right),
        cmocka_unit_test(a_day_may_have_23_or_25_hours),
        cmocka_unit_test(a_span_over_midnight_ends_in_the_morning),
        cmocka_unit_test(a_span_that_the_clock_jumps_over_does_not_come),
        cmocka_unit_test(spans_are_written_as_they_are_read),
        cmocka_unit_test(what_is_no_zone_is_refused_with_its_name),
        cmocka_unit_test(rules_of_every_form_are_read),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
