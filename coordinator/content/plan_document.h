/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_document: a campaign's plan as clients write it, and as they and the catalogue read it.
 *
 * Written is either the channel of the only step, with an object that says the rest of it,
 *     "channel":"sms","plan":{"attempts":3}
 * or steps, each with a channel of its own:
 *     "plan":{"steps":[{"channel":"push","until":"acknowledged","within":"5m"},{"channel":"sms"}]}
 * A step with "repeat":{"every":"10m","times":3} is several steps of the engine (engine/plan.h) and
 * one here.
 * Read is always the latter, with every default. Providers stand in it by name, so that it outlives
 * a change of the settings.
 */
#ifndef TOCSIN_CONTENT_PLAN_DOCUMENT_H
#define TOCSIN_CONTENT_PLAN_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "coordinator/content/document_reader.h"
#include "coordinator/content/provider_group.h"
#include "coordinator/engine/engine.h"
#include "proto/page.h"

/* What is to be read, and what it may refer to. Borrowed. */
struct plan_source {
    json_t *channel;                  /* member "channel"; NULL if it is not there */
    json_t *plan;                     /* member "plan"; NULL if it is not there */
    const struct page_schema *schema; /* NULL: of no audience yet, every channel has endpoints */
    const struct provider_def *providers;
    unsigned provider_count;
    const struct provider_group *groups; /* of these providers */
    unsigned group_count;
    bool is_named;     /* `plan` is the whole document of a plan that gets a name */
    bool is_stored;    /* a provider that is no longer there is logged and left out */
    uint64_t campaign; /* of the stored form, for the log */
};

/* The reader stands at the object that has the two members, or at the named plan. It may have the
 * members "name" and "modified_at", which whoever wants them reads himself. plan->without is set
 * already: of steps that are left out neither a provider nor a column of the audience is asked for.
 * *view is what clients read; the caller's, also when it failed (then it may be NULL). ERR_INVALID,
 * ERR_LIMIT. */
enum err plan_document_read(struct document_reader *reader, const struct plan_source *source,
                            struct plan *plan, json_t **view) WARN_UNUSED;

#endif
