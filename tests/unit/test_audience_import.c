/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "coordinator/audience/audience.h"
#include "coordinator/audience/endpoint_index.h"
#include "coordinator/audience/refusal.h"
#include "tests/unit/packer.h"
#include "tests/unit/stores.h"
#include "tests/unit/unit.h"

enum { AUDIENCE = 7 };

/* One import from its first byte to `done`. */
struct rig {
    struct ledger *ledger;
    uv_loop_t loop;
    uv_idle_t idle;
    struct audience_import *import;
    struct slice body;
    size_t at;
    size_t piece;
    size_t abort_at;      /* of the body; SIZE_MAX: never */
    bool is_aborted_late; /* right after the end */
    bool has_ended;
    unsigned pauses;
    bool is_done;
    bool is_good;
    struct audience_info info;
    struct problem problem;
};

static void on_done(void *arg, const struct audience_info *info, const struct problem *problem)
{
    struct rig *rig = arg;
    assert_false(rig->is_done);
    assert_true((info == NULL) != (problem == NULL));
    rig->is_done = true;
    rig->is_good = info != NULL;
    if (info != NULL) {
        rig->info = *info;
    } else {
        rig->problem = *problem;
    }
    uv_close((uv_handle_t *)&rig->idle, NULL);
}

static void end(struct rig *rig)
{
    rig->has_ended = true;
    audience_import_end(rig->import);
    if (rig->is_aborted_late) {
        audience_import_abort(rig->import);
    }
    uv_idle_stop(&rig->idle);
}

static void on_idle(uv_idle_t *idle)
{
    struct rig *rig = idle->data;
    size_t left = rig->body.len - rig->at;
    if (rig->at >= rig->abort_at) {
        rig->has_ended = true;
        audience_import_abort(rig->import);
        uv_idle_stop(idle);
    } else if (left == 0) {
        end(rig);
    } else {
        size_t len = left < rig->piece ? left : rig->piece;
        uint8_t *piece = mem_copy(rig->body.data + rig->at, len);
        bool has_room = audience_import_feed(rig->import, slice_of(piece, len));
        mem_free(piece);
        rig->at += len;
        if (!has_room) {
            rig->pauses++;
            uv_idle_stop(idle);
        }
    }
}

static void on_room(void *arg)
{
    struct rig *rig = arg;
    if (!rig->has_ended) {
        uv_idle_start(&rig->idle, on_idle);
    }
}

static struct audience_settings settings_of(enum audience_format format)
{
    return (struct audience_settings){.id = AUDIENCE,
                                      .name = "customers",
                                      .format = format,
                                      .on_error = AUDIENCE_SKIP,
                                      .codec = PAGE_ZSTD,
                                      .threads = 2};
}

/* Runs it; the rig says how it went. */
static void import_body(struct rig *rig, const struct audience_settings *settings)
{
    uv_loop_init(&rig->loop);
    uv_idle_init(&rig->loop, &rig->idle);
    rig->idle.data = rig;
    rig->import = audience_import_new(rig->ledger, &rig->loop, settings, on_room, on_done, rig);
    uv_idle_start(&rig->idle, on_idle);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    assert_true(rig->is_done);
    if (rig->is_good) {
        const struct audience_info *info = &rig->info;
        assert_int_equal(info->accepted + info->duplicates + info->refused, info->rows);
        assert_int_equal(info->accepted + info->duplicates, info->slots);
        struct buf bytes = {0};
        struct audience_info back;
        audience_info_encode(info, &bytes);
        assert_int_equal(audience_info_decode(buf_view(&bytes), &back), ERR_OK);
        buf_release(&bytes);
    }
}

static void rig_import(struct rig *rig, struct ledger *ledger, struct slice body, size_t piece,
                       const struct audience_settings *settings)
{
    *rig = (struct rig){.ledger = ledger, .body = body, .piece = piece, .abort_at = SIZE_MAX};
    import_body(rig, settings);
}

static struct ledger *open_ledger(void **state)
{
    struct ledger *ledger = NULL;
    struct problem problem;
    assert_int_equal(ledger_open(&ledger, stores_open(*state), &problem), ERR_OK);
    return ledger;
}

/* What is in the store of the audience. */

static bool count_holes(void *arg, uint32_t page, const struct bitmap *holes)
{
    (void)page;
    *(uint64_t *)arg += bitmap_count(holes);
    return true;
}

static bool append_refusal(void *arg, uint64_t line, struct slice json)
{
    (void)line;
    buf_slice(arg, json);
    buf_str(arg, "\n");
    return true;
}

static unsigned count_values(struct ledger *ledger, enum store_family family)
{
    struct store *store = ledger_store(ledger);
    struct store_scan *scan = store->ops->scan(store, family, slice_str(""), slice_of(NULL, 0));
    struct slice key;
    struct slice value;
    unsigned count = 0;
    while (store->ops->scan_next(scan, &key, &value)) {
        count++;
    }
    assert_int_equal(store->ops->scan_free(scan), ERR_OK);
    return count;
}

static void assert_nothing_left(struct ledger *ledger)
{
    assert_int_equal(count_values(ledger, STORE_PAGES), 0);
    assert_int_equal(count_values(ledger, STORE_LOOKUP), 0);
    assert_int_equal(count_values(ledger, STORE_REFUSALS), 0);
}

/* Every page opens, the holes are the duplicates, and every recipient that is none is found by its
 * key. */
static void assert_whole(struct ledger *ledger, const struct audience_info *info)
{
    uint64_t hole_count = 0;
    assert_int_equal(ledger_each_holes(ledger, info->id, count_holes, &hole_count), ERR_OK);
    assert_int_equal(hole_count, info->duplicates);
    struct page_view view = {0};
    unsigned step = info->slots > 1000 ? 13 : 1;
    uint64_t found = 0;
    for (uint32_t page = 0; page < info->pages; page++) {
        struct store_value value;
        assert_int_equal(ledger_page(ledger, info->id, page, &value), ERR_OK);
        assert_int_equal(page_open(&view, value.bytes, NULL), ERR_OK);
        assert_int_equal(view.columns, info->schema.count);
        for (unsigned row = 0; row < view.count; row += step) {
            uint32_t ordinal;
            page_seek(&view, row);
            enum err err = audience_lookup(ledger, info, page_value(&view, 0), &ordinal);
            assert_int_equal(err, ERR_OK);
            assert_true(ordinal <= page * PAGE_RECIPIENTS + row);
            found += ordinal == page * PAGE_RECIPIENTS + row;
        }
        store_value_release(&value);
    }
    assert_true(found == info->accepted || step > 1);
    page_view_release(&view);
}

/* Tests */

static const char small[] = "id,phone,email,name\n"
                            "1,+491701234567,,Anna\n"
                            "2,0170,,Bob\n"
                            "3,,c@Example.ORG,\"Carla, \"\"C\"\"\"\n"
                            "1,+491701234568,x@y,again\n"
                            "4,,,\n";

static void an_upload_becomes_a_sealed_audience(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct rig rig;
    rig_import(&rig, ledger, slice_str(small), 10, &settings);
    assert_true(rig.is_good);
    const struct audience_info *info = &rig.info;
    assert_int_equal(info->id, AUDIENCE);
    assert_string_equal(info->name, "customers");
    assert_true(info->created_ms > 1600000000000);
    assert_int_equal(info->rows, 5);
    assert_int_equal(info->accepted, 3);
    assert_int_equal(info->duplicates, 1);
    assert_int_equal(info->refused, 1);
    assert_int_equal(info->refused_kept, 1);
    assert_int_equal(info->pages, 1);
    assert_int_equal(info->slots, 4);
    assert_true(info->page_bytes > 0);
    assert_int_equal(info->schema.count, 4);
    /* Recipients only: the duplicate had a phone, an address and a name as well. */
    assert_int_equal(info->with_field[PAGE_FIELD_KEY], 3);
    assert_int_equal(info->with_field[PAGE_FIELD_PHONE], 1);
    assert_int_equal(info->with_field[PAGE_FIELD_EMAIL], 1);
    assert_int_equal(info->with_field[PAGE_FIELD_VARIABLE], 2);
    assert_int_equal(info->with_field[PAGE_FIELD_LOCALE], 0);
    assert_whole(ledger, info);

    uint32_t ordinal;
    assert_int_equal(audience_lookup(ledger, info, slice_str("3"), &ordinal), ERR_OK);
    assert_int_equal(ordinal, 1);
    assert_int_equal(audience_lookup(ledger, info, slice_str("2"), &ordinal), ERR_NOT_FOUND);
    struct buf refusals = {0};
    assert_int_equal(ledger_each_refusal(ledger, AUDIENCE, 0, append_refusal, &refusals), ERR_OK);
    assert_buf_is(&refusals,
                  "{\"line\":3,\"column\":\"phone\",\"reason\":\"\\\"0170\\\" has no country code; "
                  "write it as +491701234567\"}\n");
    buf_release(&refusals);
    ledger_close(ledger);
}

/* count rows; every `repeat`-th repeats a key, every `bad`-th is refused. */
static void make_csv(struct buf *body, unsigned count, unsigned repeat, unsigned bad)
{
    buf_str(body, "id,phone,locale,x\n");
    for (unsigned i = 0; i < count; i++) {
        unsigned key = repeat > 0 && i % repeat == repeat - 1 ? i / 2 : i;
        if (bad > 0 && i % bad == bad - 1) {
            buf_printf(body, "%u,1,de,\n", i);
        } else {
            buf_printf(body, "%u,+49170%07u,de_DE,\"a %u\"\n", key, i, i * 7);
        }
    }
}

static void the_way_an_upload_is_cut_makes_no_difference(void **state)
{
    const size_t pieces[] = {1, 13, 4096, 100000, SIZE_MAX / 2};
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct buf first = {0};
    make_csv(&body, 5000, 5, 100);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct ledger *ledger = open_ledger(state);
        struct rig rig;
        settings.id = AUDIENCE + i;
        rig_import(&rig, ledger, buf_view(&body), pieces[i], &settings);
        assert_true(rig.is_good);
        assert_int_equal(rig.info.rows, 5000);
        assert_int_equal(rig.info.refused, 50);
        assert_int_equal(rig.info.pages, 5);
        assert_whole(ledger, &rig.info);
        struct buf encoded = {0};
        rig.info.id = 0;
        rig.info.created_ms = 0;
        audience_info_encode(&rig.info, &encoded);
        if (i == 0) {
            buf_slice(&first, buf_view(&encoded));
        }
        assert_true(slice_equal(buf_view(&encoded), buf_view(&first)));
        buf_release(&encoded);
        ledger_close(ledger);
    }
    buf_release(&body);
    buf_release(&first);
}

static void packed_bodies_are_unpacked(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf text = {0};
    struct buf body = {0};
    struct rig rig;
    make_csv(&text, 3000, 0, 0);
    settings.encoding = AUDIENCE_GZIP;
    pack_gzip(buf_view(&text), &body);
    rig_import(&rig, ledger, buf_view(&body), 1000, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.accepted, 3000);

    rig_import(&rig, ledger, slice_of(body.data, body.len - 1), 1000,
               &(struct audience_settings){.id = 8,
                                           .name = "",
                                           .encoding = AUDIENCE_GZIP,
                                           .on_error = AUDIENCE_SKIP,
                                           .codec = PAGE_LZ4});
    assert_false(rig.is_good);
    assert_int_equal(rig.problem.err, ERR_INVALID);
    assert_non_null(strstr(rig.problem.text, "ends too early"));

    buf_clear(&body);
    settings.id = 9;
    settings.encoding = AUDIENCE_ZSTD;
    pack_zstd(buf_view(&text), &body);
    rig_import(&rig, ledger, buf_view(&body), 1000, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.accepted, 3000);
    assert_int_equal(count_values(ledger, STORE_PAGES), 6);
    buf_release(&text);
    buf_release(&body);
    ledger_close(ledger);
}

static void ndjson_is_taken_as_well(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_NDJSON);
    struct buf body = {0};
    struct rig rig;
    for (unsigned i = 0; i < 2500; i++) {
        buf_printf(&body,
                   "{\"id\":%u,\"email\":[\"a%u@example.org\"],\"n\\u0061me\":\"\\u00e4 %u\"}\n", i,
                   i, i);
    }
    buf_str(&body, "{\"id\":1\n");
    rig_import(&rig, ledger, buf_view(&body), 1000, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.accepted, 2500);
    assert_int_equal(rig.info.refused, 1);
    assert_int_equal(rig.info.with_field[PAGE_FIELD_EMAIL], 2500);
    assert_whole(ledger, &rig.info);
    buf_release(&body);
    ledger_close(ledger);
}

static void an_audience_may_be_empty(void **state)
{
    static const char *const bodies[] = {"id", "id,phone\n", "id,phone\r\n\r\n", "id\n\"\"\n"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct ledger *ledger = open_ledger(state);
        struct audience_settings settings = settings_of(AUDIENCE_CSV);
        struct rig rig;
        uint32_t ordinal;
        rig_import(&rig, ledger, slice_str(bodies[i]), 100, &settings);
        assert_true(rig.is_good);
        assert_int_equal(rig.info.accepted, 0);
        assert_int_equal(rig.info.pages, 0);
        assert_int_equal(audience_lookup(ledger, &rig.info, slice_str("x"), &ordinal),
                         ERR_NOT_FOUND);
        ledger_close(ledger);
    }
}

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

static void refused_rows_are_listed_up_to_a_limit_and_counted_beyond(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    buf_str(&body, "id\n");
    for (unsigned i = 0; i < REFUSALS_MAX + 10; i++) {
        buf_str(&body, "a,b\n");
    }
    buf_str(&body, "last\n");
    rig_import(&rig, ledger, buf_view(&body), 65536, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.accepted, 1);
    assert_int_equal(rig.info.refused, REFUSALS_MAX + 10);
    assert_int_equal(rig.info.refused_kept, REFUSALS_MAX);
    assert_int_equal(count_values(ledger, STORE_REFUSALS), REFUSALS_MAX);
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

struct found {
    unsigned count;
    uint32_t ordinals[8];
    unsigned ranks[8];
};

static bool on_found(void *arg, uint32_t ordinal, unsigned rank)
{
    struct found *found = arg;
    assert_true(found->count < 8);
    found->ordinals[found->count] = ordinal;
    found->ranks[found->count++] = rank;
    return true;
}

static struct found find(struct ledger *ledger, const struct audience_info *info,
                         enum page_field field, const char *value)
{
    struct found found = {0};
    assert_int_equal(endpoint_index_find(ledger, info, field, slice_str(value), on_found, &found),
                     ERR_OK);
    return found;
}

static bool count_entry(void *arg, uint64_t hash, uint32_t ordinal)
{
    unsigned *count = arg;
    (void)hash;
    (void)ordinal;
    ++*count;
    return true;
}

static void whoever_has_an_endpoint_is_found(void **state)
{
    static const char csv[] = "id,phone,email,phone.2\n"
                              "a,+491701111111,Anna@Example.ORG,\n"
                              "b,+491702222222,,+491701111111\n"
                              "c,+491701111111,anna@example.org,\n"
                              "d,,,\n";
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct rig rig;
    unsigned count = 0;
    rig_import(&rig, ledger, slice_str(csv), 7, &settings);
    assert_true(rig.is_good);
    struct found found = find(ledger, &rig.info, PAGE_FIELD_PHONE, "+491701111111");
    assert_int_equal(found.count, 3);
    assert_int_equal(found.ordinals[0], 0);
    assert_int_equal(found.ordinals[1], 2);
    assert_int_equal(found.ordinals[2], 1);
    assert_int_equal(found.ranks[1], 0);
    assert_int_equal(found.ranks[2], 1);
    found = find(ledger, &rig.info, PAGE_FIELD_EMAIL, "ANNA@example.org"); /* in whatever case */
    assert_int_equal(found.count, 2);
    assert_int_equal(find(ledger, &rig.info, PAGE_FIELD_PHONE, "+491703333333").count, 0);
    assert_int_equal(find(ledger, &rig.info, PAGE_FIELD_PUSH, "+491701111111").count, 0);
    assert_int_equal(ledger_each_endpoint(ledger, rig.info.id, count_entry, &count), ERR_OK);
    assert_int_equal(count, 6);
    count = 0;
    assert_int_equal(ledger_each_lookup(ledger, rig.info.id, count_entry, &count), ERR_OK);
    assert_int_equal(count, 4);
    struct ledger_check check;
    assert_int_equal(ledger_sweep(ledger), ERR_OK); /* the catalogue does not know it */
    assert_nothing_left(ledger);
    assert_int_equal(ledger_check(ledger, NULL, NULL, &check), ERR_OK);
    ledger_close(ledger);
}

static void the_loop_is_told_to_pause(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    make_csv(&body, 300000, 0, 0);
    rig_import(&rig, ledger, buf_view(&body), 1 << 20, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.accepted, 300000);
    assert_true(rig.pauses > 0);
    buf_release(&body);
    ledger_close(ledger);
}

static void an_endless_line_is_one_refused_row(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    /* A hundred megabytes without a line end, as a bomb of a hundred kilobytes. */
    pack_gzip(slice_str("id\n1\n"), &body);
    pack_gzip_zeros(100 << 20, &body);
    pack_gzip(slice_str("\n2\n"), &body);
    settings.encoding = AUDIENCE_GZIP;
    rig_import(&rig, ledger, buf_view(&body), 4096, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.rows, 3);
    assert_int_equal(rig.info.accepted, 2);
    assert_int_equal(rig.info.refused, 1);
    buf_release(&body);
    ledger_close(ledger);
}

/* Rows as large as they may be: a page of them has 16 MB, and is not much smaller when it is
 * sealed. */
static void huge_rows_fit(void **state)
{
    uint32_t dice = 1;
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    buf_str(&body, "id,x\n");
    for (unsigned i = 0; i < 4000; i++) {
        buf_printf(&body, "%06u,", i);
        uint8_t *value = buf_reserve(&body, PAGE_VALUE_MAX - 6);
        for (unsigned j = 0; j < PAGE_VALUE_MAX - 6; j++) {
            dice = dice * 1664525 + 1013904223;
            value[j] = (uint8_t)('a' + (dice >> 16) % 26);
        }
        body.len += PAGE_VALUE_MAX - 6;
        buf_str(&body, "\n");
    }
    rig_import(&rig, ledger, buf_view(&body), 100000, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.accepted, 4000);
    buf_release(&body);
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

static void who_is_asked_for_again_costs_no_page(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct buf body = {0};
    struct rig rig;
    uint32_t ordinal;
    make_csv(&body, 5000, 0, 0);
    rig_import(&rig, ledger, buf_view(&body), 50000, &settings);
    assert_true(rig.is_good);
    struct audience_finder *finder = audience_finder_new(ledger);
    struct page_view view = {0};
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t page = 0; page < rig.info.pages; page++) {
            struct store_value value;
            assert_int_equal(ledger_page(ledger, AUDIENCE, page, &value), ERR_OK);
            assert_int_equal(page_open(&view, value.bytes, NULL), ERR_OK);
            for (unsigned row = 0; row < view.count; row += 11) {
                page_seek(&view, row);
                assert_int_equal(audience_find(finder, &rig.info, page_value(&view, 0), &ordinal),
                                 ERR_OK);
                assert_int_equal(ordinal, page * PAGE_RECIPIENTS + row);
            }
            store_value_release(&value);
        }
        assert_int_equal(audience_finder_opened(finder), rig.info.pages);
    }
    assert_int_equal(audience_find(finder, &rig.info, slice_str("nobody"), &ordinal),
                     ERR_NOT_FOUND);
    audience_finder_free(finder);
    page_view_release(&view);
    buf_release(&body);
    ledger_close(ledger);
}

static void columns_may_be_renamed(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    struct audience_mapping mappings[] = {{"id", "no"}, {"phone", "Mobile"}};
    struct rig rig;
    settings.mapping_count = 2;
    settings.mappings = mappings;
    rig_import(&rig, ledger, slice_str("no,Mobile\n1,+49 170 1234567\n"), 1, &settings);
    assert_true(rig.is_good);
    assert_int_equal(rig.info.with_field[PAGE_FIELD_PHONE], 1);
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

static void progress_is_shown(void **state)
{
    struct ledger *ledger = open_ledger(state);
    struct audience_settings settings = settings_of(AUDIENCE_CSV);
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct rig rig = {.ledger = ledger};
    uv_idle_init(&loop, &rig.idle);
    rig.import = audience_import_new(ledger, &loop, &settings, on_room, on_done, &rig);
    struct audience_progress progress;
    audience_import_feed(rig.import, slice_str("id\n1\n1\n"));
    audience_import_progress(rig.import, &progress);
    assert_int_equal(progress.bytes, 7);
    assert_int_equal(progress.duplicates, 0);
    audience_import_end(rig.import);
    do {
        audience_import_progress(rig.import, &progress);
    } while (progress.duplicates == 0);
    audience_import_progress(rig.import, &progress);
    assert_int_equal(progress.rows, 2);
    assert_int_equal(progress.refused, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_true(rig.is_good);
    ledger_close(ledger);
}

static int start_sodium(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(an_upload_becomes_a_sealed_audience),
        STORES_TEST_MEMORY(the_way_an_upload_is_cut_makes_no_difference),
        STORES_TEST_MEMORY(packed_bodies_are_unpacked),
        STORES_TEST_MEMORY(ndjson_is_taken_as_well),
        STORES_TEST(an_audience_may_be_empty),
        STORES_TEST_MEMORY(a_file_that_is_none_leaves_nothing_behind),
        STORES_TEST_MEMORY(the_first_refused_row_stops_when_asked_to),
        STORES_TEST_MEMORY(so_many_refused_rows_are_skipped_and_no_more),
        STORES_TEST_MEMORY(refused_rows_are_listed_up_to_a_limit_and_counted_beyond),
        STORES_TEST(an_upload_that_breaks_off_leaves_nothing_behind),
        STORES_TEST(an_abort_after_the_end_is_obeyed),
        STORES_TEST(an_abort_is_obeyed_when_all_is_over_but_not_told),
        STORES_TEST(whoever_has_an_endpoint_is_found),
        STORES_TEST(the_loop_is_told_to_pause),
        STORES_TEST_MEMORY(an_endless_line_is_one_refused_row),
        STORES_TEST_MEMORY(huge_rows_fit),
        STORES_TEST_MEMORY(a_slow_disk_holds_the_upload_back),
        STORES_TEST_MEMORY(a_full_disk_is_reported_as_such),
        STORES_TEST_MEMORY(a_missing_page_is_damage),
        STORES_TEST(who_is_asked_for_again_costs_no_page),
        STORES_TEST_MEMORY(columns_may_be_renamed),
        STORES_TEST_MEMORY(whatever_comes_in_adds_up),
        STORES_TEST_MEMORY(progress_is_shown),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
