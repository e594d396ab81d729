/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twilio_client: what the adapters for Twilio have in common: the account's settings, forms that
 * are posted to one of its resources, results.
 */
#ifndef TOCSIN_CHANNEL_TWILIO_CLIENT_H
#define TOCSIN_CHANNEL_TWILIO_CLIENT_H

#include "worker/channel/channel.h"
#include "worker/channel/http_link.h"

struct twilio_settings {
    const char *url;
    const char *account;
    const char *api_key;
    const char *api_secret;
    const char *auth_token; /* also the coordinator's, for signatures */
    const char *from;
    bool receipts;
    struct http_link link;
};

#define TWILIO_KEY(type_, key, kind, member)                                                       \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(type_, account.member)
/* Rows for a struct that has them as its member `account`. */
#define TWILIO_KEYS(type_)                                                                         \
    {TWILIO_KEY(type_, "url", TEXT, url)}, {TWILIO_KEY(type_, "account", TEXT, account)},          \
        {TWILIO_KEY(type_, "api_key", TEXT, api_key)},                                             \
        {TWILIO_KEY(type_, "api_secret", TEXT, api_secret)},                                       \
        {TWILIO_KEY(type_, "auth_token", TEXT, auth_token)},                                       \
        {TWILIO_KEY(type_, "from", TEXT, from)}, {TWILIO_KEY(type_, "receipts", FLAG, receipts)},  \
        HTTP_LINK_KEYS(offsetof(type_, account.link)),                                             \
        HTTP_LINK_TRACE_KEY(offsetof(type_, account.link))

#define TWILIO_DEFAULTS                                                                            \
    {                                                                                              \
        .url = "https://api.twilio.com", .receipts = true, .link = { HTTP_LINK_DEFAULTS }          \
    }

struct twilio_client;

/* For forms to Accounts/{account}/{resource}. Results go to the context. ERR_INVALID,
 * ERR_NOT_FOUND. */
enum err twilio_client_new(struct twilio_client **out, const struct channel_context *context,
                           const struct twilio_settings *settings, const char *resource,
                           const char *where, struct problem *problem) WARN_UNUSED;
/* As channel_adapter.close. */
void twilio_client_close(struct twilio_client *client); /* NULL is fine */
uint32_t twilio_client_connections(const struct twilio_client *client);

/* One form at a time: begun, filled, sent. */
void twilio_client_begin(struct twilio_client *client);
void twilio_client_add(struct twilio_client *client, const char *name, struct slice value);
void twilio_client_add_number(struct twilio_client *client, const char *name, uint32_t value);
void twilio_client_send(struct twilio_client *client, const struct attempt *attempt);
/* Tells the result of an attempt that is not sent. */
void twilio_client_reject(struct twilio_client *client, uint32_t attempt, enum reason reason);

#endif
