/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/provider_names.h"

#include <inttypes.h>
#include <string.h>

#include "common/log.h"

struct choice {
    const struct plan_source *source;
    enum channel_kind channel;
};

/* NULL if there is none. */
static const struct provider_def *find_provider(const struct plan_source *source, const char *name)
{
    for (unsigned i = 0; i < source->provider_count; i++) {
        if (strcmp(source->providers[i].name, name) == 0) {
            return &source->providers[i];
        }
    }
    return NULL;
}

static const struct provider_group *find_group(const struct plan_source *source, const char *name)
{
    for (unsigned i = 0; i < source->group_count; i++) {
        if (strcmp(source->groups[i].name, name) == 0) {
            return &source->groups[i];
        }
    }
    return NULL;
}

/* Those of the group that send on the channel. */
static uint64_t bits_of(const struct choice *choice, const struct provider_group *group)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < choice->source->provider_count; i++) {
        const struct provider_def *provider = &choice->source->providers[i];
        if ((group->members >> i & 1) != 0 && provider->channel == choice->channel) {
            bits |= UINT64_C(1) << provider->id;
        }
    }
    return bits;
}

static enum err refuse_unknown(struct document_reader *reader, const struct choice *choice,
                               const char *name)
{
    const struct plan_source *source = choice->source;
    const char *known[WIRE_PROVIDERS_MAX + PROVIDER_GROUPS_MAX + 1] = {NULL};
    size_t count = 0;
    for (unsigned i = 0; i < source->provider_count; i++) {
        if (source->providers[i].channel == choice->channel) {
            known[count++] = source->providers[i].name;
        }
    }
    for (unsigned i = 0; i < source->group_count; i++) {
        if (bits_of(choice, &source->groups[i]) != 0) {
            known[count++] = source->groups[i].name;
        }
    }
    return document_refuse_word(reader, "provider", name, known);
}

static enum err find(struct document_reader *reader, const struct choice *choice, const char *name,
                     uint64_t *bits)
{
    const struct plan_source *source = choice->source;
    const char *channel = channel_kind_name(choice->channel);
    const struct provider_def *provider = find_provider(source, name);
    const struct provider_group *group = provider == NULL ? find_group(source, name) : NULL;
    if (provider != NULL && provider->channel == choice->channel) {
        *bits |= UINT64_C(1) << provider->id;
        return ERR_OK;
    }
    uint64_t members = group == NULL ? 0 : bits_of(choice, group);
    *bits |= members;
    if (members != 0) {
        return ERR_OK;
    }
    if (source->is_stored) {
        LOG_W("campaign", "provider_missing", "campaign=c%" PRIu64 " provider=\"%s\"",
              source->campaign, name);
        return ERR_OK;
    }
    if (provider != NULL) {
        return document_refuse(reader, ERR_INVALID,
                               "provider \"%s\" sends on channel %s, not on %s", name,
                               channel_kind_name(provider->channel), channel);
    }
    if (group != NULL) {
        return document_refuse(reader, ERR_INVALID,
                               "no provider of the group \"%s\" sends on channel %s", name,
                               channel);
    }
    return refuse_unknown(reader, choice, name);
}

static bool is_doubled(const json_t *names, size_t place)
{
    for (size_t i = 0; i < place; i++) {
        if (json_equal(json_array_get(names, i), json_array_get(names, place))) {
            return true;
        }
    }
    return false;
}

enum err provider_names_read(struct document_reader *reader, json_t *value,
                             const struct plan_source *source, enum channel_kind channel,
                             json_t **names, uint64_t *bits)
{
    const struct choice choice = {source, channel};
    *names = json_is_array(value) ? json_copy(value) : json_array();
    *bits = 0;
    if (json_is_string(value)) {
        json_array_append(*names, value);
    }
    if (json_array_size(*names) == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "must be the name of a provider or a group, or a list of names");
    }
    if (json_array_size(*names) > WIRE_PROVIDERS_MAX + PROVIDER_GROUPS_MAX) {
        return document_refuse(reader, ERR_LIMIT, "has %zu names; there are not so many providers",
                               json_array_size(*names));
    }
    for (size_t i = 0; i < json_array_size(*names); i++) {
        const char *name;
        enum err err = document_line(reader, json_array_get(*names, i), 1, ENGINE_NAME_MAX, &name);
        if (err == ERR_OK && !source->is_stored && is_doubled(*names, i)) {
            err = document_refuse(reader, ERR_INVALID, "\"%s\" stands here a second time", name);
        }
        if (err == ERR_OK) {
            err = find(reader, &choice, name, bits);
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}
