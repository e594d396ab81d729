/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filled_text: a campaign's message as one recipient gets it on one channel, made again from the
 * content and his values as a worker makes it: the body of his locale, its variables filled.
 *
 * What is a secret of his or known to the workers alone (`token`, `ack_url`, `unsubscribe_url`,
 * `reply_code`) stands as [ack_url]: whoever may look at a text may not acknowledge for him.
 */
#ifndef TOCSIN_REPORT_FILLED_TEXT_H
#define TOCSIN_REPORT_FILLED_TEXT_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "proto/page.h"
#include "proto/wire.h"

struct filled_text {
    const char *locale; /* of the body: "de"; "" is the default. Lives as long as the content */
    struct buf subject; /* empty: the body has none */
    struct buf text;
    struct buf html;
    uint64_t missing; /* bit i: column i is used and empty for him, so that he is not sent to */
};

/* Where the cursor of `view`, a page of the content's schema, stands. Release it in any case.
 * ERR_NOT_FOUND: there is no body for the channel. The problem is of a template that does not
 * parse, which no stored campaign has. */
enum err filled_text_make(struct filled_text *filled, const struct wire_content *content,
                          enum channel_kind channel, const struct page_view *view,
                          struct problem *problem) WARN_UNUSED;
void filled_text_release(struct filled_text *filled);

#endif
