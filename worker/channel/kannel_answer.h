/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kannel_answer: what Kannel's sendsms says, which is a status and a line of text, without any id.
 *
 *     202  0: Accepted for delivery         accepted
 *     202  3: Queued for later delivery     accepted; the link to the SMSC is down now
 *     202  Sent. Denied receivers are: ...  accepted but for those, which are rejected (a smsbox
 *                                           with immediate-sendsms-reply; others drop them
 * silently) 400  ... have been denied ...         rejected; so are an empty number and a text that
 * cannot be converted 400  anything else                    misconfigured: a field of ours is not
 * what it takes 403  Not routable. ...                rejected: no SMSC takes this number 403
 * anything else                    misconfigured 500  Sending failed. Failed receivers are: ...
 * those deferred, the others accepted 503  Temporal failure, ...            throttled: its queue is
 * full, or it is being shut down
 *
 * The answer to a request of several numbers is that for the first of them. What it says beyond
 * "accepted" may not be true of the others: then all of them are uncertain, and their receipts
 * tell. Other statuses are those of gateways that imitate Kannel, and are judged as any HTTP
 * gateway's.
 *
 * Source: the user guide of Kannel 1.4.5, section "Using the HTTP interface to send SMS messages",
 * and gw/smsbox.c; 202, 400 and 403 were seen of a running one.
 */
#ifndef TOCSIN_CHANNEL_KANNEL_ANSWER_H
#define TOCSIN_CHANNEL_KANNEL_ANSWER_H

#include <stdbool.h>

#include "net/http_client.h"

struct kannel_answer {
    enum outcome outcome;
    uint16_t reason;
    uint32_t retry_after_ms;
    struct slice listed; /* numbers with blanks between them; of the answer's body */
    enum outcome listed_outcome;
};

/* `is_many`: the request had several numbers. */
void kannel_answer_read(const struct http_answer *answer, bool is_many, struct kannel_answer *read);
/* What it says of one number of the request. */
enum outcome kannel_answer_outcome(const struct kannel_answer *read, struct slice number);

#endif
