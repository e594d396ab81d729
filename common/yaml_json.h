/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_json: a document that people write in YAML, as the JSON that programs write.
 *
 * What JSON cannot say is refused, not guessed at: anchors and aliases (a loop of them is a
 * document without an end), tags, a key twice, keys that are no scalars, more than one document.
 * Scalars are as yaml_scalar.h has them, keys always strings.
 */
#ifndef TOCSIN_COMMON_YAML_JSON_H
#define TOCSIN_COMMON_YAML_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "common/err.h"
#include "common/slice.h"

#define YAML_JSON_BYTES_MAX ((size_t)256 * 1024)
#define YAML_JSON_DEPTH_MAX 32 /* lists and mappings within each other */

/* Where something stands, both from 1; a column is a character. */
struct yaml_place {
    unsigned line;
    unsigned column;
};

/* *json is the caller's; NULL on error. ERR_INVALID, ERR_LIMIT (too long, too deep) with the place;
 * the problem's text does not say it. */
enum err yaml_json_read(json_t **json, struct slice text, struct yaml_place *place,
                        struct problem *problem) WARN_UNUSED;
/* Does the name of a file say that it is YAML? .yaml, .yml */
bool yaml_json_is_file(const char *name);
/* That it is YAML or JSON? .json, too */
bool yaml_json_is_document(const char *name);

#endif
