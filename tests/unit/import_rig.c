/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/import_rig.h"

#include <sodium.h>

#include "common/mem.h"
#include "common/merkle.h"
#include "tests/unit/stores.h"
#include "tests/unit/unit.h"

void on_done(void *arg, const struct audience_info *info, const struct problem *problem)
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

void on_idle(uv_idle_t *idle)
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

void on_room(void *arg)
{
    struct rig *rig = arg;
    if (!rig->has_ended) {
        uv_idle_start(&rig->idle, on_idle);
    }
}

struct audience_settings settings_of(enum audience_format format)
{
    return (struct audience_settings){.id = AUDIENCE,
                                      .name = "customers",
                                      .format = format,
                                      .on_error = AUDIENCE_SKIP,
                                      .codec = PAGE_ZSTD,
                                      .threads = 2};
}

void import_body(struct rig *rig, const struct audience_settings *settings)
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

void rig_import(struct rig *rig, struct ledger *ledger, struct slice body, size_t piece,
                const struct audience_settings *settings)
{
    *rig = (struct rig){.ledger = ledger, .body = body, .piece = piece, .abort_at = SIZE_MAX};
    import_body(rig, settings);
}

struct ledger *open_ledger(void **state)
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

unsigned count_values(struct ledger *ledger, enum store_family family)
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

void assert_nothing_left(struct ledger *ledger)
{
    assert_int_equal(count_values(ledger, STORE_PAGES), 0);
    assert_int_equal(count_values(ledger, STORE_LOOKUP), 0);
    assert_int_equal(count_values(ledger, STORE_REFUSALS), 0);
}

/* The root is over all rows, as they stand in the pages. */
static void assert_bound(struct ledger *ledger, const struct audience_info *info)
{
    struct page_rows *rows = mem_zalloc(1, sizeof(*rows));
    struct page_view view = {0};
    struct merkle pages = {0};
    struct buf roots = {0};
    uint8_t root[HASH_DIGEST_BYTES];
    assert_true(info->has_root && info->has_secret);
    assert_int_equal(ledger_roots(ledger, info->id, info->pages, &roots), ERR_OK);
    for (uint32_t page = 0; page < info->pages; page++) {
        struct store_value value;
        assert_int_equal(ledger_page(ledger, info->id, page, &value), ERR_OK);
        assert_int_equal(page_open(&view, value.bytes, NULL), ERR_OK);
        page_rows_of_view(rows, info->secret, page, &view);
        page_rows_root(rows, 0, NULL, root);
        assert_memory_equal(root, roots.data + (size_t)page * HASH_DIGEST_BYTES, sizeof(root));
        merkle_add(&pages, root);
        store_value_release(&value);
    }
    merkle_root(&pages, root);
    assert_memory_equal(root, info->root, sizeof(root));
    page_view_release(&view);
    page_rows_release(rows);
    mem_free(rows);
    buf_release(&roots);
}

void assert_whole(struct ledger *ledger, const struct audience_info *info)
{
    uint64_t hole_count = 0;
    assert_int_equal(ledger_each_holes(ledger, info->id, count_holes, &hole_count), ERR_OK);
    assert_int_equal(hole_count, info->duplicates);
    assert_bound(ledger, info);
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

void make_csv(struct buf *body, unsigned count, unsigned repeat, unsigned bad)
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

int start_sodium(void **state)
{
    (void)state;
    return sodium_init() < 0;
}
