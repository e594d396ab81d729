/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_document: what of a campaign may be changed after it was made, as JSON: the body of a
 * PATCH, and the same members of the campaign's own document.
 */
#ifndef TOCSIN_CONTENT_CHANGE_DOCUMENT_H
#define TOCSIN_CONTENT_CHANGE_DOCUMENT_H

#include <jansson.h>

#include "common/err.h"
#include "coordinator/content/document_reader.h"
#include "coordinator/engine/engine.h"

/* {"rate":100,"priority":"high","weight":3,"not_after":"6h","stop_rules":{…}}, each as in a
 * campaign's document, all of them optional, and null for what it is without: no rate, normal, 1,
 * none. ERR_INVALID: unknown members, values out of their ranges, or nothing to change at all. */
enum err change_document_read(struct campaign_change *change, json_t *json,
                              struct document_problem *problem) WARN_UNUSED;
/* Recipients per second, from 0.001 to CAMPAIGN_RATE_MAX. */
enum err change_document_rate(struct document_reader *reader, json_t *value,
                              double *rate_per_s) WARN_UNUSED;
/* Adds the members that only this file writes: "rate", if there is one. */
void change_document_put(json_t *json, const struct campaign_def *def);

#endif
