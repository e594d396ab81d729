/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_rules: what the settings say of replies. A value; its owner frees the keywords.
 */
#ifndef TOCSIN_CONTENT_REPLY_RULES_H
#define TOCSIN_CONTENT_REPLY_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/content/reply_keywords.h"

#define REPLY_FORWARD_KEYS_MAX 4

/* To whom replies are passed on (api/reply_forward.h). Texts are the owner's to free. */
struct reply_forward_rules {
    char *url;                          /* NULL: to nobody */
    unsigned classes;                   /* bits of enum reply_class */
    char *keys[REPLY_FORWARD_KEYS_MAX]; /* references to secrets (common/secret.h), newest first */
    unsigned key_count;
    bool allow_http;
    bool allow_private; /* addresses that are not public */
    char *ca_file;      /* NULL: the system's */
    uint32_t timeout_ms;
    uint64_t give_up_after_ms; /* from when the reply came */
};

struct reply_rules {
    struct reply_keywords *keywords;
    uint64_t keep_ms;         /* replies are kept so long */
    uint64_t match_within_ms; /* a reply without code or token is one to a campaign that ended no
                                 longer ago */
    struct reply_forward_rules forward;
};

#endif
