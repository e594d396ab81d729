/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source is one key with all who use it; a table says how each kind of source makes its token.
 * The timer stands at the first that is due.
 */
#include "coordinator/bearer/bearers.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/jwt.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/secret.h"
#include "coordinator/bearer/bearer_schedule.h"
#include "coordinator/bearer/service_account.h"
#include "net/http_client.h"

#define MODULE             "bearer"
#define APNS_LIFE_MS       (UINT64_C(53) * 60000 + 20000) /* renewed after 40 minutes */
#define APNS_ID_CHARS      32
#define REQUEST_TIMEOUT_MS 20000

struct bearer_source;

struct bearer_kind {
    const char *adapter;
    const char *keys[3]; /* of the settings: which together tell sources apart; all are needed */
    /* Begins to make one; ends with source_made or source_failed, now or later. */
    void (*make)(struct bearer_source *source, struct slice key);
};

struct bearer_user {
    uint32_t provider;
    const char *name; /* borrowed */
    struct bearer_user *next;
};

struct bearer_source {
    struct bearers *bearers;
    const struct bearer_kind *kind;
    char *values[3]; /* of the kind's keys; the first is the secret's reference */
    json_t *settings;
    struct bearer_schedule schedule;
    struct bearer_user *users;
    struct http_client *client; /* NULL: it needs none, or has none yet */
    char *client_url;
    struct bearer_source *next;
};

struct bearers {
    struct bearers_context context;
    uv_timer_t timer;
    struct bearer_source *sources;
    bool is_closing;
};

static void bearers_set_timer(struct bearers *bearers);

static uint64_t source_now_ms(const struct bearer_source *source)
{
    const struct bearers_context *context = &source->bearers->context;
    return context->now_ms(context->arg);
}

/* ---- How a try ends ---- */

static void source_made(struct bearer_source *source, struct slice token, uint64_t life_ms)
{
    const struct bearers_context *context = &source->bearers->context;
    bearer_schedule_made(&source->schedule, life_ms, source_now_ms(source));
    for (const struct bearer_user *user = source->users; user != NULL; user = user->next) {
        LOG_I(MODULE, "token_made", "provider=%s adapter=%s good_for_s=%" PRIu64, user->name,
              source->kind->adapter, life_ms / 1000);
        context->made(context->arg, user->provider, source->kind->adapter, token);
    }
    bearers_set_timer(source->bearers);
}

static void source_failed(struct bearer_source *source, const char *why)
{
    uint64_t now_ms = source_now_ms(source);
    bearer_schedule_failed(&source->schedule, now_ms);
    for (const struct bearer_user *user = source->users; user != NULL; user = user->next) {
        LOG_E(MODULE, "token_failed", "provider=%s adapter=%s again_ms=%" PRIu64 " why=\"%s\"",
              user->name, source->kind->adapter, bearer_schedule_wait_ms(&source->schedule, now_ms),
              why);
    }
    bearers_set_timer(source->bearers);
}

/* ---- Apple ---- */

static bool is_apple_id(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= APNS_ID_CHARS &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == len;
}

static void apns_make(struct bearer_source *source, struct slice pem)
{
    const char *key_id = source->values[1];
    const char *team_id = source->values[2];
    struct jwt_key *key = NULL;
    struct problem problem = {0};
    if (!is_apple_id(key_id) || !is_apple_id(team_id)) {
        source_failed(source, "key_id and team_id have 10 letters and digits each");
        return;
    }
    if (jwt_key_from_pem(&key, JWT_ES256, pem, &problem) != ERR_OK) {
        source_failed(source, problem.text);
        return;
    }
    struct buf claims = {0};
    struct buf token = {0};
    buf_printf(&claims, "{\"iss\":\"%s\",\"iat\":%" PRIu64 "}", team_id,
               source_now_ms(source) / 1000);
    if (jwt_write(key, key_id, buf_view(&claims), &token)) {
        source_made(source, buf_view(&token), APNS_LIFE_MS);
    } else {
        source_failed(source, "it could not be signed");
    }
    jwt_key_free(key);
    buf_release(&claims);
    secret_release(&token);
}

/* ---- Google ---- */

static void fcm_on_answer(void *arg, const struct http_answer *answer)
{
    struct bearer_source *source = arg;
    struct access_token token;
    struct problem problem = {0};
    if (source->bearers->is_closing) {
        return;
    }
    if (answer->status == 0 || !answer->complete) {
        source_failed(source, reason_sentence((uint16_t)answer->reason));
        return;
    }
    if (access_token_read(&token, answer->status, answer->body, &problem) == ERR_OK) {
        source_made(source, buf_view(&token.text), token.life_s * 1000);
    } else {
        source_failed(source, problem.text);
    }
    access_token_release(&token);
}

static const char *text_of(const json_t *settings, const char *name)
{
    return json_string_value(json_object_get(settings, name));
}

/* A new one if the account's file names another endpoint than before. */
static void fcm_open_client(struct bearer_source *source, const char *url)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                          "Accept: application/json", NULL};
    if (source->client != NULL && strcmp(source->client_url, url) == 0) {
        return;
    }
    if (source->client != NULL) {
        http_client_close(source->client);
        mem_free(source->client_url);
    }
    const char *insecure = text_of(source->settings, "insecure_tls");
    source->client_url = mem_copy_str(url);
    source->client = http_client_new(&(struct http_client_settings){
        .loop = source->bearers->context.loop,
        .on_answer = fcm_on_answer,
        .arg = source,
        .connections = 1,
        .connect_timeout_ms = REQUEST_TIMEOUT_MS / 2,
        .timeout_ms = REQUEST_TIMEOUT_MS,
        .method = "POST",
        .has_body = true,
        .url = source->client_url,
        .headers = headers,
        .ca_file = text_of(source->settings, "ca_file"),
        .insecure_tls = json_is_true(json_object_get(source->settings, "insecure_tls")) ||
                        (insecure != NULL && strcmp(insecure, "true") == 0),
        .proxy = text_of(source->settings, "proxy"),
    });
}

static void fcm_make(struct bearer_source *source, struct slice json)
{
    struct service_account account;
    struct problem problem = {0};
    if (service_account_read(&account, json, &problem) != ERR_OK) {
        char why[sizeof(problem.text) + 32];
        (void)snprintf(why, sizeof(why), "service_account: %s", problem.text);
        source_failed(source, why);
        service_account_release(&account);
        return;
    }
    fcm_open_client(source, account.token_uri);
    struct http_request *request = http_client_take(source->client);
    if (service_account_ask(&account, source_now_ms(source) / 1000, http_request_body(request))) {
        http_request_send(request, 0);
    } else {
        http_request_drop(request);
        source_failed(source, "the assertion could not be signed");
    }
    service_account_release(&account);
}

/* ---- Sources ---- */

static const struct bearer_kind kinds[] = {
    {"apns", {"key", "key_id", "team_id"}, apns_make},
    {"fcm", {"service_account", NULL, NULL}, fcm_make},
};

static void source_make(struct bearer_source *source)
{
    struct buf key = {0};
    struct problem problem = {0};
    if (secret_resolve(source->values[0], &key, &problem) == ERR_OK) {
        source->kind->make(source, buf_view(&key));
    } else {
        source_failed(source, problem.text);
    }
    secret_release(&key);
}

static void bearers_on_timer(uv_timer_t *timer)
{
    struct bearers *bearers = timer->data;
    uint64_t now_ms = bearers->context.now_ms(bearers->context.arg);
    for (struct bearer_source *each = bearers->sources; each != NULL; each = each->next) {
        if (bearer_schedule_begin(&each->schedule, now_ms)) {
            source_make(each);
        }
    }
    bearers_set_timer(bearers);
}

static void bearers_set_timer(struct bearers *bearers)
{
    uint64_t now_ms = bearers->context.now_ms(bearers->context.arg);
    uint64_t least_ms = UINT64_MAX;
    for (const struct bearer_source *each = bearers->sources; each != NULL; each = each->next) {
        uint64_t wait_ms = bearer_schedule_wait_ms(&each->schedule, now_ms);
        least_ms = wait_ms < least_ms ? wait_ms : least_ms;
    }
    if (least_ms == UINT64_MAX) {
        (void)uv_timer_stop(&bearers->timer);
    } else {
        (void)uv_timer_start(&bearers->timer, bearers_on_timer, least_ms, 0);
    }
}

static bool source_has(const struct bearer_source *source, const struct bearer_kind *kind,
                       const json_t *settings)
{
    bool is_same = source->kind == kind;
    for (unsigned i = 0; is_same && i < 3 && kind->keys[i] != NULL; i++) {
        is_same = strcmp(source->values[i], text_of(settings, kind->keys[i])) == 0;
    }
    return is_same;
}

static struct bearer_source *source_of(struct bearers *bearers, const struct bearer_kind *kind,
                                       json_t *settings)
{
    for (struct bearer_source *each = bearers->sources; each != NULL; each = each->next) {
        if (source_has(each, kind, settings)) {
            return each;
        }
    }
    struct bearer_source *source = mem_zalloc(1, sizeof(*source));
    source->bearers = bearers;
    source->kind = kind;
    source->settings = json_incref(settings);
    for (unsigned i = 0; i < 3 && kind->keys[i] != NULL; i++) {
        source->values[i] = mem_copy_str(text_of(settings, kind->keys[i]));
    }
    source->next = bearers->sources;
    bearers->sources = source;
    return source;
}

/* The settings of one adapter; what they lack the worker says, which cannot open it. */
static void take_adapter(struct bearers *bearers, const struct wire_provider *provider,
                         const struct bearer_kind *kind, json_t *settings)
{
    for (unsigned i = 0; i < 3 && kind->keys[i] != NULL; i++) {
        if (text_of(settings, kind->keys[i]) == NULL) {
            return;
        }
    }
    struct bearer_source *source = source_of(bearers, kind, settings);
    struct bearer_user *user = mem_zalloc(1, sizeof(*user));
    *user = (struct bearer_user){provider->id, provider->name, source->users};
    source->users = user;
}

/* Of the adapter itself, or of one that is made of others. */
static void take_provider(struct bearers *bearers, const struct wire_provider *provider)
{
    bool is_made_of_others = strcmp(provider->adapter, "push") == 0;
    json_t *settings = json_loads(provider->settings, JSON_REJECT_DUPLICATES, NULL);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        json_t *own = is_made_of_others ? json_object_get(settings, kinds[i].adapter) : settings;
        if (json_is_object(own) &&
            (is_made_of_others || strcmp(provider->adapter, kinds[i].adapter) == 0)) {
            take_adapter(bearers, provider, &kinds[i], own);
        }
    }
    json_decref(settings);
}

struct bearers *bearers_open(const struct bearers_context *context,
                             const struct wire_provider *providers, unsigned count)
{
    struct bearers *bearers = mem_zalloc(1, sizeof(*bearers));
    bearers->context = *context;
    (void)uv_timer_init(context->loop, &bearers->timer);
    bearers->timer.data = bearers;
    for (unsigned i = 0; i < count; i++) {
        take_provider(bearers, &providers[i]);
    }
    bearers_set_timer(bearers);
    return bearers;
}

void bearers_renew(struct bearers *bearers)
{
    for (struct bearer_source *each = bearers->sources; each != NULL; each = each->next) {
        each->schedule.due_ms = 0;
    }
    bearers_set_timer(bearers);
}

static void source_free(struct bearer_source *source)
{
    if (source->client != NULL) {
        http_client_close(source->client);
    }
    while (source->users != NULL) {
        struct bearer_user *user = source->users;
        source->users = user->next;
        mem_free(user);
    }
    for (unsigned i = 0; i < 3; i++) {
        mem_free(source->values[i]);
    }
    json_decref(source->settings);
    mem_free(source->client_url);
    mem_free(source);
}

static void bearers_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void bearers_close(struct bearers *bearers)
{
    if (bearers == NULL) {
        return;
    }
    bearers->is_closing = true;
    while (bearers->sources != NULL) {
        struct bearer_source *source = bearers->sources;
        bearers->sources = source->next;
        source_free(source);
    }
    uv_close((uv_handle_t *)&bearers->timer, bearers_on_closed);
}
