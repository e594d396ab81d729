/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>

#include "cli/human.h"
#include "tests/unit/unit.h"

static void counts_are_grouped_by_thousands(void **state)
{
    (void)state;
    struct buf buf = {0};
    human_count(&buf, 0);
    assert_buf_is(&buf, "0");
    human_count(&buf, 999);
    assert_buf_is(&buf, "999");
    human_count(&buf, 1000);
    assert_buf_is(&buf, "1,000");
    human_count(&buf, 1000000);
    assert_buf_is(&buf, "1,000,000");
    human_count(&buf, UINT64_MAX);
    assert_buf_is(&buf, "18,446,744,073,709,551,615");
    buf_release(&buf);
}

static void bytes_are_rounded_to_the_largest_unit(void **state)
{
    (void)state;
    struct buf buf = {0};
    human_bytes(&buf, 1);
    assert_buf_is(&buf, "1 byte");
    human_bytes(&buf, 999);
    assert_buf_is(&buf, "999 bytes");
    human_bytes(&buf, 1000);
    assert_buf_is(&buf, "1.0 kB");
    human_bytes(&buf, 999960);
    assert_buf_is(&buf, "1.0 MB");
    human_bytes(&buf, 39123456);
    assert_buf_is(&buf, "39.1 MB");
    human_bytes(&buf, UINT64_MAX);
    assert_buf_is(&buf, "18.4 EB");
    buf_release(&buf);
}

static void rates_have_a_decimal_only_when_small(void **state)
{
    (void)state;
    struct buf buf = {0};
    human_rate(&buf, 0);
    assert_buf_is(&buf, "0");
    human_rate(&buf, 3.44);
    assert_buf_is(&buf, "3.4");
    human_rate(&buf, 9.96);
    assert_buf_is(&buf, "10");
    human_rate(&buf, 84311.6);
    assert_buf_is(&buf, "84,312");
    human_rate(&buf, 5e23);
    assert_buf_is(&buf, "9,007,199,254,740,992");
    human_duration(&buf, 5e23);
    assert_buf_is(&buf, "104249991374 d 7 h");
    human_rate(&buf, -1);
    assert_buf_is(&buf, "0");
    buf_release(&buf);
}

static void a_limit_is_exact_and_no_small_rate_is_nothing(void **state)
{
    (void)state;
    static const struct {
        double per_s;
        const char *text;
    } limits[] = {{0, "0"},       {0.001, "0.001"},     {0.0001, "0.001"}, {0.04, "0.04"},
                  {12.5, "12.5"}, {442.125, "442.125"}, {500, "500"},      {12000, "12,000"}};
    struct buf buf = {0};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        human_limit(&buf, limits[i].per_s);
        assert_buf_is(&buf, limits[i].text);
    }
    human_rate(&buf, 0.04);
    assert_buf_is(&buf, "0.04");
    buf_release(&buf);
}

static void durations_have_at_most_two_units(void **state)
{
    (void)state;
    struct buf buf = {0};
    human_duration(&buf, 0.44);
    assert_buf_is(&buf, "0.4 s");
    human_duration(&buf, 4);
    assert_buf_is(&buf, "4 s");
    human_duration(&buf, 0);
    assert_buf_is(&buf, "0 s");
    human_duration(&buf, 59.96);
    assert_buf_is(&buf, "1 min 0 s");
    human_duration(&buf, 252);
    assert_buf_is(&buf, "4 min 12 s");
    human_duration(&buf, 7500);
    assert_buf_is(&buf, "2 h 5 min");
    human_duration(&buf, 3 * 86400 + 4 * 3600);
    assert_buf_is(&buf, "3 d 4 h");
    buf_release(&buf);
}

static void percent_reaches_100_only_at_the_end(void **state)
{
    (void)state;
    struct buf buf = {0};
    human_percent(&buf, 999999, 1000000);
    assert_buf_is(&buf, "99.9 %");
    human_percent(&buf, 1000000, 1000000);
    assert_buf_is(&buf, "100.0 %");
    human_percent(&buf, 0, 0);
    assert_buf_is(&buf, "0.0 %");
    buf_release(&buf);
}

static void foreign_text_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct buf buf = {0};
    human_text(&buf, slice_str("Ærø Ωμέγα 東京"));
    assert_buf_is(&buf, "Ærø Ωμέγα 東京");
    human_text(&buf, slice_str("a\033[31mb\x7f"
                               "c\x01"));
    assert_buf_is(&buf, "a?[31mb?c?");
    human_text(&buf, slice_str("two\nlines\tand\r\n"));
    assert_buf_is(&buf, "two lines and  ");
    human_text(&buf, slice_str("\xc2\x9b"
                               "31m\xe2\x80\xae"
                               "txt\xe2\x81\xa6")); /* CSI of C1, right-to-left override, isolate */
    assert_buf_is(&buf, "?31m?txt?");
    human_text(&buf, slice_str("bad\xff\xc3"));
    assert_buf_is(&buf, "bad??");
    buf_release(&buf);
}

static void widths_are_columns_and_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(human_columns(slice_str("")), 0);
    assert_int_equal(human_columns(slice_str("abc")), 3);
    assert_int_equal(human_columns(slice_str("Ærø")), 3);
    assert_int_equal(human_columns(slice_str("東京")), 4);
    assert_int_equal(human_columns(slice_str("e\xcc\x81")), 1); /* combining accent */
    assert_slice_is(human_cut(slice_str("東京都"), 5), "東京");
    assert_slice_is(human_cut(slice_str("abc"), 0), "");
    assert_slice_is(human_cut(slice_str("abc"), 9), "abc");
}

static void times_of_the_api_are_read(void **state)
{
    (void)state;
    uint64_t ms;
    assert_true(human_time_parse("1970-01-01T00:00:01.002Z", &ms));
    assert_int_equal(ms, 1002);
    assert_true(human_time_parse("2026-11-23T10:00:00Z", &ms));
    assert_int_equal(ms, UINT64_C(1795428000000));
    assert_false(human_time_parse("2026-11-23 10:00:00Z", &ms));
    assert_false(human_time_parse("2026-11-23T10:00:00+01:00", &ms));
    assert_false(human_time_parse("2026-11-23T10:00:00.12Z", &ms));
    assert_false(human_time_parse("", &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_grouped_by_thousands),
        cmocka_unit_test(bytes_are_rounded_to_the_largest_unit),
        cmocka_unit_test(rates_have_a_decimal_only_when_small),
        cmocka_unit_test(a_limit_is_exact_and_no_small_rate_is_nothing),
        cmocka_unit_test(durations_have_at_most_two_units),
        cmocka_unit_test(percent_reaches_100_only_at_the_end),
        cmocka_unit_test(foreign_text_cannot_steer_the_terminal),
        cmocka_unit_test(widths_are_columns_and_not_bytes),
        cmocka_unit_test(times_of_the_api_are_read),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
