/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_link: how a provider is reached by HTTP: the settings that all adapters have in common who
 * send by it. A member `link` of the adapter's own struct of settings.
 */
#ifndef TOCSIN_CHANNEL_HTTP_LINK_H
#define TOCSIN_CHANNEL_HTTP_LINK_H

#include "net/http_client.h"
#include "worker/channel/channel_settings.h"
#include "worker/delivery.h"

struct http_link {
    uint32_t connections;
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
    const char *ca_file;
    bool insecure_tls;
    const char *proxy;
    bool traceparent; /* requests of a campaign with a trace carry the header */
};

#define HTTP_LINK_DEFAULTS                                                                         \
    .connections = 16, .connect_timeout_ms = 5000, .timeout_ms = 30000, .traceparent = true

#define HTTP_LINK_KEY(offset_, key, kind, member)                                                  \
    .name = (key), .type = CHANNEL_KEY_##kind,                                                     \
    .offset = (offset_) + offsetof(struct http_link, member)
/* Rows of a table of keys; offset_ is that of the link in the struct that is read into. */
#define HTTP_LINK_KEYS(offset_)                                                                    \
    {HTTP_LINK_KEY(offset_, "connections", COUNT, connections), .min = 1, .max = 1024},            \
        {HTTP_LINK_KEY(offset_, "connect_timeout", DURATION, connect_timeout_ms), .min = 10,       \
         .max = 120000},                                                                           \
        {HTTP_LINK_KEY(offset_, "timeout", DURATION, timeout_ms), .min = 10, .max = 600000},       \
        {HTTP_LINK_KEY(offset_, "ca_file", TEXT, ca_file)},                                        \
        {HTTP_LINK_KEY(offset_, "insecure_tls", FLAG, insecure_tls)},                              \
    {                                                                                              \
        HTTP_LINK_KEY(offset_, "proxy", TEXT, proxy)                                               \
    }

/* Beside them, of adapters that put the header on their requests (http_link_put_trace). Not for
 * those whose headers are signed (AWS Signature Version 4): a proxy that takes part in the trace
 * writes another parent-id, and breaks the signature. */
#define HTTP_LINK_TRACE_KEY(offset_)                                                               \
    {                                                                                              \
        HTTP_LINK_KEY(offset_, "traceparent", FLAG, traceparent)                                   \
    }

/* Can its files be read? `where` begins the problem's text. ERR_NOT_FOUND. */
enum err http_link_check(const struct http_link *link, const char *where,
                         struct problem *problem) WARN_UNUSED;
/* Borrows the link's strings. */
void http_link_put(const struct http_link *link, struct http_client_settings *settings);

#define HTTP_TRACE_LINE_BYTES (sizeof("traceparent: ") + TRACE_CONTEXT_CHARS)
/* The header (W3C Trace Context) of a request for this attempt, or for it and others; "" if its
 * campaign belongs to no trace. The trace-id is the campaign's; the parent-id is computed of that
 * and the attempt's token, so that each attempt has its own, and a repetition that may be a second
 * time the same message has the same. */
void http_link_trace_line(const struct attempt *attempt, char line[HTTP_TRACE_LINE_BYTES]);
/* Puts it on, if there is one. is_traced: what the provider's setting says. */
void http_link_put_trace(bool is_traced, const struct attempt *attempt,
                         struct http_request *request);

#endif
