/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_document_internal: what a document is made of. For campaign_document.c and
 * campaign_document_read.c alone.
 */
#ifndef TOCSIN_CONTENT_CAMPAIGN_DOCUMENT_INTERNAL_H
#define TOCSIN_CONTENT_CAMPAIGN_DOCUMENT_INTERNAL_H

#include "coordinator/content/campaign_document.h"

struct campaign_document {
    struct campaign_def def;
    struct respect respect;
    uint32_t delivery_key;
    struct reply_range reply_range;
    struct trace_context trace;
    json_t *plan; /* as clients read it */
    char plan_name[PLAN_NAME_MAX + 1];
    json_t *content;
};

#endif
