/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_post: what the adapters for chat services have in common. A message is a JSON document, made
 * of a template over the fields, and posted to one provider; what the provider says of it stands in
 * a JSON document, too. The adapter brings the document's form and reads the answer; its functions
 * `concurrency`, `start` and `close` are those of this module.
 */
#ifndef TOCSIN_CHANNEL_JSON_POST_H
#define TOCSIN_CHANNEL_JSON_POST_H

#include "worker/channel/channel.h"
#include "worker/channel/http_link.h"
#include "worker/channel/http_reading.h"

/* A set of documents that differ by language has one for each of these at most. */
#define JSON_POST_BODIES_MAX 64

/* result is what an answer's status alone would mean by http_rules; the adapter makes it what the
 * body says. A ref that is put together is written to `scratch`, which is empty. */
typedef void (*json_post_judge_fn)(struct http_reading *reading, struct attempt_result *result,
                                   struct buf *scratch);

struct json_post_setup {
    const struct channel_adapter *adapter;
    json_post_judge_fn judge;
    const char *url;            /* template; scheme and host of secrets alone */
    json_t *headers;            /* names to templates, or NULL */
    json_t *secrets;            /* names to references, or NULL */
    json_t *const *bodies;      /* 1 to JSON_POST_BODIES_MAX */
    const char *const *locales; /* of each body, normalised; chosen by the variable `locale`, else
                                   the first. NULL: there is one body */
    unsigned body_count;
    size_t body_max_bytes; /* of a filled document; 0: no limit */
    /* Rewrites a filled document, or NULL. */
    void (*polish)(struct buf *body);
    /* & < > of all values become &amp; &lt; &gt; (Slack). */
    bool escape_markup;
    struct http_link link;
};

/* The setup may be given up afterwards. `where` begins the problem's text. */
enum err json_post_open(struct channel **out, const struct channel_context *context,
                        const struct json_post_setup *setup, const char *where,
                        struct problem *problem) WARN_UNUSED;
uint32_t json_post_concurrency(const struct channel *channel);
void json_post_start(struct channel *channel, const struct attempt *attempt);
void json_post_close(struct channel *channel);

/* A provider's codes and what they mean. */
struct json_post_code {
    const char *code;
    enum outcome outcome;
    uint16_t reason;         /* 0: the answer's status */
    uint32_t retry_after_ms; /* if the provider does not say */
};

/* Writes the row's meaning to the result; a Retry-After of the answer stays. */
void json_post_apply(const struct json_post_code *code, const struct http_answer *answer,
                     struct attempt_result *result);
/* An answer that came whole and is not what the provider's documents promise: nobody knows whether
 * the message was taken. If it did not come whole: what its failure means. */
void json_post_unreadable(const struct http_answer *answer, struct attempt_result *result);

#endif
