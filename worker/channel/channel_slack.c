/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slack's chat.postMessage. A failure has status 200 and {"ok": false, "error": "..."}, so the
 * error's name decides. docs/channels/slack.md describes the settings.
 */
#include <stdio.h>
#include <string.h>

#include "worker/channel/channel_adapters.h"
#include "worker/channel/json_post.h"

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
};

static const struct slack_settings slack_defaults = {
    .url = "https://slack.com/api/chat.postMessage",
    .channel = "{{to}}",
    .text = "{{text}}",
    .escape = true,
    .link = {HTTP_LINK_DEFAULTS},
};

/* --- answers --- */

#define ENDPOINT(code)                                                                             \
    {                                                                                              \
        code, OUTCOME_REJECTED, REASON_ENDPOINT_REFUSED, 0                                         \
    }
#define MESSAGE(code)                                                                              \
    {                                                                                              \
        code, OUTCOME_REJECTED, REASON_MESSAGE_REFUSED, 0                                          \
    }
#define LOGIN(code)                                                                                \
    {                                                                                              \
        code, OUTCOME_MISCONFIGURED, REASON_AUTHENTICATION_FAILED, 0                               \
    }
#define SETTINGS(code)                                                                             \
    {                                                                                              \
        code, OUTCOME_MISCONFIGURED, REASON_SETTINGS_REFUSED, 0                                    \
    }

/* The method's documentation. Of internal_error and fatal_error it says that some of the operation
 * may have succeeded. An error of another name is deferred: it was not taken, and nobody knows whom
 * it is about. */
static const struct json_post_code slack_codes[] = {
    {"ratelimited", OUTCOME_THROTTLED, 429, 0},
    {"rate_limited", OUTCOME_THROTTLED, 429, 0},
    {"message_limit_exceeded", OUTCOME_THROTTLED, 429, 0},
    {"service_unavailable", OUTCOME_DEFERRED, 503, 0},
    {"request_timeout", OUTCOME_DEFERRED, REASON_PROVIDER_TROUBLE, 0},
    {"team_added_to_org", OUTCOME_DEFERRED, REASON_PROVIDER_TROUBLE, 0},
    {"internal_error", OUTCOME_UNCERTAIN, REASON_PROVIDER_TROUBLE, 0},
    {"fatal_error", OUTCOME_UNCERTAIN, REASON_PROVIDER_TROUBLE, 0},
    ENDPOINT("channel_not_found"),
    ENDPOINT("user_not_found"),
    ENDPOINT("user_is_bot"),
    ENDPOINT("cannot_dm_bot"),
    ENDPOINT("channel_type_not_supported"),
    ENDPOINT("is_archived"),
    ENDPOINT("not_in_channel"),
    ENDPOINT("restricted_action"),
    ENDPOINT("restricted_action_read_only_channel"),
    ENDPOINT("restricted_action_thread_only_channel"),
    ENDPOINT("restricted_action_non_threadable_channel"),
    {"msg_too_long", OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE, 0},
    {"msg_blocks_too_long", OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE, 0},
    MESSAGE("no_text"),
    MESSAGE("invalid_blocks"),
    MESSAGE("too_many_attachments"),
    MESSAGE("markdown_text_conflict"),
    MESSAGE("slack_connect_blocked_file_type"),
    LOGIN("invalid_auth"),
    LOGIN("not_authed"),
    LOGIN("token_revoked"),
    LOGIN("token_expired"),
    LOGIN("account_inactive"),
    LOGIN("access_denied"),
    LOGIN("accesslimited"),
    LOGIN("missing_scope"),
    LOGIN("no_permission"),
    LOGIN("not_allowed_token_type"),
    LOGIN("org_login_required"),
    LOGIN("ekm_access_denied"),
    LOGIN("enterprise_is_restricted"),
    LOGIN("team_access_not_granted"),
    LOGIN("two_factor_setup_required"),
    SETTINGS("as_user_not_supported"),
    SETTINGS("deprecated_endpoint"),
    SETTINGS("method_deprecated"),
    SETTINGS("invalid_arg_name"),
    SETTINGS("invalid_arguments"),
    SETTINGS("invalid_array_arg"),
    SETTINGS("invalid_blocks_format"),
    SETTINGS("invalid_charset"),
    SETTINGS("invalid_form_data"),
    SETTINGS("invalid_post_type"),
    SETTINGS("missing_post_type"),
    SETTINGS("invalid_metadata_format"),
    SETTINGS("invalid_metadata_schema"),
    SETTINGS("metadata_too_large"),
    SETTINGS("metadata_must_be_sent_from_app"),
};

static const struct json_post_code slack_unknown = {"", OUTCOME_DEFERRED, REASON_PROVIDER_TROUBLE,
                                                    0};

static const struct json_post_code *find_code(const char *error)
{
    for (size_t i = 0; i < sizeof(slack_codes) / sizeof(slack_codes[0]); i++) {
        if (strcmp(slack_codes[i].code, error) == 0) {
            return &slack_codes[i];
        }
    }
    return &slack_unknown;
}

static void slack_judge(struct http_reading *reading, struct attempt_result *result,
                        struct buf *scratch)
{
    const struct http_answer *answer = reading->answer;
    const json_t *document = http_reading_json(reading);
    const json_t *ok = json_object_get(document, "ok");
    const char *error = json_string_value(json_object_get(document, "error"));
    const char *ts = json_string_value(json_object_get(document, "ts"));
    const char *channel = json_string_value(json_object_get(document, "channel"));
    if (json_is_false(ok) && error != NULL) {
        json_post_apply(find_code(error), answer, result);
    } else if (answer->status / 100 == 2 && json_is_true(ok)) {
        if (ts != NULL && channel != NULL) {
            buf_printf(scratch, "%s:%s", channel, ts);
            result->ref = buf_view(scratch);
        }
    } else if (answer->status / 100 == 2) {
        json_post_unreadable(answer, result);
    }
}

/* --- open --- */

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
        .judge = slack_judge,
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
