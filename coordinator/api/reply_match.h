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

/* ERR_NOT_FOUND: no such campaign went to the endpoint with this code; ERR_CONFLICT: more than one
 * recipient has it (of different campaigns, or of one), and none is chosen; ERR_IO, ERR_CORRUPT:
 * an audience cannot be read. One seek for each audience, and one page for who has the code. */
enum err reply_match_find(const struct api *api, const struct reply *reply, struct arena *arena,
                          struct reply_match *match) WARN_UNUSED;

#endif
