/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_message: how a provider's requests are written: URL, headers and body as the settings
 * describe them, filled for each attempt. What does not depend on the attempt is filled once.
 *
 * Values are escaped for where they stand: in a URL and a form percent-encoded, in JSON as the
 * inside of a string, in a header control characters become blanks. Scheme and host of the URL
 * cannot come from a recipient.
 */
#ifndef TOCSIN_CHANNEL_HTTP_MESSAGE_H
#define TOCSIN_CHANNEL_HTTP_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/err.h"
#include "net/http_client.h"
#include "worker/channel/channel_fields.h"

struct http_message;

enum http_format { HTTP_FORMAT_JSON, HTTP_FORMAT_FORM, HTTP_FORMAT_QUERY, HTTP_FORMAT_RAW };

struct http_message_settings {
    const char *url;
    enum http_format format;
    json_t *headers; /* map of names to templates, or NULL */
    json_t *body;    /* text; a map for form and query; anything for json; NULL: none */
};

/* The fields must outlive the message. */
enum err http_message_new(struct http_message **out, struct channel_fields *fields,
                          const struct http_message_settings *settings, const char *where,
                          struct problem *problem) WARN_UNUSED;
void http_message_free(struct http_message *message);

/* The URL of all requests, or NULL if it differs. */
const char *http_message_url(const struct http_message *message);
/* "Name: value" of all requests; NULL-terminated. */
const char *const *http_message_headers(const struct http_message *message);
bool http_message_has_body(const struct http_message *message);
/* Writes what differs. False if the recipient lacks a variable. */
bool http_message_fill(const struct http_message *message, const struct attempt *attempt,
                       struct http_request *request);

#endif
