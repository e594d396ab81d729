/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/json_post.h"

#include <assert.h>
#include <string.h>

#include "common/locale.h"
#include "common/mem.h"
#include "worker/channel/http_message.h"
#include "worker/channel/http_rules.h"

struct json_post {
    struct channel channel; /* first: callers have it */
    struct channel_context context;
    json_post_judge_fn judge;
    void (*polish)(struct buf *body);
    size_t body_max_bytes;
    bool escape_markup;
    bool is_traced;
    uint32_t connections;
    struct channel_fields *fields;
    struct http_message *messages[JSON_POST_BODIES_MAX];
    char *locales[JSON_POST_BODIES_MAX];
    unsigned count;
    bool has_locales;
    struct http_rules *rules;
    struct buf scratch;
    struct buf subject; /* escaped */
    struct buf text;
    struct buf value;
    struct http_client *client;
};

/* --- answers --- */

void json_post_apply(const struct json_post_code *code, const struct http_answer *answer,
                     struct attempt_result *result)
{
    result->outcome = code->outcome;
    result->reason = code->reason == 0 ? answer->status : code->reason;
    result->retry_after_ms =
        answer->retry_after_ms > 0 ? answer->retry_after_ms : code->retry_after_ms;
}

void json_post_unreadable(const struct http_answer *answer, struct attempt_result *result)
{
    result->outcome = answer->complete ? OUTCOME_UNCERTAIN : answer->outcome;
    result->reason = (uint16_t)(answer->complete ? REASON_ANSWER_MALFORMED : answer->reason);
    result->retry_after_ms = 0;
}

static void json_post_on_answer(void *arg, const struct http_answer *answer)
{
    struct json_post *post = arg;
    struct http_reading reading;
    http_reading_init(&reading, answer);
    struct http_verdict verdict = http_rules_judge(post->rules, &reading);
    struct attempt_result result = {
        .outcome = verdict.outcome,
        .reason = verdict.reason,
        .retry_after_ms = verdict.retry_after_ms,
    };
    buf_clear(&post->scratch);
    if (answer->status != 0) {
        post->judge(&reading, &result, &post->scratch);
    }
    if (result.ref.len > OUTCOME_REF_MAX) {
        result.ref.len = 0;
    }
    post->context.result(post->context.arg, answer->tag, &result);
    http_reading_release(&reading);
}

/* --- attempts --- */

static struct slice escape_markup(struct buf *buf, struct slice text)
{
    buf_clear(buf);
    for (size_t i = 0; i < text.len; i++) {
        switch (text.data[i]) {
        case '&':
            buf_str(buf, "&amp;");
            break;
        case '<':
            buf_str(buf, "&lt;");
            break;
        case '>':
            buf_str(buf, "&gt;");
            break;
        default:
            buf_u8(buf, text.data[i]);
        }
    }
    return buf_view(buf);
}

struct escaping {
    struct json_post *post;
    const struct attempt *attempt;
};

/* A value is copied before the next is asked for. */
static bool escaped_variable(const struct attempt *attempt, struct slice name, struct slice *value)
{
    const struct escaping *escaping = attempt->variable_arg;
    const struct attempt *plain = escaping->attempt;
    if (plain->variable == NULL || !plain->variable(plain, name, value)) {
        return false;
    }
    *value = escape_markup(&escaping->post->value, *value);
    return true;
}

static bool fill(struct json_post *post, const struct http_message *message,
                 const struct attempt *attempt, struct http_request *request)
{
    if (!post->escape_markup) {
        return http_message_fill(message, attempt, request);
    }
    const struct escaping escaping = {.post = post, .attempt = attempt};
    struct attempt escaped = *attempt;
    escaped.subject = escape_markup(&post->subject, attempt->subject);
    escaped.text = escape_markup(&post->text, attempt->text);
    escaped.variable = escaped_variable;
    escaped.variable_arg = &escaping;
    return http_message_fill(message, &escaped, request);
}

static const struct http_message *choose(const struct json_post *post,
                                         const struct attempt *attempt)
{
    struct slice locale = {0};
    if (!post->has_locales || attempt->variable == NULL ||
        !attempt->variable(attempt, slice_str("locale"), &locale)) {
        return post->messages[0];
    }
    int found = locale_find((const char *const *)post->locales, post->count, locale);
    return post->messages[found < 0 ? 0 : found];
}

void json_post_start(struct channel *channel, const struct attempt *attempt)
{
    struct json_post *post = (struct json_post *)channel;
    struct http_request *request = http_client_take(post->client);
    struct buf *body = http_request_body(request);
    enum reason reason = REASON_NONE;
    if (!fill(post, choose(post, attempt), attempt, request)) {
        reason = REASON_VARIABLE_MISSING;
    } else if (post->polish != NULL) {
        post->polish(body);
    }
    if (reason == REASON_NONE && post->body_max_bytes > 0 && body->len > post->body_max_bytes) {
        reason = REASON_MESSAGE_TOO_LARGE;
    }
    if (reason == REASON_NONE) {
        http_link_put_trace(post->is_traced, attempt, request);
        http_request_send(request, attempt->id);
        return;
    }
    http_request_drop(request);
    const struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
    post->context.result(post->context.arg, attempt->id, &result);
}

uint32_t json_post_concurrency(const struct channel *channel)
{
    return ((const struct json_post *)channel)->connections;
}

/* --- open and close --- */

static void json_post_free(struct json_post *post)
{
    for (unsigned i = 0; i < JSON_POST_BODIES_MAX; i++) {
        http_message_free(post->messages[i]);
        mem_free(post->locales[i]);
    }
    http_rules_free(post->rules);
    channel_fields_free(post->fields);
    buf_release(&post->scratch);
    buf_release(&post->subject);
    buf_release(&post->text);
    buf_release(&post->value);
    mem_free(post);
}

void json_post_close(struct channel *channel)
{
    struct json_post *post = (struct json_post *)channel;
    http_client_close(post->client);
    json_post_free(post);
}

static enum err open_messages(struct json_post *post, const struct json_post_setup *setup,
                              const char *where, struct problem *problem)
{
    enum err err = channel_fields_new(&post->fields, setup->secrets, where, problem);
    assert(setup->body_count >= 1 && setup->body_count <= JSON_POST_BODIES_MAX);
    for (unsigned i = 0; err == ERR_OK && i < setup->body_count; i++) {
        const struct http_message_settings message = {setup->url, HTTP_FORMAT_JSON, setup->headers,
                                                      setup->bodies[i]};
        post->locales[i] = setup->locales == NULL ? NULL : mem_copy_str(setup->locales[i]);
        err = http_message_new(&post->messages[i], post->fields, &message, where, problem);
    }
    post->count = setup->body_count;
    post->has_locales = setup->locales != NULL;
    if (err != ERR_OK) {
        return err;
    }
    err = http_rules_new(&post->rules, NULL, http_message_url(post->messages[0]) != NULL, where,
                         problem);
    return err == ERR_OK ? http_link_check(&setup->link, where, problem) : err;
}

static void open_client(struct json_post *post, const struct http_link *link)
{
    struct http_client_settings settings = {
        .loop = post->context.loop,
        .tally = post->context.tally,
        .on_answer = json_post_on_answer,
        .arg = post,
        .method = "POST",
        .has_body = true,
        .url = http_message_url(post->messages[0]),
        .headers = http_message_headers(post->messages[0]),
    };
    http_link_put(link, &settings);
    post->connections = link->connections;
    post->is_traced = link->traceparent;
    post->client = http_client_new(&settings);
}

enum err json_post_open(struct channel **out, const struct channel_context *context,
                        const struct json_post_setup *setup, const char *where,
                        struct problem *problem)
{
    struct json_post *post = mem_zalloc(1, sizeof(*post));
    post->channel.adapter = setup->adapter;
    post->context = *context;
    post->judge = setup->judge;
    post->polish = setup->polish;
    post->body_max_bytes = setup->body_max_bytes;
    post->escape_markup = setup->escape_markup;
    enum err err = open_messages(post, setup, where, problem);
    if (err != ERR_OK) {
        json_post_free(post);
        return err;
    }
    open_client(post, &setup->link);
    *out = &post->channel;
    return ERR_OK;
}
