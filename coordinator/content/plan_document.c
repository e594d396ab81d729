/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/plan_document.h"

#include <inttypes.h>
#include <string.h>

#include "common/log.h"
#include "coordinator/content/channel_column.h"

#define WITHIN_MIN_MS  1000
#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS (UINT64_C(24) * 3600 * 1000)

struct plan_reading {
    const struct plan_source *source;
    struct plan_step *step; /* that is being read */
    json_t *providers;      /* its names, or NULL for all of the channel */
};

static const char *const uncertain_words[] = {[PLAN_RESEND] = "resend", [PLAN_HOLD] = "hold", NULL};
static struct plan_reading *reading_of(struct document_reader *reader)
{
    return reader->arg;
}

static struct plan_step *step_of(struct document_reader *reader)
{
    return reading_of(reader)->step;
}

/* ---- the channel ---- */

static enum err count_endpoints(struct document_reader *reader, enum channel_kind channel,
                                unsigned *count)
{
    *count = channel_column_count(channel, reading_of(reader)->source->schema);
    return *count > 0 ? ERR_OK
                      : document_refuse(reader, ERR_INVALID,
                                        "it needs the column \"%s\" and the audience has none: "
                                        "nobody would be reached",
                                        channel_column_name(channel));
}

static enum err check_some_provider(struct document_reader *reader, enum channel_kind channel)
{
    const struct plan_source *source = reading_of(reader)->source;
    bool has_one = source->is_stored;
    for (unsigned i = 0; i < source->provider_count; i++) {
        has_one = has_one || source->providers[i].channel == channel;
    }
    return has_one ? ERR_OK
                   : document_refuse(reader, ERR_INVALID,
                                     "no provider is set up for channel \"%s\"; the coordinator's "
                                     "settings name them under \"providers\"",
                                     channel_kind_name(channel));
}

static enum err read_channel(struct document_reader *reader, json_t *value)
{
    unsigned channel;
    unsigned endpoints;
    enum err err = document_word(reader, value, "channel", channel_kind_names(), &channel);
    if (err == ERR_OK) {
        err = count_endpoints(reader, (enum channel_kind)channel, &endpoints);
    }
    if (err == ERR_OK) {
        err = check_some_provider(reader, (enum channel_kind)channel);
    }
    if (err == ERR_OK) {
        plan_step_defaults(step_of(reader), (enum channel_kind)channel);
        step_of(reader)->endpoint_ranks = (uint8_t)endpoints;
    }
    return err;
}

/* ---- the other members of a step ---- */

/* The provider of the step's channel with this name; says which there are if it is none. */
static enum err find_provider(struct document_reader *reader, const char *name, uint64_t *bits)
{
    const struct plan_source *source = reading_of(reader)->source;
    enum channel_kind channel = step_of(reader)->channel;
    const char *known[WIRE_PROVIDERS_MAX + 1] = {NULL};
    size_t count = 0;
    for (unsigned i = 0; i < source->provider_count; i++) {
        const struct provider_def *provider = &source->providers[i];
        bool is_named = strcmp(provider->name, name) == 0;
        if (is_named && provider->channel == channel) {
            *bits |= UINT64_C(1) << provider->id;
            return ERR_OK;
        }
        if (is_named && !source->is_stored) {
            return document_refuse(
                reader, ERR_INVALID, "provider \"%s\" sends on channel %s, not on %s", name,
                channel_kind_name(provider->channel), channel_kind_name(channel));
        }
        if (provider->channel == channel) {
            known[count++] = provider->name;
        }
    }
    if (source->is_stored) {
        LOG_W("campaign", "provider_missing", "campaign=c%" PRIu64 " provider=\"%s\"",
              source->campaign, name);
        return ERR_OK;
    }
    return document_refuse_word(reader, "provider", name, known);
}

static enum err read_provider(struct document_reader *reader, json_t *value)
{
    json_t *names = json_is_array(value) ? json_copy(value) : json_array();
    reading_of(reader)->providers = names;
    if (json_is_string(value)) {
        json_array_append(names, value);
    }
    if (json_array_size(names) == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a provider's name, or a list of names");
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name;
        enum err err = document_line(reader, json_array_get(names, i), 1, ENGINE_NAME_MAX, &name);
        if (err == ERR_OK) {
            err = find_provider(reader, name, &bits);
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    step_of(reader)->providers = bits;
    return ERR_OK;
}

static enum err read_within(struct document_reader *reader, json_t *value)
{
    return document_duration(reader, value, WITHIN_MIN_MS, PLAN_WITHIN_MAX_MS,
                             &step_of(reader)->within_ms);
}

static enum err read_attempts(struct document_reader *reader, json_t *value)
{
    uint64_t attempts;
    enum err err = document_integer(reader, value, 1, PLAN_ATTEMPTS_MAX, &attempts);
    if (err == ERR_OK) {
        step_of(reader)->attempts = (uint8_t)attempts;
    }
    return err;
}

static enum err read_backoff(struct document_reader *reader, json_t *value)
{
    uint64_t ms;
    enum err err = document_duration(reader, value, BACKOFF_MIN_MS, BACKOFF_MAX_MS, &ms);
    if (err == ERR_OK) {
        step_of(reader)->backoff_ms = (uint32_t)ms;
        if (step_of(reader)->backoff_max_ms < ms) {
            step_of(reader)->backoff_max_ms = (uint32_t)ms; /* if it is not given */
        }
    }
    return err;
}

static enum err read_backoff_max(struct document_reader *reader, json_t *value)
{
    uint64_t ms;
    enum err err =
        document_duration(reader, value, step_of(reader)->backoff_ms, BACKOFF_MAX_MS, &ms);
    if (err == ERR_OK) {
        step_of(reader)->backoff_max_ms = (uint32_t)ms;
    }
    return err;
}

static enum err read_on_uncertain(struct document_reader *reader, json_t *value)
{
    unsigned index;
    enum err err = document_word(reader, value, "policy", uncertain_words, &index);
    if (err == ERR_OK) {
        step_of(reader)->on_uncertain = (enum plan_on_uncertain)index;
    }
    return err;
}

static json_t *duration_json(uint64_t ms)
{
    char text[DOCUMENT_DURATION_BYTES];
    document_duration_write(text, ms);
    return json_string(text);
}

/* With every default. Takes over the providers' names. */
static json_t *step_json(const struct plan_step *step, json_t *take_providers)
{
    json_t *json = json_object();
    if (json_array_size(take_providers) == 1) {
        json_object_set(json, "provider", json_array_get(take_providers, 0));
    } else if (take_providers != NULL) {
        json_object_set(json, "provider", take_providers);
    }
    json_decref(take_providers);
    json_object_set_new(json, "attempts", json_integer(step->attempts));
    json_object_set_new(json, "backoff", duration_json(step->backoff_ms));
    json_object_set_new(json, "backoff_max", duration_json(step->backoff_max_ms));
    json_object_set_new(json, "within", duration_json(step->within_ms));
    json_object_set_new(json, "on_uncertain", json_string(uncertain_words[step->on_uncertain]));
    return json;
}

static enum err read_members(struct document_reader *reader, const struct plan_source *source)
{
    /* A member may stand on those before it: all on the channel. */
    static const struct document_field fields[] = {
        {"provider", false, read_provider},
        {"within", false, read_within},
        {"attempts", false, read_attempts},
        {"backoff", false, read_backoff},
        {"backoff_max", false, read_backoff_max},
        {"on_uncertain", false, read_on_uncertain},
        {NULL, false, NULL},
    };
    size_t mark = document_enter(reader, "channel");
    enum err err = source->channel != NULL
                       ? read_channel(reader, source->channel)
                       : document_refuse(reader, ERR_INVALID, "\"channel\" is required");
    document_leave(reader, mark);
    if (err == ERR_OK && source->plan != NULL) {
        (void)document_enter(reader, "plan");
        err = document_object(reader, source->plan, fields);
        document_leave(reader, mark);
    }
    return err;
}

enum err plan_document_read(struct document_reader *reader, const struct plan_source *source,
                            struct plan *plan, json_t **view)
{
    struct plan_reading reading = {.source = source, .step = plan->steps};
    void *arg = reader->arg;
    reader->arg = &reading;
    plan->step_count = 1;
    enum err err = read_members(reader, source);
    reader->arg = arg;
    *view = step_json(reading.step, reading.providers);
    return err;
}
