/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of providers. The first byte chooses the adapter, the rest is the JSON. Whatever it
 * says, the channel opens and closes again, or a sentence says why not. No file is opened.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "worker/channel/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    (void)attempt;
    (void)result;
    abort(); /* nothing was started */
}

static void open_and_close(uv_loop_t *loop, const struct wire_provider *provider)
{
    const struct channel_context context = {.loop = loop, .result = on_result};
    struct channel *channel = NULL;
    struct problem problem = {0};
    enum err err = channel_open(&channel, &context, provider, &problem);
    if (err != ERR_OK) {
        assert(channel == NULL && strncmp(problem.text, "provider \"p\"", 12) == 0);
        return;
    }
    assert(channel->adapter->concurrency(channel) > 0);
    channel->adapter->close(channel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const adapters[] = {"http", "smtp", "null", "htp"};
    if (size == 0 || memmem(data, size, "file", 4) != NULL) {
        return 0;
    }
    struct buf settings = {0};
    buf_slice(&settings, slice_of(data + 1, size - 1));
    uv_loop_t loop;
    int rc = uv_loop_init(&loop);
    assert(rc == 0);
    const struct wire_provider provider = {
        .name = "p", .adapter = adapters[data[0] % 4], .settings = buf_cstr(&settings)};
    open_and_close(&loop, &provider);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    rc = uv_loop_close(&loop);
    assert(rc == 0);
    buf_release(&settings);
    return 0;
}
