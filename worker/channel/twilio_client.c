/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/twilio_client.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "net/http_client.h"
#include "worker/channel/callback_url.h"
#include "worker/channel/twilio_answer.h"

#define API_PATH "/2010-04-01/Accounts/"
#define SID_MAX  64

struct twilio_client {
    struct channel_context context;
    struct http_client *http;
    uint32_t connections;
    bool is_traced;
    struct http_request *begun; /* or NULL */
};

static void twilio_on_answer(void *arg, const struct http_answer *answer)
{
    struct twilio_client *client = arg;
    struct http_reading reading;
    http_reading_init(&reading, answer);
    struct attempt_result result = twilio_answer_read(&reading);
    client->context.result(client->context.arg, answer->tag, &result);
    http_reading_release(&reading);
}

/* Letters and digits: it becomes a part of the URL. */
static bool is_sid(const char *text, const char *prefix)
{
    size_t len = strlen(text);
    size_t good = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return good == len && len <= SID_MAX && strncmp(text, prefix, strlen(prefix)) == 0;
}

static enum err check(const struct twilio_settings *settings, const char *where,
                      struct problem *problem)
{
    if (settings->account == NULL || !is_sid(settings->account, "AC")) {
        return problem_set(problem, ERR_INVALID,
                           "%s: account must be the account's SID, AC and 32 digits", where);
    }
    if (settings->api_key != NULL && !is_sid(settings->api_key, "SK")) {
        return problem_set(problem, ERR_INVALID,
                           "%s: api_key must be the SID of an API key, SK and 32 digits", where);
    }
    if ((settings->api_key == NULL) != (settings->api_secret == NULL)) {
        return problem_set(problem, ERR_INVALID, "%s: %s is missing beside %s", where,
                           settings->api_key == NULL ? "api_key" : "api_secret",
                           settings->api_key == NULL ? "api_secret" : "api_key");
    }
    if (settings->api_key == NULL && settings->auth_token == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "%s: auth_token is missing, or api_key and api_secret", where);
    }
    enum err err = callback_url_check(settings->url, where, "url", problem);
    return err == ERR_OK ? http_link_check(&settings->link, where, problem) : err;
}

static struct http_client *open_http(struct twilio_client *client,
                                     const struct twilio_settings *settings, const char *url,
                                     const char *password)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                          "Accept: application/json", NULL};
    struct http_client_settings http = {
        .loop = client->context.loop,
        .tally = client->context.tally,
        .on_answer = twilio_on_answer,
        .arg = client,
        .method = "POST",
        .has_body = true,
        .url = url,
        .headers = headers,
        .user = settings->api_key != NULL ? settings->api_key : settings->account,
        .password = password,
    };
    http_link_put(&settings->link, &http);
    return http_client_new(&http);
}

enum err twilio_client_new(struct twilio_client **out, const struct channel_context *context,
                           const struct twilio_settings *settings, const char *resource,
                           const char *where, struct problem *problem)
{
    struct buf password = {0};
    struct buf url = {0};
    bool has_key = settings->api_key != NULL;
    *out = NULL;
    enum err err = check(settings, where, problem);
    if (err == ERR_OK) {
        err = channel_settings_secret(has_key ? settings->api_secret : settings->auth_token, where,
                                      has_key ? "api_secret" : "auth_token", &password, problem);
    }
    if (err == ERR_OK) {
        size_t len = strlen(settings->url);
        len -= settings->url[len - 1] == '/';
        buf_append(&url, settings->url, len);
        buf_printf(&url, API_PATH "%s/%s", settings->account, resource);
        struct twilio_client *client = mem_zalloc(1, sizeof(*client));
        client->context = *context;
        client->connections = settings->link.connections;
        client->is_traced = settings->link.traceparent;
        client->http = open_http(client, settings, buf_cstr(&url), buf_cstr(&password));
        *out = client;
    }
    secret_release(&password);
    buf_release(&url);
    return err;
}

void twilio_client_close(struct twilio_client *client)
{
    if (client != NULL) {
        http_client_close(client->http);
        mem_free(client);
    }
}

uint32_t twilio_client_connections(const struct twilio_client *client)
{
    return client->connections;
}

void twilio_client_begin(struct twilio_client *client)
{
    assert(client->begun == NULL);
    client->begun = http_client_take(client->http);
}

void twilio_client_add(struct twilio_client *client, const char *name, struct slice value)
{
    struct buf *form = http_request_body(client->begun);
    buf_printf(form, "%s%s=", form->len == 0 ? "" : "&", name);
    text_url_encode(form, value);
}

void twilio_client_add_number(struct twilio_client *client, const char *name, uint32_t value)
{
    struct buf *form = http_request_body(client->begun);
    buf_printf(form, "%s%s=%" PRIu32, form->len == 0 ? "" : "&", name, value);
}

void twilio_client_send(struct twilio_client *client, const struct attempt *attempt)
{
    struct http_request *request = client->begun;
    client->begun = NULL;
    http_link_put_trace(client->is_traced, attempt, request);
    http_request_send(request, attempt->id);
}

void twilio_client_reject(struct twilio_client *client, uint32_t attempt, enum reason reason)
{
    const struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
    client->context.result(client->context.arg, attempt, &result);
}
