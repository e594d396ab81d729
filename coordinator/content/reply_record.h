/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_record: one message that a recipient sent back, as it is kept.
 *
 * Value of CATALOGUE_REPLY, version 1:
 *     u8 version = 1 · u8 class (content/reply_keywords.h) · u8 result · u8 channel (0xff: none) ·
 *     u8 found_by · u64 at_ms · u64 campaign (0: none) · u32 ordinal · blob recipient's key ·
 *     blob provider · blob from · blob to · blob text · blob the provider's message id
 * Texts are UTF-8 and may be empty. To change it: a new version with its fields at the end, and
 * readers for both.
 */
#ifndef TOCSIN_CONTENT_REPLY_RECORD_H
#define TOCSIN_CONTENT_REPLY_RECORD_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"
#include "coordinator/content/reply_keywords.h"
#include "proto/channel_kind.h"

#define REPLY_TEXT_MAX    1600 /* characters; up to four bytes each */
#define REPLY_ID_MAX      256  /* bytes of a provider's message id */
#define REPLY_ADDRESS_MAX 4096 /* bytes of from and to */
#define REPLY_NO_CHANNEL  0xff

/* What became of it. Stored: add at the end. */
#define REPLY_RESULT_MAP(X)                                                                        \
    X(ACKNOWLEDGED, "acknowledged") /* the recipient's message; he is sent no more of it */        \
    X(UNKNOWN, "unknown")           /* an ACK, and nobody with this endpoint has this code */      \
    X(OPTED_OUT, "opted_out")       /* the endpoint is on the suppression list */                  \
    X(OPTED_IN, "opted_in")         /* and it is not any more */                                   \
    X(KEPT, "kept")                 /* for people to read */                                       \
    X(INVALID, "invalid")           /* no channel, no endpoint of it */                            \
    X(FAILED, "failed")             /* what it is about cannot be read just now: not kept */

enum reply_result {
#define REPLY_RESULT_MEMBER(name, word) REPLY_##name,
    REPLY_RESULT_MAP(REPLY_RESULT_MEMBER)
#undef REPLY_RESULT_MEMBER
        REPLY_RESULTS
};
const char *reply_result_name(enum reply_result result);

/* How its recipient was found. Stored: add at the end. */
#define REPLY_FOUND_MAP(X)                                                                         \
    X(NOT, NULL)                                                                                   \
    X(BY_CODE, "code")                                                                             \
    X(BY_TOKEN, "token")                                                                           \
    X(BY_ENDPOINT, "endpoint") /* the newest campaign that was sent there */

enum reply_found {
#define REPLY_FOUND_MEMBER(name, word) REPLY_FOUND_##name,
    REPLY_FOUND_MAP(REPLY_FOUND_MEMBER)
#undef REPLY_FOUND_MEMBER
        REPLY_FOUNDS
};
const char *reply_found_name(enum reply_found found); /* NULL: not */

struct reply_record {
    uint64_t number; /* counted from 1; in the key */
    enum reply_class class;
    enum reply_result result;
    uint8_t channel; /* enum channel_kind, or REPLY_NO_CHANNEL */
    enum reply_found found_by;
    uint64_t at_ms;
    uint64_t campaign; /* 0: none */
    uint32_t ordinal;
    struct slice key; /* the recipient's */
    struct slice provider;
    struct slice from; /* normalised, or as it came if that cannot be */
    struct slice to;
    struct slice text;
    struct slice id;
};

void reply_record_encode(const struct reply_record *record, struct buf *value);
/* All but the number. The slices point into the value. ERR_CORRUPT, ERR_UNSUPPORTED. */
enum err reply_record_decode(struct slice value, struct reply_record *record) WARN_UNUSED;

#endif
