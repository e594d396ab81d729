/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smtp_reply: replies of an SMTP server (RFC 5321 section 4.2), cut out of a stream of bytes, and
 * what they mean for a mail. Pure.
 */
#ifndef TOCSIN_CHANNEL_SMTP_REPLY_H
#define TOCSIN_CHANNEL_SMTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "proto/outcome.h"

/* A server that says more than this before its reply ends talks nonsense. */
#define SMTP_REPLY_MAX_BYTES 16384

struct smtp_reply {
    uint16_t code;
    /* RFC 3463, of the first line that has one: 5.7.1; class 0 if there is none. */
    uint8_t status_class;
    uint16_t status_subject;
    uint16_t status_detail;
    struct slice text; /* of the last line, behind code and status */
};

enum smtp_parse { SMTP_PARSE_MORE, SMTP_PARSE_REPLY, SMTP_PARSE_GARBAGE };

/* Takes the first whole reply from the front of `bytes`; *used says how much that was. The reply
 * points into `bytes`. */
enum smtp_parse smtp_reply_parse(struct slice bytes, struct smtp_reply *reply, size_t *used);

/* Which command a reply answers. */
enum smtp_stage {
    SMTP_STAGE_CONNECT,
    SMTP_STAGE_MAIL,
    SMTP_STAGE_RCPT,
    SMTP_STAGE_DATA,
    SMTP_STAGE_END
};

/*
 *     2xx to the end of the data     accepted
 *     421, 454                       throttled
 *     other 4xx                      deferred
 *     530 534 535 538, 5.1.7 5.1.8 5.7.0 5.7.8 5.7.9 5.7.11 5.7.14 5.7.20-27 (the sender,
 *     credentials, encryption, the sender's own authentication), 5xx before MAIL, 5xx to MAIL (the
 *     sender is the same for all), 454 or 5xx to RCPT that speaks of relaying, the client or the
 *     sender                                                                       misconfigured
 *     552, 5.2.3, 5.3.4 to MAIL (too large) and every other 5xx                     rejected
 */
enum outcome smtp_reply_outcome(const struct smtp_reply *reply, enum smtp_stage stage);
/* The server's id of the mail, as most servers put it into their reply to the end of the data
 * ("queued as 4F1C", "id=1rAb"), or empty. */
struct slice smtp_reply_queue_id(const struct smtp_reply *reply);

#endif
