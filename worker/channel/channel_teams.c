/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Microsoft Teams through a Workflows webhook ("when a Teams webhook request is received"): a card
 * posted to a URL that is a secret, as its signature stands in it. docs/channels/teams.md describes
 * the settings.
 */
#include <stdio.h>
#include <string.h>

#include "worker/channel/channel_adapters.h"
#include "worker/channel/json_post.h"

#define WHERE_MAX_BYTES 96
#define BODY_MAX_BYTES  28672 /* Teams: 28 KB */

struct teams_settings {
    const char *url;
    json_t *secrets;
    json_t *card;
    struct http_link link;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct teams_settings, member)

static const struct channel_key teams_keys[] = {
    {KEY("url", TEXT, url)},
    {KEY("secrets", OBJECT, secrets)},
    {KEY("card", OBJECT, card)},
    HTTP_LINK_KEYS(offsetof(struct teams_settings, link)),
    HTTP_LINK_TRACE_KEY(offsetof(struct teams_settings, link)),
};

static const struct teams_settings teams_defaults = {
    .link = {.connections = 4,
             .connect_timeout_ms = 5000,
             .timeout_ms = 30000,
             .traceparent = true},
};

/* The workflow itself is not there, not switched on, or wants another signature. */
static const char *const flow_codes[] = {"WorkflowNotFound", "WorkflowTriggerNotFound",
                                         "WorkflowTriggerIsNotEnabled", "AuthorizationFailed",
                                         "DirectApiAuthorizationRequired"};

/* The status decides (http_rules); a refusal may be about the workflow and not about the card. */
static void teams_judge(struct http_reading *reading, struct attempt_result *result,
                        struct buf *scratch)
{
    (void)scratch;
    if (reading->answer->status / 100 != 4) {
        return;
    }
    const json_t *error = json_object_get(http_reading_json(reading), "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    for (size_t i = 0; code != NULL && i < sizeof(flow_codes) / sizeof(flow_codes[0]); i++) {
        if (strcmp(code, flow_codes[i]) == 0) {
            result->outcome = OUTCOME_MISCONFIGURED;
        }
    }
}

/* --- open --- */

static json_t *default_card(void)
{
    return json_pack("{s:s, s:s, s:s, s:[{s:s, s:s, s:b}]}", "$schema",
                     "http://adaptivecards.io/schemas/adaptive-card.json", "type", "AdaptiveCard",
                     "version", "1.4", "body", "type", "TextBlock", "text", "{{text}}", "wrap", 1);
}

static json_t *teams_body(json_t *card)
{
    json_t *content = card == NULL ? default_card() : json_incref(card);
    return json_pack("{s:s, s:[{s:s, s:n, s:o}]}", "type", "message", "attachments", "contentType",
                     "application/vnd.microsoft.card.adaptive", "contentUrl", "content", content);
}

/* A workflow takes anything with 202, and fails at what is no card later, where nobody sees it. */
static enum err teams_check_card(const json_t *card, const char *where, struct problem *problem)
{
    const char *type = json_string_value(json_object_get(card, "type"));
    const json_t *body = json_object_get(card, "body");
    if (card == NULL ||
        (type != NULL && strcmp(type, "AdaptiveCard") == 0 &&
         json_is_string(json_object_get(card, "version")) && json_array_size(body) > 0)) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "%s: card must be an adaptive card: {type: AdaptiveCard, version: \"1.4\", "
                       "body: [...]}",
                       where);
}

static enum err teams_open(struct channel **out, const struct channel_context *context,
                           const struct wire_provider *provider, json_t *settings,
                           struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct teams_settings read = teams_defaults;
    enum err err = channel_settings_read(
        settings, where, teams_keys, sizeof(teams_keys) / sizeof(teams_keys[0]), &read, problem);
    if (err == ERR_OK && read.url == NULL) {
        err = problem_set(problem, ERR_INVALID,
                          "%s: url is missing: \"{{secret.workflow}}\", and secrets: {workflow: "
                          "file:/path} beside it, as the workflow's address is a secret",
                          where);
    }
    if (err != ERR_OK) {
        return err;
    }
    err = teams_check_card(read.card, where, problem);
    if (err != ERR_OK) {
        return err;
    }
    json_t *body = teams_body(read.card);
    const struct json_post_setup setup = {
        .adapter = &channel_teams_adapter,
        .judge = teams_judge,
        .url = read.url,
        .secrets = read.secrets,
        .bodies = &body,
        .body_count = 1,
        .body_max_bytes = BODY_MAX_BYTES,
        .link = read.link,
    };
    err = json_post_open(out, context, &setup, where, problem);
    json_decref(body);
    return err;
}

const struct channel_adapter channel_teams_adapter = {
    .name = "teams",
    .open = teams_open,
    .concurrency = json_post_concurrency,
    .start = json_post_start,
    .close = json_post_close,
};
