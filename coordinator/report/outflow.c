/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/outflow.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "common/mem.h"

#define BLOCKS 6U

struct block {
    struct buf bytes;
    size_t taken;
};

struct outflow {
    struct outflow_maker maker;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t has_room;
    struct block blocks[BLOCKS];
    unsigned first;
    unsigned filled; /* of them, from `first` on, hold bytes */
    bool is_over;    /* nothing comes any more */
    bool is_stopped;
    bool is_waited_for; /* the loop's thread was told LATER */
    struct problem problem;
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
static struct block *free_block(struct outflow *outflow)
{
    struct block *block = NULL;
    pthread_mutex_lock(&outflow->lock);
    while (outflow->filled == BLOCKS && !outflow->is_stopped) {
        pthread_cond_wait(&outflow->has_room, &outflow->lock);
    }
    if (!outflow->is_stopped) {
        block = &outflow->blocks[(outflow->first + outflow->filled) % BLOCKS];
    }
    pthread_mutex_unlock(&outflow->lock);
    return block;
}

bool outflow_put(struct outflow *outflow, struct buf *bytes)
{
    struct block *block = free_block(outflow);
    if (block == NULL) {
        return false;
    }
    struct buf empty = block->bytes; /* swapped, not copied */
    block->bytes = *bytes;
    block->taken = 0;
    *bytes = empty;
    buf_clear(bytes);
    pthread_mutex_lock(&outflow->lock);
    outflow->filled++;
    bool is_waited_for = outflow->is_waited_for;
    outflow->is_waited_for = false;
    pthread_mutex_unlock(&outflow->lock);
    if (is_waited_for) {
        uv_async_send(&outflow->async);
    }
    return true;
}

bool outflow_is_wanted(struct outflow *outflow)
{
    pthread_mutex_lock(&outflow->lock);
    bool is_stopped = outflow->is_stopped;
    pthread_mutex_unlock(&outflow->lock);
    return !is_stopped;
}

static void *run(void *arg)
{
    struct outflow *outflow = arg;
    struct problem problem = {.err = ERR_OK};
    enum err err = outflow->maker.make(outflow->maker.arg, outflow, &problem);
    pthread_mutex_lock(&outflow->lock);
    outflow->is_over = true;
    outflow->problem = problem;
    outflow->problem.err = err;
    pthread_mutex_unlock(&outflow->lock);
    uv_async_send(&outflow->async);
    return NULL;
}

/* ---- the loop's thread ---- */

static void on_closed(uv_handle_t *handle)
{
    struct outflow *outflow = handle->data;
    outflow->on_gone(outflow->arg);
    outflow->maker.release(outflow->maker.arg);
    for (unsigned i = 0; i < BLOCKS; i++) {
        buf_release(&outflow->blocks[i].bytes);
    }
    pthread_cond_destroy(&outflow->has_room);
    pthread_mutex_destroy(&outflow->lock);
    mem_free(outflow);
}

static void on_async(uv_async_t *async)
{
    struct outflow *outflow = async->data;
    pthread_mutex_lock(&outflow->lock);
    bool is_over = outflow->is_over;
    pthread_mutex_unlock(&outflow->lock);
    if (!outflow->is_going) {
        outflow->on_ready(outflow->arg);
    }
    if (outflow->is_going && is_over && !uv_is_closing((uv_handle_t *)async)) {
        (void)pthread_join(outflow->thread, NULL);
        uv_close((uv_handle_t *)async, on_closed);
    }
}

struct outflow *outflow_start(uv_loop_t *loop, const struct outflow_maker *maker,
                              void (*on_ready)(void *arg), void (*on_gone)(void *arg), void *arg)
{
    struct outflow *outflow = mem_zalloc(1, sizeof(*outflow));
    outflow->maker = *maker;
    outflow->on_ready = on_ready;
    outflow->on_gone = on_gone;
    outflow->arg = arg;
    pthread_mutex_init(&outflow->lock, NULL);
    pthread_cond_init(&outflow->has_room, NULL);
    int failed = uv_async_init(loop, &outflow->async, on_async);
    outflow->async.data = outflow;
    failed |= pthread_create(&outflow->thread, NULL, run, outflow);
    assert(failed == 0);
    return outflow;
}

/* Up to `room` bytes of the first block, which is the loop's thread's until it is given back. */
static size_t take_some(struct block *block, uint8_t *into, size_t room)
{
    size_t left = block->bytes.len - block->taken;
    size_t some = left < room ? left : room;
    if (some > 0) {
        memcpy(into, block->bytes.data + block->taken, some);
    }
    block->taken += some;
    return some;
}

long outflow_take(struct outflow *outflow, uint8_t *into, size_t room)
{
    size_t got = 0;
    pthread_mutex_lock(&outflow->lock);
    while (got < room && outflow->filled > 0) {
        struct block *block = &outflow->blocks[outflow->first];
        pthread_mutex_unlock(&outflow->lock);
        got += take_some(block, into + got, room - got);
        pthread_mutex_lock(&outflow->lock);
        if (block->taken == block->bytes.len) {
            outflow->first = (outflow->first + 1) % BLOCKS;
            outflow->filled--;
            pthread_cond_signal(&outflow->has_room);
        }
    }
    long result = (long)got;
    if (got == 0 && outflow->is_over) {
        result = outflow->problem.err == ERR_OK ? 0 : OUTFLOW_FAILED;
    } else if (got == 0) {
        outflow->is_waited_for = true;
        result = OUTFLOW_LATER;
    }
    pthread_mutex_unlock(&outflow->lock);
    outflow->taken += got;
    return result;
}

const struct problem *outflow_problem(const struct outflow *outflow)
{
    return &outflow->problem;
}

uint64_t outflow_taken(const struct outflow *outflow)
{
    return outflow->taken;
}

void outflow_stop(struct outflow *outflow)
{
    assert(!outflow->is_going);
    outflow->is_going = true;
    pthread_mutex_lock(&outflow->lock);
    outflow->is_stopped = true;
    pthread_cond_signal(&outflow->has_room);
    pthread_mutex_unlock(&outflow->lock);
    uv_async_send(&outflow->async); /* the thread may have ended long ago */
}
