/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_message: what a campaign says, from the options --text, --text-file, --subject,
 * --html-file and --attach.
 */
#ifndef TOCSIN_CLI_CAMPAIGN_MESSAGE_H
#define TOCSIN_CLI_CAMPAIGN_MESSAGE_H

#include <jansson.h>

#include "cli/command.h"
#include "common/err.h"

/* Rows of the option table. */
#define CAMPAIGN_MESSAGE_OPTIONS                                                                   \
    {"text", "TEXT", "the message; {{column}} stands for what the file has there"},                \
        {"text-file", "FILE", "the message from a file"},                                          \
        {"subject", "TEXT", "of an e-mail or a push message"},                                     \
        {"attach", "FILE[,FILE]", "names of files that the workers have, for e-mail"},             \
    {                                                                                              \
        "html-file", "FILE", "the message in HTML besides, for e-mail"                             \
    }

#define CAMPAIGN_MESSAGE_BYTES ((size_t)1024 * 1024) /* of a file: the API's limit on a body */

/* Member "content" of the request: for each channel of the plan's steps a body of what it takes.
 * *content is the caller's. ERR_INVALID: an option is missing, is for none of the channels, or is
 * no template. */
enum err campaign_message_new(json_t **content, const json_t *steps,
                              const struct arguments *arguments,
                              struct problem *problem) WARN_UNUSED;

#endif
