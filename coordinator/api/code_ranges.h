/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code_ranges: gives campaigns the ranges of their reply codes (content/reply_ranges.h). A campaign
 * has one if its texts, or the settings of some provider, name `reply_code`. No two documents of
 * the catalogue have ranges that meet: what a campaign had that does not hold it any more may be
 * given away, and is taken from it in the same record.
 */
#ifndef TOCSIN_API_CODE_RANGES_H
#define TOCSIN_API_CODE_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/api/api_state.h"

/* For a document that is not kept yet. ERR_LIMIT: no codes are left. */
enum err code_ranges_give(struct api *api, struct campaign_document *document,
                          struct problem *problem) WARN_UNUSED;
/* At the start, for all that want codes, may hold some and have none: the settings are others now,
 * or what was archived is no longer. */
void code_ranges_give_all(struct api *api);
/* Nobody else may have the campaign's codes. False: it is archived, or was cancelled before it ever
 * began, so that nobody was sent one. */
bool code_ranges_is_held(const struct api *api, uint64_t campaign);
/* The campaign wants codes, and what it had was given to another one: it can send no more. */
bool code_ranges_is_lost(const struct api *api, uint64_t campaign);

#endif
