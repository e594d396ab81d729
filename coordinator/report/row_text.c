/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most text needs no escape, so eight bytes are looked at together: a byte below 0x20 borrows from
 * its highest bit when 0x20 is taken away, and one that is equal to another is zero when the two
 * are compared by exclusive or, and borrows when one is taken away. What borrows for its neighbour
 * only makes the slow way be gone once too often.
 */
#include "coordinator/report/row_text.h"

#include <stdbool.h>
#include <string.h>

#define DAY_MS  UINT64_C(86400000)
#define EACH(b) (UINT64_C(0x0101010101010101) * (b))

/* Might one of the eight bytes be special? */
static bool may_need_escape(uint64_t word)
{
    uint64_t quote = word ^ EACH('"');
    uint64_t backslash = word ^ EACH('\\');
    uint64_t low = (word - EACH(0x20)) & ~word;
    uint64_t zero = ((quote - EACH(1)) & ~quote) | ((backslash - EACH(1)) & ~backslash);
    return ((low | zero) & EACH(0x80)) != 0;
}

static uint8_t *escape_byte(uint8_t *to, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
        *to++ = byte;
        return to;
    }
    *to++ = '\\';
    if (byte >= 0x20) {
        *to++ = byte;
    } else if (letters[byte] != 0) {
        *to++ = (uint8_t)letters[byte];
    } else {
        memcpy(to, "u00", 3);
        to[3] = (uint8_t)hex[byte >> 4];
        to[4] = (uint8_t)hex[byte & 15];
        to += 5;
    }
    return to;
}

uint8_t *row_json(uint8_t *to, struct slice text)
{
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, sizeof(word));
        if (!may_need_escape(word)) {
            memcpy(to, &word, sizeof(word));
            to += sizeof(word);
            continue;
        }
        for (size_t k = i; k < i + 8; k++) {
            to = escape_byte(to, text.data[k]);
        }
    }
    for (; i < text.len; i++) {
        to = escape_byte(to, text.data[i]);
    }
    return to;
}

static bool is_all_digits(struct slice text, size_t from)
{
    for (size_t i = from; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return from < text.len;
}

static bool may_be_formula(struct slice text)
{
    switch (text.data[0]) {
    case '=':
    case '@':
    case '\t':
    case '\r':
        return true;
    case '+':
    case '-':
        return !is_all_digits(text, 1);
    default:
        return false;
    }
}

static bool needs_quotes(struct slice text)
{
    bool has_special = text.data[0] == ' ' || text.data[text.len - 1] == ' ';
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        has_special |= byte == ',' || byte == '"' || byte < 0x20;
    }
    return has_special;
}

uint8_t *row_csv(uint8_t *to, struct slice text)
{
    if (text.len == 0) {
        return to;
    }
    bool is_quoted = needs_quotes(text);
    if (is_quoted) {
        *to++ = '"';
    }
    if (may_be_formula(text)) {
        *to++ = '\'';
    }
    if (!is_quoted) {
        memcpy(to, text.data, text.len);
        return to + text.len;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"') {
            *to++ = '"';
        }
        *to++ = text.data[i];
    }
    *to++ = '"';
    return to;
}

uint8_t *row_number(uint8_t *to, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    memcpy(to, digits + at, sizeof(digits) - at);
    return to + sizeof(digits) - at;
}

void row_put_number(struct buf *buf, uint64_t number)
{
    uint8_t *to = buf_reserve(buf, 20);
    buf->len += (size_t)(row_number(to, number) - to);
}

static void two_digits(uint8_t *to, unsigned number)
{
    to[0] = (uint8_t)('0' + number / 10);
    to[1] = (uint8_t)('0' + number % 10);
}

uint8_t *row_time(struct row_times *times, uint8_t *to, uint64_t unix_ms)
{
    uint64_t day = unix_ms / DAY_MS;
    unsigned of_day = (unsigned)(unix_ms % DAY_MS);
    char text[TEXT_TIME_BYTES + 1];
    if (times->day != day + 1) {
        text_time_str(text, unix_ms);
        memcpy(times->date, text, sizeof(times->date));
        if (text[0] == '9' && day > 2932896) { /* after 9999-12-31: its last millisecond */
            memcpy(to, text, TEXT_TIME_BYTES);
            return to + TEXT_TIME_BYTES;
        }
        times->day = day + 1;
    }
    memcpy(to, times->date, sizeof(times->date));
    two_digits(to + 11, of_day / 3600000);
    to[13] = ':';
    two_digits(to + 14, of_day / 60000 % 60);
    to[16] = ':';
    two_digits(to + 17, of_day / 1000 % 60);
    to[19] = '.';
    to[20] = (uint8_t)('0' + of_day / 100 % 10);
    two_digits(to + 21, of_day % 100);
    to[23] = 'Z';
    return to + TEXT_TIME_BYTES;
}
