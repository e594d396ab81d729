/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_respect: what spares recipients, from options:
 *     --quiet-hours 22:00-07:00/Europe/Oslo     --frequency-cap 3/7d     and `none` for either
 * What is no such shape is refused here; times, zones and bounds are the coordinator's to judge.
 */
#ifndef TOCSIN_CLI_CAMPAIGN_RESPECT_H
#define TOCSIN_CLI_CAMPAIGN_RESPECT_H

#include <jansson.h>

#include "cli/command.h"
#include "common/err.h"

/* Rows of the option table of a command that makes a campaign from options. */
#define CAMPAIGN_RESPECT_OPTIONS                                                                   \
    {"quiet-hours", "FROM-TO[/ZONE]|none", "wait until morning: '22:00-07:00/Europe/Oslo'"},       \
    {                                                                                              \
        "frequency-cap", "N/TIME|none", "spare whoever had N messages in that time: 3/7d"          \
    }

/* Adds the members to the request. ERR_INVALID. */
enum err campaign_respect_put(json_t *request, const struct arguments *arguments,
                              struct problem *problem) WARN_UNUSED;
/* The hours alone, as the option has them. ERR_INVALID. */
enum err campaign_respect_hours(json_t *request, const char *text,
                                struct problem *problem) WARN_UNUSED;

#endif
