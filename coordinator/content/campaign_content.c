/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/campaign_content.h"

#include <string.h>

#include "common/template.h"
#include "common/text.h"

/* Variables of every audience; their numbers follow those of the columns. */
static const char *const house_variables[] = {"token", "campaign", "reply_code", "ack_url",
                                              "unsubscribe_url"};
#define HOUSE_LINKS_FROM 3 /* those from it on need a public URL */
#define HOUSE_VARIABLES  (sizeof(house_variables) / sizeof(house_variables[0]))

#define LOCALE_MAX 35 /* bytes; the longest tag that RFC 5646 section 4.4.1 asks to provide for */

enum part { PART_SUBJECT, PART_TEXT, PART_HTML, PARTS };
static const char *const part_names[PARTS + 1] = {"subject", "text", "html", NULL};
static const char attachments_name[] = "attachments";

/* Which parts a body may have, and of which it must have one at least. */
struct shape {
    bool allowed[PARTS];
    bool required[PARTS];
};
static const struct shape shapes[CHANNEL_KINDS] = {
    [CHANNEL_EMAIL] = {{true, true, true}, {true, false, false}},
    [CHANNEL_SMS] = {{false, true, false}, {false, true, false}},
    [CHANNEL_VOICE] = {{false, true, false}, {false, true, false}},
    [CHANNEL_PUSH] = {{true, true, false}, {false, true, false}},
    [CHANNEL_CHAT] = {{false, true, false}, {false, true, false}},
    [CHANNEL_WEBHOOK] = {{false, true, false}, {false, true, false}},
};

struct content_check {
    struct document_reader *reader;
    const struct page_schema *schema;
    bool has_public_url;
    bool lacks_public_url; /* a text wants it */
    unsigned bodies;
    char unknown[PAGE_NAME_MAX + 1]; /* the variable that was not resolved */
};

static const char *part_of(json_t *body, enum part part)
{
    const char *text = json_string_value(json_object_get(body, part_names[part]));
    return text == NULL ? "" : text;
}

static int resolve_variable(void *arg, struct slice name)
{
    struct content_check *check = arg;
    int column = page_schema_find(check->schema, name);
    if (column >= 0) {
        return column;
    }
    for (size_t i = 0; i < HOUSE_VARIABLES; i++) {
        if (slice_is(name, house_variables[i])) {
            check->lacks_public_url |= i >= HOUSE_LINKS_FROM && !check->has_public_url;
            return (int)(PAGE_COLUMNS_MAX + i);
        }
    }
    size_t len = name.len < PAGE_NAME_MAX ? name.len : PAGE_NAME_MAX;
    memcpy(check->unknown, name.data, len);
    check->unknown[len] = '\0';
    return -1;
}

static enum err refuse_template(struct content_check *check, const struct problem *problem)
{
    if (problem->err != ERR_NOT_FOUND) {
        return document_refuse(check->reader, ERR_INVALID, "%s", problem->text);
    }
    const char *known[PAGE_COLUMNS_MAX + HOUSE_VARIABLES + 1];
    size_t count = 0;
    for (unsigned i = 0; i < check->schema->count; i++) {
        known[count++] = check->schema->columns[i].name;
    }
    for (size_t i = 0; i < HOUSE_VARIABLES; i++) {
        known[count++] = house_variables[i];
    }
    known[count] = NULL;
    const char *nearest = text_nearest(check->unknown, known);
    if (nearest != NULL) {
        return document_refuse(check->reader, ERR_INVALID, "%s; did you mean \"%s\"?",
                               problem->text, nearest);
    }
    return document_refuse(check->reader, ERR_INVALID,
                           "%s; there are the columns of the audience, \"token\", \"campaign\", "
                           "\"reply_code\", \"ack_url\" and \"unsubscribe_url\"",
                           problem->text);
}

static enum err check_template(struct content_check *check, json_t *value)
{
    const char *text;
    enum err err = document_string(check->reader, value, 1, CONTENT_TEMPLATE_MAX, &text);
    if (err != ERR_OK) {
        return err;
    }
    struct template *template = NULL;
    struct problem problem = {0};
    err = template_new(&template, slice_str(text), TEMPLATE_RAW, resolve_variable, check, &problem);
    template_free(template);
    if (err != ERR_OK) {
        return refuse_template(check, &problem);
    }
    return !check->lacks_public_url
               ? ERR_OK
               : document_refuse(
                     check->reader, ERR_INVALID,
                     "the links \"ack_url\" and \"unsubscribe_url\" need \"public_url\" "
                     "in the coordinator's settings: what they begin with");
}

static enum err check_part(struct content_check *check, const struct shape *shape, json_t *body,
                           enum part part)
{
    json_t *value = json_object_get(body, part_names[part]);
    size_t mark = document_enter(check->reader, part_names[part]);
    enum err err = ERR_OK;
    if (value == NULL || json_is_null(value)) {
        if (shape->required[part]) {
            err =
                document_refuse(check->reader, ERR_INVALID, "\"%s\" is required", part_names[part]);
        }
    } else if (!shape->allowed[part]) {
        err = document_refuse(check->reader, ERR_INVALID, "this channel has no \"%s\"",
                              part_names[part]);
    } else {
        err = check_template(check, value);
    }
    document_leave(check->reader, mark);
    return err;
}

static const char *const member_names[] = {"subject", "text", "html", attachments_name, NULL};

static bool is_member(const char *key)
{
    const char *const *name = member_names;
    while (*name != NULL && strcmp(*name, key) != 0) {
        name++;
    }
    return *name != NULL;
}

static enum err check_attachments(struct document_reader *reader, enum channel_kind channel,
                                  json_t *body)
{
    json_t *list = json_object_get(body, attachments_name);
    size_t mark = document_enter(reader, attachments_name);
    size_t i;
    json_t *name;
    if (list == NULL || json_is_null(list)) {
        document_leave(reader, mark);
        return ERR_OK;
    }
    if (channel != CHANNEL_EMAIL) {
        return document_refuse(reader, ERR_INVALID, "this channel has no attachments");
    }
    if (!json_is_array(list) || json_array_size(list) > WIRE_ATTACHMENTS_MAX) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a list of up to %d names of files that the workers have",
                               WIRE_ATTACHMENTS_MAX);
    }
    json_array_foreach(list, i, name)
    {
        const char *text = json_string_value(name);
        if (text == NULL || !text_is_file_name(slice_str(text))) {
            return document_refuse(reader, ERR_INVALID,
                                   "\"%.80s\" is no name of a file: up to %d bytes, without \"/\" "
                                   "and not beginning with a dot",
                                   text == NULL ? "" : text, TEXT_FILE_NAME_MAX);
        }
    }
    document_leave(reader, mark);
    return ERR_OK;
}

/* One message of one channel in one locale. */
static enum err check_body(struct content_check *check, enum channel_kind channel, json_t *body)
{
    struct document_reader *reader = check->reader;
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        if (!is_member(key)) {
            (void)document_enter(reader, key);
            return document_refuse_word(reader, "member", key, member_names);
        }
    }
    for (enum part part = 0; part < PARTS; part++) {
        enum err part_err = check_part(check, &shapes[channel], body, part);
        if (part_err != ERR_OK) {
            return part_err;
        }
    }
    enum err err = check_attachments(reader, channel, body);
    if (err != ERR_OK) {
        return err;
    }
    if (part_of(body, PART_TEXT)[0] == '\0' && part_of(body, PART_HTML)[0] == '\0') {
        return document_refuse(reader, ERR_INVALID, "\"text\" or \"html\" is required");
    }
    if (++check->bodies > WIRE_BODIES_MAX) {
        return document_refuse(reader, ERR_LIMIT, "more than %d bodies", WIRE_BODIES_MAX);
    }
    return ERR_OK;
}

static bool is_locale(const char *text)
{
    size_t len = strlen(text);
    size_t known = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return len > 0 && len <= LOCALE_MAX && known == len;
}

/* {"text":...} and not {"default":{...}}? */
static bool is_plain(json_t *body)
{
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        if (json_is_object(value)) {
            return false;
        }
    }
    return true;
}

static enum err check_channel(struct content_check *check, enum channel_kind channel, json_t *body)
{
    struct document_reader *reader = check->reader;
    if (!json_is_object(body)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be an object such as {\"text\":\"...\"}, or one by locale");
    }
    if (is_plain(body)) {
        return check_body(check, channel, body);
    }
    const char *locale;
    json_t *value;
    json_object_foreach(body, locale, value)
    {
        size_t mark = document_enter(reader, locale);
        enum err err;
        if (!is_locale(locale)) {
            err = document_refuse(reader, ERR_INVALID,
                                  "is no locale: use \"default\" or a tag such as \"de\" or "
                                  "\"pt-BR\"");
        } else if (!json_is_object(value)) {
            err = document_refuse(reader, ERR_INVALID,
                                  "must be an object, as its neighbours are: either one body, or "
                                  "one for each locale");
        } else {
            err = check_body(check, channel, value);
        }
        if (err != ERR_OK) {
            return err;
        }
        document_leave(reader, mark);
    }
    return json_object_get(body, "default") != NULL
               ? ERR_OK
               : document_refuse(reader, ERR_INVALID,
                                 "\"default\" is required: recipients without a locale of their "
                                 "own get it");
}

/* Every channel of the plan that is not left out must have a body. */
static enum err check_plan(struct document_reader *reader, json_t *content, const struct plan *plan)
{
    for (unsigned i = 0; i < plan->step_count; i++) {
        const char *needed = channel_kind_name(plan->steps[i].channel);
        if (!plan_is_left_out(plan, i) && json_object_get(content, needed) == NULL) {
            (void)document_enter(reader, needed);
            return document_refuse(reader, ERR_INVALID,
                                   "the campaign sends on \"%s\", but its content has no body for "
                                   "it",
                                   needed);
        }
    }
    return ERR_OK;
}

enum err campaign_content_check(struct document_reader *reader, json_t *content,
                                const struct content_source *source)
{
    struct content_check check = {
        .reader = reader, .schema = source->schema, .has_public_url = source->has_public_url};
    if (!json_is_object(content)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be an object such as {\"sms\":{\"text\":\"...\"}}");
    }
    const char *name;
    json_t *body;
    json_object_foreach(content, name, body)
    {
        enum channel_kind kind;
        size_t mark = document_enter(reader, name);
        if (!channel_kind_parse(slice_str(name), &kind)) {
            return document_refuse_word(reader, "channel", name, channel_kind_names());
        }
        enum err err = check_channel(&check, kind, body);
        if (err != ERR_OK) {
            return err;
        }
        document_leave(reader, mark);
    }
    return check_plan(reader, content, source->plan);
}

static const char *const *attachments_of(json_t *body, struct arena *arena, unsigned *count)
{
    const json_t *list = json_object_get(body, attachments_name);
    const char **names = arena_zalloc(arena, WIRE_ATTACHMENTS_MAX, sizeof(*names));
    size_t size = json_array_size(list);
    *count = size < WIRE_ATTACHMENTS_MAX ? (unsigned)size : WIRE_ATTACHMENTS_MAX;
    for (unsigned i = 0; i < *count; i++) {
        names[i] = json_string_value(json_array_get(list, i));
    }
    return names;
}

static void put_body(struct wire_body *bodies, unsigned *count, enum channel_kind channel,
                     const char *locale, json_t *body, struct arena *arena)
{
    if (*count < WIRE_BODIES_MAX) {
        unsigned attachment_count;
        const char *const *attachments = attachments_of(body, arena, &attachment_count);
        bodies[(*count)++] = (struct wire_body){
            .channel = channel,
            .locale = strcmp(locale, "default") == 0 ? "" : locale,
            .subject = part_of(body, PART_SUBJECT),
            .text = part_of(body, PART_TEXT),
            .html = part_of(body, PART_HTML),
            .attachment_count = attachment_count,
            .attachments = attachments,
        };
    }
}

const struct wire_body *campaign_content_bodies(json_t *content, struct arena *arena,
                                                unsigned *count)
{
    struct wire_body *bodies = arena_zalloc(arena, WIRE_BODIES_MAX, sizeof(*bodies));
    *count = 0;
    const char *name;
    json_t *body;
    json_object_foreach(content, name, body)
    {
        enum channel_kind channel;
        if (!channel_kind_parse(slice_str(name), &channel)) {
            continue;
        }
        if (is_plain(body)) {
            put_body(bodies, count, channel, "default", body, arena);
            continue;
        }
        const char *locale;
        json_t *value;
        json_object_foreach(body, locale, value)
        {
            put_body(bodies, count, channel, locale, value, arena);
        }
    }
    return bodies;
}
