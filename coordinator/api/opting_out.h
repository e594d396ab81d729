/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opting_out: puts the endpoint that a token's message went to on the suppression list, for good:
 * by the recipient's link, or because a provider says so.
 */
#ifndef TOCSIN_API_OPTING_OUT_H
#define TOCSIN_API_OPTING_OUT_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/api/api_state.h"
#include "coordinator/content/suppression.h"
#include "proto/token.h"

/* The endpoint that the token's message went to: kind, channel and value of *entry. Reads the page.
 * Errors as below. */
enum err opting_out_find(struct api *api, const struct token *token,
                         struct suppression *entry) WARN_UNUSED;
/* Reads the page, adds to the turn's record and tells the campaigns that run; durable with the
 * record. `source` is completed by the campaign's name: "unsubscribe link of" c7. Also of a
 * campaign that has ended, or is archived. ERR_NOT_FOUND: no such campaign, recipient, step or
 * endpoint; another: something cannot be read now, and it was logged. */
enum err opting_out(struct api *api, const struct token *token, uint16_t reason,
                    const char *source) WARN_UNUSED;

#endif
