/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/push_client.h"

#include "common/secret.h"

const struct attempt_result push_without_bearer = {.outcome = OUTCOME_MISCONFIGURED,
                                                   .reason = REASON_TOKEN_MISSING};

enum err push_client_check(const struct push_client_settings *settings, const char *where,
                           struct problem *problem)
{
    if (settings->url != NULL && !http_client_url_is_valid(settings->url)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: url must be http:// or https:// with a host, not \"%.80s\"", where,
                           settings->url);
    }
    return channel_settings_file(settings->ca_file, where, "ca_file", problem);
}

struct http_client *push_client_new(const struct push_client_settings *settings,
                                    const struct channel_context *context,
                                    const struct push_client_form *form)
{
    struct http_client_settings client = {
        .loop = context->loop,
        .tally = context->tally,
        .on_answer = form->on_answer,
        .arg = form->arg,
        .connections = settings->connections,
        .http2 = true,
        .streams = settings->streams,
        .connect_timeout_ms = settings->connect_timeout_ms < settings->timeout_ms
                                  ? settings->connect_timeout_ms
                                  : settings->timeout_ms,
        .timeout_ms = settings->timeout_ms,
        .method = "POST",
        .has_body = true,
        .url = form->one_url ? settings->url : NULL,
        .headers = form->headers,
        .answer_header = form->answer_header,
        .ca_file = settings->ca_file,
        .insecure_tls = settings->insecure_tls,
        .proxy = settings->proxy,
        .guard = settings->proxy == NULL ? form->guard : NULL, /* else the proxy resolves names */
    };
    return http_client_new(&client);
}

void push_bearer_open(struct push_bearer *bearer, const uv_loop_t *loop)
{
    bearer->until_ms = uv_now(loop) + PUSH_BEARER_PATIENCE_MS;
}

void push_bearer_set(struct push_bearer *bearer, const char *scheme, struct slice token)
{
    secret_release(&bearer->line);
    bearer->until_ms = 0;
    if (token.len > 0) {
        buf_printf(&bearer->line, "authorization: %s ", scheme);
        buf_slice(&bearer->line, token);
        (void)buf_cstr(&bearer->line);
    }
}

bool push_bearer_is_awaited(const struct push_bearer *bearer, const uv_loop_t *loop)
{
    return bearer->line.len == 0 && uv_now(loop) < bearer->until_ms;
}

void push_bearer_release(struct push_bearer *bearer)
{
    secret_release(&bearer->line);
}
