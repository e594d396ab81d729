/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_match: which campaign's recipient a reply code is of, by the endpoint that the reply came
 * from. Campaigns that are running or paused come first; those that have ended, and are not
 * archived, are asked only if none of them has the code.
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
    char code[REPLY_CODE_CHARS];
};

struct reply_match {
    uint64_t campaign;
    uint32_t ordinal;
    const char *key; /* the recipient's, in the arena */
};

/* What was found so far; zeroed to begin with. */
struct reply_search {
    bool is_of_ended; /* those that are under way have been asked */
    uint64_t after;   /* the campaign that was asked last */
    unsigned found;
    struct reply_match match;
};

/* Asks at most *budget campaigns, which is counted down. ERR_BUSY: there are more, call it again.
 * ERR_OK: search->match. ERR_NOT_FOUND: no such campaign went to the endpoint with this code;
 * ERR_CONFLICT: more than one recipient has it (of different campaigns, or of one), and none is
 * chosen; ERR_IO, ERR_CORRUPT: an audience cannot be read. One seek for each audience, and one page
 * for who has the code. */
enum err reply_match_find(const struct api *api, const struct reply *reply, struct arena *arena,
                          unsigned *budget, struct reply_search *search) WARN_UNUSED;

#endif
