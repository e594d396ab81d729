/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries as of a record, over a journal that is written here record by record, and the lines
 * that are made of them.
 */
#include <stdlib.h>

#include "coordinator/report/delivery_rows.h"
#include "coordinator/report/page_fold.h"
#include "tests/unit/journal_fixture.h"
#include "tests/unit/unit.h"

struct fixture {
    struct journal journal;
    struct delivery_page page;
    struct delivery_moment moment;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    journal_init(&fixture->journal, 2);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    delivery_page_release(&fixture->page);
    journal_release(&fixture->journal);
    free(fixture);
    return 0;
}

/* A record of one event. */
static void write_event(struct fixture *fixture, uint32_t page, const struct event *event)
{
    journal_add(&fixture->journal, page, event, 1);
    journal_commit(&fixture->journal);
}

static void write_life(struct fixture *fixture, enum campaign_event kind, uint64_t at_ms)
{
    journal_add_own(&fixture->journal, kind, at_ms);
    journal_commit(&fixture->journal);
}

static struct event event_of(enum delivery_event kind, unsigned offset, unsigned span,
                             uint64_t at_ms)
{
    struct event event = journal_event(kind, offset, span, at_ms);
    event.provider = 3;
    return event;
}

/* 1: launched. 2: places 0 to 9 leased. 3: all accepted but place 3, which failed. 4: place 5
 * delivered. 5: place 5 acknowledged. 6: cancelled. */
static void write_story(struct fixture *fixture)
{
    write_life(fixture, CAMPAIGN_EVENT_LAUNCHED, LAUNCH);
    struct event leased = event_of(DELIVERY_EVENT_LEASED, 0, 10, LAUNCH + 1);
    write_event(fixture, 0, &leased);
    struct event outcomes[] = {event_of(DELIVERY_EVENT_ACCEPTED, 0, 3, LAUNCH + 20),
                               event_of(DELIVERY_EVENT_FAILED, 3, 1, LAUNCH + 21),
                               event_of(DELIVERY_EVENT_ACCEPTED, 4, 6, LAUNCH + 22)};
    outcomes[1].reason = 404;
    journal_add(&fixture->journal, 0, outcomes, 3);
    journal_commit(&fixture->journal);
    struct event delivered = event_of(DELIVERY_EVENT_DELIVERED, 5, 1, LAUNCH + 500);
    write_event(fixture, 0, &delivered);
    struct event acknowledged = event_of(DELIVERY_EVENT_ACKNOWLEDGED, 5, 1, LAUNCH + 900);
    acknowledged.lease = 0;
    write_event(fixture, 0, &acknowledged);
    write_life(fixture, CAMPAIGN_EVENT_CANCELLED, LAUNCH + 1000);
}

static void read_as_of(struct fixture *fixture, uint64_t recno, uint32_t number)
{
    assert_int_equal(
        delivery_moment_read(&fixture->moment, fixture->journal.ledger, CAMPAIGN, recno), ERR_OK);
    assert_int_equal(delivery_page_read(&fixture->page, fixture->journal.ledger,
                                        &fixture->journal.def, &fixture->moment, number),
                     ERR_OK);
}

static void a_page_is_read_as_of_a_record(void **state)
{
    struct fixture *fixture = *state;
    static const enum delivery_state of_5[] = {
        DELIVERY_WAITING,   DELIVERY_WAITING,      DELIVERY_LEASED,      DELIVERY_ACCEPTED,
        DELIVERY_DELIVERED, DELIVERY_ACKNOWLEDGED, DELIVERY_ACKNOWLEDGED};
    write_story(fixture);
    for (uint64_t recno = 0; recno <= 6; recno++) {
        read_as_of(fixture, recno, 0);
        assert_int_equal(fixture->page.count, PAGE_RECIPIENTS);
        assert_int_equal(fixture->page.states[5].state, of_5[recno]);
        assert_int_equal(fixture->page.states[10].state,
                         recno < 6 ? DELIVERY_WAITING : DELIVERY_CANCELLED);
    }
    assert_int_equal(fixture->moment.state, CAMPAIGN_CANCELLED);
    read_as_of(fixture, 0, 0);
    assert_int_equal(fixture->moment.state, CAMPAIGN_DRAFT);
}

static void times_reason_and_provider_are_what_the_events_say(void **state)
{
    struct fixture *fixture = *state;
    const struct delivery_page *page = &fixture->page;
    write_story(fixture);
    read_as_of(fixture, 6, 0);
    assert_int_equal(page->accepted_ms[5], LAUNCH + 22);
    assert_int_equal(page->delivered_ms[5], LAUNCH + 500);
    assert_int_equal(page->acknowledged_ms[5], LAUNCH + 900);
    assert_int_equal(page->last_ms[5], LAUNCH + 900);
    assert_int_equal(page->provider[0][5], 3);
    assert_int_equal(page->reason[0][5], REASON_NONE);
    assert_int_equal(page->states[3].state, DELIVERY_FAILED);
    assert_int_equal(page->reason[0][3], 404);
    assert_int_equal(page->accepted_ms[3], 0);
    assert_int_equal(delivery_attempts(&page->states[3]), 1);
    /* Nothing happened to place 10 but that the campaign ended. */
    assert_int_equal(page->last_ms[10], LAUNCH + 1000);
    assert_int_equal(page->reason[0][10], REASON_CAMPAIGN_CANCELLED);
    assert_int_equal(page->provider[0][10], DELIVERY_NO_PROVIDER);
}

static void the_newest_record_gives_what_the_fold_gives(void **state)
{
    struct fixture *fixture = *state;
    struct recipient_state folded[PAGE_RECIPIENTS];
    unsigned count;
    write_story(fixture);
    for (uint32_t number = 0; number < 2; number++) {
        read_as_of(fixture, 6, number);
        assert_int_equal(page_fold(fixture->journal.ledger, &fixture->journal.def,
                                   DELIVERY_EVENT_CANCELLED, number, folded, &count, NULL),
                         ERR_OK);
        assert_int_equal(fixture->page.count, count);
        assert_memory_equal(fixture->page.states, folded, count * sizeof(folded[0]));
    }
    assert_int_equal(delivery_page_read(&fixture->page, fixture->journal.ledger,
                                        &fixture->journal.def, &fixture->moment, 2),
                     ERR_NOT_FOUND);
}

static void damage_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct event misfit = event_of(DELIVERY_EVENT_ACCEPTED, 0, 1, LAUNCH);
    misfit.step = 9;
    write_event(fixture, 0, &misfit);
    assert_int_equal(delivery_moment_read(&fixture->moment, fixture->journal.ledger, CAMPAIGN, 1),
                     ERR_OK);
    assert_int_equal(delivery_page_read(&fixture->page, fixture->journal.ledger,
                                        &fixture->journal.def, &fixture->moment, 0),
                     ERR_CORRUPT);
}

/* ---- lines ---- */

static const struct page_schema SCHEMA = {
    .count = 4,
    .columns = {{PAGE_FIELD_KEY, 0, "id"},
                {PAGE_FIELD_PHONE, 0, "phone"},
                {PAGE_FIELD_EMAIL, 0, "email"},
                {PAGE_FIELD_VARIABLE, 0, "x"}},
};

/* A sealed page of ten, the keys k0 to k9 but for place 1. */
static void open_sealed(struct page_view *view, struct buf *sealed, const char *odd_key)
{
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, SCHEMA.count);
    for (unsigned i = 0; i < 10; i++) {
        char key[8] = {'k', (char)('0' + i), '\0'};
        struct slice values[] = {slice_str(i == 1 ? odd_key : key), slice_str("+4790000001"),
                                 slice_str("a@example.com"), slice_str("y")};
        values[1].len = i == 2 ? 0 : values[1].len;
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_ZSTD, NULL, &scratch, sealed);
    page_builder_release(&builder);
    buf_release(&scratch);
    assert_int_equal(page_open(view, buf_view(sealed), NULL), ERR_OK);
}

static void write_lines(struct fixture *fixture, enum delivery_format format, unsigned states,
                        const char *odd_key, struct buf *lines)
{
    static struct provider_numbers numbers;
    memcpy(numbers.names[3], "gate\"way", 9);
    struct delivery_filter filter = {.states = states, .channels = DELIVERY_ALL_CHANNELS};
    struct delivery_rows *rows =
        delivery_rows_new(format, &fixture->journal.def.plan, &SCHEMA, &numbers);
    struct page_view view = {0};
    struct buf sealed = {0};
    struct bitmap picked;
    uint64_t count = 0;
    open_sealed(&view, &sealed, odd_key);
    fixture->page.count = 10;
    unsigned wanted = delivery_rows_pick(rows, &fixture->page, &filter, 0, &picked);
    delivery_rows_head(rows, lines);
    assert_int_equal(
        delivery_rows_write(rows, &fixture->page, &view, 2, &picked, 0, SIZE_MAX, lines, &count),
        BITMAP_BITS);
    assert_int_equal(count, wanted);
    const struct delivery_end end = {count, "c7", fixture->moment.state, 10};
    delivery_rows_end(rows, &end, lines);
    delivery_rows_free(rows);
    page_view_release(&view);
    buf_release(&sealed);
}

static void lines_of_json_say_all_of_it(void **state)
{
    struct fixture *fixture = *state;
    struct buf lines = {0};
    write_story(fixture);
    read_as_of(fixture, 6, 0);
    write_lines(fixture, DELIVERY_NDJSON, 1u << DELIVERY_FAILED | 1u << DELIVERY_ACKNOWLEDGED, "k1",
                &lines);
    assert_buf_is(
        &lines,
        "{\"ordinal\":2051,\"key\":\"k3\",\"state\":\"failed\",\"step\":1,\"channel\":\"sms\","
        "\"provider\":\"gate\\\"way\",\"endpoint\":0,\"address\":\"+4790000001\",\"attempts\":1,"
        "\"uncertain\":false,\"reason\":404,\"detail\":\"provider answered\","
        "\"at\":\"2023-11-14T22:13:20.021Z\",\"accepted_at\":null,\"delivered_at\":null,"
        "\"acknowledged_at\":null}\n"
        "{\"ordinal\":2053,\"key\":\"k5\",\"state\":\"acknowledged\",\"step\":1,"
        "\"channel\":\"sms\",\"provider\":\"gate\\\"way\",\"endpoint\":0,"
        "\"address\":\"+4790000001\",\"attempts\":1,\"uncertain\":false,\"reason\":null,"
        "\"detail\":null,\"at\":\"2023-11-14T22:13:20.900Z\","
        "\"accepted_at\":\"2023-11-14T22:13:20.022Z\","
        "\"delivered_at\":\"2023-11-14T22:13:20.500Z\","
        "\"acknowledged_at\":\"2023-11-14T22:13:20.900Z\"}\n"
        "{\"end\":true,\"rows\":2,\"campaign\":\"c7\",\"campaign_state\":\"cancelled\","
        "\"recipients\":10}\n");
    buf_release(&lines);
}

static void lines_of_csv_all_have_the_same_fields(void **state)
{
    struct fixture *fixture = *state;
    struct buf lines = {0};
    write_story(fixture);
    read_as_of(fixture, 2, 0);
    write_lines(fixture, DELIVERY_CSV, 1u << DELIVERY_LEASED, "k1", &lines);
    unsigned commas = 0;
    unsigned line_count = 0;
    for (size_t i = 0; i < lines.len; i++) {
        commas += lines.data[i] == ',';
        if (lines.data[i] == '\n') {
            assert_int_equal(commas, 16);
            assert_int_equal(lines.data[i - 1], '\r');
            commas = 0;
            line_count++;
        }
    }
    assert_int_equal(line_count, 12);
    assert_non_null(strstr(buf_cstr(&lines), "2050,k2,leased,1,,sms,\"gate\"\"way\",0,,0,false,,,"
                                             "2023-11-14T22:13:20.001Z,,,\r\n"));
    assert_non_null(strstr(buf_cstr(&lines), "\r\nend,c7,running,10,,,,,,,,,,,,,\r\n"));
    buf_release(&lines);
}

static void odd_bytes_in_keys_stay_what_they_are(void **state)
{
    struct fixture *fixture = *state;
    struct buf lines = {0};
    write_story(fixture);
    read_as_of(fixture, 2, 0);
    write_lines(fixture, DELIVERY_NDJSON, 1u << DELIVERY_LEASED, "\"\\\x01\x1f\n\xc3\xa5<b>",
                &lines);
    assert_non_null(
        strstr(buf_cstr(&lines), "\"key\":\"\\\"\\\\\\u0001\\u001f\\n\xc3\xa5<b>\",\"state\""));
    buf_clear(&lines);
    write_lines(fixture, DELIVERY_CSV, 1u << DELIVERY_LEASED, "=a,\"b\"\n", &lines);
    assert_non_null(strstr(buf_cstr(&lines), "2049,\"'=a,\"\"b\"\"\n\",leased"));
    buf_release(&lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_read_as_of_a_record),
        TEST(times_reason_and_provider_are_what_the_events_say),
        TEST(the_newest_record_gives_what_the_fold_gives),
        TEST(damage_is_told),
        TEST(lines_of_json_say_all_of_it),
        TEST(lines_of_csv_all_have_the_same_fields),
        TEST(odd_bytes_in_keys_stay_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
