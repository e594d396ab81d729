/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/channel.h"

#include <stdio.h>

#include "common/text.h"
#include "proto/adapter.h"
#include "worker/channel/channel_adapters.h"

static const struct channel_adapter *const adapters[] = {
    &channel_null_adapter,         &channel_http_adapter,    &channel_smtp_adapter,
    &channel_sendgrid_adapter,     &channel_kannel_adapter,  &channel_twilio_adapter,
    &channel_twilio_voice_adapter, &channel_webhook_adapter, &channel_whatsapp_adapter,
    &channel_slack_adapter,        &channel_teams_adapter,   &channel_ses_adapter,
    &channel_fcm_adapter,          &channel_apns_adapter,    &channel_webpush_adapter,
    &channel_push_adapter,
};

#define ADAPTERS (sizeof(adapters) / sizeof(adapters[0]))

static const struct channel_adapter *adapter_find(const struct wire_provider *provider,
                                                  struct problem *problem)
{
    const char *name = provider->adapter;
    for (size_t i = 0; i < ADAPTERS; i++) {
        if (strcmp(adapters[i]->name, name) == 0) {
            return adapters[i];
        }
    }
    const char *nearest = text_nearest(name, adapter_names());
    (void)problem_set(problem, ERR_NOT_FOUND,
                      "provider \"%.64s\": there is no adapter \"%.64s\"%s%s%s", provider->name,
                      name, nearest == NULL ? "" : "; did you mean \"",
                      nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
    return NULL;
}

static json_t *settings_parse(const struct wire_provider *provider, struct problem *problem)
{
    const char *text = provider->settings;
    if (text == NULL || *text == '\0') {
        return json_object();
    }
    json_error_t error;
    json_t *settings = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(settings)) {
        (void)problem_set(problem, ERR_INVALID,
                          "provider \"%s\": the settings are no JSON object: %s", provider->name,
                          settings == NULL ? error.text : "something else stands there");
        json_decref(settings);
        return NULL;
    }
    return settings;
}

enum err channel_open(struct channel **out, const struct channel_context *context,
                      const struct wire_provider *provider, struct problem *problem)
{
    *out = NULL;
    const struct channel_adapter *adapter = adapter_find(provider, problem);
    if (adapter == NULL) {
        return ERR_NOT_FOUND;
    }
    json_t *settings = settings_parse(provider, problem);
    if (settings == NULL) {
        return ERR_INVALID;
    }
    enum err err = adapter->open(out, context, provider, settings, problem);
    json_decref(settings);
    return err;
}
