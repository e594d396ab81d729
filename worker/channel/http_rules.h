/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_rules: what an HTTP answer means. A provider's own rules come first, in their order, then
 * these:
 *
 *     2xx            accepted
 *     3xx            misconfigured: redirects are not followed, the URL is not the right one
 *     401 402 403    misconfigured: credentials, credit, permissions
 *     404 405        misconfigured if all requests go to one URL, else rejected
 *     407            misconfigured: the proxy's credentials
 *     408            deferred: the provider says that it has not got the whole request
 *     425 429        throttled
 *     other 4xx      rejected
 *     503            throttled with Retry-After, else deferred
 *     502 504        uncertain: somebody behind the provider may have got it, and what he answered
 *                    is lost
 *     other 5xx      deferred
 *
 * A rule that needs the body is no basis for a decision if not all of the body came and what came
 * does not decide it: then the answer is what its transfer's failure says, mostly uncertain.
 */
#ifndef TOCSIN_CHANNEL_HTTP_RULES_H
#define TOCSIN_CHANNEL_HTTP_RULES_H

#include <jansson.h>
#include <stdbool.h>

#include "common/err.h"
#include "worker/channel/http_reading.h"

struct http_rules;

struct http_verdict {
    enum outcome outcome;
    uint16_t reason;
    uint32_t retry_after_ms;
};

/* `list` is a JSON list of rules, or NULL for the default ones alone; it may be given up
 * afterwards, but not be changed. `one_url`: all requests go to the same. `where` begins the
 * problem's text. ERR_INVALID. */
enum err http_rules_new(struct http_rules **out, json_t *list, bool one_url, const char *where,
                        struct problem *problem) WARN_UNUSED;
void http_rules_free(struct http_rules *rules);
struct http_verdict http_rules_judge(const struct http_rules *rules, struct http_reading *reading);

#endif
