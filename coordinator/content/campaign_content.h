/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_content: the message itself, a body for each channel and locale:
 *     {"sms":{"text":"..."},
 *      "email":{"default":{"subject":"...","text":"...","html":"..."},"de":{...}}}
 * Every text is a template over the audience's columns, `token`, `campaign`, and the recipient's
 * links `ack_url` and `unsubscribe_url`, which need the setting public_url. A body of email may
 * have `attachments`, names of files that the workers have.
 */
#ifndef TOCSIN_CONTENT_CAMPAIGN_CONTENT_H
#define TOCSIN_CONTENT_CAMPAIGN_CONTENT_H

#include <jansson.h>

#include "common/arena.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/engine/plan.h"
#include "proto/page.h"
#include "proto/wire.h"

#define CONTENT_TEMPLATE_MAX ((size_t)64 * 1024) /* bytes of one subject, text or html */

/* What the texts may refer to. Borrowed. */
struct content_source {
    const struct plan *plan;
    const struct page_schema *schema;
    bool has_public_url;
};

/* Checks shape, limits and every template. Each channel of the plan must have a body. */
enum err campaign_content_check(struct document_reader *reader, json_t *content,
                                const struct content_source *source) WARN_UNUSED;
/* The bodies of checked content; the array lies in the arena, the strings belong to `content`. */
const struct wire_body *campaign_content_bodies(json_t *content, struct arena *arena,
                                                unsigned *count);

#endif
