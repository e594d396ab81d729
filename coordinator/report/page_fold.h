/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_fold: the states of one page's recipients, folded from the journal: for campaigns that have
 * ended, whose states the engine no longer keeps. The same fold as the engine's.
 */
#ifndef TOCSIN_REPORT_PAGE_FOLD_H
#define TOCSIN_REPORT_PAGE_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"

/* states: PAGE_RECIPIENTS of them (of a plan with a pair what both tracks come to); *count gets how
 * many places the page has. A place that is no recipient is DELIVERY_NONE. *rest, empty before,
 * gets what else there is of the page, and is the caller's to release, also after an error; NULL if
 * nobody wants it. over: how those who waited ended (campaign_over), or DELIVERY_EVENTS.
 * ERR_NOT_FOUND for a page it does not have; ERR_CORRUPT. */
enum err page_fold(struct ledger *ledger, const struct campaign_def *def, enum delivery_event over,
                   uint32_t page, struct recipient_state *states, unsigned *count,
                   struct page_rest *rest) WARN_UNUSED;
/* The same with each track for itself; side is written only if the plan has a pair. */
enum err page_fold_tracks(struct ledger *ledger, const struct campaign_def *def,
                          enum delivery_event over, uint32_t page, struct recipient_state *ladder,
                          struct recipient_state *side, unsigned *count,
                          struct page_rest *rest) WARN_UNUSED;

#endif
