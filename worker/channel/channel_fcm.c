/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for Firebase Cloud Messaging, HTTP v1: POST /v1/projects/PROJECT/messages:send, one
 * message a request over HTTP/2. The settings and what answers mean are documented in
 * docs/channels/fcm.md; the errors are those of "ErrorCode" in the reference of the API.
 */
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/http_rules.h"
#include "worker/channel/push_client.h"
#include "worker/channel/push_form.h"

#define FCM_URL            "https://fcm.googleapis.com"
#define FCM_ERROR_TYPE     "type.googleapis.com/google.firebase.fcm.v1.FcmError"
#define BAD_REQUEST_TYPE   "type.googleapis.com/google.rpc.BadRequest"
#define TOKEN_FIELD        "message.token"
#define TOKEN_WORDS        "registration token" /* "The ... is not a valid FCM registration token" */
#define QUOTA_WAIT_MS      60000 /* a minute's quota is exceeded, and no Retry-After */
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

static const struct {
    const char *code; /* FcmError.errorCode */
    enum outcome outcome;
    bool is_dead; /* the token will never be good again */
} fcm_errors[] = {
    {"UNREGISTERED", OUTCOME_REJECTED, true},
    {"SENDER_ID_MISMATCH", OUTCOME_REJECTED, false}, /* or the wrong project: none is forgotten */
    {"QUOTA_EXCEEDED", OUTCOME_THROTTLED, false},
    {"UNAVAILABLE", OUTCOME_DEFERRED, false},
    {"INTERNAL", OUTCOME_DEFERRED, false},
    {"THIRD_PARTY_AUTH_ERROR", OUTCOME_MISCONFIGURED, false},
};

/* The detail of the error that has this type, or NULL. */
static json_t *fcm_detail(json_t *document, const char *type)
{
    json_t *details = json_object_get(json_object_get(document, "error"), "details");
    size_t index;
    json_t *detail;
    json_array_foreach(details, index, detail)
    {
        const char *its_type = json_string_value(json_object_get(detail, "@type"));
        if (its_type != NULL && strcmp(its_type, type) == 0) {
            return detail;
        }
    }
    return NULL;
}

/* Of INVALID_ARGUMENT: is it the token? A list of fields says it; without one nothing but the words
 * do. "Android message is too big" comes without, too, and to every token alike: they must not all
 * be taken for dead. */
static bool fcm_blames_token(json_t *document)
{
    json_t *violations = json_object_get(fcm_detail(document, BAD_REQUEST_TYPE), "fieldViolations");
    size_t index;
    json_t *violation;
    if (json_array_size(violations) == 0) {
        json_t *message = json_object_get(json_object_get(document, "error"), "message");
        return json_is_string(message) && strstr(json_string_value(message), TOKEN_WORDS) != NULL;
    }
    json_array_foreach(violations, index, violation)
    {
        const char *field = json_string_value(json_object_get(violation, "field"));
        if (field == NULL || strcmp(field, TOKEN_FIELD) != 0) {
            return false;
        }
    }
    return true;
}

static void fcm_reject_dead(struct attempt_result *result)
{
    result->outcome = OUTCOME_REJECTED;
    result->reason = REASON_ENDPOINT_DEAD;
}

/* False: the error has no code of FCM's own, and its status must say what it means. */
static bool fcm_judge_error(json_t *document, struct attempt_result *result)
{
    json_t *detail = fcm_detail(document, FCM_ERROR_TYPE);
    const char *code = json_string_value(json_object_get(detail, "errorCode"));
    if (code == NULL) {
        return false;
    }
    if (strcmp(code, "INVALID_ARGUMENT") == 0) {
        result->outcome = OUTCOME_REJECTED;
        if (fcm_blames_token(document)) {
            fcm_reject_dead(result);
        }
        return true;
    }
    for (size_t i = 0; i < sizeof(fcm_errors) / sizeof(fcm_errors[0]); i++) {
        if (strcmp(fcm_errors[i].code, code) == 0) {
            result->outcome = fcm_errors[i].outcome;
            if (fcm_errors[i].is_dead) {
                fcm_reject_dead(result);
            }
            return true;
        }
    }
    return false;
}

static void fcm_judge(const struct channel_fcm *fcm, struct http_reading *reading,
                      struct attempt_result *result)
{
    const struct http_answer *answer = reading->answer;
    struct http_verdict verdict = http_rules_judge(fcm->rules, reading);
    *result = (struct attempt_result){verdict.outcome, verdict.reason, verdict.retry_after_ms,
                                      slice_of(NULL, 0)};
    if (answer->status >= 400 && !answer->complete) {
        result->outcome = answer->outcome;
        result->reason = (uint16_t)answer->reason;
    } else if (answer->status >= 400) {
        (void)fcm_judge_error(http_reading_json(reading), result);
    } else if (result->outcome == OUTCOME_ACCEPTED) {
        json_t *name = json_object_get(http_reading_json(reading), "name");
        size_t len = json_string_length(name);
        result->ref = slice_of(json_string_value(name), len <= OUTCOME_REF_MAX ? len : 0);
    }
    /* 503 with Retry-After, too, is about everybody. */
    if (answer->status == 503 && verdict.outcome == OUTCOME_THROTTLED) {
        result->outcome = OUTCOME_THROTTLED;
    }
    if (answer->status == 429 && result->retry_after_ms == 0) {
        result->retry_after_ms = QUOTA_WAIT_MS;
    }
}

static void fcm_on_answer(void *arg, const struct http_answer *answer)
{
    struct channel_fcm *fcm = arg;
    struct http_reading reading;
    struct attempt_result result;
    http_reading_init(&reading, answer);
    fcm_judge(fcm, &reading, &result);
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
    fcm->client = push_client_new(&read->client, fcm->context.loop, &form);
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
