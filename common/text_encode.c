/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

static const char base64url_letters[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_lower[16] = "0123456789abcdef";
static const char hex_upper[16] = "0123456789ABCDEF";

void text_base64url(struct buf *buf, struct slice bytes)
{
    uint8_t *out = buf_reserve(buf, bytes.len / 3 * 4 + 4);
    uint8_t *start = out;
    size_t i = 0;
    for (; bytes.len - i >= 3; i += 3) {
        uint32_t bits =
            (uint32_t)bytes.data[i] << 16 | (uint32_t)bytes.data[i + 1] << 8 | bytes.data[i + 2];
        *out++ = (uint8_t)base64url_letters[bits >> 18];
        *out++ = (uint8_t)base64url_letters[bits >> 12 & 63];
        *out++ = (uint8_t)base64url_letters[bits >> 6 & 63];
        *out++ = (uint8_t)base64url_letters[bits & 63];
    }
    if (bytes.len - i == 1) {
        *out++ = (uint8_t)base64url_letters[bytes.data[i] >> 2];
        *out++ = (uint8_t)base64url_letters[bytes.data[i] << 4 & 63];
    } else if (bytes.len - i == 2) {
        uint32_t bits = (uint32_t)bytes.data[i] << 8 | bytes.data[i + 1];
        *out++ = (uint8_t)base64url_letters[bits >> 10];
        *out++ = (uint8_t)base64url_letters[bits >> 4 & 63];
        *out++ = (uint8_t)base64url_letters[bits << 2 & 63];
    }
    buf->len += (size_t)(out - start);
}

/* The six bits of a letter, or -1. */
static int base64url_bits(uint8_t letter)
{
    if (letter >= 'A' && letter <= 'Z') {
        return letter - 'A';
    }
    if (letter >= 'a' && letter <= 'z') {
        return letter - 'a' + 26;
    }
    if (letter >= '0' && letter <= '9') {
        return letter - '0' + 52;
    }
    return letter == '-' ? 62 : letter == '_' ? 63 : -1;
}

bool text_base64url_decode(struct slice text, uint8_t *out, size_t out_cap, size_t *out_len)
{
    size_t written = 0;
    uint32_t bits = 0;
    unsigned pending = 0; /* bits not yet written, below 8 between two letters */
    *out_len = 0;
    if (text.len % 4 == 1 || text.len / 4 * 3 + text.len % 4 * 3 / 4 > out_cap) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int six = base64url_bits(text.data[i]);
        if (six < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)six) & 0x3fff;
        pending += 6;
        if (pending >= 8) {
            pending -= 8;
            out[written++] = (uint8_t)(bits >> pending);
        }
    }
    *out_len = written;
    /* Bits left over must be 0, or two texts would stand for the same bytes. */
    return (bits & ((1U << pending) - 1)) == 0;
}

void text_hex(struct buf *buf, struct slice bytes)
{
    uint8_t *out = buf_reserve(buf, bytes.len * 2);
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = (uint8_t)hex_lower[bytes.data[i] >> 4];
        *out++ = (uint8_t)hex_lower[bytes.data[i] & 15];
    }
    buf->len += bytes.len * 2;
}

/* The letter that follows the backslash, 'u' for the long form, or 0 for a byte that stands as it
 * is. */
static char json_escape_letter(uint8_t byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return byte < 0x20 ? 'u' : '\0';
    }
}

void text_json_escape(struct buf *buf, struct slice text)
{
    size_t run = 0; /* where the bytes begin that stand as they are */
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        char letter = json_escape_letter(byte);
        buf_append(buf, text.data + run, i - run);
        run = i + 1;
        buf_u8(buf, '\\');
        buf_u8(buf, (uint8_t)letter);
        if (letter == 'u') {
            buf_str(buf, "00");
            text_hex(buf, slice_of(&byte, 1));
        }
    }
    if (run < text.len) {
        buf_append(buf, text.data + run, text.len - run);
    }
}

static bool url_is_unreserved(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void text_url_encode(struct buf *buf, struct slice text)
{
    uint8_t *out = buf_reserve(buf, text.len * 3);
    uint8_t *start = out;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (url_is_unreserved(byte)) {
            *out++ = byte;
        } else {
            *out++ = '%';
            *out++ = (uint8_t)hex_upper[byte >> 4];
            *out++ = (uint8_t)hex_upper[byte & 15];
        }
    }
    buf->len += (size_t)(out - start);
}

/* The five characters that mean something in HTML text and attribute values. */
static const char *entity_of(uint8_t byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void text_markup(struct buf *buf, struct slice text)
{
    size_t run = 0; /* where the bytes begin that stand as they are */
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = entity_of(text.data[i]);
        if (entity != NULL) {
            buf_append(buf, text.data + run, i - run);
            buf_str(buf, entity);
            run = i + 1;
        }
    }
    if (run < text.len) {
        buf_append(buf, text.data + run, text.len - run);
    }
}
