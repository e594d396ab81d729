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

static enum err read_json(json_t **json, const char *file, struct slice text,
                          struct problem *problem)
{
    json_error_t error;
    *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    return *json != NULL
               ? ERR_OK
               : problem_set(problem, ERR_INVALID, "%s is no JSON: %s; line %d, column %d", file,
                             error.text, error.line, error.column);
}

enum err json_file_load(json_t **json, const char *file, size_t max_bytes, struct problem *problem)
{
    struct buf text = {0};
    *json = NULL;
    const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
    enum err err = file_read(&text, path, max_bytes, problem);
    if (err == ERR_OK) {
        err = yaml_json_is_file(file) ? read_yaml(json, file, buf_view(&text), problem)
                                      : read_json(json, file, buf_view(&text), problem);
    }
    buf_release(&text);
    return err;
}
