/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread fills blocks in turn and the loop's thread empties them in the same order; `filled` of
 * them, from `first` on, hold bytes. A full ring holds the thread up, an empty one the client; the
 * loop is only woken if it was told LATER.
 */
#include "coordinator/report/delivery_export.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "common/mem.h"

#define BLOCKS      6
#define BLOCK_BYTES ((size_t)256 * 1024) /* of lines; one line more may lie behind it */
#define ZSTD_LEVEL  1

struct block {
    struct buf bytes;
    size_t taken;
};

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
    /* of the thread */
    struct delivery_moment moment;
    struct delivery_page page;
    struct page_view sealed;
    struct buf lines;
    uint64_t row_count;
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t has_room;
    struct block blocks[BLOCKS];
    unsigned first;
    unsigned filled;
    bool is_over; /* nothing comes any more */
    bool is_stopped;
    bool is_waited_for; /* the loop's thread was told LATER */
    enum err err;
    /* of the loop's thread */
    pthread_t thread;
    uv_async_t async;
    uint64_t taken;
    bool is_going; /* stop was called */
    void (*on_ready)(void *arg);
    void (*on_gone)(void *arg);
    void *arg;
};

/* ---- the thread ---- */

/* The block that is filled next, when it is free; NULL: nobody wants it any more. */
static struct block *free_block(struct delivery_export *export)
{
    struct block *block = NULL;
    pthread_mutex_lock(&export->lock);
    while (export->filled == BLOCKS && !export->is_stopped) {
        pthread_cond_wait(&export->has_room, &export->lock);
    }
    if (!export->is_stopped) {
        block = &export->blocks[(export->first + export->filled) % BLOCKS];
    }
    pthread_mutex_unlock(&export->lock);
    return block;
}

static void publish(struct delivery_export *export, bool is_over, enum err err)
{
    pthread_mutex_lock(&export->lock);
    export->filled += !is_over;
    export->is_over = is_over;
    export->err = err;
    bool is_waited_for = export->is_waited_for;
    export->is_waited_for = false;
    pthread_mutex_unlock(&export->lock);
    if (is_waited_for || is_over) {
        uv_async_send(&export->async);
    }
}

static void compress(struct delivery_export *export, struct buf *frame)
{
    size_t bound = ZSTD_compressBound(export->lines.len);
    size_t len = ZSTD_compress2(export->compressor, buf_reserve(frame, bound), bound,
                                export->lines.data, export->lines.len);
    assert(!ZSTD_isError(len)); /* there is room */
    frame->len = len;
}

/* The lines become a block. ERR_CLOSED: nobody wants them. */
static enum err flush(struct delivery_export *export)
{
    if (export->lines.len == 0) {
        return ERR_OK;
    }
    struct block *block = free_block(export);
    if (block == NULL) {
        return ERR_CLOSED;
    }
    block->taken = 0;
    buf_clear(&block->bytes);
    if (export->is_zstd) {
        compress(export, &block->bytes);
    } else {
        struct buf empty = block->bytes; /* swapped, not copied */
        block->bytes = export->lines;
        export->lines = empty;
    }
    buf_clear(&export->lines);
    publish(export, false, ERR_OK);
    return ERR_OK;
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

static bool is_wanted(struct delivery_export *export)
{
    pthread_mutex_lock(&export->lock);
    bool is_stopped = export->is_stopped;
    pthread_mutex_unlock(&export->lock);
    return !is_stopped;
}

static enum err write_pages(struct delivery_export *export)
{
    uint32_t pages = (export->def.slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS;
    unsigned place = export->from % PAGE_RECIPIENTS;
    struct bitmap picked;
    enum err err = ERR_OK;
    for (uint32_t number = export->from / PAGE_RECIPIENTS; number < pages && err == ERR_OK;
         number++) {
        if (!is_wanted(export)) {
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

static void *run(void *arg)
{
    struct delivery_export *export = arg;
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
    publish(export, true, err);
    return NULL;
}

/* ---- the loop's thread ---- */

static void on_closed(uv_handle_t *handle)
{
    struct delivery_export *export = handle->data;
    export->on_gone(export->arg);
    for (unsigned i = 0; i < BLOCKS; i++) {
        buf_release(&export->blocks[i].bytes);
    }
    buf_release(&export->lines);
    delivery_rows_free(export->rows);
    pthread_cond_destroy(&export->has_room);
    pthread_mutex_destroy(&export->lock);
    mem_free(export);
}

static void on_async(uv_async_t *async)
{
    struct delivery_export *export = async->data;
    pthread_mutex_lock(&export->lock);
    bool is_over = export->is_over;
    pthread_mutex_unlock(&export->lock);
    if (!export->is_going) {
        export->on_ready(export->arg);
    }
    if (export->is_going && is_over && !uv_is_closing((uv_handle_t *)async)) {
        (void)pthread_join(export->thread, NULL);
        uv_close((uv_handle_t *)async, on_closed);
    }
}

struct delivery_export *delivery_export_start(uv_loop_t *loop,
                                              const struct delivery_export_request *request,
                                              void (*on_ready)(void *arg),
                                              void (*on_gone)(void *arg), void *arg)
{
    struct delivery_export *export = mem_zalloc(1, sizeof(*export));
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
    export->on_ready = on_ready;
    export->on_gone = on_gone;
    export->arg = arg;
    event_list_init(&export->page.events);
    pthread_mutex_init(&export->lock, NULL);
    pthread_cond_init(&export->has_room, NULL);
    uv_async_init(loop, &export->async, on_async);
    export->async.data = export;
    int failed = pthread_create(&export->thread, NULL, run, export);
    assert(failed == 0);
    return export;
}

long delivery_export_take(struct delivery_export *export, uint8_t *into, size_t room)
{
    size_t got = 0;
    pthread_mutex_lock(&export->lock);
    while (got<room &&export->filled> 0) {
        struct block *block = &export->blocks[export->first];
        size_t left = block->bytes.len - block->taken;
        size_t part = left < room - got ? left : room - got;
        pthread_mutex_unlock(&export->lock); /* the block is ours until it is given back */
        memcpy(into + got, block->bytes.data + block->taken, part);
        got += part;
        block->taken += part;
        pthread_mutex_lock(&export->lock);
        if (part == left) {
            export->first = (export->first + 1) % BLOCKS;
            export->filled--;
            pthread_cond_signal(&export->has_room);
        }
    }
    long result = (long)got;
    if (got == 0 && export->is_over) {
        result = export->err == ERR_OK ? 0 : DELIVERY_EXPORT_FAILED;
    } else if (got == 0) {
        export->is_waited_for = true;
        result = DELIVERY_EXPORT_LATER;
    }
    pthread_mutex_unlock(&export->lock);
    export->taken += got;
    return result;
}

enum err delivery_export_err(const struct delivery_export *export)
{
    return export->err;
}

uint64_t delivery_export_taken(const struct delivery_export *export)
{
    return export->taken;
}

void delivery_export_stop(struct delivery_export *export)
{
    assert(!export->is_going);
    export->is_going = true;
    pthread_mutex_lock(&export->lock);
    export->is_stopped = true;
    pthread_cond_signal(&export->has_room);
    pthread_mutex_unlock(&export->lock);
    uv_async_send(&export->async); /* the thread may have ended long ago */
}
