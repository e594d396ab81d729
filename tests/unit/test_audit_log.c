/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "coordinator/content/audit_log.h"
#include "tests/unit/stores.h"
#include "tests/unit/turn_rig.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1700000000000)

struct house {
    struct turn_rig rig;
    struct audit_log *log;
};

static void house_open(struct house *house, void **state)
{
    struct problem problem;
    turn_rig_open(&house->rig, *state);
    assert_int_equal(audit_log_open(&house->log, house->rig.ledger, &problem), ERR_OK);
}

static void house_close(struct house *house)
{
    audit_log_free(house->log);
    turn_rig_close(&house->rig);
}

static void house_write(struct house *house)
{
    turn_rig_write(&house->rig, NOW_MS);
}

/* Entries of these times, which are numbered from 1 on. */
static void add(struct house *house, const uint64_t *at_ms, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct audit_entry entry = {.at_ms = at_ms[i],
                                          .action = slice_str("campaigns.launch")};
        (void)audit_log_add(house->log, &entry, turn_record(house->rig.turn));
    }
    house_write(house);
}

static uint64_t kept_from(struct house *house, unsigned looks, uint64_t before_ms)
{
    uint64_t keep_from = 0;
    assert_int_equal(audit_log_find_kept(house->rig.ledger, audit_log_oldest(house->log), looks,
                                         before_ms, &keep_from),
                     ERR_OK);
    return keep_from;
}

struct seen {
    unsigned count;
    uint64_t numbers[16];
};

static bool see(void *arg, const struct audit_entry *entry)
{
    struct seen *seen = arg;
    seen->numbers[seen->count++] = entry->number;
    return true;
}

static void expect_seen(struct house *house, uint64_t from, uint64_t to, unsigned count,
                        uint64_t first)
{
    struct seen seen = {0};
    assert_int_equal(audit_log_each(house->rig.ledger, from, to, see, &seen), ERR_OK);
    assert_int_equal(seen.count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(seen.numbers[i], first - i);
    }
}

static unsigned drop(struct house *house, uint64_t keep_from, unsigned most)
{
    unsigned count = audit_log_drop(house->log, keep_from, most, turn_record(house->rig.turn));
    house_write(house);
    return count;
}

/* The clock was set back once: what is young holds the older ones behind it, so that numbers have
 * no gap. */
static void the_oldest_go_when_they_were_kept_long_enough(void **state)
{
    static const uint64_t times[] = {10, 20, 40, 15, 50, 60};
    struct house house;
    house_open(&house, state);
    assert_int_equal(kept_from(&house, 100, 1000), 1); /* there is none */
    add(&house, times, 6);
    assert_int_equal(kept_from(&house, 100, 10), 1);
    assert_int_equal(kept_from(&house, 100, 11), 2);
    assert_int_equal(kept_from(&house, 100, 40), 3); /* 15 too, but it is behind 40 */
    assert_int_equal(kept_from(&house, 100, 41), 5);
    assert_int_equal(kept_from(&house, 2, 41), 3); /* no more are looked at */
    assert_int_equal(kept_from(&house, 100, 1000), 7);
    assert_int_equal(drop(&house, 5, 3), 3);
    assert_int_equal(audit_log_oldest(house.log), 4);
    assert_int_equal(drop(&house, 5, 3), 1);
    assert_int_equal(drop(&house, 5, 3), 0);
    assert_int_equal(audit_log_count(house.log), 2);
    expect_seen(&house, UINT64_MAX, 1, 2, 6);
    house_close(&house);

    house_open(&house, state);
    assert_int_equal(audit_log_oldest(house.log), 5);
    assert_int_equal(kept_from(&house, 100, 55), 6);
    assert_int_equal(drop(&house, 100, 100), 1); /* the newest stays: the next is 7 */
    house_close(&house);

    house_open(&house, state);
    assert_int_equal(audit_log_count(house.log), 1);
    add(&house, times, 1);
    expect_seen(&house, UINT64_MAX, 1, 2, 7);
    house_close(&house);
}

static void no_more_is_read_than_was_asked_for(void **state)
{
    static const uint64_t times[] = {1, 2, 3, 4, 5, 6};
    struct house house;
    house_open(&house, state);
    expect_seen(&house, UINT64_MAX, 1, 0, 0);
    add(&house, times, 6);
    expect_seen(&house, UINT64_MAX, 4, 3, 6);
    expect_seen(&house, 5, 5, 1, 5);
    expect_seen(&house, 3, 2, 2, 3);
    expect_seen(&house, 3, 4, 0, 0);
    expect_seen(&house, 100, 1, 6, 6);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(the_oldest_go_when_they_were_kept_long_enough),
        STORES_TEST(no_more_is_read_than_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
