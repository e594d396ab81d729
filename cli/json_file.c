/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_file.h"

#include <string.h>

#include "common/buf.h"
#include "common/file.h"

enum err json_file_load(json_t **json, const char *file, size_t max_bytes, struct problem *problem)
{
    struct buf text = {0};
    json_error_t error;
    *json = NULL;
    const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
    enum err err = file_read(&text, path, max_bytes, problem);
    if (err == ERR_OK) {
        *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
        if (*json == NULL) {
            err = problem_set(problem, ERR_INVALID, "%s is no JSON: %s; line %d, column %d", file,
                              error.text, error.line, error.column);
        }
    }
    buf_release(&text);
    return err;
}
