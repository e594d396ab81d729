/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader of both forms of a campaign's document. Most members are read as they come;
 * those that stand on each other (channel, plan, content) are noted and read when all are known.
 */
#include <string.h>

#include "common/mem.h"
#include "coordinator/content/campaign_content.h"
#include "coordinator/content/campaign_document_internal.h"
#include "coordinator/content/change_document.h"
#include "coordinator/content/channel_list.h"
#include "coordinator/content/control_document.h"
#include "coordinator/content/object_id.h"
#include "coordinator/content/plan_check.h"
#include "coordinator/content/plan_document.h"

struct parse {
    const struct campaign_surroundings *surroundings;
    const struct audience_info *audience;
    struct campaign_document *document;
    bool is_stored;
    json_int_t version;
    json_t *channel; /* members, borrowed; NULL if they are not there */
    json_t *plan;
    json_t *content;
};

static struct parse *parse_of(struct document_reader *reader)
{
    return reader->arg;
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

static enum err read_priority(struct document_reader *reader, json_t *value)
{
    return control_document_priority(reader, value, &parse_of(reader)->document->def.priority);
}

static enum err read_weight(struct document_reader *reader, json_t *value)
{
    return control_document_weight(reader, value, &parse_of(reader)->document->def.weight);
}

static enum err read_rate(struct document_reader *reader, json_t *value)
{
    return change_document_rate(reader, value, &parse_of(reader)->document->def.rate_per_s);
}

static enum err read_quiet_hours(struct document_reader *reader, json_t *value)
{
    const struct parse *parse = parse_of(reader);
    return respect_document_quiet_hours(reader, value, parse->is_stored,
                                        &parse->document->respect.quiet_hours);
}

static enum err read_frequency_cap(struct document_reader *reader, json_t *value)
{
    return respect_document_frequency_cap(reader, value,
                                          &parse_of(reader)->document->respect.frequency_cap);
}

static enum err read_without(struct document_reader *reader, json_t *value)
{
    if (json_is_array(value) && json_array_size(value) == 0) {
        return ERR_OK;
    }
    return channel_list_read(reader, value, ": the plan's steps on them are left out",
                             &parse_of(reader)->document->def.plan.without);
}

static struct campaign_control *control_of(struct document_reader *reader)
{
    return &parse_of(reader)->document->def.control;
}

static enum err read_start_at(struct document_reader *reader, json_t *value)
{
    return control_document_time(reader, value, &control_of(reader)->start_at_ms);
}

static enum err read_not_after(struct document_reader *reader, json_t *value)
{
    return control_document_not_after(reader, value, control_of(reader));
}

static enum err read_supersedes(struct document_reader *reader, json_t *value)
{
    return control_document_supersedes(reader, value, control_of(reader));
}

static enum err read_stop_rules(struct document_reader *reader, json_t *value)
{
    return control_document_stop_rules(reader, value, control_of(reader));
}

/* The three that stand on each other are read when all of them are known: read_message. */
static enum err note_channel(struct document_reader *reader, json_t *value)
{
    parse_of(reader)->channel = value;
    return ERR_OK;
}

static enum err note_plan(struct document_reader *reader, json_t *value)
{
    parse_of(reader)->plan = value;
    return ERR_OK;
}

static enum err note_content(struct document_reader *reader, json_t *value)
{
    parse_of(reader)->content = value;
    return ERR_OK;
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

static enum err read_plan_name(struct document_reader *reader, json_t *value)
{
    const char *name = NULL;
    enum err err = document_line(reader, value, 1, PLAN_NAME_MAX, &name);
    if (err == ERR_OK) {
        memcpy(parse_of(reader)->document->plan_name, name, strlen(name) + 1);
    }
    return err;
}

static enum err read_delivery_key(struct document_reader *reader, json_t *value)
{
    const struct parse *parse = parse_of(reader);
    const struct delivery_keys *keys = parse->surroundings->delivery_keys;
    uint64_t number;
    enum err err = document_integer(reader, value, 1, keys == NULL ? 1 : keys->count, &number);
    if (err == ERR_OK) {
        parse->document->delivery_key = (uint32_t)number;
    }
    return err;
}

static enum err read_reply_codes(struct document_reader *reader, json_t *value)
{
    return reply_ranges_read(reader, value, &parse_of(reader)->document->reply_range);
}

static enum err read_traceparent(struct document_reader *reader, json_t *value)
{
    const char *text = json_string_value(value);
    bool is_read =
        text != NULL && trace_context_parse(slice_str(text), &parse_of(reader)->document->trace);
    return is_read ? ERR_OK : document_refuse(reader, ERR_INVALID, "is no trace");
}

#define REQUEST_FIELDS                                                                             \
    {"name", true, read_name}, {"audience", true, read_audience},                                  \
        {"channel", false, note_channel}, {"priority", false, read_priority},                      \
        {"weight", false, read_weight}, {"rate", false, read_rate},                                \
        {"start_at", false, read_start_at}, {"not_after", false, read_not_after},                  \
        {"supersedes", false, read_supersedes}, {"stop_rules", false, read_stop_rules},            \
        {"without", false, read_without}, {"plan", false, note_plan},                              \
        {"content", false, note_content}, {"quiet_hours", false, read_quiet_hours},                \
        {"frequency_cap", false, read_frequency_cap},                                              \
    {                                                                                              \
        NULL, false, NULL                                                                          \
    }

static const struct document_field request_fields[] = {REQUEST_FIELDS};
static const struct document_field stored_fields[] = {
    {"version", true, read_version},
    {"id", true, read_id},
    {"created_ms", true, read_created},
    {"plan_name", false, read_plan_name},
    {"delivery_key", false, read_delivery_key},
    {"reply_codes", false, read_reply_codes},
    {"traceparent", false, read_traceparent},
    REQUEST_FIELDS,
};

/* A named plan is taken as it stands now. */
static enum err choose_plan(struct document_reader *reader, json_t **plan)
{
    struct parse *parse = parse_of(reader);
    struct named_plan named;
    *plan = parse->plan;
    if (parse->plan != NULL && !json_is_string(parse->plan) && !json_is_object(parse->plan)) {
        (void)document_enter(reader, "plan");
        return document_refuse(reader, ERR_INVALID,
                               "must be an object such as {\"steps\":[…]}, or the name of a plan");
    }
    if (parse->is_stored || !json_is_string(parse->plan)) {
        return ERR_OK;
    }
    const char *name = json_string_value(parse->plan);
    if (parse->surroundings->plans != NULL &&
        plan_registry_find(parse->surroundings->plans, name, &named)) {
        memcpy(parse->document->plan_name, name, strlen(name) + 1);
        *plan = named.plan;
        return ERR_OK;
    }
    struct buf text = {0};
    plan_registry_tell_missing(parse->surroundings->plans, name, &text);
    size_t mark = document_enter(reader, "plan");
    enum err err = document_refuse(reader, ERR_NOT_FOUND, "%s", buf_cstr(&text));
    document_leave(reader, mark);
    buf_release(&text);
    return err;
}

/* The client wrote a name where the complaint points into the plan. */
static void tell_of_named(const struct campaign_document *document,
                          struct document_problem *problem)
{
    static const char in_plan[] = "/plan/";
    struct document_problem inner = *problem;
    if (document->plan_name[0] == '\0' ||
        strncmp(inner.pointer, in_plan, sizeof(in_plan) - 1) != 0) {
        return;
    }
    problem_set(&problem->problem, inner.problem.err, "plan: \"%s\" does not fit here, at %s: %s",
                document->plan_name, inner.pointer + sizeof(in_plan) - 2, inner.problem.text);
    problem->pointer[sizeof(in_plan) - 2] = '\0';
}

static enum err read_plan(struct document_reader *reader)
{
    const struct parse *parse = parse_of(reader);
    struct campaign_document *document = parse->document;
    struct plan_source source = {
        .channel = parse->channel,
        .schema = &parse->audience->schema,
        .providers = parse->surroundings->providers,
        .provider_count = parse->surroundings->provider_count,
        .groups = parse->surroundings->groups,
        .group_count = parse->surroundings->group_count,
        .is_stored = parse->is_stored,
        .campaign = document->def.id,
    };
    enum err err = choose_plan(reader, &source.plan);
    if (err == ERR_OK) {
        err = plan_document_read(reader, &source, &document->def.plan, &document->plan);
    }
    if (err == ERR_OK && !parse->is_stored) {
        err = plan_check_end(reader, &document->def.plan,
                             json_object_get(source.plan, "steps") == NULL,
                             document->def.control.not_after_for_ms);
    }
    if (err != ERR_OK) {
        tell_of_named(document, reader->problem);
    }
    return err;
}

static enum err read_content(struct document_reader *reader)
{
    const struct parse *parse = parse_of(reader);
    const struct content_source source = {
        .plan = &parse->document->def.plan,
        .schema = &parse->audience->schema,
        .has_public_url = parse->surroundings->public_url != NULL,
    };
    enum err err = ERR_OK;
    size_t mark = document_enter(reader, "content");
    if (parse->content == NULL) {
        err = document_refuse(reader, ERR_INVALID, "\"content\" is required");
    } else if (!parse->is_stored) { /* checked when it was taken */
        err = campaign_content_check(reader, parse->content, &source);
    }
    document_leave(reader, mark);
    if (err == ERR_OK) {
        parse->document->content = json_deep_copy(parse->content);
    }
    return err;
}

static enum err check_some_step(struct document_reader *reader)
{
    const struct plan *plan = &parse_of(reader)->document->def.plan;
    if (plan_first(plan) < plan->step_count) {
        return ERR_OK;
    }
    (void)document_enter(reader, "without");
    return document_refuse(reader, ERR_INVALID,
                           "leaves nothing of the plan: every step of it is on a channel that the "
                           "campaign does without; leave a channel in, or add a step on another");
}

/* The plan stands on the audience and on what is left out, the content on the plan. */
static enum err read_message(struct document_reader *reader)
{
    enum err err = read_plan(reader);
    if (err == ERR_OK) {
        err = check_some_step(reader);
    }
    return err == ERR_OK ? read_content(reader) : err;
}

static enum err check_reply_codes(struct document_reader *reader)
{
    const struct campaign_document *document = parse_of(reader)->document;
    if (document->reply_range.count == 0 || document->reply_range.count >= document->def.slots) {
        return ERR_OK;
    }
    (void)document_enter(reader, "reply_codes");
    return document_refuse(reader, ERR_INVALID, "are fewer than the audience has places");
}

static enum err read_document(struct parse *parse, json_t *json, struct document_problem *problem)
{
    struct campaign_document *document = mem_zalloc(1, sizeof(*document));
    struct document_reader reader;
    parse->document = document;
    document->def.priority = PRIORITY_NORMAL;
    document->def.weight = 1;
    document->delivery_key = parse->is_stored || parse->surroundings->delivery_keys == NULL
                                 ? 1
                                 : parse->surroundings->delivery_keys->count;
    if (!parse->is_stored && parse->surroundings->respect != NULL) {
        document->respect = *parse->surroundings->respect;
    }
    document_reader_init(&reader, problem, parse);
    enum err err =
        document_object(&reader, json, parse->is_stored ? stored_fields : request_fields);
    if (err == ERR_OK) {
        err = read_message(&reader);
    }
    if (err == ERR_OK) {
        err = check_reply_codes(&reader);
    }
    document->def.quiet_channels = document->respect.quiet_hours.channels;
    document->def.cap_messages = document->respect.frequency_cap.messages;
    document->def.cap_per_ms = document->respect.frequency_cap.per_ms;
    if (err != ERR_OK) {
        campaign_document_free(document);
        parse->document = NULL;
        return err;
    }
    return ERR_OK;
}

enum err campaign_document_read(struct campaign_document **out, json_t *json,
                                const struct campaign_surroundings *surroundings,
                                struct document_problem *problem)
{
    struct parse parse = {.surroundings = surroundings};
    enum err err = read_document(&parse, json, problem);
    *out = parse.document;
    return err;
}

enum err campaign_document_parse(struct campaign_document **out, struct slice json,
                                 const struct campaign_surroundings *surroundings,
                                 struct document_problem *problem)
{
    json_t *parsed;
    *out = NULL;
    enum err err = document_parse(json, &parsed, problem);
    if (err == ERR_OK) {
        err = campaign_document_read(out, parsed, surroundings, problem);
        json_decref(parsed);
    }
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
