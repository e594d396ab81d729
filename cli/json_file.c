/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_file.h"

#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/yaml_json.h"

static enum err read_yaml(json_t **json, const char *file, struct slice text,
                          struct problem *problem)
{
    struct yaml_place place;
    struct problem inner;
    enum err err = yaml_json_read(json, text, &place, &inner);
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err, "%s: %s; line %u, column %u", file, inner.text,
                                       place.line, place.column);
}

/* In our words where the library's speak of itself. */
static const char *flaw_of(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_null_character || code == json_error_null_byte_in_key
               ? "a text with the character \\u0000 is not taken"
               : error->text;
}

static enum err read_json(json_t **json, const char *file, struct slice text,
                          struct problem *problem)
{
    json_error_t error;
    *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    return *json != NULL
               ? ERR_OK
               : problem_set(problem, ERR_INVALID, "%s is no JSON: %s; line %d, column %d", file,
                             flaw_of(&error), error.line, error.column);
}

/* Nothing tells what standard input is: YAML, if it is no JSON. */
static enum err read_either(json_t **json, struct slice text, struct problem *problem)
{
    static const char name[] = "standard input";
    struct problem inner;
    enum err err = read_json(json, name, text, problem);
    if (err == ERR_OK) {
        return err;
    }
    enum err yaml_err = read_yaml(json, name, text, &inner);
    if (yaml_err == ERR_OK && (json_is_object(*json) || json_is_array(*json))) {
        return ERR_OK;
    }
    json_decref(*json);
    *json = NULL;
    const char *start = text.len == 0 ? "" : (const char *)text.data;
    size_t blanks = 0;
    while (blanks < text.len && strchr(" \t\r\n", start[blanks]) != NULL) {
        blanks++;
    }
    bool is_meant_as_json = blanks < text.len && strchr("{[", start[blanks]) != NULL;
    if (yaml_err != ERR_OK && !is_meant_as_json) {
        *problem = inner;
    }
    return err;
}

enum err json_file_load(json_t **json, const char *file, size_t max_bytes, struct problem *problem)
{
    struct buf text = {0};
    *json = NULL;
    bool is_input = strcmp(file, "-") == 0;
    enum err err = file_read(&text, is_input ? "/dev/stdin" : file, max_bytes, problem);
    if (err == ERR_OK && is_input) {
        err = read_either(json, buf_view(&text), problem);
    } else if (err == ERR_OK) {
        err = yaml_json_is_file(file) ? read_yaml(json, file, buf_view(&text), problem)
                                      : read_json(json, file, buf_view(&text), problem);
    }
    buf_release(&text);
    return err;
}
