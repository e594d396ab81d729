/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter that is made of the three others: one person's devices are of different kinds, and
 * the engine knows only the channel. Each attempt goes to the service that its endpoint belongs to:
 * a JSON object is a browser's subscription, 64 to 200 hexadecimal digits are a device token of
 * Apple's, and anything else is a token of Firebase. The settings are documented in
 * docs/channels/push.md.
 */
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/push_client.h"

#define DEVICE_CHARS_MIN 64
#define DEVICE_CHARS_MAX 200

enum service { SERVICE_FCM, SERVICE_APNS, SERVICE_WEBPUSH, SERVICES };

static const struct channel_adapter *const adapter_of[SERVICES] = {
    [SERVICE_FCM] = &channel_fcm_adapter,
    [SERVICE_APNS] = &channel_apns_adapter,
    [SERVICE_WEBPUSH] = &channel_webpush_adapter,
};

struct channel_push {
    struct channel channel;
    struct channel_context context;
    struct channel *parts[SERVICES]; /* NULL: not in the settings */
};

struct push_settings {
    json_t *parts[SERVICES];
};

static const struct channel_key push_keys[] = {
    {.name = "fcm",
     .type = CHANNEL_KEY_OBJECT,
     .offset = offsetof(struct push_settings, parts[SERVICE_FCM])},
    {.name = "apns",
     .type = CHANNEL_KEY_OBJECT,
     .offset = offsetof(struct push_settings, parts[SERVICE_APNS])},
    {.name = "webpush",
     .type = CHANNEL_KEY_OBJECT,
     .offset = offsetof(struct push_settings, parts[SERVICE_WEBPUSH])},
};

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) {
            return false;
        }
    }
    return true;
}

static enum service service_of(struct slice endpoint)
{
    if (endpoint.len > 0 && endpoint.data[0] == '{') {
        return SERVICE_WEBPUSH;
    }
    bool is_device =
        endpoint.len >= DEVICE_CHARS_MIN && endpoint.len <= DEVICE_CHARS_MAX && is_hex(endpoint);
    return is_device ? SERVICE_APNS : SERVICE_FCM;
}

static void push_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_push *push = (struct channel_push *)channel;
    struct channel *part = push->parts[service_of(attempt->endpoint)];
    if (part == NULL) {
        const struct attempt_result result = {.outcome = OUTCOME_REJECTED,
                                              .reason = REASON_ENDPOINT_UNFIT};
        push->context.result(push->context.arg, attempt->id, &result);
        return;
    }
    part->adapter->start(part, attempt);
}

/* All attempts may be for the same service: the smallest holds for all. */
static uint32_t push_concurrency(const struct channel *channel)
{
    const struct channel_push *push = (const struct channel_push *)channel;
    uint32_t least = UINT32_MAX;
    for (unsigned i = 0; i < SERVICES; i++) {
        struct channel *part = push->parts[i];
        uint32_t its = part == NULL ? UINT32_MAX : part->adapter->concurrency(part);
        least = its < least ? its : least;
    }
    return least;
}

static void push_set_bearer(struct channel *channel, const char *adapter, struct slice bearer)
{
    struct channel_push *push = (struct channel_push *)channel;
    for (unsigned i = 0; i < SERVICES; i++) {
        struct channel *part = push->parts[i];
        if (part != NULL && part->adapter->set_bearer != NULL) {
            part->adapter->set_bearer(part, adapter, bearer);
        }
    }
}

static void push_close(struct channel *channel)
{
    struct channel_push *push = (struct channel_push *)channel;
    for (unsigned i = 0; i < SERVICES; i++) {
        if (push->parts[i] != NULL) {
            push->parts[i]->adapter->close(push->parts[i]);
        }
    }
    mem_free(push);
}

/* Problems name the provider; the part's key stands behind it. */
static enum err push_open_part(struct channel_push *push, enum service service,
                               const struct wire_provider *provider, json_t *settings,
                               struct problem *problem)
{
    struct problem inner = {0};
    const struct channel_adapter *adapter = adapter_of[service];
    enum err err = adapter->open(&push->parts[service], &push->context, provider, settings, &inner);
    return err == ERR_OK
               ? ERR_OK
               : problem_set(problem, err, "%s (in settings.%s)", inner.text, adapter->name);
}

static enum err push_open(struct channel **out, const struct channel_context *context,
                          const struct wire_provider *provider, json_t *settings,
                          struct problem *problem)
{
    char where[PUSH_WHERE_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct push_settings read = {0};
    struct channel_push *push = mem_zalloc(1, sizeof(*push));
    push->channel.adapter = &channel_push_adapter;
    push->context = *context;
    enum err err = channel_settings_read(settings, where, push_keys,
                                         sizeof(push_keys) / sizeof(push_keys[0]), &read, problem);
    unsigned count = 0;
    for (unsigned i = 0; err == ERR_OK && i < SERVICES; i++) {
        if (read.parts[i] != NULL) {
            count++;
            err = push_open_part(push, (enum service)i, provider, read.parts[i], problem);
        }
    }
    if (err == ERR_OK && count == 0) {
        err = problem_set(problem, ERR_INVALID,
                          "%s: the settings need at least one of the maps fcm, apns and webpush",
                          where);
    }
    if (err != ERR_OK) {
        push_close(&push->channel);
        return err;
    }
    *out = &push->channel;
    return ERR_OK;
}

const struct channel_adapter channel_push_adapter = {
    .name = "push",
    .open = push_open,
    .concurrency = push_concurrency,
    .start = push_start,
    .set_bearer = push_set_bearer,
    .close = push_close,
};
