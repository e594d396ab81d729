/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_stop: when a campaign pauses itself, from options:
 *     --stop-if-failed 100     --stop-if-complained 2%/500     --stop-if-failed 100,5%/200
 * and `none`, which is as if it were not given. A number of people, a share of those that were
 * tried (perhaps once these are so many), or both.
 */
#ifndef TOCSIN_CLI_CAMPAIGN_STOP_H
#define TOCSIN_CLI_CAMPAIGN_STOP_H

#include <jansson.h>

#include "cli/command.h"
#include "common/err.h"

/* Rows of the option table of a command that says so. */
#define CAMPAIGN_STOP_OPTIONS                                                                      \
    {"stop-if-failed", "N|P%[/OF]", "pause when more fail: 100, or 5% of those tried"},            \
    {                                                                                              \
        "stop-if-complained", "N|P%[/OF]", "the same for complaints: 2%/500, once 500 were tried"  \
    }

/* Adds "stop_rules" to the request if there are any. ERR_INVALID. */
enum err campaign_stop_put(json_t *request, const struct arguments *arguments,
                           struct problem *problem) WARN_UNUSED;

#endif
