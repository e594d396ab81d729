/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "coordinator/ledger/changelog.h"
#include "coordinator/ledger/turn.h"
#include "stores.h"
#include "unit.h"

struct fixture {
    struct stores *stores;
    uv_loop_t loop;
    struct ledger *ledger;
    struct changelog *changelog;
    pthread_t loop_thread;
    uint64_t appended;
    uint64_t durable;
    uint64_t append_more; /* from within the callback */
};

static void append_one(struct fixture *fixture)
{
    struct record *record = record_new(0, 1, ++fixture->appended);
    record_add_block(record, 7, (uint32_t)fixture->appended % 10, slice_str("events"));
    fixture->changelog->ops->append(fixture->changelog, record);
}

static void on_durable(void *arg, uint64_t recno)
{
    struct fixture *fixture = arg;
    assert_true(pthread_equal(pthread_self(), fixture->loop_thread));
    assert_int_equal(recno, fixture->durable + 1);
    struct ledger_head head;
    ledger_head(fixture->ledger, 0, &head);
    assert_true(head.recno >= recno);
    fixture->durable = recno;
    if (fixture->append_more > 0) {
        fixture->append_more--;
        append_one(fixture);
    }
}

static void fixture_open(struct fixture *fixture, struct stores *stores)
{
    struct problem problem = {0};
    *fixture = (struct fixture){.stores = stores, .loop_thread = pthread_self()};
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    assert_int_equal(ledger_open(&fixture->ledger, stores_open(stores), &problem), ERR_OK);
    fixture->changelog = changelog_local_new(fixture->ledger, &fixture->loop, on_durable, fixture);
}

static void fixture_close(struct fixture *fixture)
{
    fixture->changelog->ops->close(fixture->changelog);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    ledger_close(fixture->ledger);
}

/* Runs the loop until all that was appended is durable. */
static void run_until_durable(struct fixture *fixture)
{
    while (fixture->durable < fixture->appended) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
}

static struct changelog_health health_of(struct fixture *fixture)
{
    struct changelog_health health;
    fixture->changelog->ops->health(fixture->changelog, &health);
    return health;
}

static void assert_sound(struct fixture *fixture, uint64_t records);

static void records_become_durable_in_order(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, *state);
    for (unsigned i = 0; i < 200; i++) {
        append_one(&fixture);
        if (i % 7 == 0) {
            uv_run(&fixture.loop, UV_RUN_NOWAIT);
        }
    }
    run_until_durable(&fixture);
    struct changelog_health health = health_of(&fixture);
    assert_int_equal(health.records, 200);
    assert_int_equal(health.in_flight, 0);
    assert_int_equal(health.bytes, 200 * strlen("events"));
    assert_int_equal(health.problem.err, ERR_OK);
    assert_sound(&fixture, 200);
    fixture_close(&fixture);
}

static void the_callback_may_append(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, *state);
    fixture.append_more = 300;
    append_one(&fixture);
    append_one(&fixture);
    run_until_durable(&fixture);
    assert_int_equal(fixture.durable, 302);
    fixture_close(&fixture);
}

static void closing_waits_for_all_and_calls_nobody(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, *state);
    for (unsigned i = 0; i < 150; i++) {
        append_one(&fixture);
    }
    fixture.changelog->ops->close(fixture.changelog);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture.durable, 0);
    assert_sound(&fixture, 150);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    ledger_close(fixture.ledger);
}

static void a_changelog_goes_on_where_the_ledger_ended(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, *state);
    append_one(&fixture);
    append_one(&fixture);
    run_until_durable(&fixture);
    fixture_close(&fixture);
    fixture_open(&fixture, *state);
    fixture.appended = 2;
    fixture.durable = 2;
    append_one(&fixture);
    run_until_durable(&fixture);
    assert_sound(&fixture, 3);
    fixture_close(&fixture);
}

static void an_unused_changelog_can_be_closed(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, *state);
    fixture_close(&fixture);
}

static void a_failing_store_is_tried_until_it_succeeds(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, *state);
    store_mem_fail_writes(fixture.stores->mem, 4, ERR_NO_SPACE);
    for (unsigned i = 0; i < 5; i++) {
        append_one(&fixture);
    }
    while (health_of(&fixture).problem.err == ERR_OK && fixture.durable == 0) {
        uv_run(&fixture.loop, UV_RUN_NOWAIT);
    }
    struct changelog_health health = health_of(&fixture);
    assert_int_equal(health.problem.err, ERR_NO_SPACE);
    assert_int_equal(health.in_flight, 5);
    assert_int_equal(health.records, 0);
    append_one(&fixture); /* never refused */
    run_until_durable(&fixture);
    assert_int_equal(health_of(&fixture).problem.err, ERR_OK);
    assert_sound(&fixture, 6);
    fixture_close(&fixture);
}

static void closing_waits_for_a_store_that_fails(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, *state);
    store_mem_fail_writes(fixture.stores->mem, 3, ERR_IO);
    append_one(&fixture);
    fixture.changelog->ops->close(fixture.changelog);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    assert_sound(&fixture, 1);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    ledger_close(fixture.ledger);
}

static void fail_on_damage(void *arg, const char *what)
{
    (void)arg;
    fail_msg("%s", what);
}

static void assert_sound(struct fixture *fixture, uint64_t records)
{
    struct ledger_check check;
    assert_int_equal(ledger_check(fixture->ledger, fail_on_damage, NULL, &check), ERR_OK);
    assert_int_equal(check.records, records);
}

/* --- with a turn, as the coordinator uses it --- */

struct turning {
    struct turn *turn;
    unsigned called;
};

static void count_call(void *arg)
{
    struct turning *turning = arg;
    turning->called++;
}

static void waiters_of_a_turn_are_called_once_it_is_durable(void **state)
{
    uv_loop_t loop;
    struct ledger *ledger;
    struct problem problem = {0};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_OK);
    struct turning turning = {.turn = turn_new(0, 1, 1)};
    struct changelog *changelog = changelog_local_new(ledger, &loop, turn_on_durable, turning.turn);
    turn_set_changelog(turning.turn, changelog);
    unsigned decided = 0;
    while (turning.called < 500) {
        if (decided < 500) {
            struct record *record = turn_record(turning.turn);
            record_add_block(record, decided, 0, slice_str("decided"));
            turn_when_durable(turning.turn, decided % 2 == 0, count_call, &turning);
            decided++;
        }
        turn_flush(turning.turn, clock_unix_ms());
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    assert_int_equal(head.recno, turn_durable(turning.turn));
    changelog->ops->close(changelog);
    uv_run(&loop, UV_RUN_DEFAULT);
    turn_free(turning.turn);
    assert_int_equal(uv_loop_close(&loop), 0);
    ledger_close(ledger);
}

/* --- the one in memory --- */

static void count_durable(void *arg, uint64_t recno)
{
    uint64_t *durable = arg;
    assert_int_equal(recno, *durable + 1);
    *durable = recno;
}

static void one_in_memory_writes_a_record_a_step(void **state)
{
    struct ledger *ledger;
    struct problem problem = {0};
    uint64_t durable = 0;
    assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_OK);
    struct changelog *changelog = changelog_mem_new(ledger, count_durable, &durable);
    assert_false(changelog_mem_step(changelog));
    for (uint64_t recno = 1; recno <= 5; recno++) {
        struct record *record = record_new(0, 1, recno);
        record_add_block(record, 1, 1, slice_str("e"));
        changelog->ops->append(changelog, record);
    }
    assert_true(changelog_mem_step(changelog));
    assert_true(changelog_mem_step(changelog));
    assert_int_equal(durable, 2);
    struct changelog_health health;
    changelog->ops->health(changelog, &health);
    assert_int_equal(health.records, 2);
    assert_int_equal(health.in_flight, 3);
    changelog->ops->close(changelog); /* writes the rest, calls nobody */
    assert_int_equal(durable, 2);
    struct ledger_head head;
    ledger_head(ledger, 0, &head);
    assert_int_equal(head.recno, 5);
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(records_become_durable_in_order),
        STORES_TEST(the_callback_may_append),
        STORES_TEST(closing_waits_for_all_and_calls_nobody),
        STORES_TEST(a_changelog_goes_on_where_the_ledger_ended),
        STORES_TEST(an_unused_changelog_can_be_closed),
        STORES_TEST_MEMORY(a_failing_store_is_tried_until_it_succeeds),
        STORES_TEST_MEMORY(closing_waits_for_a_store_that_fails),
        STORES_TEST(waiters_of_a_turn_are_called_once_it_is_durable),
        STORES_TEST(one_in_memory_writes_a_record_a_step),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
