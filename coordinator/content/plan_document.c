/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/plan_document.h"

#include <stdio.h>
#include <string.h>

#include "coordinator/content/channel_column.h"
#include "coordinator/content/plan_check.h"
#include "coordinator/content/provider_names.h"

#define WITHIN_MIN_MS          1000
#define WITHIN_ACKNOWLEDGED_MS (UINT64_C(15) * 60 * 1000)
#define STEP_NUMBER_BYTES      24
#define BACKOFF_MIN_MS         10
#define BACKOFF_MAX_MS         (UINT64_C(24) * 3600 * 1000)

struct plan_reading {
    const struct plan_source *source;
    struct plan *plan;
    struct plan_step *step; /* that is being read */
    json_t *providers;      /* its names, or NULL for all of the channel */
    json_t *steps;          /* those that were read, as clients read them */
    bool has_until;         /* of the step that is being read: they were given */
    bool has_within;
    uint64_t every_ms; /* of its repetitions */
    uint64_t times;    /* 0: it is not repeated */
};

static const char *const uncertain_words[] = {[PLAN_RESEND] = "resend", [PLAN_HOLD] = "hold", NULL};
static const char *const down_words[] = {
    [PLAN_DOWN_WAIT] = "wait", [PLAN_DOWN_CLIMB] = "climb", NULL};
static const char *const until_words[] = {[PLAN_ACCEPTED] = "accepted",
                                          [PLAN_DELIVERED] = "delivered",
                                          [PLAN_ACKNOWLEDGED] = "acknowledged",
                                          NULL};

static struct plan_reading *reading_of(struct document_reader *reader)
{
    return reader->arg;
}

static struct plan_step *step_of(struct document_reader *reader)
{
    return reading_of(reader)->step;
}

/* ---- the channel ---- */

static bool is_left_out(struct document_reader *reader, enum channel_kind channel)
{
    return (reading_of(reader)->plan->without >> channel & 1) != 0;
}

static enum err count_endpoints(struct document_reader *reader, enum channel_kind channel,
                                unsigned *count)
{
    const struct page_schema *schema = reading_of(reader)->source->schema;
    *count = schema == NULL ? 1 : channel_column_count(channel, schema);
    if (*count == 0 && is_left_out(reader, channel)) {
        *count = 1;
    }
    return *count > 0 ? ERR_OK
                      : document_refuse(reader, ERR_INVALID,
                                        "it needs the column \"%s\" and the audience has none: "
                                        "nobody would be reached",
                                        channel_column_name(channel));
}

static enum err check_some_provider(struct document_reader *reader, enum channel_kind channel)
{
    const struct plan_source *source = reading_of(reader)->source;
    bool has_one = source->is_stored || is_left_out(reader, channel);
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

static enum err read_provider(struct document_reader *reader, json_t *value)
{
    struct plan_reading *reading = reading_of(reader);
    return provider_names_read(reader, value, reading->source, reading->step->channel,
                               &reading->providers, &reading->step->providers);
}

/* Without receipts nobody is ever known to be reached, and everybody would climb. */
static enum err check_receipts(struct document_reader *reader)
{
    const struct plan_source *source = reading_of(reader)->source;
    const struct plan_step *step = step_of(reader);
    if (step->until != PLAN_DELIVERED || source->is_stored || is_left_out(reader, step->channel)) {
        return ERR_OK;
    }
    for (unsigned i = 0; i < source->provider_count; i++) {
        const struct provider_def *provider = &source->providers[i];
        if (provider->channel == step->channel && provider->has_receipts &&
            (step->providers >> provider->id & 1) != 0) {
            return ERR_OK;
        }
    }
    return document_refuse(reader, ERR_INVALID,
                           "no provider of the step on channel \"%s\" sends receipts, so nothing "
                           "would be known to be delivered; say \"accepted\" or "
                           "\"acknowledged\", or set \"receipts: true\" for a provider in the "
                           "coordinator's settings",
                           channel_kind_name(step->channel));
}

static enum err read_until(struct document_reader *reader, json_t *value)
{
    unsigned index;
    enum err err = document_word(reader, value, "condition", until_words, &index);
    if (err == ERR_OK) {
        reading_of(reader)->has_until = true;
        step_of(reader)->until = (enum plan_until)index;
        err = check_receipts(reader);
        if (index == PLAN_ACKNOWLEDGED && !step_of(reader)->with_previous) {
            step_of(reader)->within_ms = WITHIN_ACKNOWLEDGED_MS; /* if it is not given */
        }
    }
    return err;
}

static enum err read_within(struct document_reader *reader, json_t *value)
{
    reading_of(reader)->has_within = true;
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

static enum err read_if_down(struct document_reader *reader, json_t *value)
{
    unsigned index;
    enum err err = document_word(reader, value, "policy", down_words, &index);
    if (err == ERR_OK) {
        step_of(reader)->if_down = (enum plan_if_down)index;
    }
    return err;
}

/* ---- pairs ---- */

static enum err check_pair(struct document_reader *reader)
{
    const struct plan *plan = reading_of(reader)->plan;
    if (plan->step_count == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "there is no step before the first one; say it of the step that is "
                               "to start together with this one");
    }
    const struct plan_step *before = &plan->steps[plan->step_count - 1];
    if (before->with_previous) {
        return document_refuse(reader, ERR_INVALID,
                               "the step before starts together with another one already; two "
                               "steps at once are the most");
    }
    return ERR_OK;
}

/* Until what, and how long, is as on the step before, if it is not given. */
static enum err read_with_previous(struct document_reader *reader, json_t *value)
{
    struct plan_step *step = step_of(reader);
    if (!json_is_boolean(value)) {
        return document_refuse(reader, ERR_INVALID, "must be true or false");
    }
    if (json_is_false(value)) {
        return ERR_OK;
    }
    enum err err = check_pair(reader);
    if (err == ERR_OK) {
        step->with_previous = true;
        step->until = step[-1].until;
        step->within_ms = step[-1].within_ms;
    }
    return err;
}

/* ---- repetitions ---- */

static enum err read_every(struct document_reader *reader, json_t *value)
{
    return document_duration(reader, value, WITHIN_MIN_MS, PLAN_WITHIN_MAX_MS,
                             &reading_of(reader)->every_ms);
}

static enum err read_times(struct document_reader *reader, json_t *value)
{
    struct plan_reading *reading = reading_of(reader);
    unsigned room = PLAN_RUNGS_MAX - 1 - reading->plan->step_count;
    enum err err = document_integer(reader, value, 1, PLAN_RUNGS_MAX - 1, &reading->times);
    if (err == ERR_OK && reading->times > room) {
        err = document_refuse(reader, ERR_LIMIT,
                              "with the steps before, somebody would be sent more than %d messages "
                              "of one campaign; at most %u repetitions are left here",
                              PLAN_RUNGS_MAX, room);
    }
    return err;
}

static enum err read_repeat(struct document_reader *reader, json_t *value)
{
    static const struct document_field fields[] = {
        {"every", true, read_every},
        {"times", true, read_times},
        {NULL, false, NULL},
    };
    struct plan_reading *reading = reading_of(reader);
    if (reading->has_until && reading->step->until == PLAN_ACCEPTED) {
        return document_refuse(
            reader, ERR_INVALID,
            "sends again until the message has reached him, and the step's \"until\" is "
            "\"accepted\"; make it \"acknowledged\" or \"delivered\"");
    }
    enum err err = document_object(reader, value, fields);
    if (err == ERR_OK) {
        bool is_given = reading->has_until || reading->step->until == PLAN_DELIVERED;
        reading->step->until = is_given ? reading->step->until : PLAN_ACKNOWLEDGED;
        reading->step->within_ms =
            reading->has_within ? reading->step->within_ms : reading->every_ms;
    }
    return err;
}

/* ---- steps ---- */

/* A member may stand on those before it: all on the channel, the default of `within` on `until`,
 * and of both on `with_previous`. */
#define STEP_FIELDS                                                                                \
    {"provider", false, read_provider}, {"with_previous", false, read_with_previous},              \
        {"until", false, read_until}, {"within", false, read_within},                              \
        {"repeat", false, read_repeat}, {"attempts", false, read_attempts},                        \
        {"backoff", false, read_backoff}, {"backoff_max", false, read_backoff_max},                \
        {"on_uncertain", false, read_on_uncertain},                                                \
    {                                                                                              \
        "if_down", false, read_if_down                                                             \
    }

static json_t *duration_json(uint64_t ms)
{
    char text[DOCUMENT_DURATION_BYTES];
    document_duration_write(text, ms);
    return json_string(text);
}

/* With every default. Takes over the providers' names. */
static json_t *step_json(struct plan_reading *reading)
{
    const struct plan_step *step = reading->step;
    json_t *take_providers = reading->providers;
    reading->providers = NULL;
    json_t *json = json_object();
    json_object_set_new(json, "channel", json_string(channel_kind_name(step->channel)));
    if (json_array_size(take_providers) == 1) {
        json_object_set(json, "provider", json_array_get(take_providers, 0));
    } else if (take_providers != NULL) {
        json_object_set(json, "provider", take_providers);
    }
    json_decref(take_providers);
    if (step->with_previous) {
        json_object_set_new(json, "with_previous", json_true());
    }
    json_object_set_new(json, "until", json_string(until_words[step->until]));
    json_object_set_new(json, "within", duration_json(step->within_ms));
    if (reading->times > 0) {
        json_t *repeat = json_object();
        json_object_set_new(repeat, "every", duration_json(reading->every_ms));
        json_object_set_new(repeat, "times", json_integer((json_int_t)reading->times));
        json_object_set_new(json, "repeat", repeat);
    }
    json_object_set_new(json, "attempts", json_integer(step->attempts));
    json_object_set_new(json, "backoff", duration_json(step->backoff_ms));
    json_object_set_new(json, "backoff_max", duration_json(step->backoff_max_ms));
    json_object_set_new(json, "on_uncertain", json_string(uncertain_words[step->on_uncertain]));
    if (step->if_down != PLAN_DOWN_WAIT) {
        json_object_set_new(json, "if_down", json_string(down_words[step->if_down]));
    }
    return json;
}

/* `until` is as on the step before, unless it was given after all. */
static enum err check_inherited(struct document_reader *reader)
{
    const struct plan_reading *reading = reading_of(reader);
    if (!reading->step->with_previous || reading->has_until) {
        return ERR_OK;
    }
    size_t mark = document_enter(reader, "with_previous");
    enum err err = check_receipts(reader);
    document_leave(reader, mark);
    return err;
}

/* The reader stands at the step. */
static enum err end_step(struct document_reader *reader)
{
    struct plan_reading *reading = reading_of(reader);
    struct plan *plan = reading->plan;
    enum err err = check_inherited(reader);
    json_array_append_new(reading->steps, step_json(reading));
    plan->step_count++;
    plan_repeat_last(plan, (unsigned)reading->times, reading->every_ms);
    reading->step = &plan->steps[plan->step_count % PLAN_RUNGS_MAX];
    reading->times = 0;
    reading->has_until = false;
    reading->has_within = false;
    return err != ERR_OK || reading->source->is_stored ? err : plan_check_last_step(reader, plan);
}

static enum err read_steps(struct document_reader *reader, json_t *value)
{
    static const struct document_field fields[] = {
        {"channel", true, read_channel},
        STEP_FIELDS,
        {NULL, false, NULL},
    };
    size_t count = json_array_size(value);
    if (count == 0) {
        return document_refuse(reader, ERR_INVALID, "must be a list of 1 to %d steps",
                               PLAN_STEPS_MAX);
    }
    if (count > PLAN_STEPS_MAX) {
        return document_refuse(reader, ERR_LIMIT, "has %zu steps; at most %d are allowed", count,
                               PLAN_STEPS_MAX);
    }
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        char number[STEP_NUMBER_BYTES];
        (void)snprintf(number, sizeof(number), "%zu", i);
        size_t mark = document_enter(reader, number);
        if (reading_of(reader)->plan->step_count == PLAN_RUNGS_MAX) {
            return document_refuse(reader, ERR_LIMIT,
                                   "is one message too many: with their repetitions the steps "
                                   "before send %d, which is the most",
                                   PLAN_RUNGS_MAX);
        }
        err = document_object(reader, json_array_get(value, i), fields);
        if (err == ERR_OK) {
            err = end_step(reader);
        }
        document_leave(reader, mark);
    }
    return err == ERR_OK ? plan_check_if_down(reader, reading_of(reader)->plan, false) : err;
}

static enum err refuse_beside_steps(struct document_reader *reader, json_t *value)
{
    (void)value;
    return document_refuse(reader, ERR_INVALID,
                           "does not stand beside \"steps\", but in each step");
}

/* For whom "steps" are enough. */
static enum err ignore(struct document_reader *reader, json_t *value)
{
    (void)reader;
    (void)value;
    return ERR_OK;
}

static enum err read_named(struct document_reader *reader, json_t *json)
{
    static const struct document_field fields[] = {
        {"name", false, ignore},
        {"modified_at", false, ignore},
        {"steps", true, read_steps},
        {NULL, false, NULL},
    };
    return document_object(reader, json, fields);
}

static enum err read_ladder(struct document_reader *reader, const struct plan_source *source)
{
    static const struct document_field fields[] = {
        {"channel", false, refuse_beside_steps},
        {"provider", false, refuse_beside_steps},
        {"with_previous", false, refuse_beside_steps},
        {"until", false, refuse_beside_steps},
        {"within", false, refuse_beside_steps},
        {"repeat", false, refuse_beside_steps},
        {"attempts", false, refuse_beside_steps},
        {"backoff", false, refuse_beside_steps},
        {"backoff_max", false, refuse_beside_steps},
        {"on_uncertain", false, refuse_beside_steps},
        {"if_down", false, refuse_beside_steps},
        {"steps", true, read_steps},
        {NULL, false, NULL},
    };
    if (source->channel != NULL) {
        (void)document_enter(reader, "channel");
        return document_refuse(reader, ERR_INVALID,
                               "is given and so are the plan's \"steps\"; each step has its own, "
                               "leave this one out");
    }
    size_t mark = document_enter(reader, "plan");
    enum err err = document_object(reader, source->plan, fields);
    document_leave(reader, mark);
    return err;
}

/* The only step. "steps" stands in its table for whoever mistypes it. */
static enum err read_single(struct document_reader *reader, const struct plan_source *source)
{
    static const struct document_field fields[] = {
        STEP_FIELDS,
        {"steps", false, read_steps},
        {NULL, false, NULL},
    };
    enum err err = ERR_OK;
    size_t mark = document_enter(reader, "plan");
    if (source->plan != NULL) {
        err = document_check_known(reader, source->plan, fields);
    }
    document_leave(reader, mark);
    if (err == ERR_OK) {
        (void)document_enter(reader, "channel");
        err = source->channel != NULL
                  ? read_channel(reader, source->channel)
                  : document_refuse(reader, ERR_INVALID,
                                    "\"channel\" is required, or a plan with \"steps\" that have "
                                    "one each");
        document_leave(reader, mark);
    }
    if (err == ERR_OK && source->plan != NULL) {
        (void)document_enter(reader, "plan");
        err = document_object(reader, source->plan, fields);
        document_leave(reader, mark);
    }
    if (err == ERR_OK) {
        (void)document_enter(reader, "plan");
        err = end_step(reader);
        if (err == ERR_OK) {
            err = plan_check_if_down(reader, reading_of(reader)->plan, true);
        }
        document_leave(reader, mark);
    }
    return err;
}

enum err plan_document_read(struct document_reader *reader, const struct plan_source *source,
                            struct plan *plan, json_t **view)
{
    struct plan_reading reading = {
        .source = source, .plan = plan, .step = plan->steps, .steps = json_array()};
    json_t *steps = json_object_get(source->plan, "steps");
    void *arg = reader->arg;
    enum err err;
    reader->arg = &reading;
    plan->step_count = 0;
    if (source->is_named) {
        err = read_named(reader, source->plan);
    } else if (steps != NULL && !json_is_null(steps)) {
        err = read_ladder(reader, source);
    } else {
        err = read_single(reader, source);
    }
    reader->arg = arg;
    json_decref(reading.providers);
    *view = json_pack("{s:o}", "steps", reading.steps);
    return err;
}
