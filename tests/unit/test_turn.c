/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>

#include "common/mem.h"
#include "coordinator/ledger/turn.h"
#include "unit.h"

struct fixture {
    struct store *store;
    struct ledger *ledger;
    struct turn *turn;
    struct changelog *changelog;
    unsigned called; /* waiters */
};

static int setup(void **state)
{
    struct fixture *fixture = mem_zalloc(1, sizeof(*fixture));
    struct problem problem = {0};
    fixture->store = store_mem_new();
    assert_int_equal(ledger_open(&fixture->ledger, fixture->store, &problem), ERR_OK);
    fixture->turn = turn_new(0, 1, 1);
    fixture->changelog = changelog_mem_new(fixture->ledger, turn_on_durable, fixture->turn);
    turn_set_changelog(fixture->turn, fixture->changelog);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture->changelog->ops->close(fixture->changelog);
    turn_free(fixture->turn);
    ledger_close(fixture->ledger);
    mem_free(fixture);
    return 0;
}

static void decide(struct fixture *fixture, const char *text)
{
    record_add_block(turn_record(fixture->turn), 1, 0, slice_str(text));
}

static void count_call(void *arg)
{
    struct fixture *fixture = arg;
    fixture->called++;
}

static unsigned in_flight(struct fixture *fixture)
{
    struct changelog_health health;
    fixture->changelog->ops->health(fixture->changelog, &health);
    return health.in_flight;
}

static void an_empty_turn_is_not_handed_over(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(turn_flush(fixture->turn, 1000), -1);
    assert_int_equal(turn_flush(fixture->turn, 9000), -1);
    assert_int_equal(in_flight(fixture), 0);
    assert_int_equal(turn_open(fixture->turn), 1);
    assert_int_equal(turn_durable(fixture->turn), 0);
}

static void a_record_gathers_for_two_milliseconds(void **state)
{
    struct fixture *fixture = *state;
    decide(fixture, "a");
    assert_int_equal(turn_flush(fixture->turn, 1000), 2);
    assert_int_equal(turn_flush(fixture->turn, 1001), 1);
    assert_int_equal(in_flight(fixture), 0);
    assert_int_equal(turn_flush(fixture->turn, 1002), -1);
    assert_int_equal(in_flight(fixture), 1);
    assert_int_equal(turn_open(fixture->turn), 2);
}

static void a_record_that_somebody_waits_for_goes_at_once(void **state)
{
    struct fixture *fixture = *state;
    decide(fixture, "a");
    turn_when_durable(fixture->turn, true, count_call, fixture);
    assert_int_equal(turn_flush(fixture->turn, 1000), -1);
    assert_int_equal(in_flight(fixture), 1);
    assert_int_equal(fixture->called, 0);
    assert_true(changelog_mem_step(fixture->changelog));
    assert_int_equal(fixture->called, 1);
    assert_int_equal(turn_durable(fixture->turn), 1);
}

static void a_waiter_without_hurry_does_not_hasten(void **state)
{
    struct fixture *fixture = *state;
    decide(fixture, "a");
    turn_when_durable(fixture->turn, false, count_call, fixture);
    assert_int_equal(turn_flush(fixture->turn, 1000), 2);
}

static void who_waits_for_nothing_is_called_at_once(void **state)
{
    struct fixture *fixture = *state;
    turn_when_durable(fixture->turn, true, count_call, fixture);
    assert_int_equal(fixture->called, 1);
}

static void an_empty_turn_waits_for_the_records_before_it(void **state)
{
    struct fixture *fixture = *state;
    decide(fixture, "a");
    turn_when_durable(fixture->turn, true, count_call, fixture);
    turn_flush(fixture->turn, 1000);
    turn_when_durable(fixture->turn, true, count_call, fixture);
    assert_int_equal(fixture->called, 0);
    assert_true(changelog_mem_step(fixture->changelog));
    assert_int_equal(fixture->called, 2);
}

static void two_records_are_under_way_at_most(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 2; i++) {
        decide(fixture, "a");
        turn_when_durable(fixture->turn, true, count_call, fixture);
        assert_int_equal(turn_flush(fixture->turn, 1000), -1);
    }
    decide(fixture, "gathers");
    turn_when_durable(fixture->turn, true, count_call, fixture);
    assert_true(turn_flush(fixture->turn, 1000) > 0);
    assert_int_equal(in_flight(fixture), 2);
    decide(fixture, "gathers on"); /* of the same page: one block would be the engine's duty */
    turn_record(fixture->turn)->entries[1].page = 1;
    assert_true(turn_flush(fixture->turn, 1500) > 0);
    assert_true(changelog_mem_step(fixture->changelog));
    assert_int_equal(turn_flush(fixture->turn, 1501), -1);
    assert_int_equal(in_flight(fixture), 2);
    assert_true(changelog_mem_step(fixture->changelog));
    assert_true(changelog_mem_step(fixture->changelog));
    assert_int_equal(fixture->called, 3);
    assert_int_equal(turn_durable(fixture->turn), 3);
}

static void wait_again(void *arg)
{
    struct fixture *fixture = arg;
    if (fixture->called++ < 200) {
        decide(fixture, "more");
        turn_record(fixture->turn)->entries[turn_record(fixture->turn)->entry_count - 1].page =
            fixture->called;
        turn_when_durable(fixture->turn, true, wait_again, fixture);
    }
}

static void a_waiter_may_decide_and_wait_again(void **state)
{
    struct fixture *fixture = *state;
    wait_again(fixture);
    for (unsigned i = 0; i < 200; i++) {
        turn_flush(fixture->turn, 1000 + i);
        assert_true(changelog_mem_step(fixture->changelog));
    }
    assert_int_equal(fixture->called, 201);
    struct ledger_head head;
    ledger_head(fixture->ledger, 0, &head);
    assert_int_equal(head.recno, 200);
}

static void a_failing_store_keeps_the_record_and_nobody_is_called(void **state)
{
    struct fixture *fixture = *state;
    struct problem problem = {0};
    decide(fixture, "a");
    turn_when_durable(fixture->turn, true, count_call, fixture);
    turn_flush(fixture->turn, 1000);
    store_mem_fail_writes(fixture->store, 3, ERR_NO_SPACE);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(changelog_mem_step(fixture->changelog));
    }
    assert_int_equal(fixture->called, 0);
    assert_false(turn_is_stalled(fixture->turn, 2000, &problem));
    assert_true(turn_is_stalled(fixture->turn, 2001, &problem));
    assert_int_equal(problem.err, ERR_NO_SPACE);
    assert_true(changelog_mem_step(fixture->changelog));
    assert_int_equal(fixture->called, 1);
    assert_false(turn_is_stalled(fixture->turn, 9000, &problem));
}

static void a_slow_disk_stalls_too(void **state)
{
    struct fixture *fixture = *state;
    struct problem problem = {0};
    decide(fixture, "a");
    turn_flush(fixture->turn, 1000);
    turn_flush(fixture->turn, 1002);
    assert_true(turn_is_stalled(fixture->turn, 2003, &problem));
    assert_int_equal(problem.err, ERR_BUSY);
}

static void a_clock_that_is_set_back_does_no_harm(void **state)
{
    struct fixture *fixture = *state;
    struct problem problem = {0};
    decide(fixture, "a");
    assert_int_equal(turn_flush(fixture->turn, 100000), 2);
    assert_int_equal(turn_flush(fixture->turn, 1000), 2);
    assert_int_equal(turn_flush(fixture->turn, 1002), -1);
    assert_false(turn_is_stalled(fixture->turn, 500, &problem));
    assert_false(turn_is_stalled(fixture->turn, 1400, &problem));
    assert_true(turn_is_stalled(fixture->turn, 1501, &problem));
}

static void a_turn_begins_where_the_ledger_ends(void **state)
{
    struct fixture *fixture = *state;
    struct turn *turn = turn_new(0, 9, 1001);
    assert_int_equal(turn_open(turn), 1001);
    assert_int_equal(turn_durable(turn), 1000);
    assert_int_equal(turn_record(turn)->epoch, 9);
    turn_when_durable(turn, true, count_call, fixture);
    assert_int_equal(fixture->called, 1);
    turn_free(turn);
    turn_free(NULL);
}

static void a_crash_forgets_what_was_not_stepped(void **state)
{
    struct fixture *fixture = *state;
    decide(fixture, "a");
    turn_when_durable(fixture->turn, true, count_call, fixture);
    turn_flush(fixture->turn, 1000);
    changelog_mem_crash(fixture->changelog);
    assert_false(changelog_mem_step(fixture->changelog));
    struct ledger_head head;
    ledger_head(fixture->ledger, 0, &head);
    assert_int_equal(head.recno, 0);
    assert_int_equal(fixture->called, 0);
}

static long peak_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void waiters_that_never_run_out_need_no_more_memory(void **state)
{
    enum { RECORDS = 4000, WAITERS = 1000, MOST_KIB = 32 << 10 };
    struct fixture *fixture = *state;
    long before_kib = peak_kib();
    for (unsigned record = 0; record < RECORDS; record++) {
        decide(fixture, "a");
        for (unsigned i = 0; i < WAITERS; i++) {
            turn_when_durable(fixture->turn, true, count_call, fixture);
        }
        turn_flush(fixture->turn, 1000);
        if (record > 0) { /* one record's are always left */
            assert_true(changelog_mem_step(fixture->changelog));
        }
    }
    assert_int_equal(fixture->called, (RECORDS - 1) * WAITERS);
    assert_in_range(peak_kib() - before_kib, 0, MOST_KIB);
}

#define TURN_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TURN_TEST(an_empty_turn_is_not_handed_over),
        TURN_TEST(a_record_gathers_for_two_milliseconds),
        TURN_TEST(a_record_that_somebody_waits_for_goes_at_once),
        TURN_TEST(a_waiter_without_hurry_does_not_hasten),
        TURN_TEST(who_waits_for_nothing_is_called_at_once),
        TURN_TEST(an_empty_turn_waits_for_the_records_before_it),
        TURN_TEST(two_records_are_under_way_at_most),
        TURN_TEST(a_waiter_may_decide_and_wait_again),
        TURN_TEST(a_failing_store_keeps_the_record_and_nobody_is_called),
        TURN_TEST(a_slow_disk_stalls_too),
        TURN_TEST(a_clock_that_is_set_back_does_no_harm),
        TURN_TEST(a_turn_begins_where_the_ledger_ends),
        TURN_TEST(a_crash_forgets_what_was_not_stepped),
        TURN_TEST(waiters_that_never_run_out_need_no_more_memory),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
