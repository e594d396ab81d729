/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slack's chat.postMessage: docs/channels/slack.md describes the settings, slack_answer what is
 * read of answers.
 */
#include <stdio.h>

#include "worker/channel/channel_adapters.h"
#include "worker/channel/json_post.h"
#include "worker/channel/slack_answer.h"

#define WHERE_MAX_BYTES 96

struct slack_settings {
    const char *url;
    const char *token;
    const char *signing_secret; /* the coordinator's */
    const char *channel;
    const char *text;
    json_t *blocks;
    const char *button;
    json_t *options;
    bool escape;
    struct http_link link;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct slack_settings, member)

static const struct channel_key slack_keys[] = {
    {KEY("url", TEXT, url)},
    {KEY("token", TEXT, token)},
    {KEY("signing_secret", TEXT, signing_secret)},
    {KEY("channel", TEXT, channel)},
    {KEY("text", TEXT, text)},
    {KEY("blocks", LIST, blocks)},
    {KEY("button", TEXT, button)},
    {KEY("options", OBJECT, options)},
    {KEY("escape", FLAG, escape)},
    HTTP_LINK_KEYS(offsetof(struct slack_settings, link)),
    HTTP_LINK_TRACE_KEY(offsetof(struct slack_settings, link)),
};

static const struct slack_settings slack_defaults = {
    .url = "https://slack.com/api/chat.postMessage",
    .channel = "{{to}}",
    .text = "{{text}}",
    .escape = true,
    .link = {HTTP_LINK_DEFAULTS},
};

/* --- messages --- */

/* Of an acknowledgement: the coordinator knows the action by its id (inbound_slack). */
static json_t *button_block(const char *label)
{
    return json_pack("{s:s, s:[{s:s, s:s, s:s, s:{s:s, s:s}}]}", "type", "actions", "elements",
                     "type", "button", "action_id", "acknowledge", "value", "{{token}}", "text",
                     "type", "plain_text", "text", label);
}

/* Beside blocks Slack shows the text in notifications alone, so that a button needs it as one. */
static json_t *slack_blocks(const struct slack_settings *read)
{
    json_t *blocks = read->blocks != NULL ? json_copy(read->blocks)
                                          : json_pack("[{s:s, s:{s:s, s:s}}]", "type", "section",
                                                      "text", "type", "mrkdwn", "text", read->text);
    (void)json_array_append_new(blocks, button_block(read->button));
    return blocks;
}

static json_t *slack_body(const struct slack_settings *read)
{
    json_t *body = json_pack("{s:s, s:s, s:{s:s, s:{s:s, s:s}}}", "channel", read->channel, "text",
                             read->text, "metadata", "event_type", "tocsin_message",
                             "event_payload", "token", "{{token}}", "reference", "{{reference}}");
    if (read->button != NULL) {
        (void)json_object_set_new(body, "blocks", slack_blocks(read));
    } else if (read->blocks != NULL) {
        (void)json_object_set(body, "blocks", read->blocks);
    }
    if (read->options != NULL) {
        (void)json_object_update(body, read->options);
    }
    return body;
}

static enum err slack_open(struct channel **out, const struct channel_context *context,
                           const struct wire_provider *provider, json_t *settings,
                           struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct slack_settings read = slack_defaults;
    enum err err = channel_settings_read(
        settings, where, slack_keys, sizeof(slack_keys) / sizeof(slack_keys[0]), &read, problem);
    if (err == ERR_OK && read.token == NULL) {
        err = problem_set(problem, ERR_INVALID,
                          "%s: token is missing: a reference to the bot's token (xoxb-...)", where);
    }
    if (err != ERR_OK) {
        return err;
    }
    json_t *body = slack_body(&read);
    json_t *secrets = json_pack("{s:s}", "token", read.token);
    json_t *headers = json_pack("{s:s, s:s}", "Authorization", "Bearer {{secret.token}}",
                                "Content-Type", "application/json; charset=utf-8");
    const struct json_post_setup setup = {
        .adapter = &channel_slack_adapter,
        .judge = slack_answer_judge,
        .url = read.url,
        .headers = headers,
        .secrets = secrets,
        .bodies = &body,
        .body_count = 1,
        .escape_markup = read.escape,
        .link = read.link,
    };
    err = json_post_open(out, context, &setup, where, problem);
    json_decref(body);
    json_decref(secrets);
    json_decref(headers);
    return err;
}

const struct channel_adapter channel_slack_adapter = {
    .name = "slack",
    .open = slack_open,
    .concurrency = json_post_concurrency,
    .start = json_post_start,
    .close = json_post_close,
};
