/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for Firebase Cloud Messaging, HTTP v1: POST /v1/projects/PROJECT/messages:send, one
 * message a request over HTTP/2. The settings and what answers mean are documented in
 * docs/channels/fcm.md.
 */
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/fcm_answer.h"
#include "worker/channel/http_link.h"
#include "worker/channel/push_client.h"
#include "worker/channel/push_form.h"

#define FCM_URL            "https://fcm.googleapis.com"
#define TTL_TEXT_BYTES     24
#define PROJECT_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-.:"

struct channel_fcm {
    struct channel channel;
    struct channel_context context;
    struct channel_fields *fields;
    struct push_form *form;
    struct http_rules *rules;
    struct http_client *client;
    uint32_t concurrency;
    bool is_traced;
    struct push_bearer bearer;
};

struct fcm_settings {
    const char *project;
    const char *service_account; /* the coordinator's */
    json_t *message;
    json_t *secrets;
    unsigned priority;
    uint32_t ttl_ms;
    struct push_client_settings client;
};

enum { FCM_PRIORITY_HIGH, FCM_PRIORITY_NORMAL };
static const char *const priorities[] = {"high", "normal", NULL};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct fcm_settings, member)

static const struct channel_key fcm_keys[] = {
    {KEY("project", TEXT, project)},
    {KEY("service_account", TEXT, service_account)},
    {KEY("url", TEXT, client.url)},
    {KEY("message", OBJECT, message)},
    {KEY("secrets", OBJECT, secrets)},
    {KEY("priority", CHOICE, priority), .choices = priorities},
    {KEY("ttl", DURATION, ttl_ms), .max = 28U * 86400 * 1000},
    PUSH_CLIENT_KEYS(struct fcm_settings),
};

static const struct fcm_settings fcm_defaults = {
    .priority = FCM_PRIORITY_HIGH,
    .ttl_ms = 3600U * 1000,
    .client = {PUSH_CLIENT_DEFAULTS, .url = FCM_URL},
};

/* --- answers --- */

static void fcm_on_answer(void *arg, const struct http_answer *answer)
{
    struct channel_fcm *fcm = arg;
    struct http_reading reading;
    struct attempt_result result;
    http_reading_init(&reading, answer);
    fcm_answer_judge(fcm->rules, &reading, &result);
    fcm->context.result(fcm->context.arg, answer->tag, &result);
    http_reading_release(&reading);
}

/* --- attempts --- */

static void fcm_refuse(struct channel_fcm *fcm, const struct attempt *attempt, enum reason reason)
{
    struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
    fcm->context.result(fcm->context.arg, attempt->id, &result);
}

static void fcm_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_fcm *fcm = (struct channel_fcm *)channel;
    if (fcm->bearer.line.len == 0) {
        fcm->context.result(fcm->context.arg, attempt->id, &push_without_bearer);
        return;
    }
    struct http_request *request = http_client_take(fcm->client);
    struct buf *body = http_request_body(request);
    if (!push_form_fill(fcm->form, attempt, body)) {
        http_request_drop(request);
        fcm_refuse(fcm, attempt, REASON_VARIABLE_MISSING);
        return;
    }
    http_request_header(request, (const char *)fcm->bearer.line.data);
    http_link_put_trace(fcm->is_traced, attempt, request);
    http_request_send(request, attempt->id);
}

static uint32_t fcm_concurrency(const struct channel *channel)
{
    const struct channel_fcm *fcm = (const struct channel_fcm *)channel;
    return push_bearer_is_awaited(&fcm->bearer, fcm->context.loop) ? 0 : fcm->concurrency;
}

static void fcm_set_bearer(struct channel *channel, const char *adapter, struct slice bearer)
{
    if (strcmp(adapter, channel->adapter->name) == 0) {
        push_bearer_set(&((struct channel_fcm *)channel)->bearer, "Bearer", bearer);
    }
}

/* --- opening and closing --- */

static void fcm_free(struct channel_fcm *fcm)
{
    push_form_free(fcm->form);
    http_rules_free(fcm->rules);
    channel_fields_free(fcm->fields);
    push_bearer_release(&fcm->bearer);
    mem_free(fcm);
}

static void fcm_close(struct channel *channel)
{
    struct channel_fcm *fcm = (struct channel_fcm *)channel;
    http_client_close(fcm->client);
    fcm_free(fcm);
}

/* A repeated message takes the place of the first in the drawer (`tag`), so that a doubtful one
 * does no harm. */
static json_t *fcm_base(const struct fcm_settings *read)
{
    char ttl[TTL_TEXT_BYTES];
    (void)snprintf(ttl, sizeof(ttl), "%u.%03us", read->ttl_ms / 1000, read->ttl_ms % 1000);
    return json_pack("{s:{s:s, s:{s:s, s:s}, s:{s:s}, s:{s:s, s:s, s:{s:s}}}}", "message", "token",
                     "{{to}}", "notification", "title", "{{subject}}", "body", "{{text}}", "data",
                     "token", "{{token}}", "android", "priority",
                     read->priority == FCM_PRIORITY_HIGH ? "HIGH" : "NORMAL", "ttl", ttl,
                     "notification", "tag", "{{reference}}");
}

static enum err fcm_open_parts(struct channel_fcm *fcm, const struct fcm_settings *read,
                               const char *where, struct problem *problem)
{
    enum err err = channel_fields_new(&fcm->fields, read->secrets, where, problem);
    if (err == ERR_OK) {
        json_t *over = read->message == NULL ? NULL : json_pack("{s:O}", "message", read->message);
        const struct push_form_settings form = {fcm_base(read), over, "/message/notification"};
        err = push_form_new(&fcm->form, fcm->fields, &form, where, "message", problem);
        json_decref(over);
    }
    return err == ERR_OK ? http_rules_new(&fcm->rules, NULL, true, where, problem) : err;
}

static enum err fcm_check(const struct fcm_settings *read, const char *where,
                          struct problem *problem)
{
    if (read->project == NULL ||
        strspn(read->project, PROJECT_CHARACTERS) < strlen(read->project)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: project must be the id of a Firebase project, as project_id in the "
                           "service account's file",
                           where);
    }
    if (read->service_account == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "%s: service_account is missing: a reference to the service account's "
                           "JSON, as file:/etc/tocsin/fcm.json",
                           where);
    }
    return push_client_check(&read->client, where, problem);
}

static void fcm_open_client(struct channel_fcm *fcm, struct fcm_settings *read)
{
    static const char *const headers[] = {"content-type: application/json", "accept:", NULL};
    struct buf url = {0};
    size_t len = strlen(read->client.url);
    buf_append(&url, read->client.url, len - (read->client.url[len - 1] == '/'));
    buf_printf(&url, "/v1/projects/%s/messages:send", read->project);
    read->client.url = buf_cstr(&url);
    const struct push_client_form form = {
        .on_answer = fcm_on_answer, .arg = fcm, .headers = headers, .one_url = true};
    fcm->client = push_client_new(&read->client, &fcm->context, &form);
    fcm->is_traced = read->client.traceparent;
    fcm->concurrency = read->client.connections * read->client.streams;
    buf_release(&url);
}

static enum err fcm_open(struct channel **out, const struct channel_context *context,
                         const struct wire_provider *provider, json_t *settings,
                         struct problem *problem)
{
    char where[PUSH_WHERE_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct fcm_settings read = fcm_defaults;
    struct channel_fcm *fcm = mem_zalloc(1, sizeof(*fcm));
    fcm->channel.adapter = &channel_fcm_adapter;
    fcm->context = *context;
    push_bearer_open(&fcm->bearer, context->loop);
    enum err err = channel_settings_read(settings, where, fcm_keys,
                                         sizeof(fcm_keys) / sizeof(fcm_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = fcm_check(&read, where, problem);
    }
    if (err == ERR_OK) {
        err = fcm_open_parts(fcm, &read, where, problem);
    }
    if (err != ERR_OK) {
        fcm_free(fcm);
        return err;
    }
    fcm_open_client(fcm, &read);
    *out = &fcm->channel;
    return ERR_OK;
}

const struct channel_adapter channel_fcm_adapter = {
    .name = "fcm",
    .open = fcm_open,
    .concurrency = fcm_concurrency,
    .start = fcm_start,
    .set_bearer = fcm_set_bearer,
    .close = fcm_close,
};
