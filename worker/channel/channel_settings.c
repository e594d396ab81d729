/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/channel_settings.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"

#define KNOWN_KEYS_MAX 48

static const char *json_type_words(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "a map";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "nothing";
    }
    return "something else";
}

static enum err refuse(const struct channel_key *key, const json_t *value, const char *where,
                       const char *wanted, struct problem *problem)
{
    if (json_is_string(value)) {
        return problem_set(problem, ERR_INVALID, "%s: %s must be %s, not \"%.80s\"", where,
                           key->name, wanted, json_string_value(value));
    }
    return problem_set(problem, ERR_INVALID, "%s: %s must be %s, not %s", where, key->name, wanted,
                       json_type_words(value));
}

static enum err refuse_unknown(const char *name, const char *where, const struct channel_key *keys,
                               size_t count, struct problem *problem)
{
    const char *names[KNOWN_KEYS_MAX + 1] = {NULL};
    assert(count <= KNOWN_KEYS_MAX);
    struct buf list = {0};
    for (size_t i = 0; i < count; i++) {
        names[i] = keys[i].name;
        buf_printf(&list, "%s%s", i == 0 ? "" : ", ", keys[i].name);
    }
    const char *nearest = text_nearest(name, names);
    if (nearest != NULL) {
        (void)problem_set(problem, ERR_INVALID, "%s: unknown key \"%.64s\"; did you mean \"%s\"?",
                          where, name, nearest);
    } else {
        (void)problem_set(problem, ERR_INVALID, "%s: unknown key \"%.64s\"; the keys are %s", where,
                          name, buf_cstr(&list));
    }
    buf_release(&list);
    return ERR_INVALID;
}

static const struct channel_key *key_find(const struct channel_key *keys, size_t count,
                                          const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

const char *channel_settings_text(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (!json_is_number(value) && !json_is_boolean(value)) {
        return NULL;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    (void)json_object_set_new(object, key, json_string(text));
    free(text);
    return json_string_value(json_object_get(object, key));
}

static bool flag_of(const json_t *value, bool *flag)
{
    if (json_is_boolean(value)) {
        *flag = json_is_true(value);
        return true;
    }
    if (!json_is_string(value)) {
        return false;
    }
    struct slice text = slice_str(json_string_value(value));
    *flag = slice_is(text, "true") || slice_is(text, "yes") || slice_is(text, "on");
    return *flag || slice_is(text, "false") || slice_is(text, "no") || slice_is(text, "off");
}

static enum err read_number(const struct channel_key *key, json_t *value, const char *text,
                            const char *where, uint32_t *number, struct problem *problem)
{
    bool is_duration = key->type == CHANNEL_KEY_DURATION;
    uint64_t wide;
    bool is_number =
        text != NULL && (is_duration ? text_duration_ms(slice_str(text), &wide)
                                     : text_number(slice_str(text), 0, UINT32_MAX, &wide));
    uint32_t max = key->max == 0 ? UINT32_MAX : key->max;
    if (is_number && wide >= key->min && wide <= max) {
        *number = (uint32_t)wide;
        return ERR_OK;
    }
    char wanted[96];
    if (is_duration) {
        (void)snprintf(wanted, sizeof(wanted),
                       "a duration such as 500ms, 5s or 2m, from %" PRIu32 " to %" PRIu32 " ms",
                       key->min, max);
    } else {
        (void)snprintf(wanted, sizeof(wanted), "a number from %" PRIu32 " to %" PRIu32, key->min,
                       max);
    }
    return refuse(key, value, where, wanted, problem);
}

static enum err read_choice(const struct channel_key *key, const json_t *value, const char *text,
                            const char *where, unsigned *choice, struct problem *problem)
{
    struct buf list = {0};
    for (unsigned i = 0; key->choices[i] != NULL; i++) {
        if (text != NULL && strcmp(key->choices[i], text) == 0) {
            *choice = i;
            buf_release(&list);
            return ERR_OK;
        }
        buf_printf(&list, "%s%s", i == 0 ? "one of " : ", ", key->choices[i]);
    }
    enum err err = refuse(key, value, where, buf_cstr(&list), problem);
    buf_release(&list);
    return err;
}

static enum err read_json(const struct channel_key *key, json_t *value, const char *where,
                          json_t **out, struct problem *problem)
{
    if (key->type == CHANNEL_KEY_OBJECT && !json_is_object(value)) {
        return refuse(key, value, where, "a map", problem);
    }
    if (key->type == CHANNEL_KEY_LIST && !json_is_array(value)) {
        return refuse(key, value, where, "a list", problem);
    }
    *out = value;
    return ERR_OK;
}

static enum err read_value(json_t *object, const struct channel_key *key, const char *where,
                           void *place, struct problem *problem)
{
    json_t *value = json_object_get(object, key->name);
    switch (key->type) {
    case CHANNEL_KEY_FLAG:
        return flag_of(value, (bool *)place) ? ERR_OK
                                             : refuse(key, value, where, "true or false", problem);
    case CHANNEL_KEY_OBJECT:
    case CHANNEL_KEY_LIST:
    case CHANNEL_KEY_ANY:
        return read_json(key, value, where, (json_t **)place, problem);
    case CHANNEL_KEY_TEXT:
    case CHANNEL_KEY_COUNT:
    case CHANNEL_KEY_DURATION:
    case CHANNEL_KEY_CHOICE:
        break;
    }
    /* To YAML off is false. */
    const char *text = json_is_false(value) ? "off" : channel_settings_text(object, key->name);
    value = json_object_get(object, key->name);
    if (key->type == CHANNEL_KEY_CHOICE) {
        return read_choice(key, value, text, where, (unsigned *)place, problem);
    }
    if (key->type != CHANNEL_KEY_TEXT) {
        return read_number(key, value, text, where, (uint32_t *)place, problem);
    }
    if (text == NULL || *text == '\0') {
        return refuse(key, value, where, "text", problem);
    }
    *(const char **)place = text;
    return ERR_OK;
}

enum err channel_settings_read(json_t *object, const char *where, const struct channel_key *keys,
                               size_t count, void *into, struct problem *problem)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (key_find(keys, count, name) == NULL) {
            return refuse_unknown(name, where, keys, count, problem);
        }
    }
    for (size_t i = 0; i < count; i++) {
        value = json_object_get(object, keys[i].name);
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        enum err err = read_value(object, &keys[i], where, (char *)into + keys[i].offset, problem);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err channel_settings_secret(const char *reference, const char *where, const char *key,
                                 struct buf *secret, struct problem *problem)
{
    struct problem inner = {0};
    enum err err = reference == NULL ? ERR_OK : secret_resolve(reference, secret, &inner);
    if (err != ERR_OK) {
        return problem_set(problem, err, "%s: %s: %s", where, key, inner.text);
    }
    (void)buf_cstr(secret);
    return ERR_OK;
}

enum err channel_settings_file(const char *path, const char *where, const char *key,
                               struct problem *problem)
{
    if (path == NULL || access(path, R_OK) == 0) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_NOT_FOUND, "%s: %s %s cannot be read: %s", where, key, path,
                       strerror(errno));
}
