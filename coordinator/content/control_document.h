/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_document: the members of a campaign's document that say when it begins and ends by itself
 * and what it takes the place of, and how the engine's view of that is told. All are optional:
 *     "start_at":"2026-12-01T08:00:00Z"       launched before, it begins then
 *     "not_after":"2026-12-01T18:00:00Z"      whoever has not been sent to by then expires
 *     "not_after":"6h"                        the same, so long after it began
 *     "supersedes":"c12"                      its launch cancels what c12 has not sent yet
 *     "stop_rules":{"failed":{"count":100,"percent":5,"of_at_least":200},"complained":{"count":9}}
 */
#ifndef TOCSIN_CONTENT_CONTROL_DOCUMENT_H
#define TOCSIN_CONTENT_CONTROL_DOCUMENT_H

#include "coordinator/content/document_reader.h"
#include "coordinator/engine/engine.h"

/* A time with an offset, as milliseconds. */
enum err control_document_time(struct document_reader *reader, json_t *value,
                               uint64_t *unix_ms) WARN_UNUSED;
enum err control_document_not_after(struct document_reader *reader, json_t *value,
                                    struct campaign_control *control) WARN_UNUSED;
/* That there is such a campaign is the caller's to see. */
enum err control_document_supersedes(struct document_reader *reader, json_t *value,
                                     struct campaign_control *control) WARN_UNUSED;
enum err control_document_stop_rules(struct document_reader *reader, json_t *value,
                                     struct campaign_control *control) WARN_UNUSED;
/* A campaign's share: {"priority":"high"}, {"weight":3}. */
enum err control_document_priority(struct document_reader *reader, json_t *value,
                                   enum campaign_priority *priority) WARN_UNUSED;
enum err control_document_weight(struct document_reader *reader, json_t *value,
                                 uint32_t *weight) WARN_UNUSED;
/* Adds the members that are set. */
void control_document_put(json_t *json, const struct campaign_control *control);
/* The same as clients see them, with what became of it: "starts_at", "expires_at", "superseded_by",
 * "stopped", "round" and "rounds". */
void control_document_view(json_t *json, const struct campaign_view *view);

#endif
