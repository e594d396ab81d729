/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_document: a campaign as clients write it and as the catalogue keeps it.
 *
 * Both are the same JSON (docs/api.md), read by the same strict reader: the stored form is the
 * request with every default filled in and a few members of its own:
 *     {"version":2,"id":"c7","created_ms":1795...,"name":...,"audience":"a12","priority":"normal",
 *      "weight":1,"plan":{"steps":[...]},"content":{...},
 *      "quiet_hours":{...},"frequency_cap":{...}}
 * The last two are left out where there are none (respect_document.h).
 * "plan_name" is there if the plan is a copy of one that had a name (plan_registry.h); in a request
 * the name stands in place of the plan.
 * "without", the channels that the campaign does without, is there if there are any.
 * Members that tell when a campaign begins and ends by itself (control_document.h) are there when
 * they are set.
 * "delivery_key" is the number of its tokens' key (delivery_keys.h), left out for the first.
 * "reply_codes" says which numbers its reply codes have (reply_ranges.h), left out if it has none.
 * "traceparent" is the trace that it belongs to (common/trace_context.h), left out if there is
 * none. Version 1 had the only step's channel beside a plan without steps (plan_document.h).
 *
 * To change the format: raise CAMPAIGN_DOCUMENT_VERSION, keep reading the versions before, add a
 * golden document to tests/unit/test_campaign_document.c.
 */
#ifndef TOCSIN_CONTENT_CAMPAIGN_DOCUMENT_H
#define TOCSIN_CONTENT_CAMPAIGN_DOCUMENT_H

#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/trace_context.h"
#include "coordinator/audience/audience_registry.h"
#include "coordinator/content/delivery_keys.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/content/plan_registry.h"
#include "coordinator/content/reply_ranges.h"
#include "coordinator/content/respect_document.h"
#include "coordinator/engine/engine.h"
#include "proto/wire.h"

#define CAMPAIGN_DOCUMENT_VERSION 2

struct campaign_document;

/* What a campaign may refer to. Borrowed. */
struct campaign_surroundings {
    const struct audience_registry *audiences;
    const struct plan_registry *plans; /* NULL: none has a name */
    const struct provider_def *providers;
    unsigned provider_count;
    const struct provider_group *groups; /* of these providers */
    unsigned group_count;
    const struct respect *respect;             /* of campaigns that say nothing; NULL: none */
    const char *public_url;                    /* what links to recipients begin with; NULL: none */
    const struct delivery_keys *delivery_keys; /* NULL: there is the first alone */
};

/* A request's body. Its id and time are 0 until campaign_document_number. ERR_INVALID, ERR_LIMIT,
 * ERR_NOT_FOUND (no such audience), with the place. */
enum err campaign_document_parse(struct campaign_document **out, struct slice json,
                                 const struct campaign_surroundings *surroundings,
                                 struct document_problem *problem) WARN_UNUSED;
/* The same for a body that was parsed: an object. */
enum err campaign_document_read(struct campaign_document **out, json_t *json,
                                const struct campaign_surroundings *surroundings,
                                struct document_problem *problem) WARN_UNUSED;
/* What the catalogue keeps. A provider that the settings no longer have is logged and left out; a
 * campaign that is left without any waits until it is there again. ERR_CORRUPT, ERR_NEWER_VERSION.
 */
enum err campaign_document_load(struct campaign_document **out, struct slice stored,
                                const struct campaign_surroundings *surroundings,
                                struct problem *problem) WARN_UNUSED;
void campaign_document_free(struct campaign_document *document); /* NULL is fine */

void campaign_document_number(struct campaign_document *document, uint64_t id, uint64_t created_ms);
/* What the engine is told. Valid as long as the document, like all that follows. */
const struct campaign_def *campaign_document_def(const struct campaign_document *document);
/* Takes what may be changed (enum campaign_field) from the engine's definition. */
void campaign_document_change(struct campaign_document *document, const struct campaign_def *def);
/* The stored form. */
void campaign_document_encode(const struct campaign_document *document, struct buf *buf);
const struct respect *campaign_document_respect(const struct campaign_document *document);
/* The number of the key of its tokens (delivery_keys.h), the newest when it was written. */
uint32_t campaign_document_delivery_key(const struct campaign_document *document);
/* Of its reply codes; its count is 0 if it has none. */
const struct reply_range *campaign_document_reply_range(const struct campaign_document *document);
void campaign_document_set_reply_range(struct campaign_document *document,
                                       const struct reply_range *range);
/* The trace that it belongs to, from the request that made or launched it; not set if none. */
const struct trace_context *campaign_document_trace(const struct campaign_document *document);
void campaign_document_set_trace(struct campaign_document *document,
                                 const struct trace_context *trace);
/* Do its texts want reply codes? */
bool campaign_document_wants_reply_codes(const struct campaign_document *document);
/* Members as clients see them; borrowed. */
json_t *campaign_document_plan(const struct campaign_document *document);
/* What the plan was called when it was taken; NULL if it had no name. */
const char *campaign_document_plan_name(const struct campaign_document *document);
json_t *campaign_document_content(const struct campaign_document *document);
/* What workers are told, but for the public URL and the token key; the array of bodies lies in the
 * arena, strings belong to the document. */
void campaign_document_wire(const struct campaign_document *document,
                            const struct page_schema *schema, uint64_t epoch, struct arena *arena,
                            struct wire_content *content);

#endif
