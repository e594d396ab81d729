/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason_list: the recipients of a campaign who stand where they do for one reason, with what the
 * journal says of it: a campaign that runs, too. The reason is in no memory, so that the journal of
 * the pages with somebody in one of the states is read, on a thread of the pool, and no longer at a
 * time than the loop's other readers: an answer may hold few, or none, and still have a `next`.
 */
#ifndef TOCSIN_API_REASON_LIST_H
#define TOCSIN_API_REASON_LIST_H

#include "coordinator/api/exchange.h"

struct reason_query {
    unsigned states; /* bit s: those in state s */
    uint16_t reason;
    unsigned limit;
    uint32_t from; /* the first ordinal to be looked at */
};

/* Answers with a page of the list, later. All that was decided of the campaign is durable. */
void reason_list(struct exchange *exchange, const struct campaign_view *view,
                 const struct reason_query *query);

#endif
