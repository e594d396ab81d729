/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adapter: the adapters by which a provider sends, and the channels that each of them can serve.
 * The coordinator checks its settings by this table, the worker has a file for each row
 * (worker/channel/channel_<name>.c), and who can send something back has one in the coordinator,
 * too.
 */
#ifndef TOCSIN_PROTO_ADAPTER_H
#define TOCSIN_PROTO_ADAPTER_H

#include <stdbool.h>

#include "common/buf.h"
#include "proto/channel_kind.h"

/* The names are part of the settings, of the wire and of file names. */
#define ADAPTER_ANY_CHANNEL 0xffu
#define ADAPTER_MAP(X)                                                                             \
    X("null", ADAPTER_ANY_CHANNEL)                                                                 \
    X("http", ADAPTER_ANY_CHANNEL)                                                                 \
    X("smtp", 1u << CHANNEL_EMAIL)                                                                 \
    X("sendgrid", 1u << CHANNEL_EMAIL)                                                             \
    X("ses", 1u << CHANNEL_EMAIL)                                                                  \
    X("kannel", 1u << CHANNEL_SMS)                                                                 \
    X("twilio", 1u << CHANNEL_SMS)                                                                 \
    X("twilio_voice", 1u << CHANNEL_VOICE)                                                         \
    X("webhook", 1u << CHANNEL_WEBHOOK)                                                            \
    X("whatsapp", 1u << CHANNEL_CHAT)                                                              \
    X("slack", 1u << CHANNEL_CHAT)                                                                 \
    X("teams", 1u << CHANNEL_CHAT)                                                                 \
    X("fcm", 1u << CHANNEL_PUSH)                                                                   \
    X("apns", 1u << CHANNEL_PUSH)                                                                  \
    X("webpush", 1u << CHANNEL_PUSH)                                                               \
    X("push", 1u << CHANNEL_PUSH)

/* NULL-terminated, for text_nearest and lists. */
const char *const *adapter_names(void);
/* False if it does not, or if there is no such adapter. */
bool adapter_serves(const char *name, enum channel_kind channel);
/* Appends the channels that it serves: "sms", "email and sms". */
void adapter_put_channels(const char *name, struct buf *text);

#endif
