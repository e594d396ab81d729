/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_sets: in which states the recipients of an ended campaign's pages are: two bytes a page, so
 * that whoever asks for the failures of ten million does not wait for all pages to be folded. A set
 * is made when it is first asked for, on the asker's thread, and kept for the next; those that were
 * not asked for longest go. Pages of an ended campaign change only after they were woken: then they
 * count as having every state. Loop's thread, but for page_set_build.
 */
#ifndef TOCSIN_API_PAGE_SETS_H
#define TOCSIN_API_PAGE_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"

struct page_sets;

struct page_sets *page_sets_new(void);
void page_sets_free(struct page_sets *sets);

/* A copy of the set of a campaign that has ended, for the caller to mem_free: bit s of entry p says
 * that somebody of page p may be in state s. *is_known: else it has to be built, and kept. The
 * campaign's page_count entries. */
uint16_t *page_sets_take(struct page_sets *sets, struct engine *engine,
                         const struct campaign_view *view, bool *is_known);
/* Any thread: folds all pages of the campaign. */
enum err page_set_build(struct ledger *ledger, const struct campaign_def *def,
                        enum delivery_event over, uint16_t *states) WARN_UNUSED;
/* What was built of a set that was taken. Pages woken since then stay open. */
void page_sets_keep(struct page_sets *sets, uint64_t campaign, const uint16_t *states);
/* The page is about to be woken. */
void page_sets_touch(struct page_sets *sets, uint64_t campaign, uint32_t page);

#endif
