/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_header.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PIECES_MAX 16 /* of a parameter by RFC 2231 */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct slice mail_trim(struct slice text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text = slice_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool mail_begins(struct slice text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && (len == 0 || strncasecmp((const char *)text.data, word, len) == 0);
}

bool mail_is(struct slice text, const char *word)
{
    return text.len == strlen(word) && mail_begins(text, word);
}

bool mail_line_next(struct slice *rest, struct slice *line)
{
    if (rest->len == 0) {
        return false;
    }
    *line = slice_take_until(rest, '\n');
    if (line->len > 0 && line->data[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

/* ---- fields ---- */

struct slice mail_header_split(struct slice bytes, struct slice *body)
{
    struct slice rest = bytes;
    struct slice line;
    size_t len = bytes.len;
    while (rest.len > 0) {
        size_t before = bytes.len - rest.len;
        if (mail_line_next(&rest, &line) && line.len == 0) {
            len = before;
            break;
        }
    }
    if (body != NULL) {
        *body = rest;
    }
    return slice_of(bytes.data, len);
}

/* The lines behind the first that begin with a blank belong to the field. */
static size_t folded_len(struct slice text)
{
    struct slice rest = text;
    struct slice line;
    (void)mail_line_next(&rest, &line);
    while (rest.len > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t')) {
        (void)mail_line_next(&rest, &line);
    }
    return text.len - rest.len;
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~') {
            return false;
        }
    }
    return name.len > 0;
}

bool mail_header_next(struct slice *rest, struct mail_field *field)
{
    while (rest->len > 0) {
        struct slice whole = slice_of(rest->data, folded_len(*rest));
        *rest = slice_of(rest->data + whole.len, rest->len - whole.len);
        const uint8_t *colon = memchr(whole.data, ':', whole.len);
        if (colon == NULL) {
            continue; /* "From " of an mbox, or dirt */
        }
        field->name = mail_trim(slice_of(whole.data, (size_t)(colon - whole.data)));
        field->value = slice_of(colon + 1, whole.len - (size_t)(colon - whole.data) - 1);
        if (is_name(field->name)) {
            return true;
        }
    }
    return false;
}

struct slice mail_field_unfold(const struct mail_field *field, struct arena *arena)
{
    struct slice value = mail_trim(field->value);
    size_t len = value.len < MAIL_VALUE_MAX_BYTES ? value.len : MAIL_VALUE_MAX_BYTES;
    uint8_t *out = arena_alloc(arena, len + 1);
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = value.data[i];
        if (byte != '\r' && byte != '\n') {
            out[used++] = byte == '\t' || byte == '\0' ? ' ' : byte;
        }
    }
    return slice_of(out, used);
}

bool mail_header_find(struct slice header, const char *name, struct arena *arena,
                      struct slice *value)
{
    struct mail_field field;
    while (mail_header_next(&header, &field)) {
        if (mail_is(field.name, name)) {
            *value = mail_field_unfold(&field, arena);
            return true;
        }
    }
    *value = slice_str("");
    return false;
}

/* ---- values with parameters ---- */

/* A comment off the front, with those inside it. */
static void skip_comment(struct slice *rest)
{
    size_t depth = 0;
    size_t i = 0;
    for (; i < rest->len; i++) {
        uint8_t byte = rest->data[i];
        if (byte == '\\') {
            i++;
        } else if (byte == '(') {
            depth++;
        } else if (byte == ')' && --depth == 0) {
            i++;
            break;
        }
    }
    i = i < rest->len ? i : rest->len;
    *rest = slice_of(rest->data + i, rest->len - i);
}

static void skip_between(struct slice *rest)
{
    while (rest->len > 0) {
        if (rest->data[0] == '(') {
            skip_comment(rest);
        } else if (is_blank(rest->data[0]) || rest->data[0] == ';') {
            *rest = slice_of(rest->data + 1, rest->len - 1);
        } else {
            return;
        }
    }
}

static struct slice take_word(struct slice *rest, const char *ends)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != '\0' && strchr(ends, rest->data[len]) == NULL) {
        len++;
    }
    struct slice word = slice_of(rest->data, len);
    *rest = slice_of(rest->data + len, rest->len - len);
    return word;
}

struct slice mail_value_word(struct slice value, struct arena *arena)
{
    skip_between(&value);
    struct slice word = take_word(&value, "; \t(");
    uint8_t *low = arena_copy(arena, word.data, word.len);
    for (size_t i = 0; i < word.len; i++) {
        low[i] = low[i] >= 'A' && low[i] <= 'Z' ? (uint8_t)(low[i] + 'a' - 'A') : low[i];
    }
    return slice_of(low, word.len);
}

/* Where a quoted string ends that begins at the front: at its closing quote, or at the end. */
static size_t quoted_end(struct slice text)
{
    size_t at = 1;
    while (at < text.len && text.data[at] != '"') {
        at += text.data[at] == '\\' && at + 1 < text.len ? 2 : 1;
    }
    return at;
}

static struct slice take_quoted(struct slice *rest, struct arena *arena)
{
    size_t end = quoted_end(*rest);
    uint8_t *out = arena_alloc(arena, end);
    size_t used = 0;
    for (size_t i = 1; i < end; i++) {
        i += rest->data[i] == '\\' && i + 1 < end;
        out[used++] = rest->data[i];
    }
    size_t taken = end < rest->len ? end + 1 : rest->len;
    *rest = slice_of(rest->data + taken, rest->len - taken);
    return slice_of(out, used);
}

static bool take_parameter(struct slice *rest, struct slice *name, struct slice *value,
                           struct arena *arena)
{
    skip_between(rest);
    if (rest->len == 0) {
        return false;
    }
    *value = slice_str("");
    *name = mail_trim(take_word(rest, "=;"));
    if (rest->len > 0 && rest->data[0] == '=') {
        *rest = slice_of(rest->data + 1, rest->len - 1);
        while (rest->len > 0 && is_blank(rest->data[0])) {
            *rest = slice_of(rest->data + 1, rest->len - 1);
        }
        *value = rest->len > 0 && rest->data[0] == '"' ? take_quoted(rest, arena)
                                                       : take_word(rest, "; \t");
    } else if (rest->len > 0 && rest->data[0] == '\0') {
        *rest = slice_of(rest->data + 1, rest->len - 1);
    }
    return true;
}

static bool find_exact(struct slice value, const char *name, struct arena *arena, struct slice *out)
{
    struct slice found;
    skip_between(&value);
    (void)take_word(&value, "; \t(");
    while (take_parameter(&value, &found, out, arena)) {
        if (mail_is(found, name)) {
            return true;
        }
    }
    return false;
}

static int hex_digit(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = byte < '0' ? NULL : strchr(digits, byte | 0x20);
    return at == NULL ? -1 : (int)(at - digits);
}

static struct slice percent_undo(struct slice text, struct arena *arena)
{
    uint8_t *out = arena_alloc(arena, text.len + 1);
    size_t used = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.data[i] == '%' && i + 2 < text.len &&
                         hex_digit(text.data[i + 1]) >= 0 && hex_digit(text.data[i + 2]) >= 0;
        out[used++] =
            is_escape ? (uint8_t)(hex_digit(text.data[i + 1]) * 16 + hex_digit(text.data[i + 2]))
                      : text.data[i];
        i += is_escape ? 2 : 0;
    }
    return slice_of(out, used);
}

/* charset'language'text */
static struct slice extended_undo(struct slice text, bool is_first, struct arena *arena)
{
    if (is_first) {
        struct slice rest = text;
        (void)slice_take_until(&rest, '\'');
        (void)slice_take_until(&rest, '\'');
        text = rest.len > 0 ? rest : text;
    }
    return percent_undo(text, arena);
}

static bool find_pieces(struct slice value, const char *name, struct arena *arena,
                        struct slice *out)
{
    uint8_t *all = arena_alloc(arena, value.len + 1);
    size_t used = 0;
    unsigned count = 0;
    for (; count < PIECES_MAX; count++) {
        char piece[80];
        struct slice text;
        (void)snprintf(piece, sizeof(piece), "%.60s*%u", name, count);
        bool is_there = find_exact(value, piece, arena, &text);
        if (!is_there) {
            (void)snprintf(piece, sizeof(piece), "%.60s*%u*", name, count);
            is_there = find_exact(value, piece, arena, &text);
            text = is_there ? extended_undo(text, count == 0, arena) : text;
        }
        if (!is_there) {
            break;
        }
        if (used + text.len > value.len) {
            break;
        }
        memcpy(all + used, text.data, text.len);
        used += text.len;
    }
    *out = slice_of(all, used);
    return count > 0;
}

bool mail_value_parameter(struct slice value, const char *name, struct arena *arena,
                          struct slice *out)
{
    char extended[80];
    if (find_exact(value, name, arena, out)) {
        return true;
    }
    (void)snprintf(extended, sizeof(extended), "%.60s*", name);
    if (find_exact(value, extended, arena, out)) {
        *out = extended_undo(*out, true, arena);
        return true;
    }
    return find_pieces(value, name, arena, out);
}
