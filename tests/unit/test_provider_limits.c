/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "coordinator/content/provider_limits.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

static struct ledger *open_ledger(void)
{
    struct ledger *ledger = NULL;
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&ledger, store_mem_new(), &problem), ERR_OK);
    return ledger;
}

static void put_bytes(struct ledger *ledger, uint64_t recno, const char *name, struct slice bytes)
{
    struct problem problem;
    struct buf key = {0};
    struct record *record = record_new(0, 1, recno);
    ledger_catalogue_key(&key, CATALOGUE_PROVIDER, slice_str(name));
    record_put(record, buf_view(&key), bytes);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
    buf_release(&key);
}

static void put(struct ledger *ledger, uint64_t recno, const char *name,
                const struct provider_limit *limit)
{
    struct problem problem;
    struct record *record = record_new(0, 1, recno);
    provider_limit_put(limit, name, record);
    assert_int_equal(ledger_write(ledger, record, &problem), ERR_OK);
    record_free(record);
}

static struct provider_limit load(struct ledger *ledger, const char *name)
{
    struct problem problem;
    struct provider_limit limit = {.rate_per_s = 1, .concurrency = 1, .quiet_since_ms = 1};
    assert_int_equal(provider_limit_load(&limit, ledger, name, &problem), ERR_OK);
    return limit;
}

static void a_limit_comes_back_as_it_was_put(void **test)
{
    (void)test;
    struct ledger *ledger = open_ledger();
    assert_true(load(ledger, "gateway").since_ms == 0);
    put(ledger, 1, "gateway", &(struct provider_limit){.rate_per_s = 0.001, .since_ms = NOW_MS});
    put(ledger, 2, "relay",
        &(struct provider_limit){
            .rate_per_s = PROVIDER_RATE_MAX, .burst = 20.125, .since_ms = NOW_MS + 1});
    struct provider_limit gateway = load(ledger, "gateway");
    struct provider_limit relay = load(ledger, "relay");
    assert_true(gateway.rate_per_s == 0.001 && gateway.burst == 0 && gateway.since_ms == NOW_MS);
    assert_true(relay.rate_per_s == PROVIDER_RATE_MAX && relay.burst == 20.125);
    put(ledger, 3, "gateway", &(struct provider_limit){0});
    assert_true(load(ledger, "gateway").since_ms == 0);
    assert_true(load(ledger, "relay").since_ms == NOW_MS + 1);
    ledger_close(ledger);
}

static void each_part_comes_back_alone(void **test)
{
    (void)test;
    struct ledger *ledger = open_ledger();
    put(ledger, 1, "g", &(struct provider_limit){.concurrency_since_ms = NOW_MS});
    struct provider_limit limit = load(ledger, "g");
    assert_true(limit.concurrency_since_ms == NOW_MS && limit.concurrency == 0);
    assert_true(limit.since_ms == 0 && limit.quota_since_ms == 0 && limit.quiet_since_ms == 0);
    put(ledger, 2, "g",
        &(struct provider_limit){.day_quota = PROVIDER_QUOTA_MAX,
                                 .quota_zone = "Asia/Tokyo",
                                 .quota_since_ms = NOW_MS,
                                 .quiet_hours = {.channels = 7, .from_min = 1439, .zone = "UTC"},
                                 .quiet_since_ms = NOW_MS + 1});
    limit = load(ledger, "g");
    assert_true(limit.since_ms == 0 && limit.concurrency_since_ms == 0);
    assert_true(limit.quota_since_ms == NOW_MS && limit.day_quota == PROVIDER_QUOTA_MAX);
    assert_string_equal(limit.quota_zone, "Asia/Tokyo");
    assert_true(limit.quiet_since_ms == NOW_MS + 1 && limit.quiet_hours.channels != 0);
    assert_true(limit.quiet_hours.from_min == 1439 && limit.quiet_hours.to_min == 0);
    assert_string_equal(limit.quiet_hours.zone, "UTC");
    put(ledger, 3, "g", &(struct provider_limit){.quiet_since_ms = NOW_MS});
    limit = load(ledger, "g");
    assert_true(limit.quiet_since_ms == NOW_MS && limit.quiet_hours.channels == 0);
    ledger_close(ledger);
}

/* All shorter and longer ones are refused. */
static void check_golden(const uint8_t *golden, size_t size, struct provider_limit *limit)
{
    struct ledger *ledger = open_ledger();
    uint8_t bytes[128] = {0};
    struct problem problem;
    uint64_t recno = 1;
    put_bytes(ledger, recno, "g", slice_of(golden, size));
    *limit = load(ledger, "g");
    memcpy(bytes, golden, size);
    for (size_t len = 0; len <= size + 1; len++) {
        if (len != size) {
            struct provider_limit ignored;
            put_bytes(ledger, ++recno, "g", slice_of(bytes, len));
            assert_int_equal(provider_limit_load(&ignored, ledger, "g", &problem), ERR_CORRUPT);
            assert_non_null(strstr(problem.text, "limit of provider g"));
        }
    }
    ledger_close(ledger);
}

/* The stored forms, byte by byte. */
static void an_entry_of_version_1_is_read(void **test)
{
    (void)test;
    static const uint8_t golden[] = {1,    0x20, 0xa1, 0x07, 0, 0, 0, 0, 0, /* 500.000 */
                                     0x20, 0x4e, 0,    0,    0, 0, 0, 0,    /* 20.000 */
                                     5,    0,    0,    0,    0, 0, 0, 0};
    struct provider_limit limit;
    check_golden(golden, sizeof(golden), &limit);
    assert_true(limit.rate_per_s == 500 && limit.burst == 20 && limit.since_ms == 5);
    assert_true(limit.concurrency_since_ms == 0 && limit.quota_since_ms == 0 &&
                limit.quiet_since_ms == 0);
}

static void an_entry_is_as_its_header_says(void **test)
{
    (void)test;
    static const uint8_t golden[] = {2,    0x20, 0xa1, 0x07, 0, 0, 0, 0, 0, /* 500.000 */
                                     0x20, 0x4e, 0,    0,    0, 0, 0, 0,    /* 20.000 */
                                     5,    0,    0,    0,    0, 0, 0, 0,    /* since */
                                     6,    0,    0,    0,    0, 0, 0, 0,    /* since */
                                     40,   0,    0,    0,                   /* concurrency */
                                     7,    0,    0,    0,    0, 0, 0, 0,    /* since */
                                     0x10, 0x27, 0,    0,                   /* 10,000 a day */
                                     3,    'U',  'T',  'C',                 /* their zone */
                                     8,    0,    0,    0,    0, 0, 0, 0,    /* since */
                                     0x28, 5,    0xa4, 1,                   /* 22:00 to 07:00 */
                                     3,    'U',  'T',  'C'};
    struct provider_limit limit;
    check_golden(golden, sizeof(golden), &limit);
    assert_true(limit.rate_per_s == 500 && limit.burst == 20 && limit.since_ms == 5);
    assert_true(limit.concurrency == 40 && limit.concurrency_since_ms == 6);
    assert_true(limit.day_quota == 10000 && limit.quota_since_ms == 7);
    assert_string_equal(limit.quota_zone, "UTC");
    assert_true(limit.quiet_hours.from_min == 22 * 60 && limit.quiet_hours.to_min == 7 * 60);
    assert_true(limit.quiet_since_ms == 8 && limit.quiet_hours.channels != 0);
    assert_string_equal(limit.quiet_hours.zone, "UTC");
}

static void what_a_newer_program_wrote_is_left_alone(void **test)
{
    (void)test;
    struct ledger *ledger = open_ledger();
    const uint8_t bytes[25] = {3};
    struct problem problem;
    struct provider_limit limit;
    put_bytes(ledger, 1, "g", (struct slice){bytes, sizeof(bytes)});
    assert_int_equal(provider_limit_load(&limit, ledger, "g", &problem), ERR_NEWER_VERSION);
    ledger_close(ledger);
}

static void a_document_is_kept_to_the_thousandth(void **test)
{
    (void)test;
    struct document_problem problem;
    struct provider_limit limit = {0};
    json_t *json = NULL;
    assert_int_equal(document_parse(slice_str("{\"rate\":0.12345,\"burst\":3}"), &json, &problem),
                     ERR_OK);
    assert_int_equal(provider_limit_read(&limit, json, NOW_MS, &problem), ERR_OK);
    assert_true(limit.rate_per_s == 0.123 && limit.burst == 3 && limit.since_ms == NOW_MS);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_comes_back_as_it_was_put),
        cmocka_unit_test(each_part_comes_back_alone),
        cmocka_unit_test(an_entry_of_version_1_is_read),
        cmocka_unit_test(an_entry_is_as_its_header_says),
        cmocka_unit_test(what_a_newer_program_wrote_is_left_alone),
        cmocka_unit_test(a_document_is_kept_to_the_thousandth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
