/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_request: what changes a provider's limits, from options:
 *     --rate 500 --burst 20 --concurrency 40 --quota 10000/Europe/Oslo
 *     --quiet-hours 22:00-07:00/Europe/Oslo
 * `none` for no such limit, `settings` for that of the coordinator's settings. What is no such
 * shape is refused here; times, zones and bounds are the coordinator's to judge.
 */
#ifndef TOCSIN_CLI_PROVIDER_REQUEST_H
#define TOCSIN_CLI_PROVIDER_REQUEST_H

#include <jansson.h>

#include "cli/command.h"
#include "common/err.h"

/* The option table of the command. */
extern const struct option provider_request_options[];

/* The body of the PATCH, the caller's. ERR_INVALID: *request is NULL. */
enum err provider_request_new(json_t **request, const struct arguments *arguments,
                              struct problem *problem) WARN_UNUSED;

#endif
