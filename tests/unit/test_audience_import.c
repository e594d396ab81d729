/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/audience/audience.h"
#include "coordinator/audience/endpoint_index.h"
#include "coordinator/audience/refusal.h"
#include "tests/unit/import_rig.h"
#include "tests/unit/packer.h"
#include "tests/unit/stores.h"
#include "tests/unit/unit.h"

static bool append_refusal(void *arg, uint64_t line, struct slice json)
{
    (void)line;
    buf_slice(arg, json);
    buf_str(arg, "\n");
    return true;
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
        rig.info.has_root = false; /* with a secret of its own each time */
        rig.info.has_secret = false;
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
    assert_int_equal(count_values(ledger, STORE_PAGES), 2 * (3 + 1)); /* and a block of roots */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(an_upload_becomes_a_sealed_audience),
        STORES_TEST_MEMORY(the_way_an_upload_is_cut_makes_no_difference),
        STORES_TEST_MEMORY(packed_bodies_are_unpacked),
        STORES_TEST_MEMORY(ndjson_is_taken_as_well),
        STORES_TEST(an_audience_may_be_empty),
        STORES_TEST_MEMORY(refused_rows_are_listed_up_to_a_limit_and_counted_beyond),
        STORES_TEST(whoever_has_an_endpoint_is_found),
        STORES_TEST(the_loop_is_told_to_pause),
        STORES_TEST_MEMORY(an_endless_line_is_one_refused_row),
        STORES_TEST_MEMORY(huge_rows_fit),
        STORES_TEST(who_is_asked_for_again_costs_no_page),
        STORES_TEST_MEMORY(columns_may_be_renamed),
        STORES_TEST_MEMORY(progress_is_shown),
    };
    return cmocka_run_group_tests(tests, start_sodium, NULL);
}
