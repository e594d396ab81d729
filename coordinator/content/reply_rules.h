/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_rules: what the settings say of replies. A value; its owner frees the keywords.
 */
#ifndef TOCSIN_CONTENT_REPLY_RULES_H
#define TOCSIN_CONTENT_REPLY_RULES_H

#include <stdint.h>

#include "coordinator/content/reply_keywords.h"

struct reply_rules {
    struct reply_keywords *keywords;
    uint64_t keep_ms;         /* replies are kept so long */
    uint64_t match_within_ms; /* a reply without code or token is one to a campaign that ended no
                                 longer ago */
};

#endif
