/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema is the only description of the settings. An override becomes a YAML document of one
 * key, loaded with a schema of that one field, so that it is checked by the same rules as the file;
 * the field is then exchanged with the one loaded before, and the old value freed with the schema
 * of one field.
 *
 * libcyaml reports what is wrong only as lines for people, of which 1.3 has these:
 *     Load: <what is wrong>
 *     Load: Backtrace:
 *       in mapping (line: 2, column: 3)
 *       in mapping field 'keys' (line: 2, column: 3)       from the innermost outwards
 *       in sequence entry '1' (line: 1, column: 8)
 * settings_on_line makes a complaint of them; a line that it does not understand costs the place,
 * not the message.
 */
#include "common/settings_file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#define SETTINGS_TEXT_MAX  200
#define SETTINGS_KNOWN_MAX 256

/* What libcyaml said. */
struct complaint {
    char what[SETTINGS_TEXT_MAX];
    char path[SETTINGS_TEXT_MAX]; /* keys from the top, joined by `.` */
    unsigned long line;           /* 0: unknown */
};

/* Where the text being loaded came from: a file, or a variable. */
struct settings_place {
    const char *name;
    bool is_variable;
    const cyaml_schema_value_t *schema; /* of the whole, to look for the nearest key */
};

struct settings_override {
    const struct settings_source *source;
    struct buf *name;  /* of the variable for the field being looked at */
    struct buf *known; /* all names, each with its zero */
    struct settings_place place;
    struct problem *problem;
};

static void complaint_prepend(struct complaint *complaint, const char *key)
{
    char path[SETTINGS_TEXT_MAX];
    int len = snprintf(path, sizeof(path), "%s%s%s", key, complaint->path[0] == '\0' ? "" : ".",
                       complaint->path);
    if (len > 0 && (size_t)len < sizeof(path)) {
        memcpy(complaint->path, path, (size_t)len + 1);
    }
}

PRINTF_LIKE(3, 0)
static void settings_on_line(cyaml_log_t level, void *arg, const char *format, va_list args)
{
    (void)level;
    static const char prefix[] = "Load: ";
    struct complaint *complaint = arg;
    char line[SETTINGS_TEXT_MAX];
    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, prefix, sizeof(prefix) - 1) == 0) {
        if (complaint->what[0] == '\0') {
            memcpy(complaint->what, line + sizeof(prefix) - 1, strlen(line) - sizeof(prefix) + 2);
        }
        return;
    }
    static const char before_line[] = "(line: ";
    const char *at = strstr(line, before_line);
    if (complaint->line == 0 && at != NULL) {
        complaint->line = strtoul(at + sizeof(before_line) - 1, NULL, 10);
    }
    char key[65];
    if (sscanf(line, "  in mapping field '%64[^']'", key) == 1 ||
        sscanf(line, "  in sequence entry '%64[^']'", key) == 1) {
        complaint_prepend(complaint, key);
    }
}

static void *settings_mem(void *arg, void *ptr, size_t size)
{
    (void)arg;
    if (size == 0) {
        mem_free(ptr);
        return NULL;
    }
    return mem_resize(ptr, 1, size);
}

static cyaml_config_t settings_config(struct complaint *complaint)
{
    return (cyaml_config_t){
        .log_fn = complaint == NULL ? NULL : settings_on_line,
        .log_ctx = complaint,
        .mem_fn = settings_mem,
        .log_level = CYAML_LOG_ERROR,
    };
}

/* The fields of the mapping at `path` (keys joined by `.`; any word steps into a sequence), or
 * NULL. */
static const cyaml_schema_field_t *settings_fields(const cyaml_schema_value_t *schema,
                                                   const char *path)
{
    while (*path != '\0') {
        size_t len = strcspn(path, ".");
        if (schema->type == CYAML_SEQUENCE || schema->type == CYAML_SEQUENCE_FIXED) {
            schema = schema->sequence.entry;
        } else if (schema->type == CYAML_MAPPING) {
            const cyaml_schema_field_t *field = schema->mapping.fields;
            while (field->key != NULL &&
                   (strlen(field->key) != len || strncmp(field->key, path, len) != 0)) {
                field++;
            }
            if (field->key == NULL) {
                return NULL;
            }
            schema = &field->value;
        } else {
            return NULL;
        }
        path += len + (path[len] == '.');
    }
    return schema->type == CYAML_MAPPING ? schema->mapping.fields : NULL;
}

/* `did you mean "name"?`, or all that is known there. */
static void settings_put_suggestion(struct buf *buf, const cyaml_schema_field_t *fields,
                                    const char *key)
{
    const char *known[SETTINGS_KNOWN_MAX + 1];
    size_t count = 0;
    for (const cyaml_schema_field_t *field = fields;
         field != NULL && field->key != NULL && count < SETTINGS_KNOWN_MAX; field++) {
        known[count++] = field->key;
    }
    known[count] = NULL;
    const char *nearest = text_nearest(key, known);
    if (nearest != NULL) {
        buf_printf(buf, "; did you mean \"%s\"?", nearest);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        buf_printf(buf, "%s%s", i == 0 ? "; known here: " : ", ", known[i]);
    }
}

/* libcyaml speaks of YAML's events, which people who write settings need not know. */
static const char *settings_sentence(const struct complaint *complaint, cyaml_err_t code)
{
    static const struct {
        const char *begins;
        const char *sentence;
    } map[] = {
        {"Expecting MAPPING", "keys and their values were expected here, as in \"key: value\""},
        {"Expecting SEQUENCE", "a list was expected here, as in \"[a, b]\""},
        {"Expecting ", "a single value was expected here"},
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (strncmp(complaint->what, map[i].begins, strlen(map[i].begins)) == 0) {
            return map[i].sentence;
        }
    }
    return complaint->what[0] != '\0' ? complaint->what : cyaml_strerror(code);
}

static enum err settings_problem(struct problem *problem, const struct settings_place *place,
                                 const struct complaint *complaint, cyaml_err_t code)
{
    static const char unexpected[] = "Unexpected key: ";
    const char *dot = complaint->path[0] == '\0' ? "" : ".";
    struct buf text = {0};
    buf_str(&text, place->name);
    if (!place->is_variable && complaint->line != 0) {
        buf_printf(&text, ":%lu", complaint->line);
    }
    if (strncmp(complaint->what, unexpected, sizeof(unexpected) - 1) == 0) {
        const char *key = complaint->what + sizeof(unexpected) - 1;
        buf_printf(&text, ": unknown key \"%s%s%s\"", complaint->path, dot, key);
        settings_put_suggestion(&text, settings_fields(place->schema, complaint->path), key);
    } else {
        buf_printf(&text, ": %s%s%s", place->is_variable ? "" : complaint->path,
                   place->is_variable || *dot == '\0' ? "" : ": ",
                   settings_sentence(complaint, code));
    }
    (void)problem_set(problem, ERR_INVALID, "%s", buf_cstr(&text));
    buf_release(&text);
    return ERR_INVALID;
}

/* schema is of the document, place->schema of the whole settings. */
static enum err settings_parse(void **out, const cyaml_schema_value_t *schema, struct slice yaml,
                               const struct settings_place *place, struct problem *problem)
{
    struct complaint complaint = {0};
    cyaml_config_t config = settings_config(&complaint);
    *out = NULL;
    cyaml_err_t code = cyaml_load_data(yaml.data, yaml.len, &config, schema, out, NULL);
    if (code == CYAML_OK && *out == NULL) { /* an empty document */
        code = cyaml_load_data((const uint8_t *)"{}", 2, &config, schema, out, NULL);
    }
    if (code != CYAML_OK) {
        *out = NULL;
        return settings_problem(problem, place, &complaint, code);
    }
    return ERR_OK;
}

static const char *settings_variable(const struct settings_source *source, const char *name)
{
    size_t len = strlen(name);
    for (char *const *at = source->environment; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=' && (*at)[len + 1] != '\0') {
            return *at + len + 1;
        }
    }
    return NULL;
}

/* Exchanges the same part of two structs. */
static void settings_exchange(uint8_t *a, uint8_t *b, size_t offset, size_t size)
{
    void *kept = mem_copy(a + offset, size);
    memcpy(a + offset, b + offset, size);
    memcpy(b + offset, kept, size);
    mem_free(kept);
}

/* The room that the field itself takes in its struct. */
static size_t settings_field_bytes(const cyaml_schema_value_t *value)
{
    if (value->flags & CYAML_FLAG_POINTER) {
        return sizeof(void *);
    }
    bool many = value->type == CYAML_SEQUENCE || value->type == CYAML_SEQUENCE_FIXED;
    return many ? (size_t)value->data_size * value->sequence.max : value->data_size;
}

/* Loads one field of the struct `into`, of struct_bytes, from the text of a variable. */
static enum err settings_set_field(struct settings_override *override,
                                   const cyaml_schema_field_t *field, const char *text, void *into,
                                   uint32_t struct_bytes)
{
    const cyaml_schema_field_t fields[] = {*field, {.key = NULL}};
    const cyaml_schema_value_t schema = {
        .type = CYAML_MAPPING,
        .flags = CYAML_FLAG_POINTER,
        .data_size = struct_bytes,
        .mapping = {.fields = fields},
    };
    bool is_many = field->value.type == CYAML_SEQUENCE || field->value.type == CYAML_MAPPING ||
                   field->value.type == CYAML_SEQUENCE_FIXED || field->value.type == CYAML_FLAGS ||
                   field->value.type == CYAML_BITFIELD;
    struct buf yaml = {0};
    buf_printf(&yaml, "{\"%s\": ", field->key);
    if (is_many) {
        buf_str(&yaml, text);
    } else {
        buf_u8(&yaml, '"');
        text_json_escape(&yaml, slice_str(text)); /* YAML's double quotes know all of JSON's */
        buf_u8(&yaml, '"');
    }
    buf_str(&yaml, "}");
    override->place.name = buf_cstr(override->name);
    void *loaded = NULL;
    enum err err =
        settings_parse(&loaded, &schema, buf_view(&yaml), &override->place, override->problem);
    if (err == ERR_OK) {
        assert(loaded != NULL);
        settings_exchange(into, loaded, field->data_offset, settings_field_bytes(&field->value));
        settings_exchange(into, loaded, field->count_offset, field->count_size);
        settings_file_free(loaded, &schema);
    }
    buf_release(&yaml);
    return err;
}

static void settings_name_put(struct buf *name, const char *key)
{
    buf_u8(name, '_');
    for (const char *at = key; *at != '\0'; at++) {
        char c = *at;
        bool is_lower = c >= 'a' && c <= 'z';
        bool is_plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        buf_u8(name, (uint8_t)(is_lower ? c - 'a' + 'A' : is_plain ? c : '_'));
    }
}

static enum err settings_override_mapping(struct settings_override *override,
                                          const cyaml_schema_value_t *schema, void *into)
{
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key != NULL; field++) {
        size_t before = override->name->len;
        settings_name_put(override->name, field->key);
        const char *name = buf_cstr(override->name);
        buf_append(override->known, name, strlen(name) + 1);
        const char *text = settings_variable(override->source, name);
        enum err err = ERR_OK;
        if (text != NULL) {
            err = settings_set_field(override, field, text, into, schema->data_size);
        }
        void *inner = (uint8_t *)into + field->data_offset;
        if (field->value.type == CYAML_MAPPING && (field->value.flags & CYAML_FLAG_POINTER)) {
            memcpy(&inner, inner, sizeof(inner));
        }
        if (err == ERR_OK && field->value.type == CYAML_MAPPING && inner != NULL) {
            err = settings_override_mapping(override, &field->value, inner);
        }
        if (err != ERR_OK) {
            return err;
        }
        override->name->len = before;
    }
    return ERR_OK;
}

static void settings_warn_unknown(const struct settings_source *source, const struct buf *known)
{
    const char *names[SETTINGS_KNOWN_MAX + 1];
    size_t count = 0;
    for (size_t at = 0; at < known->len && count < SETTINGS_KNOWN_MAX;
         at += strlen(names[count++]) + 1) {
        names[count] = (const char *)known->data + at;
    }
    names[count] = NULL;
    size_t prefix_len = strlen(source->prefix);
    for (char *const *at = source->environment; at != NULL && *at != NULL; at++) {
        size_t len = strcspn(*at, "=");
        if (strncmp(*at, source->prefix, prefix_len) != 0 || (*at)[prefix_len] != '_') {
            continue;
        }
        char *name = mem_copy_strn(*at, len);
        const char *nearest = text_nearest(name, names);
        if (nearest == NULL) {
            LOG_W("settings", "variable_unknown", "variable=%s", name);
        } else if (strcmp(nearest, name) != 0) {
            LOG_W("settings", "variable_unknown", "variable=%s nearest=%s", name, nearest);
        }
        mem_free(name);
    }
}

static enum err settings_override_all(void *settings, const cyaml_schema_value_t *schema,
                                      const struct settings_source *source, struct problem *problem)
{
    struct buf name = {0};
    struct buf known = {0};
    struct settings_override override = {
        .source = source,
        .name = &name,
        .known = &known,
        .place = {.is_variable = true, .schema = schema},
        .problem = problem,
    };
    buf_str(&name, source->prefix);
    enum err err = settings_override_mapping(&override, schema, settings);
    if (err == ERR_OK) {
        settings_warn_unknown(source, &known);
    }
    buf_release(&known);
    buf_release(&name);
    return err;
}

static enum err settings_read(struct buf *yaml, const char *path, struct problem *problem)
{
    size_t bad_at;
    enum err err = file_read(yaml, path, SETTINGS_FILE_MAX_BYTES, problem);
    if (err != ERR_OK || text_is_utf8(buf_view(yaml), &bad_at)) {
        return err;
    }
    unsigned long line = 1;
    for (size_t i = 0; i < bad_at; i++) {
        line += yaml->data[i] == '\n';
    }
    return problem_set(problem, ERR_INVALID,
                       "%s:%lu: settings are written in UTF-8, and this is not", path, line);
}

enum err settings_file_load(void **out, const cyaml_schema_value_t *schema,
                            const struct settings_source *source, struct problem *problem)
{
    struct buf yaml = {0};
    enum err err = ERR_OK;
    *out = NULL;
    if (source->path != NULL) {
        err = settings_read(&yaml, source->path, problem);
    }
    if (err == ERR_OK) {
        struct settings_place place = {
            .name = source->path == NULL ? source->prefix : source->path,
            .schema = schema,
        };
        struct slice text = yaml.len == 0 ? slice_str("{}") : buf_view(&yaml);
        err = settings_parse(out, schema, text, &place, problem);
    }
    if (err == ERR_OK) {
        err = settings_override_all(*out, schema, source, problem);
    }
    if (err != ERR_OK && *out != NULL) {
        settings_file_free(*out, schema);
        *out = NULL;
    }
    buf_release(&yaml);
    return err;
}

void settings_file_free(void *settings, const cyaml_schema_value_t *schema)
{
    cyaml_config_t config = settings_config(NULL);
    (void)cyaml_free(&config, schema, settings, 0);
}
