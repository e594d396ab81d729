/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for Apple's push service: POST /3/device/TOKEN over HTTP/2 with the team's token
 * (ES256, made by the coordinator). The settings and what answers mean are documented in
 * docs/channels/apns.md.
 *
 * A new connection may have one request until the service has seen a valid token on it ("Sending
 * notification requests to APNs"). So each connection is a client of its own, with as many requests
 * as it may have streams: while it is cold, one is sent and the others wait, already written; with
 * the first answer that shows the token to be valid they follow. If the first finds no connection,
 * or the token is no good, those that wait share its fate unsent: each would find the same.
 * A connection that broke, or had nothing to do for a while (somebody on the way may have ended
 * it), is cold again.
 *
 * apns-id is a UUID that stays the same when an attempt is repeated: the first 16 bytes of the
 * BLAKE2b-256 of the delivery token, marked as version 8 (RFC 9562 section 5.8). The token itself
 * is longer, and is nobody's business on the way.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "worker/channel/apns_answer.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/http_link.h"
#include "worker/channel/push_client.h"
#include "worker/channel/push_form.h"

#define APNS_URL          "https://api.push.apple.com"
#define DEVICE_CHARS_MIN  64
#define DEVICE_CHARS_MAX  200
#define COLLAPSE_ID_BYTES 64
#define IDLE_MS           60000
#define HEADER_BYTES      256
#define UUID_CHARS        36

struct channel_apns;

/* A request that is written and waits for its connection to be warm. */
struct apns_waiting {
    struct http_request *request;
    uint32_t attempt;
};

struct apns_line {
    struct channel_apns *apns;
    struct http_client *client;
    bool is_warm;
    uint32_t under_way; /* sent and not yet answered */
    uint64_t answered_ms;
    struct apns_waiting *waiting; /* a ring of `streams` places */
    uint32_t first;
    uint32_t count;
};

struct channel_apns {
    struct channel channel;
    struct channel_context context;
    struct channel_fields *fields;
    struct push_form *form;
    struct template *collapse_id; /* NULL: none */
    struct buf scratch;
    struct buf url; /* up to the device's token */
    struct push_bearer bearer;
    uint32_t ttl_ms;
    uint32_t streams;
    uint32_t line_count;
    struct apns_line *lines;
    bool is_traced;
    bool is_closing;
};

struct apns_settings {
    const char *key; /* the coordinator's, like the two behind it */
    const char *key_id;
    const char *team_id;
    const char *topic;
    unsigned push_type;
    uint32_t priority;
    uint32_t ttl_ms;
    const char *collapse_id;
    json_t *payload;
    json_t *secrets;
    struct push_client_settings client;
};

static const char *const push_types[] = {
    "alert",        "background",   "location",   "voip",         "mdm",
    "fileprovider", "liveactivity", "pushtotalk", "complication", NULL};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct apns_settings, member)

static const struct channel_key apns_keys[] = {
    {KEY("key", TEXT, key)},
    {KEY("key_id", TEXT, key_id)},
    {KEY("team_id", TEXT, team_id)},
    {KEY("topic", TEXT, topic)},
    {KEY("push_type", CHOICE, push_type), .choices = push_types},
    {KEY("priority", COUNT, priority), .min = 1, .max = 10},
    {KEY("ttl", DURATION, ttl_ms), .max = 30U * 86400 * 1000},
    {KEY("collapse_id", TEXT, collapse_id)},
    {KEY("payload", OBJECT, payload)},
    {KEY("secrets", OBJECT, secrets)},
    {KEY("url", TEXT, client.url)},
    PUSH_CLIENT_KEYS(struct apns_settings),
};

static const struct apns_settings apns_defaults = {
    .priority = 10,
    .ttl_ms = 3600U * 1000,
    .collapse_id = "{{reference}}",
    .client = {PUSH_CLIENT_DEFAULTS, .url = APNS_URL},
};

/* --- lines --- */

static void line_send(struct apns_line *line, struct http_request *request, uint32_t attempt)
{
    line->under_way++;
    http_request_send(request, attempt);
}

static struct apns_waiting line_pop(struct apns_line *line)
{
    struct apns_waiting waiting = line->waiting[line->first];
    line->first = (line->first + 1) % line->apns->streams;
    line->count--;
    return waiting;
}

/* One if it is cold and has none under way, all if it is warm. */
static void line_go_on(struct apns_line *line)
{
    while (line->count > 0 && (line->is_warm || line->under_way == 0)) {
        struct apns_waiting waiting = line_pop(line);
        line_send(line, waiting.request, waiting.attempt);
    }
}

static void line_give_up(struct apns_line *line, struct attempt_result result)
{
    struct channel_apns *apns = line->apns;
    result.ref = slice_of(NULL, 0);
    /* Answering may start others: they queue behind these and are not among them. */
    for (uint32_t left = line->count; left > 0; left--) {
        struct apns_waiting waiting = line_pop(line);
        http_request_drop(waiting.request);
        apns->context.result(apns->context.arg, waiting.attempt, &result);
    }
}

static void line_note(struct apns_line *line, const struct http_answer *answer,
                      const struct attempt_result *result)
{
    line->under_way--;
    line->answered_ms = uv_now(line->apns->context.loop);
    if (answer->status == 0) {
        line->is_warm = false;
    } else if (apns_answer_shows_valid_token(answer, result)) {
        line->is_warm = true;
    }
}

static void apns_on_answer(void *arg, const struct http_answer *answer)
{
    struct apns_line *line = arg;
    struct channel_apns *apns = line->apns;
    struct attempt_result result;
    apns_answer_judge(answer, &result);
    if (result.outcome == OUTCOME_ACCEPTED && answer->header != NULL) {
        size_t len = strlen(answer->header);
        result.ref = slice_of(answer->header, len <= OUTCOME_REF_MAX ? len : 0);
    }
    bool was_warm = line->is_warm;
    line_note(line, answer, &result);
    bool is_hopeless = !was_warm && !line->is_warm &&
                       (result.outcome == OUTCOME_MISCONFIGURED ||
                        (answer->status == 0 && result.outcome == OUTCOME_DEFERRED));
    apns->context.result(apns->context.arg, answer->tag, &result);
    if (is_hopeless) {
        line_give_up(line, result);
    }
    if (!apns->is_closing) {
        line_go_on(line);
    }
}

static uint32_t line_load(const struct apns_line *line)
{
    return line->under_way + line->count;
}

/* The one with the least to do; there is always room, as the caller keeps to the concurrency. */
static struct apns_line *apns_line_for_next(struct channel_apns *apns)
{
    struct apns_line *best = &apns->lines[0];
    for (uint32_t i = 1; i < apns->line_count; i++) {
        if (line_load(&apns->lines[i]) < line_load(best)) {
            best = &apns->lines[i];
        }
    }
    uint64_t idle_ms = uv_now(apns->context.loop) - best->answered_ms;
    if (line_load(best) == 0 && idle_ms >= IDLE_MS) {
        best->is_warm = false;
    }
    return best;
}

/* --- attempts --- */

static bool is_device_token(struct slice endpoint)
{
    if (endpoint.len < DEVICE_CHARS_MIN || endpoint.len > DEVICE_CHARS_MAX ||
        endpoint.len % 2 != 0) {
        return false;
    }
    for (size_t i = 0; i < endpoint.len; i++) {
        uint8_t c = endpoint.data[i];
        if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) {
            return false;
        }
    }
    return true;
}

static void put_id(struct http_request *request, const struct attempt *attempt)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[HASH_DIGEST_BYTES];
    char line[sizeof("apns-id: ") + UUID_CHARS] = "apns-id: ";
    char *at = line + strlen(line);
    hash_digest(digest, slice_of(attempt->token, TOKEN_CHARS));
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = hex[digest[i] >> 4];
        *at++ = hex[digest[i] & 0xf];
    }
    *at = '\0';
    http_request_header(request, line);
}

/* Unix seconds; 0 is: try once and keep nothing. */
static void put_expiration(const struct channel_apns *apns, struct http_request *request)
{
    char line[64];
    uint64_t until_s = apns->ttl_ms == 0 ? 0 : (clock_unix_ms() + apns->ttl_ms) / 1000;
    (void)snprintf(line, sizeof(line), "apns-expiration: %" PRIu64, until_s);
    http_request_header(request, line);
}

/* Left out if it is too long, has something that no header can have, or lacks a variable. */
static void put_collapse_id(struct channel_apns *apns, struct http_request *request,
                            const struct attempt *attempt)
{
    static const char name[] = "apns-collapse-id: ";
    struct buf *line = &apns->scratch;
    if (apns->collapse_id == NULL) {
        return;
    }
    buf_clear(line);
    buf_str(line, name);
    if (!channel_fields_fill(apns->fields, apns->collapse_id, attempt, line)) {
        return;
    }
    size_t len = line->len - strlen(name);
    for (size_t i = 0; i < line->len; i++) {
        len = line->data[i] < ' ' || line->data[i] >= 0x7f ? 0 : len;
    }
    if (len > 0 && len <= COLLAPSE_ID_BYTES) {
        http_request_header(request, buf_cstr(line));
    }
}

static enum reason apns_write(struct channel_apns *apns, struct http_request *request,
                              const struct attempt *attempt)
{
    struct buf *body = http_request_body(request);
    struct buf *url = http_request_url(request);
    if (!is_device_token(attempt->endpoint)) {
        return REASON_ENDPOINT_UNFIT;
    }
    if (!push_form_fill(apns->form, attempt, body)) {
        return REASON_VARIABLE_MISSING;
    }
    if (body->len > PUSH_BODY_MAX) {
        return REASON_MESSAGE_TOO_LARGE;
    }
    buf_slice(url, buf_view(&apns->url));
    buf_slice(url, attempt->endpoint);
    put_id(request, attempt);
    put_expiration(apns, request);
    put_collapse_id(apns, request, attempt);
    http_request_header(request, (const char *)apns->bearer.line.data);
    http_link_put_trace(apns->is_traced, attempt, request);
    return REASON_NONE;
}

static void apns_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_apns *apns = (struct channel_apns *)channel;
    if (apns->bearer.line.len == 0) {
        apns->context.result(apns->context.arg, attempt->id, &push_without_bearer);
        return;
    }
    struct apns_line *line = apns_line_for_next(apns);
    struct http_request *request = http_client_take(line->client);
    enum reason reason = apns_write(apns, request, attempt);
    if (reason != REASON_NONE) {
        struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
        http_request_drop(request);
        apns->context.result(apns->context.arg, attempt->id, &result);
        return;
    }
    if (line->is_warm || line->under_way == 0) {
        line_send(line, request, attempt->id);
        return;
    }
    line->waiting[(line->first + line->count) % apns->streams] =
        (struct apns_waiting){request, attempt->id};
    line->count++;
}

static uint32_t apns_concurrency(const struct channel *channel)
{
    const struct channel_apns *apns = (const struct channel_apns *)channel;
    return push_bearer_is_awaited(&apns->bearer, apns->context.loop)
               ? 0
               : apns->line_count * apns->streams;
}

static void apns_set_bearer(struct channel *channel, const char *adapter, struct slice bearer)
{
    if (strcmp(adapter, channel->adapter->name) == 0) {
        push_bearer_set(&((struct channel_apns *)channel)->bearer, "bearer", bearer);
    }
}

/* --- opening and closing --- */

static void apns_free(struct channel_apns *apns)
{
    for (uint32_t i = 0; i < apns->line_count; i++) {
        mem_free(apns->lines[i].waiting);
    }
    mem_free(apns->lines);
    push_form_free(apns->form);
    template_free(apns->collapse_id);
    channel_fields_free(apns->fields);
    buf_release(&apns->scratch);
    buf_release(&apns->url);
    push_bearer_release(&apns->bearer);
    mem_free(apns);
}

static void apns_close(struct channel *channel)
{
    static const struct attempt_result drained = {.outcome = OUTCOME_DEFERRED,
                                                  .reason = REASON_DRAINED};
    struct channel_apns *apns = (struct channel_apns *)channel;
    apns->is_closing = true;
    for (uint32_t i = 0; i < apns->line_count; i++) {
        line_give_up(&apns->lines[i], drained);
        http_client_close(apns->lines[i].client);
    }
    apns_free(apns);
}

static json_t *apns_base(const struct apns_settings *read)
{
    if (strcmp(push_types[read->push_type], "background") == 0) {
        return json_pack("{s:{s:i}, s:s}", "aps", "content-available", 1, "token", "{{token}}");
    }
    return json_pack("{s:{s:{s:s, s:s}, s:s}, s:s}", "aps", "alert", "title", "{{subject}}", "body",
                     "{{text}}", "sound", "default", "token", "{{token}}");
}

static enum err apns_open_parts(struct channel_apns *apns, const struct apns_settings *read,
                                const char *where, struct problem *problem)
{
    enum err err = channel_fields_new(&apns->fields, read->secrets, where, problem);
    if (err == ERR_OK) {
        const struct push_form_settings form = {apns_base(read), read->payload, "/aps/alert"};
        err = push_form_new(&apns->form, apns->fields, &form, where, "payload", problem);
    }
    if (err == ERR_OK && strcmp(read->collapse_id, "off") != 0) {
        char inner[PUSH_WHERE_BYTES + 16];
        (void)snprintf(inner, sizeof(inner), "%s: collapse_id", where);
        err = channel_fields_template(&apns->collapse_id, apns->fields,
                                      slice_str(read->collapse_id), TEMPLATE_RAW, inner, problem);
    }
    return err;
}

static enum err apns_check(const struct apns_settings *read, const char *where,
                           struct problem *problem)
{
    const char *missing = read->topic == NULL     ? "topic"
                          : read->key == NULL     ? "key"
                          : read->key_id == NULL  ? "key_id"
                          : read->team_id == NULL ? "team_id"
                                                  : NULL;
    if (missing != NULL) {
        return problem_set(
            problem, ERR_INVALID,
            "%s: %s is missing: topic is the app's bundle id, key a reference to the "
            ".p8 file, key_id and team_id have 10 characters each",
            where, missing);
    }
    if (strlen(read->topic) > HEADER_BYTES / 2 || strpbrk(read->topic, "\r\n") != NULL) {
        return problem_set(problem, ERR_INVALID, "%s: topic is no bundle id", where);
    }
    if (read->priority != 1 && read->priority != 5 && read->priority != 10) {
        return problem_set(problem, ERR_INVALID, "%s: priority must be 1, 5 or 10", where);
    }
    return push_client_check(&read->client, where, problem);
}

static void apns_open_lines(struct channel_apns *apns, const struct apns_settings *read)
{
    char topic[HEADER_BYTES];
    char type[HEADER_BYTES];
    char priority[HEADER_BYTES];
    (void)snprintf(topic, sizeof(topic), "apns-topic: %s", read->topic);
    (void)snprintf(type, sizeof(type), "apns-push-type: %s", push_types[read->push_type]);
    (void)snprintf(priority, sizeof(priority), "apns-priority: %u", read->priority);
    const char *const headers[] = {topic,     type, priority, "content-type: application/json",
                                   "accept:", NULL};
    size_t len = strlen(read->client.url);
    buf_append(&apns->url, read->client.url, len - (read->client.url[len - 1] == '/'));
    buf_str(&apns->url, "/3/device/");
    apns->ttl_ms = read->ttl_ms;
    apns->is_traced = read->client.traceparent;
    apns->streams = read->client.streams;
    apns->line_count = read->client.connections;
    apns->lines = mem_zalloc(apns->line_count, sizeof(apns->lines[0]));
    struct push_client_settings one = read->client;
    one.connections = 1;
    for (uint32_t i = 0; i < apns->line_count; i++) {
        struct apns_line *line = &apns->lines[i];
        const struct push_client_form form = {.on_answer = apns_on_answer,
                                              .arg = line,
                                              .headers = headers,
                                              .answer_header = "apns-id"};
        line->apns = apns;
        line->waiting = mem_zalloc(apns->streams, sizeof(line->waiting[0]));
        line->client = push_client_new(&one, &apns->context, &form);
    }
}

static enum err apns_open(struct channel **out, const struct channel_context *context,
                          const struct wire_provider *provider, json_t *settings,
                          struct problem *problem)
{
    char where[PUSH_WHERE_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct apns_settings read = apns_defaults;
    struct channel_apns *apns = mem_zalloc(1, sizeof(*apns));
    apns->channel.adapter = &channel_apns_adapter;
    apns->context = *context;
    push_bearer_open(&apns->bearer, context->loop);
    enum err err = channel_settings_read(settings, where, apns_keys,
                                         sizeof(apns_keys) / sizeof(apns_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = apns_check(&read, where, problem);
    }
    if (err == ERR_OK) {
        err = apns_open_parts(apns, &read, where, problem);
    }
    if (err != ERR_OK) {
        apns_free(apns);
        return err;
    }
    apns_open_lines(apns, &read);
    *out = &apns->channel;
    return ERR_OK;
}

const struct channel_adapter channel_apns_adapter = {
    .name = "apns",
    .open = apns_open,
    .concurrency = apns_concurrency,
    .start = apns_start,
    .set_bearer = apns_set_bearer,
    .close = apns_close,
};
