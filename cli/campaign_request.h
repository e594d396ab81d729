/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_request: the JSON that makes a campaign, from options. Mistakes that can
 * be seen here are found before anything is uploaded.
 */
#ifndef TOCSIN_CLI_CAMPAIGN_REQUEST_H
#define TOCSIN_CLI_CAMPAIGN_REQUEST_H

#include <jansson.h>

#include "cli/campaign_message.h"
#include "cli/campaign_respect.h"
#include "cli/campaign_stop.h"
#include "cli/command.h"
#include "cli/plan_choice.h"
#include "common/err.h"

/* Rows of the option table of a command that makes a campaign from options. */
#define CAMPAIGN_REQUEST_OPTIONS                                                                   \
    {"channel", "email|sms|voice|push|chat|webhook", "how to reach them"},                         \
        {"plan", "PLAN",                                                                           \
         "how, and how else: 'push 5m > sms 15m > voice', a plan's name, or its file"},            \
        {"without", "CHANNEL[,CHANNEL]",                                                           \
         "leave out the plan's steps on it: e-mail is what is down"},                              \
        CAMPAIGN_MESSAGE_OPTIONS,                                                                  \
        {"provider", "NAME", "only this provider, or group; else all of the channel"},             \
        {"priority", "critical|high|normal|bulk", "critical overtakes everything"},                \
        {"weight", "N", "share among campaigns of the same priority (1 to 1000)"},                 \
        {"rate", "N", "at most so many a second of this campaign"},                                \
        {"at", "TIME", "begin then: 2026-12-01T08:00:00Z; else at once"},                          \
        {"not-after", "TIME", "nobody is sent to from then on, or so long after it began (6h)"},   \
        {"supersedes", "CAMPAIGN", "its launch cancels what this one has not sent yet"},           \
        CAMPAIGN_STOP_OPTIONS, {"attempts", "N", "tries for each address (1 to 15; 5)"},           \
        {"backoff", "TIME", "before the second try, doubling from there (30s)"},                   \
        {"backoff-max", "TIME", "at most between two tries (15m)"},                                \
        {"within", "TIME", "try again no longer than this (4h)"}, CAMPAIGN_RESPECT_OPTIONS,        \
    {                                                                                              \
        "on-uncertain", "resend|hold",                                                             \
            "when nobody knows whether a message went out: send again (the default) or hold"       \
    }

/* The request from the options but without "audience", which the caller adds. `plan` is what --plan
 * says, with its steps. *request is owned by the caller. ERR_INVALID: an option is wrong or
 * missing.
 */
enum err campaign_request_new(json_t **request, const struct arguments *arguments, const char *name,
                              const struct plan_choice *plan, struct problem *problem) WARN_UNUSED;

#endif
