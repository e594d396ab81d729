/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_options: the command line of tocsin-mailin, and what the environment says instead.
 */
#ifndef TOCSIN_MAILIN_MAIL_OPTIONS_H
#define TOCSIN_MAILIN_MAIL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "common/log.h"

struct mail_options {
    const char *api;
    const char *public;     /* where receipts go; NULL: to `api` */
    const char *token_file; /* NULL: none, and replies are left */
    const char *ca_file;    /* NULL: the system's */
    const char *provider;
    const char *recipient; /* NULL: the header says it */
    const char *maildir;   /* NULL: one mail from standard input */
    const char *bounces;
    const char *replies;
    const char *counters; /* NULL: none */
    uint64_t every_ms;
    enum log_level log_level;
    bool wants_help;
    bool wants_version;
};

/* Texts are those of argv and the environment. ERR_INVALID: what is wrong, and what would be
 * right. */
enum err mail_options_read(struct mail_options *options, int argc, char **argv,
                           struct problem *problem) WARN_UNUSED;
void mail_options_help(FILE *file);

#endif
