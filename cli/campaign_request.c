/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_request.h"

#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/text.h"

#define ATTEMPTS_MAX 15
#define WEIGHT_MAX   1000

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
    json_t *content = NULL;
    *request = NULL;
    if (channel == NULL) {
        return problem_set(
            problem, ERR_INVALID,
            "--channel is missing; it says how to reach them, such as --channel sms");
    }
    json_t *plan = json_object();
    *request = json_object();
    put_word(*request, "name", name);
    put_word(*request, "channel", channel);
    put_word(*request, "priority", arguments_value(arguments, "priority"));
    enum err err = put_number(*request, "weight", arguments, WEIGHT_MAX, problem);
    if (err == ERR_OK) {
        err = campaign_message_new(&content, channel, arguments, problem);
    }
    if (err == ERR_OK) {
        err = make_plan(plan, arguments, problem);
    }
    if (json_object_size(plan) > 0) {
        json_object_set(*request, "plan", plan);
    }
    json_decref(plan);
    if (err == ERR_OK) {
        json_object_set(*request, "content", content);
    } else {
        json_decref(*request);
        *request = NULL;
    }
    json_decref(content);
    return err;
}

enum err campaign_request_load(json_t **request, const char *file, struct problem *problem)
{
    struct buf text = {0};
    json_error_t error;
    *request = NULL;
    const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
    enum err err = file_read(&text, path, CAMPAIGN_MESSAGE_BYTES, problem);
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
