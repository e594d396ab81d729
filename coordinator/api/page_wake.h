/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_wake: what a campaign has ended and is no longer in memory can still be told: its page is
 * folded from the journal and woken.
 */
#ifndef TOCSIN_API_PAGE_WAKE_H
#define TOCSIN_API_PAGE_WAKE_H

#include "common/err.h"
#include "coordinator/api/api_state.h"

/* It ended so long ago (archive_after) that nothing is taken in for it any more. */
bool page_is_archived(const struct api *api, uint64_t campaign);
/* The page of that recipient is in memory afterwards, if there is one. All that was decided of it
 * must be durable before: call it within exchange_read_durable. ERR_IO, ERR_CORRUPT: the journal
 * cannot be read. */
enum err page_wake(const struct api *api, uint64_t campaign, uint32_t ordinal) WARN_UNUSED;

#endif
