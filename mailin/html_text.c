/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/html_text.h"

#include <string.h>

#include "common/text.h"
#include "mailin/mail_header.h"

#define TAG_NAME_MAX 16
#define ENTITY_MAX   12

struct writer {
    struct buf *buf;
    size_t begin;    /* of what is written here */
    unsigned quoted; /* blockquotes around */
    bool is_blank;   /* a blank is due before the next word */
};

/* ---- writing ---- */

static bool at_line_begin(const struct writer *writer)
{
    return writer->buf->len == writer->begin || writer->buf->data[writer->buf->len - 1] == '\n';
}

static void write_break(struct writer *writer, bool is_forced)
{
    writer->is_blank = false;
    if (writer->quoted == 0 && (is_forced || !at_line_begin(writer))) {
        buf_u8(writer->buf, '\n');
    }
}

static void write_text(struct writer *writer, struct slice text)
{
    if (writer->quoted > 0) {
        return;
    }
    if (writer->is_blank && !at_line_begin(writer)) {
        buf_u8(writer->buf, ' ');
    }
    writer->is_blank = false;
    buf_slice(writer->buf, text);
}

static void write_code_point(struct writer *writer, uint32_t code)
{
    uint8_t out[4];
    size_t len = 0;
    if (code == 0xa0) {
        writer->is_blank = true;
        return;
    }
    if (code < 0x20 || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) {
        code = 0xfffd;
    }
    if (code < 0x80) {
        out[len++] = (uint8_t)code;
    } else if (code < 0x800) {
        out[len++] = (uint8_t)(0xc0 | code >> 6);
        out[len++] = (uint8_t)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        out[len++] = (uint8_t)(0xe0 | code >> 12);
        out[len++] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[len++] = (uint8_t)(0x80 | (code & 63));
    } else {
        out[len++] = (uint8_t)(0xf0 | code >> 18);
        out[len++] = (uint8_t)(0x80 | (code >> 12 & 63));
        out[len++] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[len++] = (uint8_t)(0x80 | (code & 63));
    }
    write_text(writer, slice_of(out, len));
}

/* ---- entities ---- */

static const struct {
    const char *name;
    uint32_t code;
} entities[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},        {"quot", '"'},     {"apos", '\''},
    {"nbsp", 0xa0},    {"auml", 0xe4},    {"ouml", 0xf6},     {"uuml", 0xfc},    {"Auml", 0xc4},
    {"Ouml", 0xd6},    {"Uuml", 0xdc},    {"szlig", 0xdf},    {"aring", 0xe5},   {"Aring", 0xc5},
    {"oslash", 0xf8},  {"Oslash", 0xd8},  {"aelig", 0xe6},    {"AElig", 0xc6},   {"eacute", 0xe9},
    {"egrave", 0xe8},  {"ecirc", 0xea},   {"agrave", 0xe0},   {"acirc", 0xe2},   {"aacute", 0xe1},
    {"iacute", 0xed},  {"oacute", 0xf3},  {"uacute", 0xfa},   {"ntilde", 0xf1},  {"ccedil", 0xe7},
    {"atilde", 0xe3},  {"otilde", 0xf5},  {"ocirc", 0xf4},    {"ucirc", 0xfb},   {"ugrave", 0xf9},
    {"euml", 0xeb},    {"iuml", 0xef},    {"Eacute", 0xc9},   {"euro", 0x20ac},  {"pound", 0xa3},
    {"copy", 0xa9},    {"reg", 0xae},     {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014},
    {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201c},  {"rdquo", 0x201d}, {"laquo", 0xab},
    {"raquo", 0xbb},   {"iexcl", 0xa1},   {"iquest", 0xbf},
};

static bool number_entity(struct slice name, uint32_t *code)
{
    bool is_hex = name.len > 1 && (name.data[1] | 0x20) == 'x';
    *code = 0;
    for (size_t i = is_hex ? 2 : 1; i < name.len; i++) {
        uint8_t byte = name.data[i] | 0x20;
        bool is_digit = name.data[i] >= '0' && name.data[i] <= '9';
        if (!is_digit && !(is_hex && byte >= 'a' && byte <= 'f')) {
            return false;
        }
        *code = *code * (is_hex ? 16 : 10) +
                (is_digit ? name.data[i] - (uint32_t)'0' : byte - (uint32_t)'a' + 10);
    }
    return name.len > (is_hex ? 2U : 1U);
}

/* At an ampersand: the entity off the front, or the ampersand alone. */
static void take_entity(struct writer *writer, struct slice *rest)
{
    size_t len = 1;
    uint32_t code = '&';
    while (len < rest->len && len <= ENTITY_MAX && rest->data[len] != ';') {
        len++;
    }
    struct slice name = slice_of(rest->data + 1, len - 1);
    bool is_known = len < rest->len && rest->data[len] == ';' && name.len > 0 && name.len <= 10;
    bool is_found = is_known && name.data[0] == '#' && number_entity(name, &code);
    for (size_t i = 0; is_known && !is_found && i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (slice_is(name, entities[i].name)) {
            code = entities[i].code;
            is_found = true;
        }
    }
    write_code_point(writer, is_found ? code : '&');
    size_t used = is_found ? len + 1 : 1;
    *rest = slice_of(rest->data + used, rest->len - used);
}

/* ---- tags ---- */

struct tag {
    char name[TAG_NAME_MAX + 1];
    bool is_end;
    struct slice inside;
};

static bool is_any(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0) {
            return true;
        }
    }
    return false;
}

/* At a `<` that begins a tag; quotes around values are minded. */
static void take_tag(struct slice *rest, struct tag *tag)
{
    size_t at = 1;
    size_t len = 0;
    uint8_t quote = 0;
    tag->is_end = at < rest->len && rest->data[at] == '/';
    at += tag->is_end;
    while (at < rest->len && len < TAG_NAME_MAX &&
           ((rest->data[at] | 0x20) >= 'a' || (rest->data[at] >= '0' && rest->data[at] <= '9')) &&
           (rest->data[at] | 0x20) <= 'z') {
        tag->name[len++] = (char)(rest->data[at++] | 0x20);
    }
    tag->name[len] = '\0';
    size_t begin = at;
    for (; at < rest->len && (quote != 0 || rest->data[at] != '>'); at++) {
        uint8_t byte = rest->data[at];
        if (quote == 0 && (byte == '"' || byte == '\'')) {
            quote = byte;
        } else if (byte == quote) {
            quote = 0;
        }
    }
    tag->inside = slice_of(rest->data + begin, at - begin);
    at += at < rest->len;
    *rest = slice_of(rest->data + at, rest->len - at);
}

static bool has_text(struct slice text, const char *word)
{
    return text.len >= strlen(word) && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

/* From here on stands the copy of the mail that is answered. */
static bool begins_copy(const struct tag *tag)
{
    static const char *const marks[] = {
        "gmail_quote",     "divRplyFwdMsg",    "appendonsend",         "yahoo_quoted",
        "moz-cite-prefix", "protonmail_quote", "OLK_SRC_BODY_SECTION", NULL};
    if (tag->is_end || (strcmp(tag->name, "div") != 0 && strcmp(tag->name, "span") != 0)) {
        return false;
    }
    for (const char *const *mark = marks; *mark != NULL; mark++) {
        if (has_text(tag->inside, *mark)) {
            return true;
        }
    }
    return false;
}

/* Elements whose contents are no text: everything up to their end tag. */
static void skip_element(struct slice *rest, const char *name)
{
    while (rest->len > 0) {
        const uint8_t *at = memchr(rest->data, '<', rest->len);
        if (at == NULL) {
            *rest = slice_of(rest->data + rest->len, 0);
            return;
        }
        *rest = slice_of(at, rest->len - (size_t)(at - rest->data));
        if (rest->len > 2 && rest->data[1] == '/' &&
            mail_begins(slice_of(rest->data + 2, rest->len - 2), name)) {
            struct tag tag;
            take_tag(rest, &tag);
            return;
        }
        *rest = slice_of(rest->data + 1, rest->len - 1);
    }
}

static void skip_comment(struct slice *rest)
{
    const uint8_t *end = memmem(rest->data, rest->len, "-->", 3);
    size_t used = end == NULL ? rest->len : (size_t)(end - rest->data) + 3;
    *rest = slice_of(rest->data + used, rest->len - used);
}

/* One line stands for all that is quoted. */
static void on_quote(struct writer *writer, bool is_end)
{
    write_break(writer, false);
    if (is_end) {
        writer->quoted -= writer->quoted > 0;
    } else {
        if (writer->quoted == 0) {
            write_text(writer, slice_str(">\n"));
        }
        writer->quoted++;
    }
}

/* False: nothing behind it counts. */
static bool on_tag(struct writer *writer, struct slice *rest)
{
    static const char *const silent[] = {"style", "script", "head", "title", NULL};
    static const char *const blocks[] = {"p",  "div", "tr", "li", "ul",   "ol", "table", "h1",
                                         "h2", "h3",  "h4", "h5", "body", "hr", "pre",   NULL};
    struct tag tag;
    take_tag(rest, &tag);
    if (begins_copy(&tag)) {
        return false;
    }
    if (strcmp(tag.name, "blockquote") == 0) {
        on_quote(writer, tag.is_end);
    } else if (!tag.is_end && is_any(tag.name, silent)) {
        skip_element(rest, tag.name);
    } else if (strcmp(tag.name, "br") == 0) {
        write_break(writer, true);
    } else if (is_any(tag.name, blocks)) {
        write_break(writer, false);
    }
    return true;
}

/* ---- all of it ---- */

static bool begins_tag(struct slice rest)
{
    uint8_t next = rest.len > 1 ? rest.data[1] : 0;
    return next == '/' || next == '!' || next == '?' ||
           ((next | 0x20) >= 'a' && (next | 0x20) <= 'z');
}

void html_text(struct buf *buf, struct slice html)
{
    struct writer writer = {.buf = buf, .begin = buf->len};
    while (html.len > 0) {
        uint8_t byte = html.data[0];
        if (byte == '<' && html.len >= 4 && memcmp(html.data, "<!--", 4) == 0) {
            skip_comment(&html);
        } else if (byte == '<' && begins_tag(html)) {
            if (!on_tag(&writer, &html)) {
                return;
            }
        } else if (byte == '&') {
            take_entity(&writer, &html);
        } else if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
            writer.is_blank = true;
            html = slice_of(html.data + 1, html.len - 1);
        } else {
            size_t len = 1;
            while (len < html.len && strchr(" \t\r\n<&", html.data[len]) == NULL) {
                len++;
            }
            write_text(&writer, slice_of(html.data, len));
            html = slice_of(html.data + len, html.len - len);
        }
    }
}
