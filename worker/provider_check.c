/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/provider_check.h"

#include <assert.h>
#include <stdlib.h>

#include "worker/channel/channel.h"

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    (void)attempt;
    (void)result; /* nothing is started */
}

static enum err open_and_close(const struct wire_provider *provider, struct problem *problem)
{
    uv_loop_t loop;
    int rc = uv_loop_init(&loop);
    assert(rc == 0);
    const struct channel_context context = {.loop = &loop, .result = on_result};
    struct channel *channel = NULL;
    enum err err = channel_open(&channel, &context, provider, problem);
    if (err == ERR_OK) {
        channel->adapter->close(channel);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    rc = uv_loop_close(&loop);
    assert(rc == 0);
    return err;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static json_t *check_one(const json_t *given)
{
    char *settings = json_dumps(json_object_get(given, "settings"), JSON_COMPACT);
    struct wire_provider provider = {
        .name = text_of(given, "name"),
        .adapter = text_of(given, "adapter"),
        .settings = settings == NULL ? "{}" : settings,
    };
    struct problem problem = {0};
    enum err err = ERR_OK;
    if (channel_kind_parse(slice_str(text_of(given, "channel")), &provider.channel)) {
        err = open_and_close(&provider, &problem);
    } else {
        err = problem_set(&problem, ERR_INVALID, "provider \"%.64s\": there is no such channel",
                          provider.name);
    }
    free(settings);
    const char *result = err == ERR_OK ? "ok" : err == ERR_NOT_FOUND ? "missing" : "wrong";
    return json_pack("{s:s, s:s, s:s}", "name", provider.name, "result", result, "problem",
                     err == ERR_OK ? "" : problem.text);
}

enum err provider_check(const json_t *input, json_t **report, struct problem *problem)
{
    const json_t *providers = json_object_get(input, "providers");
    size_t i;
    json_t *given;
    *report = NULL;
    if (!json_is_array(providers)) {
        return problem_set(problem, ERR_INVALID,
                           "a JSON object with a list \"providers\" is wanted, as "
                           "tocsin-coordinator --check-settings prints it");
    }
    *report = json_array();
    json_array_foreach(providers, i, given)
    {
        json_array_append_new(*report, check_one(given));
    }
    return ERR_OK;
}
