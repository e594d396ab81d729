/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks to customers' own servers, signed by Standard Webhooks 1.0: each endpoint is a URL that
 * a recipient brings. docs/channels/webhook.md describes the settings.
 *
 * Two things are unlike all other channels. The address is somebody else's text, so nothing but
 * HTTPS to public addresses is called unless the settings say so, and no redirect is followed. And
 * there is no provider: what one customer's server does wrong must neither slow the others down nor
 * open the breaker. Hence nothing is ever throttled or misconfigured here, and what goes wrong on
 * the way has reasons of its own (REASON_ENDPOINT_...), which the coordinator holds against nobody
 * else.
 *
 * webhook-id is made of what stays the same however often an attempt is made, so that the receiver
 * can drop what he has; timestamp and signatures are new each time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "common/webhook_sign.h"
#include "net/http_client.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/channel_fields.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/http_link.h"
#include "worker/channel/json_body.h"

#define WHERE_MAX_BYTES 96
#define KEYS_MAX        4
#define NETWORKS_MAX    64
#define TYPE_MAX_BYTES  128
#define URL_MAX_BYTES   2048
#define BODY_MAX_BYTES  20000 /* the standard's advice: receivers have limits */

struct channel_webhook {
    struct channel channel;
    struct channel_context context;
    uint32_t connections;
    bool is_traced;
    struct channel_fields *fields;
    struct template *data;
    char *type;
    bool allow_http;
    struct webhook_key keys[KEYS_MAX]; /* newest first */
    size_t key_count;
    char *key_variable; /* NULL: all recipients have the keys above */
    struct address_network networks[NETWORKS_MAX];
    struct address_guard guard;
    struct buf line; /* a header under construction */
    struct http_client *client;
};

struct webhook_settings {
    json_t *keys;
    const char *key_variable;
    const char *type;
    json_t *data;
    json_t *allow_private;
    bool allow_http;
    struct http_link link;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct webhook_settings, member)

static const struct channel_key webhook_keys[] = {
    {KEY("keys", LIST, keys)},
    {KEY("key_variable", TEXT, key_variable)},
    {KEY("type", TEXT, type)},
    {KEY("data", OBJECT, data)},
    {KEY("allow_private", ANY, allow_private)},
    {KEY("allow_http", FLAG, allow_http)},
    HTTP_LINK_KEYS(offsetof(struct webhook_settings, link)),
    HTTP_LINK_TRACE_KEY(offsetof(struct webhook_settings, link)),
};

static const struct webhook_settings webhook_defaults = {
    .type = "message",
    .link = {.connections = 64,
             .connect_timeout_ms = 5000,
             .timeout_ms = 15000,
             .traceparent = true},
};

/* --- answers --- */

/* An answer's status decides, all of its body or not: nobody looks at it. */
static enum outcome outcome_of_status(uint16_t status)
{
    if (status / 100 == 2) {
        return OUTCOME_ACCEPTED;
    }
    /* 410: the customer wants no more; 413: it will not get smaller; 3xx: his URL is out of date.
     * All else may be mended before the next attempt. */
    bool is_final = status / 100 == 3 || status == 410 || status == 413;
    return is_final ? OUTCOME_REJECTED : OUTCOME_DEFERRED;
}

struct failure_row {
    enum reason from;
    enum outcome outcome;
    enum reason reason;
};

static const struct failure_row failures[] = {
    {REASON_CONNECT_FAILED, OUTCOME_DEFERRED, REASON_ENDPOINT_UNREACHABLE},
    {REASON_RESOLVE_FAILED, OUTCOME_DEFERRED, REASON_ENDPOINT_UNREACHABLE},
    {REASON_TIMED_OUT_BEFORE, OUTCOME_DEFERRED, REASON_ENDPOINT_UNREACHABLE},
    {REASON_TLS_FAILED, OUTCOME_DEFERRED, REASON_ENDPOINT_TLS_FAILED},
    {REASON_TIMED_OUT_AFTER, OUTCOME_UNCERTAIN, REASON_ENDPOINT_SILENT},
    {REASON_CONNECTION_LOST, OUTCOME_UNCERTAIN, REASON_ENDPOINT_SILENT},
};

static void result_of_failure(const struct http_answer *answer, struct attempt_result *result)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].from == answer->reason) {
            result->outcome = failures[i].outcome;
            result->reason = (uint16_t)failures[i].reason;
            return;
        }
    }
    bool is_mangled = answer->reason == REASON_ANSWER_MALFORMED;
    result->outcome = answer->outcome;
    result->reason = (uint16_t)(is_mangled ? REASON_ENDPOINT_SILENT : answer->reason);
}

static void webhook_on_answer(void *arg, const struct http_answer *answer)
{
    const struct channel_webhook *webhook = arg;
    struct attempt_result result = {
        .outcome = outcome_of_status(answer->status),
        .reason = answer->status,
    };
    if (answer->status == 0) {
        result_of_failure(answer, &result);
    }
    if (result.outcome == OUTCOME_DEFERRED) {
        result.retry_after_ms = answer->retry_after_ms;
    }
    webhook->context.result(webhook->context.arg, answer->tag, &result);
}

/* --- requests --- */

static bool begins_with(struct slice text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len > len && strncasecmp((const char *)text.data, prefix, len) == 0;
}

static enum reason check_endpoint(const struct channel_webhook *webhook, struct slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.data[i] <= ' ' || url.data[i] == 0x7f) {
            return REASON_ENDPOINT_UNFIT;
        }
    }
    if (url.len > URL_MAX_BYTES) {
        return REASON_ENDPOINT_UNFIT;
    }
    if (begins_with(url, "https://") || (webhook->allow_http && begins_with(url, "http://"))) {
        return REASON_NONE;
    }
    return begins_with(url, "http://") ? REASON_ADDRESS_REFUSED : REASON_ENDPOINT_UNFIT;
}

/* The recipient's own keys, with blanks between them, or the provider's. 0: none that can be used.
 */
static size_t take_keys(const struct channel_webhook *webhook, const struct attempt *attempt,
                        struct webhook_key keys[KEYS_MAX])
{
    struct slice value = {0};
    bool has_own = webhook->key_variable != NULL && attempt->variable != NULL &&
                   attempt->variable(attempt, slice_str(webhook->key_variable), &value) &&
                   value.len > 0;
    if (!has_own) {
        memcpy(keys, webhook->keys, webhook->key_count * sizeof(keys[0]));
        return webhook->key_count;
    }
    size_t count = 0;
    while (value.len > 0) {
        struct slice word = slice_take_until(&value, ' ');
        if (word.len == 0) {
            continue;
        }
        if (count == KEYS_MAX || !webhook_key_read(word, &keys[count])) {
            return 0;
        }
        count++;
    }
    return count;
}

static enum reason write_body(const struct channel_webhook *webhook, const struct attempt *attempt,
                              uint64_t now_ms, struct buf *body)
{
    buf_str(body, "{\"type\":\"");
    text_json_escape(body, slice_str(webhook->type));
    buf_str(body, "\",\"timestamp\":\"");
    text_time(body, now_ms);
    buf_str(body, "\",\"data\":");
    if (!channel_fields_fill(webhook->fields, webhook->data, attempt, body)) {
        return REASON_VARIABLE_MISSING;
    }
    buf_str(body, "}");
    return body->len > BODY_MAX_BYTES ? REASON_MESSAGE_TOO_LARGE : REASON_NONE;
}

static void write_headers(struct channel_webhook *webhook, const struct attempt *attempt,
                          const struct webhook_key *keys, size_t key_count, uint64_t now_s,
                          struct http_request *request)
{
    struct buf *line = &webhook->line;
    char reference[CHANNEL_REFERENCE_CHARS];
    char id[CHANNEL_REFERENCE_CHARS + 8];
    size_t reference_len = channel_fields_reference(attempt, reference);
    (void)snprintf(id, sizeof(id), "msg_%.*s", (int)reference_len, reference);
    buf_clear(line);
    buf_printf(line, "webhook-id: %s", id);
    http_request_header(request, buf_cstr(line));
    buf_clear(line);
    buf_printf(line, "webhook-timestamp: %" PRIu64, now_s);
    http_request_header(request, buf_cstr(line));
    buf_clear(line);
    buf_str(line, "webhook-signature: ");
    webhook_sign(line, keys, key_count, slice_str(id), now_s, buf_view(http_request_body(request)));
    http_request_header(request, buf_cstr(line));
}

static enum reason write_request(struct channel_webhook *webhook, const struct attempt *attempt,
                                 struct http_request *request)
{
    uint64_t now_ms = clock_unix_ms();
    enum reason reason = check_endpoint(webhook, attempt->endpoint);
    if (reason == REASON_NONE) {
        reason = write_body(webhook, attempt, now_ms, http_request_body(request));
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    struct webhook_key keys[KEYS_MAX] = {0};
    size_t key_count = take_keys(webhook, attempt, keys);
    if (key_count > 0) {
        buf_slice(http_request_url(request), attempt->endpoint);
        write_headers(webhook, attempt, keys, key_count, now_ms / 1000, request);
    }
    for (size_t i = 0; i < KEYS_MAX; i++) {
        webhook_key_release(&keys[i]);
    }
    return key_count > 0 ? REASON_NONE : REASON_VARIABLE_MISSING;
}

static void webhook_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_webhook *webhook = (struct channel_webhook *)channel;
    struct http_request *request = http_client_take(webhook->client);
    enum reason reason = write_request(webhook, attempt, request);
    if (reason == REASON_NONE) {
        http_link_put_trace(webhook->is_traced, attempt, request);
        http_request_send(request, attempt->id);
        return;
    }
    http_request_drop(request);
    const struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
    webhook->context.result(webhook->context.arg, attempt->id, &result);
}

static uint32_t webhook_concurrency(const struct channel *channel)
{
    return ((const struct channel_webhook *)channel)->connections;
}

/* --- open and close --- */

static void webhook_free(struct channel_webhook *webhook)
{
    for (size_t i = 0; i < webhook->key_count; i++) {
        webhook_key_release(&webhook->keys[i]);
    }
    template_free(webhook->data);
    channel_fields_free(webhook->fields);
    buf_release(&webhook->line);
    mem_free(webhook->type);
    mem_free(webhook->key_variable);
    mem_free(webhook);
}

static void webhook_close(struct channel *channel)
{
    struct channel_webhook *webhook = (struct channel_webhook *)channel;
    http_client_close(webhook->client);
    webhook_free(webhook);
}

static enum err read_key(struct channel_webhook *webhook, const json_t *reference,
                         const char *where, struct problem *problem)
{
    char name[16];
    (void)snprintf(name, sizeof(name), "keys[%zu]", webhook->key_count);
    if (!json_is_string(reference)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: %s must be a reference to a key: env:NAME or file:/path", where,
                           name);
    }
    struct buf secret = {0};
    enum err err =
        channel_settings_secret(json_string_value(reference), where, name, &secret, problem);
    if (err == ERR_OK && !webhook_key_read(buf_view(&secret), &webhook->keys[webhook->key_count])) {
        err = problem_set(problem, ERR_INVALID, "%s: %s: what stands at %s is no key: %s is needed",
                          where, name, json_string_value(reference), WEBHOOK_KEY_WORDS);
    }
    webhook->key_count += err == ERR_OK;
    secret_release(&secret);
    return err;
}

static enum err read_keys(struct channel_webhook *webhook, const struct webhook_settings *read,
                          const char *where, struct problem *problem)
{
    size_t count = json_array_size(read->keys);
    if (count > KEYS_MAX) {
        return problem_set(problem, ERR_INVALID, "%s: keys has %zu entries, at most %d are allowed",
                           where, count, KEYS_MAX);
    }
    if (count == 0 && read->key_variable == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "%s: keys is missing: a list of references to keys, newest first (or "
                           "key_variable, if each recipient has his own)",
                           where);
    }
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = read_key(webhook, json_array_get(read->keys, i), where, problem);
    }
    return err;
}

static enum err refuse_private(const char *where, struct problem *problem)
{
    return problem_set(problem, ERR_INVALID,
                       "%s: allow_private must be true, false, or a list of up to %d networks such "
                       "as 10.1.0.0/16 or fd12::/48",
                       where, NETWORKS_MAX);
}

static enum err read_private(struct channel_webhook *webhook, const json_t *allow,
                             const char *where, struct problem *problem)
{
    webhook->guard.allowed = webhook->networks;
    webhook->guard.allow_all = json_is_true(allow);
    if (allow == NULL || json_is_boolean(allow)) {
        return ERR_OK;
    }
    if (!json_is_array(allow) || json_array_size(allow) > NETWORKS_MAX) {
        return refuse_private(where, problem);
    }
    for (size_t i = 0; i < json_array_size(allow); i++) {
        const char *text = json_string_value(json_array_get(allow, i));
        if (text == NULL) {
            return refuse_private(where, problem);
        }
        if (!address_network_read(slice_str(text), &webhook->networks[i])) {
            return problem_set(problem, ERR_INVALID,
                               "%s: allow_private: \"%.64s\" is no network such as 10.1.0.0/16 or "
                               "fd12::/48",
                               where, text);
        }
        webhook->guard.allowed_count++;
    }
    return ERR_OK;
}

static enum err read_data(struct channel_webhook *webhook, const json_t *given, const char *where,
                          struct problem *problem)
{
    static const char *const names[] = {"reference", "recipient", "token",
                                        "subject",   "text",      "html"};
    static const char *const values[] = {"{{reference}}", "{{key}}",  "{{token}}",
                                         "{{subject}}",   "{{text}}", "{{html}}"};
    json_t *data = json_object();
    for (size_t i = 0; given == NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        (void)json_object_set_new(data, names[i], json_string(values[i]));
    }
    char inner[WHERE_MAX_BYTES + 8];
    (void)snprintf(inner, sizeof(inner), "%s: data", where);
    enum err err = channel_fields_new(&webhook->fields, NULL, where, problem);
    if (err == ERR_OK) {
        err = json_body_template(&webhook->data, webhook->fields, given == NULL ? data : given,
                                 inner, problem);
    }
    json_decref(data);
    return err;
}

static enum err webhook_read(struct channel_webhook *webhook, const struct webhook_settings *read,
                             const char *where, struct problem *problem)
{
    if (strlen(read->type) > TYPE_MAX_BYTES) {
        return problem_set(problem, ERR_INVALID, "%s: type has more than %d bytes", where,
                           TYPE_MAX_BYTES);
    }
    webhook->type = mem_copy_str(read->type);
    webhook->key_variable = mem_copy_str(read->key_variable);
    webhook->allow_http = read->allow_http;
    webhook->connections = read->link.connections;
    webhook->is_traced = read->link.traceparent;
    enum err err = read_keys(webhook, read, where, problem);
    if (err == ERR_OK) {
        err = read_private(webhook, read->allow_private, where, problem);
    }
    if (err == ERR_OK) {
        err = read_data(webhook, read->data, where, problem);
    }
    return err == ERR_OK ? http_link_check(&read->link, where, problem) : err;
}

static void webhook_open_client(struct channel_webhook *webhook,
                                const struct webhook_settings *read)
{
    static const char *const headers[] = {"Content-Type: application/json", "User-Agent: Tocsin",
                                          NULL};
    struct http_client_settings settings = {
        .loop = webhook->context.loop,
        .tally = webhook->context.tally,
        .on_answer = webhook_on_answer,
        .arg = webhook,
        .method = "POST",
        .has_body = true,
        .headers = headers,
        .https_only = !read->allow_http,
        /* Which addresses a proxy calls is for the proxy to say. */
        .guard = read->link.proxy == NULL ? &webhook->guard : NULL,
    };
    http_link_put(&read->link, &settings);
    webhook->client = http_client_new(&settings);
}

static enum err webhook_open(struct channel **out, const struct channel_context *context,
                             const struct wire_provider *provider, json_t *settings,
                             struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct webhook_settings read = webhook_defaults;
    struct channel_webhook *webhook = mem_zalloc(1, sizeof(*webhook));
    webhook->channel.adapter = &channel_webhook_adapter;
    webhook->context = *context;
    enum err err =
        channel_settings_read(settings, where, webhook_keys,
                              sizeof(webhook_keys) / sizeof(webhook_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = webhook_read(webhook, &read, where, problem);
    }
    if (err != ERR_OK) {
        webhook_free(webhook);
        return err;
    }
    webhook_open_client(webhook, &read);
    *out = &webhook->channel;
    return ERR_OK;
}

const struct channel_adapter channel_webhook_adapter = {
    .name = "webhook",
    .open = webhook_open,
    .concurrency = webhook_concurrency,
    .start = webhook_start,
    .close = webhook_close,
};
