/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "coordinator/report/row_text.h"
#include "tests/unit/unit.h"

/* Random text, mostly of letters, now and then of what needs an escape. */
static size_t make_text(uint8_t *text, size_t max, unsigned *seed)
{
    static const char special[] = "\"\\\n\r\t\b\f\x01\x1f, =+-@";
    size_t len = (size_t)rand_r(seed) % max;
    for (size_t i = 0; i < len; i++) {
        unsigned dice = (unsigned)rand_r(seed);
        text[i] = dice % 7 == 0 ? (uint8_t)special[dice / 7 % (sizeof(special) - 1)]
                                : (uint8_t)(0x20 + dice / 7 % 0xe0);
    }
    return len;
}

static void json_is_escaped_as_everywhere(void **state)
{
    (void)state;
    unsigned seed = 1;
    uint8_t text[70];
    uint8_t out[6 * 70 + 16];
    for (unsigned i = 0; i < 20000; i++) {
        struct buf expected = {0};
        struct slice slice = slice_of(text, make_text(text, sizeof(text), &seed));
        size_t len = (size_t)(row_json(out, slice) - out);
        text_json_escape(&expected, slice);
        assert_true(len <= row_json_max(slice.len));
        assert_int_equal(len, expected.len);
        if (len > 0) {
            assert_memory_equal(out, expected.data, len);
        }
        buf_release(&expected);
    }
}

static void expect_csv(const char *value, const char *expected)
{
    uint8_t out[64];
    size_t len = (size_t)(row_csv(out, slice_str(value)) - out);
    assert_true(len <= row_csv_max(strlen(value)));
    assert_slice_is(slice_of(out, len), expected);
}

static void csv_quotes_what_must_be_quoted(void **state)
{
    (void)state;
    expect_csv("", "");
    expect_csv("plain", "plain");
    expect_csv("a,b", "\"a,b\"");
    expect_csv("a\"b", "\"a\"\"b\"");
    expect_csv("a\r\nb", "\"a\r\nb\"");
    expect_csv(" a", "\" a\"");
    expect_csv("a ", "\"a \"");
    expect_csv("\"", "\"\"\"\"");
    expect_csv("Sm\xc3\xb8rg\xc3\xa5s", "Sm\xc3\xb8rg\xc3\xa5s");
}

static void csv_disarms_formulas_and_leaves_numbers(void **state)
{
    (void)state;
    expect_csv("+4790000001", "+4790000001");
    expect_csv("-12", "-12");
    expect_csv("=1+1", "'=1+1");
    expect_csv("@SUM(A1)", "'@SUM(A1)");
    expect_csv("+1+1", "'+1+1");
    expect_csv("-", "'-");
    expect_csv("+", "'+");
    expect_csv("-2+3", "'-2+3");
    expect_csv("\tx", "\"'\tx\"");
    expect_csv("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
}

static void numbers_are_decimal(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 9, 10, 99, 1234567, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct buf got = {0};
        struct buf expected = {0};
        row_put_number(&got, numbers[i]);
        buf_printf(&expected, "%llu", (unsigned long long)numbers[i]);
        assert_buf_is(&got, buf_cstr(&expected));
        buf_release(&got);
        buf_release(&expected);
    }
}

static void expect_time(struct row_times *times, uint64_t at_ms)
{
    char expected[TEXT_TIME_BYTES + 1];
    uint8_t out[TEXT_TIME_BYTES];
    text_time_str(expected, at_ms);
    assert_ptr_equal(row_time(times, out, at_ms), out + TEXT_TIME_BYTES);
    assert_memory_equal(out, expected, TEXT_TIME_BYTES);
}

static void times_are_as_everywhere(void **state)
{
    (void)state;
    struct row_times times = {0};
    unsigned seed = 2;
    static const uint64_t edges[] = {0,
                                     999,
                                     1000,
                                     86399999,
                                     86400000,
                                     UINT64_C(951782400000) /* a leap day */,
                                     UINT64_C(253402300799999),
                                     UINT64_C(253402300800000),
                                     UINT64_C(9007199254740991)};
    for (unsigned twice = 0; twice < 2; twice++) {
        for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
            expect_time(&times, edges[i]);
        }
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t far = UINT64_C(1700000000000) + (uint64_t)rand_r(&seed) * 97;
        expect_time(&times, far);
        expect_time(&times, far + (unsigned)rand_r(&seed) % 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_escaped_as_everywhere),
        cmocka_unit_test(csv_quotes_what_must_be_quoted),
        cmocka_unit_test(csv_disarms_formulas_and_leaves_numbers),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(times_are_as_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
