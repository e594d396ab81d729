/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_file: what a file says, as JSON: YAML (common/yaml_json.h) if its name ends in .yaml or
 * .yml, or if it is standard input and no JSON; else JSON.
 */
#ifndef TOCSIN_CLI_JSON_FILE_H
#define TOCSIN_CLI_JSON_FILE_H

#include <jansson.h>
#include <stddef.h>

#include "common/err.h"

/* The file (`-`: standard input) as one JSON value, which is the caller's. At most max_bytes.
 * ERR_INVALID says where it is none; or as file_read. */
enum err json_file_load(json_t **json, const char *file, size_t max_bytes,
                        struct problem *problem) WARN_UNUSED;

#endif
