/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/group_settings.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

struct taking {
    struct coordinator_settings *settings;
    char *path; /* GROUP_PATH_BYTES */
    struct problem *problem;
};

static enum err take_name(const struct taking *taking, const char *name,
                          struct provider_group *group)
{
    const struct coordinator_settings *settings = taking->settings;
    if (name == NULL || !text_is_name(slice_str(name), WIRE_NAME_MAX)) {
        return problem_set(taking->problem, ERR_INVALID,
                           "\"%.80s\" is no name: 1 to %d letters, digits, \"_\", \".\" and \"-\"",
                           name == NULL ? "" : name, WIRE_NAME_MAX);
    }
    for (unsigned i = 0; i < settings->provider_count; i++) {
        if (strcmp(settings->providers[i].def.name, name) == 0) {
            return problem_set(taking->problem, ERR_INVALID,
                               "\"%s\" is a provider's name; a plan could not tell them apart",
                               name);
        }
    }
    for (unsigned i = 0; i < settings->group_count; i++) {
        if (strcmp(settings->groups[i].name, name) == 0) {
            return problem_set(taking->problem, ERR_INVALID,
                               "\"%s\" is the name of an earlier group", name);
        }
    }
    memcpy(group->name, name, strlen(name) + 1);
    return ERR_OK;
}

static enum err refuse_member(const struct taking *taking, const char *name)
{
    const struct coordinator_settings *settings = taking->settings;
    const char *known[WIRE_PROVIDERS_MAX + 1] = {NULL};
    for (unsigned i = 0; i < settings->provider_count; i++) {
        known[i] = settings->providers[i].def.name;
    }
    const char *nearest = text_nearest(name, known);
    return problem_set(taking->problem, ERR_INVALID, "there is no provider \"%.80s\"%s%s%s", name,
                       nearest == NULL ? " among \"providers\"" : "; did you mean \"",
                       nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
}

static enum err take_member(const struct taking *taking, const char *name,
                            struct provider_group *group)
{
    const struct coordinator_settings *settings = taking->settings;
    unsigned place = 0;
    while (place < settings->provider_count &&
           strcmp(settings->providers[place].def.name, name) != 0) {
        place++;
    }
    if (place == settings->provider_count) {
        return refuse_member(taking, name);
    }
    if ((group->members >> place & 1) != 0) {
        return problem_set(taking->problem, ERR_INVALID, "\"%s\" stands here a second time", name);
    }
    group->members |= UINT64_C(1) << place;
    return ERR_OK;
}

static enum err take_group(const struct taking *taking, const struct raw_group *raw, unsigned index)
{
    struct provider_group group = {0};
    (void)snprintf(taking->path, GROUP_PATH_BYTES, "groups[%u].name", index);
    enum err err = take_name(taking, raw->name, &group);
    if (err == ERR_OK && raw->providers_count == 0) {
        (void)snprintf(taking->path, GROUP_PATH_BYTES, "groups[%u].providers", index);
        err = problem_set(taking->problem, ERR_INVALID,
                          "must be a list of providers' names, such as [gateway, backup]");
    }
    for (unsigned i = 0; err == ERR_OK && i < raw->providers_count; i++) {
        (void)snprintf(taking->path, GROUP_PATH_BYTES, "groups[%u].providers[%u]", index, i);
        err = take_member(taking, raw->providers[i], &group);
    }
    if (err == ERR_OK) {
        taking->settings->groups[taking->settings->group_count++] = group;
    }
    return err;
}

enum err group_settings_take(struct coordinator_settings *settings, const struct raw_settings *raw,
                             char path[GROUP_PATH_BYTES], struct problem *problem)
{
    const struct taking taking = {settings, path, problem};
    enum err err = ERR_OK;
    for (unsigned i = 0; err == ERR_OK && i < raw->groups_count; i++) {
        err = take_group(&taking, &raw->groups[i], i);
    }
    return err;
}
