/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timelines and folds over a journal that is written here record by record.
 */
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/engine/fold.h"
#include "coordinator/report/page_fold.h"
#include "coordinator/report/page_reader.h"
#include "coordinator/report/timeline.h"
#include "tests/unit/journal_fixture.h"
#include "tests/unit/unit.h"

struct fixture {
    struct journal journal;
    struct timeline timeline;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    journal_init(&fixture->journal, 1);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    timeline_release(&fixture->timeline);
    journal_release(&fixture->journal);
    free(fixture);
    return 0;
}

/* Page 0: places 0 to 99 leased, 10 deferred, leased again, accepted; the rest accepted at once. */
static void write_story(struct fixture *fixture)
{
    struct event leased = journal_event(DELIVERY_EVENT_LEASED, 0, 100, LAUNCH + 1);
    journal_add_own(&fixture->journal, CAMPAIGN_EVENT_LAUNCHED, LAUNCH);
    journal_add(&fixture->journal, 0, &leased, 1);
    journal_commit(&fixture->journal);
    struct event outcomes[] = {
        journal_event(DELIVERY_EVENT_ACCEPTED, 0, 10, LAUNCH + 50),
        journal_event(DELIVERY_EVENT_DEFERRED, 10, 1, LAUNCH + 51),
        journal_event(DELIVERY_EVENT_ACCEPTED, 11, 89, LAUNCH + 52),
    };
    outcomes[0].reason = 202;
    outcomes[1].reason = 503;
    outcomes[1].due_ms = LAUNCH + 30051;
    journal_add(&fixture->journal, 0, outcomes, 3);
    journal_commit(&fixture->journal);
    journal_add_own(&fixture->journal, CAMPAIGN_EVENT_PAUSED, LAUNCH + 100);
    journal_commit(&fixture->journal);
    journal_add_own(&fixture->journal, CAMPAIGN_EVENT_RESUMED, LAUNCH + 200);
    struct event again = journal_event(DELIVERY_EVENT_LEASED, 10, 1, LAUNCH + 30051);
    again.lease = 2;
    journal_add(&fixture->journal, 0, &again, 1);
    journal_commit(&fixture->journal);
    struct event accepted = journal_event(DELIVERY_EVENT_ACCEPTED, 10, 1, LAUNCH + 30060);
    accepted.lease = 2;
    accepted.ref = slice_str("ref-10");
    journal_add(&fixture->journal, 0, &accepted, 1);
    journal_add_own(&fixture->journal, CAMPAIGN_EVENT_CANCELLED, LAUNCH + 30070);
    journal_commit(&fixture->journal);
}

static void read_timeline(struct fixture *fixture, uint32_t ordinal)
{
    timeline_release(&fixture->timeline);
    assert_int_equal(timeline_read(&fixture->timeline, fixture->journal.ledger, CAMPAIGN, ordinal),
                     ERR_OK);
}

static void expect_names(struct fixture *fixture, const char *const *names)
{
    for (unsigned i = 0; i < fixture->timeline.count; i++) {
        assert_non_null(names[i]);
        assert_string_equal(fixture->timeline.entries[i].name, names[i]);
    }
    assert_null(names[fixture->timeline.count]);
}

static void a_timeline_holds_what_happened_in_order(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"launched", "leased",    "deferred", "paused", "resumed",
                                        "leased",   "cancelled", "accepted", NULL};
    write_story(fixture);
    read_timeline(fixture, 10);
    expect_names(fixture, names);
    const struct timeline_entry *entries = fixture->timeline.entries;
    assert_true(entries[0].is_campaigns);
    assert_false(entries[2].is_campaigns);
    assert_int_equal(entries[2].event.reason, 503);
    assert_true(entries[2].event.due_ms == LAUNCH + 30051);
    assert_int_equal(entries[5].event.lease, 2);
    assert_slice_is(entries[7].event.ref, "ref-10");
}

static void neighbours_have_their_own_timelines(void **state)
{
    struct fixture *fixture = *state;
    static const char *const others[] = {"launched", "leased",    "accepted", "paused",
                                         "resumed",  "cancelled", NULL};
    static const char *const untouched[] = {"launched", "paused", "resumed", "cancelled", NULL};
    write_story(fixture);
    read_timeline(fixture, 9);
    expect_names(fixture, others);
    assert_int_equal(fixture->timeline.entries[2].event.reason, 202);
    read_timeline(fixture, 11);
    expect_names(fixture, others);
    read_timeline(fixture, 100);
    expect_names(fixture, untouched);
    read_timeline(fixture, 1034); /* the same place of the next page */
    expect_names(fixture, untouched);
}

static void a_campaign_without_a_journal_has_an_empty_timeline(void **state)
{
    struct fixture *fixture = *state;
    read_timeline(fixture, 10);
    assert_int_equal(fixture->timeline.count, 0);
}

static void damage_is_not_passed_over(void **state)
{
    struct fixture *fixture = *state;
    record_add_block(fixture->journal.record, CAMPAIGN, 0, slice_str("\x01garbage"));
    journal_commit(&fixture->journal);
    assert_int_equal(timeline_read(&fixture->timeline, fixture->journal.ledger, CAMPAIGN, 10),
                     ERR_CORRUPT);
    struct recipient_state states[PAGE_RECIPIENTS];
    unsigned count;
    assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def, DELIVERY_EVENTS, 0,
                               states, &count, NULL),
                     ERR_CORRUPT);
}

static void a_page_folds_to_where_its_journal_ends(void **state)
{
    struct fixture *fixture = *state;
    struct recipient_state states[PAGE_RECIPIENTS];
    unsigned count;
    write_story(fixture);
    assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def, DELIVERY_EVENTS, 0,
                               states, &count, NULL),
                     ERR_OK);
    assert_int_equal(count, PAGE_RECIPIENTS);
    assert_int_equal(states[9].state, DELIVERY_ACCEPTED);
    assert_int_equal(states[10].state, DELIVERY_ACCEPTED);
    assert_int_equal(states[10].attempt, 1);
    assert_int_equal(states[100].state, DELIVERY_WAITING);
    assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def,
                               DELIVERY_EVENT_CANCELLED, 0, states, &count, NULL),
                     ERR_OK);
    assert_int_equal(states[10].state, DELIVERY_ACCEPTED);
    assert_int_equal(states[100].state, DELIVERY_CANCELLED);
    assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def,
                               DELIVERY_EVENT_CANCELLED, 1, states, &count, NULL),
                     ERR_OK);
    assert_int_equal(count, SLOTS - PAGE_RECIPIENTS);
    assert_int_equal(states[0].state, DELIVERY_CANCELLED);
    assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def,
                               DELIVERY_EVENT_CANCELLED, 2, states, &count, NULL),
                     ERR_NOT_FOUND);
}

/* ---- sealed pages ---- */

static void seal_page(struct ledger_audience *load, uint32_t page, unsigned rows)
{
    struct page_builder builder;
    struct buf scratch = {0};
    struct buf sealed = {0};
    page_builder_init(&builder, 2);
    for (unsigned i = 0; i < rows; i++) {
        char key[16];
        char name[16];
        (void)snprintf(key, sizeof(key), "k%u", page * PAGE_RECIPIENTS + i);
        (void)snprintf(name, sizeof(name), "Name%u", i);
        const struct slice values[] = {slice_str(key), slice_str(name)};
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_LZ4, NULL, &scratch, &sealed);
    assert_int_equal(ledger_audience_page(load, page, buf_view(&sealed)), ERR_OK);
    page_builder_release(&builder);
    buf_release(&scratch);
    buf_release(&sealed);
}

static void load_audience(struct fixture *fixture, const struct bitmap *holes)
{
    struct ledger_audience *load = ledger_audience_new(fixture->journal.ledger, AUDIENCE);
    struct problem problem;
    seal_page(load, 0, PAGE_RECIPIENTS);
    seal_page(load, 1, SLOTS - PAGE_RECIPIENTS);
    if (holes != NULL) {
        assert_int_equal(ledger_audience_holes(load, 1, holes), ERR_OK);
    }
    assert_int_equal(ledger_audience_finish(load, &problem), ERR_OK);
}

static void values_are_read_by_ordinal_each_page_once(void **state)
{
    struct fixture *fixture = *state;
    struct page_reader reader;
    load_audience(fixture, NULL);
    page_reader_init(&reader, fixture->journal.ledger, AUDIENCE);
    for (uint32_t ordinal = 0; ordinal < SLOTS; ordinal += 7) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%u", ordinal);
        assert_int_equal(page_reader_seek(&reader, ordinal), ERR_OK);
        assert_slice_is(page_value(&reader.view, 0), key);
    }
    assert_int_equal(reader.opened, 2);
    assert_int_equal(page_reader_seek(&reader, 3), ERR_OK); /* back */
    assert_slice_is(page_value(&reader.view, 1), "Name3");
    assert_int_equal(page_reader_seek(&reader, SLOTS), ERR_NOT_FOUND);
    assert_int_equal(page_reader_seek(&reader, 5 * PAGE_RECIPIENTS), ERR_NOT_FOUND);
    page_reader_release(&reader);
}

static void a_duplicate_row_is_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct recipient_state states[PAGE_RECIPIENTS];
    struct bitmap holes = {{0}};
    unsigned count;
    bitmap_set(&holes, 5);
    load_audience(fixture, &holes);
    assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def,
                               DELIVERY_EVENT_CANCELLED, 1, states, &count, NULL),
                     ERR_OK);
    assert_int_equal(states[4].state, DELIVERY_CANCELLED);
    assert_int_equal(states[5].state, DELIVERY_NONE);
    assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def,
                               DELIVERY_EVENT_CANCELLED, 0, states, &count, NULL),
                     ERR_OK);
    assert_int_equal(states[5].state, DELIVERY_CANCELLED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_timeline_holds_what_happened_in_order),
        TEST(neighbours_have_their_own_timelines),
        TEST(a_campaign_without_a_journal_has_an_empty_timeline),
        TEST(damage_is_not_passed_over),
        TEST(a_page_folds_to_where_its_journal_ends),
        TEST(values_are_read_by_ordinal_each_page_once),
        TEST(a_duplicate_row_is_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
