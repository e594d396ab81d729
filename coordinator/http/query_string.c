/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/http/query_string.h"

#include <string.h>

#include "common/text.h"

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    uint8_t lower = digit | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

const char *percent_decode(struct slice text, bool plus_is_blank, struct arena *arena)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            bool is_whole = text.len - i > 2;
            int high = is_whole ? hex_value(text.data[i + 1]) : -1;
            int low = is_whole ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return NULL;
            }
            byte = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (byte == '+' && plus_is_blank) {
            byte = ' ';
        }
        if (byte == '\0') {
            return NULL;
        }
        out[len++] = (char)byte;
    }
    out[len] = '\0';
    return text_is_utf8(slice_of(out, len), NULL) ? out : NULL;
}

static bool is_known(const char *name, const char *const *known)
{
    for (; *known != NULL; known++) {
        if (strcmp(*known, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum err refuse_unknown(const char *name, const char *const *known, struct problem *problem)
{
    const char *nearest = text_nearest(name, known);
    if (nearest != NULL) {
        return problem_set(problem, ERR_INVALID,
                           "there is no parameter \"%.64s\"; did you mean \"%s\"?", name, nearest);
    }
    struct buf list = {0};
    for (; *known != NULL; known++) {
        buf_printf(&list, "%s%s", list.len == 0 ? "" : ", ", *known);
    }
    enum err err =
        problem_set(problem, ERR_INVALID, "there is no parameter \"%.64s\"; known here: %s", name,
                    list.len == 0 ? "none" : buf_cstr(&list));
    buf_release(&list);
    return err;
}

static enum err add(struct query_string *query, const char *name, const char *value,
                    const char *const *known, struct problem *problem)
{
    if (name == NULL || value == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "the query is not well encoded: percent signs and UTF-8 are expected");
    }
    if (!is_known(name, known)) {
        return refuse_unknown(name, known, problem);
    }
    if (query_string_get(query, name) != NULL) {
        return problem_set(problem, ERR_INVALID, "the parameter \"%s\" is given twice", name);
    }
    if (query->count == QUERY_STRING_MAX) {
        return problem_set(problem, ERR_LIMIT, "more than %d parameters", QUERY_STRING_MAX);
    }
    query->parameters[query->count].name = name;
    query->parameters[query->count].value = value;
    query->count++;
    return ERR_OK;
}

enum err query_string_parse(struct query_string *query, struct slice text, const char *const *known,
                            struct arena *arena, const char **parameter, struct problem *problem)
{
    query->count = 0;
    *parameter = NULL;
    while (text.len > 0) {
        struct slice value = slice_take_until(&text, '&');
        if (value.len == 0) {
            continue;
        }
        struct slice name = slice_take_until(&value, '=');
        const char *decoded = percent_decode(name, true, arena);
        enum err err = add(query, decoded, percent_decode(value, true, arena), known, problem);
        if (err != ERR_OK) {
            *parameter = decoded;
            return err;
        }
    }
    return ERR_OK;
}

const char *query_string_get(const struct query_string *query, const char *name)
{
    for (unsigned i = 0; i < query->count; i++) {
        if (strcmp(query->parameters[i].name, name) == 0) {
            return query->parameters[i].value;
        }
    }
    return NULL;
}
