/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_set: what `tocsin campaign set` changes of a campaign, from options to the JSON of a
 * PATCH. What is a sensible value the API says.
 */
#ifndef TOCSIN_CLI_CAMPAIGN_SET_H
#define TOCSIN_CLI_CAMPAIGN_SET_H

#include <jansson.h>

#include "cli/command.h"
#include "common/err.h"

extern const struct option campaign_set_options[];

/* *body is owned by the caller, also after an error. ERR_INVALID: an option is wrong, or there is
 * none. */
enum err campaign_set_body(json_t **body, const struct arguments *arguments,
                           struct problem *problem) WARN_UNUSED;
/* "rate": a number, or `none`, which is null. Nothing if the option was not given. */
enum err campaign_set_rate(json_t *body, const struct arguments *arguments,
                           struct problem *problem) WARN_UNUSED;

#endif
