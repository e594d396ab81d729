/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_token: what a token that came from outside is good for. The one reader of tokens in
 * paths and bodies, so that every resource refuses the same ones.
 */
#ifndef TOCSIN_API_DELIVERY_TOKEN_H
#define TOCSIN_API_DELIVERY_TOKEN_H

#include "common/slice.h"
#include "coordinator/api/api_state.h"
#include "proto/token.h"

enum delivery_token_state {
    DELIVERY_TOKEN_OK,
    DELIVERY_TOKEN_FORGED,  /* cut, altered or of another cluster; counted */
    DELIVERY_TOKEN_UNKNOWN, /* ours, but of no campaign that is there */
    DELIVERY_TOKEN_EXPIRED  /* its campaign is archived */
};

/* *token is filled unless it is forged. A forged one is refused before anything but its campaign's
 * key is looked up. That the campaign has such a recipient or step is not checked. */
enum delivery_token_state delivery_token_read(struct api *api, struct slice text,
                                              struct token *token);
/* 403, 404 or 410; 0 for one that is good. */
unsigned delivery_token_status(enum delivery_token_state state);
/* What to tell a client; NULL for one that is good. */
const char *delivery_token_sentence(enum delivery_token_state state);

#endif
