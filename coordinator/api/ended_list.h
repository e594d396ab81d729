/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ended_list: the recipients of a campaign that has ended, or those in one state: read from the
 * journal on a thread of the pool, so that the loop waits for no disk.
 */
#ifndef TOCSIN_API_ENDED_LIST_H
#define TOCSIN_API_ENDED_LIST_H

#include "coordinator/api/exchange.h"

struct ended_query {
    unsigned states; /* bit s: those in state s */
    unsigned limit;
    uint32_t from; /* the first ordinal to be looked at */
};

/* Answers with a page of the list, later. All that was decided of the campaign is durable. */
void ended_list(struct exchange *exchange, const struct campaign_view *view,
                const struct ended_query *query);

#endif
