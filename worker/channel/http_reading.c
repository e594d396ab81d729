/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/http_reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/json_pointer.h"

#define REPETITIONS_MAX 12
#define BOUNDS_MAX      2

struct http_ref {
    char *pointer;
    char *header;
    regex_t *regex;
    char digits[24]; /* an id that is a number, as text */
};

void http_reading_init(struct http_reading *reading, const struct http_answer *answer)
{
    *reading = (struct http_reading){.answer = answer};
}

void http_reading_release(struct http_reading *reading)
{
    json_decref(reading->json);
}

json_t *http_reading_json(struct http_reading *reading)
{
    if (!reading->parsed) {
        struct slice body = reading->answer->body;
        reading->parsed = true;
        reading->json =
            json_loadb((const char *)body.data, body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    }
    return reading->json;
}

/* Of "{17,200}": has a number more than two digits? */
static bool bound_is_large(const char *bound)
{
    unsigned digits = 0;
    for (bound++; *bound != '\0' && *bound != '}' && digits <= 2; bound++) {
        digits = *bound >= '0' && *bound <= '9' ? digits + 1 : 0;
    }
    return digits > 2;
}

/* The C library's compiler takes time that doubles with each repetition of a repetition, and memory
 * for as many copies as a bound says; its matcher takes such time for a back reference. A pattern
 * that reads an answer needs none of it. NULL: it is fine. */
static const char *what_is_too_much(const char *pattern)
{
    unsigned repetitions = 0;
    unsigned bounds = 0;
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
            if (*at >= '1' && *at <= '9') {
                return "it has a back reference";
            }
            continue;
        }
        repetitions += strchr("*+?{", *at) != NULL;
        bounds += *at == '{';
        if (*at == '{' && bound_is_large(at)) {
            return "a bound in braces is above 99";
        }
    }
    if (bounds > BOUNDS_MAX) {
        return "it has more than 2 bounds in braces";
    }
    return repetitions > REPETITIONS_MAX ? "it has more than 12 repetitions" : NULL;
}

enum err http_reading_regex(regex_t **out, const char *pattern, const char *where, const char *key,
                            struct problem *problem)
{
    const char *too_much = what_is_too_much(pattern);
    if (too_much != NULL) {
        return problem_set(problem, ERR_INVALID, "%s: %s: \"%.80s\" is too costly: %s", where, key,
                           pattern, too_much);
    }
    regex_t *regex = mem_zalloc(1, sizeof(*regex));
    int code = regcomp(regex, pattern, REG_EXTENDED);
    if (code == 0) {
        *out = regex;
        return ERR_OK;
    }
    char why[128];
    (void)regerror(code, regex, why, sizeof(why));
    mem_free(regex);
    return problem_set(problem, ERR_INVALID,
                       "%s: %s: \"%.80s\" is no extended regular expression: %s", where, key,
                       pattern, why);
}

void http_reading_regex_free(regex_t *regex)
{
    if (regex != NULL) {
        regfree(regex);
        mem_free(regex);
    }
}

enum err http_reading_check_pointer(const char *pointer, const char *where, struct problem *problem)
{
    if (pointer != NULL && json_pointer_is_valid(pointer)) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "%s: a JSON pointer such as \"/message/id\" is needed, not \"%.80s\"", where,
                       pointer == NULL ? "" : pointer);
}

struct ref_settings {
    const char *json;
    const char *header;
    const char *regex;
};

static const struct channel_key ref_keys[] = {
    {.name = "json", .type = CHANNEL_KEY_TEXT, .offset = offsetof(struct ref_settings, json)},
    {.name = "header", .type = CHANNEL_KEY_TEXT, .offset = offsetof(struct ref_settings, header)},
    {.name = "regex", .type = CHANNEL_KEY_TEXT, .offset = offsetof(struct ref_settings, regex)},
};

enum err http_ref_new(struct http_ref **out, json_t *object, const char *where,
                      struct problem *problem)
{
    *out = NULL;
    struct ref_settings read = {0};
    enum err err = channel_settings_read(object, where, ref_keys,
                                         sizeof(ref_keys) / sizeof(ref_keys[0]), &read, problem);
    if (err != ERR_OK) {
        return err;
    }
    if ((read.json != NULL) + (read.header != NULL) + (read.regex != NULL) != 1) {
        return problem_set(problem, ERR_INVALID, "%s needs one of json, header and regex", where);
    }
    struct http_ref *ref = mem_zalloc(1, sizeof(*ref));
    ref->pointer = mem_copy_str(read.json);
    ref->header = mem_copy_str(read.header);
    if (read.json != NULL) {
        err = http_reading_check_pointer(read.json, where, problem);
    }
    if (read.regex != NULL) {
        err = http_reading_regex(&ref->regex, read.regex, where, "regex", problem);
    }
    if (err != ERR_OK) {
        http_ref_free(ref);
        return err;
    }
    *out = ref;
    return ERR_OK;
}

void http_ref_free(struct http_ref *ref)
{
    if (ref != NULL) {
        mem_free(ref->pointer);
        mem_free(ref->header);
        http_reading_regex_free(ref->regex);
        mem_free(ref);
    }
}

const char *http_ref_header(const struct http_ref *ref)
{
    return ref == NULL ? NULL : ref->header;
}

static struct slice ref_in_json(struct http_ref *ref, struct http_reading *reading)
{
    json_t *document = http_reading_json(reading);
    json_t *value = document == NULL ? NULL : json_pointer_get(document, ref->pointer);
    if (json_is_integer(value)) {
        (void)snprintf(ref->digits, sizeof(ref->digits), "%" JSON_INTEGER_FORMAT,
                       json_integer_value(value));
        return slice_str(ref->digits);
    }
    return slice_of(json_string_value(value), json_string_length(value));
}

static struct slice ref_in_text(const struct http_ref *ref, const struct http_reading *reading)
{
    const char *body = (const char *)reading->answer->body.data;
    regmatch_t matches[2];
    if (regexec(ref->regex, body, 2, matches, 0) != 0) {
        return slice_of(NULL, 0);
    }
    regmatch_t match = matches[1].rm_so >= 0 ? matches[1] : matches[0];
    return slice_of(body + match.rm_so, (size_t)(match.rm_eo - match.rm_so));
}

struct slice http_ref_find(struct http_ref *ref, struct http_reading *reading)
{
    struct slice found = ref->header != NULL    ? slice_str(reading->answer->header)
                         : ref->pointer != NULL ? ref_in_json(ref, reading)
                                                : ref_in_text(ref, reading);
    return found.len <= OUTCOME_REF_MAX ? found : slice_of(NULL, 0);
}
