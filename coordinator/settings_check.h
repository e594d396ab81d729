/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_check: what the parts of coordinator_settings share: whom they read for and write to,
 * complaints that name file and line (or the variable), and kinds of values. An absent text or
 * count is NULL, and leaves what was there.
 */
#ifndef TOCSIN_COORDINATOR_SETTINGS_CHECK_H
#define TOCSIN_COORDINATOR_SETTINGS_CHECK_H

#include "coordinator/coordinator_schema.h"
#include "coordinator/coordinator_settings.h"
#include "coordinator/yaml_tree.h"

#define SETTINGS_PATH_BYTES 160

struct settings_check {
    const struct raw_settings *raw;
    struct coordinator_settings *settings;
    const char *file; /* NULL: no file */
    char *const *environment;
    struct yaml_tree *tree;      /* of the file */
    struct yaml_tree *providers; /* {"providers": ...} of the variable, or NULL */
    struct problem *problem;
};

/* The variable that overrides `path`, if it is set: its value, its name in `name`. */
const char *settings_override(const struct settings_check *check, const char *path, char *name,
                              size_t cap);
/* ERR_INVALID: what is wrong at the path ("providers[1].rate"), and what would be right. */
enum err settings_refuse(struct settings_check *check, const char *path, const char *format, ...)
    PRINTF_LIKE(3, 4);

enum err settings_take_duration(struct settings_check *check, const char *path, const char *text,
                                uint32_t *ms, uint64_t min_ms, uint64_t max_ms) WARN_UNUSED;
/* Longer than 32 bits of milliseconds: at least min_ms, which `least` is in words, at most 36500d.
 */
enum err settings_take_days(struct settings_check *check, const char *key, const char *text,
                            const char *least, uint64_t min_ms, uint64_t *out) WARN_UNUSED;
enum err settings_take_count(struct settings_check *check, const char *path, const uint32_t *value,
                             uint32_t *out, uint32_t min, uint32_t max) WARN_UNUSED;
/* One of `words` (NULL-terminated); *index says which. */
enum err settings_take_word(struct settings_check *check, const char *path, const char *text,
                            const char *const *words, unsigned *index) WARN_UNUSED;

#endif
