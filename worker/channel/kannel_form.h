/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kannel_form: how a request to Kannel's sendsms is written: by POST, the text as the body and all
 * else in X-Kannel- headers, or by GET, all of it in the query.
 */
#ifndef TOCSIN_CHANNEL_KANNEL_FORM_H
#define TOCSIN_CHANNEL_KANNEL_FORM_H

#include "net/http_client.h"
#include "worker/channel/kannel_batch.h"

enum kannel_method { KANNEL_POST, KANNEL_GET };

struct kannel_form {
    enum kannel_method method;
    uint32_t dlr_mask;
    struct buf fixed; /* of a GET: the URL with what is the same for all */
    char **headers;   /* of a POST: the same, "Name: value"; NULL-terminated */
    uint32_t header_count;
    struct buf line;
};

/* The form is zeroed. */
void kannel_form_init(struct kannel_form *form, enum kannel_method method, const char *url,
                      uint32_t dlr_mask);
void kannel_form_release(struct kannel_form *form);
/* What is the same for all requests; the header's name is without "X-Kannel-". NULL is passed
 * over. The value has no control characters. */
void kannel_form_add(struct kannel_form *form, const char *parameter, const char *header,
                     const char *value);
void kannel_form_add_number(struct kannel_form *form, const char *parameter, const char *header,
                            uint32_t value);
void kannel_form_fill(struct kannel_form *form, const struct kannel_batch *batch,
                      struct http_request *request);

#endif
