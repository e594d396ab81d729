/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads that break off, are aborted, or meet a disk that is slow, full or damaged. */
#include <stdio.h>

#include "coordinator/audience/audience.h"
#include "tests/unit/import_rig.h"
#include "tests/unit/stores.h"
#include "tests/unit/unit.h"

/* Tests */
static const char small[] = "id,phone,email,name\n"
                            "1,+491701234567,,Anna\n"
                            "2,0170,,Bob\n"
                            "3,,c@Example.ORG,\"Carla, \"\"C\"\"\"\n"
                            "1,+491701234568,x@y,again\n"
                            "4,,,\n";

static void assert_fails(struct ledger *ledger, const char *body,
                         const struct audience_settings *settings, const char *expected)
{
    struct rig rig;
    rig_import(&rig, ledger, slice_str(body), 7, settings);
    assert_false(rig.is_good);
    assert_int_equal(rig.problem.err, ERR_INVALID);
    assert_string_equal(rig.problem.text, expected);
    assert_nothing_left(ledger);
}

static void a_file_that_is_none_leaves_nothing_behind(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    assert_fails(ledger, "", &settings,
                 "the file is empty; a header row is expected, with at least the column \"id\"");
    assert_fails(ledger, "phone\n1\n", &settings,
                 "the header has no column \"id\"; it has: phone. Name the one that identifies a "
                 "recipient with "
                 "--map id=NAME");
    ledger_close(ledger);
}

static void the_first_refused_row_stops_when_asked_to(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    settings.on_error = AUDIENCE_STOP;
    assert_fails(
        ledger, small, &settings,
        "line 3, column \"phone\": \"0170\" has no country code; write it as +491701234567");
    assert_fails(ledger, "id,a\n1\n", &settings, "line 2: the row has 1 fields, the header has 2");
    ledger_close(ledger);
}

static void so_many_refused_rows_are_skipped_and_no_more(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    make_csv(&body, 2000, 0, 500);
    settings.on_error = AUDIENCE_SKIP_UP_TO;
    settings.refused_max = 3;
    assert_fails(ledger, buf_cstr(&body), &settings,
                 "too many rows are refused; the last is line 2001, column \"phone\": \"1\" has no "
                 "country code; "
                 "write it as +491701234567");
    settings.refused_max = 4;
    rig_import(&rig, ledger, buf_view(&body), 5000, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.refused, 4);
    assert_int_equal(count_values(ledger, STORE_REFUSALS), 4);
    buf_release(&body);
    ledger_close(ledger);
}

static void an_upload_that_breaks_off_leaves_nothing_behind(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    make_csv(&body, 40000, 3, 100);
    const size_t places[] = {0, 1, 100, 300000, body.len / 2, body.len};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct rig rig = {
            .ledger = ledger, .body = buf_view(&body), .piece = 5000, .abort_at = places[i]};
        import_body(&rig, &settings);
        assert_false(rig.is_good);
        assert_int_equal(rig.problem.err, ERR_CLOSED);
        assert_nothing_left(ledger);
    }
    buf_release(&body);
    ledger_close(ledger);
}

static void on_timer(uv_timer_t *timer)
{
    struct rig *rig = timer->data;
    if (!rig->is_done) {
        audience_import_abort(rig->import);
    }
    uv_close((uv_handle_t *)timer, NULL);
}

/* Also while the index is written, and when all is over but not told yet. */
static void an_abort_after_the_end_is_obeyed(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    make_csv(&body, 20000, 3, 0);
    for (unsigned delay = 0; delay < 40; delay += delay < 10 ? 1 : 6) {
        struct rig rig = {.ledger = ledger,
                          .body = buf_view(&body),
                          .piece = 65536,
                          .abort_at = SIZE_MAX,
                          .is_aborted_late = delay == 0};
        uv_loop_init(&rig.loop);
        uv_idle_init(&rig.loop, &rig.idle);
        uv_timer_t timer;
        uv_timer_init(&rig.loop, &timer);
        rig.idle.data = &rig;
        timer.data = &rig;
        rig.import = audience_import_new(ledger, &rig.loop, &settings, on_room, on_done, &rig);
        uv_idle_start(&rig.idle, on_idle);
        uv_timer_start(&timer, on_timer, delay, 0);
        uv_run(&rig.loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&rig.loop), 0);
        if (rig.is_good) {
            assert_int_not_equal(delay, 0);
            assert_whole(ledger, &rig.info);
            break; /* the machine is quicker than the abort */
        }
        assert_int_equal(rig.problem.err, ERR_CLOSED);
        assert_nothing_left(ledger);
    }
    buf_release(&body);
    ledger_close(ledger);
}

static void an_abort_is_obeyed_when_all_is_over_but_not_told(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct rig rig = {.ledger = ledger};
    uv_loop_init(&rig.loop);
    uv_idle_init(&rig.loop, &rig.idle);
    rig.import = audience_import_new(ledger, &rig.loop, &settings, on_room, on_done, &rig);
    audience_import_feed(rig.import, slice_str(small));
    audience_import_end(rig.import);
    /* Meanwhile the loop does not turn. */
    for (unsigned i = 0; i < 500 && count_values(ledger, STORE_REFUSALS) == 0; i++) {
        uv_sleep(10);
    }
    uv_sleep(50);
    audience_import_abort(rig.import);
    uv_run(&rig.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig.loop), 0);
    assert_false(rig.is_good);
    assert_int_equal(rig.problem.err, ERR_CLOSED);
    assert_nothing_left(ledger);
    ledger_close(ledger);
}

/* A store whose bulk loads fail from the n-th value on. */
static struct store_ops failing_ops;

static const struct store_ops *good_ops;

static int puts_left;

static enum err failing_put(struct store_bulk *bulk, struct slice key, struct slice value)
{
    int left = __atomic_fetch_sub(&puts_left, 1, __ATOMIC_RELAXED);
    return left <= 0 ? ERR_NO_SPACE : good_ops->bulk_put(bulk, key, value);
}

static enum err failing_finish(struct store_bulk *bulk, struct problem *problem)
{
    good_ops->bulk_abort(bulk);
    return problem_set(problem, ERR_NO_SPACE, "no room in the store");
}

static enum err slow_put(struct store_bulk *bulk, struct slice key, struct slice value)
{
    uv_sleep(1);
    return good_ops->bulk_put(bulk, key, value);
}

/* Puts these in place of the store's own functions. */
static void spoil(struct store *store,
                  enum err (*put)(struct store_bulk *, struct slice, struct slice))
{
    good_ops = store->ops;
    failing_ops = *good_ops;
    failing_ops.bulk_put = put;
    store->ops = &failing_ops;
}

static void a_slow_disk_holds_the_upload_back(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    make_csv(&body, 150000, 0, 0);
    spoil(ledger_store(ledger), slow_put);
    rig_import(&rig, ledger, buf_view(&body), 65536, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.accepted, 150000);
    ledger_store(ledger)->ops = good_ops;
    buf_release(&body);
    ledger_close(ledger);
}

/* Fails at every put of an upload without refused rows: 12 pages, 10 blocks of the index, 12
 * bitmaps of holes, 11 blocks of the endpoints, and the last block of each when it is finished. */
static void assert_every_put_may_fail(struct ledger *ledger)
{
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    make_csv(&body, 12000, 5, 0);
    for (int puts = 0; puts < 47; puts++) {
        puts_left = puts;
        rig_import(&rig, ledger, buf_view(&body), 50000, &settings);
        assert_false(rig.is_good);
        assert_int_equal(rig.problem.err, ERR_NO_SPACE);
        assert_string_equal(
            rig.problem.text,
            puts < 12    ? "a page of the audience cannot be written: there is no room left on "
                           "the disk"
            : puts >= 45 ? "Writing the lookup index of the audience failed: there is no room "
                           "left on the disk."
                         : "the index of the audience cannot be written: there is no room left "
                           "on the disk");
        assert_nothing_left(ledger);
    }
    buf_release(&body);
}

static void a_full_disk_is_reported_as_such(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct store *store = ledger_store(ledger);
    struct buf body = {0};
    struct rig rig;
    spoil(store, failing_put);
    assert_every_put_may_fail(ledger);
    make_csv(&body, 12000, 5, 20);
    /* Refusals, pages, lookup blocks and holes, in whatever order: more than 630 values in all. */
    for (int puts = 0; puts < 630; puts += puts < 15 ? 1 : 41) {
        puts_left = puts;
        rig_import(&rig, ledger, buf_view(&body), 50000, &settings);
        assert_false(rig.is_good);
        assert_int_equal(rig.problem.err, ERR_NO_SPACE);
        assert_int_not_equal(rig.problem.text[0], '\0');
        assert_nothing_left(ledger);
    }
    puts_left = INT32_MAX;
    failing_ops.bulk_finish = failing_finish;
    rig_import(&rig, ledger, buf_view(&body), 50000, &settings);
    assert_int_equal(rig.problem.err, ERR_NO_SPACE);
    assert_string_equal(rig.problem.text, "no room in the store");
    assert_nothing_left(ledger);
    store->ops = good_ops;
    rig_import(&rig, ledger, buf_view(&body), 50000, &settings);
    assert_true(rig.is_good);
    assert_whole(ledger, &rig.info);
    buf_release(&body);
    ledger_close(ledger);
}

static void a_missing_page_is_damage(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct store *store = ledger_store(ledger);
    struct rig rig;
    uint32_t ordinal;
    rig_import(&rig, ledger, slice_str(small), 100, &settings);
    assert_true(rig.is_good);
    rig.info.slots = 1;
    assert_int_equal(audience_lookup(ledger, &rig.info, slice_str("4"), &ordinal), ERR_CORRUPT);
    rig.info.slots = 4;
    assert_int_equal(store->ops->remove_range(store, STORE_PAGES, slice_str(""), slice_str("\xff")),
                     ERR_OK);
    assert_int_equal(audience_lookup(ledger, &rig.info, slice_str("4"), &ordinal), ERR_CORRUPT);
    ledger_close(ledger);
}

static uint32_t roll(uint32_t *dice, uint32_t sides)
{
    *dice = *dice * 1664525 + 1013904223;
    return (*dice >> 8) % sides;
}

/* Changes some bytes and cuts some out. */
static void mutate(struct buf *body, uint32_t *dice)
{
    static const char bytes[] = "\",\n\r\\{}[]:\xff\xc3\x00 +0a;";
    for (uint32_t i = roll(dice, 30); i-- > 0 && body->len > 1;) {
        size_t at = roll(dice, (uint32_t)body->len);
        if (roll(dice, 3) > 0) {
            body->data[at] = (uint8_t)bytes[roll(dice, sizeof(bytes) - 1)];
            continue;
        }
        size_t len = roll(dice, 40);
        len = len < body->len - at ? len : body->len - at;
        memmove(body->data + at, body->data + at + len, body->len - at - len);
        body->len -= len;
    }
}

static void whatever_comes_in_adds_up(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct buf body = {0};
    uint32_t dice = 5;
    for (unsigned round = 0; round < 120; round++) {
        enum audience_format format = round % 2 == 0 ? AUDIENCE_CSV : AUDIENCE_NDJSON;
        struct audience_settings settings = settings_of(format);
        settings.id = round + 1;
        settings.threads = 1 + round % 3;
        settings.codec = (enum page_codec)(round % 3);
        if (format == AUDIENCE_CSV) {
            make_csv(&body, roll(&dice, 2000), 1 + roll(&dice, 9), roll(&dice, 50));
        }
        for (uint32_t i = roll(&dice, 1500); format == AUDIENCE_NDJSON && i-- > 0;) {
            buf_printf(&body, "{\"id\":%u,\"phone\":[\"+4917012345%02u\"],\"x\":\"\\u00e4\"}\n",
                       roll(&dice, 1500), roll(&dice, 100));
        }
        mutate(&body, &dice);
        struct rig rig;
        rig_import(&rig, ledger, buf_view(&body), 1 + roll(&dice, 20000), &settings);
        if (rig.is_good) {
            assert_whole(ledger, &rig.info);
        } else {
            assert_int_equal(rig.problem.err, ERR_INVALID);
        }
        buf_clear(&body);
    }
    buf_release(&body);
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST_MEMORY(a_file_that_is_none_leaves_nothing_behind),
        STORES_TEST_MEMORY(the_first_refused_row_stops_when_asked_to),
        STORES_TEST_MEMORY(so_many_refused_rows_are_skipped_and_no_more),
        STORES_TEST(an_upload_that_breaks_off_leaves_nothing_behind),
        STORES_TEST(an_abort_after_the_end_is_obeyed),
        STORES_TEST(an_abort_is_obeyed_when_all_is_over_but_not_told),
        STORES_TEST_MEMORY(a_slow_disk_holds_the_upload_back),
        STORES_TEST_MEMORY(a_full_disk_is_reported_as_such),
        STORES_TEST_MEMORY(a_missing_page_is_damage),
        STORES_TEST_MEMORY(whatever_comes_in_adds_up),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
