/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "tests/unit/unit.h"

static void nearest_finds_typing_errors(void **state)
{
    (void)state;
    static const char *const known[] = {"listen", "ledger_dir", "log_level", "workers", NULL};
    assert_string_equal(text_nearest("lsiten", known), "listen");         /* swapped */
    assert_string_equal(text_nearest("worker", known), "workers");        /* left out */
    assert_string_equal(text_nearest("log_levell", known), "log_level");  /* doubled */
    assert_string_equal(text_nearest("ledger-dir", known), "ledger_dir"); /* replaced */
    assert_string_equal(text_nearest("listen", known), "listen");
}

static void nearest_does_not_guess_wildly(void **state)
{
    (void)state;
    static const char *const known[] = {"listen", "sms", NULL};
    static const char *const nothing[] = {NULL};
    char endless[200];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_null(text_nearest("certificate", known));
    assert_null(text_nearest("fax", known));
    assert_null(text_nearest("", known));
    assert_null(text_nearest(endless, known));
    assert_null(text_nearest("listen", nothing));
}

static void nearest_prefers_the_closest_then_the_first(void **state)
{
    (void)state;
    static const char *const known[] = {"retries", "retry_ms", "retry_us", NULL};
    assert_string_equal(text_nearest("retry_us", known), "retry_us");
    assert_string_equal(text_nearest("retry_xs", known), "retry_ms");
}

static void numbers_are_whole_and_within_their_bounds(void **state)
{
    (void)state;
    uint64_t value = 1;
    assert_true(text_number(slice_str("0"), 0, 10, &value));
    assert_int_equal(value, 0);
    assert_true(text_number(slice_str("18446744073709551615"), 0, UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    static const char *const refused[] = {"",   " 1",  "1 ",  "-1", "+1",
                                          "1a", "0x1", "1.0", "9",  "18446744073709551616"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_false(text_number(slice_str(refused[i]), 0, 8, &value));
    }
    assert_false(text_number(slice_str("18446744073709551616"), 0, UINT64_MAX, &value));
    assert_false(text_number(slice_str("99999999999999999999999"), 0, UINT64_MAX, &value));
    assert_false(text_number(slice_str("1"), 2, 3, &value));
    assert_true(value == UINT64_MAX);
}

static void durations_are_read_in_every_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } rows[] = {
        {"250", 250000},        {"1.5s", 1500}, {"20ms", 20}, {"5m", 300000},   {"2h", 7200000},
        {"1d", 86400000},       {"0", 0},       {"0.001", 1}, {"1.25m", 75000}, {"0.5d", 43200000},
        {"1.500000000s", 1500},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t ms = 1;
        assert_true(text_duration_ms(slice_str(rows[i].text), &ms));
        assert_true(ms == rows[i].ms);
    }
}

static void durations_that_are_unclear_are_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "s",
        "ms",
        "1 s",
        "-1s",
        "1.s",
        ".5s",
        "1,5s",
        "1S",
        "1w",
        "1s1",
        "1m30s",
        "0.5ms",
        "0.0001",
        "1e3",
        "1.5.5s",
        "1.0000000000s",
        "18446744073709551615",
        "213503982335d",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        uint64_t ms = 7;
        assert_false(text_duration_ms(slice_str(refused[i]), &ms));
        assert_int_equal(ms, 7);
    }
}

static void times_are_written_in_utc_with_milliseconds(void **state)
{
    (void)state;
    static const struct {
        uint64_t unix_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {UINT64_C(951782399999), "2000-02-28T23:59:59.999Z"},
        {UINT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {UINT64_C(951868800000), "2000-03-01T00:00:00.000Z"},
        {UINT64_C(1795428000123), "2026-11-23T10:00:00.123Z"},
        {UINT64_C(4107542399000), "2100-02-28T23:59:59.000Z"},
        {UINT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {UINT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {UINT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    struct buf buf = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        text_time(&buf, rows[i].unix_ms);
        assert_buf_is(&buf, rows[i].text);
    }
    buf_release(&buf);
}

static void times_are_read_as_they_are_written(void **test)
{
    (void)test;
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {{"1970-01-01T00:00:00Z", 0},
                 {"2026-12-01T08:00:00Z", 1796112000000},
                 {"2026-12-01T09:00:00+01:00", 1796112000000},
                 {"2026-12-01T03:30:00.25-04:30", 1796112000250},
                 {"2024-02-29t12:00:00.1239z", 1709208000123},
                 {"2000-02-29T23:59:60Z", 951868800000},
                 {"9999-12-31T23:59:59.999Z", 253402300799999}};
    static const char *const bad[] = {"",
                                      "2026-12-01",
                                      "2026-12-01T08:00:00",
                                      "2026-12-01 08:00:00Z",
                                      "2026-13-01T08:00:00Z",
                                      "2026-02-29T08:00:00Z",
                                      "2100-02-29T08:00:00Z",
                                      "2026-12-00T08:00:00Z",
                                      "2026-12-01T24:00:00Z",
                                      "2026-12-01T08:60:00Z",
                                      "2026-12-01T08:00:61Z",
                                      "2026-12-01T08:00:00.Z",
                                      "2026-12-01T08:00:00+1:00",
                                      "2026-12-01T08:00:00+01:60",
                                      "2026-12-01T08:00:00Zx",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+00:01",
                                      "2026-12-01T08:00:00+0100",
                                      "26-12-01T08:00:00Z"};
    uint64_t ms = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_time_parse(slice_str(cases[i].text), &ms));
        assert_true(ms == cases[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(text_time_parse(slice_str(bad[i]), &ms));
    }
    for (uint64_t day = 0; day < 146097 * 3; day += 13) {
        char text[TEXT_TIME_BYTES + 1];
        text_time_str(text, day * 86400000 + day % 86400000);
        assert_true(text_time_parse(slice_str(text), &ms));
        assert_true(ms == day * 86400000 + day % 86400000);
    }
}

static void markup_is_shown_as_text(void **state)
{
    (void)state;
    struct buf buf = {0};
    text_markup(&buf, slice_str("<b title=\"a\" id='b'>R&D Østre</b>"));
    assert_string_equal(buf_cstr(&buf),
                        "&lt;b title=&quot;a&quot; id=&#39;b&#39;&gt;R&amp;D Østre&lt;/b&gt;");
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_shown_as_text),
        cmocka_unit_test(times_are_read_as_they_are_written),
        cmocka_unit_test(nearest_finds_typing_errors),
        cmocka_unit_test(nearest_does_not_guess_wildly),
        cmocka_unit_test(nearest_prefers_the_closest_then_the_first),
        cmocka_unit_test(numbers_are_whole_and_within_their_bounds),
        cmocka_unit_test(durations_are_read_in_every_unit),
        cmocka_unit_test(durations_that_are_unclear_are_refused),
        cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
