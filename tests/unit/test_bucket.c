/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/bucket.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

static void no_rate_is_no_limit(void **test)
{
    (void)test;
    struct bucket bucket;
    bucket_init(&bucket, 0, 0, NOW_MS);
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS), 1024);
    bucket_take(&bucket, 1024);
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS), 1024);
    assert_int_equal(bucket_next_ms(&bucket, NOW_MS), NOW_MS);
}

static void no_window_has_more_than_the_rate_and_the_burst(void **test)
{
    (void)test;
    struct bucket bucket;
    uint64_t taken = 0;
    bucket_init(&bucket, 1000, 0, NOW_MS);
    for (uint64_t now_ms = NOW_MS; now_ms <= NOW_MS + 10000; now_ms += 7) {
        uint32_t count = bucket_available(&bucket, 1024, now_ms);
        bucket_take(&bucket, count);
        taken += count;
        assert_true(taken <= (now_ms - NOW_MS) + 100);
    }
    assert_true(taken > 9900);
}

static void crumbs_wait_until_they_are_worth_a_lease(void **test)
{
    (void)test;
    struct bucket bucket;
    bucket_init(&bucket, 1000, 0, NOW_MS);
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS + 49), 0);
    assert_int_equal(bucket_next_ms(&bucket, NOW_MS + 49), NOW_MS + 51);
    assert_int_equal(bucket_available(&bucket, 10, NOW_MS + 49), 10); /* all that is wanted */
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS + 51), 51);
}

static void a_slow_rate_gives_one_at_a_time(void **test)
{
    (void)test;
    struct bucket bucket;
    bucket_init(&bucket, 0.5, 0, NOW_MS);
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS + 1999), 0);
    uint64_t next_ms = bucket_next_ms(&bucket, NOW_MS + 1999);
    assert_in_range(next_ms, NOW_MS + 2000, NOW_MS + 2001);
    assert_int_equal(bucket_available(&bucket, 1024, next_ms), 1);
    bucket_take(&bucket, 1);
    assert_int_equal(bucket_available(&bucket, 1024, next_ms + 1000), 0);
    assert_int_equal(bucket_available(&bucket, 1024, next_ms + 3600000), 1); /* no more gather */
}

static void another_rate_holds_at_once_and_keeps_what_fits(void **test)
{
    (void)test;
    struct bucket bucket;
    bucket_init(&bucket, 1000, 0, NOW_MS);
    bucket_set_rate(&bucket, 100, 0, NOW_MS + 1000); /* 100 had gathered: 10 are left */
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS + 1000), 10);
    bucket_take(&bucket, 10);
    bucket_set_rate(&bucket, 2000, 500, NOW_MS + 1000);
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS + 1100), 200);
    bucket_set_rate(&bucket, 0, 0, NOW_MS + 1100);
    assert_int_equal(bucket_available(&bucket, 1024, NOW_MS + 1100), 1024);
    bucket_set_rate(&bucket, 1000, 0, NOW_MS + 1200);
    assert_true(bucket_available(&bucket, 1024, NOW_MS + 1200) <= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rate_is_no_limit),
        cmocka_unit_test(no_window_has_more_than_the_rate_and_the_burst),
        cmocka_unit_test(crumbs_wait_until_they_are_worth_a_lease),
        cmocka_unit_test(a_slow_rate_gives_one_at_a_time),
        cmocka_unit_test(another_rate_holds_at_once_and_keeps_what_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
