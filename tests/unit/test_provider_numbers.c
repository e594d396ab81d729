/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/content/provider_numbers.h"
#include "tests/unit/unit.h"

struct fixture {
    struct ledger *ledger;
    struct provider_numbers numbers;
    uint64_t recno;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&fixture->ledger, store_mem_new(), &problem), ERR_OK);
    fixture->recno = 1;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    ledger_close(fixture->ledger);
    free(fixture);
    return 0;
}

/* One life of a coordinator with these providers; how many entries it wrote. */
static size_t live(struct fixture *fixture, const char *const *names, unsigned count,
                   uint8_t *given)
{
    struct problem problem;
    struct record *record = record_new(0, 1, fixture->recno);
    assert_int_equal(provider_numbers_load(&fixture->numbers, fixture->ledger, &problem), ERR_OK);
    provider_numbers_give(&fixture->numbers, names, count, given, record);
    size_t entries = record->entry_count;
    if (entries > 0) {
        assert_int_equal(ledger_write(fixture->ledger, record, &problem), ERR_OK);
        fixture->recno++;
    }
    record_free(record);
    return entries;
}

static void a_number_stays_with_its_name(void **state)
{
    struct fixture *fixture = *state;
    static const char *const first[] = {"gateway", "relay", "backup"};
    static const char *const second[] = {"backup", "new", "gateway"};
    uint8_t given[3];
    assert_int_equal(live(fixture, first, 3, given), 3);
    assert_int_equal(given[0], 0);
    assert_int_equal(given[1], 1);
    assert_int_equal(given[2], 2);
    assert_int_equal(live(fixture, second, 3, given), 1);
    assert_int_equal(given[0], 2);
    assert_int_equal(given[1], 3);
    assert_int_equal(given[2], 0);
    assert_string_equal(provider_numbers_name(&fixture->numbers, 1), "relay"); /* long gone */
    assert_string_equal(provider_numbers_name(&fixture->numbers, 9), "");
    assert_string_equal(provider_numbers_name(&fixture->numbers, 255), "");
    assert_int_equal(live(fixture, first, 3, given), 0);
    assert_int_equal(given[1], 1);
}

static void when_all_are_used_one_that_is_gone_gives_way(void **state)
{
    struct fixture *fixture = *state;
    char texts[WIRE_PROVIDERS_MAX + 1][8];
    const char *names[WIRE_PROVIDERS_MAX + 1];
    uint8_t given[WIRE_PROVIDERS_MAX];
    for (unsigned i = 0; i <= WIRE_PROVIDERS_MAX; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "p%u", i);
        names[i] = texts[i];
    }
    assert_int_equal(live(fixture, names, WIRE_PROVIDERS_MAX, given), WIRE_PROVIDERS_MAX);
    /* p0 is gone, p64 is new. */
    assert_int_equal(live(fixture, names + 1, WIRE_PROVIDERS_MAX, given), 2);
    assert_int_equal(given[0], 1);
    assert_int_equal(given[WIRE_PROVIDERS_MAX - 1], 0);
    assert_int_equal(live(fixture, names + 1, WIRE_PROVIDERS_MAX, given), 0);
    assert_string_equal(provider_numbers_name(&fixture->numbers, 0), "p64");
}

static void other_counters_are_passed_over_and_damage_is_not(void **state)
{
    struct fixture *fixture = *state;
    static const char *const entries[] = {"epoch", "provider.x"};
    for (unsigned i = 0; i < 2; i++) {
        struct record *record = record_new(0, 1, fixture->recno++);
        struct problem problem;
        struct buf key = {0};
        ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(entries[i]));
        record_put(record, buf_view(&key), slice_of("\xff\0\0\0\0\0\0\0", 8));
        assert_int_equal(ledger_write(fixture->ledger, record, &problem), ERR_OK);
        assert_int_equal(provider_numbers_load(&fixture->numbers, fixture->ledger, &problem),
                         i == 0 ? ERR_OK : ERR_CORRUPT);
        buf_release(&key);
        record_free(record);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_stays_with_its_name),
        TEST(when_all_are_used_one_that_is_gone_gives_way),
        TEST(other_counters_are_passed_over_and_damage_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
