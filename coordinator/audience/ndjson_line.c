/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recursive descent without the recursion: a row is flat. The line feed that ends the line is the
 * sentinel: no token may hold one, so that no step has to ask for the end. Strings are unescaped in
 * place, since no escape is shorter than what it stands for. UTF-8 is checked once for the whole
 * line before.
 */
#include "coordinator/audience/ndjson_line.h"

#include "common/text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* A line being parsed. */
struct scanner {
    uint8_t *at;
    struct ndjson_row *row;
};

static bool flawed(struct scanner *scanner, enum ndjson_flaw flaw)
{
    scanner->row->flaw = flaw;
    return false;
}

static inline void skip_blanks(struct scanner *scanner)
{
    while (*scanner->at == ' ' || *scanner->at == '\t' || *scanner->at == '\r') {
        scanner->at++;
    }
}

/* Strings */

/* The next quote, backslash or control character (the line feed at the latest). */
static inline uint8_t *string_stop(uint8_t *at)
{
#if defined(__SSE2__)
    for (;; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        __m128i any = _mm_or_si128(control, _mm_or_si128(quote, slash));
        unsigned stops = (unsigned)_mm_movemask_epi8(any);
        if (stops != 0) {
            return at + __builtin_ctz(stops);
        }
    }
#else
    while (*at != '"' && *at != '\\' && *at >= ' ') {
        at++;
    }
    return at;
#endif
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits, or -1. */
static int32_t hex_4(const uint8_t *at)
{
    int32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static uint8_t *put_utf8(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (uint8_t)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (uint8_t)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (uint8_t)(0xe0 | code >> 12);
        } else {
            *to++ = (uint8_t)(0xf0 | code >> 18);
            *to++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        }
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    }
    *to++ = (uint8_t)(0x80 | (code & 0x3f));
    return to;
}

/* \uXXXX, or two of them that are a surrogate pair. */
static bool unescape_unicode(struct scanner *scanner, uint8_t **to)
{
    int32_t high = hex_4(scanner->at + 2);
    if (high < 0) {
        return flawed(scanner, NDJSON_FLAW_ESCAPE);
    }
    if (high < 0xd800 || high > 0xdfff) {
        scanner->at += 6;
        *to = put_utf8(*to, (uint32_t)high);
        return true;
    }
    const uint8_t *next = scanner->at + 6;
    int32_t low = high < 0xdc00 && next[0] == '\\' && next[1] == 'u' ? hex_4(next + 2) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        return flawed(scanner, NDJSON_FLAW_SURROGATE);
    }
    scanner->at += 12;
    *to = put_utf8(*to, 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
    return true;
}

static bool unescape(struct scanner *scanner, uint8_t **to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    uint8_t c = scanner->at[1];
    if (c == 'u') {
        return unescape_unicode(scanner, to);
    }
    const char *found = c == '\0' ? NULL : strchr(names, c);
    if (found == NULL) {
        return flawed(scanner, NDJSON_FLAW_ESCAPE);
    }
    *(*to)++ = (uint8_t)meant[found - names];
    scanner->at += 2;
    return true;
}

/* The rest of a string from its first backslash on. */
static bool escaped_string(struct scanner *scanner, struct cell *text)
{
    uint8_t *to = scanner->at;
    scanner->row->is_plain = false;
    while (*scanner->at != '"') {
        if (*scanner->at < ' ') {
            return flawed(scanner,
                          *scanner->at == '\n' ? NDJSON_FLAW_OPEN_STRING : NDJSON_FLAW_CONTROL);
        }
        if (*scanner->at == '\\') {
            if (!unescape(scanner, &to)) {
                return false;
            }
        }
        uint8_t *from = scanner->at;
        scanner->at = string_stop(from);
        memmove(to, from, (size_t)(scanner->at - from));
        to += scanner->at - from;
    }
    text->len = (size_t)(to - text->text);
    scanner->at++;
    return true;
}

/* A string whose opening quote is at scanner->at. */
static inline bool read_string(struct scanner *scanner, struct cell *text)
{
    text->text = scanner->at + 1;
    scanner->at = string_stop(text->text);
    if (*scanner->at != '"') {
        return escaped_string(scanner, text);
    }
    text->len = (size_t)(scanner->at - text->text);
    scanner->at++;
    return true;
}

/* Other values */

static inline uint8_t *digits_end(uint8_t *at)
{
    while (*at >= '0' && *at <= '9') {
        at++;
    }
    return at;
}

static bool read_number(struct scanner *scanner, struct cell *text)
{
    text->text = scanner->at;
    scanner->at += *scanner->at == '-';
    uint8_t *whole = scanner->at;
    scanner->at = digits_end(whole);
    if (scanner->at == whole || (*whole == '0' && scanner->at > whole + 1)) {
        return flawed(scanner, NDJSON_FLAW_NUMBER);
    }
    if (*scanner->at == '.') {
        uint8_t *fraction = ++scanner->at;
        scanner->at = digits_end(fraction);
        if (scanner->at == fraction) {
            return flawed(scanner, NDJSON_FLAW_NUMBER);
        }
    }
    if ((*scanner->at | 0x20) == 'e') {
        scanner->at++;
        scanner->at += *scanner->at == '+' || *scanner->at == '-';
        uint8_t *exponent = scanner->at;
        scanner->at = digits_end(exponent);
        if (scanner->at == exponent) {
            return flawed(scanner, NDJSON_FLAW_NUMBER);
        }
    }
    text->len = (size_t)(scanner->at - text->text);
    return true;
}

/* true, false or null; the last has length 0. */
static bool read_word(struct scanner *scanner, struct cell *text)
{
    static const char *const words[] = {"null", "true", "false"};
    for (unsigned i = 0; i < 3; i++) {
        size_t len = strlen(words[i]);
        if (strncmp((const char *)scanner->at, words[i], len) == 0) {
            *text = (struct cell){scanner->at, i == 0 ? 0 : len};
            scanner->at += len;
            return true;
        }
    }
    return flawed(scanner, NDJSON_FLAW_VALUE);
}

static inline bool read_scalar(struct scanner *scanner, struct cell *text)
{
    uint8_t c = *scanner->at;
    if (c == '"') {
        return read_string(scanner, text);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return read_number(scanner, text);
    }
    if (c == '{' || c == '[') {
        return flawed(scanner, NDJSON_FLAW_NESTED);
    }
    return read_word(scanner, text);
}

static inline struct ndjson_member *member_new(struct scanner *scanner, struct slice name)
{
    struct ndjson_row *row = scanner->row;
    if (row->count == NDJSON_MEMBERS_MAX) {
        flawed(scanner, NDJSON_FLAW_TOO_MANY);
        return NULL;
    }
    struct ndjson_member *member = &row->members[row->count++];
    *member = (struct ndjson_member){.name = name};
    return member;
}

static bool read_array(struct scanner *scanner, struct slice name)
{
    scanner->at++;
    skip_blanks(scanner);
    if (*scanner->at == ']') {
        scanner->at++;
        return true;
    }
    for (unsigned rank = 0;; rank++) {
        skip_blanks(scanner);
        struct ndjson_member *member = member_new(scanner, name);
        if (member == NULL || !read_scalar(scanner, &member->value)) {
            return false;
        }
        member->rank = rank;
        member->is_array = true;
        skip_blanks(scanner);
        if (*scanner->at == ']') {
            scanner->at++;
            return true;
        }
        if (*scanner->at != ',') {
            return flawed(scanner, NDJSON_FLAW_COMMA);
        }
        scanner->at++;
    }
}

/* Objects */

static inline bool read_member(struct scanner *scanner)
{
    skip_blanks(scanner);
    if (*scanner->at != '"') {
        return flawed(scanner, NDJSON_FLAW_NAME);
    }
    struct cell name;
    if (!read_string(scanner, &name)) {
        return false;
    }
    skip_blanks(scanner);
    if (*scanner->at != ':') {
        return flawed(scanner, NDJSON_FLAW_COLON);
    }
    scanner->at++;
    skip_blanks(scanner);
    if (*scanner->at == '[') {
        return read_array(scanner, cell_view(name));
    }
    struct ndjson_member *member = member_new(scanner, cell_view(name));
    return member != NULL && read_scalar(scanner, &member->value);
}

static bool read_members(struct scanner *scanner)
{
    skip_blanks(scanner);
    if (*scanner->at == '}') {
        return true;
    }
    for (;;) {
        if (!read_member(scanner)) {
            return false;
        }
        skip_blanks(scanner);
        if (*scanner->at == '}') {
            return true;
        }
        if (*scanner->at != ',') {
            return flawed(scanner, NDJSON_FLAW_COMMA);
        }
        scanner->at++;
    }
}

static bool read_line(struct scanner *scanner)
{
    if (*scanner->at != '{') {
        return flawed(scanner, NDJSON_FLAW_NOT_OBJECT);
    }
    scanner->at++;
    if (!read_members(scanner)) {
        return false;
    }
    scanner->at++;
    skip_blanks(scanner);
    return *scanner->at == '\n' || flawed(scanner, NDJSON_FLAW_TRAILING);
}

/* The whole line */

/* Is anything there above 0x7f? */
static bool has_high(const uint8_t *at, size_t len)
{
    size_t i = 0;
    uint64_t all = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, at + i, 8);
        all |= word;
    }
    for (; i < len; i++) {
        all |= at[i];
    }
    return (all & UINT64_C(0x8080808080808080)) != 0;
}

bool ndjson_line_parse(uint8_t *line, size_t len, struct ndjson_row *row)
{
    struct scanner scanner = {line, row};
    row->flaw = NDJSON_FLAW_NONE;
    row->count = 0;
    skip_blanks(&scanner);
    if (*scanner.at == '\n') {
        return false;
    }
    row->is_plain = !has_high(line, len);
    size_t bad_at;
    if (!row->is_plain && !text_is_utf8(slice_of(line, len), &bad_at)) {
        scanner.at = line + bad_at;
        flawed(&scanner, NDJSON_FLAW_UTF8);
    } else {
        (void)read_line(&scanner);
    }
    row->flaw_at = (size_t)(scanner.at - line) + 1;
    return true;
}
