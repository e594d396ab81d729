/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_kind: the kinds of transport a message can take. The numbers are part of the wire and of
 * the store: add at the end, never renumber.
 */
#ifndef TOCSIN_PROTO_CHANNEL_KIND_H
#define TOCSIN_PROTO_CHANNEL_KIND_H

#include <stdbool.h>

#include "common/slice.h"
#include "proto/page.h"

/* Name, word, and the page field that its endpoints stand in. */
#define CHANNEL_KIND_MAP(X)                                                                        \
    X(EMAIL, "email", EMAIL)                                                                       \
    X(SMS, "sms", PHONE)                                                                           \
    X(VOICE, "voice", PHONE)                                                                       \
    X(PUSH, "push", PUSH)                                                                          \
    X(CHAT, "chat", PHONE)                                                                         \
    X(WEBHOOK, "webhook", WEBHOOK)

enum channel_kind {
#define CHANNEL_KIND_MEMBER(name, word, field) CHANNEL_##name,
    CHANNEL_KIND_MAP(CHANNEL_KIND_MEMBER)
#undef CHANNEL_KIND_MEMBER
        CHANNEL_KINDS
};

const char *channel_kind_name(enum channel_kind channel);
enum page_field channel_kind_field(enum channel_kind channel);
bool channel_kind_parse(struct slice name, enum channel_kind *channel);
/* NULL-terminated list of all names, for text_nearest. */
const char *const *channel_kind_names(void);

#endif
