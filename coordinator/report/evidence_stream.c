/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/evidence_stream.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"

#define WAITING_BYTES ((size_t)1 << 20)

struct evidence_stream {
    struct evidence_export export;
    struct evidence_provider *providers;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t has_room;
    struct buf waiting; /* bytes from `at` on are to be taken */
    size_t at;
    bool is_over;
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

static bool add_lines(void *arg, struct slice lines)
{
    struct evidence_stream *stream = arg;
    pthread_mutex_lock(&stream->lock);
    while (stream->waiting.len - stream->at >= WAITING_BYTES && !stream->is_stopped) {
        pthread_cond_wait(&stream->has_room, &stream->lock);
    }
    bool is_wanted = !stream->is_stopped;
    if (is_wanted) {
        buf_slice(&stream->waiting, lines);
    }
    bool is_waited_for = stream->is_waited_for;
    stream->is_waited_for = false;
    pthread_mutex_unlock(&stream->lock);
    if (is_waited_for) {
        uv_async_send(&stream->async);
    }
    return is_wanted;
}

static void *run(void *arg)
{
    struct evidence_stream *stream = arg;
    struct problem problem = {.err = ERR_OK};
    enum err err = evidence_export(&stream->export, &problem);
    pthread_mutex_lock(&stream->lock);
    stream->is_over = true;
    stream->problem = problem;
    stream->problem.err = err;
    pthread_mutex_unlock(&stream->lock);
    uv_async_send(&stream->async);
    return NULL;
}

/* ---- the loop's thread ---- */

static void on_closed(uv_handle_t *handle)
{
    struct evidence_stream *stream = handle->data;
    stream->on_gone(stream->arg);
    signing_key_wipe(&stream->export.key);
    buf_release(&stream->waiting);
    mem_free(stream->providers);
    pthread_cond_destroy(&stream->has_room);
    pthread_mutex_destroy(&stream->lock);
    mem_free(stream);
}

static void on_async(uv_async_t *async)
{
    struct evidence_stream *stream = async->data;
    pthread_mutex_lock(&stream->lock);
    bool is_over = stream->is_over;
    pthread_mutex_unlock(&stream->lock);
    if (!stream->is_going) {
        stream->on_ready(stream->arg);
    }
    if (stream->is_going && is_over && !uv_is_closing((uv_handle_t *)async)) {
        (void)pthread_join(stream->thread, NULL);
        uv_close((uv_handle_t *)async, on_closed);
    }
}

struct evidence_stream *evidence_stream_start(uv_loop_t *loop,
                                              const struct evidence_export *request,
                                              void (*on_ready)(void *arg),
                                              void (*on_gone)(void *arg), void *arg)
{
    struct evidence_stream *stream = mem_zalloc(1, sizeof(*stream));
    stream->providers =
        mem_copy(request->providers, request->provider_count * sizeof(*request->providers));
    stream->export = *request;
    stream->export.providers = stream->providers;
    stream->export.sink = add_lines;
    stream->export.arg = stream;
    stream->on_ready = on_ready;
    stream->on_gone = on_gone;
    stream->arg = arg;
    pthread_mutex_init(&stream->lock, NULL);
    pthread_cond_init(&stream->has_room, NULL);
    int failed = uv_async_init(loop, &stream->async, on_async);
    stream->async.data = stream;
    failed |= pthread_create(&stream->thread, NULL, run, stream);
    assert(failed == 0);
    return stream;
}

long evidence_stream_take(struct evidence_stream *stream, uint8_t *into, size_t room)
{
    pthread_mutex_lock(&stream->lock);
    size_t left = stream->waiting.len - stream->at;
    size_t got = left < room ? left : room;
    if (got > 0) {
        memcpy(into, stream->waiting.data + stream->at, got);
        stream->at += got;
    }
    if (stream->at == stream->waiting.len) {
        buf_clear(&stream->waiting);
        stream->at = 0;
        pthread_cond_signal(&stream->has_room);
    }
    long result = (long)got;
    if (got == 0 && stream->is_over) {
        result = stream->problem.err == ERR_OK ? 0 : EVIDENCE_STREAM_FAILED;
    } else if (got == 0) {
        stream->is_waited_for = true;
        result = EVIDENCE_STREAM_LATER;
    }
    pthread_mutex_unlock(&stream->lock);
    stream->taken += got;
    return result;
}

const struct problem *evidence_stream_problem(const struct evidence_stream *stream)
{
    return &stream->problem;
}

uint64_t evidence_stream_taken(const struct evidence_stream *stream)
{
    return stream->taken;
}

void evidence_stream_stop(struct evidence_stream *stream)
{
    assert(!stream->is_going);
    stream->is_going = true;
    pthread_mutex_lock(&stream->lock);
    stream->is_stopped = true;
    pthread_cond_signal(&stream->has_room);
    pthread_mutex_unlock(&stream->lock);
    uv_async_send(&stream->async); /* the thread may have ended long ago */
}
