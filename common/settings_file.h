/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_file: a program's settings from one YAML file and the environment, checked against a
 * cyaml schema. The only user of libcyaml's functions; a program writes the schema.
 *
 * Every value of the file can be overridden by the environment: the key `keys.secret` under the
 * prefix TOCSIN_WORKER is TOCSIN_WORKER_KEYS_SECRET (upper case, what is no letter or digit becomes
 * `_`). A scalar is taken as it is, a sequence is written as YAML in one line (`[a, b]`); an empty
 * variable counts as none. Below a sequence there are no variables: it is replaced as a whole.
 *
 * A key that the schema does not know is refused, with the nearest one it does know. A variable
 * with the prefix that names no key is only warned of: orchestrators set variables of their own.
 *
 * Keep fields optional and give defaults after loading: absent scalars are 0, absent strings NULL.
 * Nested mappings are best embedded (CYAML_FIELD_MAPPING).
 */
#ifndef TOCSIN_COMMON_SETTINGS_FILE_H
#define TOCSIN_COMMON_SETTINGS_FILE_H

#include <cyaml/cyaml.h>

#include "common/err.h"

#define SETTINGS_FILE_MAX_BYTES ((size_t)1024 * 1024)

struct settings_source {
    const char *path;         /* of the YAML file; NULL: the environment alone */
    const char *prefix;       /* of the variables: "TOCSIN_WORKER" */
    char *const *environment; /* NULL-terminated NAME=value strings; NULL for none */
};

/* *out gets what `schema` (a mapping with CYAML_FLAG_POINTER) describes; free it with
 * settings_file_free. On error *out is NULL and the problem says where (file, line, key or
 * variable), what is wrong, and what would be right if that is known. ERR_INVALID, or as file_read.
 */
enum err settings_file_load(void **out, const cyaml_schema_value_t *schema,
                            const struct settings_source *source,
                            struct problem *problem) WARN_UNUSED;
void settings_file_free(void *settings, const cyaml_schema_value_t *schema);

#endif
