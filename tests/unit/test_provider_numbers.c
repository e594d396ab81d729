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

/* One life of a coordinator with these providers; did the table change? */
static bool live(struct fixture *fixture, const char *const *names, unsigned count, uint8_t *given)
{
    struct problem problem;
    assert_int_equal(provider_numbers_load(&fixture->numbers, fixture->ledger, &problem), ERR_OK);
    bool is_changed = provider_numbers_give(&fixture->numbers, names, count, given);
    if (is_changed) {
        struct record *record = record_new(0, 1, fixture->recno++);
        provider_numbers_put(&fixture->numbers, record);
        assert_int_equal(ledger_write(fixture->ledger, record, &problem), ERR_OK);
        record_free(record);
    }
    return is_changed;
}

static void a_number_stays_with_its_name(void **state)
{
    struct fixture *fixture = *state;
    static const char *const first[] = {"gateway", "relay", "backup"};
    static const char *const second[] = {"backup", "new", "gateway"};
    uint8_t given[3];
    assert_true(live(fixture, first, 3, given));
    assert_int_equal(given[0], 0);
    assert_int_equal(given[1], 1);
    assert_int_equal(given[2], 2);
    assert_true(live(fixture, second, 3, given));
    assert_int_equal(given[0], 2);
    assert_int_equal(given[1], 3);
    assert_int_equal(given[2], 0);
    assert_string_equal(provider_numbers_name(&fixture->numbers, 1), "relay"); /* long gone */
    assert_string_equal(provider_numbers_name(&fixture->numbers, 9), "");
    assert_string_equal(provider_numbers_name(&fixture->numbers, 255), "");
    assert_false(live(fixture, first, 3, given));
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
    assert_true(live(fixture, names, WIRE_PROVIDERS_MAX, given));
    /* p0 is gone, p64 is new. */
    assert_true(live(fixture, names + 1, WIRE_PROVIDERS_MAX, given));
    assert_int_equal(given[0], 1);
    assert_int_equal(given[WIRE_PROVIDERS_MAX - 1], 0);
    assert_false(live(fixture, names + 1, WIRE_PROVIDERS_MAX, given));
    assert_string_equal(provider_numbers_name(&fixture->numbers, 0), "p64");
}

static void damage_and_newer_tables_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        struct slice value;
        enum err err;
    } cases[] = {
        {{(const uint8_t *)"", 0}, ERR_CORRUPT},
        {{(const uint8_t *)"\1\1", 2}, ERR_CORRUPT},
        {{(const uint8_t *)"\1\1\3ab", 5}, ERR_CORRUPT},
        {{(const uint8_t *)"\1\x41", 2}, ERR_CORRUPT},
        {{(const uint8_t *)"\1\1\2abx", 6}, ERR_CORRUPT},
        {{(const uint8_t *)"\2", 1}, ERR_NEWER_VERSION},
        {{(const uint8_t *)"\1\1\2ab", 5}, ERR_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct record *record = record_new(0, 1, fixture->recno++);
        struct problem problem;
        struct buf key = {0};
        ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str("provider_numbers"));
        record_put(record, buf_view(&key), cases[i].value);
        assert_int_equal(ledger_write(fixture->ledger, record, &problem), ERR_OK);
        assert_int_equal(provider_numbers_load(&fixture->numbers, fixture->ledger, &problem),
                         cases[i].err);
        buf_release(&key);
        record_free(record);
    }
    assert_string_equal(provider_numbers_name(&fixture->numbers, 0), "ab");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_stays_with_its_name),
        TEST(when_all_are_used_one_that_is_gone_gives_way),
        TEST(damage_and_newer_tables_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
