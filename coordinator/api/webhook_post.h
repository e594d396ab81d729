/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhook_post: requests by Standard Webhooks 1.0, as whoever sends them shares: one client's
 * settings, the signed headers, and what an answer means for the next try.
 */
#ifndef TOCSIN_API_WEBHOOK_POST_H
#define TOCSIN_API_WEBHOOK_POST_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/slice.h"
#include "common/webhook_sign.h"
#include "net/address_guard.h"
#include "net/http_client.h"

/* Borrowed but for the guard, which outlives the client. */
struct webhook_client_terms {
    uv_loop_t *loop;
    http_client_answer_fn on_answer;
    void *arg;
    unsigned at_once;
    uint32_t timeout_ms;
    const char *url; /* NULL: each request has its own */
    const char *ca_file;
    bool allow_http;
    const struct address_guard *guard;
};
struct http_client *webhook_client_new(const struct webhook_client_terms *terms);

/* Puts webhook-id, webhook-timestamp and webhook-signature over the request's body, which is
 * written. The scratch is cleared. */
void webhook_post_sign(struct http_request *request, const struct webhook_key *keys, unsigned count,
                       struct slice id, uint64_t now_s, struct buf *scratch);

/* The receiver is there, and refuses this one alone: no reason to spare it the others. */
bool webhook_refuses_one(uint16_t status);
/* No repetition mends that: it is of this request, not of who sends it, or when. */
bool webhook_refuses_for_good(uint16_t status);
/* How long the receiver asked to be left alone, an hour at most. */
uint32_t webhook_asked_ms(const struct http_answer *answer);

#endif
