/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/evidence_stream.h"

#include "common/buf.h"
#include "common/mem.h"

#define BLOCK_BYTES ((size_t)64 * 1024) /* of lines; one line more may lie behind it */

struct evidence_stream {
    struct evidence_export export;
    struct evidence_provider *providers;
    struct buf lines;
    struct outflow *outflow;
};

static bool add_lines(void *arg, struct slice lines)
{
    struct evidence_stream *stream = arg;
    buf_slice(&stream->lines, lines);
    return stream->lines.len < BLOCK_BYTES || outflow_put(stream->outflow, &stream->lines);
}

static bool is_wanted(void *arg)
{
    const struct evidence_stream *stream = arg;
    return outflow_is_wanted(stream->outflow);
}

static enum err make(void *arg, struct outflow *outflow, struct problem *problem)
{
    struct evidence_stream *stream = arg;
    stream->outflow = outflow;
    enum err err = evidence_export(&stream->export, problem);
    if (err == ERR_OK && stream->lines.len > 0 && !outflow_put(outflow, &stream->lines)) {
        err = ERR_CLOSED;
    }
    return err;
}

static void release(void *arg)
{
    struct evidence_stream *stream = arg;
    signing_key_wipe(&stream->export.key);
    buf_release(&stream->lines);
    mem_free(stream->providers);
    mem_free(stream);
}

struct outflow *evidence_stream_start(uv_loop_t *loop, const struct evidence_export *request,
                                      void (*on_ready)(void *arg), void (*on_gone)(void *arg),
                                      void *arg)
{
    struct evidence_stream *stream = mem_zalloc(1, sizeof(*stream));
    const struct outflow_maker maker = {make, release, stream};
    stream->providers =
        mem_copy(request->providers, request->provider_count * sizeof(*request->providers));
    stream->export = *request;
    stream->export.providers = stream->providers;
    stream->export.sink = add_lines;
    stream->export.is_wanted = is_wanted;
    stream->export.arg = stream;
    return outflow_start(loop, &maker, on_ready, on_gone, arg);
}
