/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_registry: the documents of all campaigns, in memory, by id. Loop's thread only.
 */
#ifndef TOCSIN_CONTENT_CAMPAIGN_REGISTRY_H
#define TOCSIN_CONTENT_CAMPAIGN_REGISTRY_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/content/campaign_document.h"
#include "coordinator/ledger/ledger.h"

struct campaign_registry;

struct campaign_registry *campaign_registry_new(void);
void campaign_registry_free(struct campaign_registry *registry);

/* Reads the whole catalogue, once, at the start, after the audiences. The problem names the
 * campaign. */
enum err campaign_registry_load(struct campaign_registry *registry, struct ledger *ledger,
                                const struct campaign_surroundings *surroundings,
                                struct problem *problem) WARN_UNUSED;
/* Gives the document an id above all others and keeps it. */
void campaign_registry_add(struct campaign_registry *registry, uint64_t created_ms,
                           struct campaign_document *take_document);
/* NULL if there is none. */
const struct campaign_document *campaign_registry_find(const struct campaign_registry *registry,
                                                       uint64_t id);
/* The campaign, which is there, was changed: its document takes it over and is returned. */
const struct campaign_document *campaign_registry_change(struct campaign_registry *registry,
                                                         const struct campaign_def *def);
/* The campaign, which is there, has these reply codes from now on. */
const struct campaign_document *campaign_registry_set_reply_range(
    struct campaign_registry *registry, uint64_t id, const struct reply_range *range);
/* It belongs to this trace from now on. */
const struct campaign_document *campaign_registry_set_trace(struct campaign_registry *registry,
                                                            uint64_t id,
                                                            const struct trace_context *trace);
/* The campaign with the smallest id above `after`, or NULL. */
const struct campaign_document *campaign_registry_next(const struct campaign_registry *registry,
                                                       uint64_t after);
/* The campaign with the largest id below `before`, or NULL. */
const struct campaign_document *campaign_registry_previous(const struct campaign_registry *registry,
                                                           uint64_t before);

#endif
