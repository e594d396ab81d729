/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timelines and folds over a journal that is written here record by record.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/engine/fold.h"
#include "coordinator/report/page_fold.h"
#include "coordinator/report/page_reader.h"
#include "coordinator/report/timeline.h"
#include "tests/unit/unit.h"

#define CAMPAIGN 7
#define AUDIENCE 12
#define LAUNCH   UINT64_C(1700000000000)
#define SLOTS    1500 /* two pages, the second not full */

struct fixture {
    struct ledger *ledger;
    uint64_t recno;
    struct record *record;
    struct campaign_def def;
    struct timeline timeline;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct problem problem;
    assert_true(sodium_init() >= 0);
    assert_int_equal(ledger_open(&fixture->ledger, store_mem_new(), &problem), ERR_OK);
    fixture->recno = 1;
    fixture->record = record_new(0, 1, 1);
    fixture->def = (struct campaign_def){.id = CAMPAIGN,
                                         .audience = AUDIENCE,
                                         .created_ms = LAUNCH - 1000,
                                         .slots = SLOTS,
                                         .recipients = SLOTS};
    fixture->def.plan.step_count = 1;
    plan_step_defaults(&fixture->def.plan.steps[0], CHANNEL_SMS);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    record_free(fixture->record);
    timeline_release(&fixture->timeline);
    ledger_close(fixture->ledger);
    free(fixture);
    return 0;
}

/* The open record becomes durable, the next begins. */
static void commit(struct fixture *fixture)
{
    struct problem problem;
    assert_int_equal(ledger_write(fixture->ledger, fixture->record, &problem), ERR_OK);
    record_free(fixture->record);
    fixture->record = record_new(0, 1, ++fixture->recno);
}

static void add_block(struct fixture *fixture, uint32_t page, const struct event *events,
                      unsigned count)
{
    struct event_list list;
    struct buf block = {0};
    event_list_init(&list);
    for (unsigned i = 0; i < count; i++) {
        event_list_add(&list, &events[i]);
    }
    event_block_encode(&list, &block);
    record_add_block(fixture->record, CAMPAIGN, page, buf_view(&block));
    event_list_release(&list);
    buf_release(&block);
}

static void add_own(struct fixture *fixture, enum campaign_event kind, uint64_t at_ms)
{
    const struct event event = {.kind = (uint8_t)kind, .span = 1, .at_ms = at_ms};
    add_block(fixture, RECORD_PAGE_CAMPAIGN, &event, 1);
}

static struct event event_of(enum delivery_event kind, unsigned offset, unsigned span,
                             uint64_t at_ms)
{
    return (struct event){.kind = (uint8_t)kind,
                          .offset = (uint16_t)offset,
                          .span = (uint16_t)span,
                          .lease = 1,
                          .at_ms = at_ms};
}

/* Page 0: places 0 to 99 leased, 10 deferred, leased again, accepted; the rest accepted at once. */
static void write_story(struct fixture *fixture)
{
    struct event leased = event_of(DELIVERY_EVENT_LEASED, 0, 100, LAUNCH + 1);
    add_own(fixture, CAMPAIGN_EVENT_LAUNCHED, LAUNCH);
    add_block(fixture, 0, &leased, 1);
    commit(fixture);
    struct event outcomes[] = {
        event_of(DELIVERY_EVENT_ACCEPTED, 0, 10, LAUNCH + 50),
        event_of(DELIVERY_EVENT_DEFERRED, 10, 1, LAUNCH + 51),
        event_of(DELIVERY_EVENT_ACCEPTED, 11, 89, LAUNCH + 52),
    };
    outcomes[0].reason = 202;
    outcomes[1].reason = 503;
    outcomes[1].due_ms = LAUNCH + 30051;
    add_block(fixture, 0, outcomes, 3);
    commit(fixture);
    add_own(fixture, CAMPAIGN_EVENT_PAUSED, LAUNCH + 100);
    commit(fixture);
    add_own(fixture, CAMPAIGN_EVENT_RESUMED, LAUNCH + 200);
    struct event again = event_of(DELIVERY_EVENT_LEASED, 10, 1, LAUNCH + 30051);
    again.lease = 2;
    add_block(fixture, 0, &again, 1);
    commit(fixture);
    struct event accepted = event_of(DELIVERY_EVENT_ACCEPTED, 10, 1, LAUNCH + 30060);
    accepted.lease = 2;
    accepted.ref = slice_str("ref-10");
    add_block(fixture, 0, &accepted, 1);
    add_own(fixture, CAMPAIGN_EVENT_CANCELLED, LAUNCH + 30070);
    commit(fixture);
}

static void read_timeline(struct fixture *fixture, uint32_t ordinal)
{
    timeline_release(&fixture->timeline);
    assert_int_equal(timeline_read(&fixture->timeline, fixture->ledger, CAMPAIGN, ordinal), ERR_OK);
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
    record_add_block(fixture->record, CAMPAIGN, 0, slice_str("\x01garbage"));
    commit(fixture);
    assert_int_equal(timeline_read(&fixture->timeline, fixture->ledger, CAMPAIGN, 10), ERR_CORRUPT);
    struct recipient_state states[PAGE_RECIPIENTS];
    unsigned count;
    assert_int_equal(
        page_fold(fixture->ledger, &fixture->def, DELIVERY_EVENTS, 0, states, &count, NULL),
        ERR_CORRUPT);
}

static void a_page_folds_to_where_its_journal_ends(void **state)
{
    struct fixture *fixture = *state;
    struct recipient_state states[PAGE_RECIPIENTS];
    unsigned count;
    write_story(fixture);
    assert_int_equal(
        page_fold(fixture->ledger, &fixture->def, DELIVERY_EVENTS, 0, states, &count, NULL),
        ERR_OK);
    assert_int_equal(count, PAGE_RECIPIENTS);
    assert_int_equal(states[9].state, DELIVERY_ACCEPTED);
    assert_int_equal(states[10].state, DELIVERY_ACCEPTED);
    assert_int_equal(states[10].attempt, 1);
    assert_int_equal(states[100].state, DELIVERY_WAITING);
    assert_int_equal(page_fold(fixture->ledger, &fixture->def, DELIVERY_EVENT_CANCELLED, 0, states,
                               &count, NULL),
                     ERR_OK);
    assert_int_equal(states[10].state, DELIVERY_ACCEPTED);
    assert_int_equal(states[100].state, DELIVERY_CANCELLED);
    assert_int_equal(page_fold(fixture->ledger, &fixture->def, DELIVERY_EVENT_CANCELLED, 1, states,
                               &count, NULL),
                     ERR_OK);
    assert_int_equal(count, SLOTS - PAGE_RECIPIENTS);
    assert_int_equal(states[0].state, DELIVERY_CANCELLED);
    assert_int_equal(page_fold(fixture->ledger, &fixture->def, DELIVERY_EVENT_CANCELLED, 2, states,
                               &count, NULL),
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
    struct ledger_audience *load = ledger_audience_new(fixture->ledger, AUDIENCE);
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
    page_reader_init(&reader, fixture->ledger, AUDIENCE);
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
    assert_int_equal(page_fold(fixture->ledger, &fixture->def, DELIVERY_EVENT_CANCELLED, 1, states,
                               &count, NULL),
                     ERR_OK);
    assert_int_equal(states[4].state, DELIVERY_CANCELLED);
    assert_int_equal(states[5].state, DELIVERY_NONE);
    assert_int_equal(page_fold(fixture->ledger, &fixture->def, DELIVERY_EVENT_CANCELLED, 0, states,
                               &count, NULL),
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
