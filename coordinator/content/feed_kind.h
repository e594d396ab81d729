/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_kind: the kinds of events that others are told of (docs/events.md).
 */
#ifndef TOCSIN_CONTENT_FEED_KIND_H
#define TOCSIN_CONTENT_FEED_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

/* Before each word in an event's `type`. */
#define FEED_TYPE_PREFIX "com.tocsin."

/* Those of facts are stored: add behind the last of them. X(name, word, is it a fact). Facts are
 * kept and numbered; of the others, which tell how things stand, only the newest is of interest. */
#define FEED_KIND_MAP(X)                                                                           \
    X(COORDINATOR_STARTED, "coordinator.started", true)                                            \
    X(CAMPAIGN_CREATED, "campaign.created", true)                                                  \
    X(CAMPAIGN_CHANGED, "campaign.changed", true)                                                  \
    X(CAMPAIGN_SCHEDULED, "campaign.scheduled", true)                                              \
    X(CAMPAIGN_LAUNCHED, "campaign.launched", true)                                                \
    X(CAMPAIGN_PAUSED, "campaign.paused", true)                                                    \
    X(CAMPAIGN_RESUMED, "campaign.resumed", true)                                                  \
    X(CAMPAIGN_CANCELLED, "campaign.cancelled", true)                                              \
    X(CAMPAIGN_EXPIRED, "campaign.expired", true)                                                  \
    X(CAMPAIGN_FINISHED, "campaign.finished", true)                                                \
    X(CAMPAIGN_RETRIED, "campaign.retried", true)                                                  \
    X(PROVIDER_CHANGED, "provider.changed", true)                                                  \
    X(WORKER_JOINED, "worker.joined", true)                                                        \
    X(WORKER_LEFT, "worker.left", true)                                                            \
    X(ALARM_RAISED, "alarm.raised", true)                                                          \
    X(ALARM_CLEARED, "alarm.cleared", true)                                                        \
    X(REPLIES_RECEIVED, "replies.received", true)                                                  \
    X(HEAD_SIGNED, "head.signed", true)                                                            \
    X(CAMPAIGN_PROGRESS, "campaign.progress", false)                                               \
    X(PROVIDER_PROGRESS, "provider.progress", false)                                               \
    X(WORKER_PROGRESS, "worker.progress", false)                                                   \
    X(STREAM_OPENED, "stream.opened", false)                                                       \
    X(STREAM_GAP, "stream.gap", false)                                                             \
    X(STREAM_CLOSED, "stream.closed", false)

enum feed_kind {
#define FEED_KIND_MEMBER(name, word, is_fact) FEED_##name,
    FEED_KIND_MAP(FEED_KIND_MEMBER)
#undef FEED_KIND_MEMBER
        FEED_KINDS
};

/* Without the prefix. */
const char *feed_kind_word(enum feed_kind kind);
bool feed_kind_is_fact(enum feed_kind kind);
/* A kind or a family of them, with the prefix or without: "campaign.progress", "campaign". Bit k of
 * *kinds is kind k. False: there are none of that name, or of the stream itself, which are told in
 * any case. */
bool feed_kind_parse(struct slice text, uint32_t *kinds);

#endif
