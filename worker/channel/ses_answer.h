/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ses_answer: what Amazon SES (API v2) says, in our words. Pure.
 *
 *     SendBulkEmail   200 {"BulkEmailEntryResults": [{"Status", "MessageId", "Error"}, ..]}, one
 *                     for each entry in their order; 200 does not mean that anybody was taken
 *     SendEmail       200 {"MessageId"}
 *     errors          the type in the header x-amzn-ErrorType ("BadRequestException", with a colon
 *                     and more behind it from some), or as "__type" or "code" in the body
 */
#ifndef TOCSIN_CHANNEL_SES_ANSWER_H
#define TOCSIN_CHANNEL_SES_ANSWER_H

#include <jansson.h>

#include "net/http_client.h"
#include "worker/delivery.h"

struct ses_answer {
    json_t *json;    /* NULL: the body is none */
    bool is_refusal; /* of a request as a whole, by what may be the fault of one of its recipients:
                      * nobody was taken */
    struct attempt_result result; /* of everybody, unless entries say more */
};

/* `type` is the header's value, or NULL. */
void ses_answer_read(struct ses_answer *read, const struct http_answer *answer, const char *type);
void ses_answer_release(struct ses_answer *read);
/* Of the index-th recipient; the result's ref is valid until the release. */
struct attempt_result ses_answer_result(const struct ses_answer *read, uint32_t index);

#endif
