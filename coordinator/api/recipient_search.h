/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipient_search: everybody with a key or an endpoint, over all campaigns, the newest campaign
 * first. Each audience is asked by its index, one seek (of endpoints one for each rank), and the
 * page has the last word; campaigns often share their audience, so what was found in one is
 * remembered. It goes on by steps, none of which reads more than a few pages: whoever calls it
 * looks at the clock between them. Loop's thread.
 */
#ifndef TOCSIN_API_RECIPIENT_SEARCH_H
#define TOCSIN_API_RECIPIENT_SEARCH_H

#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/recipient_query.h"

struct recipient_search;

struct recipient_match {
    uint64_t campaign;
    uint64_t audience;
    uint32_t ordinal;
    unsigned rank;   /* of the endpoint that he has; 0 for a key */
    const char *key; /* in the search's arena */
};

/* query and arena are borrowed. position: 0, or what recipient_search_position gave. campaign: the
 * only one to look at; 0: all. */
struct recipient_search *recipient_search_new(struct api *api, const struct recipient_query *query,
                                              struct arena *arena, uint64_t position,
                                              uint64_t campaign);
void recipient_search_free(struct recipient_search *search); /* NULL is fine */

/* One step. ERR_OK: *match is the next one. ERR_BUSY: nothing yet, call it again. ERR_NOT_FOUND:
 * there is nobody else. ERR_IO, ERR_CORRUPT: an audience cannot be read. A match may be a place
 * that is no recipient (a row whose key came before): engine and journal know. */
enum err recipient_search_step(struct recipient_search *search,
                               struct recipient_match *match) WARN_UNUSED;
/* Where the next step begins, as a cursor keeps it. */
uint64_t recipient_search_position(const struct recipient_search *search);
/* Audiences that were asked so far: what it has cost. */
unsigned recipient_search_asked(const struct recipient_search *search);

#endif
