/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/provider_request.h"

#include <string.h>

#include "cli/campaign_respect.h"
#include "common/slice.h"
#include "common/text.h"

const struct option provider_request_options[] = {
    {"rate", "N", "recipients a second, over all workers"},
    {"burst", "N", "how many may go at once; else one and 30 ms' worth"},
    {"concurrency", "N", "recipients under way at once, over all workers"},
    {"quota", "N[/ZONE]", "recipients a day: 10000/Europe/Oslo"},
    {"quiet-hours", "FROM-TO[/ZONE]", "nothing goes then: 22:00-07:00/Europe/Oslo"},
    {NULL, NULL, NULL},
};

static bool is_settings(const char *text)
{
    return text != NULL && strcmp(text, "settings") == 0;
}

/* Whether it is a sensible number, the API says. */
static enum err put_number(json_t *request, const struct arguments *arguments, const char *option,
                           struct problem *problem)
{
    double number = 0;
    if (is_settings(arguments_value(arguments, option))) {
        json_object_set_new(request, option, json_null());
        return ERR_OK;
    }
    enum err err = arguments_decimal(arguments, option, &number, problem);
    if (err == ERR_OK && arguments_has(arguments, option)) {
        json_object_set_new(request, option, json_real(number));
    }
    return err;
}

/* Of `text`, which may go on behind the number. */
static enum err put_count(json_t *request, const char *option, struct slice text,
                          const char *example, struct problem *problem)
{
    uint64_t number = 0;
    if (slice_equal(text, slice_str("settings"))) {
        json_object_set_new(request, option, json_null());
    } else if (slice_equal(text, slice_str("none"))) {
        json_object_set_new(request, option, json_string("none"));
    } else if (!text_number(text, 0, INT64_MAX, &number)) {
        return problem_set(problem, ERR_INVALID,
                           "--%s cannot be \"%.*s\"; it is a whole number, such as %s, or none, or "
                           "settings for what the coordinator's settings say",
                           option, (int)text.len, (const char *)text.data, example);
    } else {
        json_object_set_new(request, option, json_integer((json_int_t)number));
    }
    return ERR_OK;
}

static enum err put_concurrency(json_t *request, const char *text, struct problem *problem)
{
    return text == NULL ? ERR_OK
                        : put_count(request, "concurrency", slice_str(text), "40", problem);
}

static enum err put_quota(json_t *request, const char *text, struct problem *problem)
{
    if (text == NULL) {
        return ERR_OK;
    }
    const char *slash = strchr(text, '/');
    size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
    enum err err =
        put_count(request, "quota", slice_of(text, len), "10000 or 10000/Europe/Oslo", problem);
    if (err == ERR_OK && slash != NULL) {
        json_object_set_new(request, "quota_zone", json_string(slash + 1));
    }
    return err;
}

static enum err put_quiet_hours(json_t *request, const char *text, struct problem *problem)
{
    if (text == NULL) {
        return ERR_OK;
    }
    if (is_settings(text)) {
        json_object_set_new(request, "quiet_hours", json_null());
        return ERR_OK;
    }
    return campaign_respect_hours(request, text, problem);
}

static enum err put_all(json_t *request, const struct arguments *arguments, struct problem *problem)
{
    enum err err = put_number(request, arguments, "rate", problem);
    if (err == ERR_OK) {
        err = put_number(request, arguments, "burst", problem);
    }
    if (err == ERR_OK) {
        err = put_concurrency(request, arguments_value(arguments, "concurrency"), problem);
    }
    if (err == ERR_OK) {
        err = put_quota(request, arguments_value(arguments, "quota"), problem);
    }
    if (err == ERR_OK) {
        err = put_quiet_hours(request, arguments_value(arguments, "quiet-hours"), problem);
    }
    if (err == ERR_OK && arguments_has(arguments, "burst") && !arguments_has(arguments, "rate")) {
        err = problem_set(problem, ERR_INVALID, "--burst goes with --rate: say both");
    }
    if (err == ERR_OK && json_object_size(request) == 0) {
        err = problem_set(problem, ERR_INVALID,
                          "say what to change: --rate 500, --concurrency 40, --quota 10000 or "
                          "--quiet-hours 22:00-07:00; what the settings say is back after tocsin "
                          "provider reset");
    }
    return err;
}

enum err provider_request_new(json_t **request, const struct arguments *arguments,
                              struct problem *problem)
{
    *request = json_object();
    enum err err = put_all(*request, arguments, problem);
    if (err != ERR_OK) {
        json_decref(*request);
        *request = NULL;
    }
    return err;
}
