/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/settings_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const char *variable_of(char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (char *const *at = environment; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=' && (*at)[len + 1] != '\0') {
            return *at + len + 1;
        }
    }
    return NULL;
}

/* As variables are spelled: what is no letter or digit becomes `_`. */
static void put_in_capitals(char *name)
{
    for (; *name != '\0'; name++) {
        bool is_small = *name >= 'a' && *name <= 'z';
        bool is_kept = (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9');
        if (is_small) {
            *name = (char)(*name - 'a' + 'A');
        } else if (!is_kept) {
            *name = '_';
        }
    }
}

const char *settings_override(const struct settings_check *check, const char *path, char *name,
                              size_t cap)
{
    int len = snprintf(name, cap, "%s_%s", COORDINATOR_SETTINGS_PREFIX, path);
    if (len < 0 || (size_t)len >= cap) {
        return NULL;
    }
    name[strcspn(name, "[")] = '\0';
    put_in_capitals(name);
    return variable_of(check->environment, name);
}

enum err settings_refuse(struct settings_check *check, const char *path, const char *format, ...)
{
    char text[sizeof(check->problem->text)];
    char variable[SETTINGS_PATH_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (settings_override(check, path, variable, sizeof(variable)) != NULL) {
        return problem_set(check->problem, ERR_INVALID, "%s: %s: %s", variable, path, text);
    }
    if (check->file == NULL) {
        return problem_set(check->problem, ERR_INVALID, "%s: %s", path, text);
    }
    return problem_set(check->problem, ERR_INVALID, "%s:%u: %s: %s", check->file,
                       yaml_tree_line(check->tree, path), path, text);
}

static enum err refuse_word(struct settings_check *check, const char *path, const char *word,
                            const char *const *known)
{
    const char *nearest = text_nearest(word, known);
    if (nearest != NULL) {
        return settings_refuse(check, path, "unknown \"%.64s\"; did you mean \"%s\"?", word,
                               nearest);
    }
    struct buf list = {0};
    for (; *known != NULL; known++) {
        buf_printf(&list, "%s%s", list.len == 0 ? "" : ", ", *known);
    }
    enum err err =
        settings_refuse(check, path, "unknown \"%.64s\"; known here: %s", word, buf_cstr(&list));
    buf_release(&list);
    return err;
}

enum err settings_take_duration(struct settings_check *check, const char *path, const char *text,
                                uint32_t *ms, uint64_t min_ms, uint64_t max_ms)
{
    uint64_t value;
    if (text == NULL) {
        return ERR_OK;
    }
    if (!text_duration_ms(slice_str(text), &value)) {
        return settings_refuse(
            check, path, "\"%.64s\" is no duration; write \"500ms\", \"30s\" or \"5m\"", text);
    }
    if (value < min_ms || value > max_ms) {
        return settings_refuse(check, path, "%.64s is out of bounds: %" PRIu64 "ms to %" PRIu64 "s",
                               text, min_ms, max_ms / 1000);
    }
    *ms = (uint32_t)value;
    return ERR_OK;
}

enum err settings_take_count(struct settings_check *check, const char *path, const uint32_t *value,
                             uint32_t *out, uint32_t min, uint32_t max)
{
    if (value == NULL) {
        return ERR_OK;
    }
    if (*value < min || *value > max) {
        return settings_refuse(check, path, "%" PRIu32 " is out of bounds: %" PRIu32 " to %" PRIu32,
                               *value, min, max);
    }
    *out = *value;
    return ERR_OK;
}

enum err settings_take_word(struct settings_check *check, const char *path, const char *text,
                            const char *const *words, unsigned *index)
{
    if (text == NULL) {
        return ERR_OK;
    }
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return ERR_OK;
        }
    }
    return refuse_word(check, path, text, words);
}

enum err settings_take_days(struct settings_check *check, const char *key, const char *text,
                            const char *least, uint64_t min_ms, uint64_t *out)
{
    if (text == NULL) {
        return ERR_OK;
    }
    if (!text_duration_ms(slice_str(text), out)) {
        return settings_refuse(check, key, "\"%.64s\" is no duration; write \"12h\" or \"90d\"",
                               text);
    }
    return *out >= min_ms && *out <= 36500 * UINT64_C(86400000)
               ? ERR_OK
               : settings_refuse(check, key, "%.64s is out of bounds: %s to 36500d", text, least);
}
