/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_match: whose a reply is. The code says which recipient of which campaign
 * (proto/reply_code.h), and it counts if the reply came from an endpoint of his: a code is too
 * short to be a proof by itself. Campaigns that run, are paused or have ended take replies until
 * they are archived.
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

#endif
