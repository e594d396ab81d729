/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMS through Twilio's Messages resource, one request for each recipient: it has no bulk form.
 * docs/channels/twilio.md describes the settings.
 */
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/sms_text.h"
#include "worker/channel/callback_url.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/twilio_client.h"

#define WHERE_MAX_BYTES 96
#define BODY_MAX_UNITS  1600 /* error 21617 */
#define VALIDITY_MAX_MS (36000 * 1000)

struct channel_twilio {
    struct channel channel;
    struct twilio_client *client;
    char *provider;
    char *from;              /* NULL: the messaging service chooses */
    char *messaging_service; /* NULL: from is given */
    uint32_t validity_s;     /* 0: Twilio's */
    bool has_receipts;
    struct sms_rule sms_rule;
    struct buf plain;
    struct buf callback;
};

struct message_settings {
    struct twilio_settings account;
    const char *messaging_service;
    uint32_t validity_ms;
    bool transliterate;
    uint32_t max_parts;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct message_settings, member)

static const struct channel_key message_keys[] = {
    TWILIO_KEYS(struct message_settings),
    {KEY("messaging_service", TEXT, messaging_service)},
    {KEY("validity", DURATION, validity_ms), .min = 1000, .max = VALIDITY_MAX_MS},
    {KEY("transliterate", FLAG, transliterate)},
    {KEY("max_parts", COUNT, max_parts), .min = 1, .max = 24},
};

static const struct message_settings message_defaults = {
    .account = TWILIO_DEFAULTS,
    .max_parts = SMS_RULE_MAX_PARTS,
};

static void add_callback(struct channel_twilio *twilio, const struct attempt *attempt)
{
    if (twilio->has_receipts && attempt->public_url.len > 0) {
        buf_clear(&twilio->callback);
        callback_url_put(&twilio->callback, attempt->public_url, CALLBACK_RECEIPT, twilio->provider,
                         attempt->token);
        twilio_client_add(twilio->client, "StatusCallback", buf_view(&twilio->callback));
    }
}

static void twilio_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_twilio *twilio = (struct channel_twilio *)channel;
    struct sms_size size;
    struct slice text = sms_text(attempt->text, &twilio->sms_rule, &twilio->plain, &size);
    if (sms_text_is_too_long(&size, &twilio->sms_rule)) {
        twilio_client_reject(twilio->client, attempt->id, REASON_TOO_MANY_PARTS);
        return;
    }
    if (size.units > BODY_MAX_UNITS) {
        twilio_client_reject(twilio->client, attempt->id, REASON_MESSAGE_TOO_LARGE);
        return;
    }
    twilio_client_begin(twilio->client);
    twilio_client_add(twilio->client, "To", attempt->endpoint);
    if (twilio->messaging_service != NULL) {
        twilio_client_add(twilio->client, "MessagingServiceSid",
                          slice_str(twilio->messaging_service));
    }
    if (twilio->from != NULL) {
        twilio_client_add(twilio->client, "From", slice_str(twilio->from));
    }
    twilio_client_add(twilio->client, "Body", text);
    add_callback(twilio, attempt);
    if (twilio->validity_s > 0) {
        twilio_client_add_number(twilio->client, "ValidityPeriod", twilio->validity_s);
    }
    twilio_client_send(twilio->client, attempt);
}

static uint32_t twilio_concurrency(const struct channel *channel)
{
    return twilio_client_connections(((const struct channel_twilio *)channel)->client);
}

static void twilio_close(struct channel *channel)
{
    struct channel_twilio *twilio = (struct channel_twilio *)channel;
    twilio_client_close(twilio->client);
    buf_release(&twilio->plain);
    buf_release(&twilio->callback);
    mem_free(twilio->provider);
    mem_free(twilio->from);
    mem_free(twilio->messaging_service);
    mem_free(twilio);
}

static enum err twilio_open(struct channel **out, const struct channel_context *context,
                            const struct wire_provider *provider, json_t *settings,
                            struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct message_settings read = message_defaults;
    struct twilio_client *client = NULL;
    enum err err =
        channel_settings_read(settings, where, message_keys,
                              sizeof(message_keys) / sizeof(message_keys[0]), &read, problem);
    if (err == ERR_OK && read.account.from == NULL && read.messaging_service == NULL) {
        err = problem_set(problem, ERR_INVALID,
                          "%s: from is missing, a number or name of the account's, or "
                          "messaging_service, MG and 32 digits",
                          where);
    }
    if (err == ERR_OK) {
        err = twilio_client_new(&client, context, &read.account, "Messages.json", where, problem);
    }
    if (err != ERR_OK) {
        return err;
    }
    struct channel_twilio *twilio = mem_zalloc(1, sizeof(*twilio));
    twilio->channel.adapter = &channel_twilio_adapter;
    twilio->client = client;
    twilio->provider = mem_copy_str(provider->name);
    twilio->from = mem_copy_str(read.account.from);
    twilio->messaging_service = mem_copy_str(read.messaging_service);
    twilio->validity_s = (read.validity_ms + 999) / 1000;
    twilio->has_receipts = read.account.receipts;
    twilio->sms_rule = (struct sms_rule){read.transliterate, read.max_parts};
    *out = &twilio->channel;
    return ERR_OK;
}

const struct channel_adapter channel_twilio_adapter = {
    .name = "twilio",
    .open = twilio_open,
    .concurrency = twilio_concurrency,
    .start = twilio_start,
    .close = twilio_close,
};
