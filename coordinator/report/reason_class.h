/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason_class: the kinds that reasons (proto/outcome.h) are of, for people who want to know where
 * the trouble was rather than what it was.
 */
#ifndef TOCSIN_REPORT_REASON_CLASS_H
#define TOCSIN_REPORT_REASON_CLASS_H

#include <stdint.h>

/* X(name, word, meaning) */
#define REASON_CLASS_MAP(X)                                                                        \
    X(ADDRESS, "address", "the address, number or device cannot be reached")                       \
    X(NO_ENDPOINT, "no_endpoint", "there is no endpoint on the channel")                           \
    X(MESSAGE, "message", "the message itself: a variable, its size, its attachments")             \
    X(ANSWER, "answer", "the provider answered with a code of its own")                            \
    X(CONNECTION, "connection", "no connection, no answer, or trouble at the provider's")          \
    X(SETTINGS, "settings", "credentials, secrets or settings of the provider")                    \
    X(HELD_BACK, "held_back", "it was held back before it was sent")                               \
    X(WORKER, "worker", "a worker went away or could not read what it needed")                     \
    X(TIME, "time", "the attempts or the step's time were used up")                                \
    X(CHANNEL_DOWN, "channel_down", "no provider of the step could be used")                       \
    X(SUPPRESSED, "suppressed", "on the suppression list")                                         \
    X(RESPECT, "respect", "the frequency cap or quiet hours")                                      \
    X(RECEIPT, "receipt", "a receipt says that it did not arrive")                                 \
    X(UNKNOWN, "unknown", "no reason is known")

enum reason_class {
#define REASON_CLASS_MEMBER(name, word, meaning) REASON_CLASS_##name,
    REASON_CLASS_MAP(REASON_CLASS_MEMBER)
#undef REASON_CLASS_MEMBER
        REASON_CLASSES
};

const char *reason_class_name(enum reason_class reason_class);
const char *reason_class_meaning(enum reason_class reason_class);
enum reason_class reason_class_of(uint16_t reason);

#endif
