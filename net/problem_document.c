/* SPDX-License-Identifier: Apache-2.0 */
#include "net/problem_document.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "common/buf.h"

enum err problem_document_err(long status)
{
    static const struct {
        long status;
        enum err err;
    } map[] = {
        {400, ERR_INVALID},   {401, ERR_UNAUTHORIZED}, {403, ERR_UNAUTHORIZED},
        {404, ERR_NOT_FOUND}, {408, ERR_TIMEOUT},      {409, ERR_CONFLICT},
        {413, ERR_LIMIT},     {415, ERR_UNSUPPORTED},  {422, ERR_INVALID},
        {429, ERR_BUSY},      {503, ERR_BUSY},         {504, ERR_TIMEOUT},
        {507, ERR_NO_SPACE},
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (map[i].status == status) {
            return map[i].err;
        }
    }
    return status >= 200 && status < 300 ? ERR_OK : ERR_IO;
}

/* Is the word in the text as a word of its own, not as a part of another? */
static bool says_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        bool begins = at == text || !isalnum((unsigned char)at[-1]);
        if (begins && !isalnum((unsigned char)at[len])) {
            return true;
        }
    }
    return false;
}

/* "line 17, column phone", as far as the document names a place that its detail does not. */
static void problem_place(struct buf *buf, const json_t *document, const char *detail)
{
    static const struct {
        const char *member;
        const char *word;
    } places[] = {
        {"parameter", "parameter"}, {"pointer", "at"}, {"line", "line"}, {"column", "column"}};
    struct buf value = {0};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const json_t *member = json_object_get(document, places[i].member);
        buf_clear(&value);
        if (json_is_integer(member)) {
            buf_printf(&value, "%" JSON_INTEGER_FORMAT, json_integer_value(member));
        } else if (json_is_string(member)) {
            buf_str(&value, json_string_value(member));
        }
        if (value.len > 0 && !says_word(detail, buf_cstr(&value))) {
            buf_printf(buf, "%s%s %s", buf->len == 0 ? "" : ", ", places[i].word, buf_cstr(&value));
        }
    }
    buf_release(&value);
}

enum err problem_document_read(long status, struct slice body, struct problem *problem)
{
    json_t *document = json_loadb((const char *)body.data, body.len, 0, NULL);
    const char *detail = json_string_value(json_object_get(document, "detail"));
    if (detail == NULL) {
        detail = json_string_value(json_object_get(document, "title"));
    }
    enum err err = problem_document_err(status);
    if (detail == NULL) {
        (void)problem_set(
            problem, err,
            "the answer was HTTP %ld, without a reason; is a Tocsin coordinator there?", status);
    } else {
        struct buf place = {0};
        problem_place(&place, document, detail);
        size_t len = strlen(detail);
        bool has_stop = len > 0 && detail[len - 1] == '.';
        (void)problem_set(problem, err, "%.*s%s%s (HTTP %ld)", (int)(has_stop ? len - 1 : len),
                          detail, place.len == 0 ? "" : "; ", buf_cstr(&place), status);
        buf_release(&place);
    }
    json_decref(document);
    return err;
}
