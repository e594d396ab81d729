/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_message.h"

#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/template.h"

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
static enum err put_template(json_t *body, const char *name, struct slice text, const char *what,
                             struct problem *problem)
{
    enum err err = check_template(text, what, problem);
    if (err == ERR_OK) {
        json_t *value = json_stringn((const char *)text.data, text.len);
        if (value == NULL || json_object_set_new(body, name, value) != 0) {
            err = problem_set(problem, ERR_INVALID, "%s is not UTF-8", what);
        }
    }
    return err;
}

static enum err put_option(json_t *body, const char *member, const struct arguments *arguments,
                           const char *option, struct problem *problem)
{
    const char *text = arguments_value(arguments, option);
    struct buf what = {0};
    enum err err = ERR_OK;
    if (text != NULL) {
        buf_printf(&what, "--%s", option);
        err = put_template(body, member, slice_str(text), buf_cstr(&what), problem);
    }
    buf_release(&what);
    return err;
}

static enum err put_file(json_t *body, const char *member, const char *path,
                         struct problem *problem)
{
    struct buf text = {0};
    if (path == NULL) {
        return ERR_OK;
    }
    enum err err = file_read(&text, path, CAMPAIGN_MESSAGE_BYTES, problem);
    if (err == ERR_OK) {
        err = put_template(body, member, buf_view(&text), path, problem);
    }
    buf_release(&text);
    return err;
}

static enum err check_together(const char *channel, const struct arguments *arguments,
                               struct problem *problem)
{
    bool is_email = strcmp(channel, "email") == 0;
    bool has_text = arguments_has(arguments, "text") || arguments_has(arguments, "text-file");
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

static enum err read_body(json_t *body, const struct arguments *arguments, struct problem *problem)
{
    enum err err = put_option(body, "subject", arguments, "subject", problem);
    if (err == ERR_OK) {
        err = put_option(body, "text", arguments, "text", problem);
    }
    if (err == ERR_OK) {
        err = put_file(body, "text", arguments_value(arguments, "text-file"), problem);
    }
    if (err == ERR_OK) {
        err = put_file(body, "html", arguments_value(arguments, "html-file"), problem);
    }
    return err;
}

enum err campaign_message_new(json_t **content, const char *channel,
                              const struct arguments *arguments, struct problem *problem)
{
    *content = NULL;
    enum err err = check_together(channel, arguments, problem);
    if (err != ERR_OK) {
        return err;
    }
    json_t *body = json_object();
    err = read_body(body, arguments, problem);
    if (err == ERR_OK) {
        *content = json_pack("{s:O}", channel, body);
    }
    json_decref(body);
    return err;
}
