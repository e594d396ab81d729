/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_match: whose a reply is. The code says which recipient of which campaign
 * (proto/reply_code.h), and it counts if the reply came from an endpoint of his: a code is too
 * short to be a proof by itself. Campaigns that run, are paused or have ended take replies until
 * they are archived.
 *
 * A delivery token says it too, and is a proof. Without either, a reply is taken for one to the
 * newest campaign that sent something to the endpoint lately: that is for people to read and to
 * count, and nothing is decided by it. Of several who share the endpoint the first is named.
 */
#ifndef TOCSIN_API_REPLY_MATCH_H
#define TOCSIN_API_REPLY_MATCH_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/api/api_state.h"
#include "proto/reply_code.h"

struct reply {
    enum channel_kind channel;
    const char *endpoint; /* normalised, as the audiences have it */
    struct reply_code code;
};

struct reply_match {
    uint64_t campaign;
    uint32_t ordinal;
    const char *key; /* the recipient's, in the arena */
};

/* Looks at most at *budget campaigns behind *after, which is 0 to begin with; both are moved on.
 * ERR_BUSY: there are more, call it again. ERR_OK: *match. ERR_NOT_FOUND: nobody with this endpoint
 * has the code. ERR_IO, ERR_CORRUPT: his page cannot be read. One page is read at most. */
enum err reply_match_find(const struct api *api, const struct reply *reply, struct arena *arena,
                          unsigned *budget, uint64_t *after, struct reply_match *match) WARN_UNUSED;

/* Whose token it is, of whatever kind. ERR_NOT_FOUND: forged, or of nobody who is there. */
enum err reply_match_token(struct api *api, struct slice token, struct arena *arena,
                           struct reply_match *match) WARN_UNUSED;

#define REPLY_AUDIENCES_KNOWN 8
#define REPLY_SHARERS_MAX     8 /* of one endpoint in an audience; who comes behind is not seen */

/* A search through campaigns for one endpoint. All zero to begin with. Campaigns often share their
 * audience, so who of the last few audiences has the endpoint is remembered. */
struct reply_search {
    uint64_t before; /* campaigns below it are still to be looked at; 0: all */
    unsigned next;   /* audience to be forgotten */
    struct reply_sharers {
        uint64_t audience; /* 0: none */
        unsigned count;
        uint32_t ordinals[REPLY_SHARERS_MAX];
    } known[REPLY_AUDIENCES_KNOWN];
};

/* The newest campaign that sent to the endpoint and runs, or ended within `within_ms`. *budget and
 * ERR_BUSY as above; looking up an endpoint takes REPLY_MATCH_LOOKUP of the budget, as it reads the
 * disk, and waking a page as much. Call it within exchange_read_durable. */
#define REPLY_MATCH_LOOKUP 128
enum err reply_match_endpoint(struct api *api, const struct reply *reply, uint64_t within_ms,
                              struct arena *arena, unsigned *budget, struct reply_search *search,
                              struct reply_match *match) WARN_UNUSED;

#endif
