/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_request.h"

#include <string.h>

#include "cli/campaign_set.h"
#include "cli/plan_text.h"
#include "common/text.h"

#define ATTEMPTS_MAX     15
#define WEIGHT_MAX       1000
#define NOT_AFTER_MIN_MS 1000
#define NOT_AFTER_MAX_MS (UINT64_C(400) * 24 * 3600 * 1000)

/* Bounds as the API has them, so that a mistake comes to light before a file is uploaded. */
struct duration_option {
    const char *member;
    const char *option;
    const char *least;
    const char *most;
};

static enum err put_duration(json_t *plan, const struct duration_option *duration,
                             const struct arguments *arguments, struct problem *problem)
{
    const char *value = arguments_value(arguments, duration->option);
    uint64_t ms = 0;
    uint64_t least_ms = 0;
    uint64_t most_ms = UINT64_MAX;
    if (value == NULL) {
        return ERR_OK;
    }
    bool is_known = text_duration_ms(slice_str(value), &ms) &&
                    text_duration_ms(slice_str(duration->least), &least_ms) &&
                    text_duration_ms(slice_str(duration->most), &most_ms);
    if (!is_known || ms < least_ms || ms > most_ms) {
        return problem_set(
            problem, ERR_INVALID,
            "--%s cannot be \"%s\"; it is a time such as 30s, 5m or 2h, from %s to %s",
            duration->option, value, duration->least, duration->most);
    }
    json_object_set_new(plan, duration->member, json_string(value));
    return ERR_OK;
}

/* A time, or so long after it began. */
static enum err check_times(const struct arguments *arguments, struct problem *problem)
{
    const char *at = arguments_value(arguments, "at");
    const char *end = arguments_value(arguments, "not-after");
    uint64_t ms = 0;
    if (at != NULL && !text_time_parse(slice_str(at), &ms)) {
        return problem_set(problem, ERR_INVALID,
                           "--at cannot be \"%s\"; it is a time such as 2026-12-01T08:00:00Z, or "
                           "with an offset such as +01:00",
                           at);
    }
    if (end != NULL && !text_time_parse(slice_str(end), &ms) &&
        !(text_duration_ms(slice_str(end), &ms) && ms >= NOT_AFTER_MIN_MS &&
          ms <= NOT_AFTER_MAX_MS)) {
        return problem_set(problem, ERR_INVALID,
                           "--not-after cannot be \"%s\"; it is a time such as "
                           "2026-12-01T18:00:00Z, or so long after the beginning, such as 6h, from "
                           "1s to 400d",
                           end);
    }
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

/* What the options say of every step. */
static enum err read_rest(json_t *rest, const struct arguments *arguments, struct problem *problem)
{
    put_word(rest, "provider", arguments_value(arguments, "provider"));
    put_word(rest, "on_uncertain", arguments_value(arguments, "on-uncertain"));
    const char *backoff = arguments_value(arguments, "backoff");
    const struct duration_option durations[] = {
        {"backoff", "backoff", "10ms", "1d"},
        {"backoff_max", "backoff-max", backoff == NULL ? "30s" : backoff, "1d"},
        {"within", "within", "1s", "30d"},
    };
    enum err err = put_number(rest, "attempts", arguments, ATTEMPTS_MAX, problem);
    for (size_t i = 0; err == ERR_OK && i < sizeof(durations) / sizeof(durations[0]); i++) {
        err = put_duration(rest, &durations[i], arguments, problem);
    }
    return err;
}

static enum err check_together(const struct arguments *arguments, struct problem *problem)
{
    bool has_plan = arguments_has(arguments, "plan");
    if (has_plan == arguments_has(arguments, "channel")) {
        return problem_set(problem, ERR_INVALID,
                           has_plan ? "--plan and --channel are both given; a plan names its "
                                      "channels itself"
                                    : "--channel is missing; it says how to reach them, such as "
                                      "--channel sms; or --plan 'push 5m > sms'");
    }
    if (has_plan && arguments_has(arguments, "within")) {
        return problem_set(problem, ERR_INVALID,
                           "--within is for --channel; in a plan the time stands behind a channel, "
                           "such as 'push 5m > sms'");
    }
    if (has_plan && arguments_has(arguments, "provider")) {
        return problem_set(problem, ERR_INVALID,
                           "--provider is for --channel; tocsin campaign create takes a plan in "
                           "JSON, with providers for each step");
    }
    return ERR_OK;
}

/* A plan that was written down elsewhere says all of its steps itself. */
static enum err check_rest(const json_t *rest, const struct plan_choice *plan,
                           struct problem *problem)
{
    const char *member = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)rest));
    if (member == NULL || (plan->kind != PLAN_CHOICE_NAME && plan->kind != PLAN_CHOICE_FILE)) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "\"%s\" of the plan %s stands in its steps; the options --attempts, "
                       "--backoff, --backoff-max and --on-uncertain are for --channel and for "
                       "steps such as 'push 5m > sms'",
                       member, plan->said);
}

static enum err read_steps(json_t **steps, const struct arguments *arguments,
                           const struct plan_choice *plan, struct problem *problem)
{
    *steps = NULL;
    enum err err = check_together(arguments, problem);
    if (err != ERR_OK) {
        return err;
    }
    *steps = plan->kind == PLAN_CHOICE_NONE
                 ? json_pack("[{s:s}]", "channel", arguments_value(arguments, "channel"))
                 : json_deep_copy(plan->steps);
    json_t *rest = json_object();
    size_t i;
    json_t *step;
    err = read_rest(rest, arguments, problem);
    if (err == ERR_OK) {
        err = check_rest(rest, plan, problem);
    }
    json_array_foreach(*steps, i, step)
    {
        json_object_update(step, rest);
    }
    json_decref(rest);
    return err;
}

/* "email,push" to a list. */
static enum err put_without(json_t *request, const struct arguments *arguments,
                            struct problem *problem)
{
    const char *at = arguments_value(arguments, "without");
    json_t *channels = at == NULL ? NULL : json_array();
    while (at != NULL) {
        const char *comma = strchr(at, ',');
        size_t len = comma == NULL ? strlen(at) : (size_t)(comma - at);
        if (!plan_text_is_channel(slice_of(at, len))) {
            json_decref(channels);
            return problem_set(problem, ERR_INVALID,
                               "--without cannot be \"%s\"; it is a channel or several, such as "
                               "email or email,push: email, sms, voice, push, chat, webhook",
                               arguments_value(arguments, "without"));
        }
        json_array_append_new(channels, json_stringn(at, len));
        at = comma == NULL ? NULL : comma + 1;
    }
    if (channels != NULL) {
        json_object_set_new(request, "without", channels);
    }
    return ERR_OK;
}

static bool is_left_out(const json_t *request, const json_t *step)
{
    size_t i;
    json_t *channel;
    json_array_foreach(json_object_get(request, "without"), i, channel)
    {
        if (json_equal(channel, json_object_get(step, "channel"))) {
            return true;
        }
    }
    return false;
}

/* Only what is sent needs a message. */
static enum err put_message(json_t *request, const json_t *steps, const struct arguments *arguments,
                            struct problem *problem)
{
    json_t *content = NULL;
    json_t *sent = json_array();
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        if (!is_left_out(request, step)) {
            json_array_append(sent, step);
        }
    }
    enum err err = ERR_OK;
    if (json_array_size(sent) == 0) {
        err = problem_set(problem, ERR_INVALID,
                          "--without %s leaves nothing of the plan; leave a channel in, or add a "
                          "step on another",
                          arguments_value(arguments, "without"));
    } else {
        err = campaign_message_new(&content, sent, arguments, problem);
    }
    if (err == ERR_OK) {
        json_object_set(request, "content", content);
    }
    json_decref(content);
    json_decref(sent);
    return err;
}

/* As it was said, so that a complaint of the coordinator names what the user knows. */
static void put_plan(json_t *request, json_t *steps, const struct plan_choice *plan)
{
    if (plan->kind == PLAN_CHOICE_NAME) {
        json_object_set_new(request, "plan", plan_choice_json(plan));
        return;
    }
    if (plan->kind != PLAN_CHOICE_NONE) {
        json_object_set_new(request, "plan", json_pack("{s:O}", "steps", steps));
        return;
    }
    json_t *step = json_array_get(steps, 0);
    json_object_set(request, "channel", json_object_get(step, "channel"));
    json_object_del(step, "channel");
    if (json_object_size(step) > 0) {
        json_object_set(request, "plan", step);
    }
}

enum err campaign_request_new(json_t **request, const struct arguments *arguments, const char *name,
                              const struct plan_choice *plan, struct problem *problem)
{
    json_t *steps = NULL;
    *request = json_object();
    put_word(*request, "name", name);
    put_word(*request, "priority", arguments_value(arguments, "priority"));
    put_word(*request, "start_at", arguments_value(arguments, "at"));
    put_word(*request, "not_after", arguments_value(arguments, "not-after"));
    put_word(*request, "supersedes", arguments_value(arguments, "supersedes"));
    enum err err = read_steps(&steps, arguments, plan, problem);
    if (err == ERR_OK) {
        err = check_times(arguments, problem);
    }
    if (err == ERR_OK) {
        err = put_number(*request, "weight", arguments, WEIGHT_MAX, problem);
    }
    if (err == ERR_OK) {
        err = campaign_set_rate(*request, arguments, problem);
    }
    if (err == ERR_OK) {
        err = campaign_respect_put(*request, arguments, problem);
    }
    if (err == ERR_OK) {
        err = campaign_stop_put(*request, arguments, problem);
    }
    if (err == ERR_OK) {
        err = put_without(*request, arguments, problem);
    }
    if (err == ERR_OK) {
        err = put_message(*request, steps, arguments, problem);
    }
    if (err == ERR_OK) {
        put_plan(*request, steps, plan);
    } else {
        json_decref(*request);
        *request = NULL;
    }
    json_decref(steps);
    return err;
}
