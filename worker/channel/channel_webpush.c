/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for browsers: Web Push (RFC 8030), encrypted (RFC 8291), with a token of our own key
 * for each push service (RFC 8292). An endpoint is the subscription as the browser gave it. The
 * settings and what answers mean are documented in docs/channels/webpush.md.
 *
 * The address comes from somebody's browser, so it is not ours to trust: only https to hosts of the
 * list is called, never an address of a private network, and no redirect is followed.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/http_link.h"
#include "worker/channel/http_rules.h"
#include "worker/channel/push_client.h"
#include "worker/channel/push_form.h"
#include "worker/channel/vapid.h"
#include "worker/channel/web_push_crypt.h"

#define HOSTS_MAX    64
#define TOPIC_BYTES  24 /* 32 characters of base64url, as many as a topic may have */
#define HEADER_BYTES 128

struct channel_webpush {
    struct channel channel;
    struct channel_context context;
    struct channel_fields *fields;
    struct push_form *form;
    struct http_rules *rules;
    struct vapid *vapid;
    struct http_client *client;
    struct buf plain;
    struct buf line;
    uint32_t concurrency;
    bool has_topic;
    bool is_traced;
    struct address_guard guard;
    char *hosts[HOSTS_MAX + 1];
};

struct webpush_settings {
    const char *key;
    const char *subject;
    json_t *hosts;
    json_t *payload;
    json_t *secrets;
    unsigned urgency;
    uint32_t ttl_ms;
    bool topic;
    bool allow_private;
    struct push_client_settings client;
};

static const char *const urgencies[] = {"very-low", "low", "normal", "high", NULL};
enum { URGENCY_HIGH = 3 };

/* Of the browsers that people have. */
static const char *const known_hosts[] = {
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct webpush_settings, member)

static const struct channel_key webpush_keys[] = {
    {KEY("key", TEXT, key)},
    {KEY("subject", TEXT, subject)},
    {KEY("hosts", LIST, hosts)},
    {KEY("payload", OBJECT, payload)},
    {KEY("secrets", OBJECT, secrets)},
    {KEY("urgency", CHOICE, urgency), .choices = urgencies},
    {KEY("ttl", DURATION, ttl_ms), .max = 28U * 86400 * 1000},
    {KEY("topic", FLAG, topic)},
    {KEY("allow_private", FLAG, allow_private)},
    PUSH_CLIENT_KEYS(struct webpush_settings),
};

static const struct webpush_settings webpush_defaults = {
    .urgency = URGENCY_HIGH,
    .ttl_ms = 3600U * 1000,
    .topic = true,
    .client = {PUSH_CLIENT_DEFAULTS},
};

/* --- answers --- */

/* 401 and 403 say that the subscription was made with another key than ours (RFC 8292 section 4.2).
 * Anybody's browser can bring one such, and it must not close the provider for all; nor is it dead,
 * as ours may be the wrong key. */
static bool is_of_key(uint16_t status)
{
    return status == 401 || status == 403;
}

static void webpush_on_answer(void *arg, const struct http_answer *answer)
{
    struct channel_webpush *push = arg;
    struct http_reading reading;
    http_reading_init(&reading, answer);
    struct http_verdict verdict = http_rules_judge(push->rules, &reading);
    struct attempt_result result = {
        .outcome = verdict.outcome,
        .reason = verdict.reason,
        .retry_after_ms = verdict.retry_after_ms,
    };
    if (answer->status == 413) {
        result.reason = REASON_MESSAGE_TOO_LARGE;
    }
    if (is_of_key(answer->status)) {
        result.outcome = OUTCOME_REJECTED;
        result.reason = answer->status;
    }
    if (result.outcome == OUTCOME_ACCEPTED && answer->header != NULL) {
        size_t len = strlen(answer->header);
        result.ref = slice_of(answer->header, len <= OUTCOME_REF_MAX ? len : 0);
    }
    push->context.result(push->context.arg, answer->tag, &result);
    http_reading_release(&reading);
}

/* --- attempts --- */

/* "x.y" is in "x.y", and in whatever ends with ".x.y". */
static bool host_is_in(struct slice host, const char *suffix)
{
    size_t len = strlen(suffix);
    if (host.len < len || memcmp(host.data + host.len - len, suffix, len) != 0) {
        return false;
    }
    return host.len == len || host.data[host.len - len - 1] == '.';
}

/* Without the scheme and the port. */
static struct slice host_of(struct slice origin)
{
    struct slice host = slice_of(origin.data + strlen("https://"), origin.len - strlen("https://"));
    const uint8_t *bracket = memchr(host.data, ']', host.len);
    size_t from = bracket == NULL ? 0 : (size_t)(bracket - host.data);
    const uint8_t *colon = memchr(host.data + from, ':', host.len - from);
    return slice_of(host.data, colon == NULL ? host.len : (size_t)(colon - host.data));
}

static bool webpush_admits(const struct channel_webpush *push, struct slice origin)
{
    if (origin.len == 0) {
        return false;
    }
    struct slice host = host_of(origin);
    for (size_t i = 0; push->hosts[i] != NULL; i++) {
        if (host_is_in(host, push->hosts[i])) {
            return true;
        }
    }
    return false;
}

/* The push service replaces an undelivered message of the same topic: a repeated attempt finds its
 * first one there. The delivery token is nobody's business on the way, so it is hashed. */
static void put_topic(struct channel_webpush *push, struct http_request *request,
                      const struct attempt *attempt)
{
    uint8_t digest[HASH_DIGEST_BYTES];
    hash_digest(digest, slice_of(attempt->token, TOKEN_CHARS));
    buf_clear(&push->line);
    buf_str(&push->line, "topic: ");
    text_base64url(&push->line, slice_of(digest, TOPIC_BYTES));
    http_request_header(request, buf_cstr(&push->line));
}

static struct attempt_result webpush_refusal(enum reason reason)
{
    return (struct attempt_result){.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
}

static enum reason webpush_write(struct channel_webpush *push, struct http_request *request,
                                 const struct web_push_subscription *subscription,
                                 const struct attempt *attempt)
{
    buf_clear(&push->plain);
    if (!push_form_fill(push->form, attempt, &push->plain)) {
        return REASON_VARIABLE_MISSING;
    }
    if (push->plain.len > WEB_PUSH_PLAIN_MAX) {
        return REASON_MESSAGE_TOO_LARGE;
    }
    if (!web_push_encrypt(http_request_body(request), subscription, buf_view(&push->plain), NULL)) {
        return REASON_ENDPOINT_DEAD; /* no browser has such a key */
    }
    buf_str(http_request_url(request), subscription->endpoint);
    if (push->has_topic) {
        put_topic(push, request, attempt);
    }
    return REASON_NONE;
}

static void webpush_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_webpush *push = (struct channel_webpush *)channel;
    struct web_push_subscription subscription;
    bool is_whole = web_push_subscription_read(&subscription, attempt->endpoint);
    struct slice origin =
        is_whole ? vapid_origin(slice_str(subscription.endpoint)) : slice_of(NULL, 0);
    struct attempt_result result = webpush_refusal(REASON_ENDPOINT_UNFIT);
    if (!webpush_admits(push, origin)) {
        push->context.result(push->context.arg, attempt->id, &result);
        return;
    }
    struct http_request *request = http_client_take(push->client);
    enum reason reason = webpush_write(push, request, &subscription, attempt);
    const char *header = vapid_header(push->vapid, origin, clock_unix_ms() / 1000);
    if (reason != REASON_NONE || header == NULL) {
        http_request_drop(request);
        result = reason != REASON_NONE ? webpush_refusal(reason) : push_without_bearer;
        push->context.result(push->context.arg, attempt->id, &result);
        return;
    }
    http_request_header(request, header);
    http_link_put_trace(push->is_traced, attempt, request);
    http_request_send(request, attempt->id);
}

static uint32_t webpush_concurrency(const struct channel *channel)
{
    return ((const struct channel_webpush *)channel)->concurrency;
}

/* --- opening and closing --- */

static void webpush_free(struct channel_webpush *push)
{
    for (size_t i = 0; i < HOSTS_MAX; i++) {
        mem_free(push->hosts[i]);
    }
    push_form_free(push->form);
    http_rules_free(push->rules);
    vapid_free(push->vapid);
    channel_fields_free(push->fields);
    buf_release(&push->plain);
    buf_release(&push->line);
    mem_free(push);
}

static void webpush_close(struct channel *channel)
{
    struct channel_webpush *push = (struct channel_webpush *)channel;
    http_client_close(push->client);
    webpush_free(push);
}

static bool is_host(const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    return len > 0 && len < 256 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-[:]") == len && text[0] != '.';
}

static enum err webpush_read_hosts(struct channel_webpush *push, const json_t *list,
                                   const char *where, struct problem *problem)
{
    size_t known = sizeof(known_hosts) / sizeof(known_hosts[0]);
    size_t count = list == NULL ? known : json_array_size(list);
    if (count == 0 || count > HOSTS_MAX) {
        return problem_set(problem, ERR_INVALID, "%s: hosts must be a list of 1 to %d names", where,
                           HOSTS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const char *host =
            list == NULL ? known_hosts[i] : json_string_value(json_array_get(list, i));
        if (!is_host(host)) {
            return problem_set(problem, ERR_INVALID,
                               "%s: hosts[%zu] must be the name of a host in lower case, which "
                               "stands for all names that end with it, as push.apple.com",
                               where, i);
        }
        push->hosts[i] = mem_copy_str(host);
    }
    return ERR_OK;
}

static enum err webpush_read_key(struct channel_webpush *push, const struct webpush_settings *read,
                                 const char *where, struct problem *problem)
{
    struct problem inner = {0};
    struct buf key = {0};
    enum err err = channel_settings_secret(read->key, where, "key", &key, problem);
    if (err == ERR_OK) {
        err = vapid_new(&push->vapid, buf_view(&key), read->subject, &inner);
        if (err != ERR_OK) {
            (void)problem_set(problem, err, "%s: %s", where, inner.text);
        }
    }
    secret_release(&key);
    return err;
}

static json_t *webpush_base(void)
{
    return json_pack("{s:s, s:s, s:s}", "title", "{{subject}}", "body", "{{text}}", "token",
                     "{{token}}");
}

static enum err webpush_open_parts(struct channel_webpush *push,
                                   const struct webpush_settings *read, const char *where,
                                   struct problem *problem)
{
    if (read->key == NULL || read->subject == NULL) {
        return problem_set(
            problem, ERR_INVALID,
            "%s: %s is missing: key is a reference to the private VAPID key, subject "
            "mailto: or https: and an address of yours",
            where, read->key == NULL ? "key" : "subject");
    }
    enum err err = push_client_check(&read->client, where, problem);
    if (err == ERR_OK) {
        err = webpush_read_hosts(push, read->hosts, where, problem);
    }
    if (err == ERR_OK) {
        err = webpush_read_key(push, read, where, problem);
    }
    if (err == ERR_OK) {
        err = channel_fields_new(&push->fields, read->secrets, where, problem);
    }
    if (err == ERR_OK) {
        const struct push_form_settings form = {webpush_base(), read->payload, ""};
        err = push_form_new(&push->form, push->fields, &form, where, "payload", problem);
    }
    return err == ERR_OK ? http_rules_new(&push->rules, NULL, false, where, problem) : err;
}

static void webpush_open_client(struct channel_webpush *push, const struct webpush_settings *read)
{
    char ttl[HEADER_BYTES];
    char urgency[HEADER_BYTES];
    (void)snprintf(ttl, sizeof(ttl), "ttl: %u", read->ttl_ms / 1000);
    (void)snprintf(urgency, sizeof(urgency), "urgency: %s", urgencies[read->urgency]);
    const char *const headers[] = {
        ttl,       urgency, "content-encoding: aes128gcm", "content-type: application/octet-stream",
        "accept:", NULL};
    const struct push_client_form form = {.on_answer = webpush_on_answer,
                                          .arg = push,
                                          .guard = &push->guard,
                                          .headers = headers,
                                          .answer_header = "location"};
    push->has_topic = read->topic;
    push->is_traced = read->client.traceparent;
    push->guard.allow_all = read->allow_private;
    push->client = push_client_new(&read->client, &push->context, &form);
    push->concurrency = read->client.connections * read->client.streams;
}

static enum err webpush_open(struct channel **out, const struct channel_context *context,
                             const struct wire_provider *provider, json_t *settings,
                             struct problem *problem)
{
    char where[PUSH_WHERE_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct webpush_settings read = webpush_defaults;
    struct channel_webpush *push = mem_zalloc(1, sizeof(*push));
    push->channel.adapter = &channel_webpush_adapter;
    push->context = *context;
    enum err err =
        channel_settings_read(settings, where, webpush_keys,
                              sizeof(webpush_keys) / sizeof(webpush_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = webpush_open_parts(push, &read, where, problem);
    }
    if (err != ERR_OK) {
        webpush_free(push);
        return err;
    }
    webpush_open_client(push, &read);
    *out = &push->channel;
    return ERR_OK;
}

const struct channel_adapter channel_webpush_adapter = {
    .name = "webpush",
    .open = webpush_open,
    .concurrency = webpush_concurrency,
    .start = webpush_start,
    .close = webpush_close,
};
