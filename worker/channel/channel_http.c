/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for any gateway that takes a message by one HTTP request, described in settings: how
 * the request is written (http_message), what the answer means (http_rules) and where in it the
 * provider's id stands (http_ref). The settings are documented in docs/channels.md.
 */
#include <stdio.h>
#include <strings.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/sms_text.h"
#include "net/http_client.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/channel_fields.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/http_link.h"
#include "worker/channel/http_message.h"
#include "worker/channel/http_rules.h"

#define WHERE_MAX_BYTES 96

struct channel_http {
    struct channel channel;
    struct channel_context context;
    uint32_t connections;
    bool is_traced;
    struct sms_rule sms_rule; /* of channel sms */
    struct buf plain;
    struct channel_fields *fields;
    struct http_message *message;
    struct http_rules *rules;
    struct http_ref *ref; /* NULL: the provider gives no id */
    struct http_client *client;
};

struct http_settings {
    const char *url;
    const char *method;
    unsigned format;
    json_t *headers;
    json_t *body;
    json_t *secrets;
    const char *user;
    const char *password;
    json_t *rules;
    json_t *ref;
    bool transliterate;
    uint32_t max_parts;
    struct http_link link;
};

static const char *const formats[] = {
    [HTTP_FORMAT_JSON] = "json", [HTTP_FORMAT_FORM] = "form",  [HTTP_FORMAT_QUERY] = "query",
    [HTTP_FORMAT_RAW] = "raw",   [HTTP_FORMAT_RAW + 1] = NULL,
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct http_settings, member)

static const struct channel_key http_keys[] = {
    {KEY("url", TEXT, url)},
    {KEY("method", TEXT, method)},
    {KEY("format", CHOICE, format), .choices = formats},
    {KEY("headers", OBJECT, headers)},
    {KEY("body", ANY, body)},
    {KEY("secrets", OBJECT, secrets)},
    {KEY("user", TEXT, user)},
    {KEY("password", TEXT, password)},
    {KEY("rules", LIST, rules)},
    {KEY("ref", OBJECT, ref)},
    {KEY("transliterate", FLAG, transliterate)},
    {KEY("max_parts", COUNT, max_parts), .min = 1, .max = 255},
    HTTP_LINK_KEYS(offsetof(struct http_settings, link)),
    HTTP_LINK_TRACE_KEY(offsetof(struct http_settings, link)),
};

static const struct http_settings http_defaults = {
    .format = HTTP_FORMAT_JSON,
    .link = {HTTP_LINK_DEFAULTS},
};

static void http_on_answer(void *arg, const struct http_answer *answer)
{
    struct channel_http *http = arg;
    struct http_reading reading;
    http_reading_init(&reading, answer);
    struct http_verdict verdict = http_rules_judge(http->rules, &reading);
    struct attempt_result result = {
        .outcome = verdict.outcome,
        .reason = verdict.reason,
        .retry_after_ms = verdict.retry_after_ms,
    };
    if (http->ref != NULL && verdict.outcome == OUTCOME_ACCEPTED) {
        result.ref = http_ref_find(http->ref, &reading);
    }
    http->context.result(http->context.arg, answer->tag, &result);
    http_reading_release(&reading);
}

static void http_reject(struct channel_http *http, uint32_t attempt, enum reason reason)
{
    struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
    http->context.result(http->context.arg, attempt, &result);
}

static void http_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_http *http = (struct channel_http *)channel;
    struct attempt sent = *attempt;
    struct sms_size size = {0};
    if (http->sms_rule.transliterate || http->sms_rule.max_parts > 0) {
        sent.text = sms_text(attempt->text, &http->sms_rule, &http->plain, &size);
    }
    if (sms_text_is_too_long(&size, &http->sms_rule)) {
        http_reject(http, attempt->id, REASON_TOO_MANY_PARTS);
        return;
    }
    struct http_request *request = http_client_take(http->client);
    if (http_message_fill(http->message, &sent, request)) {
        http_link_put_trace(http->is_traced, attempt, request);
        http_request_send(request, attempt->id);
        return;
    }
    http_request_drop(request);
    http_reject(http, attempt->id, REASON_VARIABLE_MISSING);
}

static uint32_t http_concurrency(const struct channel *channel)
{
    return ((const struct channel_http *)channel)->connections;
}

static void http_free(struct channel_http *http)
{
    http_message_free(http->message);
    http_rules_free(http->rules);
    http_ref_free(http->ref);
    channel_fields_free(http->fields);
    buf_release(&http->plain);
    mem_free(http);
}

static void http_close(struct channel *channel)
{
    struct channel_http *http = (struct channel_http *)channel;
    http_client_close(http->client);
    http_free(http);
}

static enum err http_open_parts(struct channel_http *http, const struct http_settings *read,
                                const char *where, struct problem *problem)
{
    enum err err = channel_fields_new(&http->fields, read->secrets, where, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct http_message_settings message = {read->url, (enum http_format)read->format,
                                            read->headers, read->body};
    err = http_message_new(&http->message, http->fields, &message, where, problem);
    if (err != ERR_OK) {
        return err;
    }
    err = http_rules_new(&http->rules, read->rules, http_message_url(http->message) != NULL, where,
                         problem);
    if (err != ERR_OK || read->ref == NULL) {
        return err;
    }
    char inner[WHERE_MAX_BYTES + 8];
    (void)snprintf(inner, sizeof(inner), "%s, ref", where);
    return http_ref_new(&http->ref, read->ref, inner, problem);
}

/* A header of that name in the settings goes before ours. */
static bool has_own_trace(json_t *headers)
{
    const char *name;
    json_t *value;
    json_object_foreach(headers, name, value)
    {
        if (strcasecmp(name, "traceparent") == 0) {
            return true;
        }
    }
    return false;
}

static enum err http_open_client(struct channel_http *http, const struct http_settings *read,
                                 const char *where, struct problem *problem)
{
    struct buf password = {0};
    enum err err = channel_settings_secret(read->password, where, "password", &password, problem);
    if (err != ERR_OK) {
        secret_release(&password);
        return err;
    }
    bool has_body = http_message_has_body(http->message);
    struct http_client_settings settings = {
        .loop = http->context.loop,
        .tally = http->context.tally,
        .on_answer = http_on_answer,
        .arg = http,
        .method = read->method != NULL ? read->method
                  : has_body           ? "POST"
                                       : "GET",
        .has_body = has_body,
        .url = http_message_url(http->message),
        .headers = http_message_headers(http->message),
        .answer_header = http_ref_header(http->ref),
        .user = read->user,
        .password = read->user == NULL ? NULL : buf_cstr(&password),
    };
    http_link_put(&read->link, &settings);
    http->client = http_client_new(&settings);
    http->connections = read->link.connections;
    http->is_traced = read->link.traceparent && !has_own_trace(read->headers);
    secret_release(&password);
    return ERR_OK;
}

static enum err http_check(const struct http_settings *read, enum channel_kind channel,
                           const char *where, struct problem *problem)
{
    if (channel != CHANNEL_SMS && (read->transliterate || read->max_parts > 0)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: transliterate and max_parts are for channel sms, not for %s", where,
                           channel_kind_name(channel));
    }
    if (read->url == NULL) {
        return problem_set(problem, ERR_INVALID, "%s: url is missing", where);
    }
    if (read->password != NULL && read->user == NULL) {
        return problem_set(problem, ERR_INVALID, "%s: user is missing beside password", where);
    }
    return http_link_check(&read->link, where, problem);
}

static enum err http_open(struct channel **out, const struct channel_context *context,
                          const struct wire_provider *provider, json_t *settings,
                          struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct http_settings read = http_defaults;
    struct channel_http *http = mem_zalloc(1, sizeof(*http));
    http->channel.adapter = &channel_http_adapter;
    http->context = *context;
    enum err err = channel_settings_read(settings, where, http_keys,
                                         sizeof(http_keys) / sizeof(http_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = http_check(&read, provider->channel, where, problem);
        http->sms_rule = (struct sms_rule){read.transliterate, read.max_parts};
    }
    if (err == ERR_OK) {
        err = http_open_parts(http, &read, where, problem);
    }
    if (err == ERR_OK) {
        err = http_open_client(http, &read, where, problem);
    }
    if (err != ERR_OK) {
        http_free(http);
        return err;
    }
    *out = &http->channel;
    return ERR_OK;
}

const struct channel_adapter channel_http_adapter = {
    .name = "http",
    .open = http_open,
    .concurrency = http_concurrency,
    .start = http_start,
    .close = http_close,
};
