/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/campaign_document.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/content/campaign_content.h"
#include "coordinator/content/object_id.h"

#define WEIGHT_MAX        1000
#define BACKOFF_MIN_MS    10
#define BACKOFF_MAX_MS    (UINT64_C(24) * 3600 * 1000)
#define ENDPOINT_RANKS    16 /* recipient_state.endpoint has four bits */
#define PROVIDER_NAME_MAX ENGINE_NAME_MAX

struct campaign_document {
    struct campaign_def def;
    json_t *providers; /* names, or NULL for all of the channel */
    json_t *plan;
    json_t *content;
};

struct parse {
    const struct campaign_surroundings *surroundings;
    const struct audience_info *audience;
    struct campaign_document *document;
    bool is_stored;
    json_int_t version;
};

static struct parse *parse_of(struct document_reader *reader)
{
    return reader->arg;
}

static struct plan_step *step_of(struct document_reader *reader)
{
    return &parse_of(reader)->document->def.plan.steps[0];
}

static const char *field_name(enum page_field field)
{
#define FIELD_NAME(name, word) [PAGE_FIELD_##name] = (word),
    static const char *const names[] = {PAGE_FIELD_MAP(FIELD_NAME)};
#undef FIELD_NAME
    return names[field];
}

/* ---- members ---- */

static enum err read_name(struct document_reader *reader, json_t *value)
{
    const char *name;
    enum err err = document_line(reader, value, 1, ENGINE_NAME_MAX, &name);
    if (err == ERR_OK) {
        memcpy(parse_of(reader)->document->def.name, name, strlen(name) + 1);
    }
    return err;
}

static enum err read_audience(struct document_reader *reader, json_t *value)
{
    struct parse *parse = parse_of(reader);
    const char *text;
    uint64_t id;
    enum err err = document_string(reader, value, 1, SIZE_MAX, &text);
    if (err != ERR_OK) {
        return err;
    }
    if (!object_id_parse(slice_str(text), OBJECT_AUDIENCE, &id)) {
        return document_refuse(reader, ERR_INVALID,
                               "\"%.64s\" is no audience's id; one looks like \"a12\"", text);
    }
    parse->audience = audience_registry_find(parse->surroundings->audiences, id);
    if (parse->audience == NULL) {
        return document_refuse(reader, ERR_NOT_FOUND, "there is no audience %s", text);
    }
    if (parse->audience->accepted == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "audience %s has no recipients: nobody would be reached", text);
    }
    struct campaign_def *def = &parse->document->def;
    def->audience = id;
    def->slots = parse->audience->slots;
    def->recipients = (uint32_t)parse->audience->accepted;
    return ERR_OK;
}

static enum err read_channel(struct document_reader *reader, json_t *value)
{
    struct parse *parse = parse_of(reader);
    unsigned channel;
    enum err err = document_word(reader, value, "channel", channel_kind_names(), &channel);
    if (err != ERR_OK) {
        return err;
    }
    const struct page_schema *schema = &parse->audience->schema;
    enum page_field field = channel_kind_field((enum channel_kind)channel);
    unsigned ranks = 0;
    while (ranks < ENDPOINT_RANKS && page_schema_endpoint(schema, field, ranks) >= 0) {
        ranks++;
    }
    if (ranks == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "it needs the column \"%s\" and the audience has none: nobody "
                               "would be reached",
                               field_name(field));
    }
    struct campaign_def *def = &parse->document->def;
    def->plan.step_count = 1;
    plan_step_defaults(&def->plan.steps[0], (enum channel_kind)channel);
    def->plan.steps[0].endpoint_ranks = (uint8_t)ranks;
    return ERR_OK;
}

static enum err read_priority(struct document_reader *reader, json_t *value)
{
    const char *words[PRIORITIES + 1] = {NULL};
    for (enum campaign_priority i = 0; i < PRIORITIES; i++) {
        words[i] = campaign_priority_name(i);
    }
    unsigned priority;
    enum err err = document_word(reader, value, "priority", words, &priority);
    if (err == ERR_OK) {
        parse_of(reader)->document->def.priority = (enum campaign_priority)priority;
    }
    return err;
}

static enum err read_weight(struct document_reader *reader, json_t *value)
{
    uint64_t weight;
    enum err err = document_integer(reader, value, 1, WEIGHT_MAX, &weight);
    if (err == ERR_OK) {
        parse_of(reader)->document->def.weight = (uint32_t)weight;
    }
    return err;
}

/* ---- the plan ---- */

/* The provider of the plan's channel with this name; says which there are if it is none. */
static enum err find_provider(struct document_reader *reader, const char *name, uint64_t *bits)
{
    const struct parse *parse = parse_of(reader);
    enum channel_kind channel = step_of(reader)->channel;
    const char *known[WIRE_PROVIDERS_MAX + 1] = {NULL};
    size_t count = 0;
    for (unsigned i = 0; i < parse->surroundings->provider_count; i++) {
        const struct provider_def *provider = &parse->surroundings->providers[i];
        bool is_named = strcmp(provider->name, name) == 0;
        if (is_named && provider->channel == channel) {
            *bits |= UINT64_C(1) << provider->id;
            return ERR_OK;
        }
        if (is_named && !parse->is_stored) {
            return document_refuse(
                reader, ERR_INVALID, "provider \"%s\" sends on channel %s, not on %s", name,
                channel_kind_name(provider->channel), channel_kind_name(channel));
        }
        if (provider->channel == channel) {
            known[count++] = provider->name;
        }
    }
    if (parse->is_stored) {
        LOG_W("campaign", "provider_missing", "campaign=c%" PRIu64 " provider=\"%s\"",
              parse->document->def.id, name);
        return ERR_OK;
    }
    return document_refuse_word(reader, "provider", name, known);
}

static enum err read_provider(struct document_reader *reader, json_t *value)
{
    struct campaign_document *document = parse_of(reader)->document;
    document->providers = json_is_array(value) ? json_copy(value) : json_array();
    if (json_is_string(value)) {
        json_array_append(document->providers, value);
    }
    if (json_array_size(document->providers) == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a provider's name, or a list of names");
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < json_array_size(document->providers); i++) {
        const char *name;
        enum err err = document_line(reader, json_array_get(document->providers, i), 1,
                                     PROVIDER_NAME_MAX, &name);
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

static enum err read_within(struct document_reader *reader, json_t *value)
{
    return document_duration(reader, value, 1000, PLAN_WITHIN_MAX_MS, &step_of(reader)->within_ms);
}

static const char *const uncertain_words[] = {[PLAN_RESEND] = "resend", [PLAN_HOLD] = "hold", NULL};

static enum err read_on_uncertain(struct document_reader *reader, json_t *value)
{
    unsigned index;
    enum err err = document_word(reader, value, "policy", uncertain_words, &index);
    if (err == ERR_OK) {
        step_of(reader)->on_uncertain = (enum plan_on_uncertain)index;
    }
    return err;
}

static enum err read_plan(struct document_reader *reader, json_t *value)
{
    static const struct document_field fields[] = {
        {"provider", false, read_provider},
        {"attempts", false, read_attempts},
        {"backoff", false, read_backoff},
        {"backoff_max", false, read_backoff_max},
        {"within", false, read_within},
        {"on_uncertain", false, read_on_uncertain},
        {NULL, false, NULL},
    };
    return document_object(reader, value, fields);
}

static enum err read_content(struct document_reader *reader, json_t *value)
{
    struct parse *parse = parse_of(reader);
    enum err err = ERR_OK;
    if (!parse->is_stored) { /* checked when it was taken */
        err = campaign_content_check(reader, value, step_of(reader)->channel,
                                     &parse->audience->schema);
    }
    if (err == ERR_OK) {
        parse->document->content = json_deep_copy(value);
    }
    return err;
}

/* ---- members of the stored form ---- */

static enum err read_version(struct document_reader *reader, json_t *value)
{
    parse_of(reader)->version = json_integer_value(value);
    return ERR_OK;
}

static enum err read_id(struct document_reader *reader, json_t *value)
{
    const char *text = json_string_value(value);
    return object_id_parse(slice_str(text), OBJECT_CAMPAIGN, &parse_of(reader)->document->def.id)
               ? ERR_OK
               : document_refuse(reader, ERR_INVALID, "is no campaign's id");
}

static enum err read_created(struct document_reader *reader, json_t *value)
{
    return document_integer(reader, value, 0, INT64_MAX,
                            &parse_of(reader)->document->def.created_ms);
}

/* A member may stand on those before it: content and plan on the channel, the channel on the
 * audience. */
#define REQUEST_FIELDS                                                                             \
    {"name", true, read_name}, {"audience", true, read_audience}, {"channel", true, read_channel}, \
        {"priority", false, read_priority}, {"weight", false, read_weight},                        \
        {"plan", false, read_plan}, {"content", true, read_content},                               \
    {                                                                                              \
        NULL, false, NULL                                                                          \
    }

static const struct document_field request_fields[] = {REQUEST_FIELDS};
static const struct document_field stored_fields[] = {
    {"version", true, read_version},
    {"id", true, read_id},
    {"created_ms", true, read_created},
    REQUEST_FIELDS,
};

static json_t *duration_json(uint64_t ms)
{
    char text[DOCUMENT_DURATION_BYTES];
    document_duration_write(text, ms);
    return json_string(text);
}

/* The plan as clients see it, with every default. */
static json_t *plan_json(const struct campaign_document *document)
{
    const struct plan_step *step = &document->def.plan.steps[0];
    json_t *plan = json_object();
    if (document->providers != NULL) {
        json_object_set_new(plan, "provider",
                            json_array_size(document->providers) == 1
                                ? json_incref(json_array_get(document->providers, 0))
                                : json_incref(document->providers));
    }
    json_object_set_new(plan, "attempts", json_integer(step->attempts));
    json_object_set_new(plan, "backoff", duration_json(step->backoff_ms));
    json_object_set_new(plan, "backoff_max", duration_json(step->backoff_max_ms));
    json_object_set_new(plan, "within", duration_json(step->within_ms));
    json_object_set_new(plan, "on_uncertain", json_string(uncertain_words[step->on_uncertain]));
    return plan;
}

static enum err check_some_provider(struct document_reader *reader)
{
    const struct parse *parse = parse_of(reader);
    enum channel_kind channel = step_of(reader)->channel;
    for (unsigned i = 0; i < parse->surroundings->provider_count; i++) {
        if (parse->surroundings->providers[i].channel == channel) {
            return ERR_OK;
        }
    }
    (void)document_enter(reader, "channel");
    return document_refuse(reader, ERR_INVALID,
                           "no provider is set up for channel \"%s\"; the coordinator's settings "
                           "name them under \"providers\"",
                           channel_kind_name(channel));
}

static enum err read_document(struct parse *parse, json_t *json, struct document_problem *problem)
{
    struct campaign_document *document = mem_zalloc(1, sizeof(*document));
    struct document_reader reader;
    parse->document = document;
    document->def.priority = PRIORITY_NORMAL;
    document->def.weight = 1;
    document_reader_init(&reader, problem, parse);
    enum err err =
        document_object(&reader, json, parse->is_stored ? stored_fields : request_fields);
    if (err == ERR_OK && !parse->is_stored) {
        err = check_some_provider(&reader);
    }
    if (err != ERR_OK) {
        campaign_document_free(document);
        parse->document = NULL;
        return err;
    }
    document->plan = plan_json(document);
    return ERR_OK;
}

enum err campaign_document_parse(struct campaign_document **out, struct slice json,
                                 const struct campaign_surroundings *surroundings,
                                 struct document_problem *problem)
{
    struct parse parse = {.surroundings = surroundings};
    json_t *parsed;
    *out = NULL;
    enum err err = document_parse(json, &parsed, problem);
    if (err == ERR_OK) {
        err = read_document(&parse, parsed, problem);
        json_decref(parsed);
    }
    *out = parse.document;
    return err;
}

enum err campaign_document_load(struct campaign_document **out, struct slice stored,
                                const struct campaign_surroundings *surroundings,
                                struct problem *problem)
{
    struct parse parse = {.surroundings = surroundings, .is_stored = true};
    struct document_problem place;
    json_t *parsed;
    *out = NULL;
    enum err err = document_parse(stored, &parsed, &place);
    if (err != ERR_OK) {
        return problem_set(problem, ERR_CORRUPT, "%s", place.problem.text);
    }
    json_int_t version = json_integer_value(json_object_get(parsed, "version"));
    if (version > CAMPAIGN_DOCUMENT_VERSION) {
        err = problem_set(problem, ERR_NEWER_VERSION,
                          "the definition has version %" JSON_INTEGER_FORMAT
                          "; this program reads up to %d",
                          version, CAMPAIGN_DOCUMENT_VERSION);
    } else if (read_document(&parse, parsed, &place) != ERR_OK) {
        err = problem_set(problem, ERR_CORRUPT, "at %s: %s", place.pointer, place.problem.text);
    }
    json_decref(parsed);
    *out = parse.document;
    return err;
}

void campaign_document_free(struct campaign_document *document)
{
    if (document == NULL) {
        return;
    }
    json_decref(document->providers);
    json_decref(document->plan);
    json_decref(document->content);
    mem_free(document);
}

void campaign_document_number(struct campaign_document *document, uint64_t id, uint64_t created_ms)
{
    document->def.id = id;
    document->def.created_ms = created_ms;
}

const struct campaign_def *campaign_document_def(const struct campaign_document *document)
{
    return &document->def;
}

void campaign_document_encode(const struct campaign_document *document, struct buf *buf)
{
    const struct campaign_def *def = &document->def;
    char id[OBJECT_ID_CHARS + 1];
    char audience[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_CAMPAIGN, def->id);
    object_id_write(audience, OBJECT_AUDIENCE, def->audience);
    json_t *json = json_pack("{s:i, s:s, s:I, s:s, s:s, s:s, s:s, s:i, s:O, s:O}", "version",
                             CAMPAIGN_DOCUMENT_VERSION, "id", id, "created_ms",
                             (json_int_t)def->created_ms, "name", def->name, "audience", audience,
                             "channel", channel_kind_name(def->plan.steps[0].channel), "priority",
                             campaign_priority_name(def->priority), "weight", (int)def->weight,
                             "plan", document->plan, "content", document->content);
    char *text = json_dumps(json, JSON_COMPACT);
    buf_str(buf, text);
    free(text);
    json_decref(json);
}

json_t *campaign_document_plan(const struct campaign_document *document)
{
    return document->plan;
}

json_t *campaign_document_content(const struct campaign_document *document)
{
    return document->content;
}

void campaign_document_wire(const struct campaign_document *document,
                            const struct page_schema *schema, uint64_t epoch, struct arena *arena,
                            struct wire_content *content)
{
    *content = (struct wire_content){
        .epoch = epoch,
        .campaign = document->def.id,
        .name = document->def.name,
        .schema = *schema,
    };
    content->bodies = campaign_content_bodies(document->content, arena, &content->body_count);
}
