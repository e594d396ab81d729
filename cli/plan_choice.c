/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_choice.h"

#include <string.h>

#include "cli/json_file.h"
#include "cli/plan_text.h"
#include "common/buf.h"
#include "common/text.h"
#include "common/yaml_json.h"

static enum plan_choice_kind kind_of(const char *said)
{
    if (*said == '\0' || strpbrk(said, "> \t\r\n") != NULL ||
        plan_text_is_channel(slice_str(said))) {
        return PLAN_CHOICE_STEPS;
    }
    if (strchr(said, '/') != NULL || strcmp(said, "-") == 0 || yaml_json_is_document(said)) {
        return PLAN_CHOICE_FILE;
    }
    if (strchr(said, '+') != NULL) { /* no name has one: `push+sms` */
        return PLAN_CHOICE_STEPS;
    }
    return PLAN_CHOICE_NAME;
}

/* Only what we need ourselves: the rest says the coordinator, which knows the providers. */
static enum err check_steps(const json_t *steps, const char *file, struct problem *problem)
{
    size_t i;
    json_t *step;
    if (json_array_size(steps) == 0) {
        return problem_set(problem, ERR_INVALID,
                           "%s has no steps; a plan is {\"steps\":[{\"channel\":\"push\"},…]}",
                           file);
    }
    json_array_foreach(steps, i, step)
    {
        const char *channel = json_string_value(json_object_get(step, "channel"));
        if (channel == NULL || !plan_text_is_channel(slice_str(channel))) {
            return problem_set(problem, ERR_INVALID,
                               "%s: the channel of step %zu is %s%.64s; it is email, sms, voice, "
                               "push, chat or webhook",
                               file, i + 1, channel == NULL ? "missing" : "unknown: ",
                               channel == NULL ? "" : channel);
        }
    }
    return ERR_OK;
}

/* What GET /v1/plans/{name} answers may be a file, too. */
static enum err check_members(const json_t *json, const char *file, struct problem *problem)
{
    static const char *const known[] = {"steps", "name", "modified_at", NULL};
    const char *key;
    json_t *value;
    if (!json_is_object(json)) {
        return problem_set(problem, ERR_INVALID,
                           "%s is no plan; a plan is {\"steps\":[{\"channel\":\"push\"},…]}", file);
    }
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            const char *nearest = text_nearest(key, known);
            return problem_set(problem, ERR_INVALID, "%s: a plan has no \"%.64s\"%s%s%s", file, key,
                               nearest == NULL ? ", only \"steps\"" : "; did you mean \"",
                               nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
        }
    }
    return ERR_OK;
}

enum err plan_choice_read_file(struct plan_choice *choice, const char *file,
                               struct problem *problem)
{
    json_t *json = NULL;
    *choice = (struct plan_choice){.kind = PLAN_CHOICE_FILE, .said = file};
    enum err err = json_file_load(&json, file, PLAN_FILE_BYTES, problem);
    if (err == ERR_OK) {
        err = check_members(json, file, problem);
    }
    if (err == ERR_OK) {
        err = check_steps(json_object_get(json, "steps"), file, problem);
    }
    if (err == ERR_OK) {
        choice->steps = json_incref(json_object_get(json, "steps"));
    }
    json_decref(json);
    return err;
}

enum err plan_choice_read(struct plan_choice *choice, const char *said, struct problem *problem)
{
    *choice = (struct plan_choice){.said = said};
    if (said == NULL) {
        return ERR_OK;
    }
    choice->kind = kind_of(said);
    if (choice->kind == PLAN_CHOICE_STEPS) {
        return plan_text_read(&choice->steps, said, problem);
    }
    return choice->kind == PLAN_CHOICE_FILE ? plan_choice_read_file(choice, said, problem) : ERR_OK;
}

enum err plan_choice_look_up(struct plan_choice *choice, struct client *client,
                             struct problem *problem)
{
    struct buf path = {0};
    json_t *plan = NULL;
    struct problem inner;
    if (choice->kind != PLAN_CHOICE_NAME) {
        return ERR_OK;
    }
    buf_str(&path, "/v1/plans/");
    text_url_encode(&path, slice_str(choice->said));
    enum err err = client_get(client, buf_cstr(&path), &plan, &inner);
    buf_release(&path);
    if (err == ERR_NOT_FOUND) {
        const char *nearest = text_nearest(choice->said, plan_text_channels());
        err = nearest == NULL
                  ? problem_set(problem, err,
                                "--plan: %s; tocsin plan list shows them, tocsin plan set stores "
                                "one",
                                inner.text)
                  : problem_set(problem, err, "--plan: %s; if it is a channel, is it \"%s\"?",
                                inner.text, nearest);
    } else if (err != ERR_OK) {
        *problem = inner;
    } else {
        err = check_steps(json_object_get(plan, "steps"), choice->said, problem);
    }
    if (err == ERR_OK) {
        choice->steps = json_incref(json_object_get(plan, "steps"));
    }
    json_decref(plan);
    return err;
}

json_t *plan_choice_json(const struct plan_choice *choice)
{
    return choice->kind == PLAN_CHOICE_NAME ? json_string(choice->said)
                                            : json_pack("{s:O}", "steps", choice->steps);
}

void plan_choice_release(struct plan_choice *choice)
{
    json_decref(choice->steps);
    choice->steps = NULL;
}
