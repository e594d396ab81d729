/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/document_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/text.h"
#include "common/yaml_json.h"

/* Fields of one object, for the list of names that text_nearest wants. */
#define DOCUMENT_FIELDS_MAX 32

static const char *kind_of(json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static enum err check_object(json_t **out, struct document_problem *problem)
{
    if (json_is_object(*out)) {
        return ERR_OK;
    }
    const char *kind = kind_of(*out);
    json_decref(*out);
    *out = NULL;
    problem->line = 1;
    problem->column = 1;
    return problem_set(&problem->problem, ERR_INVALID, "the document must be an object, not %s",
                       kind);
}

/* In our words where the library's speak of itself. */
static const char *flaw_of(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_null_character || code == json_error_null_byte_in_key
               ? "a text with the character \\u0000 is not taken"
               : error->text;
}

enum err document_parse_any(struct slice text, json_t **out, struct document_problem *problem)
{
    json_error_t error;
    *out = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    *problem = (struct document_problem){0};
    if (*out == NULL) {
        problem->line = error.line > 0 ? (unsigned)error.line : 1;
        problem->column = error.column > 0 ? (unsigned)error.column : 1;
        return problem_set(&problem->problem, ERR_INVALID, "the document is no JSON: %s",
                           text.len == 0 ? "it is empty" : flaw_of(&error));
    }
    return ERR_OK;
}

enum err document_parse(struct slice text, json_t **out, struct document_problem *problem)
{
    enum err err = document_parse_any(text, out, problem);
    return err == ERR_OK ? check_object(out, problem) : err;
}

enum err document_parse_yaml(struct slice text, json_t **out, struct document_problem *problem)
{
    struct yaml_place place;
    struct problem inner;
    *problem = (struct document_problem){0};
    enum err err = yaml_json_read(out, text, &place, &inner);
    if (err != ERR_OK) {
        problem->line = place.line;
        problem->column = place.column;
        return problem_set(&problem->problem, err, "the document cannot be read as YAML: %s",
                           inner.text);
    }
    return check_object(out, problem);
}

void document_reader_init(struct document_reader *reader, struct document_problem *problem,
                          void *arg)
{
    *reader = (struct document_reader){.problem = problem, .arg = arg};
    *problem = (struct document_problem){0};
}

enum err document_object(struct document_reader *reader, json_t *value,
                         const struct document_field *fields)
{
    enum err err = document_check_known(reader, value, fields);
    for (; err == ERR_OK && fields->key != NULL; fields++) {
        json_t *member = json_object_get(value, fields->key);
        size_t mark = document_enter(reader, fields->key);
        if (member != NULL && !json_is_null(member)) {
            err = fields->read(reader, member);
        } else if (fields->required) {
            err = document_refuse(reader, ERR_INVALID, "\"%s\" is required", fields->key);
        }
        document_leave(reader, mark);
    }
    return err;
}

enum err document_check_known(struct document_reader *reader, json_t *value,
                              const struct document_field *fields)
{
    if (!json_is_object(value)) {
        return document_refuse(reader, ERR_INVALID, "must be an object, not %s", kind_of(value));
    }
    const char *known[DOCUMENT_FIELDS_MAX + 1] = {NULL};
    for (size_t i = 0; fields[i].key != NULL && i < DOCUMENT_FIELDS_MAX; i++) {
        known[i] = fields[i].key;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            (void)document_enter(reader, key);
            return document_refuse_word(reader, "member", key, known);
        }
    }
    return ERR_OK;
}

size_t document_enter(struct document_reader *reader, const char *key)
{
    size_t mark = reader->pointer_len;
    char *at = reader->pointer + mark;
    char *end = reader->pointer + DOCUMENT_POINTER_MAX - 2; /* room for an escape of two bytes */
    if (at < end) {
        *at++ = '/';
    }
    for (; *key != '\0' && at < end; key++) {
        if (*key == '~' || *key == '/') {
            *at++ = '~';
            *at++ = *key == '~' ? '0' : '1';
        } else {
            *at++ = *key;
        }
    }
    *at = '\0';
    reader->pointer_len = (size_t)(at - reader->pointer);
    return mark;
}

void document_leave(struct document_reader *reader, size_t mark)
{
    reader->pointer[mark] = '\0';
    reader->pointer_len = mark;
}

/* What a pointer ends with, as people write it: `states` of "/states", `states[0]` of "/states/0".
 */
static void name_member(const char *pointer, struct buf *name)
{
    const char *member = strrchr(pointer, '/');
    if (member == NULL) {
        buf_printf(name, "the document");
        return;
    }
    bool is_index = member[1] != '\0' && strspn(member + 1, "0123456789") == strlen(member + 1);
    const char *list = member;
    while (is_index && list > pointer && *--list != '/') {
    }
    if (list == member) {
        buf_printf(name, "%s", member + 1);
    } else {
        buf_printf(name, "%.*s[%s]", (int)(member - list) - 1, list + 1, member + 1);
    }
}

enum err document_refuse(struct document_reader *reader, enum err err, const char *format, ...)
{
    char text[sizeof(reader->problem->problem.text)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    memcpy(reader->problem->pointer, reader->pointer, sizeof(reader->pointer));
    struct buf name = {0};
    name_member(reader->pointer, &name);
    (void)problem_set(&reader->problem->problem, err, "%s: %s", buf_cstr(&name), text);
    buf_release(&name);
    return err;
}

enum err document_refuse_word(struct document_reader *reader, const char *what, const char *word,
                              const char *const *known)
{
    const char *nearest = text_nearest(word, known);
    if (nearest != NULL) {
        return document_refuse(reader, ERR_INVALID, "unknown %s \"%.64s\"; did you mean \"%s\"?",
                               what, word, nearest);
    }
    struct buf list = {0};
    for (; *known != NULL; known++) {
        buf_printf(&list, "%s%s", list.len == 0 ? "" : ", ", *known);
    }
    enum err err = document_refuse(reader, ERR_INVALID, "unknown %s \"%.64s\"; known here: %s",
                                   what, word, list.len == 0 ? "none" : buf_cstr(&list));
    buf_release(&list);
    return err;
}

enum err document_string(struct document_reader *reader, json_t *value, size_t min, size_t max,
                         const char **out)
{
    if (!json_is_string(value)) {
        return document_refuse(reader, ERR_INVALID, "must be a string, not %s", kind_of(value));
    }
    size_t len = json_string_length(value);
    if (len < min) {
        return document_refuse(reader, ERR_INVALID, "must not be empty");
    }
    if (len > max) {
        return document_refuse(reader, ERR_LIMIT, "is %zu bytes long; at most %zu are allowed", len,
                               max);
    }
    *out = json_string_value(value);
    return ERR_OK;
}

enum err document_line(struct document_reader *reader, json_t *value, size_t min, size_t max,
                       const char **out)
{
    const char *text = NULL;
    enum err err = document_string(reader, value, min, max, &text);
    if (text == NULL) {
        return err;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return document_refuse(reader, ERR_INVALID,
                                   "has a control character at byte %zu; it must be one line",
                                   (size_t)(at - text) + 1);
        }
    }
    *out = text;
    return ERR_OK;
}

enum err document_integer(struct document_reader *reader, json_t *value, uint64_t min, uint64_t max,
                          uint64_t *out)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number < min || (uint64_t)number > max) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a whole number from %" PRIu64 " to %" PRIu64, min, max);
    }
    *out = (uint64_t)number;
    return ERR_OK;
}

enum err document_number(struct document_reader *reader, json_t *value, double min, double max,
                         const char *hint, double *out)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= min && number <= max)) {
        return document_refuse(reader, ERR_INVALID, "must be a number from %g to %.0f%s", min, max,
                               hint);
    }
    *out = (double)(uint64_t)(number * 1000.0 + 0.5) / 1000.0;
    return ERR_OK;
}

enum err document_duration(struct document_reader *reader, json_t *value, uint64_t min_ms,
                           uint64_t max_ms, uint64_t *out)
{
    uint64_t ms = 0;
    bool is_text = json_is_string(value);
    if (!is_text ||
        !text_duration_ms(slice_of(json_string_value(value), json_string_length(value)), &ms)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a duration in a string, such as \"500ms\", \"30s\", "
                               "\"15m\", \"4h\" or \"1d\"");
    }
    if (ms < min_ms || ms > max_ms) {
        char low[DOCUMENT_DURATION_BYTES];
        char high[DOCUMENT_DURATION_BYTES];
        document_duration_write(low, min_ms);
        document_duration_write(high, max_ms);
        return document_refuse(reader, ERR_INVALID, "must be from %s to %s", low, high);
    }
    *out = ms;
    return ERR_OK;
}

enum err document_word(struct document_reader *reader, json_t *value, const char *what,
                       const char *const *words, unsigned *index)
{
    const char *word = NULL;
    enum err err = document_string(reader, value, 0, SIZE_MAX, &word);
    if (word == NULL) {
        return err;
    }
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) {
            *index = i;
            return ERR_OK;
        }
    }
    return document_refuse_word(reader, what, word, words);
}

void document_duration_write(char text[DOCUMENT_DURATION_BYTES], uint64_t ms)
{
    static const struct {
        uint64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;
    while (ms == 0 || ms % units[i].ms != 0) {
        if (units[++i].ms == 1) {
            break;
        }
    }
    (void)snprintf(text, DOCUMENT_DURATION_BYTES, "%" PRIu64 "%s", ms / units[i].ms, units[i].unit);
}
