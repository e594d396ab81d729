/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/columns.h"
#include "tests/unit/unit.h"

enum { MANY = 1024 };

/* Writes the values, reads them back, and returns how many bytes they took. */
static size_t round_trip(const uint64_t *values, unsigned count)
{
    struct buf buf = {0};
    columns_put(&buf, values, count);
    uint64_t got[MANY] = {0};
    struct reader reader = reader_of(buf_view(&buf));
    assert_true(columns_get(&reader, got, count));
    assert_int_equal(reader_left(&reader), 0);
    if (count > 0) {
        assert_memory_equal(got, values, count * sizeof(*values));
    }
    size_t len = buf.len;
    buf_release(&buf);
    return len;
}

static void expect_bytes(const uint64_t *values, unsigned count, const char *expected, size_t len)
{
    struct buf buf = {0};
    columns_put(&buf, values, count);
    assert_int_equal(buf.len, len);
    assert_memory_equal(buf.data, expected, len);
    buf_release(&buf);
    round_trip(values, count);
}

static void no_values_are_no_bytes(void **state)
{
    (void)state;
    assert_int_equal(round_trip(NULL, 0), 0);
}

static void equal_values_are_a_constant(void **state)
{
    (void)state;
    static const uint64_t values[] = {300, 300, 300};
    expect_bytes(values, 3, "\x00\xac\x02", 3);
    expect_bytes(values, 1, "\x00\xac\x02", 3);
}

static void counting_upwards_is_a_sequence(void **state)
{
    (void)state;
    static const uint64_t values[] = {7, 8, 9, 10};
    expect_bytes(values, 4, "\x01\x07", 2);
}

static void near_values_are_deltas(void **state)
{
    (void)state;
    static const uint64_t values[] = {1000, 1003, 1001, 1001};
    expect_bytes(values, 4, "\x02\xd0\x0f\x06\x03\x00", 6);
}

static void few_changes_are_runs(void **state)
{
    (void)state;
    static const uint64_t values[] = {5, 5, 5, 5, 5, 5, 9, 9, 9, 9};
    expect_bytes(values, 10, "\x03\x05\x06\x09\x04", 5);
}

static void the_shortest_form_is_taken(void **state)
{
    (void)state;
    uint64_t values[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        values[i] = i / 512;
    }
    assert_int_equal(round_trip(values, MANY), 1 + 2 * 3);
    for (unsigned i = 0; i < MANY; i++) {
        values[i] = UINT64_C(2) * i;
    }
    assert_int_equal(round_trip(values, MANY), 1 + MANY);
}

static void all_of_the_range_survives(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, UINT64_MAX, 1, UINT64_MAX - 1, UINT64_C(1) << 63, 0};
    round_trip(values, 6);
    static const uint64_t constant[] = {UINT64_MAX, UINT64_MAX};
    round_trip(constant, 2);
    static const uint64_t wrapping[] = {UINT64_MAX - 1, UINT64_MAX, 0, 1};
    assert_int_equal(round_trip(wrapping, 4), 11);
}

static void scattered_values_survive(void **state)
{
    (void)state;
    uint64_t values[MANY];
    uint64_t random = 88172645463325252;
    for (unsigned i = 0; i < MANY; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        values[i] = random >> (random % 64);
    }
    for (unsigned count = 0; count <= MANY; count += 31) {
        round_trip(values, count);
    }
}

static void expect_refusal(const char *bytes, size_t len, unsigned count)
{
    uint64_t values[MANY];
    struct reader reader = reader_of(slice_of(bytes, len));
    assert_false(columns_get(&reader, values, count));
    assert_true(reader.bad);
}

static void a_column_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static const uint64_t columns[][4] = {
        {300, 300, 300, 300}, {300, 301, 302, 303}, {300, 3, 900, 4}, {300, 300, 300, 301}};
    for (unsigned i = 0; i < 4; i++) {
        struct buf buf = {0};
        columns_put(&buf, columns[i], 4);
        for (size_t len = 0; len < buf.len; len++) {
            expect_refusal((const char *)buf.data, len, 4);
        }
        buf_release(&buf);
    }
}

static void runs_that_do_not_give_the_count_are_refused(void **state)
{
    (void)state;
    expect_refusal("\x03\x05\x03", 3, 4);                 /* too few, and nothing behind */
    expect_refusal("\x03\x05\x05", 3, 4);                 /* too many */
    expect_refusal("\x03\x05\x00\x05\x04", 5, 4);         /* a run of none */
    expect_refusal("\x03\x05\x84\x80\x80\x80\x10", 7, 4); /* 2^32 + 4 */
}

static void an_unknown_form_is_refused(void **state)
{
    (void)state;
    expect_refusal("\x04\x05", 2, 1);
    expect_refusal("\xff\x05", 2, 1);
}

static void what_follows_a_column_is_left(void **state)
{
    (void)state;
    uint64_t values[2];
    struct reader reader = reader_of(slice_of("\x01\x07rest", 6));
    assert_true(columns_get(&reader, values, 2));
    assert_int_equal(reader_left(&reader), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_values_are_no_bytes),
        cmocka_unit_test(equal_values_are_a_constant),
        cmocka_unit_test(counting_upwards_is_a_sequence),
        cmocka_unit_test(near_values_are_deltas),
        cmocka_unit_test(few_changes_are_runs),
        cmocka_unit_test(the_shortest_form_is_taken),
        cmocka_unit_test(all_of_the_range_survives),
        cmocka_unit_test(scattered_values_survive),
        cmocka_unit_test(a_column_cut_anywhere_is_refused),
        cmocka_unit_test(runs_that_do_not_give_the_count_are_refused),
        cmocka_unit_test(an_unknown_form_is_refused),
        cmocka_unit_test(what_follows_a_column_is_left),
    };
    return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
