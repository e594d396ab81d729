/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_message.h"

#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/template.h"

#define ATTACHMENTS "attachments" /* a list; the other parts are texts */

/* Every name is as good as another here: the coordinator knows the audience's columns. */
static int any_name(void *arg, struct slice name)
{
    (void)arg;
    (void)name;
    return 0;
}

static enum err check_template(struct slice text, const char *what, struct problem *problem)
{
    struct template *template = NULL;
    struct problem inner;
    enum err err = template_new(&template, text, TEMPLATE_RAW, any_name, NULL, &inner);
    template_free(template);
    return err == ERR_OK ? ERR_OK : problem_set(problem, ERR_INVALID, "%s: %s", what, inner.text);
}

/* Adds member `name` with a template. */
static enum err put_template(json_t *parts, const char *name, struct slice text, const char *what,
                             struct problem *problem)
{
    enum err err = check_template(text, what, problem);
    if (err == ERR_OK) {
        json_t *value = json_stringn((const char *)text.data, text.len);
        if (value == NULL || json_object_set_new(parts, name, value) != 0) {
            err = problem_set(problem, ERR_INVALID, "%s is not UTF-8", what);
        }
    }
    return err;
}

static enum err put_option(json_t *parts, const char *member, const struct arguments *arguments,
                           const char *option, struct problem *problem)
{
    const char *text = arguments_value(arguments, option);
    struct buf what = {0};
    enum err err = ERR_OK;
    if (text != NULL) {
        buf_printf(&what, "--%s", option);
        err = put_template(parts, member, slice_str(text), buf_cstr(&what), problem);
    }
    buf_release(&what);
    return err;
}

static enum err put_file(json_t *parts, const char *member, const char *path,
                         struct problem *problem)
{
    struct buf text = {0};
    if (path == NULL) {
        return ERR_OK;
    }
    enum err err = file_read(&text, path, CAMPAIGN_MESSAGE_BYTES, problem);
    if (err == ERR_OK) {
        err = put_template(parts, member, buf_view(&text), path, problem);
    }
    buf_release(&text);
    return err;
}

static const char *channel_of(const json_t *step)
{
    return json_string_value(json_object_get(step, "channel"));
}

static bool takes(const char *channel, const char *part)
{
    bool is_email = strcmp(channel, "email") == 0;
    if (strcmp(part, ATTACHMENTS) == 0) {
        return is_email;
    }
    if (strcmp(part, "subject") == 0) {
        return is_email || strcmp(channel, "push") == 0;
    }
    return is_email || strcmp(part, "html") != 0;
}

static bool some_takes(const json_t *steps, const char *part)
{
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        if (takes(channel_of(step), part)) {
            return true;
        }
    }
    return false;
}

static enum err check_options(const json_t *steps, const struct arguments *arguments,
                              struct problem *problem)
{
    if (arguments_has(arguments, "text") && arguments_has(arguments, "text-file")) {
        return problem_set(problem, ERR_INVALID,
                           "--text and --text-file are both given; one is the message");
    }
    if (arguments_has(arguments, "subject") && !some_takes(steps, "subject")) {
        return problem_set(problem, ERR_INVALID, "--subject is for the channels email and push");
    }
    if (arguments_has(arguments, "attach") && !some_takes(steps, ATTACHMENTS)) {
        return problem_set(problem, ERR_INVALID, "--attach is for the channel email");
    }
    if (arguments_has(arguments, "html-file") && !some_takes(steps, "html")) {
        return problem_set(problem, ERR_INVALID, "--html-file is for the channel email");
    }
    return ERR_OK;
}

/* Is there enough for each channel? */
static enum err check_parts(const json_t *steps, const struct arguments *arguments,
                            struct problem *problem)
{
    bool has_text = arguments_has(arguments, "text") || arguments_has(arguments, "text-file");
    bool has_html = arguments_has(arguments, "html-file");
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        const char *channel = channel_of(step);
        if (strcmp(channel, "email") == 0 && !arguments_has(arguments, "subject")) {
            return problem_set(problem, ERR_INVALID, "--subject is missing; an e-mail needs one");
        }
        if (!has_text && !(has_html && takes(channel, "html"))) {
            return problem_set(problem, ERR_INVALID,
                               "the message is missing for %s; --text TEXT or --text-file FILE "
                               "gives it",
                               channel);
        }
    }
    return ERR_OK;
}

/* Names of files, with commas between them; the coordinator checks them. */
static void put_attachments(json_t *parts, const char *names)
{
    json_t *list = json_array();
    struct slice rest = slice_str(names);
    while (rest.len > 0) {
        struct slice name = slice_take_until(&rest, ',');
        json_t *text = json_stringn((const char *)name.data, name.len);
        json_array_append_new(list, text == NULL ? json_string("") : text);
    }
    json_object_set_new(parts, ATTACHMENTS, list);
}

static enum err read_parts(json_t *parts, const struct arguments *arguments,
                           struct problem *problem)
{
    if (arguments_has(arguments, "attach")) {
        put_attachments(parts, arguments_value(arguments, "attach"));
    }
    enum err err = put_option(parts, "subject", arguments, "subject", problem);
    if (err == ERR_OK) {
        err = put_option(parts, "text", arguments, "text", problem);
    }
    if (err == ERR_OK) {
        err = put_file(parts, "text", arguments_value(arguments, "text-file"), problem);
    }
    if (err == ERR_OK) {
        err = put_file(parts, "html", arguments_value(arguments, "html-file"), problem);
    }
    return err;
}

/* For each channel a body of what it takes. */
static json_t *make_content(const json_t *steps, json_t *parts)
{
    json_t *content = json_object();
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        json_t *body = json_object();
        const char *part;
        json_t *text;
        json_object_foreach(parts, part, text)
        {
            if (takes(channel_of(step), part)) {
                json_object_set(body, part, text);
            }
        }
        json_object_set_new(content, channel_of(step), body);
    }
    return content;
}

enum err campaign_message_new(json_t **content, const json_t *steps,
                              const struct arguments *arguments, struct problem *problem)
{
    json_t *parts = json_object();
    *content = NULL;
    enum err err = check_options(steps, arguments, problem);
    if (err == ERR_OK) {
        err = check_parts(steps, arguments, problem);
    }
    if (err == ERR_OK) {
        err = read_parts(parts, arguments, problem);
    }
    if (err == ERR_OK) {
        *content = make_content(steps, parts);
    }
    json_decref(parts);
    return err;
}
