/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms and queries are joined to one template at opening: the literal parts of their names and
 * values are encoded then, so that filling one is as cheap as filling a text. A JSON body given as
 * a map is printed then, for the same reason.
 */
#include "worker/channel/http_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/mem.h"
#include "common/text.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/json_body.h"

#define WHERE_MAX_BYTES 160

struct varying_header {
    char *name;
    struct template *value;
};

struct http_message {
    struct channel_fields *fields;
    char *url;             /* whole, or the part that does not vary */
    struct template *path; /* the part that does, or NULL */
    struct template *body;
    char **headers; /* NULL-terminated */
    size_t header_count;
    struct varying_header *varying;
    size_t varying_count;
};

static const char *const content_types[] = {
    [HTTP_FORMAT_JSON] = "Content-Type: application/json",
    [HTTP_FORMAT_FORM] = "Content-Type: application/x-www-form-urlencoded",
    [HTTP_FORMAT_QUERY] = NULL,
    [HTTP_FORMAT_RAW] = "Content-Type: text/plain; charset=utf-8",
};

/* --- forms --- */

/* A template's text with its literal parts encoded; placeholders stay. */
static void form_encode_literals(struct buf *buf, const char *text)
{
    while (*text != '\0') {
        if (strncmp(text, "\\{{", 3) == 0) {
            text_url_encode(buf, slice_str("{{"));
            text += 3;
        } else if (strncmp(text, "{{", 2) == 0) {
            const char *end = strstr(text, "}}");
            size_t len = end == NULL ? strlen(text) : (size_t)(end + 2 - text);
            buf_append(buf, text, len);
            text += len;
        } else {
            text_url_encode(buf, slice_of(text, 1));
            text++;
        }
    }
}

static enum err form_join(struct buf *buf, json_t *map, const char *where, struct problem *problem)
{
    if (!json_is_object(map)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: body must be a map of names to texts with this format", where);
    }
    const char *separator = "";
    for (void *at = json_object_iter(map); at != NULL; at = json_object_iter_next(map, at)) {
        const char *name = json_object_iter_key(at);
        const char *value = channel_settings_text(map, name);
        if (value == NULL) {
            return problem_set(problem, ERR_INVALID, "%s: body.%s must be text", where, name);
        }
        buf_str(buf, separator);
        text_url_encode(buf, slice_str(name));
        buf_str(buf, "=");
        form_encode_literals(buf, value);
        separator = "&";
    }
    return ERR_OK;
}

/* --- body --- */

static enum err body_text(struct buf *text, const struct http_message_settings *settings,
                          const char *where, struct problem *problem)
{
    if (settings->format == HTTP_FORMAT_FORM) {
        return form_join(text, settings->body, where, problem);
    }
    if (json_is_string(settings->body)) {
        buf_str(text, json_string_value(settings->body));
        return ERR_OK;
    }
    if (settings->format != HTTP_FORMAT_JSON) {
        return problem_set(problem, ERR_INVALID, "%s: body must be text with this format", where);
    }
    json_body_print(text, settings->body);
    return ERR_OK;
}

static enum err message_read_body(struct http_message *message,
                                  const struct http_message_settings *settings, const char *where,
                                  struct problem *problem)
{
    if (settings->body == NULL || settings->format == HTTP_FORMAT_QUERY) {
        return ERR_OK;
    }
    static const enum template_escape escapes[] = {
        [HTTP_FORMAT_JSON] = TEMPLATE_JSON,
        [HTTP_FORMAT_FORM] = TEMPLATE_URL,
        [HTTP_FORMAT_RAW] = TEMPLATE_RAW,
    };
    char inner[WHERE_MAX_BYTES];
    (void)snprintf(inner, sizeof(inner), "%s: body", where);
    struct buf text = {0};
    enum err err = body_text(&text, settings, where, problem);
    if (err == ERR_OK) {
        err = channel_fields_template(&message->body, message->fields, buf_view(&text),
                                      escapes[settings->format], inner, problem);
    }
    if (err == ERR_OK && settings->format == HTTP_FORMAT_JSON) {
        err = json_body_check(message->fields, message->body, inner, problem);
    }
    buf_release(&text);
    return err;
}

/* --- URL --- */

/* Where the part begins that may depend on a recipient: behind the host. */
static const char *url_path(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme == NULL ? url : scheme + 3;
    return host + strcspn(host, "/?#");
}

/* The part behind the host, with the query of the body where that is the format. */
static enum err url_path_text(struct buf *text, const struct http_message_settings *settings,
                              const char *where, struct problem *problem)
{
    const char *path = url_path(settings->url);
    buf_str(text, path);
    if (settings->format != HTTP_FORMAT_QUERY || settings->body == NULL) {
        return ERR_OK;
    }
    buf_str(text, strchr(path, '?') == NULL ? "?" : "&");
    return form_join(text, settings->body, where, problem);
}

static enum err url_check(const struct http_message *message, const char *where,
                          struct problem *problem)
{
    struct buf sample = {0};
    buf_str(&sample, message->url);
    if (message->path != NULL) {
        channel_fields_fill_sample(message->fields, message->path, &sample);
    }
    enum err err = ERR_OK;
    if (!http_client_url_is_valid(buf_cstr(&sample))) {
        /* It may hold a secret: not quoted. */
        err = problem_set(problem, ERR_INVALID,
                          "%s: url must be http:// or https:// with a host, and no blanks", where);
    }
    buf_release(&sample);
    return err;
}

static enum err message_read_url(struct http_message *message,
                                 const struct http_message_settings *settings, const char *where,
                                 struct problem *problem)
{
    char inner[WHERE_MAX_BYTES];
    (void)snprintf(inner, sizeof(inner), "%s: url", where);
    const char *url = settings->url;
    struct slice origin = slice_of(url, (size_t)(url_path(url) - url));
    struct template *host = NULL;
    struct buf text = {0};
    struct buf fixed = {0};
    enum err err = channel_fields_secret_template(&host, message->fields, origin, inner, problem);
    if (err == ERR_OK) {
        (void)channel_fields_fill(message->fields, host, NULL, &fixed);
        err = url_path_text(&text, settings, where, problem);
    }
    if (err == ERR_OK) {
        err = channel_fields_template(&message->path, message->fields, buf_view(&text),
                                      TEMPLATE_URL, inner, problem);
    }
    if (err == ERR_OK && !channel_fields_vary(message->fields, message->path)) {
        (void)channel_fields_fill(message->fields, message->path, NULL, &fixed);
        template_free(message->path);
        message->path = NULL;
    }
    if (err == ERR_OK) {
        message->url = mem_copy_str(buf_cstr(&fixed));
        err = url_check(message, where, problem);
    }
    template_free(host);
    buf_release(&text);
    buf_release(&fixed);
    return err;
}

/* --- headers --- */

static bool header_name_is_valid(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

/* No value can end its line. */
static void header_disarm(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((bytes[i] < 0x20 && bytes[i] != '\t') || bytes[i] == 0x7f) {
            bytes[i] = ' ';
        }
    }
}

/* False if the recipient lacks a variable. */
static bool header_write(struct buf *line, const struct http_message *message, const char *name,
                         const struct template *value, const struct attempt *attempt)
{
    buf_str(line, name);
    buf_str(line, ": ");
    bool is_filled = channel_fields_fill(message->fields, value, attempt, line);
    header_disarm(line->data, line->len);
    return is_filled;
}

static void message_add_header(struct http_message *message, const char *line)
{
    message->headers =
        mem_resize(message->headers, message->header_count + 2, sizeof(message->headers[0]));
    message->headers[message->header_count++] = mem_copy_str(line);
    message->headers[message->header_count] = NULL;
}

static void message_add_template(struct http_message *message, const char *name,
                                 struct template *take_value)
{
    if (channel_fields_vary(message->fields, take_value)) {
        message->varying =
            mem_resize(message->varying, message->varying_count + 1, sizeof(message->varying[0]));
        message->varying[message->varying_count++] =
            (struct varying_header){mem_copy_str(name), take_value};
        return;
    }
    struct buf line = {0};
    (void)header_write(&line, message, name, take_value, NULL);
    message_add_header(message, buf_cstr(&line));
    buf_release(&line);
    template_free(take_value);
}

static enum err message_read_header(struct http_message *message, json_t *headers, const char *name,
                                    const char *where, struct problem *problem)
{
    const char *text = channel_settings_text(headers, name);
    if (text == NULL || !header_name_is_valid(name)) {
        return problem_set(problem, ERR_INVALID, "%s: headers: \"%.64s\" %s", where, name,
                           text == NULL ? "must have a text" : "is no name of a header");
    }
    char inner[WHERE_MAX_BYTES];
    (void)snprintf(inner, sizeof(inner), "%s: headers.%s", where, name);
    struct template *value;
    enum err err = channel_fields_template(&value, message->fields, slice_str(text), TEMPLATE_RAW,
                                           inner, problem);
    if (err == ERR_OK) {
        message_add_template(message, name, value);
    }
    return err;
}

static enum err message_read_headers(struct http_message *message,
                                     const struct http_message_settings *settings,
                                     const char *where, struct problem *problem)
{
    const char *content_type = message->body == NULL ? NULL : content_types[settings->format];
    json_t *headers = settings->headers;
    for (void *at = json_object_iter(headers); at != NULL;
         at = json_object_iter_next(headers, at)) {
        const char *name = json_object_iter_key(at);
        enum err err = message_read_header(message, headers, name, where, problem);
        if (err != ERR_OK) {
            return err;
        }
        content_type = strcasecmp(name, "content-type") == 0 ? NULL : content_type;
    }
    if (content_type != NULL) {
        message_add_header(message, content_type);
    }
    return ERR_OK;
}

/* --- the message --- */

enum err http_message_new(struct http_message **out, struct channel_fields *fields,
                          const struct http_message_settings *settings, const char *where,
                          struct problem *problem)
{
    struct http_message *message = mem_zalloc(1, sizeof(*message));
    message->fields = fields;
    enum err err = message_read_url(message, settings, where, problem);
    if (err == ERR_OK) {
        err = message_read_body(message, settings, where, problem);
    }
    if (err == ERR_OK) {
        err = message_read_headers(message, settings, where, problem);
    }
    if (err != ERR_OK) {
        http_message_free(message);
        message = NULL;
    }
    *out = message;
    return err;
}

void http_message_free(struct http_message *message)
{
    if (message == NULL) {
        return;
    }
    for (size_t i = 0; i < message->header_count; i++) {
        mem_free(message->headers[i]);
    }
    for (size_t i = 0; i < message->varying_count; i++) {
        mem_free(message->varying[i].name);
        template_free(message->varying[i].value);
    }
    mem_free(message->headers);
    mem_free(message->varying);
    mem_free(message->url);
    template_free(message->path);
    template_free(message->body);
    mem_free(message);
}

const char *http_message_url(const struct http_message *message)
{
    return message->path == NULL ? message->url : NULL;
}

const char *const *http_message_headers(const struct http_message *message)
{
    return (const char *const *)message->headers;
}

bool http_message_has_body(const struct http_message *message)
{
    return message->body != NULL;
}

static bool message_fill_headers(const struct http_message *message, const struct attempt *attempt,
                                 struct http_request *request)
{
    struct buf line = {0};
    bool is_filled = true;
    for (size_t i = 0; is_filled && i < message->varying_count; i++) {
        buf_clear(&line);
        is_filled = header_write(&line, message, message->varying[i].name,
                                 message->varying[i].value, attempt);
        http_request_header(request, buf_cstr(&line));
    }
    buf_release(&line);
    return is_filled;
}

bool http_message_fill(const struct http_message *message, const struct attempt *attempt,
                       struct http_request *request)
{
    if (message->path != NULL) {
        struct buf *url = http_request_url(request);
        buf_str(url, message->url);
        if (!channel_fields_fill(message->fields, message->path, attempt, url)) {
            return false;
        }
    }
    if (message->body != NULL &&
        !channel_fields_fill(message->fields, message->body, attempt, http_request_body(request))) {
        return false;
    }
    return message_fill_headers(message, attempt, request);
}
