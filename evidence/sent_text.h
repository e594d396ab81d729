/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sent_text: what a recipient was sent on a channel, made again from the campaign's content and his
 * values, as a worker makes it: the body of his locale, its variables filled. What is a secret of
 * his (`token`, `ack_url`, `unsubscribe_url`, `reply_code`) stands as [ack_url].
 */
#ifndef TOCSIN_EVIDENCE_SENT_TEXT_H
#define TOCSIN_EVIDENCE_SENT_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"
#include "evidence/bundle.h"
#include "proto/channel_kind.h"

struct sent_text {
    const char *locale; /* of the body: "de", "default" */
    json_t *body;       /* borrowed: as it stands in the content */
    struct buf subject;
    struct buf text;
    struct buf html;
};

/* Of a bundle of one recipient. False if there is no body for the channel, or it cannot be filled.
 * Release it also then; zeroed memory is an empty one. */
bool sent_text_make(struct sent_text *sent, const struct bundle *bundle, enum channel_kind channel);
void sent_text_release(struct sent_text *sent);

#endif
