/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/delivery_export.h"

#include <assert.h>
#include <stdio.h>
#include <zstd.h>

#include "common/mem.h"

#define BLOCK_BYTES ((size_t)256 * 1024) /* of lines; one line more may lie behind it */
#define ZSTD_LEVEL  1

struct delivery_export {
    struct ledger *ledger;
    struct campaign_def def;
    struct delivery_filter filter;
    uint64_t recno;
    uint32_t from;
    bool is_zstd;
    bool has_head;
    bool has_end;
    struct delivery_rows *rows;
    /* of the outflow's thread */
    struct outflow *outflow;
    struct delivery_moment moment;
    struct delivery_page page;
    struct page_view sealed;
    struct buf lines;
    struct buf frame; /* of the lines, compressed */
    uint64_t row_count;
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
};

static void compress(struct delivery_export *export)
{
    size_t bound = ZSTD_compressBound(export->lines.len);
    size_t len = ZSTD_compress2(export->compressor, buf_reserve(&export->frame, bound), bound,
                                export->lines.data, export->lines.len);
    assert(!ZSTD_isError(len)); /* there is room */
    export->frame.len = len;
    buf_clear(&export->lines);
}

/* The lines become a block. ERR_CLOSED: nobody wants them. */
static enum err flush(struct delivery_export *export)
{
    if (export->lines.len == 0) {
        return ERR_OK;
    }
    if (export->is_zstd) {
        compress(export);
    }
    struct buf *block = export->is_zstd ? &export->frame : &export->lines;
    return outflow_put(export->outflow, block) ? ERR_OK : ERR_CLOSED;
}

static enum err write_page(struct delivery_export *export, uint32_t number,
                           const struct bitmap *picked)
{
    struct store_value value = {0};
    enum err err = ledger_page(export->ledger, export->def.audience, number, &value);
    if (err == ERR_OK) {
        err = page_open(&export->sealed, value.bytes, export->decompressor);
    }
    if (err == ERR_OK && export->sealed.count < export->page.count) {
        err = ERR_CORRUPT;
    }
    unsigned place = 0;
    while (err == ERR_OK && place < BITMAP_BITS) {
        place = delivery_rows_write(export->rows, &export->page, &export->sealed, number, picked,
                                    place, BLOCK_BYTES, &export->lines, &export->row_count);
        if (export->lines.len >= BLOCK_BYTES) {
            err = flush(export);
        }
    }
    store_value_release(&value);
    return err;
}

static enum err write_pages(struct delivery_export *export)
{
    uint32_t pages = (export->def.slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    unsigned place = export->from % PAGE_RECIPIENTS;
    struct bitmap picked;
    enum err err = ERR_OK;
    for (uint32_t number = export->from / PAGE_RECIPIENTS; number < pages && err == ERR_OK;
         number++) {
        if (!outflow_is_wanted(export->outflow)) {
            return ERR_CLOSED;
        }
        err = delivery_page_read(&export->page, export->ledger, &export->def, &export->moment,
                                 number);
        if (err == ERR_OK &&
            delivery_rows_pick(export->rows, &export->page, &export->filter, place, &picked) > 0) {
            err = write_page(export, number, &picked);
        }
        place = 0;
    }
    return err;
}

static void write_end(struct delivery_export *export)
{
    char campaign[24];
    (void)snprintf(campaign, sizeof(campaign), "c%llu", (unsigned long long)export->def.id);
    const struct delivery_end end = {
        export->row_count,
        campaign,
        export->moment.state,
        export->def.recipients,
    };
    delivery_rows_end(export->rows, &end, &export->lines);
}

static enum err write_all(struct delivery_export *export)
{
    if (export->has_head) {
        delivery_rows_head(export->rows, &export->lines);
    }
    enum err err =
        delivery_moment_read(&export->moment, export->ledger, export->def.id, export->recno);
    if (err == ERR_OK) {
        err = write_pages(export);
    }
    if (err == ERR_OK) {
        err = flush(export); /* so that the end is a frame of its own */
    }
    if (err == ERR_OK && export->has_end) {
        write_end(export);
        err = flush(export);
    }
    return err;
}

static enum err make(void *arg, struct outflow *outflow, struct problem *problem)
{
    struct delivery_export *export = arg;
    (void)problem;
    export->outflow = outflow;
    export->decompressor = ZSTD_createDCtx();
    if (export->is_zstd) {
        export->compressor = ZSTD_createCCtx();
        (void)ZSTD_CCtx_setParameter(export->compressor, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        (void)ZSTD_CCtx_setParameter(export->compressor, ZSTD_c_checksumFlag, 1);
    }
    enum err err = write_all(export);
    delivery_page_release(&export->page);
    page_view_release(&export->sealed);
    ZSTD_freeDCtx(export->decompressor);
    ZSTD_freeCCtx(export->compressor);
    return err;
}

static void release(void *arg)
{
    struct delivery_export *export = arg;
    buf_release(&export->lines);
    buf_release(&export->frame);
    delivery_rows_free(export->rows);
    mem_free(export);
}

struct outflow *delivery_export_start(uv_loop_t *loop,
                                      const struct delivery_export_request *request,
                                      void (*on_ready)(void *arg), void (*on_gone)(void *arg),
                                      void *arg)
{
    struct delivery_export *export = mem_zalloc(1, sizeof(*export));
    const struct outflow_maker maker = {make, release, export};
    export->ledger = request->ledger;
    export->def = *request->def;
    export->filter = request->filter;
    export->recno = request->recno;
    export->from = request->from;
    export->is_zstd = request->is_zstd;
    export->has_head = request->has_head;
    export->has_end = request->has_end;
    export->rows = delivery_rows_new(request->format, &request->def->plan, request->schema,
                                     request->providers);
    event_list_init(&export->page.events);
    return outflow_start(loop, &maker, on_ready, on_gone, arg);
}
