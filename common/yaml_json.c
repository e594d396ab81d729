/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From libyaml's events, so that an anchor is seen before anything refers to it; its tree of nodes
 * has resolved them, and no longer knows where a loop begins. The recursion is as deep as the
 * document, which is refused when it is too deep.
 */
#include "common/yaml_json.h"

#include <string.h>
#include <yaml.h>

#include "common/text.h"
#include "common/yaml_scalar.h"

struct yaml_reader {
    yaml_parser_t parser;
    struct slice text;
    struct yaml_place *place;
    struct problem *problem;
};

static void set_place(struct yaml_reader *reader, const yaml_mark_t *mark)
{
    *reader->place = (struct yaml_place){(unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

static enum err refuse(struct yaml_reader *reader, const yaml_event_t *event, const char *why)
{
    set_place(reader, &event->start_mark);
    return problem_set(reader->problem, ERR_INVALID, "%s", why);
}

/* Where the byte at `offset` stands. */
static struct yaml_place place_of(struct slice text, size_t offset)
{
    struct yaml_place place = {1, 1};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        bool is_first = (text.data[i] & 0xc0) != 0x80; /* of a character */
        place.column = text.data[i] == '\n' ? 1 : place.column + is_first;
        place.line += text.data[i] == '\n';
    }
    return place;
}

/* The caller deletes the event of ERR_OK. */
static enum err next_event(struct yaml_reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event) != 0) {
        return ERR_OK;
    }
    const yaml_parser_t *parser = &reader->parser;
    const char *what = parser->problem == NULL ? "it breaks off" : parser->problem;
    if (parser->error == YAML_READER_ERROR) { /* which does not know lines yet */
        *reader->place = place_of(reader->text, parser->problem_offset);
    } else {
        set_place(reader, &parser->problem_mark);
    }
    return problem_set(reader->problem, ERR_INVALID, "it is no YAML: %s", what);
}

static enum err read_node(struct yaml_reader *reader, const yaml_event_t *event, unsigned depth,
                          json_t **json);

static enum err check_plain(struct yaml_reader *reader, const yaml_event_t *event,
                            const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return refuse(reader, event, "anchors (&) are not taken; write it out where it is needed");
    }
    if (tag != NULL) {
        return refuse(reader, event, "tags (!) are not taken; put a text into quotes");
    }
    return ERR_OK;
}

static enum err read_scalar(struct yaml_reader *reader, const yaml_event_t *event, json_t **json)
{
    const char *text = (const char *)event->data.scalar.value; /* zero-terminated */
    size_t len = event->data.scalar.length;
    enum err err = check_plain(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (err != ERR_OK) {
        return err;
    }
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    enum yaml_scalar kind = yaml_scalar_kind(slice_of(text, len), is_plain);
    switch (kind) {
    case YAML_SCALAR_STRING:
        *json = json_stringn(text, len);
        break;
    case YAML_SCALAR_NULL:
        *json = json_null();
        break;
    case YAML_SCALAR_WORD:
        *json = json_loadb(text, len, JSON_DECODE_ANY, NULL);
        break;
    case YAML_SCALAR_TOO_LARGE:
    case YAML_SCALAR_ZERO_BYTE:
        return refuse(reader, event, yaml_scalar_complaint(kind));
    }
    return *json != NULL ? ERR_OK : refuse(reader, event, "this text cannot be taken");
}

static enum err read_sequence(struct yaml_reader *reader, unsigned depth, json_t *list)
{
    enum err err = ERR_OK;
    for (bool is_over = false; err == ERR_OK && !is_over;) {
        yaml_event_t event;
        json_t *item = NULL;
        err = next_event(reader, &event);
        if (err != ERR_OK) {
            return err;
        }
        is_over = event.type == YAML_SEQUENCE_END_EVENT;
        if (!is_over) {
            err = read_node(reader, &event, depth, &item);
        }
        yaml_event_delete(&event);
        if (item != NULL) {
            json_array_append_new(list, item);
        }
    }
    return err;
}

static enum err check_key(struct yaml_reader *reader, const yaml_event_t *event,
                          const json_t *mapping)
{
    if (event->type == YAML_ALIAS_EVENT) {
        return refuse(reader, event, "aliases (*) are not taken; write it out");
    }
    if (event->type != YAML_SCALAR_EVENT) {
        return refuse(reader, event, "a key must be a word");
    }
    enum err err = check_plain(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
    const char *key = (const char *)event->data.scalar.value;
    if (err == ERR_OK && strlen(key) != event->data.scalar.length) {
        err = refuse(reader, event, yaml_scalar_complaint(YAML_SCALAR_ZERO_BYTE));
    }
    if (err == ERR_OK && json_object_get(mapping, key) != NULL) {
        set_place(reader, &event->start_mark);
        err = problem_set(reader->problem, ERR_INVALID,
                          "the key \"%.60s\" stands here a second time", key);
    }
    return err;
}

static enum err read_member(struct yaml_reader *reader, const yaml_event_t *key, unsigned depth,
                            json_t *mapping)
{
    yaml_event_t event;
    json_t *value = NULL;
    enum err err = check_key(reader, key, mapping);
    if (err == ERR_OK) {
        err = next_event(reader, &event);
    }
    if (err != ERR_OK) {
        return err;
    }
    err = read_node(reader, &event, depth, &value);
    if (err == ERR_OK &&
        json_object_set_new(mapping, (const char *)key->data.scalar.value, value) != 0) {
        err = refuse(reader, key, "this key cannot be taken");
    }
    yaml_event_delete(&event);
    return err;
}

static enum err read_mapping(struct yaml_reader *reader, unsigned depth, json_t *mapping)
{
    enum err err = ERR_OK;
    for (bool is_over = false; err == ERR_OK && !is_over;) {
        yaml_event_t key;
        err = next_event(reader, &key);
        if (err != ERR_OK) {
            return err;
        }
        is_over = key.type == YAML_MAPPING_END_EVENT;
        if (!is_over) {
            err = read_member(reader, &key, depth, mapping);
        }
        yaml_event_delete(&key);
    }
    return err;
}

static enum err read_many(struct yaml_reader *reader, const yaml_event_t *event, unsigned depth,
                          json_t **json)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    enum err err = is_mapping ? check_plain(reader, event, event->data.mapping_start.anchor,
                                            event->data.mapping_start.tag)
                              : check_plain(reader, event, event->data.sequence_start.anchor,
                                            event->data.sequence_start.tag);
    if (err == ERR_OK && depth == YAML_JSON_DEPTH_MAX) {
        set_place(reader, &event->start_mark);
        err = problem_set(reader->problem, ERR_LIMIT, "it is nested too deeply: at most %d deep",
                          YAML_JSON_DEPTH_MAX);
    }
    if (err != ERR_OK) {
        return err;
    }
    *json = is_mapping ? json_object() : json_array();
    err = is_mapping ? read_mapping(reader, depth + 1, *json)
                     : read_sequence(reader, depth + 1, *json);
    if (err != ERR_OK) {
        json_decref(*json);
        *json = NULL;
    }
    return err;
}

static enum err read_node(struct yaml_reader *reader, const yaml_event_t *event, unsigned depth,
                          json_t **json)
{
    if (event->type == YAML_ALIAS_EVENT) {
        return refuse(reader, event, "aliases (*) are not taken; write it out");
    }
    return event->type == YAML_SCALAR_EVENT ? read_scalar(reader, event, json)
                                            : read_many(reader, event, depth, json);
}

/* Takes events up to the next one of `type`, which ends what was read. */
static enum err expect(struct yaml_reader *reader, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t event;
    enum err err = next_event(reader, &event);
    if (err != ERR_OK) {
        return err;
    }
    if (event.type != type) {
        err = refuse(reader, &event, otherwise);
    }
    yaml_event_delete(&event);
    return err;
}

static enum err read_document(struct yaml_reader *reader, json_t **json)
{
    yaml_event_t event;
    enum err err = expect(reader, YAML_STREAM_START_EVENT, "it is no YAML");
    if (err == ERR_OK) {
        err = expect(reader, YAML_DOCUMENT_START_EVENT, "it is empty");
    }
    if (err == ERR_OK) {
        err = next_event(reader, &event);
    }
    if (err != ERR_OK) {
        return err;
    }
    err = read_node(reader, &event, 0, json);
    yaml_event_delete(&event);
    if (err == ERR_OK) {
        err = expect(reader, YAML_DOCUMENT_END_EVENT, "it goes on behind its end");
    }
    if (err == ERR_OK) {
        err = expect(reader, YAML_STREAM_END_EVENT, "a second document begins; one is taken");
    }
    return err;
}

/* libyaml would tell a byte, and might take it for another encoding. */
static enum err check_text(struct slice text, struct yaml_place *place, struct problem *problem)
{
    size_t bad_at;
    *place = (struct yaml_place){1, 1};
    if (text.len > YAML_JSON_BYTES_MAX) {
        return problem_set(problem, ERR_LIMIT, "it has %zu bytes; at most %zu are taken", text.len,
                           YAML_JSON_BYTES_MAX);
    }
    if (text_is_utf8(text, &bad_at)) {
        return ERR_OK;
    }
    *place = place_of(text, bad_at);
    return problem_set(problem, ERR_INVALID, "it is not UTF-8");
}

enum err yaml_json_read(json_t **json, struct slice text, struct yaml_place *place,
                        struct problem *problem)
{
    struct yaml_reader reader = {.text = text, .place = place, .problem = problem};
    *json = NULL;
    enum err err = check_text(text, place, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (yaml_parser_initialize(&reader.parser) == 0) {
        return problem_set(problem, ERR_IO, "the YAML parser could not be started");
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, text.len == 0 ? (const uint8_t *)"" : text.data,
                                 text.len);
    err = read_document(&reader, json);
    yaml_parser_delete(&reader.parser);
    if (err != ERR_OK) {
        json_decref(*json);
        *json = NULL;
    }
    return err;
}

static bool has_ending(const char *name, const char *ending)
{
    size_t len = strlen(name);
    size_t ending_len = strlen(ending);
    return len >= ending_len && strcmp(name + len - ending_len, ending) == 0;
}

bool yaml_json_is_file(const char *name)
{
    return has_ending(name, ".yaml") || has_ending(name, ".yml");
}

bool yaml_json_is_document(const char *name)
{
    return yaml_json_is_file(name) || has_ending(name, ".json");
}
