/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter that accepts everything and sends nothing: for rehearsals, and to measure all that is
 * not a provider. Without a delay the result comes before start returns. With one, attempts wait in
 * a ring in the order of their start, which is the order of their ends, so that one timer serves
 * all.
 */
#include <assert.h>

#include "common/mem.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/channel_settings.h"

struct waiting {
    uint32_t attempt;
    uint64_t due_ms; /* of uv_now */
};

struct channel_null {
    struct channel channel;
    struct channel_context context;
    uint32_t delay_ms;
    uint32_t concurrency;
    uv_timer_t timer;
    struct waiting *ring; /* concurrency places; only with a delay */
    uint32_t first;
    uint32_t count;
};

static const struct channel_key null_keys[] = {
    {.name = "delay_ms",
     .type = CHANNEL_KEY_COUNT,
     .offset = offsetof(struct channel_null, delay_ms),
     .max = 600000},
    {.name = "concurrency",
     .type = CHANNEL_KEY_COUNT,
     .offset = offsetof(struct channel_null, concurrency),
     .min = 1,
     .max = 1000000},
};

static void null_answer(struct channel_null *null, uint32_t attempt, enum outcome outcome,
                        enum reason reason)
{
    struct attempt_result result = {.outcome = outcome, .reason = (uint16_t)reason};
    null->context.result(null->context.arg, attempt, &result);
}

static struct waiting null_pop(struct channel_null *null)
{
    struct waiting waiting = null->ring[null->first];
    null->first = (null->first + 1) % null->concurrency;
    null->count--;
    return waiting;
}

static void null_on_timer(uv_timer_t *timer)
{
    struct channel_null *null = timer->data;
    uint64_t now = uv_now(timer->loop);
    while (null->count > 0 && null->ring[null->first].due_ms <= now) {
        null_answer(null, null_pop(null).attempt, OUTCOME_ACCEPTED, REASON_NONE);
    }
    if (null->count > 0) {
        uv_timer_start(timer, null_on_timer, null->ring[null->first].due_ms - now, 0);
    }
}

static void null_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_null *null = (struct channel_null *)channel;
    if (null->delay_ms == 0) {
        null_answer(null, attempt->id, OUTCOME_ACCEPTED, REASON_NONE);
        return;
    }
    assert(null->count < null->concurrency);
    uint64_t due_ms = uv_now(null->context.loop) + null->delay_ms;
    null->ring[(null->first + null->count) % null->concurrency] =
        (struct waiting){attempt->id, due_ms};
    null->count++;
    if (!uv_is_active((uv_handle_t *)&null->timer)) {
        uv_timer_start(&null->timer, null_on_timer, null->delay_ms, 0);
    }
}

static uint32_t null_concurrency(const struct channel *channel)
{
    return ((const struct channel_null *)channel)->concurrency;
}

static void null_on_closed(uv_handle_t *handle)
{
    struct channel_null *null = handle->data;
    mem_free(null->ring);
    mem_free(null);
}

static void null_close(struct channel *channel)
{
    struct channel_null *null = (struct channel_null *)channel;
    while (null->count > 0) {
        null_answer(null, null_pop(null).attempt, OUTCOME_DEFERRED, REASON_DRAINED);
    }
    uv_close((uv_handle_t *)&null->timer, null_on_closed);
}

static enum err null_open(struct channel **out, const struct channel_context *context,
                          const struct wire_provider *provider, json_t *settings,
                          struct problem *problem)
{
    struct channel_null *null = mem_zalloc(1, sizeof(*null));
    null->channel.adapter = &channel_null_adapter;
    null->context = *context;
    null->concurrency = 4096;
    struct buf where = {0};
    buf_printf(&where, "provider \"%s\"", provider->name);
    enum err err = channel_settings_read(settings, buf_cstr(&where), null_keys,
                                         sizeof(null_keys) / sizeof(null_keys[0]), null, problem);
    buf_release(&where);
    if (err != ERR_OK) {
        mem_free(null);
        return err;
    }
    if (null->delay_ms > 0) {
        null->ring = mem_zalloc(null->concurrency, sizeof(struct waiting));
    }
    (void)uv_timer_init(context->loop, &null->timer);
    null->timer.data = null;
    *out = &null->channel;
    return ERR_OK;
}

const struct channel_adapter channel_null_adapter = {
    .name = "null",
    .takes_attachments = true,
    .open = null_open,
    .concurrency = null_concurrency,
    .start = null_start,
    .close = null_close,
};
