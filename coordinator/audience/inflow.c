/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a body are a few kilobytes each; to wake a thread for every one would cost more than to
 * parse it. So the pusher gathers them in a block of its own, without a lock, and hands over full
 * blocks only (and the last one).
 */
#include "coordinator/audience/inflow.h"

#include <uv.h>

#include "common/mem.h"

struct inflow_block {
    struct inflow_block *next;
    size_t len;
    uint8_t bytes[INFLOW_BLOCK_BYTES];
};

struct inflow {
    inflow_room_fn room;
    void *arg;
    struct inflow_block *filling; /* the pusher's */
    struct inflow_block *reading; /* the taker's */
    uv_mutex_t lock;              /* of all below */
    uv_cond_t changed;
    struct inflow_block *first;
    struct inflow_block **last;
    struct inflow_block *spare;
    unsigned waiting;
    bool is_paused; /* the pusher was told to wait */
    bool has_ended;
    bool is_stopped;
};

static void free_blocks(struct inflow_block *block)
{
    while (block != NULL) {
        struct inflow_block *next = block->next;
        mem_free(block);
        block = next;
    }
}

struct inflow *inflow_new(inflow_room_fn room, void *arg)
{
    struct inflow *inflow = mem_zalloc(1, sizeof(*inflow));
    inflow->room = room;
    inflow->arg = arg;
    inflow->last = &inflow->first;
    uv_mutex_init(&inflow->lock);
    uv_cond_init(&inflow->changed);
    return inflow;
}

void inflow_free(struct inflow *inflow)
{
    if (inflow == NULL) {
        return;
    }
    free_blocks(inflow->first);
    free_blocks(inflow->spare);
    mem_free(inflow->filling);
    mem_free(inflow->reading);
    uv_cond_destroy(&inflow->changed);
    uv_mutex_destroy(&inflow->lock);
    mem_free(inflow);
}

static struct inflow_block *take_spare(struct inflow *inflow)
{
    uv_mutex_lock(&inflow->lock);
    struct inflow_block *block = inflow->spare;
    if (block != NULL) {
        inflow->spare = block->next;
    }
    uv_mutex_unlock(&inflow->lock);
    if (block == NULL) {
        block = mem_alloc(sizeof(*block));
    }
    block->next = NULL;
    block->len = 0;
    return block;
}

/* Hands over the block being filled. */
static void hand_over(struct inflow *inflow)
{
    struct inflow_block *block = inflow->filling;
    inflow->filling = NULL;
    uv_mutex_lock(&inflow->lock);
    *inflow->last = block;
    inflow->last = &block->next;
    inflow->waiting++;
    uv_cond_signal(&inflow->changed);
    uv_mutex_unlock(&inflow->lock);
}

static bool has_room(struct inflow *inflow)
{
    uv_mutex_lock(&inflow->lock);
    inflow->is_paused = inflow->waiting >= INFLOW_BLOCKS_MAX && !inflow->is_stopped;
    bool is_paused = inflow->is_paused;
    uv_mutex_unlock(&inflow->lock);
    return !is_paused;
}

bool inflow_push(struct inflow *inflow, struct slice bytes)
{
    bool has_handed_over = false;
    while (bytes.len > 0) {
        if (inflow->filling == NULL) {
            if (inflow_is_stopped(inflow)) {
                return true;
            }
            inflow->filling = take_spare(inflow);
        }
        struct inflow_block *block = inflow->filling;
        size_t room = INFLOW_BLOCK_BYTES - block->len;
        size_t len = bytes.len < room ? bytes.len : room;
        memcpy(block->bytes + block->len, bytes.data, len);
        block->len += len;
        bytes = slice_of(bytes.data + len, bytes.len - len);
        if (block->len == INFLOW_BLOCK_BYTES) {
            hand_over(inflow);
            has_handed_over = true;
        }
    }
    return !has_handed_over || has_room(inflow);
}

void inflow_end(struct inflow *inflow)
{
    if (inflow->filling != NULL) {
        hand_over(inflow);
    }
    uv_mutex_lock(&inflow->lock);
    inflow->has_ended = true;
    uv_cond_signal(&inflow->changed);
    uv_mutex_unlock(&inflow->lock);
}

void inflow_stop(struct inflow *inflow)
{
    uv_mutex_lock(&inflow->lock);
    inflow->is_stopped = true;
    uv_cond_signal(&inflow->changed);
    uv_mutex_unlock(&inflow->lock);
}

/* Gives the block back that was read, and tells the pusher if it may go on. */
static void give_back(struct inflow *inflow)
{
    uv_mutex_lock(&inflow->lock);
    if (inflow->reading != NULL) {
        inflow->reading->next = inflow->spare;
        inflow->spare = inflow->reading;
        inflow->reading = NULL;
    }
    bool may_go_on = inflow->is_paused && inflow->waiting <= INFLOW_BLOCKS_MAX / 2;
    inflow->is_paused = inflow->is_paused && !may_go_on;
    uv_mutex_unlock(&inflow->lock);
    if (may_go_on) {
        inflow->room(inflow->arg);
    }
}

bool inflow_take(struct inflow *inflow, struct slice *bytes)
{
    give_back(inflow);
    uv_mutex_lock(&inflow->lock);
    while (inflow->first == NULL && !inflow->has_ended && !inflow->is_stopped) {
        uv_cond_wait(&inflow->changed, &inflow->lock);
    }
    struct inflow_block *block = inflow->is_stopped ? NULL : inflow->first;
    if (block != NULL) {
        inflow->first = block->next;
        if (inflow->first == NULL) {
            inflow->last = &inflow->first;
        }
        inflow->waiting--;
        inflow->reading = block;
        *bytes = slice_of(block->bytes, block->len);
    }
    uv_mutex_unlock(&inflow->lock);
    return block != NULL;
}

bool inflow_is_stopped(struct inflow *inflow)
{
    uv_mutex_lock(&inflow->lock);
    bool is_stopped = inflow->is_stopped;
    uv_mutex_unlock(&inflow->lock);
    return is_stopped;
}
