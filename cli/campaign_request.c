/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_request.h"

#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/template.h"
#include "common/text.h"

#define CONTENT_MAX_BYTES ((size_t)1024 * 1024) /* the API's limit on a body */
#define ATTEMPTS_MAX      15
#define WEIGHT_MAX        1000

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
static enum err put_template(json_t *content, const char *name, struct slice text, const char *what,
                             struct problem *problem)
{
    enum err err = check_template(text, what, problem);
    if (err == ERR_OK) {
        json_t *value = json_stringn((const char *)text.data, text.len);
        if (value == NULL || json_object_set_new(content, name, value) != 0) {
            err = problem_set(problem, ERR_INVALID, "%s is not UTF-8", what);
        }
    }
    return err;
}

static enum err put_option(json_t *content, const char *member, const struct arguments *arguments,
                           const char *option, struct problem *problem)
{
    const char *text = arguments_value(arguments, option);
    struct buf what = {0};
    enum err err = ERR_OK;
    if (text != NULL) {
        buf_printf(&what, "--%s", option);
        err = put_template(content, member, slice_str(text), buf_cstr(&what), problem);
    }
    buf_release(&what);
    return err;
}

static enum err put_file(json_t *content, const char *member, const char *path,
                         struct problem *problem)
{
    struct buf text = {0};
    if (path == NULL) {
        return ERR_OK;
    }
    enum err err = file_read(&text, path, CONTENT_MAX_BYTES, problem);
    if (err == ERR_OK) {
        err = put_template(content, member, buf_view(&text), path, problem);
    }
    buf_release(&text);
    return err;
}

static enum err check_together(const struct arguments *arguments, const char *channel,
                               struct problem *problem)
{
    bool is_email = channel != NULL && strcmp(channel, "email") == 0;
    bool has_text = arguments_has(arguments, "text") || arguments_has(arguments, "text-file");
    if (channel == NULL) {
        return problem_set(
            problem, ERR_INVALID,
            "--channel is missing; it says how to reach them, such as --channel sms");
    }
    if (arguments_has(arguments, "text") && arguments_has(arguments, "text-file")) {
        return problem_set(problem, ERR_INVALID,
                           "--text and --text-file are both given; one is the message");
    }
    if (!is_email &&
        (arguments_has(arguments, "subject") || arguments_has(arguments, "html-file"))) {
        return problem_set(problem, ERR_INVALID,
                           "--subject and --html-file are for --channel email");
    }
    if (is_email && !arguments_has(arguments, "subject")) {
        return problem_set(problem, ERR_INVALID, "--subject is missing; an e-mail needs one");
    }
    if (!has_text && !(is_email && arguments_has(arguments, "html-file"))) {
        return problem_set(problem, ERR_INVALID,
                           "the message is missing; --text TEXT or --text-file FILE gives it");
    }
    return ERR_OK;
}

static enum err make_content(json_t *content, const struct arguments *arguments,
                             struct problem *problem)
{
    enum err err = put_option(content, "subject", arguments, "subject", problem);
    if (err == ERR_OK) {
        err = put_option(content, "text", arguments, "text", problem);
    }
    if (err == ERR_OK) {
        err = put_file(content, "text", arguments_value(arguments, "text-file"), problem);
    }
    if (err == ERR_OK) {
        err = put_file(content, "html", arguments_value(arguments, "html-file"), problem);
    }
    return err;
}

static enum err put_duration(json_t *plan, const char *member, const struct arguments *arguments,
                             const char *option, struct problem *problem)
{
    const char *value = arguments_value(arguments, option);
    uint64_t ms;
    if (value == NULL) {
        return ERR_OK;
    }
    if (!text_duration_ms(slice_str(value), &ms)) {
        return problem_set(problem, ERR_INVALID,
                           "--%s cannot be \"%s\"; it is a time such as 30s, 5m or 2h", option,
                           value);
    }
    json_object_set_new(plan, member, json_string(value));
    return ERR_OK;
}

static void put_word(json_t *object, const char *member, const char *value)
{
    if (value != NULL) {
        json_object_set_new(object, member, json_string(value));
    }
}

static enum err put_number(json_t *object, const char *member, const struct arguments *arguments,
                           uint64_t max, struct problem *problem)
{
    uint64_t number = 0;
    enum err err = arguments_number(arguments, member, 1, max, &number, problem);
    if (err == ERR_OK && number > 0) {
        json_object_set_new(object, member, json_integer((json_int_t)number));
    }
    return err;
}

static enum err make_plan(json_t *plan, const struct arguments *arguments, struct problem *problem)
{
    put_word(plan, "provider", arguments_value(arguments, "provider"));
    put_word(plan, "on_uncertain", arguments_value(arguments, "on-uncertain"));
    enum err err = put_number(plan, "attempts", arguments, ATTEMPTS_MAX, problem);
    if (err == ERR_OK) {
        err = put_duration(plan, "backoff", arguments, "backoff", problem);
    }
    if (err == ERR_OK) {
        err = put_duration(plan, "backoff_max", arguments, "backoff-max", problem);
    }
    if (err == ERR_OK) {
        err = put_duration(plan, "within", arguments, "within", problem);
    }
    return err;
}

enum err campaign_request_new(json_t **request, const struct arguments *arguments, const char *name,
                              struct problem *problem)
{
    const char *channel = arguments_value(arguments, "channel");
    *request = NULL;
    enum err err = check_together(arguments, channel, problem);
    if (err != ERR_OK) {
        return err;
    }
    json_t *content = json_object();
    json_t *plan = json_object();
    *request = json_object();
    put_word(*request, "name", name);
    put_word(*request, "channel", channel);
    put_word(*request, "priority", arguments_value(arguments, "priority"));
    err = put_number(*request, "weight", arguments, WEIGHT_MAX, problem);
    if (err == ERR_OK) {
        err = make_content(content, arguments, problem);
    }
    if (err == ERR_OK) {
        err = make_plan(plan, arguments, problem);
    }
    json_object_set_new(*request, "content", json_pack("{s:o}", channel, content));
    if (json_object_size(plan) > 0) {
        json_object_set(*request, "plan", plan);
    }
    json_decref(plan);
    if (err != ERR_OK) {
        json_decref(*request);
        *request = NULL;
    }
    return err;
}

enum err campaign_request_load(json_t **request, const char *file, struct problem *problem)
{
    struct buf text = {0};
    json_error_t error;
    *request = NULL;
    const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
    enum err err = file_read(&text, path, CONTENT_MAX_BYTES, problem);
    if (err == ERR_OK) {
        *request = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
        if (*request == NULL) {
            err = problem_set(problem, ERR_INVALID, "%s is no JSON: %s; line %d, column %d", file,
                              error.text, error.line, error.column);
        }
    }
    buf_release(&text);
    return err;
}
