/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template is cut once into pieces: a literal (may be empty), followed by a variable or by
 * nothing. A filling then is one append and one callback a piece, with nothing searched and nothing
 * parsed, and room for all literals reserved before the first. `\{{` ends a literal before the
 * backslash and begins the next at the braces, so that literals are always parts of the copied
 * text.
 */
#include "common/template.h"

#include <assert.h>

#include "common/mem.h"
#include "common/text.h"

/* What most values need, so that a filling grows the buffer once. */
#define TEMPLATE_VALUE_GUESS 16
/* Names are quoted in problems up to this length. */
#define TEMPLATE_QUOTED_MAX 64

struct template
{
    uint8_t *text;
    struct template_piece *pieces; /* of text */
    size_t count;
    size_t cap;
    size_t expected_bytes;
};

struct template_parser {
    struct template *template;
    struct slice text; /* the template's own copy */
    size_t at;
    size_t literal_from;
    enum template_escape escape;
    template_resolve_fn resolve;
    void *arg;
    struct problem *problem;
};

static void template_add(struct template *template, struct slice literal, int number,
                         enum template_escape escape)
{
    if (template->count == template->cap) {
        template->cap = template->cap == 0 ? 8 : template->cap * 2;
        template->pieces =
            mem_resize(template->pieces, template->cap, sizeof(struct template_piece));
    }
    template->pieces[template->count++] = (struct template_piece){literal, number, escape};
    template->expected_bytes += literal.len;
    template->expected_bytes += number == TEMPLATE_NO_VARIABLE ? 0 : TEMPLATE_VALUE_GUESS;
}

struct place {
    unsigned line;
    unsigned column; /* in characters, from 1 */
};

static struct place place_of(struct slice text, size_t offset)
{
    struct place place = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (text.data[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if ((text.data[i] & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

/* What is wrong at `offset`; the sentence ends with what stands there in quotes when `quoted` is
 * not empty. */
static enum err parser_refuse(struct template_parser *parser, enum err err, size_t offset,
                              const char *sentence, struct slice quoted)
{
    struct place place = place_of(parser->text, offset);
    if (quoted.len == 0) {
        return problem_set(parser->problem, err, "line %u, column %u: %s", place.line, place.column,
                           sentence);
    }
    size_t shown = quoted.len > TEMPLATE_QUOTED_MAX ? TEMPLATE_QUOTED_MAX : quoted.len;
    return problem_set(parser->problem, err, "line %u, column %u: %s \"%.*s\"%s", place.line,
                       place.column, sentence, (int)shown, (const char *)quoted.data,
                       shown < quoted.len ? "..." : "");
}

static bool is_name_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.';
}

static struct slice parser_name(struct template_parser *parser)
{
    size_t from = parser->at;
    while (parser->at < parser->text.len && is_name_byte(parser->text.data[parser->at])) {
        parser->at++;
    }
    return slice_of(parser->text.data + from, parser->at - from);
}

static void parser_blanks(struct template_parser *parser)
{
    while (parser->at < parser->text.len &&
           (parser->text.data[parser->at] == ' ' || parser->text.data[parser->at] == '\t')) {
        parser->at++;
    }
}

static bool parser_has(const struct template_parser *parser, const char *word)
{
    size_t len = strlen(word);
    return parser->text.len - parser->at >= len &&
           memcmp(parser->text.data + parser->at, word, len) == 0;
}

static bool escape_of_name(struct slice name, enum template_escape *escape)
{
    static const char *const names[] = {
        [TEMPLATE_RAW] = "raw",
        [TEMPLATE_JSON] = "json",
        [TEMPLATE_URL] = "url",
        [TEMPLATE_HTML] = "html",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_is(name, names[i])) {
            *escape = (enum template_escape)i;
            return true;
        }
    }
    return false;
}

/* Reads `| escape`, if it is there. */
static enum err parser_escape(struct template_parser *parser, enum template_escape *escape)
{
    *escape = parser->escape;
    if (!parser_has(parser, "|")) {
        return ERR_OK;
    }
    parser->at++;
    parser_blanks(parser);
    size_t from = parser->at;
    struct slice name = parser_name(parser);
    if (!escape_of_name(name, escape)) {
        return parser_refuse(parser, ERR_INVALID, from,
                             name.len == 0 ? "after \"|\" json, url, html or raw must stand"
                                           : "after \"|\" stands json, url, html or raw, not",
                             name);
    }
    parser_blanks(parser);
    return ERR_OK;
}

/* Reads a placeholder, from its opening braces on. */
static enum err parser_placeholder(struct template_parser *parser)
{
    size_t open = parser->at;
    struct slice literal =
        slice_of(parser->text.data + parser->literal_from, open - parser->literal_from);
    parser->at += 2;
    parser_blanks(parser);
    size_t name_from = parser->at;
    struct slice name = parser_name(parser);
    if (name.len == 0) {
        return parser_refuse(
            parser, ERR_INVALID, open,
            "after \"{{\" a name must stand (letters, digits, \"_\", \"-\", \".\"); "
            "write \"\\{{\" for the braces themselves",
            slice_of(NULL, 0));
    }
    parser_blanks(parser);
    enum template_escape escape;
    enum err err = parser_escape(parser, &escape);
    if (err != ERR_OK) {
        return err;
    }
    if (!parser_has(parser, "}}")) {
        return parser_refuse(parser, ERR_INVALID, parser->at, "\"}}\" is missing after the name",
                             name);
    }
    parser->at += 2;
    int number = parser->resolve(parser->arg, name);
    if (number < 0) {
        return parser_refuse(parser, ERR_NOT_FOUND, name_from, "there is no variable", name);
    }
    template_add(parser->template, literal, number, escape);
    parser->literal_from = parser->at;
    return ERR_OK;
}

static void parser_end_literal(struct template_parser *parser, size_t end)
{
    if (end > parser->literal_from) {
        struct slice literal =
            slice_of(parser->text.data + parser->literal_from, end - parser->literal_from);
        template_add(parser->template, literal, TEMPLATE_NO_VARIABLE, TEMPLATE_RAW);
    }
    parser->literal_from = end;
}

static enum err parser_run(struct template_parser *parser)
{
    while (parser->at < parser->text.len) {
        if (parser_has(parser, "\\{{")) {
            parser_end_literal(parser, parser->at);
            parser->literal_from = parser->at + 1; /* the backslash is dropped */
            parser->at += 3;
        } else if (parser_has(parser, "{{")) {
            enum err err = parser_placeholder(parser);
            if (err != ERR_OK) {
                return err;
            }
        } else {
            parser->at++;
        }
    }
    parser_end_literal(parser, parser->text.len);
    return ERR_OK;
}

enum err template_new(struct template **out, struct slice text, enum template_escape escape,
                      template_resolve_fn resolve, void *arg, struct problem *problem)
{
    struct template *template = mem_zalloc(1, sizeof(*template));
    template->text = mem_copy(text.data, text.len);
    struct template_parser parser = {
        .template = template,
        .text = slice_of(template->text, text.len),
        .escape = escape,
        .resolve = resolve,
        .arg = arg,
        .problem = problem,
    };
    size_t bad_at;
    enum err err = text_is_utf8(parser.text, &bad_at)
                       ? parser_run(&parser)
                       : parser_refuse(&parser, ERR_INVALID, bad_at, "the text is not UTF-8",
                                       slice_of(NULL, 0));
    if (err != ERR_OK) {
        template_free(template);
        return err;
    }
    *out = template;
    return ERR_OK;
}

void template_free(struct template *template)
{
    if (template != NULL) {
        mem_free(template->pieces);
        mem_free(template->text);
        mem_free(template);
    }
}

void template_append_value(struct buf *buf, enum template_escape escape, struct slice value)
{
    switch (escape) {
    case TEMPLATE_RAW:
        buf_slice(buf, value);
        break;
    case TEMPLATE_JSON:
        text_json_escape(buf, value);
        break;
    case TEMPLATE_URL:
        text_url_encode(buf, value);
        break;
    case TEMPLATE_HTML:
        text_markup(buf, value);
        break;
    }
}

size_t template_value_bytes(enum template_escape escape, size_t len)
{
    static const size_t bytes_most[] = {
        [TEMPLATE_RAW] = 1,
        [TEMPLATE_JSON] = sizeof("\\u0000") - 1,
        [TEMPLATE_URL] = sizeof("%00") - 1,
        [TEMPLATE_HTML] = sizeof("&quot;") - 1,
    };
    return len * bytes_most[escape];
}

const struct template_piece *template_pieces(const struct template *template, size_t *count)
{
    *count = template->count;
    return template->pieces;
}

int template_fill(const struct template *template, struct buf *buf, template_value_fn value,
                  void *arg)
{
    buf_reserve(buf, template->expected_bytes);
    for (size_t i = 0; i < template->count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        buf_slice(buf, piece->literal);
        if (piece->number == TEMPLATE_NO_VARIABLE) {
            continue;
        }
        struct slice filling;
        if (!value(arg, piece->number, &filling)) {
            return piece->number;
        }
        template_append_value(buf, piece->escape, filling);
    }
    return -1;
}

void template_numbers(const struct template *template, void (*use)(void *arg, int number),
                      void *arg)
{
    for (size_t i = 0; i < template->count; i++) {
        if (template->pieces[i].number != TEMPLATE_NO_VARIABLE) {
            use(arg, template->pieces[i].number);
        }
    }
}
