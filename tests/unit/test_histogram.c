/* SPDX-License-Identifier: Apache-2.0 */
#include "common/histogram.h"
#include "tests/unit/unit.h"

/* By the definition, without any trick. */
static unsigned bucket_slowly(const struct histogram_scale *scale, uint64_t value)
{
    unsigned i = 0;
    while (i < scale->buckets && value > scale->first << i * scale->shift) {
        i++;
    }
    return i;
}

static void a_bound_belongs_to_its_bucket(void **test)
{
    (void)test;
    assert_int_equal(histogram_bucket(&HISTOGRAM_MS, 0), 0);
    assert_int_equal(histogram_bucket(&HISTOGRAM_MS, 1), 0);
    assert_int_equal(histogram_bucket(&HISTOGRAM_MS, 2), 1);
    assert_int_equal(histogram_bucket(&HISTOGRAM_MS, 3), 2);
    assert_int_equal(histogram_bucket(&HISTOGRAM_MS, 4), 2);
    assert_int_equal(histogram_bucket(&HISTOGRAM_MS, UINT64_C(1) << 23), 23);
    assert_int_equal(histogram_bucket(&HISTOGRAM_MS, (UINT64_C(1) << 23) + 1), 24);
    assert_int_equal(histogram_bucket(&HISTOGRAM_BYTES, 1024), 1);
    assert_int_equal(histogram_bucket(&HISTOGRAM_BYTES, 1025), 2);
}

static void buckets_are_as_their_bounds_say(void **test)
{
    (void)test;
    const struct histogram_scale thirds = {.first = 3, .shift = 3, .buckets = 7, .divisor = 1};
    const struct histogram_scale *const scales[] = {&HISTOGRAM_MS, &HISTOGRAM_US, &HISTOGRAM_BYTES,
                                                    &thirds};
    for (unsigned s = 0; s < 4; s++) {
        for (uint64_t value = 0; value < 300000; value++) {
            assert_int_equal(histogram_bucket(scales[s], value), bucket_slowly(scales[s], value));
        }
        for (unsigned bit = 10; bit < 64; bit++) {
            for (int off = -1; off <= 1; off++) {
                uint64_t value = (UINT64_C(1) << bit) + (uint64_t)off;
                assert_int_equal(histogram_bucket(scales[s], value),
                                 bucket_slowly(scales[s], value));
            }
        }
        assert_int_equal(histogram_bucket(scales[s], UINT64_MAX), scales[s]->buckets);
    }
}

static void weights_count_so_often(void **test)
{
    (void)test;
    struct histogram one = {0};
    struct histogram many = {0};
    histogram_add(&one, &HISTOGRAM_MS, 5, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        histogram_add(&many, &HISTOGRAM_MS, 5, 1);
    }
    assert_memory_equal(&one, &many, sizeof(one));
    assert_int_equal(histogram_count(&one), 1000);
    assert_int_equal(one.sum, 5000);
    histogram_merge(&one, &many);
    assert_int_equal(histogram_count(&one), 2000);
    assert_int_equal(one.sum, 10000);
}

static void the_text_is_cumulative_and_in_seconds(void **test)
{
    (void)test;
    struct histogram histogram = {0};
    struct buf text = {0};
    histogram_add(&histogram, &HISTOGRAM_US, 100, 2);
    histogram_add(&histogram, &HISTOGRAM_US, 200, 1);
    histogram_add(&histogram, &HISTOGRAM_US, 1000000000, 1);
    histogram_write(&histogram, &HISTOGRAM_US, "a_seconds", "b=\"c\"", &text);
    assert_int_equal(strncmp(buf_cstr(&text),
                             "a_seconds_bucket{b=\"c\",le=\"6.4e-05\"} 0\n"
                             "a_seconds_bucket{b=\"c\",le=\"0.000128\"} 2\n"
                             "a_seconds_bucket{b=\"c\",le=\"0.000256\"} 3\n",
                             118),
                     0);
    assert_non_null(strstr(buf_cstr(&text), "\na_seconds_bucket{b=\"c\",le=\"33.554432\"} 3\n"
                                            "a_seconds_bucket{b=\"c\",le=\"+Inf\"} 4\n"
                                            "a_seconds_sum{b=\"c\"} 1000.0004\n"
                                            "a_seconds_count{b=\"c\"} 4\n"));
    buf_clear(&text);
    histogram_write(&histogram, &HISTOGRAM_US, "a_seconds", "", &text);
    assert_non_null(strstr(buf_cstr(&text), "\na_seconds_sum 1000.0004\na_seconds_count 4\n"));
    assert_non_null(strstr(buf_cstr(&text), "a_seconds_bucket{le=\"+Inf\"} 4\n"));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_belongs_to_its_bucket),
        cmocka_unit_test(buckets_are_as_their_bounds_say),
        cmocka_unit_test(weights_count_so_often),
        cmocka_unit_test(the_text_is_cumulative_and_in_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
