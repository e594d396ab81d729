/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push_client: what the adapters of the push services have in common: the settings of their HTTP/2
 * connections, and the token of the provider that the coordinator makes for all workers.
 */
#ifndef TOCSIN_CHANNEL_PUSH_CLIENT_H
#define TOCSIN_CHANNEL_PUSH_CLIENT_H

#include "net/http_client.h"
#include "worker/channel/channel.h"
#include "worker/channel/channel_settings.h"

#define PUSH_WHERE_BYTES 96
#define PUSH_BODY_MAX    4096 /* of a message, by all three services */

struct push_client_settings {
    const char *url;
    uint32_t connections;
    uint32_t streams;
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
    const char *ca_file;
    bool insecure_tls;
    const char *proxy;
    bool traceparent; /* requests of a campaign with a trace carry the header */
};

/* Rows of a table of keys, for a struct that has these settings as its member `client`. */
#define PUSH_CLIENT_KEY(holder, key, kind, member)                                                 \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(holder, client.member)
#define PUSH_CLIENT_KEYS(holder)                                                                   \
    {PUSH_CLIENT_KEY(holder, "connections", COUNT, connections), .min = 1, .max = 64},             \
        {PUSH_CLIENT_KEY(holder, "streams", COUNT, streams), .min = 1, .max = 1000},               \
        {PUSH_CLIENT_KEY(holder, "connect_timeout", DURATION, connect_timeout_ms), .min = 10,      \
         .max = 120000},                                                                           \
        {PUSH_CLIENT_KEY(holder, "timeout", DURATION, timeout_ms), .min = 10, .max = 600000},      \
        {PUSH_CLIENT_KEY(holder, "ca_file", TEXT, ca_file)},                                       \
        {PUSH_CLIENT_KEY(holder, "insecure_tls", FLAG, insecure_tls)},                             \
        {PUSH_CLIENT_KEY(holder, "proxy", TEXT, proxy)},                                           \
    {                                                                                              \
        PUSH_CLIENT_KEY(holder, "traceparent", FLAG, traceparent)                                  \
    }

#define PUSH_CLIENT_DEFAULTS                                                                       \
    .connections = 2, .streams = 100, .connect_timeout_ms = 5000, .timeout_ms = 30000,             \
    .traceparent = true

/* ERR_INVALID for what no table of keys can see: the URL, the file. */
enum err push_client_check(const struct push_client_settings *settings, const char *where,
                           struct problem *problem) WARN_UNUSED;

struct push_client_form {
    http_client_answer_fn on_answer;
    void *arg;
    const char *const *headers;
    const char *answer_header;
    bool one_url; /* all requests go to settings->url; else each brings its own */
    const struct address_guard *guard; /* NULL: any address may be called; outlives the client */
};
struct http_client *push_client_new(const struct push_client_settings *settings,
                                    const struct channel_context *context,
                                    const struct push_client_form *form);

/* The provider's token, which the coordinator tells when it has one. It may be on its way when the
 * channel is opened: for so long nothing is started, and nobody's attempt is used up. */
#define PUSH_BEARER_PATIENCE_MS 5000
struct push_bearer {
    struct buf line;   /* of a header, with its zero; empty: there is none */
    uint64_t until_ms; /* of uv_now: so long it may be on its way */
};
void push_bearer_open(struct push_bearer *bearer, const uv_loop_t *loop);
/* Empty: there is none, and none is on its way. */
void push_bearer_set(struct push_bearer *bearer, const char *scheme, struct slice token);
bool push_bearer_is_awaited(const struct push_bearer *bearer, const uv_loop_t *loop);
void push_bearer_release(struct push_bearer *bearer);
/* An attempt that meets no token: nobody's fault but ours. */
extern const struct attempt_result push_without_bearer;

#endif
