/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replies: what may become of a message that a recipient sent back.
 */
#ifndef TOCSIN_API_REPLIES_H
#define TOCSIN_API_REPLIES_H

#define REPLY_RESULT_MAP(X)                                                                        \
    X(ACKNOWLEDGED, "acknowledged")                                                                \
    X(UNKNOWN, "unknown")               /* nobody with this endpoint has this code */              \
    X(NOT_UNDERSTOOD, "not_understood") /* not `ACK` and a code */                                 \
    X(INVALID, "invalid")               /* no reply at all: no channel, no endpoint of it */       \
    X(FAILED, "failed")                 /* what it is about cannot be read just now */

enum reply_result {
#define REPLY_RESULT_MEMBER(name, word) REPLY_##name,
    REPLY_RESULT_MAP(REPLY_RESULT_MEMBER)
#undef REPLY_RESULT_MEMBER
        REPLY_RESULTS
};

const char *reply_result_name(enum reply_result result);

#endif
